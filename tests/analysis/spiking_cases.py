"""Reference orbits with jumps, and the systems they belong to."""

from __future__ import annotations

import json
from pathlib import Path

from dynana.models import exponential_if, generalized_if, izhikevich, lif, quadratic_if_normal
from dynana.models.integrate_and_fire import adex_from_conductance

CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parents[1] / "reference" / "spiking_orbits.json").read_text())["cases"]
}


def of_conductance(given, **more):
    names = {"C": "C", "gL": "g_L", "EL": "E_L", "VT": "V_T", "DT": "Delta_T", "Vpeak": "V_peak", "V_peak": "V_peak"}
    kept = {names.get(k, k): float(v) for k, v in given.items() if k != "equations"}
    return adex_from_conductance(**({"V_reset": -50.0, "a": 0.0, "b": 0.0, "tau_w": 10.0} | kept | more))


def system(name):
    """The system of a case, at its values."""
    given = CASES[name]["params"]
    if name.startswith("adex"):
        return of_conductance(given)
    if name.startswith("eif"):
        g = {k: float(v) for k, v in given.items()}
        scale = g["gL"]
        return exponential_if.at(
            tau=g["C"] / scale, R=1 / scale, V_rest=g["EL"], V_T=g["VT"], Delta_T=g["DT"], V_reset=g["V_reset"],
            V_th=min(g["V_peak"], g["VT"] + 40 * g["DT"]), I=g["I"], t_ref=0.0, V=g["V_reset"],
        )  # fmt: skip
    g = {k: float(v) for k, v in given.items()}
    if name.startswith("gif"):
        names = {"EL": "V_rest", "Vr": "V_reset", "Vinf": "V_th_inf", "Vthr": "V_th_reset"}
        return generalized_if.at(**{names.get(k, k): v for k, v in g.items()})
    if name.startswith("izhikevich"):
        return izhikevich.at(**g)
    if name.startswith("lif"):
        return lif.at(
            tau=g["tau"], V_rest=g["E_L"], R=g["R"], V_th=g["V_th"], V_reset=g["V_reset"], I=g.get("I", 2.0), t_ref=0.0,
            V=g["V_reset"],
        )  # fmt: skip
    return quadratic_if_normal.at(I=g["I"], V_reset=g["V_reset"], V_th=g["V_peak"], v=g["V_reset"])
