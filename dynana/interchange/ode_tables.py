"""Tables of XPP files: lookup with linear interpolation, and linear extrapolation beyond the ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from dynana.definition.text_functions import choice, compare
from dynana.definition.tracing import exact
from dynana.errors import FormatError
from dynana.interchange.ode_content import Table
from dynana.interchange.ode_lines import read_file

#: Longest table that becomes an expression.
LONGEST_TABLE = 1_000
#: Longest table whose values are worked out.
LARGEST_TABLE = 100_000
#: Slopes of neighbouring pieces that differ by less, relatively, are one piece.
SAME_SLOPE = 1e-12

Array = NDArray[np.float64]


class Lookup:
    """A table, worked out when it is first needed.

    Parameters
    ----------
    table : Table
    folder : pathlib.Path or None
        Where its file is looked for.
    evaluate : callable
        Returns the values of the formula of a table at some points.
    """

    def __init__(self, table: Table, folder: Path | None, evaluate: Callable[[Table, Array], Array]) -> None:
        self.table = table
        self.folder = folder
        self.evaluate = evaluate
        self._open = False

    @cached_property
    def points(self) -> tuple[Array, Array, bool]:
        """Abscissae, values, and whether the table is a step function."""
        if self.table.tree is None:
            return self._from_file()
        if self.table.count > LARGEST_TABLE:
            self._fail(f"has {self.table.count} points, more than {LARGEST_TABLE}")
        if self._open:
            self._fail("refers to itself")
        self._open = True
        x = np.linspace(self.table.low, self.table.high, self.table.count)
        return x, np.broadcast_to(self.evaluate(self.table, x), x.shape), False

    def _fail(self, message: str) -> NoReturn:
        raise FormatError(f"the table {self.table.name!r} {message}.", line=self.table.line, column=1)

    def _from_file(self) -> tuple[Array, Array, bool]:
        if self.folder is None:
            self._fail("is in a file, which a model that is given as text cannot read")
        try:
            text = read_file(Path(self.table.file), self.folder, self.table.line)
        except (OSError, ValueError):
            self._fail(f"should be in the file {self.table.file[:80]!r}, which is not there")
        lines = text.split()
        kind = lines[0][:1].lower() if lines else ""
        if kind in ("s", "x"):
            self._fail("is a spline or has abscissae of its own, which is not read")
        try:
            numbers = np.array([lines[0].lstrip("iI"), *lines[1:]], dtype=float)
            count, low, high = int(numbers[0]), numbers[1], numbers[2]
        except (ValueError, IndexError, OverflowError):
            self._fail("has a file that is no list of numbers: points, low, high, values")
        if not (2 <= count <= LARGEST_TABLE and low < high and numbers.size >= count + 3):
            self._fail(f"has a file with {numbers.size - 3} values for {count} points from {low:g} to {high:g}")
        return np.linspace(low, high, count), numbers[3 : count + 3], kind == "i"

    def values(self, x: Any) -> Any:
        """Return the values at some points."""
        knots, heights, steps = self.points
        place = np.clip(((np.asarray(x) - knots[0]) / (knots[1] - knots[0])).astype(int), 0, knots.size - 2)
        inside = (np.asarray(x) >= knots[0]) & (np.asarray(x) <= knots[-1])
        slope = (heights[place + 1] - heights[place]) / (knots[1] - knots[0])
        linear = heights[place] + slope * (x - knots[place])
        return np.where(inside, heights[place], linear) if steps else linear

    def expression(self, x: sp.Expr) -> sp.Expr:
        """Return the value at an expression: choices, halving the table each time, between straight lines."""
        knots, heights, steps = self.points
        if knots.size > LONGEST_TABLE:
            self._fail(f"has {knots.size} points; one that depends on variables may have {LONGEST_TABLE}")
        if not np.isfinite(heights).all():
            self._fail("has a value that is not finite")
        slopes = np.diff(heights) / np.diff(knots)
        pieces: list[tuple[float, sp.Expr]] = []  # where each begins, and its value
        previous = math.nan
        for k, slope in enumerate(slopes):
            if steps:
                pieces.append((knots[k], exact(heights[k])))
            elif not abs(slope - previous) <= SAME_SLOPE * max(abs(slope), abs(previous)):
                pieces.append((knots[k], exact(heights[k]) + exact(slope) * (x - exact(knots[k]))))
                previous = slope
        if steps:  # beyond its ends XPPAUT goes on along the last slopes
            below = exact(heights[0]) + exact(slopes[0]) * (x - exact(knots[0]))
            above = exact(heights[-1]) + exact(slopes[-1]) * (x - exact(knots[-1]))
            pieces = [(-math.inf, below), *pieces, (knots[-1], above)]
        return _halved(x, pieces)


def _halved(x: sp.Expr, pieces: list[tuple[float, sp.Expr]]) -> sp.Expr:
    if len(pieces) == 1:
        return pieces[0][1]
    middle = len(pieces) // 2
    border = exact(pieces[middle][0])
    return choice(compare("<", x, border), _halved(x, pieces[:middle]), _halved(x, pieces[middle:]))
