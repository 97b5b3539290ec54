"""Networks of the literature, ready to run: functions that return a `Network`.

``dn.simulate(cuba(), 1000.0, dt=0.1, seed=1)``. Time in ms unless a network says otherwise; connections and initial
values are drawn from the seed of the run.
"""

import math
from random import Random

import dynana as dn
from dynana.models.integrate_and_fire import lif
from dynana.models.plasticity import stdp
from dynana.models.synapses import exponential, exponential_conductance, linear, nmda, voltage_jump


def _size(count, scale):
    """Return a number of cells times a scale as a whole number."""
    return max(1, round(count * scale))


def cuba(scale=1.0):
    """3200 excitatory and 800 inhibitory integrate-and-fire cells with currents as synapses, irregular and sparse.

    20 ms V' = -(V + 49 mV) + I_e + I_i, threshold -50 mV, reset to -60 mV for 5 ms; each pair is connected with
    probability 2 %, spikes add 1.62 mV to I_e (5 ms) and -9 mV to I_i (10 ms). dt 0.1 ms.

    Vogels & Abbott (2005), J. Neurosci. 25:10786-10795; benchmark 2 of Brette et al. (2007), J. Comput. Neurosci.
    23:349-398.

    Parameters
    ----------
    scale : float
        Factor of the number of cells; the probability is divided by it, so that the cells keep their number of inputs.
    """
    cells = lif.at(tau=20.0, V_rest=-49.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0)
    excitatory, inhibitory = exponential.at(tau=5.0, w=1.62), exponential.at(tau=10.0, w=-9.0)
    return _vogels_abbott("cuba", cells, excitatory, inhibitory, scale)


def coba(scale=1.0):
    """The cells of `cuba` with conductances as synapses and a constant drive of 20 mV, firing in bursts.

    20 ms V' = -(V + 60 mV) + g_e (0 - V) + g_i (-80 mV - V) + 20 mV; spikes add 0.6 to g_e (5 ms) and 6.7 to g_i
    (10 ms), in units of the leak. dt 0.1 ms.

    Vogels & Abbott (2005), J. Neurosci. 25:10786-10795; benchmark 1 of Brette et al. (2007), J. Comput. Neurosci.
    23:349-398, in the form with a constant drive; the published one sustains itself without.

    Parameters
    ----------
    scale : float
        As for `cuba`.
    """
    cells = lif.at(tau=20.0, V_rest=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0, I=20.0)
    excitatory = exponential_conductance.at(tau=5.0, E=0.0, w=0.6)
    inhibitory = exponential_conductance.at(tau=10.0, E=-80.0, w=6.7)
    return _vogels_abbott("coba", cells, excitatory, inhibitory, scale)


def _vogels_abbott(name, cells, excitatory, inhibitory, scale):
    start = {"V": dn.uniform(-60.0, -50.0)}
    E = dn.Population("E", cells, _size(3200, scale), start=start)
    I = dn.Population("I", cells, _size(800, scale), start=start)
    return _by_sign(name, E, I, excitatory, inhibitory, min(1.0, 0.02 / scale))


def _by_sign(name, E, I, excitatory, inhibitory, p):
    """Return E and I connected at random with each other and themselves, by one synapse for each kind of source."""
    links = [
        dn.Projection(source, target, synapse, connect=dn.probability(p, autapses=True))
        for source, synapse in ((E, excitatory), (I, inhibitory))
        for target in (E, I)
    ]
    return dn.Network([E, I], links, name)


def cobahh(scale=1.0):
    """The architecture of `coba` with Traub and Miles's cells, bursting.

    C V' = -g_L (V - E_L) - I_Na - I_K + g_e (0 - V) + g_i (-80 mV - V), 200 pF; spikes, V > -20 mV at most every 3 ms,
    add 6 nS to g_e (5 ms) and 67 nS to g_i (10 ms). Gates start closed, V around -65 mV; spikes at 0.1 ms set the
    conductances, normal with means 40 and 200 nS. dt 0.1 ms.

    Benchmark 3 of Brette et al. (2007), J. Comput. Neurosci. 23:349-398.

    Parameters
    ----------
    scale : float
        As for `cuba`.
    """
    from dynana.models.conductance import traub_miles  # a dozen models that the other networks do not need

    start = {"V": dn.normal(-65.0, 5.0), "m": 0.0, "h": 0.0, "n": 0.0}
    cells = _sending(traub_miles, -20.0, 3.0)
    E, I = (dn.Population(n, cells, _size(k, scale), start=start) for n, k in (("E", 3200), ("I", 800)))
    excitatory = exponential_conductance.at(tau=5.0, E=0.0, w=6.0)
    inhibitory = exponential_conductance.at(tau=10.0, E=-80.0, w=67.0)
    network = _by_sign("cobahh", E, I, excitatory, inhibitory, min(1.0, 0.02 / scale))
    kicks = []
    for cell in (E, I):
        first = dn.spikes([0.1] * cell.size, list(range(cell.size)), cell.size, name=f"start_{cell.name}")
        for kind, synapse, w in (("e", excitatory, dn.normal(40, 15)), ("i", inhibitory, dn.normal(200, 120))):
            name = f"start_{kind}_{cell.name}"
            kicks.append(dn.Projection(first, cell, synapse, connect=dn.one_to_one(), w=w, name=name))
    return dn.Network([E, I], [*network.projections, *kicks], "cobahh")


