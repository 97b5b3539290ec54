"""Equilibria: points with their enclosure and linearisation, and the list of all of them in a box."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from dynana.errors import unknown
from dynana.results.base import Result, column
from dynana.results.tables import Table, number

#: Digits of coordinates and eigenvalues in sentences.
SENTENCE_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FixedPoint(Result):
    """One equilibrium with its linearisation.

    Parameters
    ----------
    system : str
        Name of the system.
    states : tuple of str
    parameters : dict of str to float
        Values used.
    fingerprint : str
        Hash of the structure of the system.
    point : ndarray, shape (n,)
        Coordinates.
    radius : ndarray, shape (n,)
        The exact equilibrium, for the parameter values as stored, differs from ``point`` by at most this much.
    eigenvalues : ndarray of complex, shape (n,)
        Spectrum of the Jacobian, largest real part first.
    eigenvectors : ndarray of complex, shape (n, n)
        Unit eigenvectors in columns, in the order of the eigenvalues.
    jacobian : ndarray, shape (n, n)
    kind : str
        "stable node", "unstable node", "stable focus", "unstable focus", "saddle", "saddle-focus", "center",
        "non-hyperbolic", or "virtual" beyond the threshold of a jump.
    linear_kind : str
        The kind by the linearisation alone; differs from ``kind`` for virtual points.
    stable : bool
        Whether every eigenvalue has a negative real part and the point is not virtual.
    virtual : bool
        Whether the condition of a jump holds here, so that the flow never rests at this point.
    on_border : bool
        Whether the enclosure reaches the border of the search box.
    """

    system: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    fingerprint: str
    point: np.ndarray
    radius: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    jacobian: np.ndarray
    kind: str
    linear_kind: str
    stable: bool
    virtual: bool
    on_border: bool

    def __getitem__(self, name: str) -> float:
        """Coordinate of a state by name."""
        return float(column(self.point, self.states, name))

    @property
    def values(self) -> dict[str, float]:
        """Coordinates by name."""
        return dict(zip(self.states, self.point.tolist(), strict=True))

    @property
    def trace(self) -> float:
        """Trace of the Jacobian."""
        return float(np.trace(self.jacobian))

    @property
    def determinant(self) -> float:
        """Determinant of the Jacobian."""
        return float(np.linalg.det(self.jacobian))

    @property
    def sentence(self) -> str:
        """The point in words: kind, place, eigenvalues, unstable directions."""
        kind = f"virtual {self.linear_kind} (beyond a threshold)" if self.virtual else self.kind
        place = ", ".join(number(x, SENTENCE_DIGITS) for x in self.point)
        names = ", ".join(self.states)
        where = f"{names} = {place}" if len(self.states) == 1 else f"({names}) = ({place})"
        spectrum = ", ".join(number(v, SENTENCE_DIGITS) for v in self.eigenvalues)
        word = "eigenvalue" if len(self.states) == 1 else "eigenvalues"
        return f"{kind} at {where}: {word} {spectrum}; {self._directions()}"

    def _directions(self) -> str:
        if self.linear_kind in ("center", "non-hyperbolic"):
            return "the linearisation does not decide its stability"
        count = int(np.sum(self.eigenvalues.real > 0))
        if count == 0:
            return "all directions stable"
        if count == len(self.states):
            return "all directions unstable"
        word = ("one", "two", "three", "four")[count - 1] if count <= 4 else str(count)
        return f"{word} unstable direction{'s' if count > 1 else ''}"

    def __repr__(self) -> str:
        return f"<FixedPoint of {self.system}: {self.sentence}>"

    def _row(self) -> tuple[Any, ...]:
        kind = f"virtual ({self.linear_kind})" if self.virtual else self.kind
        return (*map(float, self.point), kind, tuple(map(complex, self.eigenvalues)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FixedPoints(Result):
    """All equilibria in a box, and what is proved about it. A sequence of `FixedPoint`.

    Parameters
    ----------
    system, states, parameters, fingerprint
        As in `FixedPoint`.
    points : tuple of FixedPoint
        Each enclosure is proved to hold exactly one equilibrium.
    box : dict of str to (low, high)
        The box that was searched; states not named here may have any value (they follow from the others).
    complete : bool
        Whether it is proved that there are no others in the box.
    verdict : str
        The same in words.
    undecided : ndarray, shape (k, n, 2)
        Boxes in which an equilibrium could neither be proved nor excluded; outside them the list is complete.
    reasons : tuple of str
        Why, for each of these boxes.
    boxes_examined : int
        Work of the proof.
    """

    system: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    fingerprint: str
    points: tuple[FixedPoint, ...]
    box: dict[str, tuple[float, float]]
    complete: bool
    verdict: str
    undecided: np.ndarray
    reasons: tuple[str, ...]
    boxes_examined: int

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[FixedPoint]:
        return iter(self.points)

    @overload
    def __getitem__(self, key: int) -> FixedPoint: ...
    @overload
    def __getitem__(self, key: str) -> np.ndarray: ...
    def __getitem__(self, key: int | str) -> FixedPoint | np.ndarray:
        """A point by number, or a coordinate of all points by the name of the state, shape (k,)."""
        if isinstance(key, str):
            if key not in self.states:
                raise KeyError(unknown("state", key, self.states))
            return np.array([p[key] for p in self.points])
        return self.points[key]

    def __repr__(self) -> str:
        return str(self._table())

    def _table(self) -> Table:
        title = f"{len(self)} fixed point{'' if len(self) == 1 else 's'} of {self.system}"
        return Table(
            (*self.states, "kind", "eigenvalues"),
            tuple(p._row() for p in self.points),
            title=title,
            remark=self.verdict,
        )

    def _columns(self) -> dict[str, Any]:
        """One row for each point: coordinates, kind, stability, eigenvalues."""
        columns: dict[str, Any] = {name: self[name] for name in self.states}
        columns |= {key: [getattr(p, key) for p in self.points] for key in ("kind", "stable", "virtual")}
        for i in range(len(self.states)):
            columns[f"eigenvalue_{i + 1}"] = np.array([p.eigenvalues[i] for p in self.points], dtype=complex)
        return columns
