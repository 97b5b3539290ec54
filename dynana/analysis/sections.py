"""Sections of Poincare maps: expressions that are zero on them, or the states just after a jump."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from dynana.analysis.cycle_returns import differences
from dynana.analysis.return_flights import WORDS, Flights, Flown, sizes
from dynana.analysis.stroboscope import Driven, turns
from dynana.definition.construction import translated
from dynana.definition.derivatives import derivative
from dynana.definition.system import System
from dynana.definition.text_model import formula
from dynana.definition.tracing import TIME
from dynana.errors import ModelError, unknown

Array = NDArray[np.float64]

DIRECTIONS = ("up", "down", "both")
#: Steps that bring a point back to the section along the coordinate that is not in the chart.
CORRECTIONS = 20


@dataclass(slots=True, eq=False)
class Section:
    """A section with the flights between its passages and a chart on it."""

    system: System
    text: str
    direction: str
    flights: Flights
    function: Any
    gradient: Any
    dropped: int
    jump: int
    longest: float = np.inf
    drive: Driven | None = None

    @classmethod
    def of(cls, system: System, given: Any, direction: str) -> Section:
        """Return the section that a text, an expression or the name of a jump is."""
        scale = sizes(system)
        names = [str(j.name) for j in system.jumps]
        if isinstance(given, str) and given in names:
            which = names.index(given)
            return cls(
                system, given, "jump", Flights(system, scale, "poincare_map", stop=which), None, None,
                _reset_state(system, which), which,
            )  # fmt: skip
        if direction not in DIRECTIONS:
            raise ValueError(unknown("direction", direction, DIRECTIONS))
        expression = section_expression(system, given)
        both = {"up": [expression], "down": [-expression], "both": [expression, -expression]}[direction]
        flights = Flights(system, scale, "poincare_map", sections=both)
        symbols = [system.symbols[n] for n in (*system.states, *system.parameters)]
        gradient = [derivative(expression, s) for s in symbols[: len(scale)]]
        value = sp.lambdify([symbols], expression, "numpy")
        slopes = sp.lambdify([symbols], gradient, "numpy")
        p = list(system.values.values())
        made = cls(
            system, str(expression), direction, flights, lambda y: float(value([*y, *p])),
            lambda y: np.array(slopes([*y, *p]), dtype=float), 0, -1,
        )  # fmt: skip
        made.dropped = int(np.argmax(np.abs(made.gradient(np.array(list(system.initial.values())))) * scale))
        return made

    @property
    def given(self) -> System:
        """The system as the user gave it."""
        return self.system if self.drive is None else self.drive.given

    @property
    def strobed(self) -> bool:
        """Whether the section is a moment of a forcing."""
        return self.drive is not None and self.jump == len(self.system.jumps) - 1

    @property
    def chart(self) -> list[int]:
        """Numbers of the states that are coordinates."""
        return [i for i in range(len(self.system.states)) if i != self.dropped]

    @property
    def first_jump(self) -> int:
        """The jump just after which points of the section stand: its own, or that of the section."""
        return self.jump if self.jump >= 0 else len(self.system.jumps)

    def basis(self, y: Array) -> Array:
        """Return the tangent vectors of the coordinates at a point, shape (m, n)."""
        made = np.zeros((len(self.chart), y.size))
        made[np.arange(len(self.chart)), self.chart] = 1.0
        if self.jump < 0:
            g = self.gradient(y)
            made[:, self.dropped] = -g[self.chart] / g[self.dropped]
        return made

    def onto(self, y: Array) -> Array:
        """Return the point of the section with the coordinates of ``y``."""
        y = y.copy()
        if self.jump < 0:
            for _ in range(CORRECTIONS):
                change = self.function(y) / self.gradient(y)[self.dropped]
                y[self.dropped] -= change
                if not abs(change) > 1e-15 * self.flights.scale[self.dropped]:
                    break
        return y

    def fly(self, y: Array, returns: int) -> Flown:
        """Follow a point of the section for so many returns, with the tangent vectors of its coordinates."""
        return self.flights.run(y[None], self.basis(y), self.longest, returns=returns, first_jump=self.side(y))

    def side(self, y: Array) -> int:
        """Return the jump that the point stands just after: with both directions, that by which it came through."""
        if self.direction != "both":
            return self.first_jump
        f = np.empty(y.size)
        self.flights.kernels.rhs(0.0, y.copy(), self.flights.kernels.p, f)
        return self.first_jump + (0 if self.gradient(y) @ f > 0.0 else 1)

    def gap(self, before: Array, after: Array) -> Array:
        """Return how far the coordinates of a point are from those of another one, angles up to full turns."""
        return np.asarray(differences(after - before, turns(self.system))[self.chart])

    def apart(self, one: Array, other: Array) -> float:
        """Return the distance of the coordinates of two points, in sizes of the states."""
        return float(np.linalg.norm(self.gap(one, other) / self.flights.scale[self.chart]))

    def derivatives(self, y: Array) -> Array:
        """Return the derivative of the return from each point in coordinates, shape (k, m, m)."""
        bases, sides = [self.basis(row) for row in y], [self.side(row) for row in y]
        if all(np.array_equal(b, bases[0]) for b in bases) and len(set(sides)) <= 1:
            alike = [slice(0, len(y))] if len(y) else []
        else:
            alike = [slice(k, k + 1) for k in range(len(y))]
        made = np.empty((len(y), len(self.chart), len(self.chart)))
        for rows in alike:
            k = rows.start
            flown = self.flights.run(y[rows], bases[k], self.longest, first_jump=sides[k])
            made[rows] = np.swapaxes(flown.vectors[:, 0][:, :, self.chart], 1, 2)
        return made

    def words(self, outcome: int) -> str:
        """Return how an orbit ended, in words."""
        if outcome not in WORDS:
            return "rests"
        where = f"the jump {self.text!r}" if self.jump >= 0 else f"the section {self.text} = 0 ({self.direction})"
        return WORDS[outcome].replace("the section", f"{where} within t = {self.longest:g}")


def section_expression(system: System, given: Any) -> sp.Expr:
    """Return the expression of a section, in the symbols of the system, checked."""
    if isinstance(given, str):
        expression = formula(given, system.symbols)
    else:
        expression = translated(given, system.symbols, f"{system.name}: the section")
    if not isinstance(expression, sp.Expr):
        raise ValueError(f"{system.name}: a section is an expression that is zero on it, got the condition {given}")
    if expression.has(TIME):
        raise ModelError(f"{system.name}: the section {given} contains the time; it must depend on the state alone")
    if not expression.free_symbols & {system.symbols[n] for n in system.states}:
        raise ValueError(
            f"{system.name}: the section {given} contains no state; give an expression of {', '.join(system.states)}"
        )
    return expression


def _reset_state(system: System, which: int) -> int:
    """Return a state that the jump sets to an expression of parameters: it is no coordinate."""
    jump = system.jumps[which]
    states = {system.symbols[n] for n in system.states}
    for i, name in enumerate(system.states):
        if name in jump.to and not jump.to[name].free_symbols & states:
            return i
    raise ModelError(
        f"{system.name}: the jump {jump.name!r} resets no state to an expression of parameters alone, so that the "
        "states after it are no section; give a section as an expression"
    )
