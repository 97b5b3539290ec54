"""Integrate-and-fire neurons: a threshold, a reset, and at most a few variables in between.

Time in ms, voltage in mV. Currents are in any unit in which resistance times current is a voltage in mV: pA with
gigaohm, nA with megaohm. Variants are systems named after their model (`izhikevich_chattering`); the published
firing patterns are in `dynana.models.protocols`.
"""

import dynana as dn

_PI = 3.141592653589793
_MEMBRANE = {"V": "mV", "V_rest": "mV", "V_reset": "mV", "V_th": "mV", "tau": "ms"}
_HELD = {**_MEMBRANE, "t_ref": "ms"}


@dn.model(time="ms", units=_HELD, ranges={"V": (-10.0, 25.0)})
def lif(V=0.0, *, I=0.0, V_rest=0.0, V_reset=-5.0, V_th=20.0, R=1.0, tau=10.0, t_ref=1.0):
    """Leaky integrate-and-fire neuron.

    tau V' = -(V - V_rest) + R I; when V > V_th: V -> V_reset, held for t_ref. With constant input above the rheobase
    (V_th - V_rest)/R the period is t_ref + tau log((R I - (V_reset - V_rest))/(R I - (V_th - V_rest))).

    Lapicque (1907), J. Physiol. Pathol. Gen. 9:620-635; Abbott (1999), Brain Res. Bull. 50:303-304.
    """
    dV = (-(V - V_rest) + R * I) / tau
    return dV, dn.Jump(when=V > V_th, to={V: V_reset}, refractory=t_ref, name="spike")


@dn.model(time="ms", units={**_HELD, "V_c": "mV", "a_0": "1/mV"}, ranges={"V": (-80.0, -25.0)})
def quadratic_if(
    V=-65.0, *, I=0.0, V_rest=-65.0, V_reset=-68.0, V_th=-30.0, V_c=-50.0, a_0=0.07, R=1.0, tau=10.0, t_ref=0.0
):
    """Quadratic integrate-and-fire neuron.

    tau V' = a_0 (V - V_rest) (V - V_c) + R I; when V > V_th: V -> V_reset, held for t_ref.

    Latham, Richmond, Nelson & Nirenberg (2000), J. Neurophysiol. 83:808-827. Published code resets to V_rest,
    although its equations and its parameter say V_reset; here the reset goes to V_reset.
    """
    dV = (a_0 * (V - V_rest) * (V - V_c) + R * I) / tau
    return dV, dn.Jump(when=V > V_th, to={V: V_reset}, refractory=t_ref, name="spike")


@dn.model(ranges={"v": (-12.0, 12.0)})
def quadratic_if_normal(v=-10.0, *, I=1.0, V_th=10.0, V_reset=-10.0, t_ref=0.0):
    """Quadratic integrate-and-fire neuron in normal form, without dimensions.

    v' = v^2 + I; when v > V_th: v -> V_reset. For I > 0 and s = sqrt(I) the period is
    (arctan(V_th/s) - arctan(V_reset/s))/s, which tends to pi/s when V_th and -V_reset tend to infinity; with both
    at infinity it is `theta`.

    Ermentrout & Kopell (1986), SIAM J. Appl. Math. 46:233-253; Izhikevich (2007), Dynamical Systems in Neuroscience,
    section 3.3.8.
    """
    dv = v**2 + I
    return dv, dn.Jump(when=v > V_th, to={v: V_reset}, refractory=t_ref, name="spike")


@dn.model(ranges={"theta": (-_PI, _PI)}, wrap={"theta": 2 * _PI})
def theta(theta=-_PI / 2, *, I=0.1):
    """Theta neuron: the normal form of a saddle-node on an invariant circle, on the circle.

    theta' = 1 - cos theta + (1 + cos theta) I; a spike is a passage of theta through pi. v = tan(theta/2) turns it into
    v' = v^2 + I with V_th and -V_reset at infinity; the period is pi/sqrt(I) for I > 0.

    Ermentrout & Kopell (1986), SIAM J. Appl. Math. 46:233-253.
    """
    return (1 - dn.cos(theta) + (1 + dn.cos(theta)) * I,)


@dn.model(time="ms", units={**_HELD, "V_T": "mV", "Delta_T": "mV"}, ranges={"V": (-80.0, -25.0)})
def exponential_if(
    V=-65.0, *,
    I=0.0, V_rest=-65.0, V_reset=-68.0, V_th=-30.0, V_T=-59.9, Delta_T=3.48, R=10.0, tau=10.0, t_ref=1.7,
):  # fmt: skip
    """Exponential integrate-and-fire neuron.

    tau V' = -(V - V_rest) + Delta_T exp((V - V_T)/Delta_T) + R I; when V > V_th: V -> V_reset, held for t_ref.
    The rheobase is (V_T - V_rest - Delta_T)/R.

    Fourcaud-Trocme, Hansel, van Vreeswijk & Brunel (2003), J. Neurosci. 23:11628-11640. Some
    sources print V_rest = +65, a misprint of -65.
    """
    dV = (-(V - V_rest) + Delta_T * dn.exp((V - V_T) / Delta_T) + R * I) / tau
    return dV, dn.Jump(when=V > V_th, to={V: V_reset}, refractory=t_ref, name="spike")


