"""Curves of folds, Hopf points and branch points: published points, ends, and what must not change."""

from __future__ import annotations

import numpy as np
import pytest

import dynana as dn
from dynana.errors import ConvergenceError, ModelError
from dynana.models import (
    fitzhugh_nagumo,
    hodgkin_huxley,
    lorenz,
    montbrio_pazo_roxin,
    morris_lecar,
    morris_lecar_snic,
    wang_buzsaki,
    wong_wang,
)
from tests.analysis import continuation_cases
from tests.analysis.continuation_cases import made
from tests.analysis.loci_cases import CASES, labels, loci, start

#: The defining systems are solved to rounding; the reference has 15 digits.
LOCATED = 1e-10


@pytest.mark.parametrize("key", CASES)
def test_every_published_point_of_codimension_two_is_found(key):
    case, (_, curves) = CASES[key], loci(key)
    for known in case["points"]:
        found = [s for curve in curves for s in curve.special_points(known["type"])]
        wanted = [*known["parameters"].values(), *known["state"].values()]
        rows = np.array([[*(s[n] for n in case["parameters"]), *s.point] for s in found])
        distance = np.abs(rows - wanted) / np.maximum(1.0, np.abs(wanted))
        best = int(np.argmin(distance.max(axis=1)))
        assert distance[best].max() < LOCATED and found[best].converged
        if "omega" in known:
            assert found[best].period == pytest.approx(2 * np.pi / known["omega"], rel=1e-10)


@pytest.mark.parametrize("key", CASES)
def test_curves_pass_through_the_published_points(key):
    case = CASES[key]
    first, second = case["parameters"]
    samples = [known for known in case["curves"] if not known["extremum"]]
    round_values = {
        n: sorted({round(k["parameters"][n], 6) for k in samples if _is_round(k["parameters"][n])})
        for n in (first, second)
    }
    _, curves = loci(key, values=round_values)
    rows = np.concatenate([np.column_stack([c.places, c.points]) for c in curves])
    for known in samples:
        wanted = np.array([*known["parameters"].values(), *known["state"].values()])
        distance = np.abs(rows - wanted) / np.maximum(1.0, np.abs(wanted))
        assert distance.max(axis=1).min() < 1e-7, known


@pytest.mark.parametrize("key", ["hh", "ml_hopf", "ml_snic", "lorenz"])
def test_curves_turn_where_it_was_published(key):
    case = CASES[key]
    _, curves = loci(key, max_step=0.002)
    first, second = case["parameters"]
    for known in (k for k in case["curves"] if k["extremum"]):
        rows = np.concatenate([c.places for c in curves])
        turns = np.concatenate([[False, *(np.diff(c[first])[1:] * np.diff(c[first])[:-1] < 0), False] for c in curves])
        wanted = [known["parameters"][n] for n in (first, second)]
        distance = np.abs(rows[turns.astype(bool)] / wanted - 1)
        assert distance[:, 0].min() < 1e-5 and distance[np.argmin(distance[:, 0]), 1] < 1e-2


def _is_round(value):
    return abs(value - round(value, 2)) < 1e-6


