"""Orbits across kinks and jumps of the equations: segments of smooth branches, with saltation matrices between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.forcing import Forcing
from dynana.analysis.spiking_orbits import Pattern, SpikingOrbits
from dynana.lowering.kinked import Kinked
from dynana.numerics.collocation_orbit import Orbit, Spectrum
from dynana.numerics.moving_orbits import MovingOrbitCurve

Array = NDArray[np.float64]

#: Logarithm of a modulus below which a multiplier may be lost in rounding, and the difference from Liouville's formula
#: that is put down to it.
LOST, LIOUVILLE = -20.0, 1e-6


class KinkedOrbits(MovingOrbitCurve, SpikingOrbits):
    """Orbits of one system with kinks that pass its switches in one order.

    Parameters
    ----------
    made : Kinked
    free : sequence of str
        Parameters that vary along curves.
    pattern : Pattern
        Numbers of the switches.
    sizes : ndarray, shape (n,)
        Least variation of each state, without codes.
    ranges : ndarray, shape (active parameters,)
    stages : int

    Attributes
    ----------
    made : Kinked
    """

    def __init__(
        self, made: Kinked, free: Sequence[str], pattern: Pattern, sizes: Array, ranges: Array, stages: int = 4
    ) -> None:
        self.made = made
        every = np.append(sizes[: len(made.base.states)], np.ones(made.codes))
        super().__init__(made.base, free, pattern, np.empty(0), every, ranges, stages, made=made.clocked)

    @property
    def names(self) -> tuple[str, ...]:
        """No jumps: the orbit just goes on."""
        return ("",) * len(self.pattern)

    @property
    def shown(self) -> int:
        """Number of states of the given system: without codes."""
        return len(self.made.base.states)

    def patterned(self, pattern: Pattern, gain: Forcing | None = None) -> KinkedOrbits:
        """Return the curve of orbits with another pattern."""
        return KinkedOrbits(self.made, self.free_names, pattern, self.sizes, self.ranges, self.scheme.stages)

    def slopes(self, orbit: Orbit) -> tuple[Array, Array]:
        """Return how fast each switching function leaves its side at the end of its segment, and goes on after it.

        Both positive where an orbit crosses; the second is negative where both sides point to the surface.
        """
        _, gradients, before, after = self.joined(orbit)
        return np.einsum("in,in->i", gradients, before), np.einsum("in,in->i", gradients, after)

    def spectrum(self, orbit: Orbit, joins: Array | None = None, *, resolved: bool = False) -> Spectrum:
        """Return the multipliers of the orbit computed last; those of codes, which are 0, are left out."""
        found = super().spectrum(orbit, joins, resolved=resolved)
        n = len(self.made.base.states)
        logs, phases = found.logarithms[:n].copy(), found.phases[:n].copy()
        if resolved and n > 1 and joins is None:
            arriving, leaving = self.slopes(orbit)
            with np.errstate(divide="ignore", invalid="ignore"):
                determinant = found.trace + float(np.log(np.abs(leaving / arriving)).sum())
            smallest = determinant - float(logs[:-1].sum())
            if abs(smallest - logs[-1]) > LIOUVILLE and smallest < min(float(logs[-2]), LOST):
                logs[-1] = smallest
        return Spectrum(logs, phases, found.trace)

    def merged(self, orbit: Orbit) -> Orbit:
        """Return an orbit of the given system as one segment, with mesh points on the switches."""
        n = len(self.made.base.states)
        durations = orbit.durations
        share = durations / durations.sum()
        widths = np.concatenate([w * s for (_, w), s in zip(orbit.split(orbit.z), share, strict=True)])
        values = []
        for z in (orbit.z, orbit.tangent):
            parts = [x[:, :n] for x, _ in orbit.split(z)]
            points = np.concatenate([x[:-1] for x in parts] + [parts[-1][-1:]])
            total = z[orbit.scalars_at : orbit.scalars_at + orbit.segments].sum()
            values.append(np.concatenate((points.ravel(), [total], z[orbit.scalars_at + orbit.segments :])))
        return replace(
            orbit, z=values[0], tangent=values[1], counts=np.array([widths.size], dtype=np.int64), widths=widths, n=n
        )
