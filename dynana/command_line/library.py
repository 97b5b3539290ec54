"""``list`` and ``info``: the models of the library, and what is in a model."""

from __future__ import annotations

import argparse
from typing import Any

import dynana as dn
from dynana.command_line.words import XPP, known_models, model


def list_models(options: argparse.Namespace) -> None:
    """Print the names of all models, family by family."""
    width = max(map(len, known_models()))
    for family, names in dn.models.FAMILIES.items():
        print(f"{family.replace('_', ' ')}:")
        for name in names:
            print(f"  {name:<{width}}  {_variant(name, model(name)) or model(name).doc.strip().splitlines()[0]}")


def _variant(name: str, system: Any) -> str:
    """In what a model that is a variant of another differs from it; empty for a model of its own."""
    if name == system.name or name.endswith(XPP):
        return ""
    base = model(system.name)
    differing = [f"{key} = {value:.6g}" for key, value in system.values.items() if value != base.values[key]]
    return f"{system.name} with {', '.join(differing)}" if differing else f"another name of {system.name}"


def info(options: argparse.Namespace) -> None:
    """Print equations, parameters, units and source of a model."""
    system = model(options.model)
    unit_of = system.units
    variant = _variant(options.model, system)
    print(f"{options.model}: {f'{variant}.{chr(10)}{system.name}: ' if variant else ''}{system.doc.strip()}\n")
    _equations(system)
    print("\nStates")
    for name, value in system.initial.items():
        low_high = system.ranges.get(name)
        shown = f", shown from {low_high[0]:g} to {low_high[1]:g}" if low_high else ""
        print(f"  {name} starts at {value:.6g} {unit_of.get(name, '')}".rstrip() + shown)
    print("\nParameters")
    width = max((len(name) for name in system.parameters), default=0)
    for name, value in system.values.items():
        print(f"  {name:<{width}} = {value:.10g} {unit_of.get(name, '')}".rstrip())
    if system.notes:
        print("\nNotes")
        for note in system.notes:
            print(f"  {note}")


def _equations(system: Any) -> None:
    unit = f" (time in {system.time})" if system.time else ""
    print(f"Equations{unit}")
    for name, derivative in zip(system.states, system.derivatives, strict=True):
        print(f"  d{name}/dt = {derivative}")
    for jump in system.jumps:
        assignments = ", ".join(f"{name} -> {value}" for name, value in jump.to.items())
        hold = f", {' and '.join(jump.hold)} held for {jump.refractory}" if jump.refractory is not None else ""
        print(f"  {jump.name}: when {jump.when}: {assignments}{hold}")
    for noise in system.noise:
        print(f"  noise: {', '.join(f'{amplitude} on {name}' for name, amplitude in noise.terms.items())}")
