"""Persistent sodium and potassium: Izhikevich's planar model and its regimes."""

import dynana as dn
from dynana.models.conductance import DENSITIES


@dn.model(
    time="ms",
    units={**DENSITIES, "g_Na": "mS/cm2", "g_K": "mS/cm2", "E_Na": "mV", "E_K": "mV", "E_L": "mV", "tau": "ms"},
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
