"""Equations and parameters of the library against equations written elsewhere, and against landmarks known to hold."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import brentq, fsolve

import dynana as dn
from dynana.models import integrate_and_fire
from tests.models import oracle

REFERENCE = Path(__file__).parents[1] / "reference"
EQUATIONS = json.loads((REFERENCE / "model_equations.json").read_text())["systems"]
LANDMARKS = json.loads((REFERENCE / "landmarks.json").read_text())

#: Two formulas for the same derivative, both in double precision; relative to the largest derivative of the model.
SAME = 1e-11
#: Printed digits of a landmark: half a unit of the last one, and the Brent tolerance of `landmarks`.
LAST_DIGIT, BRENT = 0.51, 1e-9
#: Newton steps along an equilibrium curve; models that are linear in the two unknowns need one.
NEWTON = 50


def derivative(system, **values):
    """Return the compiled right-hand side as a function of the state."""
    kernels = dn.lower(system.at(**values))
    out, p = np.empty(kernels.n), kernels.p

    def field(y):
        kernels.rhs(0.0, np.array(y, dtype=float), p, out)
        return out.copy()

    return field


def random_states(system, count=50, seed=5):
    random = np.random.default_rng(seed)
    low, high = np.array([system.ranges[name] for name in system.states]).T
    return random.uniform(low, high, (count, len(system.states)))


@pytest.mark.parametrize("reference", EQUATIONS, ids=lambda r: r["model"])
def test_same_equations_as_those_given_to_other_software(reference):
    system = getattr(dn.models, reference["model"])
    names = {name: reference["names"].get(name, name) for name in (*reference["states"], *reference["parameters"])}
    values = {names[k]: float(sp.Rational(str(v))) for k, v in reference["parameters"].items()}
    assert set(values) <= set(system.parameters)
    changed = {k for k, v in values.items() if not math.isclose(system.values[k], v)}
    assert changed <= {"I", "I_e", "B", "rho", "a", "b", "mu_0"}, (
        "the set differs in more than the parameter that was continued"
    )
    symbols = [sp.Symbol(name) for name in reference["states"]]
    local = {name: sp.Symbol(name) for name in names} | {"xe": lambda x: x / (1 - sp.exp(-x))}
    written = [sp.parse_expr(e, local_dict=local) for e in reference["equations"]]
    constants = {local[k]: sp.Rational(str(v)) for k, v in reference["parameters"].items()}
    function = sp.lambdify(symbols, [e.subs(constants) for e in written], "numpy")
    assert [names[s] for s in reference["states"]] == list(system.states)
    ours = derivative(system, **values)
    for y in random_states(system):
        expected = np.array(function(*y), dtype=float)
        assert np.allclose(ours(y), expected, rtol=0, atol=SAME * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("reference", EQUATIONS, ids=lambda r: r["model"])
def test_their_bifurcation_points_are_equilibria_here(reference):
    system = getattr(dn.models, reference["model"])
    names = reference["names"]
    for point in reference["equilibrium_points"]:
        values = {
            names.get(k, k): float(sp.Rational(str(v)))
            for k, v in {**reference["parameters"], **point["parameters"]}.items()
        }
        y = np.array([point["state"][s] for s in reference["states"]])
        kernels = dn.lower(system.at(**values))
        jacobian = np.empty((y.size, y.size))
        kernels.jacobian(0.0, y, kernels.p, jacobian)
        size = np.abs(jacobian).max() * max(1.0, np.abs(y).max())
        assert np.abs(derivative(system, **values)(y)).max() < 1e-12 * size  # the states are printed to 15 digits
        eigenvalues = np.linalg.eigvals(jacobian)
        critical = eigenvalues[np.argmin(np.abs(eigenvalues.real))]
        assert abs(critical.real) < 1e-7 * np.abs(eigenvalues).max()
        if point["type"] == "HB":
            assert 2 * np.pi / abs(critical.imag) == pytest.approx(point["hopf_period"], rel=1e-9)
        else:
            assert critical.imag == 0


def beta_cell(v, m, h, n, ca):
    """Chay and Keizer's file, as XPPAUT reads it."""
    w, z, phi = v + 50, v + 30, 3 ** ((20 - 6.3) / 10)
    i_ca = 6.5 * m**3 * h * (100 - v)
    outward = 12 * n**4 * (-75 - v) + 0.09 * ca / (ca + 1) * (-75 - v)
    return [
        2 * i_ca + outward + 0.04 * (-40 - v),
        phi * (-0.1 * (w - 25) / (math.exp(-(w - 25) / 10) - 1) * (1 - m) - 4 * math.exp(-w / 18) * m),
        phi * (0.07 * math.exp(-w / 20) * (1 - h) - h / (math.exp(-(w - 30) / 10) + 1)),
        phi * (-0.01 * (z - 10) / (math.exp(-(z - 10) / 10) - 1) * (1 - n) - 0.125 * math.exp(-z / 80) * n),
        0.004 * (3 / (8.9e-4 * 96487) * i_ca - 0.04 * ca),
    ]


