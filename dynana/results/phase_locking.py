"""Two weakly coupled cells: their interaction function and the phase differences at which they lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynana.results.base import Result
from dynana.results.tables import Table, number

Array = NDArray[np.float64]

#: Samples of each harmonic among which locked states are looked for.
OVERSAMPLING = 8
#: Halvings that locate a locked state to the last digit.
HALVINGS = 60
#: Newton steps from the largest sample to the maximum of G.
NEWTON_STEPS = 6
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
        Rate at which a small deviation from it grows (negative: decays), per unit of time.
    stable : bool
    frequency_shift : float
        Relative change of the frequency of the first cell.
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
        Estimated error of ``values`` and of the trigonometric interpolation between them, relative to the largest.
    time_unit : str
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

    def _check(self) -> None:
        if self.values.ndim != 1 or self.values.size < 4 or self.values.size % 2:
            raise ValueError(f"values must be an even number of samples, at least 4, got shape {self.values.shape}")

    @property
    def differences(self) -> Array:
        """Phase differences of the samples, in units of time, shape (k,)."""
        return np.linspace(0.0, self.period, self.values.size, endpoint=False)

    @property
    def coefficients(self) -> NDArray[np.complex128]:
        """Fourier coefficients c of H, shape (k/2,): H(phi) = Re sum c_j exp(2 pi i j phi/period)."""
        c = np.asarray(np.fft.rfft(self.values)[:-1] / self.values.size, dtype=np.complex128)
        c[1:] *= 2.0
        return c

    def H(self, difference: ArrayLike) -> Array:
        """Return the interaction function at phase differences in units of time."""
        return _series(self.coefficients, self._angles(difference))

    def odd(self, difference: ArrayLike) -> Array:
        """Return the odd part of H, which decides on locking: -G/2."""
        return np.asarray(-0.5 * _series(self._odd, self._angles(difference)))

    def G(self, difference: ArrayLike) -> Array:
        """Return the rate of change of the phase difference of identical cells, H(-phi) - H(phi)."""
        return _series(self._odd, self._angles(difference))

    @property
    def locking_range(self) -> tuple[float, float]:
        """Relative differences of frequency, second cell minus first, between which the cells lock one to one."""
        grid, values = self._grid()
        angle = float(grid[np.abs(values).argmax()])
        odd = self._odd
        order = np.arange(odd.size)
        for _ in range(NEWTON_STEPS):
            slope, bend = _series(order * 1j * odd, angle), _series(-(order**2) * odd, angle)
            angle -= float(slope / bend) if bend else 0.0
        largest = max(float(np.abs(values).max()), abs(float(_series(odd, angle))))
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
        grid, values = self._grid()
        noise = max(self.error, ROUNDING) * float(np.abs(self.values).max())
        rates = detuning + values
        known = np.flatnonzero(np.abs(rates) > noise)
        if known.size == 0:
            return ()
        if detuning == 0.0:  # G is odd: 0 and half a period always, the rest in pairs
            known = known[grid[known] < np.pi]
            inside = self._crossings(grid[known], rates[known], 0.0)
            angles = np.concatenate(([0.0], inside, [np.pi], 2 * np.pi - inside[::-1]))
        else:
            around = np.append(known, known[:1])
            places = np.append(grid[known], grid[known[0]] + 2 * np.pi)
            angles = np.sort(np.mod(self._crossings(places, rates[around], detuning), 2 * np.pi))
        return tuple(self._state(float(angle)) for angle in angles)

    def _crossings(self, angles: Array, rates: Array, detuning: float) -> Array:
        """Places between neighbouring angles where the rate of change of the difference changes its sign."""
        changes = np.flatnonzero(np.sign(rates[:-1]) != np.sign(rates[1:]))
        low, high, sign = angles[changes], angles[changes + 1], np.sign(rates[changes + 1])
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            beyond = (detuning + _series(self._odd, middle)) * sign > 0.0
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
        return np.asarray(high)

    def _state(self, angle: float) -> LockedState:
        per_time = 2 * np.pi / self.period
        slope = float(_series(1j * per_time * np.arange(self._odd.size) * self._odd, angle))
        return LockedState(
            difference=angle / per_time,
            fraction=angle / (2 * np.pi),
            slope=slope,
            stable=slope < 0.0,
            frequency_shift=float(_series(self.coefficients, angle)),
        )

    @property
    def _odd(self) -> NDArray[np.complex128]:
        """Fourier coefficients of G."""
        return np.asarray(-2j * self.coefficients.imag, dtype=np.complex128)

    def _grid(self) -> tuple[Array, Array]:
        """Angles between 0 and 2 pi, neither 0 nor pi, and G there."""
        count = OVERSAMPLING * self.values.size
        angles = 2 * np.pi * (np.arange(count) + 0.5) / count
        padded = np.zeros(count // 2 + 1, dtype=complex)
        padded[: self._odd.size] = 0.5 * self._odd * np.exp(1j * np.pi / count * np.arange(self._odd.size))
        return angles, np.fft.irfft(padded, count) * count

    def _angles(self, difference: ArrayLike) -> Array:
        return np.asarray(difference, dtype=float) * (2 * np.pi / self.period)

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
        terms = ", ".join(f"{name} receives {term}" for name, term in self.coupling.items())
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


def _series(coefficients: NDArray[np.complex128], angles: ArrayLike) -> Array:
    """Real part of a Fourier series at angles of any shape."""
    x = np.asarray(angles, dtype=float)
    return np.asarray((np.exp(1j * np.multiply.outer(x, np.arange(coefficients.size))) @ coefficients).real)
