"""Orbits made of smooth segments, discretised by collocation: equations, their factorised Jacobian, solves with it.

On segment i the orbit x(s), s in [0, 1], satisfies x' = T_i f(x, p) (states that the segment holds have f = 0). Its
mesh has `counts[i]` intervals of relative lengths `widths`; on each, the unknowns are the value at the left end and at
the m Gauss points (see `dynana.numerics.gauss`). Further unknowns are the durations T_i and the active parameters.
Equations besides collocation and continuity: the *closure* (conditions on ends, durations and parameters: periodicity,
resets, events) and *full rows*, linear conditions on all unknowns (phase condition, arclength, a fixed unknown).

Unknowns stand in one vector z: for each segment, interval by interval, the value at the left end and the stages, then
the last mesh value; after all segments the durations and the active parameters.

The Jacobian is reduced in three steps: the stages of each interval are eliminated (`collocation_stages`); then mesh
points, by orthogonal transformations between neighbouring stretches (`collocation_relations`); what remains is dense
and small: the ends of the segments, durations and parameters. Cost and memory are linear in the number of intervals.

Arguments are grouped in tuples:

``model``
    (addresses, p, active, data, free): kernel addresses (rhs, jacobian, parameter Jacobian, time derivative, closure;
    0 where there is none), all parameters, indices of the active ones, numbers for the closure, and (segments, n) with
    0 where a segment holds a state. Time is measured from the start of the orbit; with a time derivative there must be
    one segment.
``grid``
    (counts, widths)
``scheme``
    (points, weights, integral, end, expanded): what `scheme_arrays` returns
``scale``
    (states, scalars): typical sizes of states and of durations and parameters. All elimination is done on scaled
    unknowns, so units do not matter.
``work``
    What `workspace` returns; holds the factorised Jacobian between calls.

Eliminated unknowns are affine functions of those that remain. Their coefficients stand in columns: mesh values, the
duration of the segment, active parameters, and last the constant, which is there for one right-hand side at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from dynana.numerics.bordering import factorise_dense
from dynana.numerics.collocation_interval import write_relation, write_rows, write_transfer
from dynana.numerics.collocation_relations import JOINED, join_relations, pair_shape, schedule
from dynana.numerics.collocation_stages import CLOSURE_KERNEL, reduce_stages
from dynana.numerics.compilation import compiled
from dynana.numerics.gauss import Scheme
from dynana.numerics.kernel_addresses import closure_at
from dynana.numerics.lanes import LANES, aligned, padded, zero_blocks
from dynana.numerics.products import LARGE
from dynana.numerics.signatures import INDICES, ROW, TABLE

Array = NDArray[np.float64]

_STACK = types.Array(types.float64, 3, "C")
_INDEX_TABLE = types.Array(types.int64, 2, "C")
MODEL = types.Tuple((INDICES, ROW, INDICES, ROW, TABLE))
GRID = types.Tuple((INDICES, ROW))
SCHEME = types.Tuple((ROW, ROW, TABLE, ROW, TABLE))
SCALE = types.Tuple((ROW, ROW))
WORK = types.Tuple((ROW, _STACK, _INDEX_TABLE, *[TABLE] * 4, _INDEX_TABLE, INDICES, *[TABLE] * 4, INDICES, ROW, ROW))

#: Places in ``work`` that are read elsewhere; `workspace` says what stands there.
ORDER, SOLUTIONS, TRANSFER, DENSE, BORDER = 2, 3, 4, 12, 15


def scheme_arrays(scheme: Scheme, n: int) -> tuple[Array, ...]:
    """Return the matrices of a scheme as the compiled functions take them, for ``n`` states.

    ``expanded`` (m, padded m n) holds ``integral`` with every entry repeated n times.
    """
    expanded = aligned(scheme.stages, padded(scheme.stages * n))
    expanded[:, : scheme.stages * n] = np.repeat(scheme.integral, n, axis=1)
    return scheme.points, scheme.weights, scheme.integral, scheme.end, expanded


def workspace(n: int, counts: NDArray[np.int64], stages: int, n_active: int, n_rows: int) -> tuple[Any, ...]:
    """Return the arrays that `factorise` fills and `solve` reads.

    Parameters
    ----------
    n : int
        Number of states.
    counts : ndarray of int, shape (segments,)
        Mesh intervals of each segment.
    stages, n_active, n_rows : int
        Gauss points per interval, active parameters, full rows.
    """
    segments, intervals, size = counts.size, int(counts.sum()), stages * n
    extra, lanes = 2 + n_active, 1 if size >= LARGE else LANES
    unknowns = 2 * n * segments + segments + n_active
    joins, roots = schedule(counts, stages, lanes)
    numbers = max(intervals, int(joins[:, JOINED].max(initial=0)) + 1)
    rows, columns = pair_shape(n, extra, n_rows, lanes)
    groups, room = -(-intervals // lanes), size + n + extra if lanes > 1 else padded(size) + padded(n + extra)
    return (
        aligned(groups * size * room * lanes),  # equations of the stages and their factors
        np.zeros((groups if lanes == 1 else 0, size, size)),  # multipliers, where they stand apart
        np.zeros((groups, size * lanes), dtype=np.int64),  # order of rows
        aligned(intervals * size, padded(n + extra)),  # stages as functions of what remains
        aligned(intervals * n, padded(n + extra)),  # next mesh value
        np.zeros((numbers, n)),  # constants of relations
        np.zeros((numbers, (n + n_rows) * (2 * n + extra))),  # relations
        joins,
        roots,
        aligned(len(joins) // lanes, rows * columns * lanes),  # pairs of relations and their factors
        np.zeros((len(joins) // lanes, n * (2 * n + 1) * lanes)),  # more of these
        np.zeros((len(joins) // lanes, max(n_rows, 1) * n * lanes)),  # multiples of them taken from the full rows
        np.zeros((unknowns, unknowns)),
        np.zeros(unknowns, dtype=np.int64),
        np.zeros(unknowns),  # scales of its rows
        np.zeros(unknowns),  # its constants
    )


@compiled
def ends_of(z, n, counts, stages, starts, ends):
    """Copy the first and last values of all segments into ``starts`` and ``ends``, shape (segments, n) each."""
    point = 0
    for i in range(counts.size):
        last = point + counts[i] * (stages + 1)
        for a in range(n):
            starts[i, a] = z[point * n + a]
            ends[i, a] = z[last * n + a]
        point = last + 1
    return point


@compiled
def set_active(z, scalars_at, segments, p, active):
    """Write the active parameters of ``z`` into the parameter vector."""
    for k in range(active.size):
        p[active[k]] = z[scalars_at + segments + k]


@compiled
def _close(model, scale, z, counts, stages, n_closure, dense, border, row0):
    """Write the linearised closure into rows of the dense matrix and its constants into ``border``."""
    addresses, p, active, data, free = model
    states, scalars = scale
    segments, n = free.shape
    starts, ends = np.empty((segments, n)), np.empty((segments, n))
    scalars_at = ends_of(z, n, counts, stages, starts, ends) * n
    out = np.zeros(n_closure)
    derivative = np.zeros((n_closure, (2 * n + 1) * segments + p.size))
    closure = closure_at(addresses[CLOSURE_KERNEL])
    closure(starts, ends, z[scalars_at : scalars_at + segments], p, data, out, derivative)
    for r in range(n_closure):
        border[row0 + r] = -out[r]
        for i in range(segments):
            for c in range(n):
                dense[row0 + r, 2 * n * i + c] = derivative[r, i * n + c] * states[c]
                dense[row0 + r, 2 * n * i + n + c] = derivative[r, (segments + i) * n + c] * states[c]
            dense[row0 + r, 2 * n * segments + i] = derivative[r, 2 * n * segments + i] * scalars[i]
        for k in range(active.size):
            column = (2 * n + 1) * segments + active[k]
            dense[row0 + r, (2 * n + 1) * segments + k] = derivative[r, column] * scalars[segments + k]


@compiled
def factorise(z, model, grid, scheme, scale, gradients, targets, work):
    """Linearise all equations at ``z`` and reduce them to factors; the constants are minus the residuals.

    Parameters
    ----------
    z : (unknowns,) array
    gradients : (n_rows, unknowns) array
    targets : (n_rows,) array
        The full rows ask for ``gradients @ z = targets``.
    model, grid, scheme, scale, work
        See the module. The active entries of ``model[1]`` are set from ``z``.

    Returns
    -------
    sign : int
        Sign of the determinant of the Jacobian, up to one that depends on mesh and dimensions only; 0 if singular.
    logarithm : float
        Logarithm of the modulus of the determinant of the small dense system.
    """
    _, p, active, _, free = model
    counts, widths = grid
    points, _, _, end, _ = scheme
    states, scalars = scale
    order, solutions, transfer, _, relations, joins, roots, pairs, reflectors, multiples = work[ORDER:DENSE]
    dense, dense_pivots, row_scale, border = work[DENSE:]
    segments, n = free.shape
    m, n_rows = points.size, gradients.shape[0]
    size, extra, columns = m * n, 2 + active.size, transfer.shape[1]
    flat_solutions, flat_transfer = solutions.reshape(-1), transfer.reshape(-1)
    inverse, weights, row = 1.0 / states, np.zeros(size), zero_blocks(columns)
    scalars_at = (widths.size * (m + 1) + segments) * n
    set_active(z, scalars_at, segments, p, active)
    n_closure = dense.shape[0] - n * segments - n_rows
    for r in range(dense.shape[0]):
        for k in range(dense.shape[1]):
            dense[r, k] = 0.0
    base = n * segments + n_closure
    for f in range(n_rows):
        total = targets[f]
        for k in range(z.size):
            total -= gradients[f, k] * z[k]
        border[base + f] = total
        for k in range(segments + active.size):
            dense[base + f, 2 * n * segments + k] = gradients[f, scalars_at + k] * scalars[k]
    sign, interval, point = reduce_stages(z, model, grid, scheme, scale, work), 0, 0
    if sign == 0:
        return 0, -np.inf
    for i in range(segments):
        for _ in range(counts[i]):
            write_transfer(
                z, point, n, m, inverse, end, flat_solutions, interval * size, columns, flat_transfer, interval * n,
                n + extra - 1,
            )  # fmt: skip
            write_relation(transfer, interval * n, n, extra, relations[interval])
            write_rows(
                gradients, states, point, n, m, extra, flat_solutions, interval * size, columns, relations[interval],
                weights, row,
            )  # fmt: skip
            point += m + 1
            interval += 1
        point += 1
    sign *= join_relations(n, extra, relations, joins, order.shape[1] // size, pairs, reflectors, multiples)
    if sign == 0:
        return 0, -np.inf
    point = -1
    for i in range(segments):
        point += counts[i] * (m + 1) + 1
        whole = relations[roots[i]].reshape((n + n_rows, 2 * n + extra))
        for r in range(n + n_rows):
            to = i * n + r if r < n else base + r - n
            for k in range(2 * n):
                dense[to, 2 * n * i + k] = whole[r, k]
            dense[to, 2 * n * segments + i] += whole[r, 2 * n]
            for k in range(active.size):
                dense[to, (2 * n + 1) * segments + k] += whole[r, 2 * n + 1 + k]
            if r < n:
                border[to] = -whole[r, 2 * n + extra - 1]
            else:
                border[to] -= whole[r, 2 * n + extra - 1]
                for c in range(n):
                    dense[to, 2 * n * i + n + c] += gradients[r - n, point * n + c] * states[c]
    _close(model, scale, z, counts, m, n_closure, dense, border, n * segments)
    dense_sign, logarithm = factorise_dense(dense, dense_pivots, row_scale)
    return sign * dense_sign, logarithm
