"""The first orbit of a request across the switches of the equations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_places import CycleCurve, Place
from dynana.analysis.cycle_request import Request
from dynana.analysis.kinked_curve import KinkedCurve
from dynana.analysis.kinked_starts import cut, flown, on_path, problem, samples_of
from dynana.analysis.spiking_doublings import two_turns
from dynana.errors import ConvergenceError
from dynana.lowering.kinked import kinked
from dynana.results.cycle import Cycle
from dynana.results.special_points import SpecialPoint
from dynana.results.tables import number

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Beginning:
    """A first cycle and where to go from it.

    Attributes
    ----------
    curve : CycleCurve
    place : Place
    ways : tuple of float
        Directions along the tangent.
    origin : str
        In words.
    hopf : SpecialPoint or None
        The Hopf point at the start of the curve.
    """

    curve: CycleCurve
    place: Place
    ways: tuple[float, ...]
    origin: str
    hopf: SpecialPoint | None = None


def across_kinks(
    request: Request, times: Array, states: Array, gains: Array, sizes: Array, fixed: tuple[int, ...], *,
    coarse: bool = False,
) -> tuple[KinkedCurve, Place] | None:  # fmt: skip
    """Return the orbit near a closed path cut at the switches of the equations, and its curve.

    None where it passes none, or where orbits are not cut: with time in the equations, turning angles, two parameters.

    Parameters
    ----------
    times, states : ndarray, shape (k,), (k, n)
        Of the path.
    gains : ndarray, shape (n,)
        What angles gain over it.
    sizes : ndarray, shape (n,)
        How much states vary.
    fixed : tuple of int
        Which scalars are held, one after the other.
    coarse : bool
        Whether the path is one of samples, which is better integrated once more.

    Raises
    ------
    ConvergenceError
        If Newton's method fails, or what it finds is no orbit of the system.
    """
    made = kinked(request.system)
    if made is None or request.forcing is not None or len(request.free) > 1 or gains.any():
        return None
    values = np.array([request.system.values[name] for name in request.free])
    path = cut(made, request.free, values, times, states)
    if path is None:
        return None
    ranges = np.array([high - low for low, high in request.ranges])
    paths = (flown(made, path, sizes), path) if coarse else (path,)
    mesh = request.intervals, request.stages
    attempts = (on_path(made, request.free, p, sizes, ranges, *mesh, fixed) for p in paths)
    found = next((a for a in attempts if a is not None), None)
    where = ", ".join(f"{n} = {number(v)}" for n, v in zip(request.free, values.tolist(), strict=True))
    if found is None:
        raise ConvergenceError(
            f"{request.system.name}: Newton's method does not converge from the start at {where}, a cycle that passes "
            f"switches of the equations {len(path.pattern)} times: simulate longer, so that it settles further"
        )
    flaw = problem(*found)
    if flaw:
        raise ConvergenceError(f"{request.system.name}: {flaw}")
    return found


def doubled_across_kinks(request: Request, start: SpecialPoint, cycle: Cycle, sizes: Array) -> Beginning:
    """Return two turns of a cycle beside a period doubling, cut at the switches of the equations."""
    found = across_kinks(request, *samples_of(cycle), np.zeros(sizes.size), sizes, (-1, 0))
    name = request.free[0]
    if found is None:
        raise ConvergenceError(f"{request.system.name}: the {start.sentence} does not pass switches of the equations")
    curve, place = two_turns(KinkedCurve, found[0].curve, found[1].orbit)
    return Beginning(curve, place, (1.0,), f"from the period doubling at {name} = {number(start[name], 8)}")
