"""Networks of a few populations of equal cells: against exact mean fields, and as a course report drove them."""

import math
from random import Random

import dynana as dn
from dynana.models.integrate_and_fire import lif, quadratic_if_normal
from dynana.models.synapses import exponential

#: Where the quadratic integrate-and-fire cells of `qif_populations` spike and are reset to, up to the sign.
PEAK = 100.0


def lorentzian(n, center, width):
    """Return the n quantiles of a Lorentzian distribution that stand for it without chance."""
    return [center + width * math.tan(math.pi / 2 * (2 * j - n - 1) / (n + 1)) for j in range(1, n + 1)]


@dn.synapse
def filtered_rate(s=0.0, *, pre, post, w=1.0, tau=0.05):
    """Each spike raises s by 1/tau, which decays: s is the filtered rate of spikes. I = w s."""
    return -s / tau, dn.OnPre({s: s + 1 / tau}), dn.Into("I", w * s)


def qif_populations(n=2000, weights=((15.0,),), eta=(-5.0,), width=1.0, tau=0.05, start=-2.0):
    """Populations of quadratic integrate-and-fire cells, all to all, whose mean field is exact for large n.

    V' = V^2 + eta_j + I + sum over populations of J s, eta_j at the quantiles of a Lorentzian distribution; V > 100:
    V -> -100 after 0.02, the time that the passage through infinity takes, and half of it passes until the spike
    arrives; tau s' = -s + rate of a population. Without dimensions; dt 0.001. The mean field of each population is
    `montbrio_pazo_roxin` with J = 0 and I = sum of J s.

    Montbrio, Pazo & Roxin (2015), Phys. Rev. X 5:021028.

    Parameters
    ----------
    n : int
        Cells of each population.
    weights : sequence of sequences of float
        Row k: what population k sends to each population, J.
    eta : sequence of float
        Center of the distribution in each population.
    width : float
        Half its width at half maximum.
    tau : float
        Of the synapses.
    start : float
        Of V in all cells.
    """
    cells = quadratic_if_normal.at(I=0.0, V_th=PEAK, V_reset=-PEAK, t_ref=2 / PEAK)
    names = [f"P{k + 1}" for k in range(len(eta))]
    groups = [
        dn.Population(name, cells, n, at={"I": lorentzian(n, center, width)}, start={"v": start})
        for name, center in zip(names, eta, strict=True)
    ]
    whole = dn.all_to_all(autapses=True)
    links = [
        dn.Projection(source, target, filtered_rate.at(tau=tau), connect=whole, w=J / n, delay=1 / PEAK)
        for source, row in zip(groups, weights, strict=True)
        for target, J in zip(groups, row, strict=True)
        if J
    ]
    return dn.Network(groups, links, "qif_populations")


#: Cells of each population of `three_population`, steps of an experiment, steps in a second of its report.
CELLS, STEPS, SECOND = 100, 1000, 100
#: Experiments of the report: kind of weights, and input of E1, E2 and I: level at each step.
EXPERIMENTS = {
    "default": ("normal", "steps of 5", "steps of 3", "constant"),
    "no current to I": ("normal", "steps of 5", "steps of 3", "none"),
    "random walks": ("normal", "walk", "walk", "constant"),
    "uniform weights": ("uniform", "steps of 5", "steps of 3", "constant"),
    "full connections": ("full", "steps of 5", "steps of 3", "none"),
    "same current to all": ("normal", "steps of 5", "steps of 5", "steps of 5"),
    "one population raised": ("normal", "constant 34", "raised", "constant"),
}


