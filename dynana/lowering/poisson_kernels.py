"""The generated operation of Poisson counts: input that every cell has for itself, and trains of spikes."""

from __future__ import annotations

from types import ModuleType

from dynana.lowering import modules
from dynana.lowering.modules import Function, Source
from dynana.numerics.network_poisson import CALLS, CELLS_PER_CALL, TILE
from dynana.numerics.network_poisson import Poisson as At
from dynana.numerics.network_program import CELL_BITS

ARRIVALS, ROW, LOG = "arrivals", "row", "log"
TABLED, COMMON, OWN = "tabled", "common", "own"


def poisson_counts(rates: str, sink: str, weighted: bool) -> ModuleType:
    """Return the module with the operation ``count``.

    Parameters
    ----------
    rates : {"tabled", "common", "own"}
        All cells have one rate that never changes and is not low, so that a table serves them; one rate; or each its
        own.
    sink : {"arrivals", "row", "log"}
        Weight times the count is added to a row of arrivals, or written into a row of its own (from which
        `dynana.numerics.network_sources.add_row` takes it: with more than one loop behind the draws, the compiler does
        not pack them); or as many spikes are written into a log.
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
        f"near = shorts_at(a[{At.SHORTS:d}] + {4 * TILE})",
        f"reals = floats_at(a[{At.REALS:d}])",
        f"expected = floats_at(a[{At.EXPECTED:d}])",
        f"k0, k1 = words(a[{At.SEED:d}])",
        "c0, c1 = words(k)",
        f"c3 = uint64(a[{At.STREAM:d}]) << uint64(16)",
        *_FIRST[rates],
        *_HEAD[sink == LOG],
        *(["w = weight[uint64(0)]"] if sink != LOG else []),
    ]
    factor = {True: "weight[uint64(start + i)]", False: "w"}[weighted]
    loop = [f"n = min({TILE}, a[{At.CELLS:d}] - start)", *_DRAW[rates], *_SINK[sink]]
    loop = [line.replace("FACTOR", factor) for line in loop]
    tail = ["counts[uint64(0)] = spikes", f"ends[uint64(k % a[{At.ENDS_LENGTH:d}])] = spikes"] if sink == LOG else []
    body = [*head, f"for start in range(0, a[{At.CELLS:d}], {TILE}):", *(f"    {line}" for line in loop), *tail]
    return Source(
        functions=(Function(name="count", arguments="k, row", body=tuple(body), signature="OPERATION"),),
        imports={
            "dynana.numerics.network_memory": {"bytes_at", "floats_at", "integers_at", "shorts_at"},
            "dynana.numerics.network_poisson": _USED[rates],
            "dynana.numerics.network_program": {"OPERATION"},
            "dynana.numerics.random": {"words"},
            "numpy": {"float64", "uint64"},
        },
        comment=f"Poisson counts, {rates} rates, into {sink}.",
    )


_TILE = (
    f"m = (n + {CELLS_PER_CALL - 1}) // {CELLS_PER_CALL}",
    f"draw_tile(k0, k1, c0, c1, c3, uint64(start // {TILE} * {CALLS}), m, quads)",
)
_OPEN = ("    decide_tile(n, start, k0, k1, c0, c1, c3, drawn, counted, near, reals)",)
_FIRST = {
    TABLED: (f"table = bytes_at(a[{At.TABLE:d}])",),
    COMMON: (f"bounds = shorts_at(a[{At.BOUNDS:d}])", "set_bounds(expected[uint64(0)], bounds, reals)"),
    OWN: (f"found = floats_at(a[{At.NUMBERS:d}])", f"uniforms = floats_at(a[{At.NUMBERS:d}] + {8 * TILE})"),
}
_DRAW = {
    TABLED: (*_TILE, "if not look_up(n, drawn, counted, near, table):", *_OPEN),
    COMMON: (*_TILE, "if not count_tile(n, drawn, counted, near, bounds):", *_OPEN),
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
_HEAD = {
    False: (f"weight = floats_at(a[{At.WEIGHT:d}])", f"out = floats_at(a[{At.OUT:d}])"),
    True: (
        f"log = integers_at(a[{At.OUT:d}])",
        f"counts = integers_at(a[{At.COUNTS:d}])",
        f"ends = integers_at(a[{At.ENDS:d}])",
        "spikes = counts[uint64(0)]",
    ),
}
_SINK = {
    ARRIVALS: (
        f"at = uint64(k % a[{At.OUT_SLOTS:d}] * a[{At.OUT_STRIDE:d}] + a[{At.TARGET_FIRST:d}] + start)",
        "for i in range(n):",
        "    out[at + uint64(i)] += FACTOR * float64(counted[uint64(i)])",
    ),
    ROW: ("at = uint64(start)", "for i in range(n):", "    out[at + uint64(i)] = FACTOR * float64(counted[uint64(i)])"),
    LOG: (
        "for i in range(n):",
        "    for _ in range(counted[uint64(i)]):",
        f"        log[uint64(spikes)] = k << {CELL_BITS} | (start + i)",
        "        spikes += 1",
    ),
}
