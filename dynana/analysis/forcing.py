"""The period of the forcing, where time enters: a number, or proportional to a parameter or to its inverse."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.errors import ModelError
from dynana.lowering.kernels import lower
from dynana.lowering.spiking import is_forced
from dynana.results.tables import number

#: Relative deviation of the equations after a period up to which they count as periodic in time.
PERIODIC = 1e-9
#: Parts of a range at which the period is tried: frequencies at the ends may be multiples of each other.
PLACES = (0.0, 0.61803, 1.0)
#: Times in a period at which the equations are compared.
COMPARED = 16

#: As users give it: a number, the name of a parameter, or a function of the parameters.
ForcingPeriod = float | str | Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Forcing:
    """A period ``scale * parameter**power``.

    Attributes
    ----------
    scale : float
    parameter : str
        Empty for a period that does not change.
    power : int
        1, -1 (the parameter is a frequency), or 0.
    count : int
        Of periods in a turn.
    """

    scale: float
    parameter: str = ""
    power: int = 0
    count: int = 1

    def period(self, values: Mapping[str, float]) -> float:
        """Return the period at some values of the parameters."""
        return self.scale * (float(values[self.parameter]) ** self.power if self.parameter else 1.0)

    def turns(self, count: int) -> Forcing:
        """Return what several of these make."""
        return replace(self, scale=count * self.scale, count=count * self.count)

    @property
    def half(self) -> Forcing | None:
        """Half of it, if that is a number of periods."""
        return None if self.count % 2 else replace(self, scale=0.5 * self.scale, count=self.count // 2)

    def data(self, system: System) -> list[float]:
        """Return scale, index of the parameter and power, as `dynana.numerics.closures.forced` takes them."""
        return [self.scale, float(system.parameters.index(self.parameter)) if self.parameter else 0.0, self.power]


def forcing(
    system: System, given: ForcingPeriod | None, free: Sequence[str], ranges: Sequence[tuple[float, float]]
) -> Forcing | None:
    """Return the period of the forcing, checked at the values of the system and at the ends of the ranges.

    Raises
    ------
    ModelError
        If time enters the equations and no period was given.
    ValueError
        If the period is not one, or changes with a parameter in a way that was not said.
    """
    driven = is_forced(system)
    if driven and given is None:
        raise ModelError(
            f"{system.name}: the equations contain the time t. Give the period of the forcing as forcing_period=, or "
            "hold time at a value with system.freeze('t')."
        )
    if given is None:
        return None
    if not driven:
        raise ValueError(f"{system.name}: forcing_period= is for equations that contain the time t; these do not")
    law = _law(system, given, free)
    if (times := _differs(system, law)) is not None:
        raise ValueError(
            f"{system.name}: the equations are not periodic in time with forcing_period = "
            f"{number(law.period(system.values), 12)}: they differ at t = {number(times[0])} and t = {number(times[1])}"
        )
    if name := changing(system, law, free, ranges):
        raise ValueError(
            f"{system.name}: the period of the forcing changes with {name}, which varies: give it as a function of the "
            f"parameters, such as forcing_period=lambda p: 2*pi/p[{name!r}]"
        )
    return law


def _law(system: System, given: ForcingPeriod, free: Sequence[str]) -> Forcing:
    if isinstance(given, str):
        system.parameter(given)
        formula = symbol(given) if given in free else sp.Float(system.values[given])
    elif callable(given):
        names = {n: symbol(n) if n in free else v for n, v in system.values.items()}
        formula = sp.sympify(given(names))
    else:
        formula = sp.Float(float(given)) if math.isfinite(float(given)) else sp.nan
    for name, power in [("", 0), *((n, p) for n in free for p in (1, -1))]:
        scale = sp.simplify(formula / symbol(name) ** power) if name else formula
        if scale.is_number:
            law = Forcing(float(scale), name, power)
            if not (math.isfinite(law.scale) and law.period(system.values) > 0.0):
                raise ValueError(f"{system.name}: forcing_period must be positive, got {given!r}")
            return law
    raise ValueError(
        f"{system.name}: forcing_period = {formula} must be a number, or proportional to one of the varied parameters "
        f"({', '.join(free)}) or to its inverse"
    )


def changing(system: System, law: Forcing, free: Sequence[str], ranges: Sequence[tuple[float, float]]) -> str:
    """Return a parameter in whose range the period of the equations is not that of the law; "" if there is none."""
    for name, (low, high) in zip(free, ranges, strict=True):
        for place in PLACES:
            value = low + place * (high - low)
            if (value != 0.0 or law.parameter != name) and _differs(system.at(**{name: value}), law) is not None:
                return name
    return ""


def _differs(system: System, law: Forcing) -> tuple[float, float] | None:
    """Return two times, a period apart, at which the equations differ; None if they do not at any that is tried."""
    period = law.period(system.values)
    kernels, times = lower(system), period * np.linspace(0.0, 1.0, COMPARED + 1)[:-1]

    def rates(shift: float) -> np.ndarray:
        out = np.empty((times.size, kernels.n))
        for row, t in zip(out, times, strict=True):
            kernels.rhs(t + shift, kernels.y0, kernels.p, row)
        return out

    before, after = rates(0.0), rates(period)
    change = np.abs(after - before).max(axis=1)
    if not change.max() > PERIODIC * np.abs(before).max():
        return None
    t = float(times[int(change.argmax())])
    return t, t + period
