"""Random numbers that are functions of a counter, without any state.

Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3") scrambles a counter of
four 32-bit words under a key of two. Here the key is the seed and the counter is (step, cell, draw), so that a number
depends on nothing but these: any number of threads, any chunking and any other cell may be simulated beside it.

Layout of the counter: words 0 and 1 are the step (low, high), word 2 the cell, word 3 the stream (upper half) and the
index of the draw (lower half). Streams keep different uses of one seed apart.

Logarithm, sine and cosine are written out here, on purpose not shared with the model functions: they fix the noise of
a seed once and for all, need only a narrow range, and vectorise. Without ``fastmath``, so that every machine computes
the same bits.
"""

from __future__ import annotations

import secrets
import struct
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic
from numpy.typing import NDArray

from dynana.numerics.compilation import compiled
from dynana.numerics.signatures import BLOCK_WIDTH

#: Stream of the Wiener increments of a simulation.
WIENER = 0

#: Seeds are stored as signed 64-bit integers in results.
LARGEST_SEED = 2**63 - 1

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_16 = np.uint64(16)
_12 = np.uint64(12)
_52 = np.uint64(52)
_2, _4, _6, _8 = (np.uint64(k) for k in range(2, 10, 2))
_ONE_BITS = np.uint64(0x3FF0000000000000)
_MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
#: Bits of sqrt(1/2): subtracting them puts the mantissa into [sqrt(1/2), sqrt(2)).
_HALF_ROOT_BITS = np.uint64(0x3FE6A09E00000000)
_TWO_TO_52_BITS = np.uint64(0x4330000000000000)
#: 1024 in the exponent field: keeps the difference below from wrapping around.
_BIAS = np.uint64(1024 << 52)
_HALF_ULP_OF_ONE = 2.0**-53


def choose_seed(seed: int | None) -> int:
    """Check a seed given by the user, or draw one from the operating system.

    Raises
    ------
    TypeError, ValueError
        If the seed is not None or an integer from 0 to 2**63 - 1.
    """
    if seed is None:
        return secrets.randbits(63)
    if isinstance(seed, (bool, np.bool_)) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"seed must be an integer, or None to have one drawn, got {seed!r}")
    if not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"seed must lie between 0 and 2**63 - 1, got {seed}")
    return int(seed)


if numba.config.DISABLE_JIT:

    def _float_of(bits: Any) -> float:
        return float(struct.unpack("<d", struct.pack("<Q", int(bits)))[0])

    def _bits_of(value: Any) -> np.uint64:
        return np.uint64(struct.unpack("<Q", struct.pack("<d", float(value)))[0])

else:

    @intrinsic
    def _float_of(typing_context, bits):
        """Reinterpret 64 bits as a float."""

        def generate(context, builder, signature, arguments):
            return builder.bitcast(arguments[0], ir.DoubleType())

        return numba.types.float64(numba.types.uint64), generate

    @intrinsic
    def _bits_of(typing_context, value):
        """Reinterpret a float as 64 bits."""

        def generate(context, builder, signature, arguments):
            return builder.bitcast(arguments[0], ir.IntType(64))

        return numba.types.uint64(numba.types.float64), generate


@compiled
def _round(c0, c1, c2, c3, k0, k1):
    p0 = _M0 * c0
    p1 = _M1 * c2
    return (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW


@compiled
def _two_rounds(c0, c1, c2, c3, k0, k1):
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 & _LOW, k1 & _LOW)
    return _round(c0, c1, c2, c3, (k0 + _W0) & _LOW, (k1 + _W1) & _LOW)


