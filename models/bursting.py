"""Conductance-based neurons that burst: a slow current or a second compartment starts and ends trains of spikes.

Units are those of `dynana.models.conductance`. The models have no reset.
"""

import dynana as dn

_DENSITIES = {"V": "mV", "I": "uA/cm2", "C": "uF/cm2", "g_L": "mS/cm2"}


@dn.model(
    time="ms",
    units={
        "Vs": "mV", "Vd": "mV", "I_s": "uA/cm2", "I_d": "uA/cm2", "Cm": "uF/cm2",
        "g_L": "mS/cm2", "g_Na": "mS/cm2", "g_K": "mS/cm2", "g_Ca": "mS/cm2", "g_AHP": "mS/cm2", "g_C": "mS/cm2",
        "g_c": "mS/cm2", "E_L": "mV", "E_Na": "mV", "E_K": "mV", "E_Ca": "mV",
    },
    ranges={
        "Vs": (-90.0, 60.0), "Vd": (-90.0, 60.0), "Ca": (0.0, 1000.0),
        "h": (0.0, 1.0), "n": (0.0, 1.0), "s": (0.0, 1.0), "c": (0.0, 1.0), "q": (0.0, 1.0),
    },
)  # fmt: skip
def pinsky_rinzel(
    Vs=-64.6, Vd=-64.5, Ca=0.2, h=dn.steady, n=dn.steady, s=dn.steady, c=dn.steady, q=dn.steady, *,
    I_s=-0.5, I_d=0.0, Cm=3.0, p=0.5, g_c=2.1, g_L=0.1, g_Na=30.0, g_K=15.0, g_Ca=10.0, g_AHP=0.8, g_C=15.0,
    E_L=-60.0, E_Na=60.0, E_K=-75.0, E_Ca=80.0,
):  # fmt: skip
    """Hippocampal CA3 pyramidal cell with two compartments: a spiking soma and a calcium-bursting dendrite.

    Cm Vs' = -g_L (Vs - E_L) - g_Na m_inf(Vs)^2 h (Vs - E_Na) - g_K n (Vs - E_K) + (g_c/p) (Vd - Vs) + I_s/p,
    Cm Vd' = -g_L (Vd - E_L) - g_Ca s^2 (Vd - E_Ca) - g_AHP q (Vd - E_K) - g_C c chi(Ca) (Vd - E_K)
    + (g_c/(1 - p)) (Vs - Vd) + I_d/(1 - p),
    Ca' = -0.13 g_Ca s^2 (Vd - E_Ca) - 0.075 Ca, chi(Ca) = min(Ca/250, 1), gates as in `hodgkin_huxley`.

    Pinsky & Rinzel (1994), J. Comput. Neurosci. 1:39-60 (erratum 1995, 2:275), equations and table of the paper;
    voltages shifted by -60 mV from the paper's, u = V + 60 in the rates; calcium in the paper's arbitrary units. Some
    published code drops the gate c from the calcium-activated current, and writes alpha_c as a difference of two
    exponentials where the paper has the exponential of a difference: here both are as in the paper. A spike is an
    upward crossing of 20 mV at the soma. With the default currents the cell is silent; see `pinsky_rinzel_protocols`.
    """
    us, ud = Vs + 60, Vd + 60
    alpha_m = 0.32 * (13.1 - us) / (dn.exp((13.1 - us) / 4) - 1)
    beta_m = 0.28 * (us - 40.1) / (dn.exp((us - 40.1) / 5) - 1)
    alpha_n = 0.016 * (35.1 - us) / (dn.exp((35.1 - us) / 5) - 1)
    beta_n = 0.25 * dn.exp(0.5 - 0.025 * us)
    alpha_h = 0.128 * dn.exp((17 - us) / 18)
    beta_h = 4 / (1 + dn.exp((40 - us) / 5))
    alpha_s = 1.6 / (1 + dn.exp(-0.072 * (ud - 65)))
    beta_s = 0.02 * (ud - 51.1) / (dn.exp((ud - 51.1) / 5) - 1)
    closing = 2 * dn.exp((6.5 - ud) / 27)
    alpha_c = dn.where(ud <= 50, dn.exp((ud - 10) / 11 - (ud - 6.5) / 27) / 18.975, closing)
    beta_c = dn.where(ud <= 50, closing - dn.exp((ud - 10) / 11 - (ud - 6.5) / 27) / 18.975, 0)
    alpha_q = dn.minimum(2e-5 * Ca, 0.01)
    beta_q = 0.001

    m_inf = alpha_m / (alpha_m + beta_m)
    I_Na = g_Na * m_inf**2 * h * (Vs - E_Na)
    I_K = g_K * n * (Vs - E_K)
    I_Ca = g_Ca * s**2 * (Vd - E_Ca)
    I_AHP = g_AHP * q * (Vd - E_K)
    I_C = g_C * c * dn.minimum(Ca / 250, 1) * (Vd - E_K)
    dVs = (-g_L * (Vs - E_L) - I_Na - I_K + g_c / p * (Vd - Vs) + I_s / p) / Cm
    dVd = (-g_L * (Vd - E_L) - I_Ca - I_AHP - I_C + g_c / (1 - p) * (Vs - Vd) + I_d / (1 - p)) / Cm
    dCa = -0.13 * I_Ca - 0.075 * Ca
    dh = alpha_h * (1 - h) - beta_h * h
    dn_dt = alpha_n * (1 - n) - beta_n * n
    ds = alpha_s * (1 - s) - beta_s * s
    dc = alpha_c * (1 - c) - beta_c * c
    dq = alpha_q * (1 - q) - beta_q * q
    return dVs, dVd, dCa, dh, dn_dt, ds, dc, dq, dn.Observe(I_Ca=I_Ca, I_AHP=I_AHP, I_C=I_C)


