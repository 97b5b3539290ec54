"""Rate models: populations described by their mean activity.

Variants are systems named after their model (`wilson_cowan_oscillating`).
"""

import dynana as dn


def _response(x, slope, theta):
    """Logistic response shifted so that it vanishes without input."""
    return 1 / (1 + dn.exp(-slope * (x - theta))) - 1 / (1 + dn.exp(slope * theta))


@dn.model(ranges={"a_e": (-0.1, 0.6), "a_i": (-0.1, 0.6)})
def wilson_cowan(
    a_e=0.1, a_i=0.05, *,
    I_e=0.0, I_i=0.0, c1=12.0, c2=4.0, c3=13.0, c4=11.0, k_e=1.0, k_i=1.0, r_e=1.0, r_i=1.0, tau_e=1.0, tau_i=1.0,
    slope_e=1.2, slope_i=1.0, theta_e=2.8, theta_i=4.0,
):  # fmt: skip
    """An excitatory and an inhibitory population, with the bistable parameters.

    tau_e a_e' = -a_e + (k_e - r_e a_e) S_e(c1 a_e - c2 a_i + I_e), tau_i a_i' = -a_i + (k_i - r_i a_i) S_i(c3 a_e
    - c4 a_i + I_i), S(x) = 1/(1 + exp(-slope (x - theta))) - 1/(1 + exp(slope theta)). Time in units of tau.

    Wilson & Cowan (1972), Biophys. J. 12:1-24; its parameters for multiple steady states (these) and for the
    limit cycle (`wilson_cowan_oscillating`). The paper's factor is k_e = S_e(infinity), not 1:
    `wilson_cowan_saturating`.
    """
    S_e = _response(c1 * a_e - c2 * a_i + I_e, slope_e, theta_e)
    S_i = _response(c3 * a_e - c4 * a_i + I_i, slope_i, theta_i)
    da_e = (-a_e + (k_e - r_e * a_e) * S_e) / tau_e
    da_i = (-a_i + (k_i - r_i * a_i) * S_i) / tau_i
    return da_e, da_i


wilson_cowan_oscillating = wilson_cowan.at(
    c1=16.0, c2=12.0, c3=15.0, c4=3.0, slope_e=1.3, theta_e=4.0, slope_i=2.0, theta_i=3.7
)
#: The oscillating set with the paper's saturation, k = 1 - 1/(1 + exp(slope theta)): exp(5.2) and exp(7.4).
wilson_cowan_saturating = wilson_cowan_oscillating.at(
    k_e=1 - 1 / (1 + 181.27224187515122), k_i=1 - 1 / (1 + 1635.9844299959264)
)


@dn.model(
    time="s",
    units={"tau": "s", "mu_0": "Hz", "JA_ext": "nA/Hz", "J_rec": "nA", "J_inh": "nA", "I_0": "nA", "a": "Hz/nA",
           "b": "Hz", "d": "s"},
    ranges={"S1": (0.0, 1.0), "S2": (0.0, 1.0)},
)  # fmt: skip
def wong_wang(
    S1=0.06, S2=0.06, *,
    mu_0=0.0, coh=0.0, JA_ext=0.00117, J_rec=0.3725, J_inh=0.1137, I_0=0.3297,
    a=270.0, b=108.0, d=0.154, tau=0.06, gamma=0.641,
):  # fmt: skip
    """Decision between two alternatives: the two NMDA gating variables that remain of a spiking network.

    S_i' = -S_i/tau + (1 - S_i) gamma r_i, r_i = (a x_i - b)/(1 - exp(-d (a x_i - b))),
    x_1 = J_rec S_1 - J_inh S_2 + I_0 + JA_ext mu_0 (1 + coh), and x_2 likewise with (1 - coh). Time in s.

    Wong & Wang (2006), J. Neurosci. 26:1314-1328, the two-variable model, with the parameters that textbook code uses
    (stimulus mu_0 = 30 Hz); `wong_wang_reduced` has the paper's own for the two-variable model.
    """
    x_1 = J_rec * S1 - J_inh * S2 + I_0 + JA_ext * mu_0 * (1 + coh)
    x_2 = J_rec * S2 - J_inh * S1 + I_0 + JA_ext * mu_0 * (1 - coh)
    r_1 = (a * x_1 - b) / (1 - dn.exp(-d * (a * x_1 - b)))
    r_2 = (a * x_2 - b) / (1 - dn.exp(-d * (a * x_2 - b)))
    dS1 = -S1 / tau + (1 - S1) * gamma * r_1
    dS2 = -S2 / tau + (1 - S2) * gamma * r_2
    return dS1, dS2, dn.Observe(r_1=r_1, r_2=r_2)


