"""Cycles of piecewise linear systems by matrix exponentials: nothing here is shared with the package."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm
from scipy.optimize import brentq

#: Parts of a piece in which the next crossing is looked for.
SCAN = 300


@dataclass(frozen=True)
class Orbit:
    """Period, multipliers (largest first), largest and smallest values of the states at crossings, crossings."""

    period: float
    multipliers: np.ndarray
    crossings: int


def flow(matrix, constant, t):
    """Matrix of the affine flow x' = matrix x + constant over a time, in homogeneous coordinates."""
    n = len(constant)
    whole = np.zeros((n + 1, n + 1))
    whole[:n, :n], whole[:n, n] = matrix, constant
    return expm(whole * t)


def next_crossing(pieces, levels, x, side, longest):
    """Time to the next change of a side, and which changes."""
    matrix, constant = pieces(side)
    step = flow(matrix, constant, longest / SCAN)
    y, n = np.append(x, 1.0), len(x)
    for k in range(SCAN):
        new = step @ y
        values = levels(new[:n])
        for g, value in enumerate(values):
            if (value > 0) != side[g]:

                def height(t, g=g, y=y):
                    return levels((flow(matrix, constant, t) @ y)[:n])[g]

                if k == 0 and (height(1e-9) > 0) == (value > 0):
                    continue  # the switch that was just passed, to rounding
                t = brentq(height, 0.0 if k else 1e-9, longest / SCAN, xtol=1e-16, rtol=1e-15)
                return k * longest / SCAN + t, g
        y = new
    raise AssertionError("no crossing")


def turn(pieces, levels, gradients, x, side, longest):
    """Follow an orbit from a crossing until the same switch is crossed in the same direction; state and monodromy."""
    side, start = list(side), None
    matrix, constant = pieces(side)
    total, monodromy, count = 0.0, np.eye(len(x)), 0
    while True:
        t, g = next_crossing(pieces, levels, x, side, longest)
        whole = flow(matrix, constant, t)
        x = (whole @ np.append(x, 1.0))[: len(x)]
        before = matrix @ x + constant
        side[g] = not side[g]
        matrix, constant = pieces(side)
        after = matrix @ x + constant
        jump = np.eye(len(x)) + np.outer(after - before, gradients[g]) / (gradients[g] @ before)
        total, monodromy, count = total + t, jump @ whole[: len(x), : len(x)] @ monodromy, count + 1
        if start is None:  # the first crossing is where turns begin
            start, total, monodromy, count = (g, side[g]), 0.0, np.eye(len(x)), 0
            first = x.copy()
        elif (g, side[g]) == start:
            return total, first, x, monodromy, count, side


def closed_orbit(pieces, levels, gradients, x, side, longest, turns):
    """Follow an attracting orbit for some turns; the last one."""
    for _ in range(turns):
        total, _, x, monodromy, count, side = turn(pieces, levels, gradients, x, side, longest)
    values = np.linalg.eigvals(monodromy)
    return Orbit(total, values[np.argsort(-np.abs(values))], count)
