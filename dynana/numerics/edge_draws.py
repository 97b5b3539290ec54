"""Random connections drawn straight into compressed rows, by counters.

Every draw is a function of (seed, row, number of the draw), so that a first pass can count the connections of each
source and a second one repeat the same draws to put them in their places: nothing is stored in between, and nothing
depends on the order of rows. Uniforms come in buffers of 128 whose computation is vectorised.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.compilation import compiled
from dynana.numerics.random import fill_uniforms, positive_log
from dynana.numerics.signatures import BLOCK_WIDTH

#: Stream of connections, apart from those of a simulation.
CONNECTIONS = 1

#: Uniforms that are drawn at once.
BUFFER = 2 * BLOCK_WIDTH


#: Gaps between two targets above this are as good as endless: it is within the range of an integer.
LONGEST_GAP = 4e18


@compiled
def uniforms(seed, row, stream, out):
    """Fill ``out`` with the uniforms in (0, 1) that belong to one row, in the order of their numbers."""
    buffer = np.empty(BUFFER)
    for start in range(0, out.size, BUFFER):
        fill_uniforms(seed, row, start // 2, stream, 1, buffer)
        for k in range(min(BUFFER, out.size - start)):
            out[start + k] = buffer[k]


@compiled
def _refill(seed, row, number, buffer):
    fill_uniforms(seed, row, number * BLOCK_WIDTH, CONNECTIONS, 1, buffer)


@compiled
def _choose(seed, row, count, choices, own, distinct, chosen, buffer, found):
    """Draw ``count`` partners of one row among ``choices`` cells, never ``own``; ``found`` receives them.

    Distinct partners are marked in ``chosen`` while they are drawn; where more than half of all cells are wanted,
    those left out are drawn instead.
    """
    room = choices - 1 if 0 <= own < choices else choices
    inverse = distinct and 2 * count > room
    wanted = room - count if inverse else count
    number = 0
    at = BUFFER
    k = 0
    while k < wanted:
        if at == BUFFER:
            _refill(seed, row, number, buffer)
            number += 1
            at = 0
        partner = int(buffer[at] * choices)
        at += 1
        if partner == own or (distinct and chosen[partner]):
            continue
        if distinct:
            chosen[partner] = True
        found[k] = partner
        k += 1
    if inverse:
        k = 0
        for partner in range(choices):
            if partner != own and not chosen[partner]:
                found[k] = partner
                k += 1
            chosen[partner] = False
    elif distinct:
        for j in range(count):
            chosen[found[j]] = False


@compiled
def in_degree_counts(seed, count, sources, targets, shift, autapses, distinct, counts):
    """Count the connections of each source if each target draws ``count`` sources; ``counts`` receives them.

    ``shift`` is the number of the first target among the sources; a cell is itself where source = target + shift.
    """
    chosen = np.zeros(sources, np.bool_)
    buffer = np.empty(BUFFER)
    found = np.empty(max(sources, count), np.int64)
    for target in range(targets):
        own = -1 if autapses else target + shift
        _choose(seed, target, count, sources, own, distinct, chosen, buffer, found)
        for k in range(count):
            counts[found[k]] += 1


@compiled
def in_degree_fill(seed, count, sources, targets, shift, autapses, distinct, place, out):
    """Repeat the draws of `in_degree_counts` and write each target where ``place`` says, which moves on."""
    chosen = np.zeros(sources, np.bool_)
    buffer = np.empty(BUFFER)
    found = np.empty(max(sources, count), np.int64)
    for target in range(targets):
        own = -1 if autapses else target + shift
        _choose(seed, target, count, sources, own, distinct, chosen, buffer, found)
        for k in range(count):
            out[place[found[k]]] = target
            place[found[k]] += 1


@compiled
def out_degree_fill(seed, count, sources, targets, shift, autapses, distinct, out):
    """Let each source draw ``count`` targets; rows of ``out`` are sorted."""
    chosen = np.zeros(targets, np.bool_)
    buffer = np.empty(BUFFER)
    found = np.empty(max(targets, count), np.int64)
    for source in range(sources):
        own = -1 if autapses else source - shift
        _choose(seed, source, count, targets, own, distinct, chosen, buffer, found)
        row = np.sort(found[:count])
        for k in range(count):
            out[source * count + k] = row[k]


@compiled
def probability_rows(seed, p, sources, targets, shift, autapses, counting, counts, out, buffer):
    """Connect each pair with probability ``p``: gaps between the targets of a source are geometric.

    The first time, ``counting``, ``counts[i]`` receives the number of targets of source ``i``; the second time it holds
    where the row begins, and ``out`` receives the targets. ``buffer`` is work space for 128 numbers.
    """
    scale = 1.0 / np.log1p(-p)
    for source in range(sources):
        own = -1 if autapses else source - shift
        target, number, at = np.int64(-1), np.int64(0), BUFFER
        count = 0
        place = 0 if counting else counts[source]
        while True:
            if at == BUFFER:
                _refill(seed, source, number, buffer)
                number += 1
                at = 0
                for k in range(BUFFER):
                    gap = positive_log(buffer[k]) * scale
                    buffer[k] = gap if gap < LONGEST_GAP else LONGEST_GAP
            target += 1 + np.int64(buffer[at])
            at += 1
            if target >= targets or target < 0:
                break
            if target != own:
                if not counting:
                    out[place] = target
                    place += 1
                count += 1
        if counting:
            counts[source] = count


@compiled
def sort_by_delay(first, delay, target, order):
    """Fill ``order`` with the numbers of the edges of each source by delay, then target."""
    for source in range(first.size - 1):
        start, stop = first[source], first[source + 1]
        row = np.argsort(delay[start:stop].astype(np.int64) * 4294967296 + target[start:stop].astype(np.int64))
        for k in range(stop - start):
            order[start + k] = start + row[k]
