"""Phase portraits: nullclines, vector fields, separatrices and what else is drawn in a plane of two states."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynana.results.base import Result, column
from dynana.results.stop import Stop
from dynana.results.tables import Table, number

if TYPE_CHECKING:
    from dynana.results.fixed_points import FixedPoints
    from dynana.results.trajectory import Trajectory

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nullcline(Result):
    """Where one derivative vanishes in a plane.

    Parameters
    ----------
    state : str
        The state whose derivative vanishes.
    x, y : str
        The states of the plane.
    lines : tuple of (k, 2) arrays
        The branches as ordered polylines, columns x and y; a closed one ends on the point it starts with.
    closed : tuple of bool
    complete : bool
        Whether it is proved that there is nothing else in the rectangle.
    undecided : (u, 2, 2) array
        Boxes (lower corner, upper corner) about which nothing is proved, where ``complete`` is False.
    remark : str
        Why they are undecided, or what else there is to say.
    system : str
    states : tuple of str
    parameters : dict
        Values used.
    fingerprint : str
    """

    state: str
    x: str
    y: str
    lines: tuple[FloatArray, ...]
    closed: tuple[bool, ...]
    complete: bool
    undecided: FloatArray
    remark: str = ""
    system: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    fingerprint: str

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, name: str) -> tuple[FloatArray, ...]:
        """Values of one of the two states along each branch."""
        return tuple(column(line, (self.x, self.y), name) for line in self.lines)

    def points(self) -> FloatArray:
        """All points (k, 2) with a row of NaN between branches, as plotting programs like it."""
        gap = np.full((1, 2), np.nan)
        parts = [part for line in self.lines for part in (line, gap)]
        return np.concatenate(parts[:-1]) if parts else np.empty((0, 2))

    def _columns(self) -> dict[str, Any]:
        """All points with the number of their branch."""
        sizes = [len(line) for line in self.lines]
        points = np.concatenate(self.lines) if self.lines else np.empty((0, 2))
        return {"branch": np.repeat(np.arange(len(sizes)), sizes), self.x: points[:, 0], self.y: points[:, 1]}

    def __repr__(self) -> str:
        loops = sum(self.closed)
        shape = f"{_count(len(self), 'branch', 'branches')}{f' ({loops} closed)' if loops else ''}"
        proof = "proved complete" if self.complete else f"not proved complete: {self.remark}"
        return f"{self.state}-nullcline in ({self.x}, {self.y}): {shape}, {proof}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VectorField(Result):
    """Direction and speed of the flow on a grid.

    Parameters
    ----------
    x, y : str
        The states of the plane.
    grid_x : (m,) array
    grid_y : (k,) array
    dx, dy : (k, m) arrays
        Derivatives of x and y; rows belong to ``grid_y``.
    """

    x: str
    y: str
    grid_x: FloatArray
    grid_y: FloatArray
    dx: FloatArray
    dy: FloatArray

    @property
    def speed(self) -> FloatArray:
        """Length of the derivative in units of the box sides per unit of time, shape (k, m)."""
        return np.hypot(self.dx / np.ptp(self.grid_x), self.dy / np.ptp(self.grid_y))

    def _columns(self) -> dict[str, Any]:
        """One row for each grid point."""
        xs, ys = np.meshgrid(self.grid_x, self.grid_y)
        return {self.x: xs.ravel(), self.y: ys.ravel(), f"d{self.x}": self.dx.ravel(), f"d{self.y}": self.dy.ravel()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Manifold(Result):
    """One branch of the stable or unstable manifold of a saddle; stable branches are separatrices.

    Parameters
    ----------
    saddle : int
        Index of the saddle among the fixed points.
    kind : {"stable", "unstable"}
    x, y : str
        The states of the plane.
    points : (k, 2) array
        From the saddle outward.
    times : (k,) array
        Time along the branch, 0 at its first point off the saddle; decreasing on stable branches.
    stop : Stop
        Where it ends: "box", "fixed point", "limit cycle", "threshold", "singularity" or "length".
    reaches : int or None
        Index of the fixed point it ends in.
    """

    saddle: int
    kind: str
    x: str
    y: str
    points: FloatArray
    times: FloatArray
    stop: Stop
    reaches: int | None = None

    def __getitem__(self, name: str) -> FloatArray:
        return column(self.points, (self.x, self.y), name)

    def _columns(self) -> dict[str, Any]:
        """Time and the two states."""
        return {"t": self.times, self.x: self.points[:, 0], self.y: self.points[:, 1]}

    def __repr__(self) -> str:
        return f"{self.kind} manifold of saddle {self.saddle}: {len(self.points)} points, ends at {self.stop.reason}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResetLine(Result):
    """Threshold of a jump in the plane and where the jump lands.

    Parameters
    ----------
    jump : str
        Name of the jump.
    x, y : str
        The states of the plane.
    threshold : tuple of (k, 2) arrays
        Where the guard of the jump vanishes.
    landing : tuple of (k, 2) arrays
        Image of each threshold line under the jump, point by point.
    """

    jump: str
    x: str
    y: str
    threshold: tuple[FloatArray, ...]
    landing: tuple[FloatArray, ...]

    def _columns(self) -> dict[str, Any]:
        """Points of the threshold and the points they are sent to."""
        before = np.concatenate(self.threshold) if self.threshold else np.empty((0, 2))
        after = np.concatenate(self.landing) if self.landing else np.empty((0, 2))
        columns = {
            f"{n} {w}": a[:, i]
            for w, a in (("before", before), ("after", after))
            for i, n in enumerate((self.x, self.y))
        }
        return columns


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhasePortrait(Result):
    """All that is known of the flow in a plane of two states.

    Parameters
    ----------
    x, y : str
        The states along the axes.
    ranges : dict of (low, high)
        The rectangle.
    others : dict of str
        What the remaining states do, by name: "frozen at ..." or "at steady state ...".
    nullclines : tuple of Nullcline
    fixed_points : FixedPoints
        Of the planar system: where others are frozen or at steady state, its stability is that of the reduced system.
    field : VectorField
    manifolds : tuple of Manifold
        Both branches of both manifolds of every saddle.
    trajectories : tuple of Trajectory
        Forward in time, with jumps.
    backward : tuple of (k, 2) arrays
        The same starts traced backward in time.
    resets : tuple of ResetLine
    units : dict of str
    system, states, parameters, fingerprint
        As in every result; ``states`` are those of the system as given.
    """

    x: str
    y: str
    ranges: dict[str, tuple[float, float]]
    others: dict[str, str] = dataclasses.field(default_factory=dict)
    nullclines: tuple[Nullcline, ...]
    fixed_points: FixedPoints
    field: VectorField
    manifolds: tuple[Manifold, ...] = ()
    trajectories: tuple[Trajectory, ...] = ()
    backward: tuple[FloatArray, ...] = ()
    resets: tuple[ResetLine, ...] = ()
    units: dict[str, str] = dataclasses.field(default_factory=dict)
    system: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    fingerprint: str

    def __getitem__(self, state: str) -> Nullcline:
        """The nullcline of one of the two states."""
        known = tuple(n.state for n in self.nullclines)
        return self.nullclines[int(column(np.arange(len(known)), known, state, "nullcline"))]

    @property
    def separatrices(self) -> tuple[Manifold, ...]:
        """The stable branches: they part the basins of attraction."""
        return tuple(m for m in self.manifolds if m.kind == "stable")

    def _table(self) -> Table:
        table: Table = self.fixed_points._table()
        return table

    def _columns(self) -> dict[str, Any]:
        """The fixed points; nullclines, manifolds and the field have tables of their own."""
        return self.fixed_points._columns()

    def __repr__(self) -> str:
        box = ", ".join(f"{n} in [{number(low)}, {number(high)}]" for n, (low, high) in self.ranges.items())
        lines = [f"Phase portrait of {self.system}: {box}"]
        lines += [f"  {name} {how}" for name, how in self.others.items()]
        if self.others:
            lines.append("  (fixed points and their stability are those of this planar system)")
        lines += [str(self.fixed_points), *map(repr, self.nullclines)]
        lines += [f"saddle {m.saddle}: {m.kind} branch ends at {_end(m)}" for m in self.manifolds]
        lines += [
            f"jump {r.jump!r}: threshold and landing line, {_count(len(r.threshold), 'piece')}" for r in self.resets
        ]
        if self.trajectories:
            lines.append(_count(len(self.trajectories), "trajectory", "trajectories"))
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowPortrait(Result):
    """The flow on a line: the derivative of one state against the state.

    Parameters
    ----------
    x : str
        The state.
    range : (low, high)
    lines : tuple of (k, 2) arrays
        State and derivative; more than one piece where the derivative has a pole or jumps.
    fixed_points : FixedPoints
    directions : (m, 3) array
        Intervals between fixed points: lower end, upper end, sign of the flow (1 up, -1 down).
    others : dict of str
        What the remaining states do.
    thresholds : dict
        By jump name, the values of the state where the jump happens and where it lands: (threshold, landing).
    units : dict of str
    system, states, parameters, fingerprint
        As in every result.
    """

    x: str
    range: tuple[float, float]
    lines: tuple[FloatArray, ...]
    fixed_points: FixedPoints
    directions: FloatArray
    others: dict[str, str] = dataclasses.field(default_factory=dict)
    thresholds: dict[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    units: dict[str, str] = dataclasses.field(default_factory=dict)
    system: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    fingerprint: str

    def _table(self) -> Table:
        table: Table = self.fixed_points._table()
        return table

    def _columns(self) -> dict[str, Any]:
        """State and derivative with the number of the piece."""
        sizes = [len(line) for line in self.lines]
        points = np.concatenate(self.lines) if self.lines else np.empty((0, 2))
        return {"piece": np.repeat(np.arange(len(sizes)), sizes), self.x: points[:, 0], f"d{self.x}/dt": points[:, 1]}

    def __repr__(self) -> str:
        low, high = self.range
        lines = [f"Flow of {self.system}: {self.x} in [{number(low)}, {number(high)}]"]
        lines += [f"  {name} {how}" for name, how in self.others.items()]
        lines.append(str(self.fixed_points))
        arrows = (f"[{number(a)}, {number(b)}] {'up' if s > 0 else 'down'}" for a, b, s in self.directions)
        lines.append(f"{self.x} moves: {'; '.join(arrows)}")
        lines += [f"jump {name!r}: {self.x} = {number(a)} -> {number(b)}" for name, (a, b) in self.thresholds.items()]
        return "\n".join(lines)


def _count(n: int, one: str, many: str | None = None) -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _end(manifold: Manifold) -> str:
    if manifold.reaches is not None:
        return f"fixed point {manifold.reaches}"
    return {"box": "the border", "limit cycle": "a limit cycle"}.get(manifold.stop.reason, manifold.stop.reason)
