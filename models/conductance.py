"""Conductance-based neurons: currents through voltage-gated channels.

Unless a model says otherwise: time in ms, voltage in mV, current density in uA/cm2, conductance density in mS/cm2 and
capacitance in uF/cm2. These models have no reset: a spike is an upward crossing of the voltage named in the docstring.
Variants are systems named after their model (`morris_lecar_snic`); how each was driven is in `dynana.models.protocols`.
"""

import dynana as dn

_DENSITIES = {"V": "mV", "I": "uA/cm2", "C": "uF/cm2", "g_L": "mS/cm2"}


@dn.model(
    time="ms",
    units={**_DENSITIES, "g_Na": "mS/cm2", "g_K": "mS/cm2", "E_Na": "mV", "E_K": "mV", "E_L": "mV"},
    ranges={"V": (-100.0, 60.0), "m": (0.0, 1.0), "h": (0.0, 1.0), "n": (0.0, 1.0)},
)
def hodgkin_huxley(
    V=-65.0, m=dn.steady, h=dn.steady, n=dn.steady, *,
    I=0.0, C=1.0, g_Na=120.0, g_K=36.0, g_L=0.3, E_Na=50.0, E_K=-77.0, E_L=-54.387,
):  # fmt: skip
    """Squid giant axon: transient sodium, delayed-rectifier potassium and leak currents.

    C V' = I - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K) - g_L (V - E_L),
    x' = alpha_x (1 - x) - beta_x x for x = m, h, n.

    Hodgkin & Huxley (1952), J. Physiol. 117:500-544: eqs 7, 12-15, 20, 21, 23, 24, 26 and table 3 (6.3 degrees), with
    today's sign of the voltage and the resting potential at -65 mV. A spike is an upward crossing of 20 mV. Texts that
    print g_L = 0.03 have a misprint of 0.3: with it, the cell no longer rests at -65 mV.
    """
    alpha_m = 0.1 * (V + 40) / (1 - dn.exp(-(V + 40) / 10))
    beta_m = 4 * dn.exp(-(V + 65) / 18)
    alpha_h = 0.07 * dn.exp(-(V + 65) / 20)
    beta_h = 1 / (1 + dn.exp(-(V + 35) / 10))
    alpha_n = 0.01 * (V + 55) / (1 - dn.exp(-(V + 55) / 10))
    beta_n = 0.125 * dn.exp(-(V + 65) / 80)
    I_Na = g_Na * m**3 * h * (V - E_Na)
    I_K = g_K * n**4 * (V - E_K)
    I_L = g_L * (V - E_L)
    dV = (I - I_Na - I_K - I_L) / C
    dm = alpha_m * (1 - m) - beta_m * m
    dh = alpha_h * (1 - h) - beta_h * h
    dn_dt = alpha_n * (1 - n) - beta_n * n
    return dV, dm, dh, dn_dt, dn.Observe(I_Na=I_Na, I_K=I_K, I_L=I_L)


@dn.model(
    time="ms",
    units={**_DENSITIES, "g_Ca": "mS/cm2", "g_K": "mS/cm2", "V_Ca": "mV", "V_K": "mV", "V_L": "mV", "phi": "1/ms"},
    ranges={"V": (-80.0, 60.0), "W": (-0.1, 1.1)},
)
def morris_lecar(
    V=-60.0, W=0.02, *,
    I=0.0, C=20.0, g_Ca=4.4, g_K=8.0, g_L=2.0, V_Ca=130.0, V_K=-84.0, V_L=-60.0,
    V1=-1.2, V2=18.0, V3=2.0, V4=30.0, phi=0.04,
):  # fmt: skip
    """Barnacle muscle fibre: instantaneous calcium and delayed potassium currents, in the Hopf regime.

    C V' = I - g_Ca M_inf(V) (V - V_Ca) - g_K W (V - V_K) - g_L (V - V_L),
    W' = phi (W_inf(V) - W) cosh((V - V3)/(2 V4)),
    M_inf = (1 + tanh((V - V1)/V2))/2, W_inf = (1 + tanh((V - V3)/V4))/2.

    Morris & Lecar (1981), Biophys. J. 35:193-213, reduced to two equations; parameters of Rinzel & Ermentrout (1998),
    in Koch & Segev (eds), Methods in Neuronal Modeling, chapter 7, but V_Ca = 130 mV. The textbook's own V_Ca = 120 mV
    stands in the variants `morris_lecar_*_textbook`: it moves the Hopf points from 88.5697 and 190.7161 to 93.8576 and
    212.0188. A spike is an upward crossing of 10 mV.
    """
    M_inf = (1 + dn.tanh((V - V1) / V2)) / 2
    W_inf = (1 + dn.tanh((V - V3) / V4)) / 2
    I_Ca = g_Ca * M_inf * (V - V_Ca)
    I_K = g_K * W * (V - V_K)
    dV = (I - I_Ca - I_K - g_L * (V - V_L)) / C
    dW = phi * (W_inf - W) * dn.cosh((V - V3) / (2 * V4))
    return dV, dW, dn.Observe(I_Ca=I_Ca, I_K=I_K)


