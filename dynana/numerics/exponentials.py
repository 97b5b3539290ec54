"""The exponential and its relatives, written so that LLVM packs a loop over them into vector instructions.

numba as installed from PyPI calls the C library once per element for these. Here ``x = k log 2 + r`` with
``|r| <= log(2)/2`` (Cody & Waite's two-part log 2), ``exp(r) - 1 = q`` is a polynomial, and ``2^k`` is put together
from bits; there is no branch, only selects. Every function is exact to about 2.5 units in the last place, right at
infinities, overflow and gradual underflow, and returns NaN for NaN. ``contract`` (fused multiply-add) is all the
freedom the compiler has: under full ``fastmath`` it would cancel the rounding constant. With NUMBA_DISABLE_JIT=1 all
of it runs in plain Python.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dynana.numerics.compilation import compiled

_INF = math.inf
#: Adding 1.5 * 2^52 rounds a double to the nearest integer, which then stands in its low bits.
_ROUND = 6755399441055744.0
_PER_LOG2 = 1.4426950408889634
#: log 2 in two parts; k times the first is exact for every exponent k of a double.
_LOG2_HIGH = 6.93147180369123816490e-01
_LOG2_LOW = 1.90821492927058770002e-10
#: Above this exp is infinite; below the second it is 0; below the third it is subnormal.
_OVERFLOW = 709.782712893384
_UNDERFLOW = -745.1332191019412
_SUBNORMAL = -708.0
#: Results below `_SUBNORMAL` are made 2^64 times too large and scaled back, which rounds them once.
_LIFT, _UNLIFT = 1087, 2.0**-64
#: Below this exp(x) - 1 rounds to -1.
_MINUS_ONE = -38.0


def _bits(x: float) -> int:
    """Return the bits of a double as an integer."""
    return int(struct.unpack("<q", struct.pack("<d", x))[0])


def _double(n: int) -> float:
    """Return the double that consists of the bits of an integer."""
    return float(struct.unpack("<d", struct.pack("<Q", n & 0xFFFFFFFFFFFFFFFF))[0])


def _cast(plain: Callable[[Any], Any], result: types.Type, argument: types.Type, kind: ir.Type) -> Any:
    """Return what compiled code has for ``plain``: the same bits taken for another type."""

    def bits_as(typingctx: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], kind)

        return result(argument), generate

    made = intrinsic(bits_as)
    made.py_func = plain  # for `dynana.numerics.interpretation`
    return made


if not numba.config.DISABLE_JIT:
    _bits = _cast(_bits, types.int64, types.float64, ir.IntType(64))
    _double = _cast(_double, types.float64, types.int64, ir.DoubleType())


@compiled(fastmath={"contract"}, forceinline=True)
def reduced(x):
    """Split x = k log 2 + r; returns (k in the low bits of a double, exp(r) - 1).

    The polynomial interpolates (exp(r) - 1 - r)/r^2 at Chebyshev points, to 1.4e-18.
    """
    t = x * _PER_LOG2 + _ROUND
    k = t - _ROUND
    r = (x - k * _LOG2_HIGH) - k * _LOG2_LOW
    s = r * r
    f = s * s
    low = (0.008333333333326112 * r + 0.04166666666666667) * s + (0.1666666666666667 * r + 0.5)
    middle = (2.755725529796964e-06 * r + 2.4801587325605324e-05) * s
    middle = middle + (0.0001984126987490126 * r + 0.001388888888888373)
    high = 2.0914717341716378e-09 * s + (2.5105259538448494e-08 * r + 2.755727357010214e-07)
    return t, r + s * ((high * f + middle) * f + low)


@compiled(fastmath={"contract"}, forceinline=True)
def power_of_two(t, bias):
    """Return 2^(k + bias - 1023) for the k in the low bits of t."""
    return _double((_bits(t) + bias) << 52)


@compiled(fastmath={"contract"}, forceinline=True)
def inverse_power_of_two(t, bias):
    """Return 2^(bias - 1023 - k) for the k in the low bits of t."""
    return _double((bias - _bits(t)) << 52)


@compiled(fastmath={"contract"}, forceinline=True)
def exp(x):
    """Return exp(x)."""
    t, q = reduced(x)
    small = x < _SUBNORMAL
    s = power_of_two(t, _LIFT if small else 1022)
    y = (s * q + s) * (_UNLIFT if small else 2.0)
    y = _INF if x > _OVERFLOW else y
    return 0.0 if x < _UNDERFLOW else y


@compiled(fastmath={"contract"}, forceinline=True)
def expm1(x):
    """Return exp(x) - 1, accurate near 0."""
    t, q = reduced(x)
    s = power_of_two(t, 1022)
    y = (s * q + (s - 0.5)) * 2.0
    y = _INF if x > _OVERFLOW else y
    return -1.0 if x < _MINUS_ONE else y


@compiled(fastmath={"contract"}, forceinline=True)
def logistic(x):
    """Return 1/(1 + exp(-x)), without overflow."""
    e = exp(-abs(x))
    return (e if x < 0.0 else 1.0) / (1.0 + e)


@compiled(fastmath={"contract"}, forceinline=True)
def tanh(x):
    """Return the hyperbolic tangent."""
    d = expm1(-2.0 * abs(x))
    y = d / (2.0 + d)
    return y if x < 0.0 else 0.0 - y


@compiled(fastmath={"contract"}, forceinline=True)
def _half_expm1(a):
    """Return (exp(a) - 1)/2 for a >= 0, finite as long as cosh is."""
    t, q = reduced(a)
    s = power_of_two(t, 1021)
    y = (s * q + (s - 0.25)) * 2.0
    return _INF if a > 710.4758600739439 else y


@compiled(fastmath={"contract"}, forceinline=True)
def sinh(x):
    """Return the hyperbolic sine."""
    h = _half_expm1(abs(x))
    y = h + (0.5 if h > 1e18 else h / (2.0 * h + 1.0))
    return -y if x < 0.0 else y


@compiled(fastmath={"contract"}, forceinline=True)
def cosh(x):
    """Return the hyperbolic cosine."""
    h = _half_expm1(abs(x))
    return (h + 0.5) + 0.5 / (2.0 * h + 1.0)


@compiled(fastmath={"contract"}, forceinline=True)
def log(x):
    """Return the natural logarithm; -inf at 0, NaN below.

    x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), and log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)), s = f/(2 + f),
    with the coefficients of R of FreeBSD's e_log.c (error below 1 unit in the last place).
    """
    tiny = x < 2.2250738585072014e-308
    bits = _bits(x * 1.8014398509481984e16 if tiny else x) + 0x00095F6200000000
    k = _double((bits >> 52) + 0x4338000000000000) - (_ROUND + (1077.0 if tiny else 1023.0))
    f = _double((bits & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E00000000) - 1.0
    half = 0.5 * f * f
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    odd = 2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)
    rest = even + z * (6.666666666666735130e-01 + w * odd)
    y = k * _LOG2_HIGH + ((s * (half + rest) + k * _LOG2_LOW) - half + f)
    y = y if x < _INF else x
    return y if x > 0.0 else (-_INF if x == 0.0 else math.nan)
