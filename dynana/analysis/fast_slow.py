"""`fast_slow`: a system with slow variables, dissected into its fast subsystem and the slow drift."""

from __future__ import annotations

import builtins
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from dynana.analysis.fast_slow_canards import canard_warnings
from dynana.analysis.fast_slow_cycles import fast_diagram, with_cycles_of_orbit
from dynana.analysis.fast_slow_drift import AT_REST, SlowRates, rest_points, tonic_spiking
from dynana.analysis.fast_slow_orbit import rhythm_of, separation, settled_orbit, whole
from dynana.analysis.fast_slow_path import OUT_OF_RANGE, TONIC, Path, stable_stretches
from dynana.analysis.fast_slow_plane import dissected_plane
from dynana.analysis.fast_slow_request import Request, check_orbit, fast_ranges, slow_names, slow_ranges
from dynana.analysis.fast_slow_words import classified, one_at_a_time, orbit_warnings, passed_warnings, speed_warning
from dynana.definition.system import System
from dynana.errors import DynanaWarning
from dynana.results.diagram import Diagram
from dynana.results.dissection import Rhythm
from dynana.results.fast_slow import FastSlow, SlowPhase
from dynana.results.fast_slow_plane import FastSlowPlane
from dynana.results.trajectory import Trajectory

#: Where on the orbit the path is begun, as quantiles of the slow variable: the next one if the first leads to nothing.
STARTS = (0.5, 0.1, 0.9, 0.3, 0.7)
#: How often a range that was not given is widened where the path leaves it.
WIDENED = 3


def fast_slow(
    system: System,
    slow: str | Sequence[str],
    range: tuple[float, float] | Mapping[str, tuple[float, float]] | None = None,
    *,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    orbit: Trajectory | None = None,
    longest_period: float | None = None,
    progress: bool | None = None,
) -> FastSlow | FastSlowPlane:
    """Dissect a system with one or two slow variables.

    The fast subsystem has the slow variables as parameters: its bifurcation diagram (the critical manifold and the
    branches of cycles), the rate of the slow variable along it, averaged over cycles, and the full orbit on top tell
    what kind of bursting or spiking it is, and why.

    Parameters
    ----------
    system : System
    slow : str, or two
        The slow variable, or both.
    range : (low, high), or mapping of slow variable to (low, high), optional
        Of the slow variable; unless given, what the orbit visits and as much again on both sides (a quarter of it for
        two), within the range of the model if that holds the orbit.
    ranges : mapping of fast state to (low, high), optional
        Box in which equilibria of the fast subsystem are looked for, see `continue_equilibria`. Unless given, the
        ranges of the model, widened to hold the orbit.
    orbit : Trajectory, optional
        Of the full system, after a transient; otherwise it is simulated from the model's initial state until it
        repeats.
    longest_period : float, optional
        Of the cycles of the fast subsystem, see `continue_cycles`. Unless given, a branch that ends in a saddle-node on
        an invariant circle, which is located exactly, is followed until a cycle takes as long as the slow variable for
        its range, at its mean rate on the orbit: a frozen slow variable means nothing beyond.
    progress : bool, optional
        Lines on the terminal for work of more than 2 seconds.

    Returns
    -------
    FastSlow
        With one slow variable. ``result.fast`` is the diagram of the fast subsystem, ``result.kind`` says what it comes
        to and ``result.reason`` why.
    FastSlowPlane
        With two slow variables: slices of the critical manifold and of the cycles, curves of folds and Hopf points in
        the slow plane, folded singularities, the averaged slow flow, and where the orbit passes from rest to spiking.

    Raises
    ------
    ValueError
        For unknown names, a range that is empty or reversed, an orbit of another system.
    ModelError
        If the equations contain time, or nothing is left when the slow variable is taken away.
    ConvergenceError
        If the fast subsystem has no equilibrium in the range and box, or the run of the full system breaks off.

    Warns
    -----
    DynanaWarning
        If the slow variable is not slow: fast states are not even five times as fast. The numbers are in
        ``result.separation``.

    Notes
    -----
    With one slow variable, the path of an infinitely slow one is followed from one attractor of the fast subsystem to
    the next; the names are Izhikevich's (2000), Int. J. Bifurc. Chaos 10:1171-1266: the bifurcation that ends the rest,
    then that which ends the spiking. Square-wave, elliptic and parabolic bursting are Rinzel's names (1987).

    Examples
    --------
    >>> import dynana as dn
    >>> from dynana.models import hindmarsh_rose
    >>> burst = dn.fast_slow(hindmarsh_rose.at(I=2, r=0.006), slow="z")
    >>> burst.kind
    'fold/homoclinic bursting (square-wave)'
    """
    names = slow_names(system, slow)
    given = slow_ranges(system, names, range)
    box = fast_ranges(system, names, ranges)
    check_orbit(system, orbit)
    run, rhythm, remark = (
        settled_orbit(system, names, progress)
        if orbit is None
        else (orbit, rhythm_of(whole(orbit), names, system.wrap), "")
    )
    speeds = separation(system, names, run)
    unsuited = speed_warning(system, names, speeds)
    if unsuited:
        warnings.warn(unsuited, DynanaWarning, stacklevel=2)
    said = [w for w in (unsuited, remark) if w]
    if len(names) == 2:
        plane = dissected_plane(system, (names[0], names[1]), given, box, run, rhythm, longest_period, progress)
        return replace(plane, separation=speeds, warnings=(*said, *plane.warnings))
    request = Request(system, names[0], given.get(names[0]), box)
    tonic = rhythm.per_period == 1
    made = _dissected(request.over(run, tonic), run, rhythm, longest_period, progress)
    for _ in builtins.range(WIDENED):
        if given or OUT_OF_RANGE not in made.reason:
            break
        request = request.wider(made.range)
        made = _dissected(request.over(run, tonic), run, rhythm, longest_period, progress)
    return replace(made, separation=speeds, warnings=(*said, *made.warnings))


