"""`load_ode`: models from XPP files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from dynana.definition.system import System
from dynana.errors import FormatError, ModelError, unknown
from dynana.interchange.ode_content import Statements
from dynana.interchange.ode_digits import without_leading_digits
from dynana.interchange.ode_lines import LARGEST_FILE, model_lines, read_file
from dynana.interchange.ode_report import Notes, OdeNote
from dynana.interchange.ode_settings import OdeRun, Preset, number_at_start, run_settings, shown_ranges
from dynana.interchange.ode_statements import statements
from dynana.interchange.ode_system import Assembly, refuse


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OdeModel:
    """A model that was read from an XPP file.

    Parameters
    ----------
    system : System
    presets : dict of str to Preset
        Named sets of values: ``model.at("hopf")``.
    run : OdeRun
        How XPPAUT would run it: ``dn.simulate(model.system, model.run.span, **model.run.options)``.
    axes : dict of str to str
        What XPPAUT would draw (``xp``, ``xlo``, ``parmin``, ...), as it is written.
    report : tuple of OdeNote
        Every guess, repair and omission, by line.
    names : dict of str to str
        Names of states and parameters in ``system``, by the file's names in lower case (XPP does not tell ``V`` from
        ``v``).
    """

    system: System
    presets: dict[str, Preset]
    run: OdeRun
    axes: dict[str, str]
    report: tuple[OdeNote, ...]
    names: dict[str, str]

    def at(self, preset: str) -> System:
        """Return the system with the values of a preset."""
        if preset not in self.presets:
            raise ValueError(f"{self.system.name}: {unknown('preset', preset, self.presets)}")
        return self.system.at(**self.presets[preset].values)

    def __repr__(self) -> str:
        return f"<OdeModel {self.system!r}, {len(self.presets)} presets, {len(self.report)} notes>"


def load_ode(source: str | PathLike[str]) -> OdeModel:
    r"""Read a model from an XPP file (``.ode``).

    Nothing in the file is executed, and nothing outside its folder is read.

    Parameters
    ----------
    source : path or str
        A file, or the text of one (a string with an ``=`` and a line break or no such file).

    Returns
    -------
    OdeModel
        With the System, named sets of values, run settings, and a report of everything that was guessed, repaired or
        left out.

    Raises
    ------
    FormatError
        With line and column, where a line cannot be read or has a construct that is refused (delays, boundary values,
        implicit and integral equations, maps, Markov variables, shared libraries); its ``report`` holds the notes.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import dynana as dn
    >>> model = dn.load_ode("v' = (i - v)/tau\npar i=1, tau=10\nglobal 1 v-0.5 {v=0}\ndone")
    >>> model.system
    <System model: v; 2 parameters, 1 jump>
    """
    if isinstance(source, str) and ("\n" in source or "\r" in source or ("=" in source and not Path(source).exists())):
        return _loaded(source, None, "model")
    path = Path(source)
    return _loaded(read_file(path, None), path.parent, path.stem)


def _loaded(text: str, folder: Path | None, title: str) -> OdeModel:
    if len(text) > LARGEST_FILE:
        raise FormatError(f"the text has {len(text)} characters, more than {LARGEST_FILE}.", line=1, column=1)
    notes = Notes()
    try:
        lines, digits = without_leading_digits(model_lines(text, folder, notes), notes)
        found = statements(lines, notes)
        run, axes = run_settings(found.options, notes)
        refuse(found, run, notes)
        assembly = Assembly(found, run, folder, notes)
        ranges = shown_ranges(axes, {n: assembly.names[n] for n in found.states})
        system = assembly.system(_legal_title(title), _header(text), ranges)
    except ModelError as error:
        raise FormatError(str(error), line=1, column=1, report=tuple(notes)) from error
    except FormatError as error:
        error.report = tuple(notes)
        raise
    presets = _presets(found, assembly.names, notes)
    if system.noise and run.method != "euler":
        notes.add(
            0, "reading", f"with noise the run is made by Euler's method with dt = {run.dt:g}, not by {run.method}."
        )
        run = replace(run, method="euler")
    names = {digits.get(name, name): here for name, here in assembly.names.items()}
    return OdeModel(system=system, presets=presets, run=run, axes=axes, report=tuple(notes), names=names)


def _legal_title(title: str) -> str:
    name = re.sub(r"\W", "_", title, flags=re.ASCII)[:50]
    return name if name[:1].isalpha() and not name.startswith("_") else f"model_{name.strip('_') or 'x'}"


def _header(text: str) -> str:
    """Return the comment with which a file begins."""
    lines = []
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            break
        lines.append(line.strip().lstrip("#").strip())
    return "\n".join(lines).strip()


def _presets(found: Statements, names: Mapping[str, str], notes: Notes) -> dict[str, Preset]:
    """Return the presets by name, with values told from settings."""
    presets: dict[str, Preset] = {}
    for preset in found.presets:
        values, settings = {}, {}
        for key, text in preset.settings.items():
            number = number_at_start(text)
            if key in names and number is not None:
                values[names[key]] = number
            else:
                settings[key] = text
        name = preset.name
        while name in presets:
            name += "'"
        if name != preset.name:
            notes.add(preset.line, "renamed", f"the preset {preset.name!r} is there already; this one is {name!r}.")
        presets[name] = replace(preset, name=name, values=values, settings=settings)
    return presets
