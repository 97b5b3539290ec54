"""The giant axon of the squid: Hodgkin and Huxley."""

import dynana as dn
from dynana.models.conductance import DENSITIES


@dn.model(
    time="ms",
    units={**DENSITIES, "g_Na": "mS/cm2", "g_K": "mS/cm2", "E_Na": "mV", "E_K": "mV", "E_L": "mV"},
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