def measured_beta_cell(v, n, ca):
    """Sherman, Rinzel and Keizer's file, as XPPAUT reads it."""

    def gate(at, slope):
        return 1 / (1 + math.exp((at - v) / slope))

    i_ca = 1400 * gate(4, 14) * gate(-10, -10) * (v - 110)
    tau = 60 / (math.exp((v + 75) / 65) + math.exp((-75 - v) / 20))
    dv = (-i_ca + 2500 * n * (-75 - v) + 30000 * ca / (100 + ca) * (-75 - v)) / 5309.3
    return [dv, 1.6 * (gate(-15, 5.6) - n) / tau, 0.001 * (-4.506e-6 * i_ca - 0.03 * ca)]


def calcium_burster(v, w, ca):
    """Morris and Lecar's equations with slow calcium in units of Ca_0."""
    i_ca = 4 * 0.5 * (1 + math.tanh((v + 1.2) / 18)) * (v - 120)
    dv = (45 - 2 * (v + 60) - 8 * w * (v + 84) - i_ca - 0.25 * ca / (ca + 1) * (v + 84)) / 20
    dw = 0.23 * (0.5 * (1 + math.tanh((v - 12) / 17.4)) - w) * math.cosh((v - 12) / 34.8)
    return [dv, dw, 0.005 * (-0.02 * i_ca - ca)]


WRITTEN_TWICE = {
    "hodgkin_huxley": (lambda y: oracle.hodgkin_huxley(0, y, {"I": 7.0}), {"I": 7.0}),
    "wang_buzsaki": (lambda y: oracle.wang_buzsaki(0, y, {"I": 1.5}), {"I": 1.5}),
    "traub_miles": (lambda y: oracle.traub_miles(0, y, {"I": 300.0}), {"I": 300.0}),
    "pinsky_rinzel": (lambda y: oracle.pinsky_rinzel(0, y, {"I_s": 0.75}), {"I_s": 0.75}),
    "generalized_if": (lambda y: oracle.generalized_if(0, y, {"a": 0.005}, 1.5), {"a": 0.005, "I": 1.5}),
    "izhikevich": (lambda y: oracle.izhikevich(0, y, {"a": 0.02, "b": 0.2}, 10.0), {"I": 10.0}),
    "izhikevich_class_1": (lambda y: oracle.izhikevich(0, y, {"a": 0.02, "b": -0.1}, 10.0, "class_1"), {"I": 10.0}),
    "izhikevich_accommodation": (
        lambda y: oracle.izhikevich(0, y, {"a": 0.02, "b": 1.0}, 10.0, "accommodation"),
        {"I": 10.0},
    ),
    "montbrio_pazo_roxin": (
        lambda y: [1 / math.pi + 2 * y[0] * y[1], y[1] ** 2 - 5 + 15 * y[0] - (math.pi * y[0]) ** 2],
        {},
    ),
    "rossler": (lambda y: [-y[1] - y[2], y[0] + 0.2 * y[1], 0.2 + y[2] * (y[0] - 5.7)], {}),
    "van_der_pol": (lambda y: [y[1], 5 * (1 - y[0] ** 2) * y[1] - y[0]], {"mu": 5.0}),
    "van_der_pol_canard": (lambda y: [(y[1] - y[0] ** 3 / 3 + y[0]) / 0.05, 0.99 - y[0]], {}),
    "chay_keizer": (lambda y: beta_cell(*y), {}),
    "sherman_rinzel_keizer": (lambda y: measured_beta_cell(*y), {}),
    "morris_lecar_bursting": (lambda y: calcium_burster(*y), {"Ca_0": 1.0, "mu": 0.02}),
    "theta": (lambda y: [1 - math.cos(y[0]) + (1 + math.cos(y[0])) * 0.1], {}),
}


@pytest.mark.parametrize("name", WRITTEN_TWICE)
def test_same_derivative_as_a_second_writing_in_numpy(name):
    system = getattr(dn.models, name)
    second, values = WRITTEN_TWICE[name]
    ours = derivative(system, **values)
    for y in random_states(system):
        expected = np.array(second(y))
        assert np.allclose(ours(y), expected, rtol=0, atol=SAME * max(1, np.abs(expected).max())), y


def test_stuart_landau_is_the_complex_equation():
    ours = derivative(dn.models.stuart_landau, mu=0.7, omega=1.3, alpha=0.4)
    for x, y in random_states(dn.models.stuart_landau):
        z = complex(x, y)
        expected = (0.7 + 1.3j) * z - (1 + 0.4j) * abs(z) ** 2 * z
        assert complex(*ours((x, y))) == pytest.approx(expected, rel=1e-13)


def test_gates_start_at_their_steady_state():
    start = dn.models.hodgkin_huxley.initial
    rates = {
        "m": (oracle.linoid(-2.5), 4.0),
        "h": (0.07, 1 / (1 + math.exp(3))),
        "n": (0.1 * oracle.linoid(-1.0), 0.125),
    }
    for gate, (opening, closing) in rates.items():
        assert start[gate] == pytest.approx(opening / (opening + closing), rel=1e-14)
    start = dn.models.pinsky_rinzel.initial
    assert list(start.values()) == pytest.approx(oracle.pinsky_rinzel_start(), rel=1e-13)