def three_population(weights="normal", J=1.0, seed=1):
    """Two excitatory populations that share an inhibitory one, 100 integrate-and-fire cells each.

    20 V' = -(V + 70.6) + I, threshold -40, reset to rest. E1 and E2 excite themselves and I, which inhibits both; each
    spike adds 1 to a trace that decays with 10, and a cell receives the sum of w c x trace, c uniform in [0, 1]. dt 1,
    1000 steps, of which the report calls 100 a second. `three_population_inputs` drives its experiments.

    After the course report that goes with Dayan & Abbott (2001), Theoretical Neuroscience, chapter 7.

    Parameters
    ----------
    weights : {"normal", "uniform", "full"}
        Where w is drawn: J N(20, 5) or J U(5, 20) over the sum of c over targets, or J/100 for all (and c = 1).
    J : float
    seed : int
        Of weights.

    Raises
    ------
    ValueError
        For other weights.
    """
    draws = {"normal": lambda r: r.gauss(20, 5), "uniform": lambda r: r.uniform(5, 20), "full": None}
    if weights not in draws:
        raise ValueError(f"three_population: weights {weights!r}: expected one of {', '.join(map(repr, draws))}")
    random, cells = Random(seed), lif.at(tau=20.0, V_rest=-70.6, V_reset=-70.6, V_th=-40.0, t_ref=0.0)
    groups = {name: dn.Population(name, cells, CELLS, start={"V": -70.6}) for name in ("E1", "E2", "I")}
    trace, whole = exponential.at(tau=10.0), dn.all_to_all(autapses=True)
    links = []
    for source, target in (("E1", "I"), ("E2", "I"), ("I", "E1"), ("I", "E2"), ("E1", "E1"), ("E2", "E2")):
        sign = -J if source == "I" else J
        w = sign / CELLS
        if weights != "full":
            w = []
            for _ in range(CELLS):
                c = [random.random() for _ in range(CELLS)]
                w.append([sign * draws[weights](random) * x / sum(c) for x in c])
        links.append(dn.Projection(groups[source], groups[target], trace, connect=whole, w=w))
    return dn.Network(list(groups.values()), links, "three_population")


def three_population_inputs(experiment="default", seed=1):
    """Return the inputs of an experiment with `three_population`, and the level of each without noise.

    Steps of 20 every 5 or 3 seconds with ramps of 1 second, a constant, or a walk from 200 that is reflected at 0, with
    noise N(0, 1) for each cell and N(0, 1) common to a population at every step.

    Parameters
    ----------
    experiment : str
        One of ``EXPERIMENTS``.
    seed : int
        Of the noise.

    Returns
    -------
    inputs : dict
        For `simulate`.
    levels : dict of str to list of float
    """
    if experiment not in EXPERIMENTS:
        known = ", ".join(map(repr, EXPERIMENTS))
        raise ValueError(f"three_population_inputs: {experiment!r}: expected one of {known}")
    random, inputs, levels = Random(seed), {}, {}
    for name, kind in zip(("E1", "E2", "I"), EXPERIMENTS[experiment][1:], strict=True):
        level = _level(kind, random)
        common = [random.gauss(0, 1) if kind != "none" else 0.0 for _ in level]
        noisy = 1.0 if kind != "none" else 0.0
        rows = [[x + c + noisy * random.gauss(0, 1) for _ in range(CELLS)] for x, c in zip(level, common, strict=True)]
        inputs[name], levels[name] = {"I": dn.sampled(list(range(STEPS)), rows)}, level
    return inputs, levels


def _level(kind, random):
    """Return the level of an input at each step."""
    word, _, period = kind.rpartition(" ")
    if word == "steps of":  # 20 more every so many seconds, up a ramp of one second
        length = int(period) * SECOND
        return [20.0 * (k // length + min(1.0, k % length / SECOND)) for k in range(STEPS)]
    if kind == "walk":
        level = [200.0]
        while len(level) < STEPS:
            level.append(abs(level[-1] + random.gauss(0, 10)))
        return level
    if kind == "raised":
        return [34.0 + 20.0 * (k >= 5 * SECOND) for k in range(STEPS)]
    return [{"none": 0.0, "constant": 20.0, "constant 34": 34.0}[kind]] * STEPS
