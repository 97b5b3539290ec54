"""Sums over edges whose delays differ, at the stages of ``rk4``.

What a target receives at a time of the grid comes from outputs at earlier times of the grid, whatever the delays, as
long as none is zero. Sums at four times of the grid give those between two of them, by the weights that interpolate
outputs: one pass along the edges in a step is enough for all stages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.network_memory import zeros
from dynana.numerics.network_program import address_of
from dynana.numerics.network_streams import BETWEEN, between_rows, take_row
from dynana.numerics.network_streams import Stream as At
from dynana.simulation.network_population import filled_row

Row = NDArray[np.int64]


class PastSums:
    """The sums of a pathway at the last times of the grid.

    Parameters
    ----------
    columns : mapping
        Of the operation that sums along the edges.
    out : ndarray
        Where the sums of a stage go.

    Attributes
    ----------
    next : ndarray
        The operation that sums for the end of the step.
    """

    def __init__(self, columns: Mapping[Any, int], out: np.ndarray) -> None:
        slots = len(BETWEEN)
        self.ring = zeros(slots * out.size)
        place = {At.OUT: self.ring.ctypes.data, At.OUT_SLOTS: slots, At.OUT_STRIDE: out.size}
        self.next: Row = filled_row({**columns, **place, At.LAG: 0})
        self._reading = {
            At.ROW: self.ring.ctypes.data, At.SLOTS: slots, At.STRIDE: out.size, At.CELLS: out.size,
            At.OUT: out.ctypes.data, At.OUT_SLOTS: 1,
        }  # fmt: skip

    def at(self, stage: int) -> list[Row]:
        """Return the operations that put the sums of a stage in their place."""
        if stage == 2:  # at the time of the stage before
            return []
        if stage == 1:
            return [self.next, filled_row({**self._reading, At.FUNCTION: address_of(between_rows), At.LAG: 1})]
        return [filled_row({**self._reading, At.FUNCTION: address_of(take_row), At.LAG: 0 if stage else 1})]
