"""``check``, ``run`` and ``convert``: XPPAUT's files, and models in the languages of other programs."""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import dynana as dn
from dynana.command_line import words
from dynana.errors import unknown

#: Languages of ``convert`` whose text needs no more than the model.
LANGUAGES: dict[str, Callable[[Any], Any]] = {
    "brian2": lambda system: dn.to_brian2(system),
    "julia": lambda system: dn.to_julia(system),
    "latex": lambda system: system.latex(),
    "matcont": lambda system: dn.to_matcont(system),
    "ode": lambda system: dn.to_ode(system),
    "python": lambda system: dn.to_python(system),
}
AUTO = "auto"
#: Rows that ``run`` writes at most.
MOST_ROWS = 10_000_000


def check(options: argparse.Namespace) -> None:
    """Print what was read from an ``.ode`` file, and every guess, repair and omission."""
    try:
        found = words.ode_file(options.file)
    except dn.FormatError as error:
        for note in error.report:
            print(f"  {note}")
        raise
    print(f"{options.file}: {found.system}")
    counts = Counter(note.kind for note in found.report)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    print(f"{len(found.report)} notes: {listed}" if counts else "no notes: read as it stands")
    for note in found.report:
        print(f"  {note}")
    for name, preset in found.presets.items():
        values = ", ".join(f"{key} = {value:g}" for key, value in preset.values.items())
        print(f"preset {name!r}: {values or 'settings only'}")
    run = found.run
    print(f"XPPAUT runs it for {run.total:g} with {run.method}, dt = {run.dt:g}")


def run(options: argparse.Namespace) -> None:
    """Run an ``.ode`` file as ``xppaut FILE.ode -silent`` does: rows of time, states and observables in a file."""
    path = Path(options.output)
    words.check_folder(path)
    found = words.ode_file(options.file)
    pairs = dict(words.pair(text, "-p NAME=VALUE") for text in options.values)
    system = found.at(options.preset) if options.preset else found.system
    system = system.at(**{name: words.number(value, f"-p {name}") for name, value in pairs.items()})
    settings = found.run
    times = _output_times(settings)
    trajectory: Any = dn.simulate(system, settings.span, times=times, **settings.options)
    print(trajectory)
    table = {"t": trajectory.t} | {name: trajectory[name] for name in system.states}
    if system.observables:
        observed = dn.observe(system, trajectory)
        table |= {name: observed[name] for name in system.observables}
    rows = np.column_stack(list(table.values()))
    np.savetxt(path, rows, fmt="%.10g", delimiter=" ", comments="")
    print(f"columns {', '.join(table)}: {path}")
    if trajectory.stop.reason != "finished":
        raise dn.DynanaError(f"{options.file}: the run ended early: {trajectory.stop}")


def _output_times(settings: Any) -> np.ndarray:
    """Return the times of XPPAUT's rows: every so many steps, after the transient."""
    step = settings.dt * settings.every
    count = math.floor(abs(settings.total / step) * (1 + 1e-12)) if step else 0
    if not 0 < count < MOST_ROWS:
        raise ValueError(
            f"total = {settings.total:g} with dt = {step:g} a row makes {count} rows: change @ total or dt"
        )
    times = settings.t0 + abs(step) * np.arange(count + 1)
    return np.asarray(times[times >= settings.t0 + settings.transient])


def convert(options: argparse.Namespace) -> None:
    """Write a model in the language of another program."""
    if options.language != AUTO and options.language not in LANGUAGES:
        raise ValueError(unknown("language", options.language, [AUTO, *LANGUAGES]))
    system = words.with_values(options)
    if options.language == AUTO:
        _convert_to_auto(system, options)
        return
    text = str(LANGUAGES[options.language](system))
    if options.output is None:
        print(text.rstrip("\n"))
        return
    path = Path(options.output)
    words.check_folder(path)
    path.write_text(text, encoding="utf-8")
    print(f"{options.language}: {path}")


def _convert_to_auto(system: Any, options: argparse.Namespace) -> None:
    if not options.over:
        raise ValueError("--to auto needs --over PARAMETER=LOW:HIGH, the parameter that varies and its range")
    form = "--over PARAMETER=LOW:HIGH"
    name, value = words.pair(options.over, form)
    files = dn.to_auto(system, name, words.interval(value, f"--over {name}", form, options.over))
    if options.output is None:
        print(str(files).rstrip("\n"))
        return
    for path in files.save(options.output):
        print(f"auto: {path}")