def _sending(system, threshold, pause):
    """Return a model that sends a spike while V is above a threshold, at most one in each pause."""
    V = system.symbols["V"]
    return dn.System(
        dict(zip(system.states, system.derivatives, strict=True)),
        system.values,
        initial=dict(system.given_initial),
        jumps=[dn.Jump(when=threshold < V, to={V: V}, refractory=pause, hold=(), name="spike")],
        observables=system.observables,
        name=system.name,
        time=system.time,
        ranges=system.ranges,
    )


#: Brunel's relative strength of inhibition and external rate for each state, figure 8 of the paper.
BRUNEL_REGIMES = {"AI": (5.0, 2.0), "SR": (3.0, 2.0), "SI fast": (6.0, 4.0), "SI slow": (4.5, 0.9)}


def brunel(regime="AI", scale=1.0):
    """10000 excitatory and 2500 inhibitory cells with delta synapses: four states of global activity.

    20 ms V' = -V, threshold 20 mV, reset to 10 mV for 2 ms; each cell has 1000 excitatory inputs of 0.1 mV, 250
    inhibitory ones of -0.1 g mV, delay 1.5 ms, and Poisson input of 0.1 mV at eta times 10 kHz, the rate that
    alone reaches threshold in the mean. Multapses and autapses occur. dt 0.1 ms.

    Brunel (2000), J. Comput. Neurosci. 8:183-208, model A.

    Parameters
    ----------
    regime : {"AI", "SR", "SI fast", "SI slow"}
        Asynchronous irregular (g = 5, eta = 2), synchronous regular (3, 2), synchronous irregular with fast (6, 4) and
        with slow (4.5, 0.9) oscillations.
    scale : float
        Factor of the number of cells and of inputs; the inputs grow by 1/scale, the external ones stay.

    Raises
    ------
    ValueError
        For another regime.
    """
    if regime not in BRUNEL_REGIMES:
        raise ValueError(f"brunel: regime {regime!r}: expected one of {', '.join(map(repr, BRUNEL_REGIMES))}")
    g, eta = BRUNEL_REGIMES[regime]
    J = 0.1
    cells = lif.at(tau=20.0, V_rest=0.0, V_th=20.0, V_reset=10.0, t_ref=2.0)
    start = {"V": dn.uniform(0.0, 20.0)}
    E, I = (dn.Population(n, cells, _size(k, scale), start=start) for n, k in (("E", 10000), ("I", 2500)))
    external = dn.poisson(eta * 10000.0, name="external")
    links = [dn.Projection(external, cell, voltage_jump, w=J) for cell in (E, I)]
    for source, inputs, weight in ((E, 1000, J), (I, 250, -g * J)):
        connect = dn.in_degree(_size(inputs, scale), autapses=True, multapses=True)
        for target in (E, I):
            links.append(dn.Projection(source, target, voltage_jump, connect=connect, w=weight / scale, delay=1.5))
    return dn.Network([E, I], links, "brunel")


def ei_balanced(N_E=500, N_I=500):
    """Excitation and inhibition that cancel in the mean: nearly periodic, not irregular.

    10 ms V' = -(V + 52 mV) + I + 3 mV, threshold -50 mV, reset to -60 mV for 5 ms; each pair is connected with
    probability 0.1, spikes add 1/sqrt(0.1 N_E) mV and -1/sqrt(0.1 N_I) mV to I (2 ms). The constant input alone is
    above threshold, so that the cells fire like clocks, with a coefficient of variation of 0.01: `ei_irregular` has
    the irregular state of the theory. dt 0.1 ms.

    After van Vreeswijk & Sompolinsky (1996), Science 274:1724-1726, with the parameters that textbook code uses.
    """
    cells = lif.at(tau=10.0, V_rest=-52.0, V_reset=-60.0, V_th=-50.0, t_ref=5.0, I=3.0)
    return _balanced("ei_balanced", cells, N_E, N_I, 1.0, 1.0)


