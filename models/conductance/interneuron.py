"""Fast-spiking interneurons of the hippocampus: Wang and Buzsaki."""

import dynana as dn
from dynana.models.conductance import DENSITIES


@dn.model(
    time="ms",
    units={**DENSITIES, "g_Na": "mS/cm2", "g_K": "mS/cm2", "E_Na": "mV", "E_K": "mV", "E_L": "mV"},
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
