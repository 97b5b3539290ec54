"""Orbits by collocation against closed forms, extended-precision references, dense algebra and scipy's integrators."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from dynana.models.conductance import (
    hodgkin_huxley,
    morris_lecar_hopf_textbook,
    morris_lecar_snic_textbook,
    wang_buzsaki,
)
from dynana.models.reduced import fitzhugh_nagumo
from dynana.models.textbook import van_der_pol
from dynana.numerics.closures import forced
from dynana.numerics.collocation import GRID, MODEL, SCALE, SCHEME, WORK, factorise
from dynana.numerics.collocation_newton import CONVERGED, STEPS
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations
from dynana.numerics.collocation_solves import back_substitute, renew, residual
from dynana.numerics.compilation import compiled
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import times
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.numerics.signatures import INDEX, REAL, ROW, TABLE
from tests.numerics.orbits import (
    derivative,
    driven,
    driven_jacobian,
    driven_parameters,
    driven_time,
    halves,
    landau_equations,
    leaky,
    leaky_jacobian,
    leaky_parameters,
    of_model,
    reset,
    reset_and_hold,
    settled,
)

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "cycles.json").read_text())["cases"]

CYCLES = {
    "hh.po.I10": (hodgkin_huxley.at(I=10.0), "I"),
    "ml.classI.po.I45": (morris_lecar_snic_textbook.at(I=45.0), "I"),
    "ml.classII.po.I100": (morris_lecar_hopf_textbook.at(I=100.0), "I"),
    "wb.po.I1": (wang_buzsaki.at(I=1.0), "I"),
    "fhn.po.I0.5": (fitzhugh_nagumo.at(I=0.5), "I"),
    "vdp.po.mu1": (van_der_pol.at(mu=1.0), "mu"),
}


def start_of(name: str) -> np.ndarray:
    value = REFERENCE[name]["value"]
    if name.startswith("vdp"):
        return np.array([0.0, float(value["y"])])
    if name.startswith("fhn"):
        return np.array([0.0, float(value["w"])])
    return np.array([float(x) for x in value.get("x_section", value.get("x"))])


@pytest.fixture(scope="module", params=list(CYCLES))
def cycle(request):
    system, active = CYCLES[request.param]
    equations = of_model(system, [active])
    period = float(REFERENCE[request.param]["value"]["period"])
    curve, orbit = settled(equations, start_of(request.param), period, intervals=120)
    return request.param, equations, curve, orbit


def test_period_against_extended_precision(cycle):
    name, _, _, orbit = cycle
    assert orbit.durations[0] == pytest.approx(float(REFERENCE[name]["value"]["period"]), rel=2e-11)


def test_orbit_passes_through_the_reference_point(cycle):
    name, equations, _, orbit = cycle
    x = orbit.split(orbit.z)[0][0]
    distance = (np.abs(x[:: orbit.stages + 1] - start_of(name)) / np.ptp(x, axis=0)).max(axis=1)
    # the reference lies between mesh points: integrate from the closest one to the section and compare there
    k = distance.argmin() * (orbit.stages + 1)
    value = start_of(name)[0]

    def section(t, y):
        return y[0] - value

    f = derivative(equations)
    for direction in (1.0, -1.0):
        section.direction = direction  # upward in time
        run = solve_ivp(
            f, (0, direction * 0.05 * orbit.durations[0]), x[k], method="DOP853", rtol=1e-12, atol=1e-13, events=section
        )
        if run.t_events[0].size:
            got = run.y_events[0][0]
            np.testing.assert_allclose(got, start_of(name), rtol=1e-8, atol=1e-9 * np.ptp(x, axis=0).max())
            return
    raise AssertionError("the section was not met")


def test_multipliers_against_extended_precision(cycle):
    name, _, curve, orbit = cycle
    value = REFERENCE[name]["value"]
    spectrum = curve.spectrum(curve.settle(orbit, adaptations=0).point, resolved=True)
    wanted = [float(m) for m in value["multipliers"]]
    np.testing.assert_allclose(spectrum.values.real[:3], wanted[:3], rtol=2e-8)
    assert (spectrum.phases == 0.0).all()
    assert spectrum.trivial_error < 1e-8
    assert spectrum.logarithms.sum() == pytest.approx(spectrum.trace, abs=1e-6)
    if len(wanted) > 3:
        assert spectrum.values.real[3] == pytest.approx(wanted[3], rel=1e-5)
        assert spectrum.trace == pytest.approx(float(value["integral_of_trace_J"]), abs=1e-6)


def test_eigenfunctions_solve_the_variational_equation(cycle):
    name, equations, curve, orbit = cycle
    orbit = curve.settle(orbit, adaptations=0).point
    x = orbit.split(orbit.z)[0][0]
    f = derivative(equations)
    along = np.array([f(0.0, y) for y in x])
    trivial = curve.eigenfunction(orbit, 1.0)
    k = np.unravel_index(np.abs(along / curve.sizes).argmax(), along.shape)
    np.testing.assert_allclose(
        trivial / trivial[k] / curve.sizes, along / along[k] / curve.sizes, atol=1e-5 * np.abs(1 / curve.sizes).max()
    )
    second = curve.spectrum(orbit).values[1]
    v = curve.eigenfunction(orbit, second)
    np.testing.assert_allclose(v[-1], second * v[0], rtol=1e-12)
    # against the flow: the perturbation of the start, carried on by the difference of two trajectories
    if name == "vdp.po.mu1":
        start, kick = x[0], 1e-4 * (v[0] / v[0].flat[np.abs(v[0]).argmax()]).real * np.abs(x).max()
        t = orbit.times()[: v.shape[0] // 3]
        runs = [
            solve_ivp(f, (0, t[-1]), start + side * kick, method="DOP853", rtol=1e-12, atol=1e-13, t_eval=t).y.T
            for side in (1.0, -1.0)
        ]
        carried = 0.5 * (runs[0] - runs[1])
        ratio = (kick / v[0]).real[np.abs(kick).argmax()]
        np.testing.assert_allclose(carried, (v[: t.size] * ratio).real, atol=1e-6 * np.abs(carried).max())
    assert curve.spectrum(orbit).period_doubling > 0.0


def test_orbit_against_independent_shooting(cycle):
    name, equations, _, orbit = cycle
    if name not in ("ml.classII.po.I100", "vdp.po.mu1", "wb.po.I1"):
        pytest.skip("three are enough")
    x = orbit.split(orbit.z)[0][0]
    t = orbit.times()
    run = solve_ivp(derivative(equations), (0, t[-1]), x[0], method="DOP853", rtol=1e-12, atol=1e-13, t_eval=t)
    size = np.ptp(x, axis=0)
    assert (np.abs(run.y.T - x) / size).max() < 1e-7
    assert (np.abs(run.y.T - x) / size)[:: orbit.stages + 1].max() < 1e-8


# closed forms


@pytest.mark.parametrize("stages", [2, 4, 7])
def test_circle(stages):
    curve, orbit = settled(landau_equations(mu=2.0), np.array([math.sqrt(2.0), 0.0]), math.pi, 40, stages)
    assert orbit.durations[0] == pytest.approx(2 * math.pi / 2.0, rel=1e-5 if stages == 2 else 1e-11)
    x = orbit.split(orbit.z)[0][0]
    np.testing.assert_allclose(np.hypot(*x.T), math.sqrt(2.0), rtol=1e-4 if stages == 2 else 1e-8)
    values = curve.spectrum(orbit).values.real
    np.testing.assert_allclose(values, [1.0, math.exp(-4.0 * orbit.durations[0])], rtol=1e-3 if stages == 2 else 1e-8)


def driven_equations() -> OrbitEquations:
    return OrbitEquations(
        rhs=driven, jacobian=driven_jacobian, parameter_jacobian=driven_parameters, time_derivative=driven_time,
        closure=forced, conditions=2, p=np.array([1.0]), active=[0], free=np.ones((1, 1)), phase=False,
        data=np.array([0.0, 2 * math.pi, 0.0, 0.0]),
    )  # fmt: skip


def driven_errors(stages: int, intervals: int) -> tuple[float, float]:
    """Errors at mesh points and inside intervals of a uniform mesh."""
    curve = OrbitCurve(driven_equations(), np.ones(1), np.ones(1), stages)
    s = np.linspace(0.0, 1.0, 33)
    guess = curve.guess([(s, np.zeros((33, 1)))], [2 * math.pi], [intervals])  # nothing moves: a uniform mesh
    orbit = curve.settle(guess, adaptations=0).point
    assert orbit is not None
    x, t = orbit.split(orbit.z)[0][0][:, 0], orbit.times()
    error = np.abs(x - 0.5 * (np.cos(t) + np.sin(t)))
    mesh = np.zeros(x.size, bool)
    mesh[:: stages + 1] = True
    return error[mesh].max(), error[~mesh].max()


@pytest.mark.parametrize(("stages", "coarse"), [(2, 16), (3, 8), (4, 4), (5, 3)])
def test_superconvergence(stages, coarse):
    rough, fine = driven_errors(stages, coarse * 2), driven_errors(stages, coarse * 4)
    at_mesh, inside = np.log2(np.array(rough) / np.array(fine))
    assert at_mesh == pytest.approx(2 * stages, abs=0.2)
    assert inside == pytest.approx(stages + 1, abs=0.2)


def test_derivative_with_respect_to_time_enters_the_jacobian():
    # quadratic convergence is lost if it does not
    curve = OrbitCurve(driven_equations(), np.ones(1), np.ones(1))
    s = np.linspace(0.0, 1.0, 33)
    guess = curve.guess([(s, np.zeros((33, 1)))], [6.0], [12])
    found = curve.settle(guess, adaptations=0)
    assert found.converged and found.point.report[STEPS] <= 5
    assert found.point.durations[0] == pytest.approx(2 * math.pi, rel=1e-14)


def leaky_equations(closure, conditions: int, segments: int) -> OrbitEquations:
    free = np.ones((segments, 1))
    free[1:] = 0.0
    return OrbitEquations(
        rhs=leaky, jacobian=leaky_jacobian, parameter_jacobian=leaky_parameters, closure=closure, conditions=conditions,
        p=np.array([20.0, 18.0, 15.0, -5.0, 3.0]), active=[1], free=free, phase=False, data=np.zeros(0),
    )  # fmt: skip


def test_integrate_and_fire_with_reset():
    curve = OrbitCurve(leaky_equations(reset, 2, 1), np.ones(1), np.ones(1))
    s = np.linspace(0.0, 1.0, 20)
    orbit = curve.settle(curve.guess([(s, (-5 + 20 * s)[:, None])], [30.0], [10])).point
    assert orbit.durations[0] == pytest.approx(20 * math.log(23 / 3), rel=1e-11)
    assert curve.spectrum(orbit).values[0] == pytest.approx(math.exp(-orbit.durations[0] / 20), rel=1e-10)
    step = curve.advance(orbit, 0.05)
    current = step.point.parameters[0]
    assert step.converged and current != pytest.approx(18.0, abs=1e-3)
    assert step.point.durations[0] == pytest.approx(20 * math.log((current + 5) / (current - 15)), rel=1e-10)


def test_two_segments_one_of_them_held():
    curve = OrbitCurve(leaky_equations(reset_and_hold, 4, 2), np.ones(1), np.ones(1))
    s = np.linspace(0.0, 1.0, 20)
    guess = curve.guess([(s, (-5 + 20 * s)[:, None]), (s, np.full((20, 1), -5.0))], [30.0, 2.0], [10, 3])
    orbit = curve.settle(guess).point
    np.testing.assert_allclose(orbit.durations, [20 * math.log(23 / 3), 3.0], rtol=1e-10)
    (first, _), (second, _) = orbit.split(orbit.z)
    assert first[-1, 0] == pytest.approx(15.0) and np.ptp(second) < 1e-12
    # the reset forgets everything: the saltation matrix f(V_reset) / f(V_th) does not apply to a held segment
    spectrum = curve.spectrum(orbit, joins=np.array([[[0.0]], [[1.0]]]))
    assert spectrum.logarithms[0] == -np.inf and spectrum.values[0] == 0.0


def test_two_segments_of_a_smooth_orbit_are_one():
    single, orbit = settled(of_model(van_der_pol.at(mu=1.0), ["mu"]), np.array([2.0, 0.0]), 6.66, 60)
    equations = of_model(
        van_der_pol.at(mu=1.0), ["mu"], closure=halves, conditions=5, free=np.ones((2, 2)), data=np.array([0, 0, 0.3])
    )
    curve = OrbitCurve(equations, np.ones(2), np.ones(1))
    t, x = orbit.times() / orbit.durations[0], orbit.split(orbit.z)[0][0]
    early = t <= 0.3
    s, first = t[early] / 0.3, x[early]
    cut = np.array([np.interp(0.3, t, x[:, c]) for c in range(2)])
    s, first = np.append(s, 1.0), np.vstack((first, cut))
    rest, second = np.append(0.0, (t[~early] - 0.3) / 0.7), np.vstack((cut, x[~early]))
    found = curve.settle(curve.guess([(s, first), (rest, second)], [2.0, 4.66], [30, 50])).point
    assert found.durations.sum() == pytest.approx(6.6632868593231301897, rel=1e-10)
    np.testing.assert_allclose(found.durations[0] / found.durations.sum(), 0.3, rtol=1e-12)
    np.testing.assert_allclose(curve.spectrum(found).values.real, [1.0, 0.00085969506360380518612], rtol=1e-7)


# the algebra


@compiled(INDEX(ROW, MODEL, GRID, SCHEME, SCALE, TABLE, ROW, WORK, ROW, ROW, REAL, ROW, ROW))
def run(z, model, grid, scheme, scale, gradients, targets, work, right, outer, constant, added, out):
    """Factorise, then solve: for the residuals where `right` is nan, else for a right-hand side."""
    sign = factorise(z, model, grid, scheme, scale, gradients, targets, work)[0]
    if not np.isnan(right[0]):
        renew(right, outer, grid, scheme, scale, gradients, work)
    back_substitute(constant, added, grid, scheme, scale, targets.size, work, out)
    return sign


@compiled(INDEX(ROW, MODEL, GRID, SCHEME, TABLE, ROW, ROW, ROW))
def equations_at(z, model, grid, scheme, gradients, targets, out, outer):
    residual(z, model, grid, scheme, gradients, targets, out, outer)
    return 0


@pytest.fixture(params=["one segment", "two segments"])
def system(request):
    """A curve with full gradients, a point off the curve, and a dense Jacobian by differences."""
    rng = np.random.default_rng(5)
    if request.param == "one segment":
        equations, parts, durations, counts = landau_equations(active=(0, 2)), 1, [3.0], [3]
    else:
        base = landau_equations(active=(0, 2))
        options = {name: getattr(base, name) for name in ("rhs", "jacobian", "parameter_jacobian", "p", "active")}
        equations = OrbitEquations(
            **options, closure=halves, conditions=5, free=np.array([[1.0, 1.0], [1.0, 0.0]]), phase=True,
            data=np.array([0.0, 0.0, 0.4]),
        )  # fmt: skip
        parts, durations, counts = 2, [3.0, 2.0], [3, 1]
    curve = OrbitCurve(equations, np.array([0.5, 20.0]), np.array([3.0, 0.1]), 3, held=(0,))
    s = np.linspace(0, 1, 12)
    orbit = curve.guess([(s, rng.normal(size=(12, 2))) for _ in range(parts)], durations, counts)
    curve._install(orbit)
    curve._gradients[:] = rng.normal(size=curve._gradients.shape)
    curve._targets[:] = rng.normal(size=curve._targets.shape)
    return curve, orbit


def dense_residual(curve: OrbitCurve, orbit: Orbit, z: np.ndarray) -> np.ndarray:
    out, outer = np.zeros(z.size), np.zeros(curve.equations.conditions + curve.equations.rows)
    equations_at(z, curve._model, curve._grid, curve._scheme, curve._gradients, curve._targets, out, outer)
    return np.concatenate((out[equation_places(orbit)], outer))


def equation_places(orbit: Orbit) -> np.ndarray:
    """Places in the vector of unknowns where right-hand sides stand: all points but the first of each segment."""
    places, point = [], 0
    for count in orbit.counts:
        size = count * (orbit.stages + 1) + 1
        places.append(np.arange((point + 1) * orbit.n, (point + size) * orbit.n))
        point += size
    return np.concatenate(places)


def dense_jacobian(curve: OrbitCurve, orbit: Orbit) -> np.ndarray:
    step = 1e-6
    columns = []
    for k in range(orbit.z.size):
        up, down = orbit.z.copy(), orbit.z.copy()
        up[k] += step
        down[k] -= step
        columns.append((dense_residual(curve, orbit, up) - dense_residual(curve, orbit, down)) / (2 * step))
    return np.array(columns).T


def test_newton_correction_is_that_of_the_dense_system(system):
    curve, orbit = system
    out, nothing = np.zeros(orbit.z.size), np.zeros(curve.equations.conditions + curve.equations.rows)
    args = (curve._model, curve._grid, curve._scheme, curve._scale, curve._gradients, curve._targets, curve._work)
    run(orbit.z, *args, np.full(orbit.z.size, np.nan), nothing, 1.0, nothing, out)
    wanted = np.linalg.solve(dense_jacobian(curve, orbit), -dense_residual(curve, orbit, orbit.z))
    np.testing.assert_allclose(out, wanted, rtol=1e-6, atol=1e-7 * np.abs(wanted).max())


def test_what_is_not_a_number_does_not_stay_in_the_workspace(system):
    curve, orbit = system
    out, nothing = np.zeros(orbit.z.size), np.zeros(curve.equations.conditions + curve.equations.rows)
    args = (curve._model, curve._grid, curve._scheme, curve._scale, curve._gradients, curve._targets, curve._work)
    residuals, wrong = np.full(orbit.z.size, np.nan), np.full(nothing.size, np.nan)
    run(orbit.z, *args, residuals, nothing, 1.0, nothing, out)
    wanted = out.copy()
    run(orbit.z, *args, np.concatenate(([0.0], residuals[1:])), wrong, 1.0, nothing, out)
    assert np.isnan(out).any()
    run(orbit.z, *args, residuals, nothing, 1.0, nothing, out)
    np.testing.assert_array_equal(out, wanted)


def test_any_right_hand_side(system):
    curve, orbit = system
    rng = np.random.default_rng(6)
    size = curve.equations.conditions + curve.equations.rows
    right, outer, added, out = rng.normal(size=orbit.z.size), rng.normal(size=size), rng.normal(size=size), orbit.z * 0
    args = (curve._model, curve._grid, curve._scheme, curve._scale, curve._gradients, curve._targets, curve._work)
    sign = run(orbit.z, *args, right, outer, 2.0, added, out)
    matrix = dense_jacobian(curve, orbit)
    wanted = np.linalg.solve(matrix, np.concatenate((2.0 * right[equation_places(orbit)], 2.0 * outer + added)))
    np.testing.assert_allclose(out, wanted, rtol=1e-6, atol=1e-7 * np.abs(wanted).max())
    # turning a full row around turns the sign of the determinant, and nothing else does
    curve._gradients[0] *= -1.0
    assert run(orbit.z, *args, right, outer, 2.0, added, out) == -sign != 0


# curves and failures


def test_fixed_period_while_two_parameters_vary():
    equations = landau_equations(active=(1, 2))
    curve, orbit = settled(equations, np.array([1.0, 0.0]), 2 * math.pi / 1.5, 20, held=(0,))
    for _ in range(5):
        orbit = curve.advance(orbit, 0.1).point
    omega, b = orbit.parameters
    assert abs(b - 0.5) > 0.05
    assert orbit.durations[0] == pytest.approx(2 * math.pi / 1.5, rel=1e-10)
    assert omega + b == pytest.approx(1.5, rel=1e-8)


def test_not_a_number_is_told_not_raised():
    curve = OrbitCurve(landau_equations(), np.ones(2), np.ones(1))
    s = np.linspace(0, 1, 10)
    found = curve.settle(curve.guess([(s, np.full((10, 2), 1e200))], [1.0], [5]))
    assert not found.converged and found.point is None and found.code != CONVERGED


def test_too_few_unknowns_are_refused():
    with pytest.raises(ValueError, match="held quantities"):
        OrbitCurve(landau_equations(active=(0, 1)), np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="2 to 7"):
        gauss_scheme(8)
    with pytest.raises(ValueError, match="no freedom"):
        landau_equations(active=())


def test_mesh_points_are_ordered_in_time():
    scheme = gauss_scheme(3)
    t = times(np.array([0.2, 0.5, 0.3]), scheme)
    assert t[0] == 0.0 and t[-1] == 1.0 and (np.diff(t) > 0).all()


@pytest.mark.slow
def test_without_compilation():
    code = (
        "import numpy as np, math\n"
        "from tests.numerics.orbits import landau_equations, settled\n"
        "curve, orbit = settled(landau_equations(), np.array([1.0, 0.0]), 4.19, 5, 3)\n"
        "print(repr(float(orbit.durations[0])), *curve.spectrum(orbit, resolved=True).values.real)\n"
    )
    printed = []
    for disabled in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"NUMBA_DISABLE_JIT": disabled}, capture_output=True,
            text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        printed.append([float(x) for x in done.stdout.split()])
    np.testing.assert_allclose(printed[1], printed[0], rtol=1e-9)
