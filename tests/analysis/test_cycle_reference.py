"""Cycles of thirteen systems against AUTO-07p: folds, period doublings, and cycles at given values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import dynana as dn
from tests.analysis.continuation_cases import CASES, diagram, system

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "continuation_cycles.json").read_text())
POINTS = {entry["key"]: entry["points"] for entry in REFERENCE["systems"]}
LONG = {entry["key"]: entry["long_periods"] for entry in REFERENCE["systems"] if "long_periods" in entry}

KINDS = {
    "hh": [["LPC", "PD", "PD", "LPC", "LPC"], ["LPC", "LPC", "PD", "PD", "LPC"]],
    "ml_hopf": [["LPC", "LPC"], ["LPC", "LPC"]],
    "ml_snic": [["LPC", "SNIC"]],
    "hr_fast": [["HOM"]],
    "wc_oscillating": [["HOM"]],
    "fhn": [["LPC", "LPC"], ["LPC", "LPC"]],
    "brusselator": [[]],
    "lorenz": [["HOM"], ["HOM"]],
    "ab": [["HOM"]],
    "vanderpol": [[], []],
}
"""Bifurcations along the branch from each Hopf point, in order (without the Hopf points at its ends)."""


def parameter_of(key: str) -> str:
    return CASES[key]["parameter"]


def range_of(key: str) -> tuple[float, float]:
    low, high = CASES[key]["range"]
    return (low, max(high, 5.0)) if key == "brusselator" else (low, high)


def asked(key: str) -> dict[str, list[float]]:
    samples = [p for p in POINTS[key] if p["type"] == "sample" and parameter_of(key) in p["parameters"]]
    return {
        parameter_of(key): sorted({p["parameters"][parameter_of(key)] for p in samples}),
        "period": sorted({p["period"] for p in samples}),
    }


def branches(key: str, **options):
    """The branch from each Hopf point."""
    found = []
    for hopf in diagram(key).special_points("hopf"):
        found.append(dn.continue_cycles(system(key), hopf, parameter_of(key), range_of(key), **options))
    return found


def compare(key: str, found) -> None:
    name = parameter_of(key)
    for wanted in POINTS[key]:
        if name not in wanted["parameters"]:
            continue
        code = {"sample": "UZ"}.get(wanted["type"], wanted["type"])
        value, period = wanted["parameters"][name], wanted["period"]
        errors = [
            max(abs(s[name] - value) / max(abs(value), 1e-3), abs(s.period - period) / period)
            for branch in found
            for s in branch.special
            if s.code == code
        ]
        assert min(errors, default=np.inf) < 1e-7, (key, wanted)


@pytest.mark.parametrize("key", list(KINDS))
def test_points_and_labels(key):
    found = branches(key, values=asked(key))
    compare(key, found)
    for branch, kinds in zip(found, KINDS[key], strict=True):
        located = [s.code for s in branch.special if s.code not in ("HB", "UZ")]
        assert located == kinds
        assert all(s.converged for s in branch.special)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["ml_snic", "hr_fast", "wc_oscillating"])
def test_nearly_homoclinic_cycles(key):
    """Of cycles that take this long the parameter is compared at the same period."""
    name = parameter_of(key)
    wanted = {p["period"]: p["parameters"][name] for p in LONG[key]}
    (hopf, *_) = diagram(key).special_points("hopf")
    branch = dn.continue_cycles(
        system(key), hopf, name, range_of(key), values={"period": [*wanted]}, longest_period=1.1 * max(wanted)
    )
    labels = branch.special_points("label")
    assert [s.period for s in labels] == pytest.approx(sorted(wanted), rel=1e-10)
    assert [s[name] for s in labels] == pytest.approx([wanted[p] for p in sorted(wanted)], rel=2e-10)


@pytest.mark.slow
def test_bursting_hindmarsh_rose():
    """The second branch winds on for ever: it is followed past the last reference point."""
    hopf = diagram("hr_r0.01").special_points("hopf")
    options = {"values": asked("hr_r0.01")}
    model, name, range_ = system("hr_r0.01"), parameter_of("hr_r0.01"), range_of("hr_r0.01")
    found = [dn.continue_cycles(model, h, name, range_, points=800, longest_period=150.0, **options) for h in hopf[1:]]
    found.append(dn.continue_cycles(model, hopf[0], name, range_, points=800, **options))
    compare("hr_r0.01", found)
    # the first branch is that of two turns which the fourth doubles into: its end, and their period doubling, are one
    end = found[-1].special[-1]
    assert found[-1].stops[1].reason == "period doubling" and end.kind == "period doubling"
    doubled = [s for s in found[2].special_points("PD") if abs(s["I"] - end["I"]) < 1e-6]
    assert len(doubled) == 1 and doubled[0]["I"] == pytest.approx(end["I"], rel=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["hh", "ml_hopf", "ml_snic", "fhn", "wc_oscillating", "lorenz", "ab", "hr_fast"])
def test_labels_do_not_depend_on_the_step(key):
    name = parameter_of(key)
    for tables in zip(*(branches(key, max_step=step) for step in (0.01, 0.04, 0.2)), strict=True):
        kinds = [[s.code for s in branch.special] for branch in tables]
        assert kinds[0] == kinds[1] == kinds[2]
        for same in zip(*(branch.special for branch in tables), strict=True):
            assert np.ptp([s[name] for s in same]) <= 1e-8 * abs(same[0][name])
            if same[0].code in ("PD", "LPC") and key != "fhn":  # canards fix the parameter, not where on them one is
                assert np.ptp([s.period for s in same]) <= 1e-7 * same[0].period


def test_van_der_pol_in_mu():
    """Its period against the stiffness, from a trajectory."""
    model = system("vanderpol").at(a=0.0)
    wanted = {p["parameters"]["mu"]: p["period"] for p in POINTS["vanderpol"] if "mu" in p["parameters"]}
    branch = dn.continue_cycles(
        model, dn.simulate(model, 100.0, start={"x": 1.0}), "mu", (0.5, 20.0), values={"mu": [*wanted][:-1]}
    )
    for label in branch.special_points("label"):
        assert label.period == pytest.approx(closest(wanted, label), rel=1e-8)
    assert branch.stops[1].message == "mu = 20." and branch.periods[-1] == pytest.approx(wanted[20.0], rel=1e-8)


def closest(wanted: dict[float, float], label) -> float:
    return wanted[min(wanted, key=lambda mu: abs(mu - label["mu"]))]


@pytest.mark.slow
def test_canards_have_the_folds_and_doublings_that_a_closed_loop_needs():
    # Koper (1995), Physica D 80:72; (x, y, z, lam) -> -(x, y, z, lam) keeps the equations as they are. Multipliers pass
    # 1 and -1 between neighbouring numbers there. A parameter turns an even number of times on a closed loop.
    @dn.model(ranges=dict.fromkeys("xyz", (-3, 3)))
    def koper(x=0.5, y=0.6, z=0.7, *, lam=-7.1, k=-10.0, eps=0.1):
        return (k * y - x**3 + 3 * x - lam) / eps, x - 2 * y + z, y - z

    labels = []
    for sign in (1, -1):
        run = dn.simulate(koper.at(lam=-7.1 * sign), 400.0, start={"x": 0.5 * sign, "y": 0.6 * sign, "z": 0.7 * sign})
        loop = dn.continue_cycles(koper, run, "lam", (-20, 20))
        assert loop.closed
        first = min(loop.special_points("period doubling"), key=lambda s: abs(abs(s["lam"]) - 7.0191177))
        twice = dn.continue_cycles(koper, first, "lam", max_step=0.05 if sign > 0 else 0.02)
        places = [[abs(s["lam"]) for s in b.special_points(kind)] for b in (loop, twice) for kind in ("LPC", "PD")]
        labels.append([sorted(p) for p in places])
        # doublings nearer than numbers can express do not hide on which side the cycles are
        assert all(s.criticality.startswith("two cycles") for b in (loop, twice) for s in b.special_points("LPC"))
    assert [len(p) for p in labels[0]] == [4, 4, 3, 3]
    for one, mirrored in zip(*labels, strict=True):
        assert one == pytest.approx(mirrored, rel=1e-8)
