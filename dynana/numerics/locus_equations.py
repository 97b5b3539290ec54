"""The equations of curves of folds, Hopf points and branch points in two parameters, with their exact derivatives.

Each curve is the set of zeros of f(y, p_a, p_b) and of one or two scalars that a bordered linear system defines: it is
regular where the matrix in question has lost rank, and its solution depends smoothly on everything, so that the curve
passes smoothly through points where eigenvalues collide. With A the derivative of f by the states:

- fold: ``[A b; c' 0] (v, g) = (0, 1)``, and g = 0 where A is singular;
- Hopf: ``A x1 = x2, A x2 + k x1 + B g = 0, C' x1 = r``, and g = 0 (two numbers) where A^2 + k has lost two ranks: a
  pair of eigenvalues +-sqrt(-k). The squared frequency k is an unknown. Where it falls through zero, the pair meets at
  zero (Bogdanov-Takens) and becomes real; nothing is singular there. Writing the two factors one after the other keeps
  the condition of A, which squaring would square;
- branch point: ``[A f_a b; C' 0] (V, g) = (0, I)``, and g = 0 (two numbers) where the derivative of f by states and the
  first parameter has lost rank. That happens at isolated points unless the system has a symmetry or an invariant set;
  so an unknown e enters as ``f + e b``, which makes the curve regular in general: e = 0 along it tells such systems;
- boundary equilibrium: a threshold or a switch, h(y, p_a, p_b) = 0, meets an equilibrium. No bordered system.

Derivatives: ``g' = -l' M' x`` with the solutions x and l of the bordered system and of its transpose, where M' x is a
second derivative of f along a direction. All is in scaled coordinates, ``f_i / (scale_i rate)`` by ``z_j / scale_j``.

W. Govaerts, *Numerical Methods for Bifurcations of Dynamical Equilibria* (SIAM 2000), chapters 3 to 5; W.-J. Beyn,
A. Champneys, E. Doedel, W. Govaerts, Yu. A. Kuznetsov & B. Sandstede (2002), Handbook of Dynamical Systems 2:149-219.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.bordering import factorise_dense, solve_dense, solve_dense_transposed
from dynana.numerics.compilation import compiled
from dynana.numerics.kernel_addresses import matrix_at, vector_at
from dynana.numerics.second_derivatives import second_derivatives

#: Families of curves.
FOLD, HOPF, BRANCH, BOUNDARY = 0, 1, 2, 3
#: Unknowns beside states and parameters, and scalar conditions beside f, by family.
AUXILIARIES, CONDITIONS = (0, 1, 1, 0), (1, 2, 2, 1)


@compiled
def _physical(u, scales, p, free, y):
    """Write states to ``y`` and the two parameters to ``p``."""
    n = y.shape[0]
    for i in range(n):
        y[i] = u[i] * scales[i]
    for j in range(2):
        p[free[j]] = u[n + j] * scales[n + j]


@compiled
def _first_derivatives(kernels, y, p, free, scales, rate, slopes):
    """Write the derivatives by states and parameters to ``slopes`` (n, n + 2); return whether they are finite."""
    n = y.shape[0]
    square, columns = np.empty((n, n)), np.empty((n, p.shape[0]))
    matrix_at(kernels[1])(0.0, y, p, square)
    matrix_at(kernels[2])(0.0, y, p, columns)
    finite = True
    for i in range(n):
        row = 1.0 / (scales[i] * rate)
        for c in range(n + 2):
            value = square[i, c] if c < n else columns[i, free[c - n]]
            slopes[i, c] = value * row * scales[c]
            finite = finite and np.isfinite(slopes[i, c])
    return finite


@compiled
def _fill_bordered(family, slopes, kappa, columns, rows, system):
    """Write the bordered system: ``columns`` (n, 2) and ``rows`` (2, n + 1) are the borders."""
    n = slopes.shape[0]
    system[:, :] = 0.0
    if family == HOPF:
        for i in range(n):
            for c in range(n):
                system[i, c] = slopes[i, c]
                system[n + i, n + c] = slopes[i, c]
            system[i, n + i] = -1.0
            system[n + i, i] = kappa
            for k in range(2):
                system[n + i, 2 * n + k] = columns[i, k]
                system[2 * n + k, i] = rows[k, i]
        return
    width = n if family == FOLD else n + 1
    for i in range(n):
        for c in range(width):
            system[i, c] = slopes[i, c]
        system[i, width] = columns[i, 0]
    for k in range(width + 1 - n):
        for c in range(width):
            system[n + k, c] = rows[k, c]


@compiled
def _bend(tape, numbers, outputs, y, p, free, scales, rate, direction, width, table, out):
    """Write the second derivatives along a scaled direction, of which ``width`` entries are used, to ``out``."""
    n = y.shape[0]
    v = np.zeros(n + 2)
    for j in range(width):
        v[j] = direction[j] * scales[j]
    second_derivatives(tape, numbers, outputs, y, p, free, v, table, out)
    for i in range(n):
        row = 1.0 / (scales[i] * rate)
        for c in range(n + 2):
            out[i, c] *= row * scales[c]


@compiled
def _level(level, y, p, free, scales, residual, matrix):
    """Write the function that vanishes at boundary equilibria, and its derivatives, in units of what it varies by."""
    n = y.shape[0]
    values = np.empty(1 + n + p.shape[0])
    vector_at(level)(0.0, y, p, values)
    unit = 0.0
    for c in range(n + 2):
        slope = values[1 + c] if c < n else values[1 + n + free[c - n]]
        matrix[n, c] = slope * scales[c]
        unit += abs(matrix[n, c])
    residual[n] = values[0] / unit
    for c in range(n + 2):
        matrix[n, c] /= unit


@compiled
def _gradient(left, first, bend, out):
    """Subtract ``left[first : first + n] bend`` from ``out`` (n + 2 entries)."""
    for i in range(bend.shape[0]):
        for c in range(bend.shape[1]):
            out[c] -= left[first + i] * bend[i, c]


@compiled
def _conditions(
    family, system, start, n, tape, numbers, outputs, y, p, free, scales, rate, table, residual, matrix, right, left
):  # fmt: skip
    """Write the conditions beside f and their derivatives; keep the solutions of the bordered system.

    ``right`` (2, n + 1) and ``left`` (2, n) receive: fold v and w; Hopf x1, x2 and both w; branch point both V, and w.
    Returns whether the bordered system is regular.
    """
    size = system.shape[0]
    pivots, row_scale = np.empty(size, np.int64), np.empty(size)
    if factorise_dense(system, pivots, row_scale)[0] == 0:
        return False
    bend, x, one = np.empty((n, n + 2)), np.empty(size), np.empty(size)
    count = 2 if family != FOLD else 1
    matrix[n:, :] = 0.0
    if family == HOPF:
        x[:] = 0.0
        x[size - 2], x[size - 1] = start[0], start[1]
        solve_dense(system, pivots, row_scale, x)
        for i in range(n):
            right[0, i], right[1, i] = x[i], x[n + i]
        other = np.empty((n, n + 2))
        _bend(tape, numbers, outputs, y, p, free, scales, rate, right[0], n, table, bend)
        _bend(tape, numbers, outputs, y, p, free, scales, rate, right[1], n, table, other)
        for k in range(2):
            one[:] = 0.0
            one[size - 2 + k] = 1.0
            solve_dense_transposed(system, pivots, row_scale, one)
            residual[n + k] = x[size - 2 + k]
            _gradient(one, 0, bend, matrix[n + k])
            _gradient(one, n, other, matrix[n + k])
            for i in range(n):
                left[k, i] = one[n + i]
                matrix[n + k, n + 2] -= one[n + i] * x[i]
        return True
    one[:] = 0.0
    one[size - 1] = 1.0
    solve_dense_transposed(system, pivots, row_scale, one)
    # the right-hand side stands in the last equation of a fold, in each of the last two of a branch point
    width = size - 1
    for k in range(count):
        x[:] = 0.0
        x[n + k] = 1.0
        solve_dense(system, pivots, row_scale, x)
        for i in range(width):
            right[k, i] = x[i]
        residual[n + k] = x[width]
        _bend(tape, numbers, outputs, y, p, free, scales, rate, x, width, table, bend)
        _gradient(one, 0, bend, matrix[n + k])
    for i in range(n):
        left[0, i] = one[i]
    return True


@compiled
def locus_equations(
    family, kernels, tape, numbers, outputs, u, scales, rate, p, free, columns, rows, start, table, residual, matrix,
    right, left
):  # fmt: skip
    """Evaluate the equations of a curve and their derivative.

    Parameters
    ----------
    family : int
        FOLD, HOPF, BRANCH or BOUNDARY.
    kernels : (3,) or, for BOUNDARY, (4,) int array
        Addresses of rhs, jacobian, parameter_jacobian, and of a function with its derivatives by states and parameters.
    tape, numbers, outputs
        Of the same equations.
    u : (m,) array
        Scaled states and two parameters; then the squared frequency in units of rate^2, or the unfolding e.
    scales : (m,) array
    rate : float
        Unit of rates.
    p : array
        All parameters; the two free ones are overwritten.
    free : (2,) int array
        Which parameters they are.
    columns, rows, start : (n, 2), (2, n + 1) and (2,) arrays
        Borders, and the right-hand side r of a Hopf point.
    table : (rows of the tape, 2 n + 6) array
        Work space.
    residual, matrix : (m - 1,) and (m - 1, m) arrays
        Receive the equations and their derivative by u.
    right, left : (2, n + 1) and (2, n) arrays
        Receive the null vectors, see `_conditions`.

    Returns
    -------
    outcome : int
        0: good, 1: not finite, 2: the bordered system is singular, and of the derivative only that of f is known.
    """
    n = columns.shape[0]
    y, slopes = np.empty(n), np.empty((n, n + 2))
    _physical(u, scales, p, free, y)
    vector_at(kernels[0])(0.0, y, p, residual[:n])
    if not _first_derivatives(kernels, y, p, free, scales, rate, slopes):
        return 1
    for i in range(n):
        for c in range(n + 2):
            matrix[i, c] = slopes[i, c]
    if family == BOUNDARY:
        _level(kernels[3], y, p, free, scales, residual, matrix)
        for i in range(n):
            residual[i] /= scales[i] * rate
        return 0 if np.isfinite(residual[n]) else 1
    size = 2 * n + 2 if family == HOPF else n + 1 if family == FOLD else n + 2
    system = np.empty((size, size))
    kappa = u[n + 2] * scales[n + 2] if family == HOPF else 0.0
    _fill_bordered(family, slopes, kappa, columns, rows, system)
    regular = _conditions(
        family, system, start, n, tape, numbers, outputs, y, p, free, scales, rate, table, residual, matrix, right, left
    )
    if not regular:
        return 2
    for i in range(n):
        residual[i] /= scales[i] * rate
        if family == HOPF:
            matrix[i, n + 2] = 0.0
        if family == BRANCH:
            residual[i] += u[n + 2] * scales[n + 2] * columns[i, 0]
            matrix[i, n + 2] = columns[i, 0]
    if family != FOLD:
        for i in range(matrix.shape[0]):
            matrix[i, n + 2] *= scales[n + 2]
    return 0


@compiled
def _orthonormalise(vectors, count, length):
    """Make the first rows orthonormal, as far as their first ``length`` entries go."""
    for k in range(count):
        for j in range(k):
            along = 0.0
            for i in range(length):
                along += vectors[k, i] * vectors[j, i]
            for i in range(length):
                vectors[k, i] -= along * vectors[j, i]
        size = 0.0
        for i in range(length):
            size += vectors[k, i] ** 2
        size = np.sqrt(size)
        for i in range(length):
            vectors[k, i] /= size


@compiled
def _liveliest(slopes, plane, start):
    """Write to ``start`` the direction in a plane (two orthonormal rows) along which |A x| is largest.

    A is the upper left corner of ``slopes``.

    At a Bogdanov-Takens point the plane holds one eigenvector, on which A vanishes; this direction is far from it.
    """
    n = plane.shape[1] - 1
    a, b, c = 0.0, 0.0, 0.0
    for i in range(n):
        first, second = 0.0, 0.0
        for j in range(n):
            first += slopes[i, j] * plane[0, j]
            second += slopes[i, j] * plane[1, j]
        a += first * first
        b += first * second
        c += second * second
    angle = 0.5 * np.arctan2(2.0 * b, a - c)
    start[0], start[1] = np.cos(angle), np.sin(angle)


@compiled
def make_borders(family, matrix, right, left, columns, rows, start):
    """Write borders that are spanned by null vectors; see `locus_equations` for the arguments."""
    n = columns.shape[0]
    width = n + 1 if family == BRANCH else n
    count = 1 if family == FOLD else 2
    rows[:, :], columns[:, :] = 0.0, 0.0
    start[0], start[1] = 1.0, 0.0
    for k in range(count):
        for i in range(width):
            rows[k, i] = right[k, i]
    _orthonormalise(rows, count, width)
    height = 2 if family == HOPF else 1
    basis = np.empty((height, n))
    for k in range(height):
        for i in range(n):
            basis[k, i] = left[k, i]
    _orthonormalise(basis, height, n)
    for k in range(height):
        for i in range(n):
            columns[i, k] = basis[k, i]
    if family == HOPF:
        _liveliest(matrix, rows, start)
