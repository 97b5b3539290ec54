"""Elimination of mesh points: two neighbouring stretches of a mesh become one, until segments are left.

A *relation* holds between the ends of a stretch, at first of one interval: n rows with coefficients of its left value,
its right value and the other columns (duration, active parameters, constant); and after them, likewise, what the
stretch contributes to each full row. Two relations are joined by an orthogonal transformation that frees one half of
their rows of the mesh point between them; the other half gives this point when its neighbours are known. That is
stable however fast solutions grow or decay (S. J. Wright, SIAM J. Sci. Stat. Comput. 13 (1992) 742).

A pair under way is a matrix of 2 n rows and those of the full rows, with columns for the point between, the left end,
the right end and the others. Small pairs are joined eight at a time, in the lanes of blocks (`dynana.numerics.lanes`):
each segment is cut into eight stretches, one in each lane, until all that is left are these. Such a pair stands column
by column, reflections in place. Large ones are joined one after the other and stand row by row, padded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.compilation import compiled
from dynana.numerics.lanes import padded, zero_blocks
from dynana.numerics.plain_elimination import reflect, triangularise
from dynana.numerics.side_by_side import recover_each, reflect_each, triangularise_each

Integers = NDArray[np.int64]

#: Columns of a schedule: numbers of the two relations that are joined (-1: none, the end does not move) and of what
#: they become; which are among all points the left end, the point between (-1: none) and the right end; the segment.
FIRST, SECOND, JOINED, LEFT, MIDDLE, RIGHT, SEGMENT = range(7)

_IDLE = (-1,) * 7

#: Relation, left end and right end of a stretch.
_Stretch = tuple[int, int, int]


def schedule(counts: Integers, stages: int, lanes: int) -> tuple[Integers, Integers]:
    """Return which relations are joined, ``lanes`` at a time, and which one is that of each segment in the end.

    Parameters
    ----------
    counts : ndarray of int, shape (segments,)
        Mesh intervals.
    stages, lanes : int

    Returns
    -------
    joins : ndarray of int, shape (groups * lanes, 7)
        Relations are numbered by intervals, then in the order in which they come about.
    roots : ndarray of int, shape (segments,)
    """
    rows: list[tuple[int, ...]] = []
    stretches: list[list[_Stretch]] = []
    number, point, new = 0, 0, int(counts.sum())
    for segment, count in enumerate(counts.tolist()):
        ends = [point + j * (stages + 1) for j in range(count + 1)]
        cuts = [count * k // lanes for k in range(lanes + 1)] if count > lanes else list(range(count + 1))
        own = [(number + j, ends[j], ends[j + 1]) for j in cuts[:-1]]
        for step in range(1, max(np.diff(cuts))):
            for lane, (first, last) in enumerate(zip(cuts[:-1], cuts[1:], strict=True)):
                a, left, middle = own[lane]
                j = first + step
                more = j < last
                right = ends[j + 1] if more else middle
                rows.append((a, number + j if more else -1, new, left, middle if more else -1, right, segment))
                own[lane] = (new, left, right)
                new += 1
        stretches.append(own)
        number, point = number + count, ends[-1] + 1
    while any(len(own) > 1 for own in stretches):
        for segment, own in enumerate(stretches):
            joined = []
            for (a, left, middle), (b, _, right) in zip(own[::2], own[1::2], strict=False):
                rows.append((a, b, new, left, middle, right, segment))
                joined.append((new, left, right))
                new += 1
            stretches[segment] = joined + own[2 * len(joined) :]
        rows += [_IDLE] * (-len(rows) % lanes)
    joins = np.array(rows, dtype=np.int64).reshape(-1, len(_IDLE))
    return joins, np.array([own[0][0] for own in stretches], dtype=np.int64)


def pair_shape(n: int, extra: int, n_rows: int, lanes: int) -> tuple[int, int]:
    """Return rows and columns of a pair as they are stored."""
    return 2 * n + n_rows, 3 * n + extra if lanes > 1 else padded(3 * n + extra)


@compiled
def _strides(rows, columns, lanes):
    """Return the distances between rows and between columns of a pair."""
    return (lanes, rows * lanes) if lanes > 1 else (columns, 1)


@compiled
def _goes_on(joins, group, lanes):
    """Say whether a group joins what the group before has become, each in its lane."""
    for row in range(group * lanes, (group + 1) * lanes):
        if group == 0 or joins[row, FIRST] != joins[row - lanes, JOINED]:
            return False
    return True


@compiled
def _put(relations, which, n, extra, pairs, at, down, across, second):
    """Write a relation into its half of a pair (-1: both ends are one) and add what it says on the full rows."""
    width, offset = 2 * n + extra, n if second else 0
    here, there, other = (0, 2 * n, n) if second else (n, 0, 2 * n)  # columns of its left end and its right end
    for r in range(n):
        row = at + (r + offset) * down
        for k in range(n):
            pairs[row + (other + k) * across] = 0.0
        if which < 0:
            for k in range(n):
                pairs[row + (here + k) * across] = -1.0 if k == r else 0.0
                pairs[row + (there + k) * across] = 1.0 if k == r else 0.0
            for k in range(3 * n, 3 * n + extra):
                pairs[row + k * across] = 0.0
        else:
            for k in range(n):
                pairs[row + (here + k) * across] = relations[which, r * width + k]
                pairs[row + (there + k) * across] = relations[which, r * width + n + k]
            for k in range(extra):
                pairs[row + (3 * n + k) * across] = relations[which, r * width + 2 * n + k]
    for r in range(n, relations.shape[1] // width):
        row = at + (r + n) * down
        if not second:
            for k in range(3 * n + extra):
                pairs[row + k * across] = 0.0
        if which >= 0:
            for k in range(n):
                pairs[row + (here + k) * across] += relations[which, r * width + k]
                pairs[row + (there + k) * across] += relations[which, r * width + n + k]
            for k in range(extra):
                pairs[row + (3 * n + k) * across] += relations[which, r * width + 2 * n + k]


@compiled
def _go_on(n, extra, rows, pairs, before, at, down, across, lanes):
    """Write what the pairs of the group before have become into the first halves of the next ones."""
    for r in range(n, rows):
        source, to = before + r * down, at + (r - n if r < 2 * n else r) * down
        for k in range(n):
            for lane in range(lanes):
                pairs[to + k * across + lane] = pairs[source + (2 * n + k) * across + lane]
                pairs[to + (n + k) * across + lane] = pairs[source + (n + k) * across + lane]
                pairs[to + (2 * n + k) * across + lane] = 0.0
        for k in range(3 * n, 3 * n + extra):
            for lane in range(lanes):
                pairs[to + k * across + lane] = pairs[source + k * across + lane]


@compiled
def _take(n, extra, rows, pairs, at, down, across, relations, which):
    """Keep what a pair has become."""
    width = 2 * n + extra
    for r in range(n, rows):
        row, to = at + r * down, (r - n) * width
        for k in range(width):
            relations[which, to + k] = pairs[row + (n + k) * across]


@compiled
def _join_one(pairs, at, n, n_rows, columns, reflectors, multiples, w):
    """Free the second half of a pair and the full rows of the point between; return the sign of the determinant."""
    sign = triangularise(pairs[at : at + 2 * n * columns], 2 * n, n, columns, reflectors.reshape((n, 2 * n + 1)), w)
    for f in range(n_rows):
        row = at + (2 * n + f) * columns
        for c in range(n):
            value = pairs[row + c] / pairs[at + c * columns + c]
            multiples[f * n + c] = value
            for k in range(c, columns):
                pairs[row + k] -= value * pairs[at + c * columns + k]
    return sign


@compiled
def join_relations(n, extra, relations, joins, lanes, pairs, reflectors, multiples):
    """Eliminate all mesh points inside segments; return the sign of the determinants, 0 if one is singular.

    Parameters
    ----------
    n, extra : int
        Numbers of states, and of columns beside those of both ends.
    relations : (number, (n + full rows) * (2 n + extra)) array
        Those of intervals; receives those of joined stretches whose next join is not in the same lane, and of segments.
    joins : (groups * lanes, 7) int array
        What `schedule` returns.
    lanes : int
        Pairs that are joined at a time.
    pairs : (groups, any) array
        Receive the factors, as do ``reflectors`` (groups, any) and ``multiples`` (groups, any).
    """
    n_rows, groups, flat = relations.shape[1] // (2 * n + extra) - n, pairs.shape[0], pairs.reshape(-1)
    rows, columns = 2 * n + n_rows, 3 * n + extra if lanes > 1 else pairs.shape[1] // (2 * n + n_rows)
    down, across = _strides(rows, columns, lanes)
    w, signs, sign = zero_blocks(columns * lanes), np.zeros(lanes, dtype=np.int64), 1
    on = False
    for g in range(groups):
        at = g * pairs.shape[1]
        if on:
            _go_on(n, extra, rows, flat, at - pairs.shape[1], at, down, across, lanes)
        for lane in range(lanes):
            if not on:
                _put(relations, joins[g * lanes + lane, FIRST], n, extra, flat, at + lane, down, across, False)
            _put(relations, joins[g * lanes + lane, SECOND], n, extra, flat, at + lane, down, across, True)
        if lanes > 1:
            triangularise_each(flat, at, 2 * n, n, rows, columns, reflectors[g], multiples[g], signs)
        else:
            signs[0] = _join_one(flat, at, n, n_rows, columns, reflectors[g], multiples[g], w)
        for lane in range(lanes):
            sign *= signs[lane]
        if sign == 0:
            return 0
        on = g + 1 < groups and _goes_on(joins, g + 1, lanes)
        if not on:
            for lane in range(lanes):
                if joins[g * lanes + lane, JOINED] >= 0:
                    _take(n, extra, rows, flat, at + lane, down, across, relations, joins[g * lanes + lane, JOINED])
    return sign


@compiled
def renew_relations(n, extra, n_rows, constants, joins, lanes, pairs, reflectors, multiples, border):
    """Put new constants through the transformations of `join_relations`, which explains the other arguments.

    Parameters
    ----------
    constants : (number, n) array
        Of the relations of intervals; receives those of segments.
    border : (n_rows,) array
        Constants of the full rows, with the opposite sign; changed in place.
    """
    flat, rows = pairs.reshape(-1), 2 * n + n_rows
    down, across = _strides(rows, pairs.shape[1] // rows, lanes)
    v, t, on = zero_blocks(2 * n * lanes), zero_blocks(lanes), False
    for g in range(pairs.shape[0]):
        at = g * pairs.shape[1]
        for lane in range(lanes):
            a, b = joins[g * lanes + lane, FIRST], joins[g * lanes + lane, SECOND]
            for c in range(n):
                v[c * lanes + lane] = v[(n + c) * lanes + lane] if on else constants[a, c] if a >= 0 else 0.0
            for c in range(n):
                v[(n + c) * lanes + lane] = constants[b, c] if b >= 0 else 0.0
        if lanes > 1:
            reflect_each(flat, at, 2 * n, n, rows, reflectors[g], v, t)
        else:
            reflect(reflectors[g].reshape((n, 2 * n + 1)), v)
        last = at + (3 * n + extra - 1) * across
        for lane in range(lanes):
            row = g * lanes + lane
            for c in range(n):
                flat[last + c * down + lane] = v[c * lanes + lane]
                for f in range(n_rows):
                    border[f] += multiples[g, (f * n + c) * lanes + lane] * v[c * lanes + lane]
                if joins[row, JOINED] >= 0:
                    constants[joins[row, JOINED], c] = v[(n + c) * lanes + lane]
        on = g + 1 < pairs.shape[0] and _goes_on(joins, g + 1, lanes)


@compiled
def recover_points(n, extra, n_rows, joins, lanes, pairs, reflectors, durations, others, out):
    """Solve for the mesh points inside segments, of which the ends are in ``out`` already; see `join_relations`.

    Parameters
    ----------
    durations : (segments,) array
        Solution for those of segments.
    others : (extra - 1,) array
        That for active parameters, and the multiple of the constants.
    """
    flat, rows = pairs.reshape(-1), 2 * n + n_rows
    columns = 3 * n + extra if lanes > 1 else pairs.shape[1] // rows
    x, t = zero_blocks((2 * n + extra) * lanes), zero_blocks(n * lanes)
    for lane in range(lanes):
        for k in range(extra - 1):
            x[(2 * n + 1 + k) * lanes + lane] = others[k]
    for g in range(pairs.shape[0] - 1, -1, -1):
        at = g * pairs.shape[1]
        for lane in range(lanes):
            row = g * lanes + lane
            if joins[row, MIDDLE] >= 0:
                for c in range(n):
                    x[c * lanes + lane] = out[joins[row, LEFT] * n + c]
                    x[(n + c) * lanes + lane] = out[joins[row, RIGHT] * n + c]
                x[2 * n * lanes + lane] = durations[joins[row, SEGMENT]]
        if lanes > 1:
            recover_each(flat, at, n, rows, columns, reflectors[g], x, t)
        else:
            _recover_one(flat, at, n, columns, x, t)
        for lane in range(lanes):
            if joins[g * lanes + lane, MIDDLE] >= 0:
                for c in range(n):
                    out[joins[g * lanes + lane, MIDDLE] * n + c] = t[c * lanes + lane]


@compiled
def _recover_one(pairs, at, n, columns, x, t):
    """Solve for the point between the stretches of a pair."""
    for c in range(n - 1, -1, -1):
        row, total = at + c * columns, 0.0
        for k in range(x.size):
            total -= pairs[row + n + k] * x[k]
        for k in range(c + 1, n):
            total -= pairs[row + k] * t[k]
        t[c] = total / pairs[row + c]