# The three regimes of Rinzel & Ermentrout (1998): how firing sets in when I rises.
_SNIC = {"g_Ca": 4.0, "V3": 12.0, "V4": 17.4, "phi": 1 / 15}
_HOMOCLINIC = {**_SNIC, "phi": 0.23}
morris_lecar_hopf = morris_lecar
morris_lecar_snic = morris_lecar.at(**_SNIC)
morris_lecar_homoclinic = morris_lecar.at(**_HOMOCLINIC)
morris_lecar_hopf_textbook = morris_lecar.at(V_Ca=120.0)
morris_lecar_snic_textbook = morris_lecar.at(V_Ca=120.0, **_SNIC)
morris_lecar_homoclinic_textbook = morris_lecar.at(V_Ca=120.0, **_HOMOCLINIC)


@dn.model(
    time="ms",
    units={**_DENSITIES, "g_Na": "mS/cm2", "g_K": "mS/cm2", "E_Na": "mV", "E_K": "mV", "E_L": "mV"},
    ranges={"V": (-100.0, 60.0), "h": (0.0, 1.0), "n": (0.0, 1.0)},
)
def wang_buzsaki(
    V=-65.0, h=0.6, n=0.32, *,
    I=0.0, C=1.0, g_Na=35.0, g_K=9.0, g_L=0.1, E_Na=55.0, E_K=-90.0, E_L=-65.0, phi=5.0,
):  # fmt: skip
    """Fast-spiking hippocampal interneuron: instantaneous sodium activation, class 1 firing.

    C V' = I - g_Na m_inf(V)^3 h (V - E_Na) - g_K n^4 (V - E_K) - g_L (V - E_L),
    x' = phi (alpha_x (1 - x) - beta_x x) for x = h, n.

    Wang & Buzsaki (1996), J. Neurosci. 16:6402-6413, equations and parameters of its Methods. A spike is an upward
    crossing of 20 mV.
    """
    alpha_m = -0.1 * (V + 35) / (dn.exp(-0.1 * (V + 35)) - 1)
    beta_m = 4 * dn.exp(-(V + 60) / 18)
    alpha_h = 0.07 * dn.exp(-(V + 58) / 20)
    beta_h = 1 / (dn.exp(-0.1 * (V + 28)) + 1)
    alpha_n = -0.01 * (V + 34) / (dn.exp(-0.1 * (V + 34)) - 1)
    beta_n = 0.125 * dn.exp(-(V + 44) / 80)
    m_inf = alpha_m / (alpha_m + beta_m)
    I_Na = g_Na * m_inf**3 * h * (V - E_Na)
    I_K = g_K * n**4 * (V - E_K)
    dV = (I - I_Na - I_K - g_L * (V - E_L)) / C
    dh = phi * (alpha_h * (1 - h) - beta_h * h)
    dn_dt = phi * (alpha_n * (1 - n) - beta_n * n)
    return dV, dh, dn_dt, dn.Observe(I_Na=I_Na, I_K=I_K)


