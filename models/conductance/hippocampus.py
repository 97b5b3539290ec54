"""Cells of the hippocampus: Traub and Miles."""

import dynana as dn


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
