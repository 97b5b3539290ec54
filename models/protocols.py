"""How published papers drove their models: firing patterns, modes of activity, standard runs.

A protocol holds the arguments of `dn.simulate`: the system with its parameters and start, the duration ``t``, inputs,
and where the publication depends on it, the scheme. A module-level mapping collects the protocols of one source by
name, so that any of them is one call: ``dn.simulate(**adex_patterns["regular_bursting"])``.
"""

import numpy as np

import dynana as dn
from dynana.models.bursting import pinsky_rinzel
from dynana.models.conductance import hodgkin_huxley, morris_lecar, traub_miles, wang_buzsaki
from dynana.models.integrate_and_fire import (
    adex_from_conductance,
    generalized_if,
    izhikevich_2004,
    izhikevich_accommodation,
    izhikevich_class_1,
    lif,
)
from dynana.models.reduced import hindmarsh_rose


def _segments(*segments):
    """Return the input that stays at each level for its duration, given as (level, duration), and the whole time."""
    onsets = [sum(length for _, length in segments[:k]) for k in range(len(segments))]
    levels = [level for level, _ in segments]
    return dn.steps(onsets, levels), float(sum(length for _, length in segments))


_SPIKE_TRAIN = dn.pulses([100.0 + 150.0 * k for k in range(13)], 5.0, 5.0)

hodgkin_huxley_protocols = {
    "constant": {"system": hodgkin_huxley.at(I=10.0), "t": 200.0},
    "spike_train": {"system": hodgkin_huxley, "t": 2000.0, "inputs": {"I": _SPIKE_TRAIN}},
    "misprinted_leak": {"system": hodgkin_huxley.at(g_L=0.03), "t": 200.0},
}


def noisy_spike_train(seed, dt=0.05):
    """The spike train for `hodgkin_huxley` on Gaussian noise of standard deviation 3, a new value every ``dt`` ms.

    A pair of neurons that hears the same train takes two seeds.
    """
    count = round(2000.0 / dt)
    noise = dn.sampled(dt * np.arange(count), np.random.default_rng(seed).normal(0.0, 3.0, count))
    return {"system": hodgkin_huxley, "t": 2000.0, "inputs": {"I": _SPIKE_TRAIN + noise}}


morris_lecar_protocols = {"constant": {"system": morris_lecar.at(I=100.0), "t": 1000.0}}
pinsky_rinzel_protocols = {
    "silent": {"system": pinsky_rinzel, "t": 1500.0},
    "bursting": {"system": pinsky_rinzel.at(I_s=0.75), "t": 1500.0},
    "spiking": {"system": pinsky_rinzel.at(I_s=2.5), "t": 1500.0},
}
wang_buzsaki_protocols = {"constant": {"system": wang_buzsaki.at(I=1.0), "t": 200.0}}
traub_miles_protocols = {"constant": {"system": traub_miles.at(I=500.0), "t": 200.0}}
lif_protocols = {"tonic": {"system": lif.at(I=21.0, t_ref=5.0), "t": 200.0}}

#: The five modes of Hindmarsh & Rose's equations: b, I.
hindmarsh_rose_modes = {
    name: {"system": hindmarsh_rose.at(b=b, I=current), "t": 350.0}
    for name, b, current in (
        ("quiescence", 1.0, 2.0),
        ("spiking", 3.5, 5.0),
        ("bursting", 2.5, 3.0),
        ("irregular_spiking", 2.95, 3.3),
        ("irregular_bursting", 2.8, 3.7),
    )
}

