"""One step of Rodas5P, a Rosenbrock method for stiff systems.

Order 5(4), 8 stages, stiffly accurate and L-stable, with a dense output of order 4: G. Steinebach, *Construction of
Rosenbrock-Wanner method Rodas5P and numerical benchmarks within the Julia Differential Equations package*, BIT Numer.
Math. 63 (2023) 27. In the variables of E. Hairer & G. Wanner, *Solving Ordinary Differential Equations II*, section
IV.7, stage i solves::

    (1 / (gamma h) - J) u_i = f(t + c_i h, y + sum_j a_ij u_j) + sum_j C_ij u_j / h + d_i h df/dt

It needs the exact Jacobian J and the exact partial derivative of f by time, which includes that of moving inputs.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics import run_state as at
from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED
from dynana.numerics.inputs import apply_inputs, input_slopes
from dynana.numerics.runge_kutta import error_scale, slope

STAGES_RODAS = 8
GAMMA = 0.21193756319429014


def _lower(*rows: tuple[float, ...]) -> np.ndarray:
    table = np.zeros((STAGES_RODAS, STAGES_RODAS))
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table


_A6 = (-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946)
A = _lower(
    (),
    (3.0,),
    (2.849394379747939, 0.45842242204463923),
    (-6.954028509809101, 2.489845061869568, -10.358996098473584),
    (2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641),
    _A6,
    (*_A6, 1.0),
    (*_A6, 1.0, 1.0),
)
C = _lower(
    (),
    (-14.155112264123755,),
    (-17.97296035885952, -2.859693295451294),
    (147.12150275711716, -1.41221402718213, 71.68940251302358),
    (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
    (24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471),
    (
        30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623,
        -28.087943162872662,
    ),
    (
        37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047, -40.06618937091002,
        -54.66780262877968, -9.48861652309627,
    ),
)  # fmt: skip
NODES = np.array([0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1.0, 1.0, 1.0])
TIME_WEIGHTS = np.array(
    [GAMMA, -0.42387512638858027, -0.3384627126235924, 1.8046452872882734, 2.325825639765069, 0.0, 0.0, 0.0]
)
_H = np.array(
    [
        [25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204,
         0.524948541321073, 1.1241088310450404, 0.4272876194431874, -0.17202221070155493],
        [-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796,
         20.176138334709044, 15.98066361424651, -6.789040303419874, -6.710236069923372],
        [11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643,
         -52.072871366152654, -59.78993626266729, -0.15582684282751913, 4.883087185713722],
    ]
)  # fmt: skip
#: The published rows multiply 1, x, x^2; ours 1, x, x (1 - x).
DENSE_WEIGHTS = np.array([_H[0], _H[1] + _H[2], -_H[2]])

#: Rows of `work` beside n + n rows of matrices: 8 stages, the slope at the start, a point, a right-hand side.
WORK_ROWS = STAGES_RODAS + 4
_FIRST_STAGE, _POINT, _TIME, _MATRICES = 1, STAGES_RODAS + 1, STAGES_RODAS + 2, STAGES_RODAS + 3


@compiled(**BORROWED)
def factor(matrix, pivots):
    """Replace ``matrix`` (n, n) by its LU factors with row exchanges ``pivots``; returns False if it is singular."""
    n = matrix.shape[0]
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(matrix[i, k]) > abs(matrix[best, k]):
                best = i
        pivots[k] = best
        if not abs(matrix[best, k]) > 0.0:
            return False
        if best != k:
            for j in range(n):
                matrix[k, j], matrix[best, j] = matrix[best, j], matrix[k, j]
        for i in range(k + 1, n):
            matrix[i, k] /= matrix[k, k]
            for j in range(k + 1, n):
                matrix[i, j] -= matrix[i, k] * matrix[k, j]
    return True


@compiled(**BORROWED)
def solve(matrix, pivots, x):
    """Solve with the factors of `factor`, in place."""
    n = matrix.shape[0]
    for k in range(n):  # whole rows were exchanged, multipliers too, so all exchanges come first
        x[k], x[pivots[k]] = x[pivots[k]], x[k]
    for i in range(1, n):
        for j in range(i):
            x[i] -= matrix[i, j] * x[j]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            x[i] -= matrix[i, j] * x[j]
        x[i] /= matrix[i, i]


def rosenbrock_step(
    rhs, jacobian, time_derivative, parameter_jacobian, diagonal,
    drive, t, y, h, p, free, tolerance, table, layout, work, y1, rows,
):  # fmt: skip
    """Make a step of Rodas5P; a stepper.

    ``table``, shape (n + 1, n_parameters), is work space, and so is ``layout`` from at.LAYOUT_SIZE on, with n places.
    """
    n = y.size
    varying = layout[at.VARYING] != 0
    derivative = work[_MATRICES : _MATRICES + n]
    matrix = work[_MATRICES + n : _MATRICES + 2 * n]
    by_time = work[_TIME]
    point = work[_POINT]
    if layout[at.FRESH] == 0:
        slope(rhs, drive, varying, t, y, p, free, work[0])
        _linearise(
            jacobian, time_derivative, parameter_jacobian, drive, varying, t, y, p, free, derivative, by_time, table
        )  # fmt: skip
        layout[at.FRESH] = 1
        layout[at.CALLS] += 1
    for i in range(n):
        for j in range(n):
            matrix[i, j] = -derivative[i, j]
        matrix[i, i] += 1.0 / (GAMMA * h)
    pivots = layout[at.LAYOUT_SIZE : at.LAYOUT_SIZE + n]
    if not factor(matrix, pivots):
        return np.inf
    for s in range(STAGES_RODAS):
        u = work[_FIRST_STAGE + s]
        if s == 0:
            for i in range(n):
                u[i] = work[0, i]
        else:
            for i in range(n):
                point[i] = y[i]
                for j in range(s):
                    point[i] += A[s, j] * work[_FIRST_STAGE + j, i]
            slope(rhs, drive, varying, t + NODES[s] * h, point, p, free, u)
        for i in range(n):
            total = h * TIME_WEIGHTS[s] * by_time[i]
            for j in range(s):
                total += C[s, j] / h * work[_FIRST_STAGE + j, i]
            u[i] = u[i] + total if free[i] != 0.0 else 0.0
        solve(matrix, pivots, u)
    layout[at.CALLS] += STAGES_RODAS - 1
    last = work[STAGES_RODAS]
    for i in range(n):
        y1[i] = point[i] + last[i]
    error = 0.0
    if layout[at.ADAPTIVE]:
        for i in range(n):
            error += (last[i] / error_scale(i, y, y1, tolerance)) ** 2
        error = np.sqrt(error / n)
    if layout[at.DENSE] and error <= 1.0:
        for j in range(rows.shape[0]):
            for i in range(n):
                rows[j, i] = 0.0
                for s in range(STAGES_RODAS):
                    rows[j, i] += DENSE_WEIGHTS[j, s] * work[_FIRST_STAGE + s, i]
    return error


@compiled(**BORROWED)
def _linearise(
    jacobian, time_derivative, parameter_jacobian, drive, varying, t, y, p, free, derivative, by_time, by_parameter
):
    """Write the Jacobian and the partial derivative by time, moving inputs included; rows of held states are zero."""
    n = y.size
    jacobian(t, y, p, derivative)
    time_derivative(t, y, p, by_time)
    if varying:
        cursor, index, _, t0, coef = drive
        speeds = by_parameter[n]  # the row below the matrix
        input_slopes(t, cursor, index, t0, coef, speeds)
        apply_inputs(t, cursor, index, t0, coef, p)
        parameter_jacobian(t, y, p, by_parameter)
        for i in range(n):
            for j in range(p.size):
                if speeds[j] != 0.0:
                    by_time[i] += by_parameter[i, j] * speeds[j]
    for i in range(n):
        if free[i] == 0.0:
            by_time[i] = 0.0
            for j in range(n):
                derivative[i, j] = 0.0
