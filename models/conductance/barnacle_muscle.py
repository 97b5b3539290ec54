"""The muscle fibre of the barnacle: Morris and Lecar, and the regimes in which it has become a neuron."""

import dynana as dn
from dynana.models.conductance import DENSITIES


@dn.model(
    time="ms",
    units={**DENSITIES, "g_Ca": "mS/cm2", "g_K": "mS/cm2", "V_Ca": "mV", "V_K": "mV", "V_L": "mV", "phi": "1/ms"},
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