# Naud, Marcille, Clopath & Gerstner (2008), Biol. Cybern. 99:335-347, table of firing patterns, in the values that
# circulate with re-implementations of its figure: C (pF), g_L (nS), E_L (mV), a (nS), tau_w (ms), b (pA), V_reset (mV),
# I (pA); V_T = -50 mV and Delta_T = 2 mV throughout, spike cut at 0 mV.
_NAUD = {
    "tonic_spiking": (200.0, 10.0, -70.0, 2.0, 30.0, 0.0, -58.0, 500.0),
    "adaptation": (200.0, 12.0, -70.0, 2.0, 300.0, 60.0, -58.0, 500.0),
    "initial_burst": (130.0, 18.0, -58.0, 4.0, 150.0, 120.0, -50.0, 400.0),
    "regular_bursting": (200.0, 10.0, -58.0, 2.0, 120.0, 100.0, -46.0, 210.0),
    "delayed_accelerating": (200.0, 12.0, -70.0, -10.0, 300.0, 0.0, -58.0, 300.0),
    "delayed_regular_bursting": (100.0, 10.0, -65.0, -10.0, 90.0, 30.0, -47.0, 110.0),
    "transient_spiking": (100.0, 10.0, -65.0, 10.0, 90.0, 100.0, -47.0, 180.0),
    "irregular_spiking": (100.0, 12.0, -60.0, -11.0, 130.0, 30.0, -48.0, 160.0),
}


def _naud(C, g_L, E_L, a, tau_w, b, V_reset, current):
    system = adex_from_conductance(
        C=C, g_L=g_L, E_L=E_L, V_T=-50.0, Delta_T=2.0, a=a, b=b, tau_w=tau_w, V_reset=V_reset, V_peak=0.0, I=current
    )
    return {"system": system, "t": 600.0}


#: Firing patterns of `adex`; irregular spiking is chaotic, so that spike counts depend on the integrator.
adex_patterns = {name: _naud(*row) for name, row in _NAUD.items()}

# Mihalas & Niebur (2009), Neural Comput. 21:704-718, table 1. Pulse lengths are not printed there: these were read from
# its figure by Detorakis (2017), ReScience 3(1):7. Values that differ from the model's defaults, then the input as
# (level, duration in ms).
_ADAPT = {"a": 0.005}
_BURST = {"a": 0.005, "A1": 10.0, "A2": -0.6}
_MIXED = {"a": 0.005, "A1": 5.0, "A2": -0.3}
_MIHALAS_NIEBUR = {
    "tonic_spiking": ({}, (1.5, 200)),
    "class_1": ({}, (1.000001, 500)),
    "spike_frequency_adaptation": (_ADAPT, (2, 200)),
    "phasic_spiking": (_ADAPT, (1.5, 500)),
    "accommodation": (_ADAPT, (1.5, 100), (0, 500), (0.5, 100), (1, 100), (1.5, 100), (0, 100)),
    "threshold_variability": (_ADAPT, (1.5, 20), (0, 180), (-1.5, 25), (0, 25), (1.5, 25), (0, 125)),
    "rebound_spike": (_ADAPT, (0, 50), (-3.5, 756), (0, 194)),
    "class_2": ({**_ADAPT, "V": -30.0, "V_th": -30.0}, (2.000002, 300)),
    "integrator": (_ADAPT, (1.5, 20), (0, 10), (1.5, 20), (0, 250), (1.5, 20), (0, 20), (1.5, 20), (0, 40)),
    "input_bistability": (_ADAPT, (1.5, 100), (1.7, 400), (1.5, 100), (1.7, 400)),
    "hyperpolarization_induced_spiking": ({"a": 0.03}, (-1, 400)),
    "hyperpolarization_induced_bursting": ({"a": 0.03, "A1": 10.0, "A2": -0.6}, (-1, 400)),
    "tonic_bursting": (_BURST, (2, 500)),
    "phasic_bursting": (_BURST, (1.5, 500)),
    "rebound_burst": (_BURST, (0, 100), (-3.5, 500), (0, 400)),
    "mixed_mode": (_MIXED, (2, 500)),
    "afterpotentials": (_MIXED, (2, 15), (0, 185)),
    "basal_bistability": ({"A1": 8.0, "A2": -0.1}, (5, 10), (0, 90), (5, 10), (0, 90)),
    "preferred_frequency": (
        {"a": 0.005, "A1": -3.0, "A2": 0.5},
        *((5, 5), (0, 5), (4, 5), (0, 385), (5, 5), (0, 45), (4, 5), (0, 345)),
    ),
    "spike_latency": ({"a": -0.08}, (8, 2), (0, 48)),
}
# Where the notebook of a widely used simulator differs from the paper's table: no threshold adaptation but a very low
# resting threshold for the patterns on hyperpolarization, another start for class 2, other pulse lengths.
_NOTEBOOK = {
    **_MIHALAS_NIEBUR,
    "threshold_variability": (_ADAPT, (1.5, 20), (0, 180), (-1.5, 20), (0, 20), (1.5, 20), (0, 140)),
    "rebound_spike": (_ADAPT, (0, 50), (-3.5, 750), (0, 200)),
    "class_2": ({**_ADAPT, "V_th": -30.0}, (2.000002, 200)),
    "integrator": (_ADAPT, (1.5, 20), (0, 10), (1.5, 20), (0, 250), (1.5, 20), (0, 30), (1.5, 20), (0, 30)),
    "hyperpolarization_induced_spiking": ({"V_th_inf": -120.0}, (-1, 400)),
    "hyperpolarization_induced_bursting": ({"V_th_inf": -120.0, "A1": 10.0, "A2": -0.6}, (-1, 400)),
    "preferred_frequency": (
        {"a": 0.005, "A1": -3.0, "A2": 0.5},
        *((5, 10), (0, 10), (4, 10), (0, 370), (5, 10), (0, 90), (4, 10), (0, 290)),
    ),
}


