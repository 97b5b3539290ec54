"""`orbit_diagram`: where orbits settle as a parameter varies, beside the largest Lyapunov exponent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from dynana.analysis.forcing import ForcingPeriod
from dynana.analysis.return_flights import WORDS, Flights, Flown, check_system, patience, sizes
from dynana.analysis.sections import DIRECTIONS, section_expression
from dynana.analysis.stroboscope import CERTAIN, Driven, driven
from dynana.definition.system import System
from dynana.errors import ModelError, unknown
from dynana.numerics.flights import NORMALISE, RETURNED
from dynana.results.orbit_diagram import OrbitDiagram
from dynana.results.trajectory import Trajectory
from dynana.simulation import request as asked
from dynana.simulation.arguments import increasing, number, vector
from dynana.simulation.progress import Progress
from dynana.simulation.simulate import simulate

Array = NDArray[np.float64]

#: The measure that is the time between passages.
ISI = "ISI"
#: Error of a step: far below what is seen in a picture, or in the error of an exponent.
TOLERANCE = 1e-9
#: Passages that are recorded, and those before them.
RETURNS, SKIP = 150, 300
#: Parts of the recorded passages from which the error of the exponent comes.
BLOCKS = 15
#: Where orbits begin: all at one place, or each where the one before has ended.
CARRIED = ("none", "forward", "both")
#: An orbit that begins where another came to rest is moved off by this part of the sizes of the states: what has become
#: unstable is left then, as in an experiment.
NUDGE = 1e-6


def orbit_diagram(
    system: System,
    parameter: str,
    values: Sequence[float] | np.ndarray,
    *,
    measure: str | None = None,
    section: Any = None,
    forcing_period: ForcingPeriod | None = None,
    phase: float = 0.0,
    direction: str = "up",
    returns: int = RETURNS,
    skip: int = SKIP,
    exponent: bool = True,
    start: Mapping[str, Any] | ArrayLike | None = None,
    carry: str = "none",
    t: float | None = None,
    progress: bool | None = None,
) -> OrbitDiagram:
    """Follow an orbit at each value of a parameter and measure it at its passages of a section.

    Orbits run in compiled code, side by side in threads. The largest Lyapunov exponent comes from a tangent vector on
    the section, carried with the exact derivative, through jumps too.

    Parameters
    ----------
    system : System
    parameter : str
    values : sequence of float
        In order.
    measure : str, optional
        ``"ISI"``, the time between passages, or the name of a state. By default ``"ISI"``, and the first state where
        it is seen once in a period of the forcing.
    section : str or expression, optional
        As in `poincare_map`: an expression that is zero on it, or the name of a jump. By default the maxima of the
        state that is measured, or, with ``forcing_period=``, where it is at one moment of the forcing; for ``"ISI"``
        the only jump of the system.
    forcing_period : float, str or callable, optional
        Period of the equations, where time enters them, as in `continue_cycles`; it may change with the parameter.
    phase : float
        That moment, as a share of the period from t = 0.
    direction : {"up", "down", "both"}
        Of passages through an expression.
    returns, skip : int
        Passages that are recorded, and passages before them for the orbit to settle.
    exponent : bool
        Whether the exponents are wanted.
    start : mapping or array_like, optional
        Where all orbits begin, or the first one; otherwise the model's initial state.
    carry : {"none", "forward", "both"}
        ``"forward"`` begins each orbit where the one before has ended, as when a parameter is turned slowly;
        ``"both"`` goes on from the last value back to the first: ``.back`` is the way back, and ``.hysteresis()`` lists
        where the two differ.
    t : float, optional
        Longest time to wait for a passage; by default 1000 times the slowest time of the linearised flow at the start.
    progress : bool, optional

    Returns
    -------
    OrbitDiagram
        ``.windows()`` lists values of the same period. Values at which the orbit ends have ``.outcomes``.

    Raises
    ------
    ValueError
        Unknown names, values that are no increasing or decreasing row, a section that no orbit reaches.
    ModelError
        A system with noise, kinks, or explicit time without ``forcing_period=``; ``"ISI"`` without section where there
        is not one jump.

    Examples
    --------
    >>> import numpy as np, dynana as dn
    >>> from dynana.models import rossler
    >>> found = dn.orbit_diagram(rossler, "c", np.linspace(2.5, 4.0, 7), measure="x", returns=60)
    >>> found.periods.tolist()
    [1, 1, 2, 2, 2, 2, 4]

    What is bistable keeps the state that it has:

    >>> from dynana.models import morris_lecar_hopf_textbook
    >>> both = dn.orbit_diagram(
    ...     morris_lecar_hopf_textbook, "I", np.linspace(86, 98, 7), section="V", returns=4, skip=12, carry="both",
    ...     exponent=False,
    ... )
    >>> both.hysteresis()
    ((90.0, 92.0),)

    A forced oscillator, once in each period of the forcing:

    >>> duffing = dn.System.from_text("dx/dt = v; dv/dt = x - x^3 - 0.3*v + A*cos(w*t); A = 0.2; w = 1.2")
    >>> found = dn.orbit_diagram(duffing, "A", [0.2, 0.28, 0.29], forcing_period=lambda p: 2 * np.pi / p["w"])
    >>> found.periods.tolist()
    [1, 2, 4]
    """
    check_system(system, "orbit_diagram")
    column = system.parameters.index(system.parameter(parameter))
    row = vector(f"values of {parameter}", values)
    if not row.size:
        raise ValueError(f"values of {parameter} are needed, at least one")
    increasing(f"values of {parameter}", row if row[0] <= row[-1] else row[::-1], strict=True)
    if carry not in CARRIED:
        raise ValueError(unknown("carry", carry, CARRIED))
    for name, count, least in (("returns", returns, 1), ("skip", skip, 0)):
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < least:
            raise ValueError(f"{name} must be a whole number, at least {least}, got {count!r}")
    system = asked.with_start(system, start)
    drive = driven(system, forcing_period, phase, (parameter,), ((float(row.min()), float(row.max())),))
    measure = _measure(system, measure, section, drive)
    strobed = drive if section is None and measure != ISI else None
    if (strobed is not None and t is not None) or (strobed is None and phase):
        raise ValueError(
            f"{system.name}: {'t=' if strobed else 'phase='} has no meaning here: orbits are seen "
            f"{'once a period of the forcing' if strobed else 'where they pass a section'}"
        )
    flights, where = _flights(system, measure, section, direction, drive) if strobed is None else _strobed(strobed)
    first = np.array(list(flights.system.initial.values()))
    table = np.tile(flights.kernels.p, (row.size, 1))
    table[:, column] = row
    table = table if drive is None else drive.rows(table)
    if strobed is not None:
        longest = CERTAIN * max(strobed.periods(table))
    else:
        longest = patience(flights.kernels, first) if t is None else number("t", t, 0.0)
    # any direction but those of the axes, along which an invariant subspace may lie
    basis = flights.scale * np.random.default_rng(0).standard_normal((1, first.size)) if exponent else np.empty((0, 0))
    flown = []
    with Progress(f"orbit diagram of {system.name}", (0.0, 1.0), progress) as line:
        options: dict[str, Any] = {
            "returns": int(returns + skip), "skip": int(skip), "mode": NORMALISE if exponent else 0,
        }  # fmt: skip
        basis = basis.reshape(-1, first.size)
        if carry == "none":
            starts = np.tile(first, (row.size, 1))
            flown.append(flights.run(starts, basis, longest, parameters=table, line=line, **options))
        else:
            ways = 1 + (carry == "both")
            for way in range(ways):
                order = table if way == 0 else table[::-1]
                one, first = _carried(flights, order, first, basis, longest, options, line, (way, ways))
                flown.append(one)
    if not any(np.any(f.counts > skip) for f in flown):
        words = WORDS.get(int(flown[0].outcomes[0]), "rests")
        raise ValueError(
            f"{system.name}: at no value of {parameter} does the orbit pass {where} more than {skip} times: it "
            f"{words} within t = {longest:g}. Start elsewhere, skip fewer passages, or wait longer with t="
        )
    found = [
        _diagram(system, parameter, values, measure, where, one, int(skip), exponent)
        for one, values in zip(flown, (row, row[::-1]), strict=False)
    ]
    return found[0] if len(found) == 1 else replace(found[0], back=found[1])


def _diagram(
    system: System, parameter: str, values: Array, measure: str, where: str, flown: Flown, skip: int, exponent: bool
) -> OrbitDiagram:
    """Return what came of orbits as a diagram."""
    exponents, errors = _exponents(flown) if exponent else (np.full(values.size, np.nan),) * 2
    measured = flown.times if measure == ISI else flown.states[:, :, system.states.index(measure)]
    if measure in system.wrap:
        measured = np.mod(measured, system.wrap[measure])
    return OrbitDiagram(
        system=system.name, fingerprint=system.fingerprint, states=system.states, parameters=system.values,
        parameter=parameter, values=values, measure=measure, section=where, measured=measured, times=flown.times,
        skipped=skip, exponents=exponents, errors=errors,
        outcomes=tuple("" if o == RETURNED else WORDS.get(int(o), "rests") for o in flown.outcomes),
        time_unit=system.time, units=system.units, back=None,
    )  # fmt: skip


def _carried(
    flights: Flights,
    table: Array,
    state: Array,
    basis: Array,
    longest: float,
    options: dict[str, Any],
    line: Progress,
    way: tuple[int, int],
) -> tuple[Flown, Array]:
    """Return orbits that begin where the one before has ended, and the state at the end of the last one."""
    made = []
    for i, values in enumerate(table):
        one = flights.run(state[None], basis, longest, parameters=values[None], **options)
        made.append(one)
        state = one.states[0, -1] if one.outcomes[0] == RETURNED else _rested(flights, values, state, longest)
        line.report((way[0] + (i + 1) / len(table)) / way[1])
    fields = Flown.__dataclass_fields__
    return Flown(**{name: np.concatenate([getattr(one, name) for one in made]) for name in fields}), state


def _rested(flights: Flights, values: Array, state: Array, longest: float) -> Array:
    """Return where an orbit is after the time in which it has not come back: at rest, or where it was if it ended."""
    system = flights.system
    here = system.at(**dict(zip(system.parameters, values.tolist(), strict=True)))
    run = simulate(here, longest, start=state.tolist(), progress=False)
    assert isinstance(run, Trajectory)
    if run.stop.reason != "finished" or not np.isfinite(run.y[-1]).all():
        return state
    return np.asarray(run.y[-1] + NUDGE * flights.scale)


def _measure(system: System, given: str | None, section: Any, drive: Driven | None) -> str:
    """Return what is measured, checked."""
    if given is None:
        return ISI if drive is None or section is not None else system.states[0]
    if given != ISI and given not in system.states:
        raise ValueError(f"{system.name}: {unknown('measure', given, (ISI, *system.states))}")
    return given


def _flights(system: System, measure: str, section: Any, direction: str, drive: Driven | None) -> tuple[Flights, str]:
    """Return the flights between the passages, and the section in words."""
    if direction not in DIRECTIONS:
        raise ValueError(unknown("direction", direction, DIRECTIONS))
    names = [str(j.name) for j in system.jumps]
    system = system if drive is None else drive.system
    scale = sizes(system)
    if section is None and measure == ISI:
        if len(names) != 1:
            found = f"has {len(names)} jumps" if names else "has no jumps"
            raise ModelError(f"{system.name} {found}: say with section= between which passages times are measured")
        section = names[0]
    if isinstance(section, str) and section in names:
        return Flights(system, scale, "orbit_diagram", tolerance=TOLERANCE, stop=names.index(section)), section
    if section is None:
        rate = system.derivatives[system.states.index(measure)]
        return Flights(system, scale, "orbit_diagram", tolerance=TOLERANCE, sections=[-rate]), f"maxima of {measure}"
    expression = section_expression(system, section)
    both: dict[str, list[sp.Expr]] = {"up": [expression], "down": [-expression], "both": [expression, -expression]}
    return Flights(
        system, scale, "orbit_diagram", tolerance=TOLERANCE, sections=both[direction]
    ), f"{expression} = 0, {direction}"


def _strobed(drive: Driven) -> tuple[Flights, str]:
    """Return the flights from a moment of the forcing to the next one, and that moment in words."""
    last = len(drive.system.jumps) - 1
    flights = Flights(drive.system, sizes(drive.system), "orbit_diagram", tolerance=TOLERANCE, stop=last)
    return flights, drive.words


def _exponents(flown: Flown) -> tuple[Array, Array]:
    """Return the largest exponent of each orbit by unit of time, with its standard error from blocks."""
    count = flown.times.shape[1]
    blocks = min(BLOCKS, count)
    edges = np.linspace(0, count, blocks + 1).astype(int)[:-1]
    growth, times = (np.add.reduceat(a, edges, axis=1) for a in (flown.growth, flown.times))
    with np.errstate(invalid="ignore"):
        exponents = growth.sum(axis=1) / times.sum(axis=1)
        errors = (growth / times).std(axis=1, ddof=1) / np.sqrt(blocks) if blocks > 1 else np.full(len(growth), np.nan)
    return exponents, errors
