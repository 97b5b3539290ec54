"""The interaction function of two cells whose cycles jump: piecewise quadrature, exact where something jumps.

H(phi) has a kink wherever a jump of one cell, or the end of a refractory time, coincides with one of the other, and
jumps there if jumps of the sender act at once (pulses). Between these breaks it is smooth, and is given by polynomials
on pieces that are halved until nothing is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from dynana.results.phase_functions import Pieces, fitting
from dynana.results.phase_response import PhaseResponse

Array = NDArray[np.float64]
Evaluate = Callable[[Array], Array]

#: Gauss points between neighbouring mesh points of either cell, and those of a check.
NODES, CHECKED_NODES = 10, 14
#: Values that determine the polynomial on a piece.
DEGREE = 11
#: Size of its last coefficients, relative to the largest value of the function, at which a piece is short enough.
RESOLVED = 1e-10
#: Breaks nearer to each other than this part of the period are one: rounding; pieces are not shorter than that one.
SAME_BREAK, SHORTEST = 1e-12, 1e-10
#: Pairs of states evaluated at a time.
BLOCK = 1 << 18
#: Phase differences at which the quadrature is checked.
CHECKS = 16


class Sums:
    """What a cell receives over a cycle from another one, weighed by its response.

    Parameters
    ----------
    response : PhaseResponse
    terms, pulses : sequence of str
        States and parameters that receive something, and states to which jumps add something at once.
    received, added : callable
        Of pairs of states (k, 2n), sender and receiver: what they receive (k, terms), and what is added (k, pulses).
    delay : float
    """

    def __init__(
        self,
        response: PhaseResponse,
        terms: Sequence[str],
        pulses: Sequence[str],
        received: Evaluate,
        added: Evaluate,
        delay: float,
    ) -> None:
        self.cycle, self.period, self.delay = response.cycle, response.period, delay
        self._received, self._added = received, added
        cycle = response.cycle
        moving = response.values.copy()  # a state that is held cannot be moved
        for segment in cycle.segments:
            for name in segment.held:
                moving[segment.first : segment.last + 1, cycle.states.index(name)] = 0.0
        every = np.concatenate((moving, response.parameter_values), axis=1)
        self._weights = every[:, [response.names.index(name) for name in terms]]
        self._kicked = moving[:, [cycle.states.index(name) for name in pulses]]
        n, known = len(cycle.states), [response.names.index(name) for name in terms]
        self._at_jumps = np.array([[0.0 if k < n else row[k - n] for k in known] for row in response.at_jumps])
        self.boundaries = np.cumsum([segment.duration for segment in cycle.segments])
        self.boundaries[-1] = 0.0
        self._jumping = np.array([bool(segment.jump) for segment in cycle.segments])
        self._last = cycle.points[[segment.last for segment in cycle.segments]]
        mesh = [cycle.times[s.first : s.last + 1 : s.stages + 1] for s in cycle.segments]
        self._mesh = np.unique(np.concatenate([np.clip(t, 0.0, self.period) for t in mesh]))

    def breaks(self) -> Array:
        """Return the phase differences at which H is not smooth, from 0 to the period."""
        found = np.subtract.outer(self.boundaries, self.boundaries).ravel() + self.delay
        found = np.sort(np.concatenate(([0.0, self.period], np.mod(found, self.period))))
        found = found[np.concatenate(([True], np.diff(found) > SAME_BREAK * self.period))]
        found[-1] = self.period
        return found

    def at(self, differences: Array, nodes: int = NODES) -> Array:
        """Return H at phase differences (k,)."""
        block = max(1, BLOCK // (2 * self._mesh.size * nodes))
        parts = [differences[i : i + block] for i in range(0, differences.size, block)]
        return np.concatenate([self._means(part, nodes) + self._pulses(part) for part in parts])

    def _means(self, differences: Array, nodes: int) -> Array:
        """Return the mean over the cycle of the response times what is received."""
        if not self._weights.shape[1]:
            return np.zeros(differences.size)
        shift = (differences - self.delay)[:, None]
        other = np.mod(self._mesh - shift, self.period)
        edges = np.sort(np.concatenate((np.broadcast_to(self._mesh, other.shape), other), axis=1), axis=1)
        place, weight = legendre.leggauss(nodes)
        lengths = np.diff(edges, axis=1)
        times = edges[:, :-1, None] + 0.5 * (1.0 + place) * lengths[:, :, None]
        sender = np.mod(times + shift[:, :, None], self.period).ravel()
        cycle, flat = self.cycle, times.ravel()
        receiver = cycle.interpolated(np.concatenate((cycle.points, self._weights), axis=1), flat)
        n = len(cycle.states)
        received = self._received(np.concatenate((cycle.interpolated(cycle.points, sender), receiver[:, :n]), axis=1))
        integrand = np.einsum("kt,kt->k", received, receiver[:, n:]).reshape(times.shape)
        total = np.einsum("dij,j,di->d", integrand, 0.5 * weight, lengths)
        if np.any(self._at_jumps):
            for time, last, shifts in zip(self.boundaries, self._last, self._at_jumps, strict=True):
                states = cycle.interpolated(cycle.points, np.mod(time + shift[:, 0], self.period))
                total += self._received(np.concatenate((states, np.broadcast_to(last, states.shape)), axis=1)) @ shifts
        return np.asarray(total / self.period)

    def _pulses(self, differences: Array) -> Array:
        """Return what the jumps of the sender add at once, over the period."""
        total = np.zeros(differences.size)
        if not self._kicked.shape[1]:
            return total
        cycle, n = self.cycle, len(self.cycle.states)
        both = np.concatenate((cycle.points, self._kicked), axis=1)
        for time, last in zip(self.boundaries[self._jumping], self._last[self._jumping], strict=True):
            there = cycle.interpolated(both, np.mod(time - differences + self.delay, self.period))
            pairs = np.concatenate((np.broadcast_to(last, (differences.size, n)), there[:, :n]), axis=1)
            total += np.einsum("kt,kt->k", self._added(pairs), there[:, n:])
        return total / self.period


def interaction(sums: Sums) -> tuple[Pieces, float]:
    """Return H as a function of fractions of the period, and its estimated error relative to its largest value."""
    nodes, to_basis = fitting(DEGREE + 1)
    breaks = sums.breaks()
    left, right = breaks[:-1], breaks[1:]
    done: list[tuple[Array, Array, Array]] = []
    largest, missing = 0.0, 0.0
    while left.size:
        places = left[:, None] + (right - left)[:, None] * nodes
        values = sums.at(places.ravel()).reshape(places.shape)
        largest = max(largest, float(np.abs(values).max()))
        local = values @ to_basis.T
        tails = np.abs(local[:, -2:]).max(axis=1)
        short = right - left <= SHORTEST * sums.period
        fine = (tails <= RESOLVED * largest) | short
        missing = max(missing, float(tails[fine].max(initial=0.0)))
        done.append((left[fine], right[fine], local[fine]))
        left, right = left[~fine], right[~fine]
        middle = 0.5 * (left + right)
        left, right = np.concatenate((left, middle)), np.concatenate((middle, right))
    starts = np.concatenate([a for a, _, _ in done])
    order = np.argsort(starts)
    edges = np.append(starts[order], sums.period) / sums.period
    function = Pieces(edges, np.concatenate([c for _, _, c in done])[order])
    some = (np.arange(CHECKS) + 0.5) / CHECKS * sums.period
    missing = max(missing, float(np.abs(sums.at(some, CHECKED_NODES) - function.at(some / sums.period)).max()))
    return function, missing / largest if largest > 0.0 else 0.0
