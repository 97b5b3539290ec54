"""Saltation: what becomes of neighbouring orbits at jumps, ends of refractory times and switching surfaces.

An event is a jump, several jumps at one instant, or the end of a refractory time. An orbit beside the recorded one,
off by v, meets it later by

    d = -(grad g . v) / (grad g . f + dg/dt)

for a threshold g, or by the delay that it had when the refractory time began. There it is off by e = v + f d; the jump
map R takes this to DR e + dR/dt d; and at the time of the recorded event it is off by that minus f_after d. Without
explicit time this is the matrix DR + (f_after - DR f) grad g^T / (grad g . f). While a state is held, the delay of its
release is a coordinate of its own.

di Bernardo, Budd, Champneys & Kowalczyk (2008), Piecewise-smooth Dynamical Systems, section 2.5.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED


@compiled(**BORROWED)
def _speed(rhs, t, y, p, held_by, out):
    """Write the derivative, zero for held states."""
    rhs(t, y, p, out)
    for i in range(held_by.size):
        if held_by[i] >= 0:
            out[i] = 0.0


@compiled(**BORROWED)
def _delay_rows(guards, guard_gradients, owner, jump, t, y, p, before, offsets, values, gradients, delay):
    """Write by how much each vector delays a jump whose condition just turned true."""
    n = y.size
    guards(t, y, p, values)
    guard_gradients(t, y, p, gradients)
    decisive = -1
    nearest = np.inf
    rate = 0.0
    for g in range(owner.size):
        if owner[g] == jump:
            speed = gradients[g, n]
            for i in range(n):
                speed += gradients[g, i] * before[i]
            if abs(values[g]) <= nearest * abs(speed):
                nearest = abs(values[g] / speed)
                decisive = g
                rate = speed
    for r in range(offsets.shape[0]):
        total = 0.0
        for i in range(n):
            total += gradients[decisive, i] * offsets[r, i]
        delay[r] = -total / rate


@compiled(**BORROWED)
def log_determinant(matrix):
    """Return log |det|; the matrix is overwritten."""
    n = matrix.shape[0]
    total = 0.0
    for c in range(n):
        best = c
        for r in range(c + 1, n):
            if abs(matrix[r, c]) > abs(matrix[best, c]):
                best = r
        if matrix[best, c] == 0.0:
            return -np.inf
        for j in range(n):
            matrix[c, j], matrix[best, j] = matrix[best, j], matrix[c, j]
        total += np.log(abs(matrix[c, c]))
        for r in range(c + 1, n):
            factor = matrix[r, c] / matrix[c, c]
            for j in range(c, n):
                matrix[r, j] -= factor * matrix[c, j]
    return total


@compiled(**BORROWED)
def pass_event(
    rhs, guards, guard_gradients, jump_derivatives, refractory, t, slack, y, first, last, jump_k, befores, afters,
    owner, holds, p, until, held_by, offsets, delays, e, at_start, space, derivatives, gradients,
):  # fmt: skip
    """Carry offsets (any, n) with their delays (any, n_jumps) through everything that happens at (t, y).

    ``first`` to ``last`` are the jumps. ``e`` (any, n) is work space, as are the rows of ``space``.
    """
    n = y.size
    before, after, values, delay, new = space[0], space[1], space[2], space[3], space[4]
    rows = offsets.shape[0]
    _speed(rhs, t, y, p, held_by, before)
    released = -1
    for k in range(until.size):
        if until[k] <= t + slack:
            released = k
            until[k] = np.inf
            for i in range(n):
                held_by[i] = -1 if held_by[i] == k else held_by[i]
    for r in range(rows):
        delay[r] = delays[r, released] if released >= 0 else 0.0
    if released < 0 and not at_start:
        _delay_rows(guards, guard_gradients, owner, jump_k[first], t, y, p, before, offsets, values, gradients, delay)
    for k in range(until.size):
        if until[k] == np.inf:
            for r in range(rows):
                delays[r, k] = 0.0
    for r in range(rows):
        for i in range(n):
            e[r, i] = offsets[r, i] + before[i] * delay[r]
    for j in range(first, last):
        k = jump_k[j]
        y = befores[j]
        jump_derivatives(k, t, y, p, derivatives)
        refractory(t, y, p, values)
        for r in range(rows):
            for i in range(n + 1):
                new[i] = derivatives[i, n] * delay[r]
                for m in range(n):
                    new[i] += derivatives[i, m] * e[r, m]
            for i in range(n):
                e[r, i] = new[i]
            if values[k] > 0.0:
                delays[r, k] = delay[r] + new[n]
        if values[k] > 0.0:
            until[k] = t + values[k]
            for i in range(n):
                if holds[k, i] != 0.0 and (held_by[i] < 0 or until[held_by[i]] <= until[k]):
                    held_by[i] = k
        y = afters[j]
    _speed(rhs, t, y, p, held_by, after)
    for r in range(rows):
        for i in range(n):
            offsets[r, i] = e[r, i] - after[i] * delay[r]


@compiled(**BORROWED)
def cross_surfaces(rhs, switch_gradients, t0, t, y0, y, z, p, count, held_by, space, sides, gradients):
    """Carry the vectors of a bundle over the switching surfaces between two rows; returns log |det|.

    That the derivatives jump from f to f_after there is an event without a map.
    """
    n = y.size
    before, after = space[0], space[1]
    total = 0.0
    ready = False
    for j in range(sides.shape[1]):
        if not (sides[0, j] * sides[1, j] < 0.0 or (sides[0, j] == 0.0 and sides[1, j] != 0.0)):
            continue
        if not ready:
            _speed(rhs, t0, y0, p, held_by, before)
            _speed(rhs, t, y, p, held_by, after)
            switch_gradients(t, y, p, gradients)
            ready = True
        rate = gradients[j, n]
        change = 0.0
        for i in range(n):
            rate += gradients[j, i] * before[i]
            change += gradients[j, i] * (after[i] - before[i])
        for r in range(count):
            a = n * (r + 1)
            delay = 0.0
            for i in range(n):
                delay -= gradients[j, i] * z[a + i] / rate
            for i in range(n):
                z[a + i] += (before[i] - after[i]) * delay
        total += np.log(abs(1.0 + change / rate))
    return total
