"""Synapses, as books write them: the equations of one connection between two cells.

Time in ms, voltage in mV. What a synapse adds to the parameter ``I`` of its target is in the target's unit of current;
``to={"I": ...}`` of a projection names another parameter. ``w`` scales each connection.
"""

import dynana as dn


@dn.synapse(time="ms")
def exponential(s=0.0, *, pre, post, w=1.0, tau=8.0):
    """A current that each spike raises and that decays: s' = -s/tau, spike: s -> s + 1; I = w s."""
    return -s / tau, dn.OnPre({s: s + 1}), dn.Into("I", w * s)


@dn.synapse(time="ms")
def exponential_conductance(s=0.0, *, pre, post, w=1.0, tau=5.0, E=0.0):
    """A conductance that each spike raises and that decays: s' = -s/tau, spike: s -> s + 1; I = -w s (V - E)."""
    return -s / tau, dn.OnPre({s: s + 1}), dn.Into("I", -w * s * (post.V - E))


@dn.synapse(time="ms")
def alpha(s=0.0, x=0.0, *, pre, post, w=1.0, tau=3.0):
    """The alpha function: s' = x, x' = -2 x/tau - s/tau^2, spike: x -> x + 1; I = w s.

    After one spike s(t) = t exp(-t/tau). Rall (1967), J. Neurophysiol. 30:1138-1168.
    """
    return x, -2 * x / tau - s / tau**2, dn.OnPre({x: x + 1}), dn.Into("I", w * s)


@dn.synapse(time="ms")
def dual_exponential(s=0.0, x=0.0, *, pre, post, w=1.0, tau1=1.0, tau2=3.0):
    """Rise and decay of their own: s' = x, x' = -((tau1 + tau2) x + s)/(tau1 tau2), spike: x -> x + 1; I = w s.

    After one spike s(t) = tau1 tau2/(tau2 - tau1) (exp(-t/tau2) - exp(-t/tau1)).
    """
    return x, -((tau1 + tau2) * x + s) / (tau1 * tau2), dn.OnPre({x: x + 1}), dn.Into("I", w * s)


@dn.synapse(time="ms")
def voltage_jump(*, pre, post, w=1.0):
    """Delta synapse: each spike moves the voltage of the target by w."""
    return dn.OnPre({post.V: post.V + w})


@dn.synapse(time="ms")
def ampa(s=0.0, *, pre, post, w=1.0, g_max=0.1, E=0.0, alpha=0.98, beta=0.18, T=0.5, T_duration=0.5):
    """AMPA receptors, kinetic: s' = alpha [T] (1 - s) - beta s; I = -w g_max s (V - E).

    The transmitter concentration [T] is T for T_duration after each presynaptic spike and zero otherwise.
    Destexhe, Mainen & Sejnowski (1994), Neural Comput. 6:14-18.
    """
    transmitter = dn.where(pre.since_spike < T_duration, T, 0)
    return alpha * transmitter * (1 - s) - beta * s, dn.Into("I", -w * g_max * s * (post.V - E))


@dn.synapse(time="ms")
def gaba_a(s=0.0, *, pre, post, w=1.0, g_max=0.4, E=-80.0, tau_decay=6.0):
    """GABA_A receptors: s' = -s/tau_decay, spike: s -> s + 1; I = -w g_max s (V - E)."""
    return -s / tau_decay, dn.OnPre({s: s + 1}), dn.Into("I", -w * g_max * s * (post.V - E))


@dn.synapse(time="ms")
def nmda(
    s=0.0, x=0.0, *, pre, post, w=1.0, g_max=0.15, E=0.0, Mg=1.2, alpha=0.062, beta=3.57, tau_decay=100.0, tau_rise=2.0,
    a=0.5,
):  # fmt: skip
    """NMDA receptors, saturating and blocked by magnesium.

    s' = -s/tau_decay + a x (1 - s), x' = -x/tau_rise, spike: x -> x + 1;
    I = -w g_max s (V - E)/(1 + (Mg/beta) exp(-alpha V)).

    Jahr & Stevens (1990), J. Neurosci. 10:3178-3182; Wang (2002), Neuron 36:955-968.
    """
    block = 1 + Mg / beta * dn.exp(-alpha * post.V)
    current = -w * g_max * s * (post.V - E) / block
    return -s / tau_decay + a * x * (1 - s), -x / tau_rise, dn.OnPre({x: x + 1}), dn.Into("I", current)


@dn.synapse(time="ms")
def gaba_b(
    R=0.0, G=0.0, *, pre, post, w=1.0, g_max=0.02, E=-95.0, k1=0.18, k2=0.034, k3=0.09, k4=0.0012, K_d=100.0, T=0.5,
    T_duration=0.3,
):  # fmt: skip
    """GABA_B receptors: R' = k3 [T] (1 - R) - k4 R, G' = k1 R - k2 G; I = -w g_max G^4/(G^4 + K_d) (V - E).

    The transmitter concentration [T] is T for T_duration after each presynaptic spike and zero otherwise.
    Destexhe & Sejnowski (1995), PNAS 92:9515-9519.
    """
    transmitter = dn.where(pre.since_spike < T_duration, T, 0)
    dR = k3 * transmitter * (1 - R) - k4 * R
    return dR, k1 * R - k2 * G, dn.Into("I", -w * g_max * G**4 / (G**4 + K_d) * (post.V - E))


@dn.synapse(time="ms")
def gap_junction(*, pre, post, w=1.0, k_spikelet=0.1):
    """Electrical coupling: I = w (V_pre - V_post), and a spikelet w k_spikelet of the target's voltage at each spike.

    A spikelet that meets a target held by its refractory time is lost.
    """
    return dn.OnPre({post.V: post.V + w * k_spikelet}), dn.Into("I", w * (pre.V - post.V))


@dn.synapse
def linear(*, pre, post, w=1.0):
    """Coupling of rate units: each adds w r to the input J of its target."""
    return dn.Into("J", w * pre.r)
