"""Second derivatives along a direction, from the tape of the equations: nothing is compiled for a particular system.

Each row of the tape (`dynana.numerics.multilinear`) carries its value, its derivative along the direction v, its
derivatives by all coordinates z, and those of the derivative along v. In real arithmetic and for this one purpose that
is several times faster than truncated polynomials.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.compilation import compiled
from dynana.numerics.multilinear import (
    ADD,
    CONSTANT,
    FUNCTION,
    MULTIPLY,
    NOT,
    POWER,
    SCALE,
    SELECT,
    SHIFT,
    VARIABLE,
    holds,
)
from dynana.numerics.taylor import taylor

#: Columns of a row before the derivatives by the coordinates.
_VALUE, _ALONG, _FIRST = 0, 1, 2


@compiled
def _combine(a, scale, b, out):
    for k in range(out.shape[0]):
        out[k] = scale * a[k] + b[k]


@compiled
def _multiply(a, b, out, width):
    out[_VALUE] = a[_VALUE] * b[_VALUE]
    out[_ALONG] = a[_VALUE] * b[_ALONG] + a[_ALONG] * b[_VALUE]
    for k in range(_FIRST, _FIRST + width):
        out[k] = a[_VALUE] * b[k] + a[k] * b[_VALUE]
        m = k + width
        out[m] = a[_VALUE] * b[m] + a[m] * b[_VALUE] + a[_ALONG] * b[k] + a[k] * b[_ALONG]


@compiled
def _apply(coefficients, inner, out, width):
    """Write a function of one variable, given its value, derivative and half its second derivative."""
    slope, bend = coefficients[1], 2.0 * coefficients[2]
    out[_VALUE] = coefficients[0]
    out[_ALONG] = slope * inner[_ALONG]
    for k in range(_FIRST, _FIRST + width):
        out[k] = slope * inner[k]
        out[k + width] = slope * inner[k + width] + bend * inner[_ALONG] * inner[k]


@compiled
def second_derivatives(tape, numbers, outputs, y, p, free, v, table, out):
    """Write ``out[i, k] = sum over j of d2 f_i/dz_j dz_k v_j`` with z = (states, two parameters).

    Parameters
    ----------
    tape, numbers, outputs
        Of the equations; variables are states, then parameters.
    y, p : (n,) and (n_parameters,) arrays
    free : (2,) int array
        Which parameters belong to z.
    v : (n + 2,) array
    table : (rows of the tape, 2 n + 6) array
        Work space.
    out : (n, n + 2) array
    """
    n = y.shape[0]
    width, coefficients, zero = n + 2, np.empty(3), np.zeros(2 * n + 6)
    for row in range(tape.shape[0]):
        operation, a, b, own = tape[row, 0], tape[row, 1], tape[row, 2], table[row]
        if operation == MULTIPLY:
            _multiply(table[a], table[b], own, width)
        elif operation == ADD:
            _combine(table[a], 1.0, table[b], own)
        elif operation == SCALE:
            _combine(table[a], numbers[b], zero, own)
        elif operation == SHIFT:
            _combine(table[a], 1.0, zero, own)
            own[_VALUE] += numbers[b]
        elif operation == POWER or operation >= FUNCTION:
            exponent = numbers[b] if operation == POWER else float(b)
            taylor(operation - FUNCTION, table[a, _VALUE], exponent, coefficients)
            _apply(coefficients, table[a], own, width)
        elif operation == SELECT:
            _combine(table[b if table[a, _VALUE] != 0.0 else tape[row, 3]], 1.0, zero, own)
        else:
            _combine(zero, 1.0, zero, own)
            if operation == VARIABLE:
                own[_VALUE] = y[a] if a < n else p[a - n]
                at = a if a < n else n if a - n == free[0] else n + 1 if a - n == free[1] else -1
                if at >= 0:
                    own[_ALONG], own[_FIRST + at] = v[at], 1.0
            elif operation == CONSTANT:
                own[_VALUE] = numbers[a]
            elif operation == NOT:
                own[_VALUE] = 0.0 if table[a, _VALUE] != 0.0 else 1.0
            else:
                own[_VALUE] = 1.0 if holds(operation, table[a, _VALUE], table[b, _VALUE]) else 0.0
    for i in range(n):
        for k in range(width):
            out[i, k] = table[outputs[i], _FIRST + width + k]
