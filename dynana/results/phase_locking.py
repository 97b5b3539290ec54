"""Two weakly coupled cells: their interaction function and the phase differences at which they lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynana.results.base import Result
from dynana.results.phase_functions import Harmonics, Pieces, crossings
from dynana.results.tables import Table, number

Array = NDArray[np.float64]

#: Phase differences closer to 0 or 1/2 than this are called "in phase" and "antiphase".
SAME_PHASE = 1e-6
#: Rounding of an interaction function relative to its largest value: what is smaller has no sign.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LockedState(Result):
    """A phase difference that two coupled cells keep.

    Parameters
    ----------
    difference : float
        Phase of the second cell minus that of the first, in units of time, from 0 to the period.
    fraction : float
        The same as a fraction of the period.
    slope : float
        Rate at which a small deviation from it grows (negative: decays), per unit of time. At a kink of G the larger of
        both; where G jumps through zero (pulses), infinite: the difference is reached, or left, in finite time.
    stable : bool
    frequency_shift : float
        Relative change of the frequency of the first cell; where H jumps, its mean.
    """

    difference: float
    fraction: float
    slope: float
    stable: bool
    frequency_shift: float

    @property
    def title(self) -> str:
        """The state in words."""
        if min(self.fraction, 1.0 - self.fraction) < SAME_PHASE:
            return "in phase"
        if abs(self.fraction - 0.5) < SAME_PHASE:
            return "antiphase"
        return f"{number(self.fraction, 4)} of a period apart"

    @property
    def sentence(self) -> str:
        """The state in words, with its stability."""
        return f"{self.title}, {'stable' if self.stable else 'unstable'}"

    def __repr__(self) -> str:
        return f"<LockedState: {self.sentence}>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PhaseLocking(Result):
    """The interaction of two weakly coupled identical cells, each on its limit cycle.

    The phases of the cells, in units of time, obey theta_1' = 1 + H(theta_2 - theta_1) and theta_2' = 1 + H(theta_1 -
    theta_2): H is the relative change of frequency that a cell suffers from another one that is ahead by its argument.
    The difference phi = theta_2 - theta_1 obeys phi' = d + G(phi) with G(phi) = H(-phi) - H(phi), where d is the
    relative difference of the frequencies of the uncoupled cells (0 for identical ones).

    Parameters
    ----------
    system, fingerprint : str
        Of the cells.
    parameters : dict of str to float
    period : float
    stable : bool
        Whether the cycle is.
    coupling : dict of str to str
        What is added to which state or parameter, as text.
    delay : float
        Time that the coupling takes.
    values : ndarray, shape (k,)
        H at k uniform differences from 0 (inclusive) to the period (exclusive).
    error : float
        Estimated error of ``values`` and of the interpolation between them, relative to the largest.
    time_unit : str
    breaks : ndarray, shape (m + 1,)
        Cycles with jumps: differences from 0 to the period between which H is a polynomial; at some it has kinks, and
        with pulses jumps. Empty where H is a trigonometric series.
    pieces : ndarray, shape (m, degree + 1)
        Coefficients of the polynomials in Legendre's basis.
    pulses : dict of str to str
        What each jump of the sender adds at once to which state, as text.
    """

    system: str
    fingerprint: str
    parameters: dict[str, float]
    period: float
    stable: bool
    coupling: dict[str, str]
    delay: float
    values: np.ndarray
    error: float
    time_unit: str = ""
    breaks: np.ndarray = field(default_factory=lambda: np.empty(0))
    pieces: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    pulses: dict[str, str] = field(default_factory=dict)

    def _check(self) -> None:
        if self.pieces.shape[0] != max(self.breaks.size - 1, 0):
            raise ValueError(f"{self.breaks.size} breaks enclose {self.breaks.size - 1} pieces, got {len(self.pieces)}")
        if self.values.ndim != 1 or self.values.size < 4 or self.values.size % 2:
            raise ValueError(f"values must be an even number of samples, at least 4, got shape {self.values.shape}")

    @property
    def differences(self) -> Array:
        """Phase differences of the samples, in units of time, shape (k,)."""
        return np.linspace(0.0, self.period, self.values.size, endpoint=False)

    @property
    def coefficients(self) -> NDArray[np.complex128]:
        """Fourier coefficients c, shape (k/2,): H(phi) = Re sum c_j exp(2 pi i j phi/period), but for kinks of H."""
        c = np.asarray(np.fft.rfft(self.values)[:-1] / self.values.size, dtype=np.complex128)
        c[1:] *= 2.0
        return c

    def H(self, difference: ArrayLike) -> Array:
        """Return the interaction function at phase differences in units of time; at a jump the value on its right."""
        return self._interaction.at(np.asarray(difference, dtype=float) / self.period)

    def odd(self, difference: ArrayLike) -> Array:
        """Return the odd part of H, which decides on locking: -G/2."""
        return np.asarray(-0.5 * self.G(difference))

    def G(self, difference: ArrayLike) -> Array:
        """Return the rate of change of the phase difference of identical cells, H(-phi) - H(phi)."""
        return self._interaction.reflected().at(np.asarray(difference, dtype=float) / self.period)

    @property
    def locking_range(self) -> tuple[float, float]:
        """Relative differences of frequency, second cell minus first, between which the cells lock one to one."""
        largest = self._interaction.reflected().largest()
        return -largest, largest

    @property
    def locked(self) -> tuple[LockedState, ...]:
        """The phase differences that identical cells keep, in order from 0; none where G vanishes altogether."""
        return self.locked_at(0.0)

    def locked_at(self, detuning: float) -> tuple[LockedState, ...]:
        """Return the phase differences that cells of different frequency keep.

        Parameters
        ----------
        detuning : float
            Relative difference of the uncoupled frequencies, second cell minus first; small, like the coupling.

        Returns
        -------
        tuple of LockedState
            In order from 0; empty outside of ``locking_range``.
        """
        if not np.isfinite(detuning):
            raise ValueError(f"detuning={detuning!r}: expected a finite number, the relative difference of frequencies")
        noise = max(self.error, ROUNDING) * float(np.abs(self.values).max())
        odd = self._interaction.reflected()
        places = crossings(odd, detuning, noise)
        return () if places is None else tuple(self._state(odd, x) for x in places.tolist())

    def _state(self, odd: Harmonics | Pieces, place: float) -> LockedState:
        slope = max(odd.slopes(place)) / self.period
        return LockedState(
            difference=place * self.period,
            fraction=place,
            slope=slope,
            stable=slope < 0.0,
            frequency_shift=sum(self._interaction.limits(place)) / 2.0,
        )

    @property
    def _interaction(self) -> Harmonics | Pieces:
        """H as a function of fractions of the period."""
        if self.pieces.size:
            return Pieces(self.breaks / self.period, self.pieces)
        return Harmonics(self.coefficients, self.values.size)

    @property
    def sentence(self) -> str:
        """The locked states in words."""
        states = self.locked
        if not states:
            return "the coupling does not distinguish phase differences: every one is neutral"
        stable = ", ".join(s.title for s in states if s.stable) or "none"
        unstable = ", ".join(s.title for s in states if not s.stable) or "none"
        return (
            f"stable: {stable}; unstable: {unstable}; one to one while the relative difference of frequencies is below "
            f"{number(self.locking_range[1])}"
        )

    def __repr__(self) -> str:
        return str(self._table())

    def _table(self) -> Table:
        terms = ", ".join(
            [f"{name} receives {term}" for name, term in self.coupling.items()]
            + [f"{name} receives {term} at each jump of the other" for name, term in self.pulses.items()]
        )
        delay = f", delayed by {number(self.delay)}" if self.delay else ""
        about = "" if self.stable else "; the cycle is unstable: this holds near it only in the linear sense"
        unit = f" {self.time_unit}" if self.time_unit else ""
        noise = max(self.error, ROUNDING) * float(np.abs(self.values).max())
        rows = []
        for s in self.locked:
            shift = s.frequency_shift if abs(s.frequency_shift) > noise else 0.0
            rows.append((s.title, s.difference, s.fraction, s.stable, s.slope, shift))
        return Table(
            (
                "locked state",
                f"difference{f' ({self.time_unit})' if unit else ''}",
                "phase",
                "stable",
                "slope of G",
                "H",
            ),
            tuple(rows),
            title=f"two weakly coupled cells {self.system}, period {number(self.period)}{unit}: {terms}{delay}{about}",
            remark=f"{self.sentence}; estimated error {number(self.error, 2)}",
        )

    def _columns(self) -> dict[str, Any]:
        """One row for each sample: phase difference in time and as a fraction, H, G."""
        d = self.differences
        return {"difference": d, "fraction": d / self.period, "H": self.values, "G": self.G(d)}