def ei_irregular(N_E=500, N_I=500):
    """Excitation and inhibition that cancel in the mean, with strong synapses: irregular and asynchronous.

    The cells of `ei_balanced`, reset to rest, with constant input 10 mV and with synapses 20 times as strong, another
    3 times for inhibition: recurrent input holds the mean below threshold, and fluctuations fire the cells, at about
    24 Hz with a coefficient of variation near 1. dt 0.1 ms.

    van Vreeswijk & Sompolinsky (1996), Science 274:1724-1726.
    """
    cells = lif.at(tau=10.0, V_rest=-52.0, V_reset=-52.0, V_th=-50.0, t_ref=5.0, I=10.0)
    return _balanced("ei_irregular", cells, N_E, N_I, 20.0, 60.0)


def _balanced(name, cells, N_E, N_I, excitation, inhibition):
    """Return two populations with weights that fall with the square root of the number of inputs."""
    start, fast, p = {"V": dn.uniform(-52.0, -50.0)}, exponential.at(tau=2.0), 0.1
    E, I = (dn.Population(n, cells, k, start=start) for n, k in (("E", N_E), ("I", N_I)))
    positive, negative = excitation / math.sqrt(p * N_E), -inhibition / math.sqrt(p * N_I)
    return _by_sign(name, E, I, fast.at(w=positive), fast.at(w=negative), p)


def decision_spiking(scale=5, coherence=25.6, seed=1):
    """Two groups of pyramidal cells that compete for a decision, with recurrent NMDA excitation.

    1600/scale excitatory and 400/scale inhibitory integrate-and-fire cells, all to all with a delay of 0.5 ms; groups
    A and B are the first 15 % of E and the next. AMPA, NMDA and GABA synapses as conductances in uS times scale; every
    cell has Poisson input of 2400 Hz. From 100 to 1100 ms A and B also get Poisson spikes, at rates that are drawn
    every 50 ms from normal distributions with means 40 (1 +- coherence/100) Hz and standard deviation 10 Hz. dt
    0.05 ms, 1600 ms.

    Wang (2002), Neuron 36:955-968.

    Parameters
    ----------
    scale : float
        Divides the numbers of cells.
    coherence : float
        In percent; positive favours A.
    seed : int
        Of the rates of the stimulus.
    """
    N_E, N_I = round(1600 / scale), round(400 / scale)
    V = {"V_rest": -70.0, "V_reset": -55.0, "V_th": -50.0}
    E = dn.Population("E", lif.at(**V, R=40.0, tau=20.0, t_ref=2.0), N_E, start={"V": -70.0})
    I = dn.Population("I", lif.at(**V, R=50.0, tau=10.0, t_ref=1.0), N_I, start={"V": -70.0})
    group = int(0.15 * N_E)
    A, B, rest = E[:group], E[group : 2 * group], E[2 * group :]
    strong, weak = 1.7, 1 - 0.15 * (1.7 - 1) / (1 - 0.15)
    excitatory = [
        (A, A, strong), (B, B, strong), (A, B, weak), (B, A, weak), (rest, A, weak), (rest, B, weak), (E, rest, 1.0),
        (E, I, 1.0),
    ]  # fmt: skip
    ampa, gaba = exponential_conductance.at(tau=2.0, E=0.0), exponential_conductance.at(tau=5.0, E=-70.0)
    slow = nmda.at(g_max=1.0, Mg=1.0)
    all_, nS = {"connect": dn.all_to_all(autapses=True), "delay": 0.5}, 1e-3 * scale
    links = []
    for source, target, w in excitatory:
        g_ampa, g_nmda = (0.04, 0.13) if target is I else (0.05, 0.165)
        links.append(dn.Projection(source, target, ampa, w=w * g_ampa * nS, **all_))
        links.append(dn.Projection(source, target, slow, w=w * g_nmda * nS, **all_))
    for target, g_gaba, g_external in ((E, 1.3, 2.1e-3), (I, 1.0, 1.62e-3)):
        links.append(dn.Projection(I, target, gaba, w=g_gaba * nS, **all_))
        links.append(dn.Projection(dn.poisson(2400.0, name=f"to_{target.name}"), target, ampa, w=g_external))
    random, times = Random(seed), [100.0 + 50.0 * k for k in range(21)]
    for name, target, sign in (("to_A", A, 1), ("to_B", B, -1)):
        rates = [max(0.0, random.gauss(40 * (1 + sign * coherence / 100), 10.0)) for _ in times[:-1]]
        stimulus = dn.poisson(dn.steps(times, [*rates, 0.0], before=0.0), name=name)
        links.append(dn.Projection(stimulus, target, ampa, w=2.1e-3))
    return dn.Network([E, I], links, "decision_spiking")


