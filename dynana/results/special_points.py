"""Special points of branches: bifurcations, labels, ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dynana.errors import unknown
from dynana.results.base import Result, column
from dynana.results.tables import SIGNIFICANT_DIGITS, number

#: AUTO's letters for each kind of special point.
CODES: Mapping[str, str] = {
    "fold": "LP", "hopf": "HB", "branch point": "BP",
    "fold of cycles": "LPC", "period doubling": "PD", "torus": "TR", "branch point of cycles": "BPC",
    "cusp": "CP", "bogdanov-takens": "BT", "bautin": "GH", "zero-hopf": "ZH", "hopf-hopf": "HH",
    "cusp of cycles": "CPC", "1:1": "R1", "1:2": "R2", "1:3": "R3", "1:4": "R4",
    "fold-flip": "LPPD", "fold-torus": "LPNS", "flip-torus": "PDNS",
    "homoclinic": "HOM", "snic": "SNIC", "neutral saddle": "NSH", "double leading eigenvalue": "DLE",
    "saddle-node loop": "SNL", "grazing": "GR", "switching": "SW", "reset on nullcline": "RN",
    "boundary equilibrium": "BE", "sliding": "SL", "kink": "KINK", "user": "UZ", "label": "UZ",
}  # fmt: skip
#: Kinds as sentences have them, one and several, where that is not the kind itself and the kind with an s.
WORDS: Mapping[str, tuple[str, str]] = {
    kind: (f"{name} point", f"{name} points")
    for kind, name in {
        "hopf": "Hopf", "torus": "torus", "bogdanov-takens": "Bogdanov-Takens", "bautin": "Bautin",
        "zero-hopf": "zero-Hopf", "hopf-hopf": "Hopf-Hopf",
    }.items()
} | {
    "fold of cycles": ("fold of cycles", "folds of cycles"),
    "branch point of cycles": ("branch point of cycles", "branch points of cycles"),
    "cusp of cycles": ("cusp of cycles", "cusps of cycles"),
    "homoclinic": ("homoclinic orbit", "homoclinic orbits"),
    "heteroclinic": ("heteroclinic orbit", "heteroclinic orbits"),
    "snic": ("saddle-node on an invariant circle", "saddle-nodes on invariant circles"),
    "grazing": ("grazing orbit", "grazing orbits"),
    "switching": ("switching orbit", "switching orbits"),
    "reset on nullcline": ("reset on a nullcline", "resets on a nullcline"),
    "boundary equilibrium": ("boundary equilibrium", "boundary equilibria"),
    "1:1": ("1:1 resonance", "1:1 resonances"), "1:2": ("1:2 resonance", "1:2 resonances"),
    "1:3": ("1:3 resonance", "1:3 resonances"), "1:4": ("1:4 resonance", "1:4 resonances"),
    "user": ("zero of a test function", "zeros of test functions"),
}  # fmt: skip
#: Two located points of one kind are the same if they differ by less than this, relative to the size of the diagram.
SAME_POINT = 1e-7
#: A parameter value below this part of the size of the diagram is zero.
ROUNDING = 1e-14
#: Digits of the parameter value in tables: special points are located to ten or more.
PLACE_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SpecialPoint(Result):
    """One bifurcation or labelled point, with how well it is known and what a later computation starts from.

    Parameters
    ----------
    kind : str
        In words: "fold", "hopf", "branch point", "kink", "user", "label", ...
    code : str
        AUTO's letters: "LP", "HB", "BP", ...
    system, fingerprint : str
        Name and hash of the structure of the system.
    states : tuple of str
    point : ndarray, shape (n,)
        State at the point (for a cycle: one state on it).
    parameters : dict of str to float
        All parameter values at the point.
    free : tuple of str
        The parameters that were varied.
    residual : float
        Largest rate of change of a state at the point; 0 would be exact.
    interval : (float, float)
        Range of the first free parameter between the neighbouring computed points.
    converged : bool
        Whether the point solves its defining equations to rounding.
    eigenvalues : ndarray of complex
        Spectrum (multipliers for cycles), largest real part first.
    normal_form : dict of str to float
        Coefficients by name.
    criticality : str
        What the normal form means, in words.
    period : float
        Period of the cycle; 2 pi/omega at a Hopf point; 0 where there is none.
    index : int
        Position on the branch.
    vectors : dict of str to ndarray
        Eigenvectors, null vectors, tangents that a later computation starts from.
    cycle : Result or None
        The orbit, at special points of cycles.
    name : str
        Of the asked value or the test function, where there is one.
    ranges : dict of str to (low, high)
        Of the varied parameters of the diagram: where a later continuation goes unless asked otherwise. Values that are
        rounding beside them are shown as zero.
    """

    kind: str
    code: str
    system: str
    fingerprint: str
    states: tuple[str, ...]
    point: np.ndarray
    parameters: dict[str, float]
    free: tuple[str, ...]
    residual: float
    interval: tuple[float, float]
    converged: bool
    eigenvalues: np.ndarray
    normal_form: dict[str, float] = field(default_factory=dict)
    criticality: str = ""
    period: float = 0.0
    index: int = 0
    vectors: dict[str, np.ndarray] = field(default_factory=dict)
    cycle: Result | None = None
    name: str = ""
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        """Value of a state or parameter by name."""
        if name in self.parameters:
            return self.parameters[name]
        if name not in self.states:
            raise KeyError(unknown("state or parameter", name, (*self.states, *self.parameters)))
        return float(column(self.point, self.states, name))

    @property
    def values(self) -> dict[str, float]:
        """States by name."""
        return dict(zip(self.states, self.point.tolist(), strict=True))

    @property
    def title(self) -> str:
        """Kind in words, with the name of an asked value or test function."""
        return f"{self.kind} ({self.name})" if self.name else self.kind

    @property
    def sentence(self) -> str:
        """The point in words: kind, place, meaning."""
        place = ", ".join(f"{n} = {self.shown(n, PLACE_DIGITS)}" for n in self.free)
        where = ", ".join(f"{n} = {number(rounded(x))}" for n, x in self.values.items())
        about = f", period {number(self.period)}" if self.period else ""
        doubt = "" if self.converged else "; not converged"
        return f"{self.title} at {place} ({where}){about}{': ' + self.criticality if self.criticality else ''}{doubt}"

    def shown(self, name: str, digits: int = SIGNIFICANT_DIGITS) -> str:
        """Value of a parameter as text, zero if it is rounding beside its range."""
        low, high = self.ranges.get(name, (0.0, 0.0))
        return number(rounded(self.parameters[name], high - low), digits)

    def __repr__(self) -> str:
        return f"<SpecialPoint of {self.system}: {self.sentence}>"


def in_words(kind: str, *, many: bool = False) -> str:
    """Return a kind of special point as a sentence has it, of one or of many."""
    return WORDS.get(kind, (kind, f"{kind}s"))[many]


def rounded(value: float, size: float = 1.0) -> float:
    """Return a value, zero if it is rounding beside the size of the diagram."""
    return 0.0 if abs(value) <= ROUNDING * size else value


def shown(column: np.ndarray, value: float, digits: int = SIGNIFICANT_DIGITS) -> str:
    """Return a value out of a column as text, zero if it is rounding beside the others."""
    return number(rounded(float(value), float(np.abs(column).max())), digits)


def of_kind(points: tuple[SpecialPoint, ...], kind: str | None) -> tuple[SpecialPoint, ...]:
    """Return those of some special points that have a kind (words or AUTO's letters), or all."""
    if kind is None:
        return points
    if kind not in CODES and kind not in CODES.values():
        raise ValueError(unknown("kind of special point", kind, CODES))
    return tuple(s for s in points if kind in (s.kind, s.code))
