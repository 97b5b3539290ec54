"""Settings of an XPP file: how to run it, which axes to show, and named sets of values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dynana.interchange.ode_report import Notes

METHODS = {
    "d": "discrete",
    "e": "euler",
    "m": "modified euler",
    "r": "runge-kutta",
    "a": "adams",
    "g": "gear",
    "v": "volterra",
    "b": "backward euler",
    "q": "qualrk",
    "s": "stiff",
    "c": "cvode",
    "5": "dormand-prince 5",
    "8": "dormand-prince 8(3)",
    "2": "rosenbrock",
    "y": "symplectic",
}
"""XPPAUT's methods, by the first letter of what ``@ meth=`` says."""

#: XPPAUT's methods with an equal here; the adaptive ones become ``"auto"``.
_FIXED_STEP = {"euler": "euler", "modified euler": "heun", "runge-kutta": "rk4"}

#: Options that change a run: name in the file (its beginning), attribute of `OdeRun`.
_RUN = {
    "total": "total",
    "dtmin": "",
    "dtmax": "",
    "dt": "dt",
    "trans": "transient",
    "t0": "t0",
    "bound": "bound",
    "njmp": "every",
    "nout": "every",
    "toler": "tolerance",
    "tol": "tolerance",
    "atol": "absolute",
}
#: Options that say what is drawn.
_AXES = re.compile(
    r"(xp|yp|zp)(lot)?\d*|(x|y|z)(lo|hi|min|max)\d*|axes\d*|nplot|auto(x|y)(min|max)|autovar|parm(in|ax)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OdeRun:
    """How XPPAUT would run the file.

    Parameters
    ----------
    total : float
        Duration.
    dt : float
        Step of output, and of methods with fixed steps.
    t0 : float
        Begin.
    transient : float
        Time before output begins.
    method : str
        One of the names in `METHODS`.
    tolerance, absolute : float
        Relative and absolute tolerance of adaptive methods.
    bound : float
        Where XPPAUT stops because a variable is larger.
    every : int
        Steps per row of output.
    """

    total: float = 20.0
    dt: float = 0.05
    t0: float = 0.0
    transient: float = 0.0
    method: str = "runge-kutta"
    tolerance: float = 1e-3
    absolute: float = 1e-3
    bound: float = 100.0
    every: int = 1

    @property
    def span(self) -> tuple[float, float]:
        """Begin and end of the run."""
        return self.t0, self.t0 + self.total

    @property
    def options(self) -> dict[str, Any]:
        """Keywords of `dynana.simulate` for the same method, ``dn.simulate(model.system, run.span, **run.options)``.

        Methods of fixed step keep their step; all others become ``"auto"`` with dynana's own, tighter tolerances.
        """
        if self.method in _FIXED_STEP:
            return {"method": _FIXED_STEP[self.method], "dt": self.dt}
        return {"method": "auto"}


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of values: ``set name {...}``, or a comment ``" {...} text`` that XPPAUT makes clickable.

    Parameters
    ----------
    name : str
    values : dict of str to float
        Parameters and initial values, for ``system.at(**preset.values)``.
    settings : dict of str to str
        Everything else, as it is written: ``total``, ``xlo``, ...
    line : int
    """

    name: str
    values: dict[str, float] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    line: int = 0


def number_at_start(text: str) -> float | None:
    """Return the number with which a text begins, as C's ``atof`` does; None if there is none."""
    match = re.match(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text)
    return float(match[0]) if match else None


def pairs(text: str, line: int, notes: Notes) -> Iterator[tuple[str, str]]:
    """Split ``a=1, b = 2 c`` at blanks and commas; a name without a value has the value ``""``.

    Blanks around ``=`` are repaired, and brackets kept together.
    """
    if re.search(r"\s=|=\s", text):
        notes.add(line, "repaired", "blanks around = are allowed here; XPPAUT loses the value.")
    text = re.sub(r"\s*=\s*", "=", text)
    for item in re.findall(r"(?:[^\s,()]|\([^()]*\)|[()])+", text):
        name, _, value = item.partition("=")
        yield name, value


def run_settings(options: list[tuple[int, str]], notes: Notes) -> tuple[OdeRun, dict[str, str]]:
    """Return the run and the axes that the ``@`` lines ask for; what is neither is noted as ignored."""
    run, axes = OdeRun(), dict[str, str]()
    for line, text in options:
        for name, value in pairs(text, line, notes):
            key = name.lower()
            if not value:
                notes.add(line, "ignored", f"the option {name!r} has no value.")
            elif _AXES.fullmatch(key):
                axes[key.replace("plot", "p") if key != "nplot" else key] = value
            elif key.startswith("meth"):
                run = replace(run, method=METHODS.get(value[0].lower(), run.method))
                if value[0].lower() not in METHODS:
                    notes.add(line, "ignored", f"there is no method {value!r} in XPPAUT.")
            else:
                run = _with_option(run, key, value, line, notes)
    return run, axes


def _with_option(run: OdeRun, key: str, value: str, line: int, notes: Notes) -> OdeRun:
    attribute = next((a for begin, a in _RUN.items() if key.startswith(begin)), "")
    if not attribute:
        notes.add(line, "ignored", f"the option {key}={value[:40]} has no meaning here.")
        return run
    number = number_at_start(value)
    if number is None or not math.isfinite(number) or (attribute == "dt" and number == 0):
        notes.add(line, "ignored", f"the option {key}={value[:40]} is no usable number.")
        return run
    changes: Mapping[str, Any] = {attribute: max(1, int(number)) if attribute == "every" else number}
    return replace(run, **changes)


def shown_ranges(axes: Mapping[str, str], names: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Return the window of the phase plane, by state, where the file asks for one of two states."""
    ranges = {}
    for axis in "xy":
        state = names.get(axes.get(f"{axis}p", "").lower())
        low, high = number_at_start(axes.get(f"{axis}lo", "")), number_at_start(axes.get(f"{axis}hi", ""))
        if state is not None and low is not None and high is not None and low < high:
            ranges[state] = (low, high)
    return ranges
