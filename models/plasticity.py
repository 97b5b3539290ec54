"""Synapses that change: short-term plasticity, spike timing, rates. Time in ms unless units say otherwise."""

import dynana as dn


@dn.synapse(time="ms")
def stp(I=0.0, u=0.0, x=1.0, *, pre, post, w=1.0, U=0.15, tau_f=1500.0, tau_d=200.0, tau=8.0, A=1.0):
    """Short-term plasticity: resources x are used up and recover, the share u that a spike uses facilitates.

    I' = -I/tau, u' = -u/tau_f, x' = (1 - x)/tau_d; spike: u+ = u + U (1 - u), I -> I + A u+ x, x -> x - u+ x.

    Tsodyks, Pawelzik & Markram (1998), Neural Comput. 10:821-835.
    """
    used = u + U * (1 - u)
    spike = dn.OnPre({u: used, I: I + A * used * x, x: x - used * x})
    return -I / tau, -u / tau_f, (1 - x) / tau_d, spike, dn.Into("I", w * I)


@dn.synapse(time="ms")
def stdp(
    s=0.0, A_s=0.0, A_t=0.0, w=1.0, *, pre, post, tau=10.0, tau_s=10.0, tau_t=10.0, dA_s=0.5, dA_t=0.5, w_min=0.0,
    w_max=20.0,
):  # fmt: skip
    """Spike-timing-dependent plasticity of pairs, all to all, additive, with traces of both cells.

    s' = -s/tau, A_s' = -A_s/tau_s, A_t' = -A_t/tau_t; presynaptic spike: s -> s + w, A_s -> A_s + dA_s, w -> w - A_t;
    postsynaptic spike: A_t -> A_t + dA_t, w -> w + A_s; w stays in [w_min, w_max]; I = s.

    Song, Miller & Abbott (2000), Nat. Neurosci. 3:919-926.
    """
    before = dn.OnPre({s: s + w, A_s: A_s + dA_s, w: w - A_t})
    after = dn.OnPost({A_t: A_t + dA_t, w: w + A_s})
    return -s / tau, -A_s / tau_s, -A_t / tau_t, 0, before, after, dn.Clip({w: (w_min, w_max)}), dn.Into("I", s)


@dn.synapse
def oja(w=0.05, *, pre, post, gamma=0.005):
    """Hebbian plasticity that keeps weights bounded: w' = gamma (r_post r_pre - w r_post^2); J = w r_pre.

    Oja (1982), J. Math. Biol. 15:267-273.
    """
    return gamma * (post.r * pre.r - w * post.r**2), dn.Into("J", w * pre.r)


@dn.synapse
def bcm(w=0.5, S=0.0, *, t, pre, post, eta=0.005, w_min=0.0, w_max=1.0):
    """Plasticity with a sliding threshold: w' = eta r_post (r_post - r_th) r_pre; J = w r_pre.

    The threshold is the mean of the postsynaptic rate since the start, r_th = S/t with S' = r_post.

    Bienenstock, Cooper & Munro (1982), J. Neurosci. 2:32-48.
    """
    threshold = dn.where(t > 0, S / t, post.r)
    dw = eta * post.r * (post.r - threshold) * pre.r
    return dw, post.r, dn.Clip({w: (w_min, w_max)}), dn.Into("J", w * pre.r)
