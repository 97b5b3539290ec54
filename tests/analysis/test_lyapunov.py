"""Lyapunov exponents against closed forms, determinants of flow maps from perturbed runs, and independent numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.definition.tracing import TIME
from dynana.models import adex, hindmarsh_rose, lif, lorenz

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "lyapunov.json").read_text(encoding="utf-8"))
CASES = REFERENCE["cases"]

X = sp.symbols("x", real=True)
NOISY = dn.System({X: -X}, initial={X: 0.0}, noise=[dn.Noise({X: 1})], name="noisy")

CERTAIN = 3.0
"""Standard errors, both added, within which two estimates of one exponent must agree."""

DIFFERENCE = 1e-6
"""Perturbation for central differences of flow maps: their error, 1e-12 and rounding over 1e-6, is below 1e-5."""


def reference(case: str) -> tuple[np.ndarray, np.ndarray]:
    value = CASES[case]["value"]
    return np.array(value["LE"], dtype=float), np.array(value.get("stderr", [0.0] * len(value["LE"])), dtype=float)


def linear(matrix: np.ndarray) -> dn.System:
    x = sp.symbols(f"x0:{len(matrix)}", real=True)
    rows = sp.Matrix(matrix) * sp.Matrix(x)
    return dn.System(dict(zip(x, rows, strict=True)), initial=dict.fromkeys(x, 0.0), name="linear")


def log_determinant(system: dn.System, duration: float) -> float:
    """log |det| of the derivative of the flow map, from runs that start beside each other."""
    base = np.array(list(system.initial.values()))
    columns = []
    for k in range(base.size):
        ends = []
        for sign in (1, -1):
            start = base + sign * DIFFERENCE * np.eye(base.size)[k]
            run = dn.simulate(system, duration, start=start, rtol=1e-12, atol=1e-13)
            ends.append(run.y[-1])
        columns.append((ends[0] - ends[1]) / (2 * DIFFERENCE))
    return float(np.linalg.slogdet(np.array(columns))[1])


# smooth systems


def test_lorenz() -> None:
    spectrum = dn.lyapunov_exponents(lorenz, 10_000.0, dt=0.005)
    values, errors = reference("lorenz.le")
    assert np.all(np.abs(spectrum.exponents - values) <= CERTAIN * np.hypot(spectrum.errors, errors))
    assert spectrum.divergence == pytest.approx(-41 / 3, rel=1e-9)
    assert abs(spectrum.sum_error) < 1e-5  # of order 4 in dt: 1e-4 at dt = 0.01
    assert abs(spectrum.zero) < 1e-3
    assert spectrum.verdict == "chaos"
    assert spectrum.dimension == pytest.approx(2 + 0.905 / 14.5717, abs=3e-3)  # Kaplan and Yorke, by hand


def test_fewer_exponents_are_the_first_ones_and_adaptive_steps_agree() -> None:
    largest = dn.lyapunov_exponents(lorenz, 2_000.0, count=1)
    assert len(largest) == 1 and largest.method == "dop853"
    assert abs(largest.largest - 0.905) < CERTAIN * (largest.errors[0] + 9e-4)
    assert math.isnan(largest.dimension) and math.isnan(largest.sum_error)


@pytest.mark.slow
def test_hindmarsh_rose_in_three_hundred_thousand_units_of_time() -> None:
    spectrum = dn.lyapunov_exponents(hindmarsh_rose.at(I=3.25, r=0.006), 300_000.0, dt=0.02)
    values, errors = reference("hr.le")
    assert np.all(np.abs(spectrum.exponents - values) <= CERTAIN * np.hypot(spectrum.errors, errors) + 1e-5)
    assert spectrum.verdict == "chaos"


@pytest.mark.parametrize("options", [{"dt": 0.01}, {}])
def test_a_linear_system_has_the_real_parts_of_its_eigenvalues(options: dict[str, float]) -> None:
    turn = np.array([[-0.5, 2.0, 0.3], [-2.0, -0.5, 0.1], [0.0, 0.0, -3.0]])
    spectrum = dn.lyapunov_exponents(linear(turn), 60.0, **options)
    assert spectrum.exponents == pytest.approx([-0.5, -0.5, -3.0], abs=2e-3)
    assert spectrum.sum_error == pytest.approx(0.0, abs=1e-6)
    assert spectrum.verdict == "equilibrium" and spectrum.dimension == 0.0


def test_a_diagonal_system_gets_its_exponents_in_order() -> None:
    spectrum = dn.lyapunov_exponents(linear(np.diag([-2.0, 0.25, -1.0])), 200.0, transient=40.0, dt=0.01)
    assert spectrum.exponents == pytest.approx([0.25, -1.0, -2.0], abs=1e-8)
    assert spectrum.verdict == "chaos"  # it is not, but its exponent is positive: the orbit rests at an unstable point


def test_derivatives_that_jump_at_a_surface() -> None:
    x, y = sp.symbols("x y", real=True)
    # a limit cycle that crosses y = 0 where the field jumps, twice a turn, transversally
    switched = dn.System(
        {x: y, y: -x - 0.3 * y + sp.Rational(1, 2) * (1 + sp.sign(y)) / 2},
        initial={x: -1.0, y: 0.3},
        name="relay",
    )
    spectrum = dn.lyapunov_exponents(switched, 7.3, transient=0.0, blocks=1)
    assert 7.3 * spectrum.exponents.sum() == pytest.approx(log_determinant(switched, 7.3), abs=1e-5)
    assert spectrum.sum_error == pytest.approx(0.0, abs=1e-6)


# jumps


def test_tonic_lif_has_the_exponent_zero_and_the_sum_rule_holds() -> None:
    cell = lif.at(I=25.0, t_ref=0.0)
    spectrum = dn.lyapunov_exponents(cell, 2_000.0)
    assert abs(spectrum.largest) < 5.0 / 2_000.0  # the speed at the end over that at the beginning
    assert abs(spectrum.sum_error) < 1e-7
    v = cell.values
    speed = [-(V - v["V_rest"]) + v["R"] * v["I"] for V in (v["V_reset"], v["V_th"])]
    period = v["tau"] * math.log(speed[0] / speed[1])
    assert spectrum.events == pytest.approx(2_000.0 / period, abs=1.0)
    # mean divergence -1/tau; each spike multiplies by the ratio of the speeds after and before it
    expected = -1 / v["tau"] + math.log(speed[0] / speed[1]) / period
    assert expected == pytest.approx(0.0, abs=1e-12)
    assert abs(spectrum.divergence) < 5.0 / 2_000.0


def test_inhibitory_network_of_three_cells() -> None:
    case = CASES["lifnet.N3.le"]
    drive, weight = [float(i) for i in case["params"]["I"]], float(case["params"]["J"])
    V = sp.symbols("V0:3", real=True)
    spikes = [
        dn.Jump(when=V[i] > 1, to={V[j]: 0 if j == i else V[j] + weight for j in range(3)}, name=f"spike{i}")
        for i in range(3)
    ]
    start = dict(zip(V, (0.1, 0.3, 0.6), strict=True))
    net = dn.System({V[i]: drive[i] - V[i] for i in range(3)}, initial=start, jumps=spikes, name="net")
    spectrum = dn.lyapunov_exponents(net, 5_000.0)
    values, _ = reference("lifnet.N3.le")
    assert np.all(np.abs(spectrum.exponents - values) <= CERTAIN * spectrum.errors + 1e-4)
    assert abs(spectrum.zero) < 5.0 / 5_000.0
    assert abs(spectrum.sum_error) < 1e-6
    assert spectrum.events / spectrum.duration == pytest.approx(float(case["value"]["network_rate"]), rel=1e-3)


def touboul_brette(V_reset: float) -> dn.System:
    p = REFERENCE["adex_parameters"]
    shared = {name: float(p[name]) for name in ("V_rest", "V_T", "Delta_T", "tau_w", "a", "b", "I", "V_th")}
    return adex.at(**shared, tau=p["C"] / p["g_L"], R=1 / p["g_L"], V_reset=V_reset, t_ref=0.0, V=-50.0, w=100.0)


def test_adex_in_chaos_and_near_its_period_doubling() -> None:
    chaos = dn.lyapunov_exponents(touboul_brette(-48.0), 50_000.0)
    value = CASES["adex.TB2008.le.Vr-48.0"]["value"]
    allowed = CERTAIN * math.hypot(chaos.errors[0], float(value["stderr"][1]))
    assert abs(chaos.largest - float(value["per_ms"])) < allowed
    assert abs(chaos.exponents[1]) < 5.0 / 50_000.0
    assert abs(chaos.sum_error) < 1e-6
    cycle = dn.lyapunov_exponents(touboul_brette(-48.75), 50_000.0)
    exact = float(CASES["adex.TB2008.le.Vr-48.75"]["value"]["per_ms"])
    assert cycle.exponents == pytest.approx([0.0, exact], abs=5.0 / 50_000.0)
    assert cycle.sum_error == pytest.approx(0.0, abs=1e-6)


def test_adex_with_refractory_time_has_the_multiplier_of_its_spike_map() -> None:
    cell = touboul_brette(-52.0).at(t_ref=3.0)
    run = dn.simulate(cell, 2_000.0, rtol=1e-11, atol=1e-12)
    after = run.jumps.after[-1]
    period = float(np.diff(run.jumps["spike"])[-1])

    def next_w(w: float) -> float:
        # the run starts as the refractory time ends, during which w relaxes alone
        v = cell.values
        rest = v["a"] * (v["V_reset"] - v["V_rest"])
        relaxed = rest + (w - rest) * math.exp(-v["t_ref"] / v["tau_w"])
        once = dn.simulate(cell, 2 * period, start={"V": v["V_reset"], "w": relaxed}, rtol=1e-12, atol=1e-12)
        return float(once.jumps.after[0, 1])

    slope = (next_w(after[1] + 1e-4) - next_w(after[1] - 1e-4)) / 2e-4
    spectrum = dn.lyapunov_exponents(cell, 3_000.0)
    assert spectrum.exponents == pytest.approx([0.0, math.log(abs(slope)) / period], abs=5.0 / 3_000.0)
    assert math.isnan(spectrum.divergence)


def moving_threshold() -> dn.System:
    V, u, th = sp.symbols("V u theta", real=True)
    jump = dn.Jump(when=V > th, to={V: -u / 5, u: u + V / 3, th: th + 1 + u**2 / 4}, name="spike")
    rows = {V: 2 - V / 4 + u * V / 20, u: (V - u) / 5, th: 1 - th}
    return dn.System(rows, initial={V: 0.1, u: 0.2, th: 1.3}, jumps=[jump], name="moving")


def timed() -> dn.System:
    V, u = sp.symbols("V u", real=True)
    t = TIME
    jump = dn.Jump(when=V > 1 + sp.sin(t) / 3, to={V: sp.cos(t) / 5, u: u + V * t / 10}, name="spike")
    rows = {V: 2 - V + u / 10 + sp.sin(2 * t) / 5, u: (V - u) / 5}
    return dn.System(rows, initial={V: 0.1, u: 0.2}, jumps=[jump], name="timed")


def resting() -> dn.System:
    V, u = sp.symbols("V u", real=True)
    jump = dn.Jump(when=V > 1, to={V: 0, u: u + V / 3}, refractory=0.2 + u / 10, name="spike")
    return dn.System({V: 2 - V + u / 10, u: (V - u) / 5}, initial={V: 0.1, u: 0.2}, jumps=[jump], name="resting")


def pair() -> dn.System:
    V, W = sp.symbols("V W", real=True)
    first = dn.Jump(when=V > 1, to={V: 0, W: W + 0.05}, refractory=0.3, name="first")
    second = dn.Jump(when=W > 1, to={W: 0, V: V + 0.03}, refractory=0.17, name="second")
    return dn.System({V: 2 - V, W: 1.7 - W}, initial={V: 0.1, W: 0.0}, jumps=[first, second], name="pair")


def chain() -> dn.System:
    V, W = sp.symbols("V W", real=True)
    first = dn.Jump(when=V > 1, to={V: V / 10, W: W + 0.7}, name="first")
    second = dn.Jump(when=W > 1, to={W: W - 0.9, V: V + W / 20}, name="second")
    return dn.System({V: 2 - V, W: 0.6 - W + V / 5}, initial={V: 0.1, W: 0.4}, jumps=[first, second], name="chain")


@pytest.mark.parametrize(
    ("make", "duration"),
    [(moving_threshold, 4.1), (timed, 4.0), (resting, 3.1), (pair, 3.1), (chain, 4.2)],
    ids=["moving threshold", "explicit time", "refractory time", "two refractory cells", "jumps at one instant"],
)
def test_all_saltation_matrices_together_have_the_determinant_of_the_flow_map(make: object, duration: float) -> None:
    system = make()  # type: ignore[operator]
    spectrum = dn.lyapunov_exponents(system, duration, transient=0.0, blocks=1, rtol=1e-11)
    assert spectrum.events >= 2
    total = duration * spectrum.exponents.sum()
    assert total == pytest.approx(log_determinant(system, duration), abs=2e-5)


def test_a_jump_that_forgets_a_direction_has_the_exponent_minus_infinity() -> None:
    V, u = sp.symbols("V u", real=True)
    jump = dn.Jump(when=V > 1, to={V: 0, u: 0}, name="spike")
    system = dn.System({V: 2 - V, u: V - u}, initial={V: 0.1, u: 0.2}, jumps=[jump], name="forgetful")
    spectrum = dn.lyapunov_exponents(system, 100.0)
    assert abs(spectrum.largest) < 5.0 / 100.0
    assert spectrum.exponents[1] == -math.inf
    assert spectrum.divergence == -math.inf and spectrum.dimension == 1.0


# what comes out, and what is refused


def test_a_run_that_leaves_the_finite_numbers_says_so_and_keeps_what_it_has() -> None:
    x = sp.symbols("x", real=True)
    for options in ({"dt": 0.01}, {}):
        spectrum = dn.lyapunov_exponents(
            dn.System({x: x**2}, initial={x: 0.1}, name="escape"), 20.0, transient=0.0, **options
        )
        assert spectrum.stop.reason in ("blow-up", "step too small")
        assert 5.0 < spectrum.duration < 10.001
        assert spectrum.largest > 0
        assert spectrum.stop.reason in str(spectrum)


def test_nothing_measured_is_nan() -> None:
    x = sp.symbols("x", real=True)
    spectrum = dn.lyapunov_exponents(dn.System({x: x**2}, initial={x: 5.0}, name="escape"), 20.0, dt=0.01)
    assert np.isnan(spectrum.exponents).all() and spectrum.verdict == "undecided"
    assert len(spectrum.running()) == 0


def test_a_spectrum_is_saved_and_printed(tmp_path: Path) -> None:
    spectrum = dn.lyapunov_exponents(lorenz, 100.0, dt=0.01)
    again = dn.load(spectrum.save(tmp_path / "spectrum.npz"))
    assert np.array_equal(again.exponents, spectrum.exponents)
    assert "Lyapunov exponents of lorenz" in str(again)
    assert spectrum.running()[-1] == pytest.approx(spectrum.exponents)
    assert spectrum.blocks.shape == (20, 3) and spectrum.times[-1] == pytest.approx(110.0)
    assert list(spectrum.final) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((lorenz, -1.0), {}, ValueError, "t must be"),
        ((lorenz, 10.0), {"count": 4}, ValueError, "count must be from 1 to 3"),
        ((lorenz, 10.0), {"count": 1.5}, TypeError, "count must be a whole number"),
        ((lorenz, 10.0), {"blocks": 0}, ValueError, "blocks must be from 1 on"),
        ((lorenz, 10.0), {"transient": -1.0}, ValueError, "transient must not be negative"),
        ((lorenz, 10.0), {"dt": 0.1, "rtol": 1e-6}, ValueError, "not both"),
        ((lorenz, 10.0), {"dt": 1.0}, ValueError, "longer than a block"),
        ((lorenz, 10.0), {"start": {"q": 1.0}}, ValueError, "'q'"),
        (("lorenz", 10.0), {}, TypeError, "takes a System"),
        ((NOISY, 10.0), {}, dn.ModelError, "has noise"),
    ],
)
def test_bad_input(arguments: tuple, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        dn.lyapunov_exponents(*arguments, **options)
