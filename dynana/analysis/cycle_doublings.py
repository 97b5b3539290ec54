"""What a period doubling of cycles means, in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dynana.analysis.cycle_places import CycleCurve, others
from dynana.analysis.cycle_request import Request
from dynana.analysis.cycle_starts import doubled
from dynana.analysis.normal_forms_codim1 import side
from dynana.analysis.spiking_beginnings import is_spiking
from dynana.analysis.spiking_doublings import doubled_beside
from dynana.errors import ConvergenceError
from dynana.results.cycle import Cycle
from dynana.results.special_points import SpecialPoint

#: Logarithm of the critical multiplier of a doubled cycle, in units of the error of the trivial one and at least, below
#: which it does not tell on which side it is.
NEITHER, LEAST_LOGARITHM = 10.0, 1e-10


def doubling_words(request: Request, point: SpecialPoint) -> str:
    """Return what a period doubling means, told by the doubled cycle a small way along its branch."""
    name, value = request.free[0], point.parameters[request.free[0]]
    system = request.system.at(**{name: value})
    assert isinstance(point.cycle, Cycle)
    curve: CycleCurve
    try:
        if is_spiking(point.cycle):
            ranges = np.array([high - low for low, high in request.ranges])
            curve, place = doubled_beside(system, request.free, point.cycle, ranges, request.forcing)
        else:
            beside = doubled(replace(request, system=system), point, point.cycle)
            curve, place = beside.curve, beside.place
    except ConvergenceError:
        return ""
    logs, phases = others(place.spectrum, curve.forced)
    critical = int(np.argmin(np.hypot(logs, phases)))
    moved = float(place.scalars[1]) - value
    error = 0.0 if curve.forced else place.spectrum.trivial_error
    if abs(float(logs[critical])) < NEITHER * error + LEAST_LOGARITHM or moved == 0.0:
        return ""
    word = "supercritical" if logs[critical] < 0.0 else "subcritical"
    unstable = int(np.sum(np.delete(logs, critical) > 0.0))
    kind = "stable" if logs[critical] < 0.0 and not unstable else "unstable"
    beside_them = f" ({unstable} more unstable direction{'s' * (unstable != 1)})" if unstable else ""
    return f"{word}: {kind} cycles of twice the period {side(moved, name)}{beside_them}"
