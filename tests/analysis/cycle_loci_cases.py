"""Systems whose cycles and multipliers are known in closed form, and special points of cycles to start from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.analysis.cycle_orbits import cycle_equations, cycle_of
from dynana.lowering.spiking import is_forced
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.results.cycle import Cycle
from dynana.results.special_points import CODES, SpecialPoint

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "cycle_loci.json").read_text())


@dn.model
def cusp_of_cycles(x=1.0, y=0.0, *, mu=0.05, a=1.0, twist=0.3):
    """r' = r g(r^2), g(R) = mu + a (R - 1) - (R - 1)^3, phi' = 1 + twist R: folds of cycles where 27 mu^2 = 4 a^3."""
    s = x * x + y * y - 1
    g = mu + a * s - s**3
    w = 1 + twist * (s + 1)
    dx = g * x - w * y
    dy = g * y + w * x
    return dx, dy


@dn.model
def bautin_of_cycles(x=0.5, y=0.0, *, mu=-0.05, a=0.5, twist=0.3):
    """r' = r (mu + a R - R^2), R = r^2, phi' = 1 + twist R: folds of cycles at R = a/2, mu = -a^2/4, until a = 0."""
    s = x * x + y * y
    g = mu + a * s - s * s
    w = 1 + twist * s
    dx = g * x - w * y
    dy = g * y + w * x
    return dx, dy


@dn.model
def turning_perturbations(x=1.0, y=0.0, u=0.0, w=0.0, *, mu=0.0, omega=0.3):
    """r' = r (1 - r^2), phi' = 1; (u, w) turns with omega and grows with mu - omega^2: multipliers of the unit cycle.

    exp(2 pi (mu - omega^2 +- i omega)): torus points where mu = omega^2, resonances where omega = 1/2, 1/3, 1/4, 0.
    """
    g = 1 - x * x - y * y
    s = mu - omega * omega - u * u - w * w
    dx = g * x - y
    dy = g * y + x
    du = s * u - omega * w
    dw = s * w + omega * u
    return dx, dy, du, dw


@dn.model
def half_turns(x=1.0, y=0.0, u=0.0, w=0.0, *, alpha=0.0, d=-0.2):
    """r' = r (1 - r^2), phi' = 1; in axes that turn by half a turn in a period, (u, w)' = ((a, 1), (-d, a)) (u, w).

    a = alpha - d^2. Multipliers of the unit cycle: -exp(2 pi (a +- sqrt(-d))). Period doublings where d = -a^2, torus
    points where a = 0 < d, both until 1:2 at a = d = 0.
    """
    g = 1 - x * x - y * y
    a = alpha - d * d
    f = (1 - d) / 2
    turn = -d / 2
    dx = g * x - y
    dy = g * y + x
    du = (a - f * y) * u + (f * x - turn) * w
    dw = (a + f * y) * w + (f * x + turn) * u
    return dx, dy, du, dw


@dn.model
def driven_cusp(t, x=0.0, s=0.0, *, p=0.0, q=1.0):
    """x' = -x + cos t drives s = x + z, z' = p + q z - z^3: z rests, and 27 p^2 = 4 q^3 at its folds."""
    z = s - x
    dx = -x + dn.cos(t)
    ds = dx + p + q * z - z**3
    return dx, ds


def special(system: dn.System, kind: str, cycle: Cycle) -> SpecialPoint:
    """A special point of cycles, as continue_cycles returns it."""
    return SpecialPoint(
        kind=kind,
        code=CODES[kind],
        system=system.name,
        fingerprint=system.fingerprint,
        states=system.states,
        point=cycle.points[0],
        parameters=cycle.parameters,
        free=(system.parameters[0],),
        residual=0.0,
        interval=(0.0, 0.0),
        converged=True,
        eigenvalues=cycle.multipliers,
        period=cycle.period,
        cycle=cycle,
    )


def cycle_near(
    system: dn.System, start: np.ndarray, period: float, intervals: int = 20, *, adjusted: bool = True
) -> Cycle:
    """The cycle near a trajectory that is almost closed: of the given period, the first parameter being adjusted."""
    forcing = [period, 0.0, 0.0] if is_forced(system) else None
    equations = cycle_equations(system, system.parameters[:1], forcing=forcing)
    kernels = dn.lower(system)

    def f(t, y):
        out = np.empty(y.size)
        kernels.rhs(t, np.ascontiguousarray(y), kernels.p, out)
        return out

    path = solve_ivp(f, (0, period), start, rtol=1e-9, atol=1e-11, dense_output=True)
    s = np.linspace(0.0, 1.0, 20 * intervals)
    curve = OrbitCurve(equations, 1e-3 * np.ptp(path.y, axis=1) + 1e-6, np.ones(1), 4)
    found = curve.settle(curve.guess([(s, path.sol(s * period).T)], [period], [intervals]), fixed=int(not adjusted))
    assert found.point is not None, found.code
    spectrum = curve.spectrum(found.point, resolved=True)
    return cycle_of(system, system.parameters[:1], curve, found.point, spectrum)
