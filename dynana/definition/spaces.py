"""Where the cells of a population sit: on a line, a ring, a grid, or at given places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.definition.rules import check_number
from dynana.errors import ModelError


@dataclass(frozen=True, eq=False)
class Space:
    """Places of cells, with the distance between them.

    Attributes
    ----------
    kind : str
        "line", "ring", "grid", "torus" or "places".
    extent : tuple of float
        Length of each side; cells sit at equal distances, the first at the lower end (on rings and tori the last one
        is a distance away from the first; on lines and grids it sits at the upper end).
    shape : tuple of int
        Cells along each side; () where the size of the population decides.
    given : ndarray, shape (cells, dimensions), or None
    """

    kind: str
    extent: tuple[float, ...] = ()
    shape: tuple[int, ...] = ()
    given: np.ndarray | None = None

    @property
    def periods(self) -> tuple[float, ...] | None:
        """Lengths after which the space repeats; None where it does not."""
        return self.extent if self.kind in ("ring", "torus") else None

    def places(self, size: int) -> np.ndarray:
        """Return the places of ``size`` cells, shape (size, dimensions), in the order of their numbers."""
        if self.given is not None:
            counts: tuple[int, ...] = (len(self.given),)
        else:
            counts = self.shape or (size,)
        if int(np.prod(counts)) != size:
            raise ModelError(f"{self!r} has places for {int(np.prod(counts))} cells, the population has {size}.")
        if self.given is not None:
            return self.given
        around = self.periods is not None
        sides = [
            np.arange(n) * (length / n if around else length / max(n - 1, 1))
            for n, length in zip(counts, self.extent, strict=True)
        ]
        return np.stack([axis.ravel() for axis in np.meshgrid(*sides, indexing="ij")], axis=1)

    def __repr__(self) -> str:
        if self.given is not None:
            return f"dn.places({len(self.given)} places)"
        shape = "" if not self.shape else f", shape={self.shape}"
        return f"dn.{self.kind}({', '.join(f'{e:g}' for e in self.extent)}{shape})"


def _length(kind: str, value: Any) -> float:
    length = check_number("length", value, f"dn.{kind}:")
    if length <= 0:
        raise ModelError(f"dn.{kind}: the length is {length:g}: expected a positive number.")
    return length


def line(length: float = 1.0) -> Space:
    """Cells at equal distances on a line of this length, one at each end."""
    return Space("line", (_length("line", length),))


def ring(length: float = 1.0) -> Space:
    """Cells at equal distances on a ring of this circumference; distances are along the ring."""
    return Space("ring", (_length("ring", length),))


def grid(
    rows: int, columns: int, *, height: float | None = None, width: float | None = None, torus: bool = False
) -> Space:
    """Cells on a rectangular grid, row by row; a distance of 1 between neighbours unless sizes are given.

    Parameters
    ----------
    rows, columns : int
    height, width : float, optional
    torus : bool
        Whether opposite sides are joined.
    """
    for name, count in (("rows", rows), ("columns", columns)):
        if not isinstance(count, int | np.integer) or count < 1:
            raise ModelError(f"dn.grid: {name} = {count!r}: expected a positive whole number.")
    shape = (int(rows), int(columns))
    natural = [float(n if torus else max(n - 1, 1)) for n in shape]
    extent = tuple(n if e is None else _length("grid", e) for n, e in zip(natural, (height, width), strict=True))
    return Space("torus" if torus else "grid", extent, shape)


def places(coordinates: Any) -> Space:
    """Cells at given places, shape (cells,) or (cells, dimensions)."""
    array = np.array(coordinates, dtype=float)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.size == 0 or not np.all(np.isfinite(array)):
        raise ModelError(
            f"dn.places: expected finite coordinates of shape (cells, dimensions), got shape {array.shape}."
        )
    array.setflags(write=False)
    return Space("places", given=array)
