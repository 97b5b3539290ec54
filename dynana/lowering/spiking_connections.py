"""Kernels of orbits with jumps that leave an equilibrium and come back to it."""

from __future__ import annotations

from dataclasses import replace

from dynana.definition.system import System
from dynana.lowering import kinds
from dynana.lowering.modules import Function, Source
from dynana.lowering.spiking import joins_of_events


@kinds.kind("connecting_joins")
def _connecting_joins(system: System, clock: str) -> Source:
    """``connecting_joins(starts, ends, durations, p, data, out, derivative)``: an orbit with jumps that is not closed.

    A closure, see `dynana.numerics.kernel_addresses`: the conditions of `dynana.numerics.connection_closures` at the
    equilibria, those of jumps between segments (see ``joins``), and that the clock, if there is one (the last state),
    starts at zero. ``data``: that of the equilibria, then the number of the guard at the end of each segment but the
    last.
    """
    n = len(system.states)
    branches, used = joins_of_events(system)
    lines = [
        "connected(starts, ends, durations, p, data, out, derivative)",
        "segments, first = starts.shape[0], int(data[FIRST_ROWS] + data[LAST_ROWS] + data[TIED])",
        "for i in range(segments - 1):",
        f"    row, base, last = first + i * {n + 1}, (segments + i) * {n}, {2 * n + 1} * segments",
        "    y, event = ends[i], int(data[data.size - segments + 1 + i])",
        *(f"    {line}" for line in branches),
        f"    for c in range({n}):",
        "        out[row + c] -= starts[i + 1, c]",
        f"        derivative[row + c, (i + 1) * {n} + c] -= 1.0",
    ]
    if clock:
        lines += [
            f"row = first + (segments - 1) * {n + 1}",
            f"out[row] = starts[0, {n - 1}]",
            f"derivative[row, {n - 1}] = 1.0",
        ]
    kernel = Function(
        name="connecting_joins", arguments="starts, ends, durations, p, data, out, derivative", body=tuple(lines),
        signature="CLOSURE",
    )  # fmt: skip
    comment = kinds.legend(system, "joins of an orbit with jumps between equilibria")
    imports = {
        kinds.ELEMENTARY: used,
        "dynana.numerics.kernel_addresses": {"CLOSURE"},
        "dynana.numerics.connection_closures": {"connected", "FIRST_ROWS", "LAST_ROWS", "TIED"},
    }
    return replace(Source(functions=(kernel,), comment=comment), imports=imports)
