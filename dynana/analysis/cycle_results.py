"""From traced curves of cycles to results."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_doublings import doubling_words
from dynana.analysis.cycle_ends import End
from dynana.analysis.cycle_legs import Mark
from dynana.analysis.cycle_orbits import cycle_of, is_driven, shown_multipliers, unstable_count
from dynana.analysis.cycle_places import CycleCurve, Place
from dynana.analysis.cycle_request import Request
from dynana.analysis.normal_forms_codim1 import side
from dynana.analysis.spiking_curve import SpikingCurve, SpikingPlace
from dynana.analysis.spiking_shapes import mean_of, pattern_of_segments, points_and_times, start_time
from dynana.lowering.kernels import lower
from dynana.numerics.collocation_newton import LENGTH
from dynana.numerics.collocation_orbit import Orbit, Spectrum
from dynana.numerics.mesh import times as mesh_times
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.numerics.orbit_extents import extents
from dynana.results import collocated
from dynana.results.cycle import Cycle, Segment, multipliers
from dynana.results.cycle_branch import CycleBranch
from dynana.results.special_points import CODES, SpecialPoint
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Bytes that the orbits of one branch may take; beyond it every second one is kept, every third, ...
MEMORY = 256 * 2**20
#: Parameter values nearer than this part of their size or range are equal: next to folds of canards many are.
EQUAL = 1e-12
#: A special point is located if the last correction was not larger than this.
LOCATED = 1e-8


@dataclass(frozen=True, eq=False)
class Row:
    """One row of a branch: a place, or a Hopf point as a cycle of no extent."""

    place: Place
    end: End | None = None


def hopf_row(place: Place, end: End) -> Row:
    """Return the Hopf point beside a small cycle as a cycle of no extent, on the same mesh."""
    orbit = place.orbit
    omega = abs(end.eigenvalues.imag[np.argmin(np.abs(end.eigenvalues.real) + (end.eigenvalues.imag <= 0.0) * 1e300)])
    period = 2.0 * math.pi / float(omega)
    z = orbit.z.copy()
    z[: orbit.scalars_at] = np.tile(end.point, orbit.scalars_at // orbit.n)
    z[orbit.scalars_at], z[orbit.scalars_at + 1] = period, end.value
    values = end.eigenvalues.copy()
    pair = np.argsort(np.abs(values - 1j * omega))[:1].tolist() + np.argsort(np.abs(values + 1j * omega))[:1].tolist()
    values[pair] = 0.0
    logs, phases = values.real * period, np.angle(np.exp(1j * values.imag * period))
    order = np.argsort(-logs, kind="stable")
    spectrum = Spectrum(logs[order], phases[order], float(values.real.sum()) * period)
    still = replace(orbit, z=z, report=np.zeros_like(orbit.report))
    return Row(replace(place, orbit=still, spectrum=spectrum, samples=[]), end)


def branch_of(
    request: Request,
    curve: CycleCurve,
    rows: Sequence[Row],
    marks: Sequence[Mark],
    extra: Sequence[tuple[Row, SpecialPoint]],
    stops: tuple[Stop, Stop],
    origin: str,
    closed: bool,
) -> CycleBranch:
    """Return the branch with these cycles in order."""
    places = [row.place for row in rows]
    shown, system = [p.plain for p in places], request.system
    n = len(system.states)
    scalars = np.array([p.scalars for p in shown])
    parts, times, durations, pattern = _shown(curve, shown)
    maxima, minima, means = _extents(curve, [p.orbit for p in shown], n)
    driven = is_driven(curve.curve)
    spectra = [shown_multipliers(curve.curve, p.spectrum) for p in places]
    logs, phases = np.array([a for a, _ in spectra]), np.array([b for _, b in spectra])
    stable = unstable_count(logs, phases, driven) == 0
    size = sum(points.nbytes + widths.nbytes + points.nbytes // n for points, widths in parts)
    stride = max(1, math.ceil(size / MEMORY))
    wanted = {id(mark.place) for mark in marks}
    kept = [i for i, p in enumerate(places) if i % stride == 0 or i == len(places) - 1 or id(p) in wanted]
    index = {id(p): i for i, p in enumerate(places)}
    special = []
    for mark in marks:
        i = index[id(mark.place)]
        near = scalars[max(i - 1, 0) : i + 2, 1]
        point = special_point(request, curve, mark, i, (float(near.min()), float(near.max())))
        aside = _aside(scalars[:, 1], i, max(float(np.ptp(request.ranges[0])), abs(float(scalars[i, 1]))))
        special.append(replace(point, criticality=_meaning(request, mark, point, aside)))
    special += [replace(point, index=index[id(row.place)]) for row, point in extra]
    return CycleBranch(
        system=system.name,
        fingerprint=lower(system).fingerprint,
        states=system.states,
        parameter=request.free[0],
        parameters=system.values,
        values=scalars[:, 1].copy(),
        periods=scalars[:, 0].copy(),
        maxima=maxima,
        minima=minima,
        means=means,
        log_moduli=logs,
        phases=phases,
        stable=stable,
        special=tuple(sorted(special, key=lambda s: s.index)),
        stops=stops,
        origin=origin,
        closed=closed,
        kept=np.array(kept),
        orbits=tuple(parts[i][0] for i in kept),
        times=tuple(times(i) for i in kept),
        widths=tuple(parts[i][1] for i in kept),
        durations=np.array([durations(i) for i in kept]),
        pattern=pattern,
        counts=np.array([shown[i].orbit.counts for i in kept]),
        traces=np.array([p.spectrum.trace for p in places]),
        errors=np.array([0.0 if row.end else row.place.error for row in rows]),
        residuals=np.array([float(p.orbit.report[LENGTH]) for p in places]),
        companions={name: scalars[:, 2 + k].copy() for k, name in enumerate(request.free[1:])},
        forced=driven,
        time_unit=system.time or "",
        start_times=_start_times(curve, [places[i] for i in kept]),
        units=system.units,
    )


def _shown(
    curve: CycleCurve, places: Sequence[Place]
) -> tuple[list[tuple[Array, Array]], Callable[[int], Array], Callable[[int], Array], tuple[Segment, ...]]:
    """Return what results show of orbits: points and widths, times and durations by row, segments like theirs."""
    if isinstance(places[0], SpikingPlace):
        assert isinstance(curve, SpikingCurve)
        orbits, shown = curve.curve, [points_and_times(curve.curve, p.orbit) for p in places]
        return (
            [(points, p.orbit.widths) for (points, _), p in zip(shown, places, strict=True)],
            lambda i: shown[i][1],
            lambda i: orbits.lasting(places[i].orbit),
            pattern_of_segments(orbits),
        )
    stages = curve.curve.scheme.stages
    like = Segment(first=0, last=stages + 1, duration=1.0, stages=stages, widths=np.ones(1))
    parts = [p.orbit.split(p.orbit.z)[0] for p in places]
    lasting, moments = np.array([p.orbit.durations[0] for p in places]), [np.empty(0)] * len(parts)
    for here in _of_one_size(parts):
        relative = mesh_times(np.array([parts[i][1] for i in here]), curve.curve.scheme)
        for i, row in zip(here, relative * lasting[here, None], strict=True):
            moments[i] = row
    return parts, lambda i: moments[i], lambda i: places[i].orbit.durations, (like,)


def _of_one_size(parts: list[tuple[Array, Array]]) -> list[NDArray[np.intp]]:
    """Return the numbers of the orbits on meshes of each size."""
    sizes = np.array([widths.size for _, widths in parts])
    return [np.flatnonzero(sizes == size) for size in np.unique(sizes)]


def _start_times(curve: CycleCurve, places: Sequence[Place]) -> Array:
    if not isinstance(curve, SpikingCurve) or not curve.curve.clocked.driven:
        return np.empty(0)
    return np.array([start_time(curve.curve, p.orbit) for p in places])


def _extents(curve: CycleCurve, orbits: Sequence[Orbit], n: int) -> tuple[Array, Array, Array]:
    """Return largest and smallest values and means over time of the states of orbits, shape (orbits, n) each."""
    high, low = extents([[x for x, _ in orbit.split(orbit.z)] for orbit in orbits], n, curve.curve.scheme)
    if isinstance(curve, SpikingCurve):
        means = [mean_of(curve.curve, orbit) for orbit in orbits]
    else:
        means = [collocated.mean(*orbit.split(orbit.z)[0], orbit.stages) for orbit in orbits]
    return high, low, np.array(means)


def orbits_of(curve: CycleCurve, place: Place) -> OrbitCurve:
    """Return the curve to which an orbit belongs: along a branch of cycles across kinks it may change."""
    return place.curve or curve.curve


def cycle_at(request: Request, curve: CycleCurve, place: Place) -> Cycle:
    """Return the cycle at a place of a curve."""
    return cycle_of(request.system, request.free, orbits_of(curve, place), place.orbit, place.spectrum)


def special_point(
    request: Request, curve: CycleCurve, mark: Mark, index: int, interval: tuple[float, float]
) -> SpecialPoint:
    """Return a located special point of cycles as a result."""
    orbit, spectrum, system = mark.place.orbit, mark.place.spectrum, request.system
    cycle = cycle_at(request, curve, mark.place)
    residual = float(orbit.report[LENGTH])
    return SpecialPoint(
        kind=mark.kind,
        code=CODES[mark.kind],
        system=system.name,
        fingerprint=cycle.fingerprint,
        states=system.states,
        point=cycle.points[0].copy(),
        parameters=cycle.parameters,
        free=request.free,
        residual=residual,
        interval=interval,
        converged=residual <= LOCATED,
        eigenvalues=multipliers(*shown_multipliers(curve.curve, spectrum)),
        period=cycle.period,
        index=index,
        vectors=mark.vectors,
        cycle=cycle,
        name=mark.name,
        ranges=dict(zip(request.free, request.ranges, strict=True)),
    )


def _aside(values: Array, i: int, size: float) -> Array:
    """Return how far the next values on both sides are from number i, without those that are equal but for rounding."""
    away = values - values[i]
    clear = np.flatnonzero(np.abs(away) > EQUAL * size)
    k = int(np.searchsorted(clear, i))
    found: Array = away[clear[max(k - 1, 0) : k + 1]]
    return found


def _meaning(request: Request, mark: Mark, point: SpecialPoint, aside: Array) -> str:
    """Return what a special point of cycles means, in words."""
    if mark.kind == "torus":
        angle = float(mark.vectors["angle"][0])
        return f"an invariant torus is born, rotation number {number(angle / (2 * math.pi))}"
    if len(request.free) > 1:
        return ""
    if mark.kind == "period doubling":
        return doubling_words(request, point)
    if mark.kind == "fold of cycles" and aside.size and (aside.min() > 0.0 or aside.max() < 0.0):
        return f"two cycles {side(float(aside.sum()), request.free[0])}"
    return ""


def end_point(request: Request, end: End, period: float, cycle: Cycle | None = None) -> SpecialPoint:
    """Return the equilibrium at the end of a branch as a special point."""
    system = request.system
    form = end.form
    return SpecialPoint(
        kind=end.kind,
        code=CODES[end.kind],
        system=system.name,
        fingerprint=lower(system).fingerprint,
        states=system.states,
        point=end.point.copy(),
        parameters=system.values | {request.free[0]: end.value},
        free=request.free,
        ranges=dict(zip(request.free, request.ranges, strict=True)),
        residual=0.0,
        interval=(end.value, end.value),
        converged=end.converged,
        eigenvalues=end.eigenvalues,
        normal_form={} if form is None else dict(form.coefficients),
        criticality="" if form is None else form.criticality,
        period=period,
        vectors={} if form is None else dict(form.vectors),
        cycle=cycle,
    )
