"""Homoclinic and heteroclinic orbits against closed forms, the literature and AUTO-07p's long cycles."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.analysis.homoclinic import heteroclinic, homoclinic
from dynana.analysis.homoclinic_curves import continue_homoclinic
from dynana.errors import ConvergenceError
from dynana.models.conductance import morris_lecar_snic_textbook
from dynana.models.rate import wilson_cowan_oscillating
from dynana.models.textbook import lorenz
from dynana.results.cycle import Cycle
from dynana.results.fixed_points import FixedPoint
from dynana.results.homoclinic import Homoclinic
from dynana.results.special_points import SpecialPoint
from tests.analysis.cycle_loci_cases import cycle_near, special


@dn.model
def leaf(x=0.9, y=0.0, *, mu=0.0, a=-0.3, b=1.0):
    """For mu = 0 the Cartesian leaf x^2 (1 - x) = y^2 is homoclinic to (0, 0), whose eigenvalues are a +- b.

    B. Sandstede, J. Dyn. Diff. Eqs 9 (1997) 269, in the plane.
    """
    dx = a * x + b * y - a * x**2 + mu * x * (2 - 3 * x)
    dy = b * x + a * y - 1.5 * b * x**2 - 1.5 * a * x * y - 2 * mu * y
    return dx, dy


@dn.model
def sandstede(x=0.5, y=0.0, z=0.0, *, mu=0.0, a=0.0, c=-2.0, omega=0.0):
    """The leaf with a third direction that contracts, or winds: then the saddle is a saddle-focus."""
    dx = a * x + y - a * x**2 + mu * x * (2 - 3 * x)
    dy = x + a * y - 1.5 * x**2 - 1.5 * a * x * y - 2 * mu * y
    dz = c * z + omega * x * (x**2 * (1 - x) - y**2)
    return dx, dy, dz


@dn.model
def front(u=0.0, v=0.0, *, a=0.3, c=0.2):
    """Travelling fronts of u_t = u_xx + u (1 - u) (u - a): from u = 1 to u = 0 with speed (1 - 2 a)/sqrt(2)."""
    du = v
    dv = -c * v - u * (1 - u) * (u - a)
    return du, dv


@dn.model
def double_zero(x=0.0, y=0.0, *, b1=0.0, b2=0.0, a=1.0, b=1.0):
    """Normal form of the Bogdanov-Takens bifurcation."""
    dx = y
    dy = b1 + b2 * y + a * x**2 + b * x * y
    return dx, dy


def long_cycle(system: dn.System, start: list[float], duration: float, component: int, intervals: int) -> Cycle:
    """The stable cycle that a trajectory settles on."""
    kernels = dn.lower(system)

    def f(t, y):
        out = np.empty(y.size)
        kernels.rhs(t, np.ascontiguousarray(y), kernels.p, out)
        return out

    settle = solve_ivp(f, (0, duration), start, rtol=1e-10, atol=1e-12)
    level = np.median(settle.y[component, settle.t.size // 2 :])

    def section(t, y):
        return y[component] - level

    section.direction = 1.0
    run = solve_ivp(f, (0, duration), settle.y[:, -1], rtol=1e-10, atol=1e-12, events=section)
    times, states = run.t_events[0], run.y_events[0]
    return cycle_near(system, states[-2], times[-1] - times[-2], intervals, adjusted=False)


BOX = {"mu": (-1, 1), "a": (-0.9, 0.9)}


@cache
def leaf_cycle() -> Cycle:
    return long_cycle(leaf.at(mu=0.001), [0.9, 0.0], 300.0, 1, 60)


@cache
def leaf_orbit() -> Homoclinic:
    return homoclinic(leaf, leaf_cycle(), "mu")


def saddle_of(system: dn.System, near: tuple[float, ...]) -> FixedPoint:
    return dn.stability(system, at=list(near))


def double_zero_point(system: dn.System, point: list[float], free: tuple[str, str], values: dict) -> SpecialPoint:
    system = system.at(**values)
    return SpecialPoint(
        kind="bogdanov-takens", code="BT", system=system.name, fingerprint=system.fingerprint, states=system.states,
        point=np.array(point), parameters=system.values, free=free, residual=0.0, interval=(0.0, 0.0), converged=True,
        eigenvalues=np.zeros(len(point), complex),
    )  # fmt: skip


# -- single orbits -------------------------------------------------------------------------------------------------


def test_leaf_from_a_long_cycle():
    orbit = leaf_orbit()
    assert orbit.kind == "homoclinic to a saddle" and orbit.free == ("mu",)
    assert orbit["mu"] == pytest.approx(0.0, abs=1e-12)
    x, y = orbit["x"], orbit["y"]
    np.testing.assert_allclose(x**2 * (1 - x), y**2, atol=1e-8)
    np.testing.assert_allclose(orbit.eigenvalues, [[0.7, -1.3]] * 2, atol=1e-12)
    assert orbit.saddle_quantity == pytest.approx(-0.6)
    assert "on one side a stable cycle" in orbit.sentence and not orbit.saddle_focus
    np.testing.assert_allclose(orbit.equilibria, 0.0, atol=1e-12)
    assert np.abs(orbit.points[[0, -1]]).max() < 1e-4 and orbit.error < 1e-6


def test_leaf_from_its_saddle():
    orbit = homoclinic(leaf, saddle_of(leaf.at(mu=0.02), (0.0, 0.0)), "mu")
    assert orbit["mu"] == pytest.approx(0.0, abs=1e-12)


def test_a_third_direction():
    orbit = homoclinic(sandstede, saddle_of(sandstede.at(mu=0.02, a=-0.3, omega=1.0), (0.0, 0.0, 0.0)), "mu")
    assert orbit["mu"] == pytest.approx(0.0, abs=1e-11)
    np.testing.assert_allclose(orbit["z"], 0.0, atol=1e-9)


def test_lorenz():
    orbit = homoclinic(lorenz, saddle_of(lorenz.at(rho=14.0), (0.0, 0.0, 0.0)), "rho")
    # AUTO-07p, cycles of period 10 and 20: 13.926557408
    assert orbit["rho"] == pytest.approx(13.926557408, abs=1e-9)
    unstable = (-11.0 + math.sqrt(121.0 + 40.0 * (orbit["rho"] - 1.0))) / 2.0
    assert orbit.saddle_quantity == pytest.approx(unstable - 8.0 / 3.0) and "not stable" in orbit.meaning
    more = homoclinic(lorenz, saddle_of(lorenz.at(rho=14.0), (0.0, 0.0, 0.0)), "rho", intervals=240)
    assert more["rho"] == pytest.approx(orbit["rho"], abs=1e-9)


@pytest.mark.slow
def test_saddle_node_on_the_cycle():
    cycle = long_cycle(morris_lecar_snic_textbook.at(I=40.05), [-20.0, 0.1], 3000.0, 0, 120)
    orbit = homoclinic(morris_lecar_snic_textbook, special(morris_lecar_snic_textbook, "fold of cycles", cycle), "I")
    assert orbit.kind == "homoclinic to a saddle-node" and math.isnan(orbit.saddle_quantity)
    # 40 digits: fold of the equilibria
    assert orbit["I"] == pytest.approx(39.9631530927453529, rel=1e-12)
    np.testing.assert_allclose(orbit.equilibria[0], [-29.3897774054843936, 0.00851439913782033447], rtol=1e-9)
    assert orbit.eigenvalues[0, 0] == 0.0 and orbit.eigenvalues[0, 1] == pytest.approx(-0.0984505554611551822)

    box = {"I": (0, 200), "phi": (0.005, 1.0)}
    locus = continue_homoclinic(morris_lecar_snic_textbook, orbit, ("I", "phi"), ranges=box)
    assert locus.kind == "snic"
    np.testing.assert_allclose(locus["I"], 39.9631530927453529, rtol=1e-10)  # phi does not move equilibria
    assert [s.kind for s in locus.special] == ["saddle-node loop"] * 2
    assert [stop.reason for stop in locus.stops] == ["saddle-node loop"] * 2
    # beyond the loop, where w is faster, the orbit is homoclinic to a saddle: the same loop from there
    fast = locus.special[1]
    ahead = morris_lecar_snic_textbook.at(I=39.5, phi=0.215)
    (saddle,) = [p for p in dn.fixed_points(ahead) if p.kind == "saddle"]
    beyond = homoclinic(ahead, saddle, "phi")
    curve = continue_homoclinic(ahead, beyond, ("I", "phi"), ranges={"I": (35.0, 45.0), "phi": (0.1, 0.3)})
    assert "saddle-node" in [stop.reason for stop in curve.stops]
    rates, phi = (curve[name][np.argsort(curve["unstable"])[:2]] for name in ("unstable", "phi"))
    end = phi[0] - rates[0] * (phi[1] - phi[0]) / (rates[1] - rates[0])
    assert end == pytest.approx(fast["phi"], rel=1e-4)


def test_fronts():
    system = front.at(a=0.3, c=0.25)
    pair = (saddle_of(system, (1.0, 0.0)), saddle_of(system, (0.0, 0.0)))
    orbit = heteroclinic(front, pair, "c")
    assert orbit.kind == "heteroclinic" and orbit.meaning == ""
    assert orbit["c"] == pytest.approx(0.4 / math.sqrt(2.0), rel=1e-10)
    np.testing.assert_allclose(orbit["v"], -orbit["u"] * (1 - orbit["u"]) / math.sqrt(2.0), atol=1e-8)
    assert "(u = 1, v = 0) to (u = 0, v = 0)" in orbit.sentence.replace("1.0", "1").replace("-0", "0")
    locus = continue_homoclinic(front, orbit, ("c", "a"), ranges={"c": (-1.0, 1.0), "a": (0.1, 0.9)})
    assert locus.kind == "heteroclinic"
    np.testing.assert_allclose(locus["c"], (1.0 - 2.0 * locus["a"]) / math.sqrt(2.0), atol=1e-9)
    assert sorted(locus["a"][[0, -1]]) == pytest.approx([0.1, 0.9])


# -- curves --------------------------------------------------------------------------------------------------------


def test_leaves_with_a_neutral_saddle():
    locus = continue_homoclinic(leaf, leaf_orbit(), ("mu", "a"), ranges=BOX, values={"a": [0.5]})
    assert locus.kind == "homoclinic"
    np.testing.assert_allclose(locus["mu"], 0.0, atol=1e-9)
    np.testing.assert_allclose(locus["saddle_quantity"], 2.0 * locus["a"], atol=1e-12)
    np.testing.assert_allclose(locus["unstable"], 1.0 + locus["a"], atol=1e-9)
    assert [s.title for s in sorted(locus.special, key=lambda s: s["a"])] == ["neutral saddle", "label (a = 0.5)"]
    neutral = locus.special_points("NSH")[0]
    assert neutral["a"] == pytest.approx(0.0, abs=1e-9) and isinstance(neutral.cycle, Homoclinic)
    assert [stop.reason for stop in locus.stops] == ["end of range"] * 2
    again = continue_homoclinic(leaf, neutral.cycle, ("mu", "a"), ranges=BOX)
    np.testing.assert_allclose(again["mu"], 0.0, atol=1e-9)


def test_lorenz_in_two_parameters():
    orbit = homoclinic(lorenz, saddle_of(lorenz.at(rho=14.0), (0.0, 0.0, 0.0)), "rho")
    box = {"rho": (1, 100), "sigma": (3, 50)}
    locus = continue_homoclinic(lorenz, orbit, ("rho", "sigma"), ranges=box, values={"sigma": [20.0]})
    (label,) = locus.special
    saddle = saddle_of(lorenz.at(sigma=20.0, rho=label["rho"] + 0.1), (0.0, 0.0, 0.0))
    assert homoclinic(lorenz, saddle, "rho")["rho"] == pytest.approx(label["rho"], rel=1e-8)


def test_homoclinic_orbits_begin_at_a_double_zero():
    start = double_zero_point(double_zero, [0.0, 0.0], ("b1", "b2"), {})
    box = {"b1": (-0.1, 0.1), "b2": (-2, 2)}
    locus = continue_homoclinic(double_zero, start, ("b1", "b2"), ranges=box, max_step=0.05)
    assert locus.special[0] is start and locus.stops[0].reason == "bogdanov-takens"
    # b1 = -4 e^4/a, b2 = (b/a) (10/7 + 288/2401 e^2) e^2 + ...: Al-Hdaibat et al., SIAM J. Appl. Dyn. Syst. 15 (2016)
    e2 = np.sqrt(-locus["b1"][1:4] / 4.0)
    second = (locus["b2"][1:4] / e2 - 10.0 / 7.0) / e2
    np.testing.assert_allclose(second, 288.0 / 2401.0, rtol=3e-3)


FREE, RANGES = ("I_e", "I_i"), {"I_e": (-5, 5), "I_i": (-10, 5)}


@cache
def wilson_cowan_locus(which: int):
    point, values = [
        ([0.127590001726522, 0.0271136183341034], (0.960041034227902, 0.102663366703147)),
        ([0.396700281881565, 0.0206856791287387], (-1.57831588171155, -4.09191096855816)),
    ][which]
    start = double_zero_point(wilson_cowan_oscillating, point, FREE, dict(zip(FREE, values, strict=True)))
    return continue_homoclinic(wilson_cowan_oscillating, start, FREE, ranges=RANGES, values={"I_i": [0.0]})


def test_wilson_cowan_between_two_double_zeros():
    """One curve joins both Bogdanov-Takens points, whichever it is started from."""
    for which in (0, 1):
        locus = wilson_cowan_locus(which)
        (label,) = locus.special_points("label")
        # AUTO-07p, cycles of period 100 to 1000: 1.0657449904
        assert label["I_e"] == pytest.approx(1.0657449904, abs=2e-10)
        (neutral,) = locus.special_points("neutral saddle")
        np.testing.assert_allclose([neutral[n] for n in FREE], [0.7528391773, -1.280519402], rtol=1e-7)
        assert [stop.reason for stop in locus.stops] == ["bogdanov-takens"] * 2
        other = wilson_cowan_locus(1 - which)
        np.testing.assert_allclose(locus.places[-1], other.places[0], rtol=1e-9)
        np.testing.assert_allclose(locus.points[-1], other.points[0], rtol=1e-7)
        assert locus.special[-1].normal_form["a"] != 0.0


def test_double_leading_eigenvalue():
    """c and the stable eigenvalue a - 1 of the leaf exchange their order; nothing becomes complex."""
    saddle = saddle_of(sandstede.at(mu=0.02, a=-0.3, c=-2.0), (0.0, 0.0, 0.0))
    orbit = homoclinic(sandstede, saddle, "mu")
    locus = continue_homoclinic(sandstede, orbit, ("mu", "c"), ranges={"mu": (-1, 1), "c": (-3.0, -1.0)})
    assert "double leading eigenvalue" not in [s.kind for s in locus.special]
    np.testing.assert_allclose(locus["stable"], np.maximum(-1.3, locus["c"]), atol=1e-9)


@pytest.mark.slow
def test_by_the_public_verbs():
    """From the homoclinic end of a branch of cycles, and from a Bogdanov-Takens point on a curve of folds."""
    system = wilson_cowan_oscillating
    rest = dn.continue_equilibria(system, "I_e", (-2, 3))
    cycles = dn.continue_cycles(system, rest.special_points("hopf")[0], "I_e", (-2, 3))
    (end,) = cycles.special_points("homoclinic")
    orbit = dn.homoclinic(system, end, "I_e")
    assert orbit["I_e"] == pytest.approx(1.0657449904, abs=2e-10)
    folds = dn.continue_locus(system, rest.special_points("fold")[0], FREE, ranges=RANGES)
    start = folds.special_points("BT")[0]
    for locus in (
        dn.continue_locus(system, start, FREE, kind="homoclinic", ranges=RANGES),
        dn.continue_locus(system, end, FREE, ranges=RANGES),
        dn.continue_homoclinic(system, orbit, FREE, ranges=RANGES),
    ):
        (neutral,) = locus.special_points("neutral saddle")
        np.testing.assert_allclose([neutral[n] for n in FREE], [0.7528391773, -1.280519402], rtol=1e-7)
        assert len(locus.special_points("BT")) == 2
    with pytest.raises(ValueError, match="test_functions= is not offered"):
        dn.continue_locus(system, start, FREE, kind="homoclinic", test_functions={"f": lambda x: x["I_e"]})


# -- results and bad input -----------------------------------------------------------------------------------------


def test_saved_and_loaded(tmp_path):
    orbit = leaf_orbit()
    again = Homoclinic.load(orbit.save(tmp_path / "orbit.npz"))
    np.testing.assert_array_equal(again.points, orbit.points)
    assert again.sentence == orbit.sentence and len(again) == len(orbit.times)
    assert list(again.to_dataframe().columns) == ["t", "x", "y"]
    with pytest.raises(ValueError, match="do not fit together"):
        replace(orbit, widths=orbit.widths[1:])
    with pytest.raises(KeyError, match="no state named 'z'"):
        orbit["z"]


def test_shilnikov_words():
    orbit = leaf_orbit()
    focus = np.array([[0.5, -0.2 + 1j, -0.2 - 1j]] * 2)
    wild = replace(
        orbit, states=("x", "y", "z"), eigenvalues=focus, saddle_quantity=0.3,
        points=np.zeros((len(orbit), 3)), equilibria=np.zeros((2, 3)),
    )  # fmt: skip
    assert wild.saddle_focus and "infinitely many cycles" in wild.meaning
    tame = replace(wild, saddle_quantity=-0.3)
    assert "stable cycle" in tame.meaning


def test_bad_starts():
    cycle = leaf_cycle()
    with pytest.raises(ValueError, match="found from a Cycle of long period"):
        homoclinic(leaf, "cycle", "mu")
    with pytest.raises(ValueError, match="belongs to another system"):
        homoclinic(lorenz, cycle, "rho")
    with pytest.raises(ValueError, match="no parameter named 'm'"):
        homoclinic(leaf, cycle, "m")
    with pytest.raises(ValueError, match="intervals must be at least 10"):
        homoclinic(leaf, cycle, "mu", intervals=2)
    idle = dn.System(dict(zip(leaf.states, leaf.derivatives, strict=True)), {**leaf.values, "idle": 1.0})
    with pytest.raises(ValueError, match="'idle' does not enter"):
        homoclinic(idle, saddle_of(idle.at(mu=0.02), (0.0, 0.0)), "idle")
    round_cycle = replace(cycle, points=cycle.points + 50.0)
    with pytest.raises(ConvergenceError, match="passes neither a saddle nor a saddle-node"):
        homoclinic(leaf, round_cycle, "mu")


def test_bad_pairs():
    system = front.at(a=0.3, c=0.25)
    one, zero, middle = (saddle_of(system, (u, 0.0)) for u in (1.0, 0.0, 0.3))
    with pytest.raises(ValueError, match="needs two FixedPoints"):
        heteroclinic(front, (one,), "c")
    with pytest.raises(ValueError, match="between saddles are offered, got a stable"):
        heteroclinic(front, (one, middle), "c")
    with pytest.raises(ValueError, match="different parameter values"):
        heteroclinic(front, (one, saddle_of(front.at(a=0.3, c=0.1), (0.0, 0.0))), "c")
    with pytest.raises(ConvergenceError, match="comes no nearer"):
        far = front.at(a=0.3, c=3.0)
        heteroclinic(front, (saddle_of(far, (1.0, 0.0)), saddle_of(far, (0.0, 0.0))), "c")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": "orbit"}, "starts from a Homoclinic"),
        ({"parameters": ("mu", "mu")}, "needs two different parameters"),
        ({"parameters": ("mu", "A")}, "no parameter named 'A'"),
        ({"ranges": {"b": (-1, 1)}}, "no varied parameter named 'b'"),
        ({"ranges": {"mu": (0.5, 1)}}, "outside the range"),
        ({"max_step": 2.0}, "max_step is relative"),
        ({"points": 0}, "points must be at least 1"),
        ({"intervals": 3}, "intervals must be at least 10"),
        ({"values": {"b": [1.0]}}, "no varied parameter named 'b'"),
    ],
)
def test_bad_curves(change, message):
    arguments = {"start": leaf_orbit(), "parameters": ("mu", "a"), "ranges": BOX, **change}
    with pytest.raises(ValueError, match=message):
        continue_homoclinic(leaf, **arguments)
    with pytest.raises(ValueError, match="belongs to another system"):
        continue_homoclinic(front, leaf_orbit(), ("c", "a"), ranges={"c": (-1, 1), "a": (0, 1)})


def test_no_homoclinic_orbits_where_the_parameters_do_not_unfold():
    start = double_zero_point(double_zero, [0.0, 0.0], ("b1", "b"), {})
    with pytest.raises(ConvergenceError, match="do not unfold it"):
        continue_homoclinic(double_zero, start, ("b1", "b"), ranges={"b1": (-1, 1), "b": (-2, 2)})


def test_a_strongly_bent_curve_of_folds_leads_to_homoclinic_orbits_all_the_same():
    # CO oxidation, Bykov, Yablonskii & Kim (1978); Bogdanov-Takens point of Kuznetsov (2004), example 8.5. The second
    # parameter of the normal form moves the curve of folds by more than the first one measures.
    @dn.model(ranges=dict.fromkeys("xyz", (0, 1)))
    def oxidation(x=0.1, y=0.3, z=0.3, *, q2=1.4, k=0.9, q1=2.5, q3=10.0, q4=0.0675, q5=1.0, q6=0.1):
        s = 1 - x - y - z
        return 2 * q1 * s**2 - 2 * q5 * x**2 - q3 * x * y, q2 * s - q6 * y - q3 * x * y, q4 * (s - k * z)

    resting = dn.continue_equilibria(oxidation, "q2", (1.2, 1.5))
    (fold,), (hopf,) = resting.special_points("fold"), resting.special_points("hopf")
    plane = {"q2": (1.2, 1.5), "k": (0.85, 1.0)}
    (point,) = dn.continue_locus(oxidation, fold, ("q2", "k"), ranges=plane).special_points("bogdanov-takens")
    assert [point["q2"], point["k"]] == pytest.approx([1.417628, 0.971397], abs=1e-6)
    curve = dn.continue_locus(oxidation, point, ("q2", "k"), kind="homoclinic", ranges=plane | {"k": (0.9, 1.0)})
    end = dn.continue_cycles(oxidation, hopf, "q2").special_points("homoclinic")[0]
    assert curve["k"][-1] == pytest.approx(0.9, abs=1e-12) and curve["q2"][-1] == pytest.approx(end["q2"], rel=1e-8)
    assert curve.sentence.startswith("curve of homoclinic orbits") and "from a Bogdanov-Takens point" in curve.origin