@dn.model(
    time="s",
    units={**wong_wang.units, "I_1": "nA", "I_2": "nA", "sigma": "nA", "tau_noise": "s"},
    ranges={"S1": (0.0, 1.0), "S2": (0.0, 1.0), "I_1": (-0.05, 0.05), "I_2": (-0.05, 0.05)},
)
def decision_rate(
    S1=0.06, S2=0.06, I_1=0.0, I_2=0.0, *,
    mu_0=0.0, coh=0.0, JA_ext=0.00117, J_rec=0.3725, J_inh=0.1137, I_0=0.3297,
    a=270.0, b=108.0, d=0.154, tau=0.06, gamma=0.641, sigma=0.02, tau_noise=0.002,
):  # fmt: skip
    """The equations of `wong_wang` with noise: decisions differ from trial to trial.

    x_1 and x_2 also contain I_1 and I_2, tau_noise I_i' = -I_i + sqrt(tau_noise) sigma xi_i, which stand for the noise
    of AMPA synapses: Ornstein-Uhlenbeck processes with standard deviation sigma/sqrt(2). Time in s.

    Wong & Wang (2006), J. Neurosci. 26:1314-1328.
    """
    x_1 = J_rec * S1 - J_inh * S2 + I_0 + JA_ext * mu_0 * (1 + coh) + I_1
    x_2 = J_rec * S2 - J_inh * S1 + I_0 + JA_ext * mu_0 * (1 - coh) + I_2
    r_1 = (a * x_1 - b) / (1 - dn.exp(-d * (a * x_1 - b)))
    r_2 = (a * x_2 - b) / (1 - dn.exp(-d * (a * x_2 - b)))
    dS1 = -S1 / tau + (1 - S1) * gamma * r_1
    dS2 = -S2 / tau + (1 - S2) * gamma * r_2
    kick = sigma / dn.sqrt(tau_noise)
    noise = (dn.Noise({I_1: kick}), dn.Noise({I_2: kick}))
    return dS1, dS2, -I_1 / tau_noise, -I_2 / tau_noise, *noise, dn.Observe(r_1=r_1, r_2=r_2)


wong_wang_reduced = wong_wang.at(tau=0.1, J_rec=0.2609, J_inh=0.0497, JA_ext=0.00052, I_0=0.3255)

_PI = 4 * dn.arctan(1)  # exact


@dn.model(ranges={"r": (0.0, 2.0), "v": (-3.0, 2.0)})
def montbrio_pazo_roxin(r=0.1, v=-2.0, *, I=0.0, Delta=1.0, eta=-5.0, J=15.0, tau=1.0):
    """Exact mean field of infinitely many quadratic integrate-and-fire neurons with Lorentzian excitability.

    tau r' = Delta/(pi tau) + 2 r v, tau v' = v^2 + eta + J tau r + I - (pi tau r)^2. With these parameters a node at
    r = 0.0811344, a saddle at 0.4729803 and a focus at 1.0305968: bistable.

    Montbrio, Pazo & Roxin (2015), Phys. Rev. X 5:021028, eqs 12a and 12b.
    """
    dr = (Delta / (_PI * tau) + 2 * r * v) / tau
    dv = (v**2 + eta + J * tau * r + I - (_PI * tau * r) ** 2) / tau
    return dr, dv
