"""Gauss collocation on one interval: nodes, weights, and the matrices of the polynomial through start and stages.

On every mesh interval the solution is a polynomial of degree m, given by its value at the left end and at the m Gauss
points ("stages"). It satisfies the differential equation at the stages; its value at the right end is the next mesh
value. Values at mesh points converge with order 2m, those inside with order m + 1 (de Boor & Swartz, SIAM J. Numer.
Anal. 10 (1973) 582; Ascher, Mattheij & Russell, *Numerical Solution of Boundary Value Problems*, SIAM 1995, ch. 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Numbers of stages that are offered: one stage is of low order, beyond seven rounding in the derivatives dominates.
LEAST_STAGES, MOST_STAGES = 2, 7


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """The matrices of m-stage Gauss collocation on [0, 1]; nodes are 0 and the Gauss points, in this order.

    Attributes
    ----------
    points : ndarray, shape (m,)
        Gauss points.
    nodes : ndarray, shape (m + 1,)
        0 and the Gauss points.
    weights : ndarray, shape (m,)
        Weights of Gauss quadrature, sum 1.
    integral : ndarray, shape (m, m)
        Integral from 0 to each Gauss point, from the values at the Gauss points (the matrix A of the Runge-Kutta form).
    derivative : ndarray, shape (m, m + 1)
        Derivative at the Gauss points from the values at the nodes.
    slopes : ndarray, shape (m + 1, m + 1)
        Derivative at all nodes from the values at the nodes.
    end : ndarray, shape (m + 1,)
        Value at 1 from the values at the nodes.
    leading : ndarray, shape (m + 1,)
        m-th derivative (constant on the interval) from the values at the nodes.
    """

    points: Array
    nodes: Array
    weights: Array
    integral: Array
    derivative: Array
    slopes: Array
    end: Array
    leading: Array

    @property
    def stages(self) -> int:
        """Number of stages m."""
        return self.points.size


def lagrange(nodes: Array, x: Array) -> Array:
    """Return the values of the Lagrange polynomials of ``nodes`` at ``x``, shape (x.size, nodes.size)."""
    x = np.asarray(x, dtype=np.float64)
    others = nodes[:, None] - nodes[None, :]
    np.fill_diagonal(others, 1.0)
    values = np.empty((x.size, nodes.size))
    for k in range(nodes.size):
        factors = (x[:, None] - nodes[None, :]) / others[k]
        factors[:, k] = 1.0
        values[:, k] = factors.prod(axis=1)
    return values


def _derivative(nodes: Array) -> Array:
    """Matrix of the derivative at the nodes, by barycentric weights (Berrut & Trefethen 2004, section 9.3)."""
    differences = nodes[:, None] - nodes[None, :]
    np.fill_diagonal(differences, 1.0)
    weights = 1.0 / differences.prod(axis=1)
    matrix = weights[None, :] / weights[:, None] / differences
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return matrix


@cache
def gauss_scheme(stages: int) -> Scheme:
    """Return the collocation scheme with ``stages`` Gauss points.

    Raises
    ------
    ValueError
        If ``stages`` is not from 2 to 7.
    """
    if not LEAST_STAGES <= stages <= MOST_STAGES:
        raise ValueError(f"stages={stages}: collocation is offered with {LEAST_STAGES} to {MOST_STAGES} Gauss points.")
    roots, weights = np.polynomial.legendre.leggauss(stages)
    points = 0.5 * (roots + 1.0)
    nodes = np.concatenate(([0.0], points))
    derivative = _derivative(nodes)
    power = np.linalg.matrix_power(derivative, stages)
    return Scheme(
        points=points,
        nodes=nodes,
        weights=0.5 * weights,
        integral=np.asarray(np.linalg.inv(derivative[1:, 1:]), dtype=np.float64),
        derivative=np.ascontiguousarray(derivative[1:]),
        slopes=derivative,
        end=lagrange(nodes, np.ones(1))[0],
        leading=power[0].copy(),
    )