@dn.model(
    time="ms",
    units={**_DENSITIES, "g_Na": "mS/cm2", "g_K": "mS/cm2", "E_Na": "mV", "E_K": "mV", "E_L": "mV", "tau": "ms"},
    ranges={"V": (-90.0, 40.0), "n": (-0.1, 1.0)},
)
def nap_k(
    V=-70.0, n=dn.steady, *,
    I=0.0, C=1.0, g_L=8.0, g_Na=20.0, g_K=10.0, E_L=-80.0, E_Na=60.0, E_K=-90.0,
    V_m=-20.0, k_m=15.0, V_n=-25.0, k_n=5.0, tau=1.0,
):  # fmt: skip
    """Persistent sodium and potassium currents, high-threshold potassium: the planar model of Izhikevich's textbook.

    C V' = I - g_L (V - E_L) - g_Na m_inf(V) (V - E_Na) - g_K n (V - E_K), n' = (n_inf(V) - n)/tau,
    x_inf = 1/(1 + exp((V_x - V)/k_x)) for x = m, n.

    Izhikevich (2007), Dynamical Systems in Neuroscience, MIT Press, chapter 4 (fig. 4.1). High threshold: saddle-node
    on an invariant circle at I = 4.5129. Variants: `nap_k_low` (low-threshold potassium, supercritical Hopf at
    14.6590), `nap_k_subcritical` (subcritical Hopf at 48.9016), `nap_k_fast` (high threshold, tau = 0.16: saddle-node
    off the cycle, and a homoclinic orbit near 3.09).
    """
    m_inf = 1 / (1 + dn.exp((V_m - V) / k_m))
    n_inf = 1 / (1 + dn.exp((V_n - V) / k_n))
    I_Na = g_Na * m_inf * (V - E_Na)
    I_K = g_K * n * (V - E_K)
    dV = (I - g_L * (V - E_L) - I_Na - I_K) / C
    dn_dt = (n_inf - n) / tau
    return dV, dn_dt, dn.Observe(I_Na=I_Na, I_K=I_K)


nap_k_fast = nap_k.at(tau=0.16)
nap_k_low = nap_k.at(E_L=-78.0, V_n=-45.0)
nap_k_subcritical = nap_k.at(E_L=-78.0, g_L=1.0, g_Na=4.0, g_K=4.0, V_m=-30.0, k_m=7.0, V_n=-45.0)


@dn.model(
    time="ms",
    units={
        "V": "mV", "I": "pA", "C": "pF", "g_L": "nS", "g_Na": "nS", "g_K": "nS",
        "E_L": "mV", "E_Na": "mV", "E_K": "mV", "V_T": "mV",
    },
    ranges={"V": (-100.0, 60.0), "m": (0.0, 1.0), "h": (0.0, 1.0), "n": (0.0, 1.0)},
)  # fmt: skip
def traub_miles(
    V=-60.0, m=dn.steady, h=dn.steady, n=dn.steady, *,
    I=0.0, C=200.0, g_L=10.0, g_Na=20000.0, g_K=6000.0, E_L=-60.0, E_Na=50.0, E_K=-90.0, V_T=-63.0,
):  # fmt: skip
    """Cell of the COBAHH benchmark: Traub and Miles's sodium and potassium channels, whole-cell units.

    C V' = I - g_L (V - E_L) - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K),
    x' = alpha_x (1 - x) - beta_x x for x = m, h, n; u = V - V_T in the rates. Time in ms, C in pF, conductances in nS,
    I in pA.

    Traub & Miles (1991), Neuronal Networks of the Hippocampus, Cambridge; modified as in Brette et al. (2007), J.
    Comput. Neurosci. 23:349-398, appendix 2, benchmark 3. A spike is an upward crossing of -20 mV.
    """
    u = V - V_T
    alpha_m = 0.32 * (13 - u) / (dn.exp((13 - u) / 4) - 1)
    beta_m = 0.28 * (u - 40) / (dn.exp((u - 40) / 5) - 1)
    alpha_h = 0.128 * dn.exp((17 - u) / 18)
    beta_h = 4 / (1 + dn.exp((40 - u) / 5))
    alpha_n = 0.032 * (15 - u) / (dn.exp((15 - u) / 5) - 1)
    beta_n = 0.5 * dn.exp((10 - u) / 40)
    I_Na = g_Na * m**3 * h * (V - E_Na)
    I_K = g_K * n**4 * (V - E_K)
    dV = (I - g_L * (V - E_L) - I_Na - I_K) / C
    dm = alpha_m * (1 - m) - beta_m * m
    dh = alpha_h * (1 - h) - beta_h * h
    dn_dt = alpha_n * (1 - n) - beta_n * n
    return dV, dm, dh, dn_dt, dn.Observe(I_Na=I_Na, I_K=I_K)