@compiled
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10: four random 32-bit words of a counter and a key. All are uint64 holding 32-bit values.

    The ten rounds are written out: a loop here would keep the loop over cells from being vectorised.
    """
    c0, c1, c2, c3 = _two_rounds(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3 = _two_rounds(c0, c1, c2, c3, k0 + _2 * _W0, k1 + _2 * _W1)
    c0, c1, c2, c3 = _two_rounds(c0, c1, c2, c3, k0 + _4 * _W0, k1 + _4 * _W1)
    c0, c1, c2, c3 = _two_rounds(c0, c1, c2, c3, k0 + _6 * _W0, k1 + _6 * _W1)
    return _two_rounds(c0, c1, c2, c3, k0 + _8 * _W0, k1 + _8 * _W1)


#: `philox` for a loop over cells beside which there is another call: the compiler would inline neither.
inlined_philox = philox if numba.config.DISABLE_JIT else compiled(forceinline=True)(philox.py_func)


@compiled
def uniform_of(high, low):
    """Two 32-bit words as a float strictly between 0 and 1: the upper 52 bits, and half a unit of the last of them."""
    bits = ((high << _32) | low) >> _12
    return _float_of(bits | _ONE_BITS) - (1.0 - _HALF_ULP_OF_ONE)


def uniforms_by_numpy(seed: int, step: int, stream: int, count: int) -> NDArray[np.float64]:
    """Return what `fill_uniforms` gives for one pair and the cells 0 to 63, 64 to 127, and so on, one after another.

    Nothing has to be compiled, but each number takes fifty times as long.
    """
    cells = -(-count // (2 * BLOCK_WIDTH)) * BLOCK_WIDTH
    c0, c1 = (np.full(cells, word, np.uint64) for word in (step & 0xFFFFFFFF, step >> 32))
    c2, c3 = np.arange(cells, dtype=np.uint64), np.full(cells, stream << 16, np.uint64)
    k0, k1 = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    bits = np.stack([(c1 << _32) | c0, (c3 << _32) | c2]) >> _12
    uniforms = (bits | _ONE_BITS).view(np.float64) - (1.0 - _HALF_ULP_OF_ONE)
    return uniforms.reshape(2, -1, BLOCK_WIDTH).transpose(1, 0, 2).reshape(-1)[:count]


@compiled
def positive_log(u):
    """log(u) for normal u > 0 (the polynomial of fdlibm), error below 1 ulp."""
    bits = _bits_of(u)
    shifted = bits + _BIAS - _HALF_ROOT_BITS
    # The biased exponent becomes a float by the trick of uniform_of: no conversion from integer, which AVX2 lacks.
    k = _float_of((shifted >> _52) | _TWO_TO_52_BITS) - (4503599627370496.0 + 1024.0)
    m = _float_of((shifted & _MANTISSA) + _HALF_ROOT_BITS)
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    r = 1.479819860511658591e-01
    r = r * z + 1.531383769920937332e-01
    r = r * z + 1.818357216161805012e-01
    r = r * z + 2.222219843214978396e-01
    r = r * z + 2.857142874366239149e-01
    r = r * z + 3.999999999940941908e-01
    r = r * z + 6.666666666666735130e-01
    r = r * z
    half = 0.5 * f * f
    return k * 6.93147180369123816490e-01 - ((half - (s * (half + r) + k * 1.90821492927058770002e-10)) - f)


@compiled
def _turn(v):
    """Cosine and sine of 2 pi v for 0 < v < 1 (the polynomials of fdlibm on an eighth of a turn)."""
    q = np.floor(4.0 * v + 0.5)  # quarter turns, 0 to 4
    x = (4.0 * v - q) * 1.5707963267948966
    z = x * x
    s = 1.58969099521155010221e-10
    s = s * z - 2.50507602534068634195e-08
    s = s * z + 2.75573137070700676789e-06
    s = s * z - 1.98412698298579493134e-04
    s = s * z + 8.33333333332248946124e-03
    s = s * z - 1.66666666666666324348e-01
    s = s * z * x + x
    c = -1.13596475577881948265e-11
    c = c * z + 2.08757232129817482790e-09
    c = c * z - 2.75573143513906633035e-07
    c = c * z + 2.48015872894767294178e-05
    c = c * z - 1.38888888888741095749e-03
    c = c * z + 4.16666666666666019037e-02
    c = c * z * z - 0.5 * z + 1.0
    odd = (q == 1.0) | (q == 3.0)
    cosine = s if odd else c
    sine = c if odd else s
    cosine = -cosine if (q == 1.0) | (q == 2.0) else cosine
    sine = -sine if (q == 2.0) | (q == 3.0) else sine
    return cosine, sine


@compiled
def words(value):
    """Low and high 32 bits of a non-negative integer."""
    value = np.uint64(np.int64(value))
    return value & _LOW, value >> _32


@compiled
def _uniform_rows(k0, k1, c0, c1, first, c3, rows):
    for i in range(BLOCK_WIDTH):
        w0, w1, w2, w3 = philox(c0, c1, (first + np.uint64(i)) & _LOW, c3, k0, k1)
        rows[i] = uniform_of(w1, w0)
        rows[i + BLOCK_WIDTH] = uniform_of(w3, w2)


@compiled
def _box_muller(rows):
    for i in range(BLOCK_WIDTH):
        radius = np.sqrt(-2.0 * positive_log(rows[i]))
        cosine, sine = _turn(rows[i + BLOCK_WIDTH])
        rows[i] = radius * cosine
        rows[i + BLOCK_WIDTH] = radius * sine


@compiled
def fill_uniforms(seed, step, cell, stream, pairs, out):
    """Fill ``out[j * 64 + i]`` with uniforms in (0, 1) of 52 bits: draw ``j < 2 * pairs``, cell ``cell + i``."""
    k0, k1 = words(seed)
    c0, c1 = words(step)
    for pair in range(pairs):
        c3 = (np.uint64(stream) << _16) | np.uint64(pair)
        _uniform_rows(k0, k1, c0, c1, np.uint64(cell), c3, out[2 * pair * BLOCK_WIDTH :])


@compiled
def fill_normals(seed, step, cell, stream, pairs, out):
    """Fill ``out[j * 64 + i]`` with standard normals (Box-Muller): draw ``j < 2 * pairs``, cell ``cell + i``."""
    k0, k1 = words(seed)
    c0, c1 = words(step)
    for pair in range(pairs):
        c3 = (np.uint64(stream) << _16) | np.uint64(pair)
        rows = out[2 * pair * BLOCK_WIDTH :]
        _uniform_rows(k0, k1, c0, c1, np.uint64(cell), c3, rows)
        _box_muller(rows)


@compiled
def normal(seed, step, cell, stream, draw):
    """Draw number ``draw`` of one cell: the same standard normal that `fill_normals` puts at that place."""
    k0, k1 = words(seed)
    c0, c1 = words(step)
    c3 = (np.uint64(stream) << _16) | np.uint64(draw // 2)
    w0, w1, w2, w3 = philox(c0, c1, np.uint64(cell) & _LOW, c3, k0, k1)
    radius = np.sqrt(-2.0 * positive_log(uniform_of(w1, w0)))
    cosine, sine = _turn(uniform_of(w3, w2))
    return radius * cosine if draw % 2 == 0 else radius * sine
