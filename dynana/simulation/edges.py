"""`Edges`: which cell is connected to which, in compressed rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Targets that a 16-bit index can tell apart.
MOST_SHORT_TARGETS = 2**16


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """The edges of one projection, sorted by source.

    Attributes
    ----------
    first : ndarray of int64, shape (n_sources + 1,)
        The edges of source ``i`` are ``first[i]:first[i + 1]``.
    target : ndarray of uint16 or uint32, shape (n_edges,)
        16 bits wherever there are at most 65536 targets.
    delay : ndarray of uint8 or uint16, optional
        Delay of each edge in steps where they differ; the edges of each source are then sorted by it.
    values : mapping of str to ndarray of float64, shape (n_edges,)
        Parameters of the synapse that differ from edge to edge, by name.
    """

    first: np.ndarray
    target: np.ndarray
    delay: np.ndarray | None
    values: dict[str, np.ndarray]

    @property
    def count(self) -> int:
        """Number of edges."""
        return int(self.first[-1])

    def sources(self) -> NDArray[np.int64]:
        """Return the source of each edge."""
        return np.repeat(np.arange(self.first.size - 1), np.diff(self.first))

    def by_pairs(self) -> NDArray[np.int64]:
        """Return the numbers of the edges in the order of (source, target)."""
        return np.lexsort((self.target, self.sources())).astype(np.int64)


def index_type(n_targets: int) -> type[np.uint16] | type[np.uint32]:
    """Return the smallest index type for a number of targets."""
    return np.uint16 if n_targets <= MOST_SHORT_TARGETS else np.uint32
