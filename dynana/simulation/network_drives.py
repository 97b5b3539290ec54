"""Inputs of networks: what is added to parameters of some or all cells of a population."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition.assembly import Assembly, Cells, Drive, Part
from dynana.definition.construction import translated
from dynana.definition.distributions import Distribution
from dynana.definition.parts import Noise
from dynana.definition.rules import check_number
from dynana.definition.system import System
from dynana.definition.tracing import TIME, Symbolic, symbol
from dynana.errors import ModelError, unknown
from dynana.simulation.array_expressions import array_function
from dynana.simulation.course import Input, check_cover
from dynana.simulation.drawing import child_seed, draw

#: Which cells a key of ``inputs`` names.
Chosen = Callable[[Any], Part]

#: Times at most at which an expression of time is tried before the run.
MOST_TRIES = 100_000


@dataclass(frozen=True, eq=False)
class OrnsteinUhlenbeck:
    """Noise with a memory, its own for each cell; made by `ornstein_uhlenbeck`."""

    sd: Any
    tau: float
    mean: float

    def __repr__(self) -> str:
        return f"dn.ornstein_uhlenbeck({self.sd}, {self.tau:g}, mean={self.mean:g})"


def ornstein_uhlenbeck(sd: Any, tau: float, *, mean: float = 0.0) -> OrnsteinUhlenbeck:
    """Return noise for ``inputs`` of a network: eta' = -(eta - mean)/tau + sd sqrt(2/tau) xi, its own for each cell.

    Parameters
    ----------
    sd : float or array_like
        Standard deviation, of all cells or of each. It starts in its stationary distribution.
    tau : float
        Correlation time.
    mean : float

    Raises
    ------
    ModelError
        For a standard deviation that is negative, a time that is not positive.
    """
    given = np.array(sd, dtype=float)
    if given.ndim > 1 or not np.all(np.isfinite(given)) or np.any(given < 0):
        raise ModelError(
            f"dn.ornstein_uhlenbeck: sd = {sd!r}: expected numbers that are not negative, one or per cell."
        )
    time = check_number("tau", tau, "dn.ornstein_uhlenbeck:")
    if time <= 0:
        raise ModelError(f"dn.ornstein_uhlenbeck: tau = {time:g}: expected a positive time.")
    given.setflags(write=False)
    spread = float(given) if given.ndim == 0 else given
    return OrnsteinUhlenbeck(spread, time, check_number("mean", mean, "dn.ornstein_uhlenbeck:"))


def driven(
    made: Assembly, inputs: Mapping[Any, Mapping[str, Any]], part_of: Chosen, span: tuple[float, float], seed: int
) -> Assembly:
    """Return a network with its inputs.

    Courses and expressions of time alone become drives. Expressions that also read parameters of the cell, and noise,
    are written into its equations: they differ from cell to cell.

    Parameters
    ----------
    made : Assembly
    inputs : mapping of group to mapping of parameter to Input, function, expression or OrnsteinUhlenbeck
    part_of : callable
        Returns the cells that a group is.
    span : (float, float)
    seed : int
        Of the noise at the start.
    """
    for group, courses in inputs.items():
        part = part_of(group)
        cells = made.populations[part.population]
        if not isinstance(cells, Cells):
            raise ValueError(f"inputs=: {cells.name} sends spikes and has no parameters")
        if not isinstance(courses, Mapping):
            raise TypeError(f"inputs=: expected {{parameter: course}} for {cells.name}, got {courses!r}")
        for name, course in courses.items():
            cells.system.parameter(name)
            made = _driven(made, part, name, course, span, seed)
    return made


def _driven(made: Assembly, part: Part, name: str, course: Any, span: tuple[float, float], seed: int) -> Assembly:
    cells = made.populations[part.population]
    assert isinstance(cells, Cells)
    if isinstance(course, OrnsteinUhlenbeck):
        return _noisy(made, part, name, course, seed)
    if isinstance(course, Input):
        if course.n_cells not in (None, part.size):
            raise ValueError(
                f"inputs=: {name!r} is given for {course.n_cells} cells, {cells.name} has {part.size} here"
            )
        check_cover(name, course, *span)
    else:
        course = _expression(cells, name, course)
        if course.free_symbols - {TIME}:
            return _written(made, part, name, course)
        check_course(f"inputs=: {name!r} of {cells.name}", course, span)
    return replace(made, drives=(*made.drives, Drive(target=part, parameter=name, course=course)))


def _expression(cells: Cells, name: str, course: Any) -> sp.Expr:
    """Return an expression of time and of parameters of the cells."""
    place = f"inputs=: {name!r} of {cells.name}"
    own = [p for p in cells.system.parameters if p not in cells.streams and p != cells.clock]
    if inspect.isroutine(course) or inspect.isfunction(course):
        read = tuple(inspect.signature(course).parameters)
        for wanted in read:
            if wanted != TIME.name and wanted not in own:
                raise ModelError(f"{place}: {unknown('parameter', wanted, [TIME.name, *own])}")
        course = course(**{n: Symbolic(TIME if n == TIME.name else symbol(n)) for n in read})
    if isinstance(course, int | float) or not isinstance(course, sp.Basic | Symbolic):
        raise TypeError(
            f"{place} must be made by dn.steps, dn.ramp, dn.pulses, dn.sinusoid, dn.sampled or dn.ornstein_uhlenbeck, "
            f"or be a function or expression of t, got {type(course).__name__}; a constant goes into the population's "
            "at={...}"
        )
    return translated(course, {TIME.name: TIME, **{n: symbol(n) for n in own}}, place)


def check_course(place: str, course: sp.Expr, span: tuple[float, float], least: float = -np.inf) -> None:
    """Refuse an expression of time that is not finite, or below a bound, at some of the times of a run."""
    times = np.linspace(*span, MOST_TRIES + 1)[:-1] + 0.5 * (span[1] - span[0]) / MOST_TRIES
    with np.errstate(all="ignore"):
        values = np.broadcast_to(np.asarray(array_function([TIME], course)(times)), times.shape)
    wrong = ~np.isfinite(values) | (values < least)
    if np.any(wrong):
        k = int(np.argmax(wrong))
        below = "" if least == -np.inf else f" of at least {least:g}"
        raise ValueError(f"{place}: {course} is {values[k]:g} at t = {times[k]:g}: expected finite values{below}")


def _fresh(cells: Cells, name: str) -> str:
    taken = {*cells.system.symbols, *cells.system.observables}
    count = 1
    while f"{name}_{count}" in taken:
        count += 1
    return f"{name}_{count}"


def _written(made: Assembly, part: Part, name: str, course: sp.Expr) -> Assembly:
    """Return the network with an expression written into the equations of a population, for some of its cells."""
    cells = made.populations[part.population]
    assert isinstance(cells, Cells)
    values: dict[str, Any] = {}
    if part.size < cells.size:
        chosen = _fresh(cells, f"{name}_chosen")
        values[chosen] = _within(cells, part, 1.0)
        course = symbol(chosen) * course
    return _substituted(made, part.population, {symbol(name): symbol(name) + course}, values)


def _noisy(made: Assembly, part: Part, name: str, course: OrnsteinUhlenbeck, seed: int) -> Assembly:
    """Return the network with a state more for the noise of each cell."""
    cells = made.populations[part.population]
    assert isinstance(cells, Cells)
    if np.ndim(course.sd) and np.shape(course.sd) != (part.size,):
        raise ValueError(f"inputs=: {course!r} for {np.size(course.sd)} cells, {cells.name} has {part.size} here")
    state, spread, tau = (_fresh(cells, f"{name}_{n}") for n in ("noise", "noise_sd", "noise_tau"))
    whole = part.size == cells.size
    sd = course.sd if whole else _within(cells, part, course.sd)
    mean = course.mean if whole else _within(cells, part, course.mean)
    level = _fresh(cells, f"{name}_mean")
    first = draw(Distribution("normal", (0.0, 1.0)), cells.size, child_seed(seed, cells.name, state)) * sd
    put = {symbol(name): symbol(name) + symbol(level) + symbol(state)}
    return _substituted(
        made,
        part.population,
        put,
        {spread: sd, tau: course.tau, level: mean},
        {state: (-symbol(state) / symbol(tau), symbol(spread) * sp.sqrt(2 / symbol(tau)), first)},
    )


def _within(cells: Cells, part: Part, value: Any) -> np.ndarray:
    row = np.zeros(cells.size)
    row[part.first : part.last] = value
    return row


def _substituted(
    made: Assembly,
    population: int,
    put: Mapping[sp.Symbol, sp.Expr],
    values: Mapping[str, Any],
    noisy: Mapping[str, tuple[sp.Expr, sp.Expr, np.ndarray]] | None = None,
) -> Assembly:
    """Return the network with symbols of a population replaced wherever they are read.

    ``values`` are those of new parameters, ``noisy`` the rate, the noise and the start of new states.
    """
    cells, states = made.populations[population], noisy or {}
    assert isinstance(cells, Cells)
    old = cells.system
    system = System(
        {**dict(zip(old.states, old.derivatives, strict=True)), **{n: rate for n, (rate, _, _) in states.items()}},
        {**old.values, **{n: float(np.ravel(v)[0]) for n, v in values.items()}},
        initial={**dict(old.given_initial), **dict.fromkeys(states, 0.0)},
        jumps=old.jumps,
        noise=[*old.noise, *(Noise({n: amplitude}) for n, (_, amplitude, _) in states.items())],
        observables=old.observables,
        name=old.name,
        time=old.time,
        units=old.units,
        ranges=old.ranges,
        wrap=old.wrap,
    ).substitute({s.name: e for s, e in put.items()})
    totals = {n: e.xreplace(put) for n, e in cells.totals.items()}
    changed = replace(
        cells,
        system=system,
        values={**cells.values, **values},
        start={**cells.start, **{n: first for n, (_, _, first) in states.items()}},
        outputs=tuple(e.xreplace(put) for e in cells.outputs),
        totals={**{s.name: e for s, e in put.items()}, **totals},
    )
    events = tuple(
        replace(e, amount=e.amount.xreplace(put))
        if e.amount is not None and made.links[e.link].source.population == population
        else e
        for e in made.events
    )
    synapses = []
    for item in made.synapses:
        link = made.links[item.link]
        if link.source.population == population:
            item = replace(item, pre={n: e.xreplace(put) for n, e in item.pre.items()})
        if link.target.population == population:
            item = replace(item, post={n: e.xreplace(put) for n, e in item.post.items()})
        synapses.append(item)
    populations = tuple(changed if k == population else c for k, c in enumerate(made.populations))
    return replace(made, populations=populations, events=events, synapses=tuple(synapses))
