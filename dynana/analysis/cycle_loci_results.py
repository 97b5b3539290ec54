"""Curves of bifurcations of cycles as results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.accompanied_cycles import AccompaniedCycles
from dynana.analysis.cycle_loci_events import CyclePlace
from dynana.analysis.orbit_places import Mark, Way
from dynana.analysis.spiking_special import SpecialSpikes
from dynana.analysis.user_functions import UserFunction
from dynana.lowering.kernels import lower
from dynana.numerics.collocation_newton import LENGTH
from dynana.results.cycle import multipliers
from dynana.results.locus import Locus
from dynana.results.special_points import CODES, SpecialPoint, in_words, shown

Array = NDArray[np.float64]
CycleWay = Way[CyclePlace]
Critical = AccompaniedCycles | SpecialSpikes


def locus_of(
    problem: Critical,
    origin: SpecialPoint,
    start: CyclePlace,
    backward: CycleWay,
    forward: CycleWay,
    users: Sequence[UserFunction] = (),
) -> Locus:
    """Return a curve from both ways that lead away from its start; Bautin points at its ends are points of it.

    Parameters
    ----------
    users : sequence of UserFunction
        Test functions that were looked at on the way.
    """
    behind = len(backward.places)
    places = [*reversed(backward.places), start, *forward.places]
    marks = {behind - 1 - i: mark for i, mark in backward.marks.items()}
    marks |= {behind + 1 + i: mark for i, mark in forward.marks.items()}
    ahead = int(backward.end is not None)
    rows = [_row(problem, place) for place in places]
    special = [_special(problem, places, i, marks[i], ahead) for i in sorted(marks)]
    if backward.end is not None:
        rows.insert(0, _bautin_row(problem, backward.end))
        special.insert(0, backward.end)
    if forward.end is not None:
        special.append(replace(forward.end, index=len(rows)))
        rows.append(_bautin_row(problem, forward.end))
    table = np.array(rows)
    n = problem.n
    names = [f"{name}_{end}" for end in ("max", "min") for name in problem.system.states]
    names += ["error", *(["angle"] if problem.kind == "torus" else [])]
    place = ", ".join(
        f"{name} = {shown(column, origin.parameters[name])}"
        for name, column in zip(problem.free, table[:, :2].T, strict=True)
    )
    return Locus(
        system=problem.system.name,
        fingerprint=lower(problem.system).fingerprint,
        states=problem.system.states,
        kind=problem.kind,
        free=problem.free,
        parameters=problem.system.values,
        places=table[:, :2],
        periods=table[:, 2],
        points=table[:, 3 : 3 + n],
        special=tuple(special),
        stops=(backward.stop, forward.stop),
        origin="; ".join((f"from a {in_words(origin.kind)} at {place}", *(r for u in users for r in u.remarks()))),
        closed=forward.closed,
        measures={name: table[:, 3 + n + i].copy() for i, name in enumerate(names)},
        units=problem.system.units,
    )


def _row(problem: Critical, place: CyclePlace) -> Array:
    orbit, points = place.orbit, problem.points(place.orbit)
    angle = [abs(float(orbit.parameters[2]))] if problem.kind == "torus" else []
    extrema = points[0], points.max(axis=0), points.min(axis=0)
    return np.concatenate((orbit.parameters[:2], [problem.period(orbit)], *extrema, [place.error], angle))


def _bautin_row(problem: Critical, origin: SpecialPoint) -> Array:
    place = [origin.parameters[name] for name in problem.free]
    return np.concatenate((place, [origin.period], *[origin.point] * 3, [0.0]))


def _special(problem: Critical, places: list[CyclePlace], i: int, mark: Mark[CyclePlace], shift: int) -> SpecialPoint:
    system, orbit = problem.system, mark.place.orbit
    cycle = problem.cycle(orbit)
    near = [float(places[j].orbit.parameters[0]) for j in (max(i - 1, 0), min(i + 1, len(places) - 1))]
    here = float(orbit.parameters[0])
    return SpecialPoint(
        kind=mark.kind,
        code=CODES[mark.kind],
        system=system.name,
        fingerprint=lower(system).fingerprint,
        states=system.states,
        point=cycle.points[0].copy(),
        parameters=cycle.parameters,
        free=problem.free,
        residual=float(orbit.report[LENGTH]),
        interval=(min(*near, here), max(*near, here)),
        converged=True,
        eigenvalues=multipliers(cycle.log_moduli, cycle.phases),
        period=cycle.period,
        index=i + shift,
        cycle=cycle,
        name=mark.name,
    )
