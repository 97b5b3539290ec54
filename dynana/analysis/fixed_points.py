"""`fixed_points`: every equilibrium in a box, with proof that none is missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from dynana.analysis.equilibrium_search import BUDGET, Box, Outcome, Search, prepared
from dynana.analysis.ranges import finite_range
from dynana.analysis.stability import linearisation, require_autonomous, require_system
from dynana.definition.system import System
from dynana.lowering.kernels import lower
from dynana.numerics import krawczyk
from dynana.results.fixed_points import FixedPoints

_WHY = {
    krawczyk.SINGULAR: (
        "the Jacobian is singular or nearly so: a fold or branch point at these parameter values, or a curve of "
        "equilibria"
    ),
    krawczyk.UNBOUNDED: "the equations are unbounded or undefined there",
    krawczyk.JUMP: "the equations jump there, or their derivative is unbounded",
    krawczyk.DIVISOR: "a factor that was divided by may vanish there",
    krawczyk.BUDGET: f"the budget of {BUDGET} boxes was spent: narrow the ranges; it may be a curve of equilibria",
}
#: Kinds of notes of a model that explain a reason.
_NOTES = {
    krawczyk.UNBOUNDED: ("pole", "possible pole"),
    krawczyk.JUMP: ("kink", "pole", "possible pole"),
}


def fixed_points(
    system: System, *, ranges: Mapping[str, tuple[float, float]] | None = None, **state_ranges: tuple[float, float]
) -> FixedPoints:
    """Find all equilibria in a box, each with a proof that it is there, and prove that there are no others.

    Interval arithmetic excludes or certifies every part of the box (Krawczyk's method with bisection), after variables
    that the others determine (gates at their steady state) have been eliminated symbolically.

    Parameters
    ----------
    system : System
        The parameters are its stored values, exactly.
    ranges : mapping of state to (low, high), optional
        The box; the same as keyword arguments.
    **state_ranges : (low, high)
        Ranges of states. States that are not given have the range of the model, gates [0, 1] and angles one turn; a
        state that follows from the others needs none.

    Returns
    -------
    FixedPoints
        A sequence of `FixedPoint`, with ``complete`` and ``verdict``.

    Raises
    ------
    ValueError
        For an unknown state, an empty, reversed or infinite range, or a range that is missing.
    ModelError
        If the equations contain time.

    Notes
    -----
    The search box is inflated slightly, so that equilibria on its border are found. Where an equilibrium can neither
    be proved nor excluded in double precision (a fold exactly at the parameter value, a pole, a jump of the equations)
    a box is returned as ``undecided``, with the reason.

    References
    ----------
    Krawczyk (1969), Computing 4:187-201. Neumaier (1990), Interval Methods for Systems of Equations, chapter 5.

    Examples
    --------
    >>> import dynana as dn
    >>> from dynana.models import wong_wang
    >>> points = dn.fixed_points(wong_wang.at(mu_0=30, coh=0.512), S1=(0, 1), S2=(0, 1))
    >>> len(points), points.complete
    (3, True)
    """
    require_system(system, "fixed_points")
    given = dict(ranges or {})
    for name, pair in state_ranges.items():
        if name in given:
            raise ValueError(f"{system.name}: the range of {name!r} is given twice, in ranges= and by keyword")
        given[name] = pair
    asked = {name: _checked(system, name, pair) for name, pair in given.items()}
    require_autonomous(system, "the search of fixed points")
    kernels = lower(system)
    search = prepared(kernels, "reduced")
    box = _completed(system, search, asked)
    outcome = search.run(box)
    if krawczyk.DIVISOR in outcome.reasons:
        full = prepared(kernels, "full")
        everywhere = full.defaults | asked
        if all(n in everywhere for n in full.unknowns):
            search, box = full, everywhere
            outcome = search.run(box)
    return _result(system, search, box, outcome)


def _checked(system: System, name: str, given: Any) -> tuple[float, float]:
    if name in system.parameters:
        raise ValueError(
            f"{system.name}: {name!r} is a parameter: set it with system.at({name}=...); states have ranges"
        )
    system.state(name)
    return finite_range(system, name, given)


def _completed(system: System, search: Search, given: Box) -> Box:
    """Return the ranges with defaults, in the order of the states."""
    known = search.defaults | given
    if missing := [n for n in search.unknowns if n not in known]:
        example = ", ".join(f"{n}=(low, high)" for n in missing)
        raise ValueError(
            f"{system.name}: no range is known for {', '.join(missing)}: give fixed_points(system, {example}), or "
            "ranges={...} in the model"
        )
    return {n: known[n] for n in system.states if n in known}


def _result(system: System, search: Search, box: Box, outcome: Outcome) -> FixedPoints:
    kernels = lower(system)
    low, high = outcome.enclosures[:, :, 0], outcome.enclosures[:, :, 1]
    # Any point of an enclosure may stand for it; where zero is among them, a user expects zero and not 7.9e-18.
    points = np.where((low <= 0) & (high >= 0), 0.0, 0.5 * (low + high))
    radii = np.nextafter(np.maximum(high - points, points - low), math.inf)
    reasons = tuple(_reason(system, search, int(code)) for code in outcome.reasons)
    return FixedPoints(
        system=system.name,
        states=system.states,
        parameters=system.values,
        fingerprint=kernels.fingerprint,
        points=linearisation(kernels).fixed_points(points, radii, outcome.on_border),
        box=box,
        complete=not reasons,
        verdict=_verdict(system.states, box, outcome, reasons),
        undecided=outcome.undecided,
        reasons=reasons,
        boxes_examined=outcome.examined,
    )


def _reason(system: System, search: Search, code: int) -> str:
    """Return in words why a box is undecided, with what the model notes about such places."""
    details: Iterable[str] = search.divisors if code == krawczyk.DIVISOR else ()
    if code in _NOTES:
        details = [note.message for note in system.notes if note.kind in _NOTES[code]]
    text = "; ".join(details)
    return f"{_WHY[code]} ({text})" if text else _WHY[code]


def _verdict(states: tuple[str, ...], box: Box, outcome: Outcome, reasons: tuple[str, ...]) -> str:
    """Return in words what is proved."""
    where = ", ".join(f"{n} in [{low:.6g}, {high:.6g}]" for n, (low, high) in box.items())
    free = ", ".join(n for n in states if n not in box)
    where += f", any {free}" if free else ""
    border = int(outcome.on_border.sum())
    edge = f" ({border} on its border, to within rounding)" if border else ""
    if not reasons:
        return f"proved complete in this box: {where}{edge}"
    number = f"{len(reasons)} undecided region{'' if len(reasons) == 1 else 's'}"
    lines = [f"not proved complete: outside {number} there are no others in this box: {where}{edge}"]
    for hull, reason in zip(outcome.undecided, reasons, strict=True):
        place = ", ".join(f"{n} in [{low:.9g}, {high:.9g}]" for n, (low, high) in zip(states, hull, strict=True))
        lines.append(f"  {place}: {reason}")
    return "\n".join(lines)
