"""The library of published models, one module per family; `protocols` says how their papers drove them.

``from dynana.models import hodgkin_huxley`` imports only the family that holds the model. ``FAMILIES`` maps each family
to the names of its systems, ``SYNAPSES`` each family of synapses to theirs, ``NETWORKS`` each family of functions that
return networks.
"""

from importlib import import_module

FAMILIES = {
    "conductance": (
        "hodgkin_huxley morris_lecar morris_lecar_hopf morris_lecar_snic morris_lecar_homoclinic "
        "morris_lecar_hopf_textbook morris_lecar_snic_textbook morris_lecar_homoclinic_textbook "
        "wang_buzsaki nap_k nap_k_fast nap_k_low nap_k_subcritical traub_miles"
    ).split(),
    "bursting": "pinsky_rinzel plant plant_slow chay_keizer sherman_rinzel_keizer morris_lecar_bursting".split(),
    "integrate_and_fire": (
        "lif quadratic_if quadratic_if_normal theta exponential_if adex adex_brette_gerstner adex_touboul_brette "
        "izhikevich izhikevich_regular_spiking izhikevich_intrinsically_bursting izhikevich_chattering "
        "izhikevich_fast_spiking izhikevich_thalamo_cortical izhikevich_resonator izhikevich_low_threshold_spiking "
        "izhikevich_2004 izhikevich_class_1 izhikevich_accommodation generalized_if"
    ).split(),
    "reduced": "ermentrout_kopell fitzhugh_nagumo fitzhugh_rinzel hindmarsh_rose".split(),
    "rate": "wilson_cowan wilson_cowan_oscillating wilson_cowan_saturating wong_wang wong_wang_reduced decision_rate "
    "montbrio_pazo_roxin".split(),
    "textbook": (
        "van_der_pol van_der_pol_lienard van_der_pol_canard lorenz rossler brusselator stuart_landau fold_normal_form "
        "transcritical_normal_form pitchfork_normal_form subcritical_pitchfork_normal_form hopf_normal_form "
        "bautin_normal_form bogdanov_takens_normal_form cusp_normal_form"
    ).split(),
}
SYNAPSES = {
    "synapses": (
        "exponential exponential_conductance alpha dual_exponential voltage_jump ampa gaba_a nmda gaba_b gap_junction "
        "linear"
    ).split(),
    "plasticity": "stp stdp oja bcm".split(),
}
NETWORKS = {
    "networks": (
        "cuba coba cobahh brunel ei_balanced ei_irregular decision_spiking cann stdp_recurrent random_rates"
    ).split(),
    "population_networks": "qif_populations three_population".split(),
}
_FAMILY = {
    name: family for group in (FAMILIES, SYNAPSES, NETWORKS) for family, names in group.items() for name in names
}
_MODULES = (*FAMILIES, *SYNAPSES, *NETWORKS, "protocols")

__all__ = ["FAMILIES", "NETWORKS", "SYNAPSES", *_MODULES, *_FAMILY]


def __getattr__(name):
    if name in _MODULES:
        return import_module(f"dynana.models.{name}")
    if name not in _FAMILY:
        raise AttributeError(f"no model named {name!r}; known: {', '.join(sorted(_FAMILY))}")
    return getattr(import_module(f"dynana.models.{_FAMILY[name]}"), name)


def __dir__():
    return sorted(__all__)