@dn.model
def attractor_unit(u=0.0, *, J=0.0, I=0.0, S=0.0, tau=1.0, k=8.1):
    """Tau u' = -u + J + I, r = u^2/(1 + k S) with S the sum of u^2 over all units."""
    return (-u + J + I) / tau, dn.Observe(r=u**2 / (1 + k * S))


@dn.synapse
def squared_sum(*, pre, post):
    """Each unit adds the square of its input to S."""
    return dn.Into("S", pre.u**2)


def cann(n=512, *, k=8.1, a=0.5, J0=4.0):
    """Continuous attractor on a ring: a bump of activity that stays wherever it is put.

    tau u' = -u + sum_x' J(x, x') r(x') + I, r = u^2/(1 + k sum_x' u^2), J = J0 exp(-d^2/(2 a^2))/(sqrt(2 pi) a) with d
    the distance on the circle; tau = 1. As in published code the units are at equal distances from -pi to pi with both
    ends, which are one place, and the sums have no factor for the distance of units. A stimulus at z is
    I = A exp(-d(x, z)^2/(4 a^2)) with A = 10. rk4, dt 0.05.

    Wu, Hamaguchi & Amari (2008), Neural Comput. 20:994-1025.

    Parameters
    ----------
    n : int
    k : float
        Strength of the global inhibition; the bump is stable up to a largest value.
    a : float
        Half the range of connections.
    J0 : float
    """
    pi = math.pi
    units = dn.Population("u", attractor_unit.at(k=k), n, space=dn.places(ring_places(n)))

    def strength(distance):
        d = dn.minimum(distance, 2 * pi - distance)
        return J0 / (math.sqrt(2 * pi) * a) * dn.exp(-(d**2) / (2 * a**2))

    whole = dn.all_to_all(autapses=True)
    recurrent = dn.Projection(units, units, linear, connect=whole, w=strength, name="recurrent")
    return dn.Network([units], [recurrent, dn.Projection(units, units, squared_sum, connect=whole, name="sum")], "cann")


def ring_places(n=512):
    """Return the places of the units of `cann`, from -pi to pi."""
    return [-math.pi + 2 * math.pi * i / (n - 1) for i in range(n)]


def stdp_recurrent(n=10000):
    """Cells driven by Poisson input, with plastic synapses between them: a hundred for each cell.

    20 ms V' = -(V + 60 mV) + I, threshold -50 mV, reset to -60 mV for 2 ms; spikes add w to I (5 ms) after 1 ms, those
    of 1800 Hz Poisson input 1 mV. Weights start uniform in 0 to 0.3 mV; each pair of spikes changes them by up to
    +0.003 and -0.00315 mV with 20 ms, and they stay in that range. dt 0.1 ms.

    Additive rule of Song, Miller & Abbott (2000), Nat. Neurosci. 3:919-926.
    """
    top = 0.3
    system = lif.at(tau=20.0, V_rest=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=2.0)
    cells = dn.Population("E", system, n, start={"V": dn.uniform(-60.0, -50.0)})
    plastic = stdp.at(tau=5.0, tau_s=20.0, tau_t=20.0, dA_s=0.01 * top, dA_t=0.0105 * top, w_max=top)
    inputs = dn.in_degree(min(100, n), autapses=True, multapses=True)
    links = [
        dn.Projection(cells, cells, plastic, connect=inputs, w=dn.uniform(0.0, top), delay=1.0),
        dn.Projection(dn.poisson(1800.0, name="external"), cells, exponential.at(tau=5.0), w=1.0),
    ]
    return dn.Network([cells], links, "stdp_recurrent")


@dn.model
def tanh_unit(x=0.0, *, J=0.0):
    """X' = -x + J, r = tanh(x)."""
    return -x + J, dn.Observe(r=dn.tanh(x))


def random_rates(n=2000, g=1.5):
    """Rate units with random connections, all to all: chaotic for g > 1.

    x_i' = -x_i + sum_j J_ij tanh(x_j), J_ij normal with variance g^2/n. Time in units of the relaxation; the start is
    normal with variance 1.

    Sompolinsky, Crisanti & Sommers (1988), Phys. Rev. Lett. 61:259-262.

    Parameters
    ----------
    n : int
    g : float
    """
    units = dn.Population("x", tanh_unit, n, start={"x": dn.normal(0.0, 1.0)})
    weights = dn.normal(0.0, g / math.sqrt(n))
    links = [dn.Projection(units, units, linear, connect=dn.all_to_all(autapses=True), w=weights)]
    return dn.Network([units], links, "random_rates")
