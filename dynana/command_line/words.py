"""What is typed on the command line: models, values, ranges, files."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import dynana as dn
from dynana.errors import unknown

#: Formats of pictures, by the ending of the file's name.
PICTURES = (".png", ".pdf", ".svg")
#: Ending of XPPAUT's files, which are models too.
XPP = ".ode"


def add_settings(sub: argparse.ArgumentParser) -> None:
    """Add the option ``-p NAME=VALUE``."""
    sub.add_argument(
        "-p",
        metavar="NAME=VALUE",
        dest="values",
        action="append",
        default=[],
        help="value of a parameter, or initial value of a state (may be given several times)",
    )


def known_models() -> list[str]:
    """Return the names of all models of the library."""
    return [name for names in dn.models.FAMILIES.values() for name in names]


def model(name: str) -> Any:
    """Return the System that a name of the library or an ``.ode`` file stands for."""
    if name.endswith(XPP):
        found = ode_file(name)
        if found.report:
            notes = f"{len(found.report)} note{'s' * (len(found.report) != 1)}"
            print(f"dynana: {name}: {notes}, see `python -m dynana check {name}`", file=sys.stderr)
        return found.system
    if name not in known_models():
        hint = f" A file must end in {XPP}." if Path(name).exists() else ""
        raise ValueError(unknown("model", name, known_models()) + hint)
    return getattr(dn.models, name)


def ode_file(name: str) -> Any:
    """Return what `dynana.load_ode` reads from a file."""
    path = Path(name)
    if not path.is_file():
        raise ValueError(f"there is no file {name}")
    return dn.load_ode(path)


def title(options: argparse.Namespace) -> str:
    """Return the model and the values as typed."""
    return ", ".join([stem(options), *options.values])


def stem(options: argparse.Namespace) -> str:
    """Return the name of the model, without the folder and the ending of a file."""
    name = str(options.model)
    return Path(name).stem if name.endswith(XPP) else name


def pair(text: str, form: str) -> tuple[str, str]:
    """Split ``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not (equals and name.strip() and value.strip()):
        raise ValueError(f"expected {form}, not {text!r}")
    return name.strip(), value.strip()


def number(text: str, place: str) -> float:
    """Return a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{place}: {text!r} is not a finite number")
    return value


def interval(text: str, place: str, form: str, given: str) -> tuple[float, float]:
    """Return the two numbers of ``LOW:HIGH``."""
    low, colon, high = text.partition(":")
    if not colon:
        raise ValueError(f"expected {form}, not {given!r}")
    return number(low, place), number(high, place)


def with_values(options: argparse.Namespace) -> Any:
    """Return the model with the values given by ``-p``."""
    pairs = dict(pair(text, "-p NAME=VALUE") for text in options.values)
    return model(options.model).at(**{name: number(value, f"-p {name}") for name, value in pairs.items()})


def ranges(system: Any, given: list[str]) -> dict[str, tuple[float, float]]:
    """Return the ranges given by ``--range STATE=LOW:HIGH``."""
    form = "--range STATE=LOW:HIGH"
    found = {}
    for text in given:
        name, value = pair(text, form)
        found[system.state(name)] = interval(value, f"--range {name}", form, text)
    return found


def output(options: argparse.Namespace, what: str, formats: tuple[str, ...]) -> Path:
    """Return the file to write, checked before any work is done."""
    path = Path(options.output or f"{stem(options)}-{what}.png")
    if path.suffix not in formats:
        raise ValueError(f"-o {path}: the name must end in one of {', '.join(formats)}")
    check_folder(path)
    return path


def check_folder(path: Path) -> None:
    """Refuse a file in a folder that does not exist."""
    if not path.parent.is_dir():
        raise ValueError(f"-o {path}: there is no folder {path.parent}")


def write_picture(drawn: Any, path: Path, caption: str) -> None:
    """Save the figure that ``drawn`` (axes, or a collection of them) belongs to."""
    axes = drawn
    while not hasattr(axes, "figure"):
        axes = axes[0]
    axes.set_title(caption)
    axes.figure.savefig(path, dpi=120)
    print(f"picture: {path}")
