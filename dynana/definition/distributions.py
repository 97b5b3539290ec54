"""Descriptions of values that are drawn: one for each cell or each synapse, when a network is built."""

from __future__ import annotations

from dataclasses import dataclass

from dynana.definition.rules import check_number
from dynana.errors import ModelError


@dataclass(frozen=True)
class Distribution:
    """A distribution to draw from.

    Attributes
    ----------
    kind : str
        "uniform", "normal", "lognormal", "exponential" or "gamma".
    arguments : tuple of float
        As given to the function of that name.
    low, high : float or None
        Values beyond are drawn again (a truncated distribution).
    """

    kind: str
    arguments: tuple[float, ...]
    low: float | None = None
    high: float | None = None

    def __repr__(self) -> str:
        given = ", ".join(f"{a:g}" for a in self.arguments)
        bounds = "".join(f", {n}={v:g}" for n, v in (("low", self.low), ("high", self.high)) if v is not None)
        return f"dn.{self.kind}({given}{bounds})"


def _made(kind: str, low: float | None, high: float | None, **arguments: float) -> Distribution:
    given = tuple(check_number(n, v, f"dn.{kind}:") for n, v in arguments.items())
    bounds = [None if b is None else check_number(n, b, f"dn.{kind}:") for n, b in (("low", low), ("high", high))]
    if bounds[0] is not None and bounds[1] is not None and not bounds[0] < bounds[1]:
        raise ModelError(f"dn.{kind}: low = {bounds[0]:g} and high = {bounds[1]:g}: expected low < high.")
    return Distribution(kind, given, *bounds)


def _positive(kind: str, name: str, value: float, *, zero: bool = False) -> None:
    if not (value > 0 or (zero and value == 0)):
        raise ModelError(
            f"dn.{kind}: {name} = {value:g}: expected a {'number that is not negative' if zero else 'positive number'}."
        )


def uniform(low: float, high: float) -> Distribution:
    """Uniform on [low, high)."""
    ends = (check_number("low", low, "dn.uniform:"), check_number("high", high, "dn.uniform:"))
    if not ends[0] < ends[1]:
        raise ModelError(f"dn.uniform({ends[0]:g}, {ends[1]:g}): expected low < high.")
    return Distribution("uniform", ends)


def normal(mean: float, sd: float, *, low: float | None = None, high: float | None = None) -> Distribution:
    """Normal with mean and standard deviation, drawn again beyond ``low`` and ``high``."""
    made = _made("normal", low, high, mean=mean, sd=sd)
    _positive("normal", "sd", made.arguments[1], zero=True)
    return made


def lognormal(median: float, sigma: float, *, low: float | None = None, high: float | None = None) -> Distribution:
    """``median * exp(sigma z)`` with a standard normal z, drawn again beyond ``low`` and ``high``."""
    made = _made("lognormal", low, high, median=median, sigma=sigma)
    _positive("lognormal", "median", made.arguments[0])
    _positive("lognormal", "sigma", made.arguments[1], zero=True)
    return made


def exponential_distribution(mean: float, *, high: float | None = None) -> Distribution:
    """Exponential with a mean, drawn again beyond ``high``."""
    made = _made("exponential_distribution", None, high, mean=mean)
    _positive("exponential_distribution", "mean", made.arguments[0])
    return made


def gamma_distribution(shape: float, mean: float, *, high: float | None = None) -> Distribution:
    """Gamma distribution with a shape (1 is exponential) and a mean, drawn again beyond ``high``."""
    made = _made("gamma_distribution", None, high, shape=shape, mean=mean)
    for name, value in zip(("shape", "mean"), made.arguments, strict=True):
        _positive("gamma_distribution", name, value)
    return made
