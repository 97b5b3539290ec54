"""dynana: analysis and simulation of dynamical systems that are defined once, as symbols.

A model is a Python function (`model`) that becomes a frozen `System`. From it come fixed points with a proof that none
is missing (`fixed_points`), nullclines and phase portraits (`phase_portrait`), and trajectories (`simulate`).
Published models are in `dynana.models`, pictures of results in `dynana.plot`.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from dynana.errors import ConvergenceError, DynanaError, DynanaWarning, FormatError, ModelError, unknown
from dynana.numerics.reference_cycles import unsearched

__version__ = "0.1.0"

#: Where each public name lives; modules are imported when a name is first used, so `import dynana` stays light.
_HOME = {
    "definition.model": "model",
    "definition.system": "System Jump Noise Observe",
    "definition.steady_state": "steady",
    "definition.synapse": "Clip Into OnPost OnPre Synapse synapse",
    "definition.population": "Population poisson spikes",
    "definition.projection": "Projection",
    "definition.network": "Network",
    "definition.connections": (
        "all_to_all distance_dependent gaussian graph in_degree matrix one_to_one out_degree pairs probability "
        "scale_free small_world within"
    ),
    "definition.distributions": "exponential_distribution gamma_distribution lognormal normal uniform",
    "definition.spaces": "grid line places ring",
    "definition.functions": (
        "absolute arctan both cos cosh either exp exprel floor heaviside log maximum minimum sigmoid sign sin sinh "
        "sqrt tan tanh where"
    ),
    "lowering.kernels": "lower",
    "simulation.simulate": "simulate",
    "simulation.recording_requests": "record record_rate",
    "simulation.edge_tables": "edges",
    "simulation.network_drives": "ornstein_uhlenbeck",
    "simulation.sweep": "sweep",
    "simulation.fi_curve": "fi_curve",
    "simulation.observe": "observe",
    "simulation.inputs": "pulses ramp sampled sinusoid steps",
    "analysis.fast_slow": "fast_slow",
    "analysis.fixed_points": "fixed_points",
    "analysis.stability": "stability",
    "analysis.manifold_surfaces": "manifold_surface",
    "analysis.nullclines": "nullclines",
    "analysis.isochrons": "isochrons",
    "analysis.lyapunov": "lyapunov_exponents",
    "analysis.basins": "basins",
    "analysis.orbit_diagram": "orbit_diagram",
    "analysis.poincare_map": "poincare_map",
    "analysis.spike_map": "spike_map",
    "analysis.cycle_branches": "continue_cycles",
    "analysis.equilibrium_branches": "continue_equilibria",
    "analysis.find_cycle": "find_cycle",
    "analysis.homoclinic": "heteroclinic homoclinic",
    "analysis.homoclinic_curves": "continue_homoclinic",
    "analysis.whole_diagram": "bifurcation_diagram",
    "analysis.loci": "continue_locus",
    "analysis.portraits": "flow_portrait phase_portrait",
    "analysis.phase_locking": "phase_locking",
    "analysis.phase_responses": "phase_response",
    "analysis.phase_shifts": "phase_shifts",
    "interchange.ode": "load_ode",
    "interchange.auto_export": "to_auto",
    "interchange.brian2_export": "to_brian2",
    "interchange.julia_export": "to_julia",
    "interchange.matcont_export": "to_matcont",
    "interchange.python_export": "to_python",
    "interchange.xpp_diagrams": "load_xpp_diagram to_xpp_diagram",
    "interchange.xpp_export": "to_ode",
    "results.base": "load",
}
_PLACE = {name: module for module, names in _HOME.items() for name in names.split()}
_MODULES = ("models", "plot")

__all__ = [
    "ConvergenceError",
    "DynanaError",
    "DynanaWarning",
    "FormatError",
    "ModelError",
    *_MODULES,
    *_PLACE,
]


def _loaded(module: str) -> ModuleType:
    """Return a module of this package, imported without looking for reference cycles meanwhile.

    sympy and numba bring a hundred thousand objects that stay; Python would look through all of them again and again.
    """
    with unsearched():
        return import_module(f"dynana.{module}")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return _loaded(name)
    if name not in _PLACE:
        raise AttributeError(f"dynana: {unknown('name', name, __all__)}")
    value = getattr(_loaded(_PLACE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    from dynana import models as models
    from dynana import plot as plot
    from dynana.analysis.basins import basins as basins
    from dynana.analysis.cycle_branches import continue_cycles as continue_cycles
    from dynana.analysis.equilibrium_branches import continue_equilibria as continue_equilibria
    from dynana.analysis.fast_slow import fast_slow as fast_slow
    from dynana.analysis.find_cycle import find_cycle as find_cycle
    from dynana.analysis.fixed_points import fixed_points as fixed_points
    from dynana.analysis.homoclinic import heteroclinic as heteroclinic
    from dynana.analysis.homoclinic import homoclinic as homoclinic
    from dynana.analysis.homoclinic_curves import continue_homoclinic as continue_homoclinic
    from dynana.analysis.isochrons import isochrons as isochrons
    from dynana.analysis.loci import continue_locus as continue_locus
    from dynana.analysis.lyapunov import lyapunov_exponents as lyapunov_exponents
    from dynana.analysis.manifold_surfaces import manifold_surface as manifold_surface
    from dynana.analysis.nullclines import nullclines as nullclines
    from dynana.analysis.orbit_diagram import orbit_diagram as orbit_diagram
    from dynana.analysis.phase_locking import phase_locking as phase_locking
    from dynana.analysis.phase_responses import phase_response as phase_response
    from dynana.analysis.phase_shifts import phase_shifts as phase_shifts
    from dynana.analysis.poincare_map import poincare_map as poincare_map
    from dynana.analysis.portraits import flow_portrait as flow_portrait
    from dynana.analysis.portraits import phase_portrait as phase_portrait
    from dynana.analysis.spike_map import spike_map as spike_map
    from dynana.analysis.stability import stability as stability
    from dynana.analysis.whole_diagram import bifurcation_diagram as bifurcation_diagram
    from dynana.definition.connections import all_to_all as all_to_all
    from dynana.definition.connections import distance_dependent as distance_dependent
    from dynana.definition.connections import gaussian as gaussian
    from dynana.definition.connections import graph as graph
    from dynana.definition.connections import in_degree as in_degree
    from dynana.definition.connections import matrix as matrix
    from dynana.definition.connections import one_to_one as one_to_one
    from dynana.definition.connections import out_degree as out_degree
    from dynana.definition.connections import pairs as pairs
    from dynana.definition.connections import probability as probability
    from dynana.definition.connections import scale_free as scale_free
    from dynana.definition.connections import small_world as small_world
    from dynana.definition.connections import within as within
    from dynana.definition.distributions import exponential_distribution as exponential_distribution
    from dynana.definition.distributions import gamma_distribution as gamma_distribution
    from dynana.definition.distributions import lognormal as lognormal
    from dynana.definition.distributions import normal as normal
    from dynana.definition.distributions import uniform as uniform
    from dynana.definition.functions import absolute as absolute
    from dynana.definition.functions import arctan as arctan
    from dynana.definition.functions import both as both
    from dynana.definition.functions import cos as cos
    from dynana.definition.functions import cosh as cosh
    from dynana.definition.functions import either as either
    from dynana.definition.functions import exp as exp
    from dynana.definition.functions import exprel as exprel
    from dynana.definition.functions import floor as floor
    from dynana.definition.functions import heaviside as heaviside
    from dynana.definition.functions import log as log
    from dynana.definition.functions import maximum as maximum
    from dynana.definition.functions import minimum as minimum
    from dynana.definition.functions import sigmoid as sigmoid
    from dynana.definition.functions import sign as sign
    from dynana.definition.functions import sin as sin
    from dynana.definition.functions import sinh as sinh
    from dynana.definition.functions import sqrt as sqrt
    from dynana.definition.functions import tan as tan
    from dynana.definition.functions import tanh as tanh
    from dynana.definition.functions import where as where
    from dynana.definition.model import model as model
    from dynana.definition.network import Network as Network
    from dynana.definition.population import Population as Population
    from dynana.definition.population import poisson as poisson
    from dynana.definition.population import spikes as spikes
    from dynana.definition.projection import Projection as Projection
    from dynana.definition.spaces import grid as grid
    from dynana.definition.spaces import line as line
    from dynana.definition.spaces import places as places
    from dynana.definition.spaces import ring as ring
    from dynana.definition.steady_state import steady as steady
    from dynana.definition.synapse import Clip as Clip
    from dynana.definition.synapse import Into as Into
    from dynana.definition.synapse import OnPost as OnPost
    from dynana.definition.synapse import OnPre as OnPre
    from dynana.definition.synapse import Synapse as Synapse
    from dynana.definition.synapse import synapse as synapse
    from dynana.definition.system import Jump as Jump
    from dynana.definition.system import Noise as Noise
    from dynana.definition.system import Observe as Observe
    from dynana.definition.system import System as System
    from dynana.interchange.auto_export import to_auto as to_auto
    from dynana.interchange.brian2_export import to_brian2 as to_brian2
    from dynana.interchange.julia_export import to_julia as to_julia
    from dynana.interchange.matcont_export import to_matcont as to_matcont
    from dynana.interchange.ode import load_ode as load_ode
    from dynana.interchange.python_export import to_python as to_python
    from dynana.interchange.xpp_diagrams import load_xpp_diagram as load_xpp_diagram
    from dynana.interchange.xpp_diagrams import to_xpp_diagram as to_xpp_diagram
    from dynana.interchange.xpp_export import to_ode as to_ode
    from dynana.lowering.kernels import lower as lower
    from dynana.results.base import load as load
    from dynana.simulation.edge_tables import edges as edges
    from dynana.simulation.fi_curve import fi_curve as fi_curve
    from dynana.simulation.inputs import pulses as pulses
    from dynana.simulation.inputs import ramp as ramp
    from dynana.simulation.inputs import sampled as sampled
    from dynana.simulation.inputs import sinusoid as sinusoid
    from dynana.simulation.inputs import steps as steps
    from dynana.simulation.network_drives import ornstein_uhlenbeck as ornstein_uhlenbeck
    from dynana.simulation.observe import observe as observe
    from dynana.simulation.recording_requests import record as record
    from dynana.simulation.recording_requests import record_rate as record_rate
    from dynana.simulation.simulate import simulate as simulate
    from dynana.simulation.sweep import sweep as sweep
