"""XPPAUT as an oracle: runs it headless and compares what it says about a file with what `load_ode` makes of it."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.special import erf, erfc, gammaln, polygamma

import dynana as dn
from dynana.interchange.ode import OdeModel

EXECUTABLE = shutil.which("xppaut")
#: XPPAUT keeps its output in single precision.
SINGLE = 3e-6
#: Longest wait for one run.
PATIENCE = 60.0
#: Relative difference of two runs that agree: XPPAUT's output has single precision.
AGREEMENT = 1e-5
#: Steps compared; how many at least where XPPAUT's own result depends on its steps.
STEPS, FEW = 200, 20
#: How much smaller the steps of finer runs are; how far initial values are moved.
FINER, MOVED = 100, 1e-13

Array = NDArray[np.float64]


def with_settings(text: str, **settings: object) -> str:
    """Return a file with options set at its end, where they override earlier ones.

    Named sets (XPPAUT runs all of them instead of the file) and the choice of what is stored are taken out.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    end = next(
        (k for k, line in enumerate(lines) if re.fullmatch(r"\s*(d|done\b.*|dobe)\s*", line, re.IGNORECASE)), len(lines)
    )
    kept = [line for line in lines[:end] if not re.match(r"\s*(set|only)\s", line, re.IGNORECASE)]
    options = [f"@ {name}={value}" for name, value in settings.items()]
    return "\n".join([*kept, *options, "done", ""])