@dn.model(
    time="ms",
    units={
        **_DENSITIES,
        "g_I": "mS/cm2",
        "g_T": "mS/cm2",
        "g_K": "mS/cm2",
        "g_KCa": "mS/cm2",
        "tau_x": "ms",
        "V_x": "mV",
    },
    ranges={"V": (-80.0, 40.0), "h": (0.0, 1.0), "n": (0.0, 1.0), "x": (0.0, 1.0), "Ca": (0.0, 2.0)},
)
def plant(
    V=-55.0, h=dn.steady, n=dn.steady, x=0.8, Ca=0.9, *,
    I=0.0, C=1.0, g_I=4.0, g_T=0.01, g_K=0.3, g_KCa=0.03, g_L=0.003, V_I=30.0, V_K=-75.0, V_L=-40.0, V_Ca=140.0,
    phi=0.08, tau_x=235.0, V_x=-50.0, s_x=0.15, rho=0.0003, K_c=0.0085, K_p=0.5,
):  # fmt: skip
    """Bursting pacemaker of Aplysia (R15): a slow inward current fills the cell with calcium, which turns it off.

    C V' = (g_I m_inf(V)^3 h + g_T x)(V_I - V) + (g_K n^4 + g_KCa Ca/(K_p + Ca))(V_K - V) + g_L (V_L - V) + I,
    y' = phi (alpha_y (1 - y) - beta_y y) for y = h, n, x' = (x_inf(V) - x)/tau_x, x_inf = 1/(1 + exp(s_x (V_x - V))),
    Ca' = rho (K_c x (V_Ca - V) - Ca). The rates of m, h and n are those of the squid axon at u = (127 V + 8265)/105 mV;
    Ca is slow and has no unit. With these values x is hardly slower than the spikes; in the variant ``plant_slow`` it
    is forty times slower, and bursts are parabolic through and through.

    Plant (1981), J. Math. Biol. 11:15-32, doi:10.1007/BF00275821; Rinzel & Lee (1987), J. Math. Biol. 25:653-675,
    doi:10.1007/BF00275501. Equations and both sets of tau_x, V_x, s_x, rho and K_c are as in a public listing of the
    model, github.com/drakeknapper/plantmodel (params.c, plant.c), and were not compared with the papers themselves.
    """
    u = (127 * V + 8265) / 105
    alpha_m = 0.1 * (50 - u) / (dn.exp((50 - u) / 10) - 1)
    beta_m = 4 * dn.exp((25 - u) / 18)
    alpha_h = 0.07 * dn.exp((25 - u) / 20)
    beta_h = 1 / (dn.exp((55 - u) / 10) + 1)
    alpha_n = 0.01 * (55 - u) / (dn.exp((55 - u) / 10) - 1)
    beta_n = 0.125 * dn.exp((45 - u) / 80)
    m_inf = alpha_m / (alpha_m + beta_m)
    x_inf = 1 / (1 + dn.exp(s_x * (V_x - V)))
    inward = (g_I * m_inf**3 * h + g_T * x) * (V_I - V)
    outward = (g_K * n**4 + g_KCa * Ca / (K_p + Ca)) * (V_K - V)
    dV = (inward + outward + g_L * (V_L - V) + I) / C
    dh = phi * (alpha_h * (1 - h) - beta_h * h)
    dn_dt = phi * (alpha_n * (1 - n) - beta_n * n)
    return dV, dh, dn_dt, (x_inf - x) / tau_x, rho * (K_c * x * (V_Ca - V) - Ca)


