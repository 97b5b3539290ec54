"""Bifurcation diagrams that XPPAUT has computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dynana.results.base import Result, column

#: Kinds of curves in two parameters, by XPPAUT's number; 0 is a curve in one parameter.
CURVES: tuple[str, ...] = (
    "one parameter", "fold", "fold of cycles", "hopf", "torus", "branch point", "period doubling", "fixed period",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class XppDiagram(Result):
    """Points of a diagram from XPPAUT's AUTO window, in the order of its file.

    Parameters
    ----------
    parameter : str
        Name of the parameter on the horizontal axis.
    states : tuple of str
        What the columns of ``maxima`` and ``minima`` are: states, or "y" for what "write pts" shows.
    values, second : ndarray, shape (k,)
        First and second parameter of AUTO's window. The second varies in curves of two parameters only; it is the
        first again for cycles, and in files of "write pts", which do not have it.
    maxima, minima : ndarray, shape (k, n)
        Largest and smallest value on the orbit, equal at equilibria.
    periods : ndarray, shape (k,)
        NaN where the file has none.
    stable, cycles : ndarray of bool, shape (k,)
        Whether a point is stable, and whether it is a limit cycle. XPPAUT calls the first equilibrium of a run
        unstable, with a spectrum of zeros, for it knows neither there.
    branch : ndarray of int, shape (k,)
        AUTO's number of the branch.
    curve : ndarray of int, shape (k,)
        Place in `CURVES`.
    spectrum : ndarray of complex, shape (k, n) or (k, 0)
        As XPPAUT has it: multipliers of cycles, and *exponentials* of the eigenvalues of equilibria.
    """

    _index: ClassVar[str | None] = None

    parameter: str
    states: tuple[str, ...]
    values: np.ndarray
    second: np.ndarray
    maxima: np.ndarray
    minima: np.ndarray
    periods: np.ndarray
    stable: np.ndarray
    cycles: np.ndarray
    branch: np.ndarray
    curve: np.ndarray
    spectrum: np.ndarray

    def _check(self) -> None:
        count = len(self.values)
        shape = (count, len(self.states))
        if self.maxima.shape != shape or self.minima.shape != shape:
            raise ValueError(f"maxima and minima must have shape {shape}, not {self.maxima.shape}, {self.minima.shape}")
        along = (self.second, self.periods, self.stable, self.cycles, self.branch, self.curve, self.spectrum)
        if any(len(a) != count for a in along):
            raise ValueError(f"a diagram of {count} points needs as many periods, flags, numbers, ...")

    def __len__(self) -> int:
        """Number of points."""
        return len(self.values)

    def __getitem__(self, name: str) -> np.ndarray:
        """Largest values of a state, or the values of the parameter, shape (k,)."""
        return self.values if name == self.parameter else column(self.maxima, self.states, name, "state or parameter")

    def pieces(self) -> Iterator[slice]:
        """Yield runs of rows of one branch and one stability: what is drawn as one line."""
        kinds = np.stack([self.branch, self.curve, self.stable, self.cycles])
        ends = [0, *(1 + np.flatnonzero(np.any(np.diff(kinds, axis=1) != 0, axis=0))).tolist(), len(self)]
        for first, last in zip(ends[:-1], ends[1:], strict=True):
            if last > first:
                yield slice(first, last)

    def _columns(self) -> dict[str, Any]:
        """One row for each point: branch, parameters, extrema, period, stability, spectrum."""
        columns: dict[str, Any] = {"branch": self.branch, self.parameter: self.values, "second parameter": self.second}
        for i, name in enumerate(self.states):
            columns |= {f"{name}_max": self.maxima[:, i], f"{name}_min": self.minima[:, i]}
        columns |= {"period": self.periods, "cycle": self.cycles, "stable": self.stable, "curve": self.curve}
        return columns | {f"spectrum_{i + 1}": self.spectrum[:, i] for i in range(self.spectrum.shape[1])}

    def __repr__(self) -> str:
        equilibria = int(np.sum(~self.cycles))
        branches = len(np.unique(self.branch))
        return (
            f"<XppDiagram over {self.parameter} ({', '.join(self.states)}): {equilibria} equilibria, "
            f"{len(self) - equilibria} cycles on {branches} branch{'' if branches == 1 else 'es'}>"
        )