def run(text: str, *arguments: str, folder: Path | None = None) -> str:
    """Return what XPPAUT writes for a file given as text (its output file); empty if it fails."""
    with tempfile.TemporaryDirectory() as place:
        for other in folder.iterdir() if folder is not None else ():
            if other.is_file() and other.stat().st_size < 1_000_000 and other.suffix not in (".c", ".h", ".gif"):
                shutil.copy(other, place)
        (Path(place) / "model.ode").write_text(text)
        out = Path(place) / "out.txt"
        command = [str(EXECUTABLE), "model.ode", *(arguments or ("-silent",)), "-outfile", "out.txt"]
        try:
            subprocess.run(command, cwd=place, capture_output=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            return ""
        return out.read_text(errors="replace") if out.exists() else ""


def run_ready(text: str, folder: Path) -> str:
    """Return a file with included files put in, so that it needs no folder."""
    return re.sub(r"(?m)^#include\s+(\S+)\s*$", lambda m: (folder / m[1]).read_text().partition("#done")[0], text)


def rows(text: str, folder: Path | None = None, **settings: object) -> Array:
    """Return the output of a run: time, states, auxiliary quantities; no rows if XPPAUT fails."""
    lines = run(with_settings(text, **settings), folder=folder).split("\n")
    numbers = [line.split() for line in lines if line.strip()]
    if not numbers:
        return np.empty((0, 0))
    return np.array([row for row in numbers if len(row) == len(numbers[0])], dtype=float)


def query(text: str, what: str, folder: Path | None = None) -> dict[str, float]:
    """Return parameters (``-qpars``) or initial values (``-qics``), names in lower case."""
    found = {}
    for line in run(with_settings(text), what, folder=folder).split("\n"):
        if line.strip() and not line.startswith("#"):
            name, value = line.split()
            found[name.lower()] = float(value)
    return found


def values(system: dn.System, expressions: list[sp.Expr]) -> Callable[[float, Array], Array]:
    """Return the values of expressions by numpy: none of our compiled code takes part."""
    symbols = system.symbols
    arguments = [sp.Symbol("t", real=True), *(symbols[n] for n in (*system.states, *system.parameters))]
    functions = {"logistic": lambda x: 0.5 * (1 + np.tanh(x / 2)), "minimum": np.minimum, "maximum": np.maximum}
    functions |= {"erf": erf, "erfc": erfc, "lgamma": lambda x, n: polygamma(n - 1, x) if n else gammaln(x)}
    function = sp.lambdify(arguments, expressions, [functions, "numpy"], cse=True)
    given = list(system.values.values())

    def evaluated(t: float, y: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.array(function(t, *y, *given), dtype=float)

    return evaluated


def step(f: Callable[[float, Array], Array], method: str, t: float, y: Array, dt: float) -> Array:
    """Return the state after one step of a method that XPPAUT has, too."""
    a = f(t, y)
    if method == "euler":
        return y + dt * a
    if method == "heun":
        return y + dt / 2 * (a + f(t + dt, y + dt * a))
    b = f(t + dt / 2, y + dt / 2 * a)
    c = f(t + dt / 2, y + dt / 2 * b)
    return y + dt / 6 * (a + 2 * b + 2 * c + f(t + dt, y + dt * c))


def _comparison(when: sp.Basic) -> sp.Rel:
    """Return the comparison that an event names; beside it may stand that it has been left before.

    A state of the model that rises through 0 cannot have been above it before, so that the second part never decides.
    """
    parts = when.args if isinstance(when, sp.And) else (when,)
    return next(part for part in parts if not any(s.name.startswith("armed") for s in part.free_symbols))


def stepped(system: dn.System, method: str, t: float, dt: float, count: int) -> Array:
    """Return the states after each step, with jumps as XPPAUT makes them.

    A condition is tested at the ends of steps; time and state of a crossing are interpolated linearly, and the rest of
    the step follows from there. Cascades of jumps within one crossing are not repeated here.
    """
    f = values(system, list(system.derivatives))
    jumps = [jump for jump in system.jumps if not all(n.startswith("armed") for n in jump.to)]
    comparisons = [_comparison(jump.when) for jump in jumps]
    guards = values(system, [c.lhs - c.rhs for c in comparisons]) if jumps else None
    rising = np.array([isinstance(c, sp.StrictGreaterThan) for c in comparisons])
    maps = [values(system, [j.to.get(n, system.symbols[n]) for n in system.states]) for j in jumps]
    y = np.array(list(system.initial.values()))
    found = [y]
    for _ in range(count):
        rest = dt
        for _ in range(len(maps) + 3):
            new = step(f, method, t, y, rest)
            if guards is None:
                t, y = t + rest, new
                break
            before, after = guards(t, y), guards(t + rest, new)
            crossed = np.where(rising, (before < 0) & (after > 0), (before > 0) & (after <= 0))
            if not crossed.any():
                t, y = t + rest, new
                break
            shares = np.where(crossed, before / np.where(before == after, 1, before - after), 2.0)
            share = (1 + 1e-10) * shares.min()
            t, y = t + share * rest, y + share * (new - y)
            for k in np.flatnonzero(shares <= share):
                y = maps[k](t, y)
            rest = (1 - share) * dt
        found.append(y)
    return np.array(found)


def trajectories(
    model: OdeModel, text: str, steps: int = 200, folder: Path | None = None, finer: int = 1
) -> tuple[Array, Array, str]:
    """Return the states along our run and along XPPAUT's (no rows if XPPAUT does not run the file), and the method.

    Methods of fixed step are repeated step by step; all others are compared at tight tolerances. ``finer`` divides the
    steps of the former; for the latter, more than 1 means XPPAUT's most accurate method at its tightest tolerances.
    """
    system, settings = model.system, model.run
    count = max(1, min(steps, int(round(settings.total / abs(settings.dt)))))
    common: dict[str, object] = {"total": count * abs(settings.dt), "nout": 1, "njmp": 1, "trans": 0, "bound": 1e12}
    method = str(settings.options["method"])
    how = {"euler": "euler", "heun": "modeuler", "rk4": "rungekutta"}.get(method, "cvode")
    if how == "cvode" and system.jumps:
        method, how = "rk4", "rungekutta"
    dt, tolerance = settings.dt, 1e-9
    if how != "cvode":
        dt, common = settings.dt / finer, {**common, "nout": finer, "njmp": finer}
    elif finer > 1:
        how, tolerance = "8", 1e-12
    theirs = rows(text, folder, **common, meth=how, tol=tolerance, atol=tolerance / 10, dt=dt)
    if theirs.shape[0] < 2:
        return np.empty((0, 0)), np.empty((0, 0)), how
    if how in ("cvode", "8"):
        start = np.array(list(system.initial.values()))
        span = float(theirs[0, 0]), float(theirs[-1, 0])
        right, solver = values(system, list(system.derivatives)), "LSODA" if how == "cvode" else "DOP853"
        ours = solve_ivp(right, span, start, solver, theirs[:, 0], rtol=tolerance, atol=tolerance / 100).y.T
    else:
        ours = stepped(system, method, settings.t0, dt, count * finer)[::finer]
    size = min(len(ours), len(theirs))
    shown = shown_states(model, text, folder)
    return ours[:size, list(shown.values())], theirs[:size, [1 + column for column in shown]], how


def shown_states(model: OdeModel, text: str, folder: Path | None) -> dict[int, int]:
    """Return the places of states in our run, by their column in XPPAUT's.

    XPPAUT makes variables of equations that are commented out with %, and does not store states that we added.
    """
    listed = list(query(text, "-qics", folder))
    here = [name for name in model.names if model.names[name] in set(model.system.states) - changed(model)]
    return {listed.index(name): model.system.states.index(model.names[name]) for name in here}


def distance(first: Array, second: Array) -> Array:
    """Return by how much two runs differ at each row, relative to the size of each state in the second.

    Where only one of them is finite they differ infinitely.
    """
    size = min(len(first), len(second))
    if not size:
        return np.array([np.nan])
    first, second = first[:size], second[:size]
    scale = np.max(np.abs(second), axis=0, where=np.isfinite(second), initial=1e-6)
    apart = np.abs(first - second) / scale
    apart[np.isnan(first) & np.isnan(second) | (first == second)] = 0.0
    return np.asarray(np.max(np.where(np.isnan(apart), np.inf, apart), axis=1, initial=0.0))


def difference(model: OdeModel, text: str, steps: int = 200, folder: Path | None = None) -> tuple[float, str]:
    """Return the largest difference of a run, and how it was made. NaN if XPPAUT does not run the file."""
    ours, theirs, how = trajectories(model, text, steps, folder)
    return float(distance(ours, theirs).max()), how


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether XPPAUT and we agree on a file: None if XPPAUT does not run it; and why."""

    agrees: bool | None
    why: str


def verdict(model: OdeModel, text: str, folder: Path) -> Verdict:
    """Return whether a run of a file agrees with XPPAUT's, as far as XPPAUT's own result does not depend on its steps.

    Where runs with the settings of the file part, both are made with finer steps (or, for adaptive methods, at the
    tightest tolerances). The file agrees if these do, or if the difference goes away in proportion to the step. If
    they part as well, the file is sensitive: then the two must agree for as long as XPPAUT agrees with its own finer
    run, and with one from initial values that differ in the last digits.
    """
    ours, theirs, how = trajectories(model, text, STEPS, folder)
    if not len(ours):
        return Verdict(None, "XPPAUT does not run it")
    coarse = distance(ours, theirs)
    if coarse.max() < AGREEMENT:
        return Verdict(True, how)
    fine_ours, fine_theirs, fine_how = trajectories(model, text, STEPS, folder, finer=FINER)
    fine = distance(fine_ours, fine_theirs)
    found = f"{how}: {coarse.max():.1e}"
    if fine.max() < AGREEMENT:
        return Verdict(True, f"{found}; run finer ({fine_how}) {fine.max():.1e}")
    if fine.max() < coarse.max() / (FINER / 2):
        return Verdict(True, f"{found}; falls in proportion to the step, to {fine.max():.1e}")
    _, moved, _ = trajectories(model, _moved(model, text), STEPS, folder)
    same = np.maximum(distance(theirs, fine_theirs), distance(theirs, moved)) < AGREEMENT / 10
    until = len(same) if same.all() else int(np.argmin(same))
    agrees = until > FEW and coarse[:until].max() < AGREEMENT
    return Verdict(
        agrees,
        f"{found}; XPPAUT parts from itself, run finer or moved by {MOVED}, after {until} steps, "
        + ("until when both agree" if agrees else f"where both differ by {coarse[:until].max(initial=0.0):.1e}"),
    )


def _moved(model: OdeModel, text: str) -> str:
    """Return the file with initial values moved by a little, each by another amount."""
    body = with_settings(text).rpartition("done")[0]
    here = [name for name in model.names if model.names[name] in set(model.system.states) - changed(model)]
    values = {name: model.system.initial[model.names[name]] for name in here}
    lines = [f"{n}(0)={v + MOVED * math.sin(k + 1) * (1 + abs(v))!r}" for k, (n, v) in enumerate(values.items())]
    return "\n".join([body, *lines, "done", ""])


def changed(model: OdeModel) -> set[str]:
    """Return the states that XPPAUT does not store: parameters that events change, and those that we added."""
    added = set(model.system.states) - set(model.names.values())
    return added | {note.text.split()[2] for note in model.report if "is changed by an event" in note.text}