plant_slow = plant.at(tau_x=9400.0, V_x=-40.0, s_x=0.3, rho=0.00015, K_c=0.00425, x=0.1, Ca=0.1)


@dn.model(
    time="ms",
    units={
        **_DENSITIES, "g_Ca": "mS/cm2", "g_K": "mS/cm2", "g_KCa": "mS/cm2", "V_Ca": "mV", "V_K": "mV", "V_L": "mV",
        "Ca": "uM", "K_d": "uM", "k_Ca": "1/ms", "r": "cm", "temperature": "degC",
    },
    ranges={"V": (-80.0, 20.0), "m": (0.0, 1.0), "h": (0.0, 1.0), "n": (0.0, 1.0), "Ca": (0.0, 5.0)},
)  # fmt: skip
def chay_keizer(
    V=-54.774, m=dn.steady, h=dn.steady, n=dn.steady, Ca=0.10749, *,
    I=0.0, C=1.0, g_Ca=6.5, g_K=12.0, g_L=0.04, g_KCa=0.09, V_Ca=100.0, V_K=-75.0, V_L=-40.0,
    temperature=20.0, r=8.9e-4, f=0.004, k_Ca=0.04, K_d=1.0,
):  # fmt: skip
    """Pancreatic beta cell, the first model of square-wave bursting: calcium slowly opens a potassium current.

    C V' = 2 I_Ca + (g_K n^4 + g_KCa Ca/(K_d + Ca))(V_K - V) + g_L (V_L - V) + I, I_Ca = g_Ca m^3 h (V_Ca - V),
    y' = phi (alpha_y (1 - y) - beta_y y) for y = m, h, n with the rates of the squid axon, shifted by 50 mV (m, h) and
    30 mV (n), phi = 3^((temperature - 6.3)/10), Ca' = f (3 I_Ca/(r F) - k_Ca Ca), F = 96487 C/mol. Bursts come every
    12 s.

    Chay & Keizer (1983), Biophys. J. 42:181-190, doi:10.1016/S0006-3495(83)84384-7. Values are those of the file that
    A. Sherman publishes with the paper (github.com/artielbm/artielbm.github.io, Models/ChayKeizer/ck.ode).
    """
    u, x = V + 50, V + 30
    phi = 3 ** ((temperature - 6.3) / 10)
    alpha_m = 0.1 * (25 - u) / (dn.exp((25 - u) / 10) - 1)
    beta_m = 4 * dn.exp(-u / 18)
    alpha_h = 0.07 * dn.exp(-u / 20)
    beta_h = 1 / (dn.exp((30 - u) / 10) + 1)
    alpha_n = 0.01 * (10 - x) / (dn.exp((10 - x) / 10) - 1)
    beta_n = 0.125 * dn.exp(-x / 80)
    I_Ca = g_Ca * m**3 * h * (V_Ca - V)
    outward = (g_K * n**4 + g_KCa * Ca / (K_d + Ca)) * (V_K - V)
    dV = (2 * I_Ca + outward + g_L * (V_L - V) + I) / C
    dm = phi * (alpha_m * (1 - m) - beta_m * m)
    dh = phi * (alpha_h * (1 - h) - beta_h * h)
    dn_dt = phi * (alpha_n * (1 - n) - beta_n * n)
    return dV, dm, dh, dn_dt, f * (3 / (r * 96487) * I_Ca - k_Ca * Ca)