def _dissected(
    request: Request, run: Trajectory, rhythm: Rhythm, longest: float | None, progress: bool | None
) -> FastSlow:
    system, slow = request.system, request.slow
    rates = SlowRates(system, (slow,))
    fast = system.freeze(slow)
    longest = longest if longest is not None else request.slow_time(run)
    diagram, nothing = fast_diagram(
        fast, slow, request.range, request.box, longest, progress, {AT_REST: rates.rest_function}
    )
    diagram = with_cycles_of_orbit(request, fast, diagram, run, rhythm.intervals[0], longest, progress)
    if nothing is not None and not diagram.cycle_branches:
        raise nothing
    along = [rates.along(b) for b in diagram.branches]
    drifts = [rates.over(b) for b in diagram.cycle_branches]
    tonic = [t for b, d in zip(diagram.cycle_branches, drifts, strict=True) for t in tonic_spiking(rates, fast, b, d)]
    path = Path(
        fast, diagram, stable_stretches(diagram, along, drifts), tonic, request.sizes(run), rhythm.per_period == 1
    )
    for start in _beginnings(request, run):
        phases, loop, problem = path.follow(*start)
        if not problem:
            break
    if path.overshot is not None and phases and phases[-1].ending == TONIC:
        kind, reason = one_at_a_time(slow, phases, path.overshot)
    else:
        kind, reason = classified(slow, phases, loop, problem, _subcritical(diagram, phases))
    said = [*passed_warnings(slow, path.passed), *orbit_warnings(slow, phases, loop, *rhythm.slow_range)]
    said += [*canard_warnings(slow, diagram, along, run, float(np.abs(rates.at(run.y)).max()), request.fast)]
    return FastSlow(
        system=system.name, fingerprint=system.fingerprint, states=system.states, slow=slow, parameters=system.values,
        fast=diagram, rates=tuple(along), drifts=tuple(drifts), rest=rest_points(system, slow, diagram),
        tonic=tuple(tonic), nullcline=rates.nullcline(request.all_ranges(run)), orbit=run,
        rhythm=rhythm, path=tuple(phases), loop=loop, kind=kind, reason=reason, separation={}, warnings=tuple(said),
    )  # fmt: skip


def _beginnings(request: Request, run: Trajectory) -> list[tuple[np.ndarray, float]]:
    """Return states of the fast subsystem on the orbit, with the slow variable there: first the middle of its range."""
    z = run[request.slow]
    low, high = request.range
    inside = np.flatnonzero((z >= low) & (z <= high))
    if inside.size == 0:
        return [(request.fast_state(run.y[-1]), float(np.clip(z[-1], low, high)))]
    wanted = np.quantile(z[inside], STARTS)
    rows = [int(inside[np.argmin(np.abs(z[inside] - value))]) for value in wanted]
    return [(request.fast_state(run.y[row]), float(z[row])) for row in rows]


def _subcritical(diagram: Diagram, phases: Sequence[SlowPhase]) -> bool:
    """Return whether every Hopf point at which a phase of rest ends is subcritical."""
    met = [p for p in phases if p.kind == "rest" and p.ending == "hopf"]
    points = [min(diagram.special_points("hopf"), key=lambda s: abs(s[diagram.parameter] - p.end)) for p in met]
    return bool(points) and all(s.criticality.startswith("subcritical") for s in points)
