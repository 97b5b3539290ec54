"""Orbit diagrams against published windows and exponents, closed forms and Poincare maps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.models import (
    adex_touboul_brette,
    hindmarsh_rose,
    lif,
    morris_lecar_hopf_textbook,
    rossler,
    stuart_landau,
    van_der_pol,
)

REFERENCE = Path(__file__).parents[1] / "reference"
CASES = json.loads((REFERENCE / "spike_maps.json").read_text(encoding="utf-8"))["cases"]
CHAOS = json.loads((REFERENCE / "lyapunov.json").read_text(encoding="utf-8"))["cases"]


def test_windows_of_adex_are_where_they_were_published() -> None:
    fold, doubled = (float(CASES[f"adex.TB2008.{n}"]["value"]["V_reset"]) for n in ("SN3", "PD3"))
    first = float(CASES["adex.TB2008.PD1"]["value"]["V_reset"])
    resets = np.array([first - 0.1, first + 0.1, fold - 0.04, fold + 0.005, doubled - 0.01, doubled + 0.01, -47.2])
    found = dn.orbit_diagram(adex_touboul_brette, "V_reset", resets, returns=120, skip=500)
    assert found.periods.tolist() == [1, 2, 0, 3, 3, 6, 4]
    assert found.chaotic.tolist() == [False, False, True, False, False, False, False]
    four = CASES["adex.TB2008.k4.Vr-47.2"]["value"]
    assert np.sort(found.measured[-1, :4]) == pytest.approx(sorted(float(x) for x in four["ISI"]), abs=1e-6)
    exponent = np.log(abs(float(four["multiplier"]))) / float(four["period"])
    assert found.exponents[-1] == pytest.approx(exponent, abs=max(3 * found.errors[-1], 1e-3))
    assert found.windows()[-1] == (-47.2, -47.2, 4) and found.section == "spike"


def test_chaos_of_hindmarsh_rose_has_its_exponent() -> None:
    system = hindmarsh_rose.at(r=0.006)
    found = dn.orbit_diagram(system, "I", [2.0, 3.25], section="V", returns=1200, skip=100)
    assert found.periods.tolist() == [2, 0]
    value = CHAOS["hr.le"]["value"]
    error = np.hypot(found.errors[1], float(value["stderr"][0]))
    assert abs(found.exponents[1] - float(value["LE"][0])) < 3 * error and found.chaotic[1]
    assert found.exponents[0] == pytest.approx(np.log(0.1432463796844424) / 128.5048445995969, abs=3e-4)


def test_maxima_of_rossler_double_their_period() -> None:
    found = dn.orbit_diagram(rossler, "c", [4.0, 3.0, 2.6], measure="x", returns=40, skip=200)
    assert found.periods.tolist() == [4, 2, 1] and found.section == "maxima of x"
    run = dn.simulate(rossler.at(c=2.6), 400.0, rtol=1e-11)
    assert found.measured[2] == pytest.approx(np.full(40, run.maxima("x")[1][-1]), abs=1e-5)


def test_a_circle_in_closed_form() -> None:
    mu = np.array([0.2, 0.5, 1.0])
    found = dn.orbit_diagram(stuart_landau.at(omega=2.0), "mu", mu, measure="x", returns=30, skip=30)
    assert found.measured == pytest.approx(np.tile(np.sqrt(mu)[:, None], 30), abs=1e-6)
    assert found.times == pytest.approx(np.full((3, 30), np.pi), abs=1e-6)
    assert found.exponents == pytest.approx(-2 * mu, abs=1e-4)  # the largest exponent but that along the flow


def test_orbits_that_end_are_said_and_results_are_kept(tmp_path: Path) -> None:
    found = dn.orbit_diagram(lif.at(t_ref=0.0), "I", [15.0, 25.0, 30.0], returns=10, skip=5, exponent=False)
    assert found.periods.tolist() == [-1, 1, 1] and "has not come" in found.outcomes[0] and not found.outcomes[1]
    assert found.measured[1] == pytest.approx(np.full(10, 10 * np.log(30 / 5)), abs=1e-8)
    assert np.isnan(found.exponents).all() and np.isnan(found.measured[0]).all()
    again = dn.load(found.save(tmp_path / "diagram.npz"))
    assert np.array_equal(again.periods, found.periods) and again._columns()["I"].size == 30
    assert "ended" in str(again)


X = sp.Symbol("x", real=True)


@pytest.mark.parametrize(
    ("system", "values", "options", "error", "words"),
    [
        ("rossler", [1.0], {}, TypeError, "takes a System"),
        (rossler, [1.0], {}, dn.ModelError, "has no jumps: say with section="),
        (rossler, [1.0, 3.0, 2.0], {"measure": "x"}, ValueError, "increasing"),
        (rossler, [], {"measure": "x"}, ValueError, "at least one"),
        (rossler, [1.0], {"measure": "V"}, ValueError, "'V'"),
        (rossler, [1.0], {"measure": "x", "returns": 0}, ValueError, "returns must be"),
        (rossler, [1.0], {"measure": "x", "skip": -1}, ValueError, "skip must be"),
        (rossler, [1.0], {"measure": "x", "direction": "out"}, ValueError, "'out'"),
        (rossler, [1.0], {"measure": "x", "carry": "back"}, ValueError, "'back'"),
        (rossler, [4.0, 5.0], {"section": "x - 90", "t": 100.0}, ValueError, "at no value of c"),
        (van_der_pol, [1.0], {"section": "q"}, dn.FormatError, "q"),
    ],
)
def test_bad_input(system: object, values: list, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        dn.orbit_diagram(system, "mu" if system is van_der_pol else "c", values, **options)


def test_unknown_parameters() -> None:
    with pytest.raises(ValueError, match="'d'"):
        dn.orbit_diagram(rossler, "d", [1.0])


def test_what_is_bistable_keeps_its_state_and_both_ways_differ(tmp_path: Path) -> None:
    marks = json.loads((REFERENCE / "landmarks.json").read_text(encoding="utf-8"))["sets"]
    points = next(row["points"] for row in marks if row["model"] == "morris_lecar_hopf_textbook")
    hopf = min(float(p["at"]) for p in points if p["type"] == "HB")  # rest ends there, spiking in a fold at 88.293
    I = np.linspace(86, 98, 7)
    options = {"section": "V", "returns": 4, "skip": 12, "exponent": False}
    both = dn.orbit_diagram(morris_lecar_hopf_textbook, "I", I, carry="both", **options)
    ((low, high),) = both.hysteresis()
    assert (low, high) == (90, 92) and high < hopf < high + 2 and both.back is not None
    assert np.isnan(both.measured[I < hopf]).all() and np.isfinite(both.measured[I > hopf]).all()
    assert both.back.values.tolist() == I[::-1].tolist()
    spiking = dn.simulate(morris_lecar_hopf_textbook.at(I=98), 500.0).final
    apart = dn.orbit_diagram(morris_lecar_hopf_textbook, "I", [low, high], start=list(spiking.values()), **options)
    assert both.back.measured[[4, 3], -1] == pytest.approx(apart.measured[:, -1], rel=1e-4)
    forward = dn.orbit_diagram(morris_lecar_hopf_textbook, "I", I, carry="forward", **options)
    assert forward.back is None and not forward.hysteresis()
    assert np.array_equal(forward.measured, both.measured, equal_nan=True)
    again = dn.load(both.save(tmp_path / "both.npz"))
    assert again.hysteresis() == both.hysteresis() and "elsewhere for I from 90 to 92" in str(again)
    assert again.to_dataframe()["back"].sum() == 28
    import matplotlib.pyplot as plt

    (panel,) = dn.plot.orbit_diagram(both)
    assert [line.get_label() for line in panel.lines] == ["back", "there"]
    plt.close("all")