@pytest.mark.parametrize("key", ["ml_snic", "wc_oscillating"])
def test_labels_do_not_depend_on_the_step(key):
    found = [[labels(c) for c in loci(key, max_step=step)[1]] for step in (0.005, 0.02, 0.1)]
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            assert [row[0] for row in one] == [row[0] for row in two]
            np.testing.assert_allclose([r[1:] for r in one], [r[1:] for r in two], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("factor", [1e3, 1e-3])
def test_labels_do_not_depend_on_the_unit_of_a_parameter(factor):
    case, given = CASES["ml_snic"], continuation_cases.CASES["ml_snic"]
    equations = [e.replace("gCa*", f"gCa*{1 / factor:.17g}*") for e in given["equations"]]
    parameters = given["parameters"] | {"gCa": 4 * factor}
    scaled = made(dict(zip(given["states"], equations, strict=True)), parameters)
    found = dn.continue_equilibria(scaled, "I", tuple(given["range"]), ranges={"V": (-80, 60)})
    ranges = {"I": case["ranges"]["I"], "gCa": [v * factor for v in case["ranges"]["gCa"]]}
    for kind, curve in zip(("fold", "fold", "hopf"), loci("ml_snic")[1], strict=True):
        s = next(s for s in found.special if s.kind == kind and abs(s["I"] - _started_at(curve)) < 1e-4 * abs(s["I"]))
        other = dn.continue_locus(scaled, s, ("I", "gCa"), ranges=ranges)
        assert [row[0] for row in labels(curve)] == [row[0] for row in labels(other)]
        one, two = (np.array([row[1:] for row in labels(c)]) for c in (curve, other))
        two[:, 1] /= factor
        np.testing.assert_allclose(one, two, rtol=1e-9)


def _started_at(curve):
    return float(curve.origin.split("I = ")[1].split(",")[0])


# known curves


def test_the_cusp_of_the_mean_field_of_quadratic_cells():
    # closed form: d eta/dr = d2 eta/dr2 = 0 on eta(r) = (pi r)^2 - J r - Delta^2/(4 pi^2 r^2)
    system = montbrio_pazo_roxin.at(I=0.0, Delta=1.0, tau=1.0, J=15.0)
    folds = dn.continue_equilibria(system, "eta", (-10, 0)).special_points("fold")
    assert len(folds) == 2
    s = 0.75**0.25
    for fold in folds:
        locus = dn.continue_locus(system, fold, ("eta", "J"), ranges={"eta": (-20, 5), "J": (0, 40)})
        (cusp,) = locus.special_points("cusp")
        assert cusp["eta"] == pytest.approx(-np.sqrt(3), rel=1e-12)
        assert cusp["J"] == pytest.approx(np.pi * (2 * s + 1 / (2 * s**3)), rel=1e-12)
        assert cusp["r"] == pytest.approx(s / np.pi, rel=1e-12) and cusp["v"] == pytest.approx(-1 / (2 * s), rel=1e-12)
        r = locus["r"]
        np.testing.assert_allclose(locus["J"], 2 * np.pi**2 * r + 1 / (2 * np.pi**2 * r**3), rtol=1e-11)


def test_the_bautin_point_of_fitzhugh_nagumo():
    # l1 = 0 where eps b^2 - 2 b + 1 = 0, on the Hopf curve v^2 = 1 - eps b
    name = "phi" if "phi" in fitzhugh_nagumo.parameters else "eps"
    hopf = dn.continue_equilibria(fitzhugh_nagumo, "I", (-0.5, 2)).special_points("hopf")[0]
    eps = fitzhugh_nagumo.values[name]
    locus = dn.continue_locus(fitzhugh_nagumo, hopf, ("I", "b"), ranges={"I": (-5, 5), "b": (0.05, 3)})
    np.testing.assert_allclose(locus["v"] ** 2, 1 - eps * locus["b"], rtol=1e-11)
    (bautin,) = locus.special_points("bautin")
    assert bautin["b"] == pytest.approx((1 - np.sqrt(1 - eps)) / eps, rel=1e-11)
    assert {"fold_of_cycles", "q", "h20", "h11"} <= set(bautin.vectors) and "l2" in bautin.normal_form


def test_the_hopf_curve_of_lorenz_is_the_closed_form():
    hopf = dn.continue_equilibria(lorenz, "rho", (1.5, 40)).special_points("hopf")[0]
    locus = dn.continue_locus(lorenz, hopf, ("rho", "sigma"), ranges={"rho": (2, 60), "sigma": (4.2, 30)})
    s, b = locus["sigma"], 8 / 3
    np.testing.assert_allclose(locus["rho"], s * (s + b + 3) / (s - b - 1), rtol=1e-11)
    np.testing.assert_allclose(locus.measures["omega"] ** 2, b * (locus["rho"] + s), rtol=1e-10)
    assert locus.special == () and np.all(locus["l1"] > 0)


def test_pitchforks_of_a_symmetric_system_form_a_curve():
    system = made({"x": "(a - 2*b)*x - x**3", "y": "-y + x**2"}, {"a": 0.0, "b": 0.0})
    point = dn.continue_equilibria(system, "a", (-1, 1), ranges={"x": (-2, 2)}).special_points("branch point")[0]
    locus = dn.continue_locus(system, point, ("a", "b"), ranges={"a": (-1, 1), "b": (-1, 1)})
    assert locus.kind == "branch point" and locus.special == ()
    np.testing.assert_allclose(locus["a"], 2 * locus["b"], atol=1e-12)
    assert {s.reason for s in locus.stops} == {"end of range"}


def test_a_parameter_that_breaks_the_symmetry_makes_folds_of_a_pitchfork():
    system = made({"x": "a*x - x**3 + h", "y": "-y + x**2"}, {"a": 0.0, "h": 0.0})
    point = dn.continue_equilibria(system, "a", (-1, 1), ranges={"x": (-2, 2)}).special_points("branch point")[0]
    locus = dn.continue_locus(system, point, ("a", "h"), ranges={"a": (-1, 1), "h": (-1, 1)})
    assert locus.kind == "fold" and "unfold" in locus.origin
    np.testing.assert_allclose(4 * locus["a"] ** 3, 27 * locus["h"] ** 2, atol=1e-12)
    (cusp,) = locus.special
    assert (
        cusp.kind == "cusp" and cusp["a"] == pytest.approx(0, abs=1e-10) and cusp.normal_form["c"] == pytest.approx(-1)
    )


def test_coherence_unfolds_the_pitchforks_of_the_decision_model():
    system = wong_wang.at(coh=0)
    points = dn.continue_equilibria(system, "mu_0", (-30, 80)).special_points("branch point")
    for point in points:
        locus = dn.continue_locus(system, point, ("mu_0", "coh"), ranges={"mu_0": (-30, 80), "coh": (-1, 1)})
        assert locus.kind == "fold"
        cusp = min(locus.special_points("cusp"), key=lambda s: abs(s["coh"]))
        assert cusp["mu_0"] == pytest.approx(point["mu_0"], rel=1e-9) and cusp["coh"] == pytest.approx(0, abs=1e-9)


def test_folds_pass_through_a_curve_of_pitchforks():
    # x' = b x + g x^3 - x^5: folds g = 2 x^2, b = -x^4 meet the pitchforks b = 0 at the tricritical point
    system = made({"x": "b*x + g*x**3 - x**5"}, {"b": -0.0625, "g": 0.5})
    locus = dn.continue_locus(system, start(system, "fold", [0.5]), ("b", "g"), ranges={"b": (-1, 1), "g": (-1, 1)})
    np.testing.assert_allclose(locus["g"], 2 * locus["x"] ** 2, atol=1e-10)
    assert [s.kind for s in locus.special] == ["branch point"] and locus["x"].min() < -0.6 < 0.6 < locus["x"].max()


def test_a_closed_curve_is_followed_once():
    # folds x = +-sqrt((1 - p^2 - q^2)/3)... of x' = (1 - p^2 - q^2) - x^2 are the unit circle
    system = made({"x": "1 - p**2 - q**2 - x**2"}, {"p": 1.0, "q": 0.0})
    locus = dn.continue_locus(system, start(system, "fold", [0.0]), ("p", "q"), ranges={"p": (-3, 3), "q": (-3, 3)})
    assert locus.closed and locus.stops[0].reason == "closed loop"
    np.testing.assert_allclose(np.hypot(locus["p"], locus["q"]), 1, rtol=1e-12)
    turned = np.unwrap(np.arctan2(locus["q"], locus["p"]))
    assert abs(turned[-1] - turned[0]) == pytest.approx(2 * np.pi)


# ends


@pytest.mark.parametrize(
    ("model", "range_"), [(morris_lecar, (-100, 400)), (morris_lecar_snic, (-100, 400)), (wang_buzsaki, (-10, 60))]
)
def test_hopf_curves_in_current_and_phi_end_properly(model, range_):
    diagram = dn.continue_equilibria(model, "I", range_)
    for s in (*diagram.special_points("hopf"), *diagram.special_points("fold")):
        locus = dn.continue_locus(model, s, ("I", "phi"), ranges={"I": range_})
        assert len(locus) < 400 and {e.reason for e in locus.stops} <= {
            "end of range", "bogdanov-takens point", "degenerate",
        }  # fmt: skip
        if s.kind == "hopf":
            assert np.all(locus["omega"][1:-1] > 0)
            for end, stop in zip((0, -1), locus.stops, strict=True):
                if stop.reason == "bogdanov-takens point":
                    trace, det = _trace_and_determinant(model, locus, end)
                    assert abs(trace) < 1e-10 and abs(det) < 1e-10
        else:
            np.testing.assert_allclose(locus["I"], s["I"], rtol=1e-10)


def _trace_and_determinant(model, locus, i):
    """Sum and product of the two smallest eigenvalues."""
    kernels = dn.lower(model.at(**dict(zip(locus.free, locus.places[i].tolist(), strict=True))))
    jacobian = np.empty((kernels.n, kernels.n))
    kernels.jacobian(0.0, locus.points[i].copy(), kernels.p, jacobian)
    pair = sorted(np.linalg.eigvals(jacobian), key=abs)[:2]
    return abs(sum(pair)), abs(np.prod(pair))


def test_frequencies_that_fall_to_zero_with_the_rates_are_no_bogdanov_takens_points():
    hopf = dn.continue_equilibria(morris_lecar, "I", (-100, 400)).special_points("hopf")[0]
    locus = dn.continue_locus(morris_lecar, hopf, ("I", "phi"), ranges={"I": (-100, 400)})
    assert locus.special_points("bogdanov-takens") == ()
    assert "degenerate" in {s.reason for s in locus.stops} and locus["phi"].min() < 1e-4


def test_neutral_saddles_are_not_followed_as_hopf_points():
    system = made({"x": "y", "y": "m + n*y + x**2 + x*y"}, {"m": 0.0, "n": 0.0})
    bt = start(system, "bogdanov-takens", [0, 0], m=0.0, n=0.0)
    ranges = {"m": (-1, 1), "n": (-1, 1)}
    hopf = dn.continue_locus(system, bt, ("m", "n"), kind="hopf", ranges=ranges)
    np.testing.assert_allclose(hopf["m"], -(hopf["n"] ** 2), atol=1e-12)
    assert np.all(hopf["x"] <= 1e-12) and np.all(hopf["n"] >= -1e-12) and len(hopf) > 5
    assert [s.kind for s in hopf.special] == ["bogdanov-takens"]
    assert sorted(s.reason for s in hopf.stops) == ["bogdanov-takens point", "end of range"]
    fold = dn.continue_locus(system, bt, ("m", "n"), kind="fold", ranges=ranges)
    np.testing.assert_allclose(fold["m"], 0, atol=1e-12)
    assert [s.kind for s in fold.special] == ["bogdanov-takens"] and fold["n"].min() == -1 and fold["n"].max() == 1
    form = fold.special[0].normal_form
    assert form["a"] == pytest.approx(1) and abs(form["b"]) == pytest.approx(1)
    assert {"q0", "q1", "p0", "p1", "h20", "h11", "h02", "K", "H"} <= set(fold.special[0].vectors)


# restarts and labels


def test_a_stored_curve_is_where_the_next_one_starts(tmp_path):
    hopf = dn.continue_equilibria(hodgkin_huxley, "I", (0, 200)).special_points("hopf")[0]
    ranges = {"I": (0, 300), "g_K": (1, 100)}
    locus = dn.continue_locus(hodgkin_huxley, hopf, ("I", "g_K"), ranges=ranges, values={"g_K": [50]})
    again = dn.load(locus.save(tmp_path / "locus.npz"))
    bautin = again.special_points("bautin")[0]
    label = again.special_points("label")[0]
    for s in (bautin, label):
        other = dn.continue_locus(hodgkin_huxley, s, ("I", "g_K"), kind="hopf", ranges=ranges)
        assert [row[0] for row in labels(other)] == ["GH", "GH"]
        for a, b in zip(other.special, locus.special_points("bautin"), strict=True):
            assert min(abs(a["g_K"] - c["g_K"]) for c in (b, *locus.special_points("bautin"))) < 1e-9
    onwards = dn.continue_locus(hodgkin_huxley, bautin, ("I", "g_Na"), kind="hopf", ranges={"I": (0, 300)})
    assert onwards.parameters["g_K"] == bautin["g_K"]


def test_labels_and_functions_of_the_user():
    hopf = dn.continue_equilibria(hodgkin_huxley, "I", (0, 200)).special_points("hopf")[0]
    locus = dn.continue_locus(
        hodgkin_huxley, hopf, ("I", "g_K"), ranges={"I": (5, 300), "g_K": (10, 100)}, values={"V": [-50], "I": [20]},
        test_functions={"diagonal": lambda x: x["I"] - x["g_K"]},
    )  # fmt: skip
    names = {s.title for s in locus.special}
    assert {"label (V = -50)", "label (I = 20)", "user (diagonal)"} <= names
    for s in locus.special:
        if s.name == "V = -50":
            assert s["V"] == pytest.approx(-50, abs=1e-10)
        if s.kind == "user":
            assert s["I"] == pytest.approx(s["g_K"], rel=1e-11)
        np.testing.assert_allclose(locus.points[s.index], s.point, atol=1e-12)


# refusals


@pytest.fixture(scope="module")
def fold():
    return dn.continue_equilibria(morris_lecar_snic, "I", (-100, 100)).special_points("fold")[0]


@pytest.mark.parametrize(
    ("parameters", "options", "message"),
    [
        (("I", "I"), {}, "two different parameters"),
        ("I", {}, "two different parameters"),
        (("I", "g_Kk"), {}, "did you mean 'g_K'"),
        (("I", "V"), {}, "is a state"),
        (("I", "g_K"), {"ranges": {"I": (10, 0)}}, "reversed"),
        (("I", "g_K"), {"ranges": {"I": (100, 200)}}, "outside the range"),
        (("I", "g_K"), {"ranges": {"phi": (0, 1)}}, "no varied parameter or state named 'phi'"),
        (("I", "g_K"), {"max_step": 3}, "max_step is a fraction"),
        (("I", "g_K"), {"values": {"phi": [1]}}, "no state or varied parameter named 'phi'"),
        (("I", "g_K"), {"ranges": {"g_K": (1, 20)}, "values": {"g_K": [30]}}, "g_K = 30 is outside the range"),
        (("I", "g_K"), {"test_functions": {"f": 3}}, "must be a function"),
        (("I", "g_K"), {"kind": "hopf"}, "through a fold, no kind of curve named 'hopf'"),
    ],
)
def test_bad_requests_are_refused_in_words(fold, parameters, options, message):
    with pytest.raises(ValueError, match=message):
        dn.continue_locus(morris_lecar_snic, fold, parameters, **options)


def test_starts_that_are_none_are_refused_in_words(fold):
    with pytest.raises(TypeError, match="starts from a SpecialPoint"):
        dn.continue_locus(morris_lecar_snic, {"V": 0}, ("I", "g_K"))
    with pytest.raises(ValueError, match="another system"):
        dn.continue_locus(hodgkin_huxley, fold, ("I", "g_K"))
    with pytest.raises(ConvergenceError, match="no curve of Hopf points"):
        dn.continue_locus(
            morris_lecar_snic, start(morris_lecar_snic, "hopf", fold.point, **fold.parameters), ("I", "g_K")
        )
    kink = start(morris_lecar_snic, "kink", [0, 0])
    with pytest.raises(ValueError, match="no curve is known through kinks"):
        dn.continue_locus(morris_lecar_snic, kink, ("I", "g_K"))
    takens = start(morris_lecar_snic, "bogdanov-takens", [0, 0])
    with pytest.raises(ValueError, match="choose one with kind="):
        dn.continue_locus(morris_lecar_snic, takens, ("I", "g_K"))
    with pytest.raises(ModelError, match="time"):
        driven = made({"x": "a - x**2 + b*t"}, {"a": 0.0, "b": 0.0})
        dn.continue_locus(driven, start(driven, "fold", [0]), ("a", "b"))


def test_a_parameter_that_does_not_enter_is_refused():
    system = made({"x": "a - x**2"}, {"a": 0.0, "b": 0.0})
    with pytest.raises(ValueError, match="does not enter"):
        dn.continue_locus(system, start(system, "fold", [0]), ("a", "b"))
