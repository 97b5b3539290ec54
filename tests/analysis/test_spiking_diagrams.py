"""Whole diagrams of systems with jumps."""

from __future__ import annotations

import pytest

import dynana as dn
from dynana.models import adex, exponential_if, generalized_if, quadratic_if
from dynana.models.integrate_and_fire import adex_touboul_brette


@pytest.mark.parametrize(
    "system, extent, kind, onset",
    [
        (quadratic_if, (0.0, 10.0), "snic", 0.07 * 7.5**2),
        (exponential_if, (0.0, 1.0), "snic", 0.162),
        (generalized_if, (0.0, 3.0), "boundary equilibrium", 1.0),
    ],
    ids=["quadratic_if", "exponential_if", "generalized_if"],
)
def test_onset_of_firing(system, extent, kind, onset):
    diagram = dn.bifurcation_diagram(system, "I", extent)
    assert diagram.complete and len(diagram.branches) == 1
    (branch,) = diagram.cycle_branches
    (end,) = branch.special_points(kind)
    assert end["I"] == pytest.approx(onset, rel=1e-7)
    assert branch.values.max() == pytest.approx(extent[1])
    assert any("cycles with jumps: looked for by" in line for line in diagram.coverage)


def test_adex_rests_and_fires():
    diagram = dn.bifurcation_diagram(adex, "I", (0.0, 10.0))
    spiking = [b for b in diagram.cycle_branches if any(s.jump for s in b.pattern)]
    assert [b.cycles[0].jumps for b in spiking] == [1, 2]
    (hopf,) = diagram.special_points("hopf")
    tonic = spiking[0]
    (doubling,) = tonic.special_points("period doubling")
    assert doubling["I"] < hopf["I"]  # it rests or fires in between
    assert "subcritical" in doubling.criticality
    fold = spiking[1].special_points("fold of cycles")[0]
    assert doubling["I"] < fold["I"] < hopf["I"]


def test_a_parameter_of_the_reset():
    diagram = dn.bifurcation_diagram(adex_touboul_brette, "V_reset", (-50.0, -48.3))
    assert diagram.coverage[0].startswith("V_reset enters the jumps only, so equilibria do not depend on it")
    for branch in diagram.branches:
        assert (branch.points == branch.points[0]).all()
    jumps = sorted({c.jumps for b in diagram.cycle_branches for c in b.cycles})
    assert jumps == [1, 2]
    assert diagram.special_points("period doubling")[0]["V_reset"] == pytest.approx(-48.745268355344, abs=1e-9)
    for asked in ({"test_functions": {"f": lambda v: v["V"]}}, {"values": {"V": [-60]}}):
        with pytest.raises(ValueError, match="concern equilibria, and V_reset enters the jumps only.*leave them out"):
            dn.bifurcation_diagram(adex_touboul_brette, "V_reset", (-50.0, -48.3), **asked)


@pytest.mark.slow
def test_chaos_is_said():
    diagram = dn.bifurcation_diagram(adex_touboul_brette, "V_reset", (-48.05, -48.0), period_doublings=0)
    assert any("did not repeat themselves" in line for line in diagram.coverage)
