"""Whether a cycle becomes one of half its period: the end of a branch of doubled cycles."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_legs import Leg
from dynana.analysis.cycle_places import Place

Array = NDArray[np.float64]

#: Difference of the two turns of a cycle, relative to its extent, at which they count as nearly one.
NEARLY_EQUAL = 0.01

#: Part of the last difference of the turns that both of them together may have moved before it is computed again. Means
#: over mesh points differ between turns and between meshes, by less than the factor that this leaves.
UNSEEN = 0.25


def size(values: Array) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(values**2)))


def shape(sizes: Array, place: Place) -> Array:
    """Deviations from the mean; they turn around where a cycle shrinks to a point and grows again."""
    x = place.points
    return np.asarray((x - x.mean(axis=0)) / sizes)


def asymmetry(sizes: Array, place: Place) -> Array:
    """Difference between the turns; it turns around where a cycle becomes one of half its period."""
    return np.asarray(place.asymmetry() / sizes)


class Turns:
    """Notices when the two turns of a cycle become one.

    Their difference cannot vanish before the cycle has moved by half of it, so it is computed only so often; at every
    step where the mesh moves along, which hides how far the cycle has moved.

    Parameters
    ----------
    sizes : ndarray, shape (n,)
        Of the states; they may grow.
    """

    def __init__(self, sizes: Array) -> None:
        self._sizes = sizes
        self._left = 0.0

    def become_one(self, leg: Leg, moved: float) -> tuple[bool, bool]:
        """Return whether the difference turns around within a leg, and whether it nearly vanishes at its end.

        Parameters
        ----------
        leg : Leg
        moved : float
            Mean square of how far it leads, point by point.
        """
        last, new = leg.places[0], leg.places[-1]
        meshes = last.orbit.widths, new.orbit.widths
        if meshes[0] is meshes[1] or np.array_equal(*meshes):
            self._left -= 2.0 * math.sqrt(moved)
            if self._left > 0.0:
                return False, False
        before, after = asymmetry(self._sizes, last), asymmetry(self._sizes, new)
        difference = size(after)
        nearly = NEARLY_EQUAL * size(shape(self._sizes, new))
        self._left = UNSEEN * (difference - nearly)
        # they differ less and less; the mesh, not the same for both, hides where they are equal
        return float(np.vdot(before, after)) < 0.0, difference < min(nearly, size(before))