@dn.model(
    time="ms",
    units={**_HELD, "w": "pA", "I": "pA", "b": "pA", "a": "nS", "R": "Gohm", "V_T": "mV", "Delta_T": "mV",
           "tau_w": "ms"},
    ranges={"V": (-80.0, -25.0), "w": (-20.0, 40.0)},
)  # fmt: skip
def adex(
    V=-65.0, w=0.0, *,
    I=0.0, V_rest=-65.0, V_reset=-68.0, V_th=-30.0, V_T=-59.9, Delta_T=3.48, R=10.0, tau=10.0,
    a=1.0, b=1.0, tau_w=30.0, t_ref=0.0,
):  # fmt: skip
    """Adaptive exponential integrate-and-fire neuron.

    tau V' = -(V - V_rest) + Delta_T exp((V - V_T)/Delta_T) - R w + R I, tau_w w' = a (V - V_rest) - w;
    when V > V_th: V -> V_reset (held for t_ref), w -> w + b.

    Brette & Gerstner (2005), J. Neurophysiol. 94:3637-3642, eqs 1-3, written with tau = C/g_L and R = 1/g_L. For sets
    given with C and g_L see `adex_from_conductance`. Published code resets to V_rest; here the reset goes to V_reset.
    """
    dV = (-(V - V_rest) + Delta_T * dn.exp((V - V_T) / Delta_T) - R * w + R * I) / tau
    dw = (a * (V - V_rest) - w) / tau_w
    return dV, dw, dn.Jump(when=V > V_th, to={V: V_reset, w: w + b}, refractory=t_ref, name="spike")


def adex_from_conductance(*, C, g_L, E_L, V_T, Delta_T, a, b, tau_w, V_reset, V_peak, I=0.0, t_ref=0.0):
    """The system `adex` with a parameter set as the literature prints it, in C and g_L.

    C V' = -g_L (V - E_L) + g_L Delta_T exp((V - V_T)/Delta_T) - w + I is the equation of `adex` with tau = C/g_L and
    R = 1/g_L; with C in pF, g_L and a in nS, and I, w and b in pA, tau is in ms and R in gigaohm. The cell starts at
    rest without adaptation, V = E_L and w = 0.

    Returns
    -------
    System
        `adex` with these values.
    """
    return adex.at(
        tau=C / g_L, R=1 / g_L, V_rest=E_L, V_T=V_T, Delta_T=Delta_T, a=a, b=b, tau_w=tau_w,
        V_reset=V_reset, V_th=V_peak, I=I, t_ref=t_ref, V=E_L, w=0.0,
    )  # fmt: skip


#: Regular-spiking set of Brette & Gerstner (2005), table 1.
adex_brette_gerstner = adex_from_conductance(
    C=281.0, g_L=30.0, E_L=-70.6, V_T=-50.4, Delta_T=2.0, a=4.0, b=80.5, tau_w=144.0, V_reset=-70.6, V_peak=20.0
)
#: Set of Touboul & Brette (2008), Biol. Cybern. 99:319-334, fig. 8: spikes are added and periods doubled with V_reset.
adex_touboul_brette = adex_from_conductance(
    C=281.0, g_L=30.0, E_L=-70.6, V_T=-50.4, Delta_T=2.0, a=4.0, b=80.0, tau_w=40.0, V_reset=-50.0, V_peak=-40.4,
    I=800.0,
)  # fmt: skip

_IZHIKEVICH = {"v": "mV", "c": "mV"}


@dn.model(time="ms", units=_IZHIKEVICH, ranges={"v": (-90.0, 35.0), "u": (-25.0, 20.0)})
def izhikevich(v=-65.0, u=-13.0, *, I=0.0, a=0.02, b=0.2, c=-65.0, d=8.0, v_peak=30.0):
    """Izhikevich's simple model; the parameters are those of a regular-spiking cell.

    v' = 0.04 v^2 + 5 v + 140 - u + I, u' = a (b v - u); when v > 30: v -> c, u -> u + d. u at the spike depends on
    v_peak (u diverges logarithmically with it), so v_peak is part of the model and no tolerance.

    Izhikevich (2003), IEEE Trans. Neural Netw. 14:1569-1572, eqs 1-3. The cell types of its figure 2 are
    `izhikevich_regular_spiking` (this one), `izhikevich_intrinsically_bursting`, `izhikevich_chattering`,
    `izhikevich_fast_spiking`, `izhikevich_thalamo_cortical`, `izhikevich_resonator`,
    `izhikevich_low_threshold_spiking`.
    """
    dv = 0.04 * v**2 + 5 * v + 140 - u + I
    du = a * (b * v - u)
    return dv, du, dn.Jump(when=v > v_peak, to={v: c, u: u + d}, name="spike")


