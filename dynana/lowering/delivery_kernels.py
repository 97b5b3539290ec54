"""The generated operations that carry events along the edges of a projection.

Few lines, but the innermost ones of every large network: index type, weights and where the target stands are decided
when the code is written, and what the row says is read before the loops (a store could change it, for all the compiler
knows). See `dynana.numerics.network_program` for what an operation is, and `Delivery` for its row.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from dynana.lowering import modules
from dynana.lowering.blocks import CONTRACT
from dynana.lowering.modules import Function, Source
from dynana.numerics.network_program import CELL_BITS
from dynana.numerics.network_program import Delivery as At
from dynana.numerics.signatures import BLOCK_WIDTH

#: View of the indices of targets, by bytes.
INDICES = {2: "shorts_at", 4: "words_at"}

#: View of the delays of edges, by bytes.
DELAYS = {1: "bytes_at", 2: "shorts_at"}


@dataclass(frozen=True)
class Route:
    """How events travel.

    Attributes
    ----------
    index : int
        Bytes of the index of a target; 0 for all to all.
    weighted : bool
        Whether every edge has a weight of its own.
    blocked : bool
        Whether the target stands in the rows of its population's blocks, or in a row of arrivals.
    delays : int
        Bytes of the delay of an edge; 0 where all have the same.
    amounts : bool
        Whether every spike carries an amount of its own.
    """

    index: int
    weighted: bool = False
    blocked: bool = False
    delays: int = 0
    amounts: bool = False


def delivery(route: Route) -> ModuleType:
    """Return the module with the operation ``deliver``, made if it is not there yet."""
    return modules.load(f"delivery {route!r}", lambda: _module(route))


def _module(route: Route) -> Source:
    lines = [
        "a = integers_at(row)",
        f"log = integers_at(a[{At.LOG:d}])",
        f"ends = integers_at(a[{At.ENDS:d}])",
        f"out = floats_at(a[{At.OUT:d}])",
        f"weights = floats_at(a[{At.WEIGHT:d}])",
        f"step = k - a[{At.DELAY:d}]",
        f"length = a[{At.ENDS_LENGTH:d}]",
        f"slot = uint64(k % a[{At.OUT_SLOTS:d}] * a[{At.OUT_STRIDE:d}])",
        *(["weight = weights[uint64(0)]"] if not route.weighted else []),
        *([f"amounts = floats_at(a[{At.AMOUNTS:d}])"] if route.amounts else []),
        *(_edges(route) if route.index else _everybody(route)),
    ]
    views = {"floats_at", "integers_at"} | ({INDICES[route.index]} if route.index else set())
    views |= {DELAYS[route.delays]} if route.delays else set()
    return Source(
        functions=(
            Function(name="deliver", arguments="k, row", body=tuple(lines), maker="operation", options=CONTRACT),
        ),
        imports={
            "dynana.numerics.network_memory": views,
            "dynana.numerics.network_program": {"operation"},
            "numpy": {"int64", "uint64"},
        },
        comment=f"Events, {route!r}.",
    )


def _spikes(body: list[str]) -> list[str]:
    """Return the loop over the spikes that are due, ``cell`` being the number of the source within its part."""
    return [
        "for q in range(ends[uint64((step - 1) % length)], ends[uint64(step % length)]):",
        f"    cell = (log[uint64(q)] & {(1 << CELL_BITS) - 1}) - a[{At.SOURCE_FIRST:d}]",
        f"    if (cell >= 0) & (cell < a[{At.SOURCE_CELLS:d}]):",
        *(f"        {line}" for line in body),
    ]


def _place(route: Route, cell: str) -> str:
    """Return the code of the element of a target, given its number in its population."""
    if not route.blocked:
        return f"out[slot + {cell}]"
    return f"out[({cell} >> uint64(6)) * stride + ({cell} & uint64({BLOCK_WIDTH - 1}))]"


def _edges(route: Route) -> list[str]:
    weight = "weights[p]" if route.weighted else "weight"
    if route.amounts:
        weight = f"{weight} * amounts[uint64(q)]"
    head = [f"first, last = integers_at(a[{At.FIRST:d}]), integers_at(a[{At.LAST:d}])"]
    head.append(f"target = {INDICES[route.index]}(a[{At.TARGET:d}])")
    head += [f"stride = uint64(a[{At.BLOCK_STRIDE:d}])"] if route.blocked else []
    head.append(f"shift = uint64(a[{At.TARGET_FIRST:d}])")
    inner = ["t = uint64(target[p]) + shift"]
    if route.delays:
        head.append(f"delay = {DELAYS[route.delays]}(a[{At.DELAYS:d}])")
        head.append(f"slots, distance = a[{At.OUT_SLOTS:d}], a[{At.OUT_STRIDE:d}]")
        inner.append("slot = uint64((k + int64(delay[p])) % slots * distance)")
    body = ["for p in range(uint64(first[uint64(cell)]), uint64(last[uint64(cell)])):"]
    body += [f"    {line}" for line in (*inner, f"{_place(route, 't')} += {weight}")]
    return [*head, *_spikes(body)]


def _everybody(route: Route) -> list[str]:
    """Return the lines for all to all with one weight: one sum for all targets, or all but the spiking cell itself."""
    weight = "weight * amounts[uint64(q)]" if route.amounts else "weight"
    head = [f"low = a[{At.TARGET_FIRST:d}]", f"high = low + a[{At.TARGET_CELLS:d}]", "total = 0.0"]
    head += [f"stride = uint64(a[{At.BLOCK_STRIDE:d}])"] if route.blocked else []
    add = _place(route, "uint64(t)")
    alone = [
        f"if a[{At.SELF:d}] < 0:",
        f"    total += {weight}",
        "else:",
        f"    own = cell + a[{At.SELF:d}]",
        "    for t in range(low, min(max(own, low), high)):",
        f"        {add} += {weight}",
        "    for t in range(min(max(own + 1, low), high), high):",
        f"        {add} += {weight}",
    ]
    return [*head, *_spikes(alone), "if total != 0.0:", "    for t in range(low, high):", f"        {add} += total"]
