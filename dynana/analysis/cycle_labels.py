"""Labels on curves of cycles: where a parameter, the period or a function of the user has an asked value."""

from __future__ import annotations

import numpy as np

from dynana.analysis.cycle_legs import Leg, Mark, Scalar, exact, put, root
from dynana.analysis.cycle_places import CycleCurve
from dynana.analysis.user_functions import vanishes

#: Parts of a step on which the cubic through its ends is looked at.
PARTS = 16


def labels(
    curve: CycleCurve, leg: Leg, wanted: list[tuple[str, str, Scalar]], of_scalars: list[tuple[int, float]]
) -> list[Mark]:
    """Return the places of a leg at which a scalar has an asked value or a function of the user vanishes.

    Parameters
    ----------
    wanted : list of (kind, name, function)
        Functions of a Place; those of scalars first.
    of_scalars : list of (index among durations and parameters, value)
    """
    for k, value in of_scalars:
        _show_crossings(curve, leg, k, value)
    marks = []
    for number, (kind, name, function) in enumerate(wanted):
        values = np.array([function(p) for p in leg.places])
        for i in np.flatnonzero(values[:-1] * values[1:] < 0.0)[::-1].tolist():
            found = root(curve, leg, i, i + 1, function, resolved=kind == "user")
            if found is not None and (kind != "user" or vanishes(function(found[1]), values[i : i + 2].tolist())):
                place = exact(found[1], *of_scalars[number]) if number < len(of_scalars) else found[1]
                marks.append((found[0], Mark(kind, place, name, {"tangent": place.orbit.tangent.copy()})))
    for step, mark in marks:
        put(leg, step, mark.place)
    last = leg.places[-1]
    for kind, name, function in wanted[: len(of_scalars)]:
        if function(last) == 0.0:  # where the range ends
            marks.append((leg.steps[-1], Mark(kind, last, name, {"tangent": last.orbit.tangent.copy()})))
    return [mark for _, mark in sorted(marks, key=lambda entry: abs(entry[0]))]


def _show_crossings(curve: CycleCurve, leg: Leg, k: int, value: float) -> None:
    """Add a place where the cubic through two neighbours passes a value twice between them."""
    inner = np.linspace(0.0, 1.0, PARTS + 1)[1:-1]
    for i in range(len(leg.places) - 2, -1, -1):
        a, b, h = leg.places[i], leg.places[i + 1], leg.steps[i + 1] - leg.steps[i]
        x, y = a.scalars[k] - value, b.scalars[k] - value
        if x * y <= 0.0:
            continue
        s, r = inner, 1.0 - inner
        cubic = r * r * (1 + 2 * s) * x + s * s * (1 + 2 * r) * y + h * s * r * (r * a.slopes[k] - s * b.slopes[k])
        if (cubic * x < 0.0).any():
            leg.insert(curve, i, leg.steps[i] + h * float(s[np.argmin(cubic * np.sign(x))]))
