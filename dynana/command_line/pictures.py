"""``demo``, ``plane``, ``diagram`` and ``simulate``: a computation, its table, and a picture or a file."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import dynana as dn
from dynana.command_line import words

DEMO_SETTINGS = (
    ("1-spontaneous", {"mu_0": 0.0, "coh": 0.0}, "no stimulus: a spontaneous state between two memories of a choice"),
    ("2-no-evidence", {"mu_0": 30.0, "coh": 0.0}, "stimulus without evidence: only the two choices are left"),
    ("3-weak-evidence", {"mu_0": 30.0, "coh": 0.512}, "coherence 51.2 %: the separatrix has moved, 1 wins more often"),
    ("4-full-evidence", {"mu_0": 30.0, "coh": 1.0}, "coherence 100 %: one choice is left"),
)
"""The decision model's published settings: file name, parameters, what to see."""


def demo(options: argparse.Namespace) -> None:
    """Draw the phase planes of the decision model at its four published settings."""
    start = time.perf_counter()
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    model = words.model("wong_wang")
    print("The decision model of Wong & Wang (2006): the plane of its two gating variables at four settings.\n")
    for name, values, what in DEMO_SETTINGS:
        system = model.at(**values)
        portrait = dn.phase_portrait(system, S1=(0, 1), S2=(0, 1))
        setting = ", ".join(f"{key} = {value:g}" for key, value in values.items())
        print(f"{setting}: {what}\n{portrait}")
        words.write_picture(dn.plot.phase_portrait(portrait), folder / f"decision-{name}.png", setting)
        print()
    print(f"4 planes in {time.perf_counter() - start:.1f} s")


def plane(options: argparse.Namespace) -> None:
    """Draw nullclines and fixed points in a plane of two states, or the flow on a line."""
    system = words.with_values(options)
    ranges = _plane_ranges(system, options)
    output = words.output(options, "plane", words.PICTURES)
    title = words.title(options)
    if len(ranges) == 1:
        flow = dn.flow_portrait(system, ranges=ranges)
        print(flow)
        words.write_picture(dn.plot.flow_portrait(flow), output, title)
    else:
        portrait = dn.phase_portrait(system, ranges=ranges)
        print(portrait)
        words.write_picture(dn.plot.phase_portrait(portrait), output, title)


def _plane_ranges(system: Any, options: argparse.Namespace) -> dict[str, tuple[float, float]]:
    """Ranges of the states that span the plane: those given, else those of the model."""
    given = words.ranges(system, options.ranges)
    if options.x and options.x == options.y:
        raise ValueError(f"--x and --y are both {options.x}: a plane needs two different states")
    names = [name for name in (options.x, options.y) if name]
    names += [name for name in [*given, *system.states] if name not in names]
    axes = names[: min(2, len(system.states))]
    for name in axes:
        if system.state(name) not in given and name not in system.ranges:
            raise ValueError(f"{system.name} has no default range for {name}: give one with --range {name}=LOW:HIGH")
    return {name: given.get(name) or system.ranges[name] for name in axes}


def diagram(options: argparse.Namespace) -> None:
    """Compute the bifurcation diagram over a parameter: table, and picture or data."""
    system = words.with_values(options)
    low, high = (words.number(text, place) for text, place in ((options.low, "LOW"), (options.high, "HIGH")))
    state = system.state(options.y) if options.y else system.states[0]
    ranges = words.ranges(system, options.ranges)
    output = words.output(
        options, f"{system.parameter(options.parameter)}-diagram", (*words.PICTURES, ".csv", ".npz", ".dat")
    )
    made = dn.bifurcation_diagram(
        system, options.parameter, (low, high), ranges=ranges or None, cycles=not options.equilibria
    )
    print(made)
    if output.suffix == ".npz":
        print(f"result: {made.save(output)}")
    elif output.suffix == ".csv":
        print(f"table: {made.to_csv(output)}")
    elif output.suffix == ".dat":
        output.write_text(dn.to_xpp_diagram(made, state), encoding="ascii")
        print(f"points of {state} as XPPAUT writes them: {output}")
    else:
        words.write_picture(dn.plot.bifurcation_diagram(made, y=state), output, words.title(options))


def simulate(options: argparse.Namespace) -> None:
    """Run a model: trajectory as picture or data."""
    system = words.with_values(options)
    output = words.output(options, "trajectory", (*words.PICTURES, ".csv", ".npz"))
    trajectory: Any = dn.simulate(system, options.t)
    print(trajectory)
    if output.suffix == ".npz":
        print(f"result: {trajectory.save(output)}")
    elif output.suffix == ".csv":
        print(f"table: {trajectory.to_csv(output)}")
    else:
        words.write_picture(dn.plot.traces(trajectory), output, words.title(options))