def _mihalas_niebur(values, *segments):
    course, duration = _segments(*segments)
    return {"system": generalized_if.at(**values), "t": duration, "inputs": {"I": course}}


#: The 20 firing patterns of `generalized_if`, with the paper's table.
generalized_if_patterns = {name: _mihalas_niebur(*row) for name, row in _MIHALAS_NIEBUR.items()}
#: The same patterns with the parameters of the simulator notebook; seven of them differ.
generalized_if_notebook_patterns = {name: _mihalas_niebur(*row) for name, row in _NOTEBOOK.items()}


# Izhikevich (2004), IEEE Trans. Neural Netw. 15:1063-1070, figure 1, by the author's script: model, a, b, c, d, v(0),
# step and duration in ms; then the input, as a function of the step: his pulses are on for onset < t < onset + width,
# where t is the beginning of a step. A step of 0 stands for the differential equation.
def _on(onset, step):
    return step * (round(onset / step, 6) // 1 + 1) if step else onset


def _off(end, step):
    return -step * (-round(end / step, 6) // 1) if step else end


def _step(level, onset):
    return lambda step: dn.steps([_on(onset, step)], [level], before=0.0)


def _pulses(onsets, width, level, base=0.0):
    def course(step):
        edges = [edge for onset in onsets for edge in (_on(onset, step), _off(onset + width, step))]
        return dn.steps(edges, [level, base] * len(onsets), before=base)

    return course


def _course(times, levels):
    return lambda step: dn.ramp(times, levels)


_PLAIN, _CLASS_1, _ACCOMMODATION = izhikevich_2004, izhikevich_class_1, izhikevich_accommodation
_INHIBITION = _course([50.0, 50.0, 250.0, 250.0], [80.0, 75.0, 75.0, 80.0])
_IZHIKEVICH = {
    "tonic_spiking": (_PLAIN, 0.02, 0.2, -65.0, 6.0, -70.0, 0.25, 100.0, _step(14.0, 10.0)),
    "phasic_spiking": (_PLAIN, 0.02, 0.25, -65.0, 6.0, -64.0, 0.25, 200.0, _step(0.5, 20.0)),
    "tonic_bursting": (_PLAIN, 0.02, 0.2, -50.0, 2.0, -70.0, 0.25, 220.0, _step(15.0, 22.0)),
    "phasic_bursting": (_PLAIN, 0.02, 0.25, -55.0, 0.05, -64.0, 0.2, 200.0, _step(0.6, 20.0)),
    "mixed_mode": (_PLAIN, 0.02, 0.2, -55.0, 4.0, -70.0, 0.25, 160.0, _step(10.0, 16.0)),
    "spike_frequency_adaptation": (_PLAIN, 0.01, 0.2, -65.0, 8.0, -70.0, 0.25, 85.0, _step(30.0, 8.5)),
    "class_1": (_CLASS_1, 0.02, -0.1, -55.0, 6.0, -60.0, 0.25, 300.0, _course([30.0, 300.0], [0.0, 20.25])),
    "class_2": (_PLAIN, 0.2, 0.26, -65.0, 0.0, -64.0, 0.25, 300.0, _course([30.0, 300.0], [-0.5, 3.55])),
    "spike_latency": (_PLAIN, 0.02, 0.2, -65.0, 6.0, -70.0, 0.2, 100.0, _pulses([10.0], 3.0, 7.04)),
    "subthreshold_oscillations": (_PLAIN, 0.05, 0.26, -60.0, 0.0, -62.0, 0.25, 200.0, _pulses([20.0], 5.0, 2.0)),
    "resonator": (_PLAIN, 0.1, 0.26, -60.0, -1.0, -62.0, 0.25, 400.0, _pulses([40.0, 60.0, 280.0, 320.0], 4.0, 0.65)),
    "integrator": (
        *(_CLASS_1, 0.02, -0.1, -55.0, 6.0, -60.0, 0.25, 100.0),
        _pulses([100 / 11, 100 / 11 + 5.0, 70.0, 80.0], 2.0, 9.0),
    ),
    "rebound_spike": (_PLAIN, 0.03, 0.25, -60.0, 4.0, -64.0, 0.2, 200.0, _pulses([20.0], 5.0, -15.0)),
    "rebound_burst": (_PLAIN, 0.03, 0.25, -52.0, 0.0, -64.0, 0.2, 200.0, _pulses([20.0], 5.0, -15.0)),
    "threshold_variability": (
        *(_PLAIN, 0.03, 0.25, -60.0, 4.0, -64.0, 0.25, 100.0),
        lambda step: _pulses([10.0, 80.0], 5.0, 1.0)(step) + _pulses([70.0], 5.0, -6.0)(step),
    ),
    "bistability": (_PLAIN, 0.1, 0.26, -60.0, 0.0, -61.0, 0.25, 300.0, _pulses([37.5, 216.0], 5.0, 1.24, 0.24)),
    "depolarizing_after_potential": (_PLAIN, 1.0, 0.2, -60.0, -21.0, -70.0, 0.1, 50.0, _pulses([9.0], 2.0, 20.0)),
    "accommodation": (
        *(_ACCOMMODATION, 0.02, 1.0, -55.0, 4.0, -65.0, 0.5, 400.0),
        _course([0.0, 200.0, 200.0, 300.0, 312.5, 312.5], [0.0, 8.0, 0.0, 0.0, 4.0, 0.0]),
    ),
    "inhibition_induced_spiking": (_PLAIN, -0.02, -1.0, -60.0, 8.0, -63.8, 0.5, 350.0, _INHIBITION),
    "inhibition_induced_bursting": (_PLAIN, -0.026, -1.0, -45.0, -2.0, -63.8, 0.5, 350.0, _INHIBITION),
}


def _izhikevich(model, a, b, c, d, v, dt, duration, course, *, as_published):
    u = -16.0 if model is izhikevich_accommodation else b * v
    step = dt if as_published else 0.0
    protocol = {
        "system": model.at(a=a, b=b, c=c, d=d, v=v, u=u, step=step),
        "t": duration + step,
        "inputs": {"I": course(step)},
    }
    return {**protocol, "method": "euler", "dt": dt, "events": "grid"} if as_published else protocol


#: The 20 patterns as differential equations. An exact solver's spikes are not those of the figure: see the next one.
#: Inhibition-induced bursting is cut at 100 ms: without Euler's steps u falls ever faster and the cell never stops.
izhikevich_patterns = {name: _izhikevich(*row, as_published=False) for name, row in _IZHIKEVICH.items()}
izhikevich_patterns["inhibition_induced_bursting"]["t"] = 100.0
#: The same as the figure was made: sequential Euler at the author's own steps.
#: His script stamps a spike with the beginning of its step, a trajectory with its end: one ``dt`` later.
izhikevich_2004_patterns = {name: _izhikevich(*row, as_published=True) for name, row in _IZHIKEVICH.items()}
