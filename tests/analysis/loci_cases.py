"""Curves of bifurcations with known special points, and starts on them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import dynana as dn
from dynana.results.special_points import CODES, SpecialPoint
from tests.analysis import continuation_cases

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "loci.json").read_text(encoding="utf-8"))
CASES = {case["key"]: case for case in REFERENCE["systems"]}


def loci(key, **options):
    """The system, and its curves through the folds and Hopf points of its diagram in the first parameter."""
    case, system = CASES[key], continuation_cases.system(key)
    ranges = {n: tuple(pair) for n, pair in case["ranges"].items()}
    starts = [s for s in continuation_cases.diagram(key).special if s.kind in ("fold", "hopf")]
    free = tuple(case["parameters"])
    return system, [dn.continue_locus(system, s, free, ranges=ranges, **options) for s in starts]


def start(system, kind, point, period=0.0, **parameters):
    """A special point as a computation would have stored it."""
    return SpecialPoint(
        kind=kind, code=CODES[kind], system=system.name, fingerprint=system.fingerprint, states=system.states,
        point=np.array(point, dtype=float), parameters=system.values | parameters, free=tuple(parameters) or ("",),
        residual=0.0, interval=(0.0, 0.0), converged=True, eigenvalues=np.zeros(len(point), complex), period=period,
    )  # fmt: skip


def labels(locus):
    """Kinds and places of the special points, ordered so that the direction of the curve does not matter."""
    rows = [(s.code, *(s.parameters[n] for n in locus.free), *s.point.tolist()) for s in locus.special]
    return sorted(rows, key=lambda row: (row[0], *np.round(row[1:], 6)))


def nearest(locus, wanted):
    """The point of a curve with given values of some columns: a curve through a label there."""
    distance = sum((locus[n] - value) ** 2 for n, value in wanted.items())
    return int(np.argmin(distance))
