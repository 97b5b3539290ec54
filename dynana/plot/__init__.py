"""Pictures of results.

Every function takes the Axes to draw on (or makes new ones) and returns them; nothing is shown or set globally.
"""

from __future__ import annotations

from dynana.plot.activity import activity, animate_activity, cell_traces
from dynana.plot.basins import basins
from dynana.plot.cycles import cycle_traces, cycles
from dynana.plot.diagrams import bifurcation_diagram, bifurcation_diagram_with_periods, periods
from dynana.plot.fast_slow import drift, fast_slow, fast_slow_with_drift
from dynana.plot.fast_slow_plane import critical_manifold, slow_plane
from dynana.plot.fi_curves import fi_curve
from dynana.plot.flows import flow_portrait
from dynana.plot.isochrons import isochrons
from dynana.plot.loci import two_parameter_diagram
from dynana.plot.manifold_surfaces import manifold_surface
from dynana.plot.multipliers import multiplier_plane, multipliers
from dynana.plot.networks import network, weight_histogram, weight_matrix
from dynana.plot.orbit_diagrams import orbit_diagram
from dynana.plot.phase_responses import interaction_function, phase_response
from dynana.plot.planes import nullclines, phase_portrait, portrait_with_time_course, vector_field
from dynana.plot.poincare_maps import first_return, poincare_map
from dynana.plot.rasters import population_rate, raster, raster_with_rate
from dynana.plot.spike_maps import cobweb, spike_map
from dynana.plot.trajectories import firing_pattern, traces, trajectory, trajectory_3d
from dynana.plot.xpp_diagrams import xpp_diagram

__all__ = [
    "activity",
    "animate_activity",
    "basins",
    "bifurcation_diagram",
    "bifurcation_diagram_with_periods",
    "cell_traces",
    "cobweb",
    "critical_manifold",
    "cycle_traces",
    "cycles",
    "drift",
    "fast_slow",
    "fast_slow_with_drift",
    "fi_curve",
    "firing_pattern",
    "first_return",
    "flow_portrait",
    "interaction_function",
    "multiplier_plane",
    "multipliers",
    "network",
    "isochrons",
    "manifold_surface",
    "nullclines",
    "orbit_diagram",
    "periods",
    "phase_portrait",
    "phase_response",
    "poincare_map",
    "population_rate",
    "portrait_with_time_course",
    "raster",
    "raster_with_rate",
    "spike_map",
    "slow_plane",
    "traces",
    "trajectory",
    "trajectory_3d",
    "two_parameter_diagram",
    "vector_field",
    "weight_histogram",
    "weight_matrix",
    "xpp_diagram",
]