izhikevich_regular_spiking = izhikevich
izhikevich_intrinsically_bursting = izhikevich.at(c=-55.0, d=4.0)
izhikevich_chattering = izhikevich.at(c=-50.0, d=2.0)
izhikevich_fast_spiking = izhikevich.at(a=0.1, d=2.0)
izhikevich_thalamo_cortical = izhikevich.at(b=0.25, d=0.05)
izhikevich_resonator = izhikevich.at(a=0.1, b=0.26, d=2.0)
izhikevich_low_threshold_spiking = izhikevich.at(b=0.25, d=2.0)


@dn.model(time="ms", units={**_IZHIKEVICH, "v_0": "mV", "step": "ms"}, ranges={"v": (-90.0, 35.0), "u": (-25.0, 20.0)})
def izhikevich_2004(
    v=-70.0, u=-14.0, *,
    I=0.0, a=0.02, b=0.2, c=-65.0, d=6.0, v_peak=30.0, linear=5.0, constant=140.0, decay=1.0, v_0=0.0, step=0.0,
):  # fmt: skip
    """Izhikevich's simple model with everything that his figure of 20 firing patterns varies, and with its scheme.

    v' = 0.04 v^2 + linear v + constant - u + I, u' = a (b (v + step v' - v_0) - decay u);
    when v > 30: v -> c, u -> u + d.

    Three panels change the equations: class 1 and integrator (linear = 4.1, constant = 108: `izhikevich_class_1`), and
    accommodation (v_0 = -65, decay = 0: `izhikevich_accommodation`). The published pictures come from a sequential
    Euler scheme, v first and then u with the new v, at steps of 0.1 to 0.5 ms, and several exist near these steps only.
    With ``step=dt`` the ordinary Euler scheme of this system *is* that scheme (``method="euler", events="grid"``);
    with ``step=0`` it is the differential equation. Both are in `dynana.models.protocols`.

    Izhikevich (2004), IEEE Trans. Neural Netw. 15:1063-1070, figure 1, by the author's script.
    """
    dv = 0.04 * v**2 + linear * v + constant - u + I
    du = a * (b * (v + step * dv - v_0) - decay * u)
    return dv, du, dn.Jump(when=v > v_peak, to={v: c, u: u + d}, name="spike")


izhikevich_class_1 = izhikevich_2004.at(linear=4.1, constant=108.0, b=-0.1, c=-55.0, v=-60.0, u=6.0)
izhikevich_accommodation = izhikevich_2004.at(v_0=-65.0, decay=0.0, b=1.0, c=-55.0, d=4.0, v=-65.0, u=-16.0)


@dn.model(
    time="ms",
    units={**_MEMBRANE, "V_th_inf": "mV", "V_th_reset": "mV", "a": "1/ms", "b": "1/ms", "k1": "1/ms", "k2": "1/ms"},
    ranges={"V": (-100.0, -30.0), "V_th": (-100.0, -20.0), "I1": (-5.0, 15.0), "I2": (-5.0, 5.0)},
)
def generalized_if(
    V=-70.0, V_th=-50.0, I1=0.0, I2=0.0, *,
    I=0.0, V_rest=-70.0, V_reset=-70.0, V_th_inf=-50.0, V_th_reset=-60.0, R=20.0, tau=20.0,
    a=0.0, b=0.01, k1=0.2, k2=0.02, R1=0.0, R2=1.0, A1=0.0, A2=0.0,
):  # fmt: skip
    """Generalized integrate-and-fire neuron: linear, with a moving threshold and two spike-triggered currents.

    I_j' = -k_j I_j for j = 1, 2, tau V' = -(V - V_rest) + R (I_1 + I_2 + I), V_th' = a (V - V_rest)
    - b (V_th - V_th_inf); when V > V_th: I_j -> R_j I_j + A_j, V -> V_reset, V_th -> max(V_th_reset, V_th).

    Mihalas & Niebur (2009), Neural Comput. 21:704-718, eqs 2.1 and 2.2. Since R = tau, I is the paper's I_e/C in V/s,
    and rates are in 1/ms where the paper's are in 1/s. Its 20 firing patterns are in `dynana.models.protocols`.
    """
    dV = (-(V - V_rest) + R * (I1 + I2 + I)) / tau
    dV_th = a * (V - V_rest) - b * (V_th - V_th_inf)
    reset = {V: V_reset, V_th: dn.maximum(V_th_reset, V_th), I1: R1 * I1 + A1, I2: R2 * I2 + A2}
    return dV, dV_th, -k1 * I1, -k2 * I2, dn.Jump(when=V > V_th, to=reset, name="spike")
