"""The generated operation of Poisson counts: input that every cell has for itself, and trains of spikes.

It is written out in one piece: with the parts of a tile in a function of their own, LLVM takes twice the time.
"""

from __future__ import annotations

from types import ModuleType

from dynana.lowering import modules
from dynana.lowering.modules import Function, Source
from dynana.numerics.network_poisson import TILE, UNDECIDED
from dynana.numerics.network_poisson import Poisson as At
from dynana.numerics.network_program import CELL_BITS
from dynana.numerics.signatures import BLOCK_WIDTH

ARRIVALS, BLOCKS, LOG = "arrivals", "blocks", "log"
CONSTANT, COMMON, OWN = "constant", "common", "own"


def poisson_counts(rates: str, sink: str) -> ModuleType:
    """Return the module with the operation ``count``.

    Parameters
    ----------
    rates : {"constant", "common", "own"}
        Whether all cells have one rate that never changes, so that a table serves them; one rate that changes; or each
        its own.
    sink : {"arrivals", "blocks", "log"}
        Weight times the count is added to a row of arrivals, or to a state in the blocks of its population; or as many
        spikes are written into a log.
    """
    return modules.load(f"poisson {rates} {sink}", lambda: _module(rates, sink))


def _module(rates: str, sink: str) -> Source:
    head = [
        "a = integers_at(row)",
        f"drawn = shorts_at(a[{At.SCRATCH:d}])",
        f"found = floats_at(a[{At.SCRATCH:d}] + {2 * TILE})",
        f"k0, k1 = words(a[{At.SEED:d}])",
        "c0, c1 = words(k)",
        f"c3 = uint64(a[{At.STREAM:d}]) << uint64(16)",
        *(_HEAD_TABLED if rates == CONSTANT else _HEAD_OWN),
        *_SINK_HEAD[sink],
    ]
    loop = [f"n = min({TILE}, a[{At.CELLS:d}] - start)", *_DRAWS[rates], *_SINK[sink]]
    tail = [
        f"counts[uint64(0)] = spikes\nends[uint64(k % a[{At.ENDS_LENGTH:d}])] = spikes".split("\n"),
        [],
    ][sink != LOG]
    body = [*head, f"for start in range(0, a[{At.CELLS:d}], {TILE}):", *(f"    {line}" for line in loop), *tail]
    return Source(
        functions=(Function(name="count", arguments="k, row", body=tuple(body), signature="OPERATION"),),
        imports={
            "dynana.numerics.network_memory": {"bytes_at", "floats_at", "integers_at", "shorts_at"},
            "dynana.numerics.network_poisson": _USED[rates],
            "dynana.numerics.network_program": {"OPERATION"},
            "dynana.numerics.random": {"words"},
            "numpy": {"uint64"},
        },
        comment=f"Poisson counts, {rates} rates, into {sink}.",
    )


_HEAD_TABLED = (f"table = bytes_at(a[{At.TABLE:d}])", f"distribution = floats_at(a[{At.DISTRIBUTION:d}])")
_TABLED = (
    "draw_tile(k0, k1, c0, c1, c3, uint64(start // 8), drawn)",
    "if not look_up(table, drawn, found):",
    "    for i in range(n):",
    f"        if found[uint64(i)] == {UNDECIDED}:",
    "            bits = drawn[uint64(i)]",
    "            cell = uint64(start + i)",
    "            found[uint64(i)] = decide(bits, k0, k1, c0, c1, cell, c3, distribution)",
)
_HEAD_OWN = (
    f"expected = floats_at(a[{At.EXPECTED:d}])",
    f"step = uint64(a[{At.EXPECTED_STEP:d}])",
    f"uniforms = floats_at(a[{At.SCRATCH:d}] + {10 * TILE})",
)
_DRAWS = {
    CONSTANT: _TABLED,
    COMMON: (
        "draw_tile(k0, k1, c0, c1, c3, uint64(start // 8), drawn)",
        "if not none_at_all(expected[uint64(0)], drawn, found):",
        "    for i in range(n):",
        "        if found[uint64(i)] != 0.0:",
        "            u = resolved(drawn[uint64(i)], k0, k1, c0, c1, uint64(start + i), c3)",
        "            found[uint64(i)] = follow_distribution(u, expected[uint64(0)])",
    ),
    OWN: ("count_cells(k0, k1, c0, c1, c3, uint64(start), n, expected, step, found, uniforms)",),
}
_USED = {
    CONSTANT: {"decide", "draw_tile", "look_up"},
    COMMON: {"draw_tile", "follow_distribution", "none_at_all", "resolved"},
    OWN: {"count_cells"},
}
_WEIGHTS = (
    f"weight = floats_at(a[{At.WEIGHT:d}])",
    f"every = uint64(a[{At.WEIGHT_STEP:d}])",
    f"out = floats_at(a[{At.OUT:d}])",
)
_SINK_HEAD = {
    ARRIVALS: _WEIGHTS,
    BLOCKS: _WEIGHTS,
    LOG: (
        f"log = integers_at(a[{At.OUT:d}])",
        f"counts = integers_at(a[{At.COUNTS:d}])",
        f"ends = integers_at(a[{At.ENDS:d}])",
        "spikes = counts[uint64(0)]",
    ),
}
_SINK = {
    ARRIVALS: (
        f"at = uint64(k % a[{At.OUT_SLOTS:d}] * a[{At.OUT_STRIDE:d}] + a[{At.TARGET_FIRST:d}] + start)",
        "if every == 0:",
        "    w = weight[uint64(0)]",
        "    for i in range(n):",
        "        out[at + uint64(i)] += w * found[uint64(i)]",
        "else:",
        "    for i in range(n):",
        "        out[at + uint64(i)] += weight[uint64(start + i)] * found[uint64(i)]",
    ),
    BLOCKS: (
        "i = 0",
        "while i < n:  # the cells of one block are neighbours",
        f"    target = a[{At.TARGET_FIRST:d}] + start + i",
        f"    lane = target % {BLOCK_WIDTH}",
        f"    at = uint64(target // {BLOCK_WIDTH} * a[{At.BLOCK_STRIDE:d}] + lane)",
        f"    here = min({BLOCK_WIDTH} - lane, n - i)",
        "    for m in range(here):",
        "        out[at + uint64(m)] += weight[uint64(start + i + m) * every] * found[uint64(i + m)]",
        "    i += here",
    ),
    LOG: (
        "for i in range(n):",
        "    for _ in range(int(found[uint64(i)])):",
        f"        log[uint64(spikes)] = k << {CELL_BITS} | (start + i)",
        "        spikes += 1",
    ),
}
