"""The generated operation of Poisson counts: input that every cell has for itself, and trains of spikes."""

from __future__ import annotations

from types import ModuleType

from dynana.lowering import modules
from dynana.lowering.modules import Function, Source
from dynana.numerics.network_poisson import CELLS_PER_CALL, TILE
from dynana.numerics.network_poisson import Poisson as At
from dynana.numerics.network_program import CELL_BITS
from dynana.numerics.signatures import BLOCK_WIDTH

ARRIVALS, BLOCKS, LOG = "arrivals", "blocks", "log"
TABLED, COMMON, OWN = "tabled", "common", "own"


def poisson_counts(rates: str, sink: str, weighted: bool) -> ModuleType:
    """Return the module with the operation ``count``.

    Parameters
    ----------
    rates : {"tabled", "common", "own"}
        All cells have one rate that never changes and is not low, so that a table serves them; one rate; or each its
        own.
    sink : {"arrivals", "blocks", "log"}
        Weight times the count is added to a row of arrivals, or to a state in the blocks of its population; or as many
        spikes are written into a log.
    weighted : bool
        Whether each cell has a weight of its own.
    """
    return modules.load(f"poisson {rates} {sink} {weighted}", lambda: _module(rates, sink, weighted))


def _module(rates: str, sink: str, weighted: bool) -> Source:
    head = [
        "a = integers_at(row)",
        f"drawn = shorts_at(a[{At.SHORTS:d}])",
        f"quads = integers_at(a[{At.SHORTS:d}])",
        f"counted = shorts_at(a[{At.SHORTS:d}] + {2 * TILE})",
        f"quadruples = integers_at(a[{At.SHORTS:d}] + {2 * TILE})",
        f"bounds = shorts_at(a[{At.BOUNDS:d}])",
        f"reals = floats_at(a[{At.REALS:d}])",
        f"expected = floats_at(a[{At.EXPECTED:d}])",
        f"k0, k1 = words(a[{At.SEED:d}])",
        "c0, c1 = words(k)",
        f"c3 = uint64(a[{At.STREAM:d}]) << uint64(16)",
        f"low, high, origin = a[{At.FIRST:d}], a[{At.LAST:d}], a[{At.ORIGIN:d}]",
        *(["if expected[uint64(0)] == 0.0:", "    return"] if rates == COMMON and sink != LOG else []),
        *_FIRST[rates],
        *_HEAD[sink],
        *(["w = weight[uint64(0)]"] if sink != LOG else []),
    ]
    factor = {True: "weight[from_ + uint64(i)]", False: "w"}[weighted]
    loop = [f"n = min({TILE}, high - start)", *_DRAW[rates], "begin = max(start, low)", *_SINK[sink]]
    loop = [line.replace("FACTOR", factor) for line in loop]
    tail = ["counts[uint64(0)] = spikes", f"ends[uint64(k % a[{At.ENDS_LENGTH:d}])] = spikes"] if sink == LOG else []
    tiles = f"for start in range(low & ~{CELLS_PER_CALL - 1}, high, {TILE}):"
    body = [*head, tiles, *(f"    {line}" for line in loop), *tail]
    return Source(
        functions=(Function(name="count", arguments="k, row", body=tuple(body), maker="operation"),),
        imports={
            "dynana.numerics.network_memory": {"bytes_at", "floats_at", "integers_at", "shorts_at"},
            "dynana.numerics.network_poisson": _USED[rates],
            "dynana.numerics.network_program": {"operation"},
            "dynana.numerics.random": {"words"},
            "numpy": {"float64", "uint64"},
        },
        comment=f"Poisson counts, {rates} rates, into {sink}.",
    )


#: Calls by eights: what remains of a loop that has been packed is carried out one by one.
_DRAW_TILE = (
    f"m = (n + {8 * CELLS_PER_CALL - 1}) // {8 * CELLS_PER_CALL} * 8",
    f"draw_tile(k0, k1, c0, c1, c3, uint64(start // {CELLS_PER_CALL}), m, quads)",
)
_DECIDE = "decide_tile(m, n, start, k0, k1, c0, c1, c3, drawn, counted, quadruples, bounds[uint64(0)], reals)"
_FIRST = {
    TABLED: (f"table = bytes_at(a[{At.TABLE:d}])",),
    COMMON: ("set_bounds(expected[uint64(0)], bounds, reals)",),
    OWN: (f"found = floats_at(a[{At.NUMBERS:d}])", f"uniforms = floats_at(a[{At.NUMBERS:d}] + {8 * TILE})"),
}
_DRAW = {
    TABLED: (*_DRAW_TILE, f"look_up({CELLS_PER_CALL} * m, drawn, counted, table)", _DECIDE),
    COMMON: (*_DRAW_TILE, f"count_tile({CELLS_PER_CALL} * m, drawn, counted, bounds)", _DECIDE),
    OWN: (
        "count_cells(k0, k1, c0, c1, c3, uint64(start), n, expected, found, uniforms)",
        "for i in range(n):",
        "    counted[uint64(i)] = found[uint64(i)]",
    ),
}
_USED = {
    TABLED: {"decide_tile", "draw_tile", "look_up"},
    COMMON: {"count_tile", "decide_tile", "draw_tile", "set_bounds"},
    OWN: {"count_cells"},
}
_WEIGHTED = (f"weight = floats_at(a[{At.WEIGHT:d}])", f"out = floats_at(a[{At.OUT:d}])")
_HEAD = {
    ARRIVALS: (*_WEIGHTED, f"slot = uint64(k % a[{At.OUT_SLOTS:d}] * a[{At.OUT_STRIDE:d}])"),
    BLOCKS: (*_WEIGHTED, f"stride = a[{At.BLOCK_STRIDE:d}]"),
    LOG: (
        f"log = integers_at(a[{At.OUT:d}])",
        f"counts = integers_at(a[{At.COUNTS:d}])",
        f"ends = integers_at(a[{At.ENDS:d}])",
        "spikes = counts[uint64(0)]",
    ),
}
_SINK = {
    ARRIVALS: (
        "at_, from_, into = uint64(begin - start), uint64(begin), slot + uint64(origin + begin)",
        "for i in range(start + n - begin):",
        "    out[into + uint64(i)] += FACTOR * float64(counted[at_ + uint64(i)])",
    ),
    BLOCKS: (
        "while begin < start + n:  # the cells of one block are neighbours",
        f"    block, lane = (origin + begin) // {BLOCK_WIDTH}, (origin + begin) % {BLOCK_WIDTH}",
        f"    here = min({BLOCK_WIDTH} - lane, start + n - begin)",
        "    at_, from_, into = uint64(begin - start), uint64(begin), uint64(block * stride + lane)",
        "    for i in range(here):",
        "        out[into + uint64(i)] += FACTOR * float64(counted[at_ + uint64(i)])",
        "    begin += here",
    ),
    LOG: (
        "for i in range(begin - start, n):",
        "    for _ in range(counted[uint64(i)]):",
        f"        log[uint64(spikes)] = k << {CELL_BITS} | (origin + start + i)",
        "        spikes += 1",
    ),
}
