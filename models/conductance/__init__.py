"""Conductance-based neurons: currents through voltage-gated channels.

Unless a model says otherwise: time in ms, voltage in mV, current density in uA/cm2, conductance density in mS/cm2 and
capacitance in uF/cm2. These models have no reset: a spike is an upward crossing of the voltage named in the docstring.
Variants are systems named after their model (`morris_lecar_snic`); how each was driven is in `dynana.models.protocols`.

There is one module per model, imported when the model is asked for: the formulas of one take long to trace.
"""

from importlib import import_module

#: Units of what most of these models have in common.
DENSITIES = {"V": "mV", "I": "uA/cm2", "C": "uF/cm2", "g_L": "mS/cm2"}

_SYSTEMS = {
    "squid_axon": "hodgkin_huxley",
    "barnacle_muscle": (
        "morris_lecar morris_lecar_hopf morris_lecar_snic morris_lecar_homoclinic "
        "morris_lecar_hopf_textbook morris_lecar_snic_textbook morris_lecar_homoclinic_textbook"
    ),
    "interneuron": "wang_buzsaki",
    "persistent_sodium": "nap_k nap_k_fast nap_k_low nap_k_subcritical",
    "hippocampus": "traub_miles",
}
_MODULE = {name: module for module, names in _SYSTEMS.items() for name in names.split()}

__all__ = ["DENSITIES", *_SYSTEMS, *_MODULE]


def __getattr__(name):
    if name in _SYSTEMS:
        return import_module(f"{__name__}.{name}")
    if name not in _MODULE:
        raise AttributeError(f"no model named {name!r} in {__name__}; known: {', '.join(sorted(_MODULE))}")
    return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)


def __dir__():
    return sorted(__all__)
