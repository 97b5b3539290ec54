"""Values between the points of a mesh of the polynomials through 0 and the Gauss points of each interval."""

from __future__ import annotations

import numpy as np
from numba import types

from dynana.numerics.compilation import compiled
from dynana.numerics.signatures import ROW, TABLE


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
    edges, weights, inverse = np.zeros(count + 1), np.empty(q), np.empty(q)
    node_products(nodes, inverse)
    for j in range(count):
        edges[j + 1] = edges[j] + widths[j]
    j = 0
    for i in range(s.size):
        if s[i] >= 1.0:
            for c in range(n):
                out[i, c] = points[count * q, c]
            continue
        while j < count - 1 and s[i] >= edges[j + 1]:
            j += 1
        while j > 0 and s[i] < edges[j]:
            j -= 1
        lagrange(nodes, inverse, (s[i] - edges[j]) / widths[j], weights)
        for c in range(n):
            value = 0.0
            for k in range(q):
                value += weights[k] * points[j * q + k, c]
            out[i, c] = value
