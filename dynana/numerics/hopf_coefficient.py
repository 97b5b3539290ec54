"""The cubic coefficient of the normal form along a curve of Hopf points, from the tape of the equations.

On the centre manifold x = q z + conj + h20 z^2 + h11 |z|^2 + ..., and z' = i omega z + c1 z |z|^2 with c1 = <p, f_21>,
where f_21 is the coefficient of z^2 conj(z) in f of that: two runs of the tape on truncated polynomials in z, conj(z).
Kuznetsov, Elements of Applied Bifurcation Theory, section 5.4.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.bordering import factorise_dense, solve_dense
from dynana.numerics.compilation import compiled
from dynana.numerics.multilinear import algebra, evaluate

#: z, conj(z), and the monomials that end in z^2 conj(z).
CUBIC = algebra(frozenset({(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (2, 1)}))
_Z, _C, _ZZ, _ZC, _ZZC = (CUBIC.position[e] for e in ((1, 0), (0, 1), (2, 0), (1, 1), (2, 1)))


@compiled
def _shifted_solve(slopes, frequency, right):
    """Solve ``(i frequency - slopes) h = right`` in place, as a real system of twice the size."""
    n = right.shape[0]
    system, x = np.empty((2 * n, 2 * n)), np.empty(2 * n)
    pivots, row_scale = np.empty(2 * n, np.int64), np.empty(2 * n)
    system[:, :] = 0.0
    for i in range(n):
        x[i], x[n + i] = right[i].real, right[i].imag
        system[i, n + i], system[n + i, i] = -frequency, frequency
        for c in range(n):
            system[i, c] = system[n + i, n + c] = -slopes[i, c]
    if factorise_dense(system, pivots, row_scale)[0] == 0:
        x[:] = np.nan
    else:
        solve_dense(system, pivots, row_scale, x)
    for i in range(n):
        right[i] = complex(x[i], x[n + i])


@compiled
def _critical_pair(slopes, kappa, right, left, q, p):
    """Write eigenvectors of +i sqrt(kappa), <p, q> = 1, made of the planes x1, x2 = A x1 and w, A' w."""
    n = q.shape[0]
    omega = np.sqrt(kappa)
    overlap = 0.0j
    for i in range(n):
        back = 0.0
        for c in range(n):
            back += slopes[c, i] * left[c]
        q[i] = complex(right[0, i], -right[1, i] / omega)
        p[i] = complex(left[i], back / omega)
        overlap += np.conj(p[i]) * q[i]
    for i in range(n):
        p[i] /= np.conj(overlap)


@compiled
def cubic_coefficients(
    tape, numbers, outputs, products, base, scales, rate, slopes, kappas, rights, lefts, coefficients, scaled
):  # fmt: skip
    """Compute c1 at Hopf points.

    Parameters
    ----------
    tape, numbers, outputs
        Of the equations.
    products : (k, 3) int array
        Of `CUBIC`.
    base : (points, variables) array
        States and all parameters, unscaled.
    scales : (n,) array
        Of the states.
    rate : float
    slopes : (points, n, n) array
        Scaled Jacobian, in units of the rate.
    kappas : (points,) array
        Squared frequency, in units of rate^2; the results are NaN where it is not positive.
    rights, lefts : (points, 2, n) and (points, n) arrays
        Scaled bases x1, x2 = A x1 of the critical plane, and a vector of the left one.
    coefficients : (points,) complex array
        Receives c1 for |q| = 1 in unscaled states.
    scaled : (points,) array
        Receives Re c1 for |q| = 1 in scaled states, in units of the rate.
    """
    n = scales.shape[0]
    variables = np.empty((base.shape[1], 6), np.complex128)
    values = np.empty((tape.shape[0], 6), np.complex128)
    q, p, h20, h11 = (np.empty(n, np.complex128), np.empty(n, np.complex128), np.empty(n, np.complex128),
                      np.empty(n, np.complex128))  # fmt: skip
    for k in range(base.shape[0]):
        coefficients[k], scaled[k] = complex(np.nan, np.nan), np.nan
        if not kappas[k] > 0.0:
            continue
        _critical_pair(slopes[k], kappas[k], rights[k], lefts[k], q, p)
        variables[:, :] = 0.0
        for i in range(base.shape[1]):
            variables[i, 0] = base[k, i]
        length, scaled_length = 0.0, 0.0
        for i in range(n):
            variables[i, _Z], variables[i, _C] = scales[i] * q[i], scales[i] * np.conj(q[i])
            square = q[i].real ** 2 + q[i].imag ** 2
            length += scales[i] ** 2 * square
            scaled_length += square
        evaluate(tape, numbers, variables, products, 3, values)
        for i in range(n):
            row = values[outputs[i]]
            h20[i], h11[i] = row[_ZZ] / (scales[i] * rate), row[_ZC] / (scales[i] * rate)
        _shifted_solve(slopes[k], 2.0 * np.sqrt(kappas[k]), h20)
        _shifted_solve(slopes[k], 0.0, h11)
        for i in range(n):
            variables[i, _ZZ], variables[i, _ZC] = scales[i] * h20[i], scales[i] * h11[i]
        evaluate(tape, numbers, variables, products, 3, values)
        total = 0.0j
        for i in range(n):
            total += np.conj(p[i]) * values[outputs[i]][_ZZC] / scales[i]
        coefficients[k], scaled[k] = total / length, total.real / (rate * scaled_length)
