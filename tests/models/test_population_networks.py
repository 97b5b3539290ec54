"""Networks of populations: rates against exact ones of finite size, and what the course report says of its experiments."""

import json
from pathlib import Path

import numpy as np
import pytest

import dynana as dn
from dynana.models import qif_populations

RATES = json.loads((Path(__file__).parents[1] / "reference" / "quadratic_if_networks.json").read_text("utf-8"))["rates"]

#: A kick that carries the bistable network from its low to its high rate and lets it settle there.
KICK = dn.ramp([0.0, 5.0, 10.0], [5.0, 5.0, 0.0])
#: Rates at two steps, extrapolated: sums that run at all times see a jump of s for half a step too long, an error of
#: first order that positive feedback triples. What is left are 20 units of time of nearly periodic trains.
NEAR = 0.005


@pytest.mark.parametrize("n", [1000, pytest.param(10000, marks=pytest.mark.slow)])
def test_quadratic_cells_have_the_rates_that_are_consistent_with_themselves(n: int) -> None:
    low, _, high = (float(r) for r in RATES[str(n)])
    net = qif_populations(n)
    for expected, inputs in ((low, None), (high, {"P1": {"I": KICK}})):
        rates = []
        for dt in (0.001, 0.0005):
            run = dn.simulate(net, 40.0, dt=dt, inputs=inputs)
            rates.append(run.spikes["P1"].rates((20.0, 40.0)).mean())
        assert 2 * rates[1] - rates[0] == pytest.approx(expected, rel=NEAR)
