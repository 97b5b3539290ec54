"""Values between the points of a mesh of the polynomials through 0 and the Gauss points of each interval."""

from __future__ import annotations

import numpy as np
from numba import types

from dynana.numerics.compilation import compiled
from dynana.numerics.signatures import INDEX, INDICES, ROW, TABLE


@compiled
def node_products(nodes, inverse):
    """Write 1 / product of (node k - the other nodes) for each k."""
    for k in range(nodes.size):
        inverse[k] = 1.0
        for l in range(nodes.size):
            if l != k:
                inverse[k] /= nodes[k] - nodes[l]


@compiled
def lagrange(nodes, inverse, s, weights):
    """Write the weights, at ``nodes``, of the value at ``s`` of the polynomial through values there."""
    for k in range(nodes.size):
        weight = inverse[k]
        for l in range(nodes.size):
            if l != k:
                weight *= s - nodes[l]
        weights[k] = weight


@compiled
def _edges(widths):
    """Return where intervals begin and, last, where they end."""
    edges = np.zeros(widths.size + 1)
    for j in range(widths.size):
        edges[j + 1] = edges[j] + widths[j]
    return edges


@compiled
def _interval(edges, s, j):
    """Return the number of the interval that holds ``s``, found from a neighbour ``j``."""
    while j < edges.size - 2 and s >= edges[j + 1]:
        j += 1
    while j > 0 and s < edges[j]:
        j -= 1
    return j


@compiled(types.void(TABLE, ROW, ROW, ROW, TABLE), no_cfunc_wrapper=True)
def interpolate_segment(points, widths, nodes, s, out):
    """Write the polynomials of one segment at relative times.

    Parameters
    ----------
    points : (intervals (m + 1) + 1, n) array
        Any function on the points: an orbit, or a tangent.
    widths : (intervals,) array
    nodes : (m + 1,) array
        0 and the Gauss points.
    s : (k,) array
        Relative times in [0, 1]; quickest in order.
    out : (k, n) array
    """
    count, q, n = widths.size, nodes.size, points.shape[1]
    edges, weights, inverse = _edges(widths), np.empty(q), np.empty(q)
    node_products(nodes, inverse)
    j = 0
    for i in range(s.size):
        if s[i] >= 1.0:
            for c in range(n):
                out[i, c] = points[count * q, c]
            continue
        j = _interval(edges, s[i], j)
        lagrange(nodes, inverse, (s[i] - edges[j]) / widths[j], weights)
        for c in range(n):
            value = 0.0
            for k in range(q):
                value += weights[k] * points[j * q + k, c]
            out[i, c] = value


@compiled(types.void(TABLE, INDEX, INDICES, ROW, INDICES, ROW, ROW, TABLE), no_cfunc_wrapper=True)
def transfer(functions, n, counts, widths, new_counts, new_widths, nodes, out):
    """Write functions on the points of an orbit, and the numbers that follow them, for other meshes.

    Parameters
    ----------
    functions : (k, unknowns) array
        Vectors like those of unknowns: `n` values on each point of all segments, then what has no place on a mesh.
    counts, widths : (segments,), (intervals,) arrays
        The meshes that they are on.
    new_counts, new_widths : arrays
        Those that they are wanted on.
    nodes : (m + 1,) array
        0 and the Gauss points.
    out : (k, new unknowns) array
    """
    q = nodes.size
    weights, inverse = np.empty(q), np.empty(q)
    node_products(nodes, inverse)
    old, new, source, to = 0, 0, 0, 0
    for i in range(counts.size):
        edges, begins = _edges(widths[old : old + counts[i]]), _edges(new_widths[new : new + new_counts[i]])
        j = 0
        for interval in range(new_counts[i]):
            for node in range(q):
                s = begins[interval] + new_widths[new + interval] * nodes[node]
                j = _interval(edges, s, j)
                lagrange(nodes, inverse, (s - edges[j]) / widths[old + j], weights)
                first = (source + j * q) * n
                for f in range(functions.shape[0]):
                    for c in range(n):
                        value = 0.0
                        for k in range(q):
                            value += weights[k] * functions[f, first + k * n + c]
                        out[f, to * n + c] = value
                to += 1
        old, new, source = old + counts[i], new + new_counts[i], source + counts[i] * q
        for f in range(functions.shape[0]):
            for c in range(n):
                out[f, to * n + c] = functions[f, source * n + c]
        source, to = source + 1, to + 1
    for f in range(functions.shape[0]):
        for k in range(out.shape[1] - to * n):
            out[f, to * n + k] = functions[f, source * n + k]


@compiled(types.void(TABLE, ROW, ROW, TABLE), no_cfunc_wrapper=True)
def half_period_change(points, widths, nodes, out):
    """Write the points of a closed segment less those half a period later, shape of ``points``.

    What angles gain in a period counts half: the change is 0 where the segment is two equal turns.
    """
    q, last, n = nodes.size, points.shape[0] - 1, points.shape[1]
    edges, weights, inverse = _edges(widths), np.empty(q), np.empty(q)
    node_products(nodes, inverse)
    j = 0
    for i in range(last + 1):
        s = edges[i // q] + widths[i // q] * nodes[i % q] if i < last else 1.0
        sign = 1.0 if s < 0.5 else -1.0
        later = s + 0.5 * sign
        j = _interval(edges, later, j)
        lagrange(nodes, inverse, (later - edges[j]) / widths[j], weights)
        for c in range(n):
            value = 0.0
            for k in range(q):
                value += weights[k] * points[j * q + k, c]
            out[i, c] = points[i, c] - value + 0.5 * sign * (points[last, c] - points[0, c])