def test_conductance_form_of_adex_is_the_same_equation():
    values = {"C": 281.0, "g_L": 30.0, "E_L": -70.6, "V_T": -50.4, "Delta_T": 2.0, "a": 4.0, "tau_w": 144.0}
    system = integrate_and_fire.adex_from_conductance(**values, b=80.5, V_reset=-70.6, V_peak=20.0, I=700.0)
    ours = derivative(system)
    for V, w in np.random.default_rng(3).uniform((-80, -50), (-35, 300), (50, 2)):
        expected = oracle.adex(0, (V, w), values, 700.0)
        assert ours((V, w)) == pytest.approx(expected, rel=1e-11, abs=1e-11)
    assert system.initial == {"V": -70.6, "w": 0.0}


def equilibrium_curve(system, parameter):
    """Return a function of the first state that gives the parameter and the Jacobian on the equilibrium curve."""
    kernels = dn.lower(system)
    place, p = system.parameters.index(parameter), kernels.p
    out, jacobian, by_parameters = np.empty(2), np.empty((2, 2)), np.empty((2, p.size))
    known = {None: np.array([system.initial[system.states[1]], p[place]])}

    def at(x):
        guess = known[min((k for k in known if k is not None), key=lambda k: abs(k - x), default=None)].copy()
        for _ in range(NEWTON):
            p[place] = guess[1]
            y = np.array([x, guess[0]])
            kernels.rhs(0.0, y, p, out)
            kernels.jacobian(0.0, y, p, jacobian)
            kernels.parameter_jacobian(0.0, y, p, by_parameters)
            step = np.linalg.solve(np.column_stack([jacobian[:, 1], by_parameters[:, place]]), out)
            guess[:] -= step
            if np.all(np.abs(step) <= 1e-14 * np.maximum(1, np.abs(guess))):
                break
        assert np.all(np.abs(step) <= 1e-9 * np.maximum(1, np.abs(guess)))
        known[x] = guess
        return guess[1], jacobian.copy()

    return at


def landmarks(system, parameter, interval):
    """Return every fold and Hopf point on the equilibrium curve over an interval of the first state."""
    grid = np.linspace(*interval, 800)  # no landmark on a grid point, where a sign change would count twice
    curve = equilibrium_curve(system, parameter)
    matrices = [curve(x)[1] for x in grid]
    found = []
    for kind, test in (("LP", np.linalg.det), ("HB", np.trace)):
        values = [test(m) for m in matrices]
        for k in np.flatnonzero(np.sign(values[:-1]) != np.sign(values[1:])):
            x = brentq(lambda x, test=test: test(curve(x)[1]), grid[k], grid[k + 1], xtol=1e-13)
            at, jacobian = curve(x)
            if kind == "LP" or np.linalg.det(jacobian) > 0:  # otherwise a neutral saddle
                found.append((kind, x, at))
    return found


@pytest.mark.parametrize(
    "case", LANDMARKS["sets"], ids=lambda c: " ".join([c["model"], *map(str, c["values"].values())])
)
def test_folds_and_hopf_points_lie_where_they_should(case):
    system = getattr(dn.models, case["model"]).at(**case["values"])
    found = landmarks(system, case["parameter"], case["range"])
    assert sorted(kind for kind, _, _ in found) == sorted(p["type"] for p in case["points"])
    for point in case["points"]:
        x, at = min(
            ((x, at) for kind, x, at in found if kind == point["type"]), key=lambda f: abs(f[1] - float(point["at"]))
        )
        for ours, printed in ((at, point["at"]), (x, point.get("V"))):
            if printed is not None:
                digits = len(printed.partition(".")[2])
                assert ours == pytest.approx(float(printed), abs=LAST_DIGIT * 10.0**-digits + BRENT)


@pytest.mark.parametrize("name", ["wong_wang", "wong_wang_reduced"])
def test_pitchforks_of_the_decision_model(name):
    kernels = dn.lower(getattr(dn.models, name))
    place, p, out, jacobian = kernels.parameters.index("mu_0"), kernels.p, np.empty(2), np.empty((2, 2))

    def residual(unknown):
        """Equilibrium on the diagonal, and a zero eigenvalue across it."""
        y = np.array([unknown[0], unknown[0]])
        p[place] = unknown[1]
        kernels.rhs(0.0, y, p, out)
        kernels.jacobian(0.0, y, p, jacobian)
        return [out[0], jacobian[0, 0] - jacobian[0, 1]]

    for point in LANDMARKS["pitchforks"][name]:
        S, mu = fsolve(residual, (float(point["S"]), float(point["at"])), xtol=1e-13)
        for ours, printed in ((mu, point["at"]), (S, point["S"])):
            digits = len(printed.partition(".")[2])
            assert ours == pytest.approx(float(printed), abs=LAST_DIGIT * 10.0**-digits + BRENT)