@dn.model(
    time="ms",
    units={
        "V": "mV", "I": "fA", "C": "fF", "g_Ca": "pS", "g_K": "pS", "g_KCa": "pS", "V_Ca": "mV", "V_K": "mV",
        "Ca": "uM", "K_d": "uM", "k_Ca": "1/ms", "alpha": "uM/(fA ms)",
    },
    ranges={"V": (-80.0, 20.0), "n": (0.0, 1.0), "Ca": (0.0, 5.0)},
)  # fmt: skip
def sherman_rinzel_keizer(
    V=-45.0, n=0.001, Ca=0.5, *,
    I=0.0, C=5309.3, g_Ca=1400.0, g_K=2500.0, g_KCa=30000.0, V_Ca=110.0, V_K=-75.0,
    phi=1.6, f=0.001, alpha=4.506e-6, k_Ca=0.03, K_d=100.0,
):  # fmt: skip
    """Pancreatic beta cell with measured currents: the square-wave burster of three equations.

    C V' = -I_Ca - (g_K n + g_KCa Ca/(K_d + Ca))(V - V_K) + I, n' = phi (n_inf(V) - n)/tau(V),
    Ca' = f (-alpha I_Ca - k_Ca Ca), I_Ca = g_Ca m_inf(V) h_inf(V) (V - V_Ca), with m_inf = 1/(1 + exp((4 - V)/14)),
    h_inf = 1/(1 + exp((V + 10)/10)), n_inf = 1/(1 + exp((-15 - V)/5.6)) and
    tau = 60/(exp((V + 75)/65) + exp(-(V + 75)/20)). Bursts of 22 spikes come every 14 s. The paper calls phi lambda;
    it starts the first burst with a pulse of I, which is written into the initial voltage here.

    Sherman, Rinzel & Keizer (1988), Biophys. J. 54:411-425 (PubMed 2850029). Values are those of the file that
    A. Sherman publishes with the paper (github.com/artielbm/artielbm.github.io, Models/SRK/srk.ode).
    """
    m_inf = 1 / (1 + dn.exp((4 - V) / 14))
    h_inf = 1 / (1 + dn.exp((V + 10) / 10))
    n_inf = 1 / (1 + dn.exp((-15 - V) / 5.6))
    tau = 60 / (dn.exp((V + 75) / 65) + dn.exp(-(V + 75) / 20))
    I_Ca = g_Ca * m_inf * h_inf * (V - V_Ca)
    dV = (-I_Ca - (g_K * n + g_KCa * Ca / (K_d + Ca)) * (V - V_K) + I) / C
    return dV, phi * (n_inf - n) / tau, f * (-alpha * I_Ca - k_Ca * Ca), dn.Observe(I_Ca=I_Ca)


@dn.model(
    time="ms",
    units={
        **_DENSITIES, "g_Ca": "mS/cm2", "g_K": "mS/cm2", "g_KCa": "mS/cm2", "V_Ca": "mV", "V_K": "mV", "V_L": "mV",
        "phi": "1/ms", "epsilon": "1/ms",
    },
    ranges={"V": (-80.0, 60.0), "W": (-0.1, 1.1), "Ca": (0.0, 40.0)},
)  # fmt: skip
def morris_lecar_bursting(
    V=-40.0, W=0.02, Ca=10.0, *,
    I=45.0, C=20.0, g_Ca=4.0, g_K=8.0, g_L=2.0, g_KCa=0.25, V_Ca=120.0, V_K=-84.0, V_L=-60.0,
    V1=-1.2, V2=18.0, V3=12.0, V4=17.4, phi=0.23, Ca_0=10.0, mu=0.2, epsilon=0.005,
):  # fmt: skip
    """Morris and Lecar's equations with a potassium current that calcium slowly opens: square-wave bursts of 4 spikes.

    `morris_lecar` in its homoclinic regime, with -g_KCa Ca/(Ca_0 + Ca) (V - V_K) added to C V', and
    Ca' = epsilon (-mu g_Ca M_inf(V) (V - V_Ca) - Ca). Ca has no unit: only mu/Ca_0 matters for V and W, and other
    authors write 0.02 for mu and 1 for Ca_0.

    Rinzel & Ermentrout (1998), in Koch & Segev (eds), Methods in Neuronal Modeling, chapter 7; Ermentrout & Terman
    (2010), Mathematical Foundations of Neuroscience, section 5.2. The values of I, g_KCa, Ca_0, mu and epsilon are as
    two public listings have them that agree with each other, and were not compared with the books themselves.
    """
    M_inf = (1 + dn.tanh((V - V1) / V2)) / 2
    W_inf = (1 + dn.tanh((V - V3) / V4)) / 2
    I_Ca = g_Ca * M_inf * (V - V_Ca)
    I_KCa = g_KCa * Ca / (Ca_0 + Ca) * (V - V_K)
    dV = (I - I_Ca - g_K * W * (V - V_K) - I_KCa - g_L * (V - V_L)) / C
    dW = phi * (W_inf - W) * dn.cosh((V - V3) / (2 * V4))
    return dV, dW, epsilon * (-mu * I_Ca - Ca), dn.Observe(I_Ca=I_Ca, I_KCa=I_KCa)
