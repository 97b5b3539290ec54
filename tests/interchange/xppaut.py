"""XPPAUT as an oracle: runs it headless and compares what it says about a file with what `load_ode` makes of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.interchange.ode import OdeModel

EXECUTABLE = shutil.which("xppaut")
#: XPPAUT keeps its output in single precision.
SINGLE = 3e-6
#: Longest wait for one run.
PATIENCE = 60.0

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


def query(text: str, what: str) -> dict[str, float]:
    """Return parameters (``-qpars``) or initial values (``-qics``), names in lower case."""
    found = {}
    for line in run(with_settings(text), what).split("\n"):
        if line.strip() and not line.startswith("#"):
            name, value = line.split()
            found[name.lower()] = float(value)
    return found


def values(system: dn.System, expressions: list[sp.Expr]) -> Callable[[float, Array], Array]:
    """Return the values of expressions by numpy: none of our compiled code takes part."""
    symbols = system.symbols
    arguments = [sp.Symbol("t", real=True), *(symbols[n] for n in (*system.states, *system.parameters))]
    functions = {"logistic": lambda x: 0.5 * (1 + np.tanh(x / 2)), "minimum": np.minimum, "maximum": np.maximum}
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


def difference(model: OdeModel, text: str, steps: int = 200, folder: Path | None = None) -> tuple[float, str]:
    """Return the largest difference of a run, relative to the size of each state, and how it was found.

    Methods of fixed step are repeated step by step; all others are compared at tight tolerances. NaN if XPPAUT does
    not run the file.
    """
    system, settings = model.system, model.run
    count = max(1, min(steps, int(round(settings.total / abs(settings.dt)))))
    common: Mapping[str, object] = {"total": count * abs(settings.dt), "nout": 1, "njmp": 1, "trans": 0, "bound": 1e12}
    method = str(settings.options["method"])
    how = {"euler": "euler", "heun": "modeuler", "rk4": "rungekutta"}.get(method, "cvode")
    if how == "cvode" and system.jumps:
        method, how = "rk4", "rungekutta"
    theirs = rows(text, folder, **common, meth=how, tol=1e-9, atol=1e-10, dt=settings.dt)
    if theirs.shape[0] < 2:
        return np.nan, how
    if how == "cvode":
        start = np.array(list(system.initial.values()))
        span = float(theirs[0, 0]), float(theirs[-1, 0])
        right = values(system, list(system.derivatives))
        ours = solve_ivp(right, span, start, "LSODA", theirs[:, 0], rtol=1e-9, atol=1e-11).y.T
    else:
        ours = stepped(system, method, settings.t0, settings.dt, count)
    size = min(len(ours), len(theirs))
    n = len(ours[0]) - len(changed(model) & set(system.states))
    ours, theirs = ours[:size, :n], theirs[:size, 1 : n + 1]
    scale = np.maximum(np.nanmax(np.abs(theirs), axis=0), 1e-6)
    return float(np.nanmax(np.abs(ours - theirs) / scale)), how


def changed(model: OdeModel) -> set[str]:
    """Return the states that XPPAUT does not store: parameters that events change, and those that we added."""
    added = set(model.system.states) - set(model.names.values())
    return added | {note.text.split()[2] for note in model.report if "is changed by an event" in note.text}
