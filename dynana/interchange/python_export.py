"""A System as the source of a Python model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

from dynana.definition.parts import ITO, Jump, Noise
from dynana.definition.system import System
from dynana.definition.tracing import TIME, symbol
from dynana.interchange.expression_text import Writer
from dynana.interchange.languages import model_function, sympy_expressions
from dynana.interchange.names import Names

#: Width of lists of arguments in the source.
WIDTH = 116


def to_python(system: System) -> str:
    """Return Python source that defines a system.

    Executing it binds the name of the system to a System of the same fingerprint, values, units and ranges (the same
    fingerprint as long as sympy has evaluated its expressions, as in every model). The source
    is a function under ``@dn.model``. What a model function cannot give (parameters that nothing uses, choices between
    more than two values) is written as a call of `dynana.System` with sympy expressions instead.

    Parameters
    ----------
    system : System

    Returns
    -------
    str

    Raises
    ------
    ModelError
        If an expression contains what a model cannot call; the message names it.
    """
    expressions = system.expressions()
    used = {s.name for e in expressions for s in e.free_symbols}
    choices = {choice for e in expressions for choice in e.atoms(sp.Piecewise)}
    if used.issuperset(system.parameters) and all(map(_by_where, choices)):
        return _model_source(system)
    return _constructor_source(system)


def _by_where(choice: sp.Piecewise) -> bool:
    """Whether ``dn.where`` gives this very choice: of two values, with its condition in sympy's own form."""
    return len(choice.args) == 2 and sp.Piecewise(*choice.args) == choice


class _Parts:
    """The texts that both forms of the source are made of."""

    def __init__(self, system: System, library: str, *, traced: bool) -> None:
        own = [*system.states, *system.parameters, TIME.name]
        taken = Names([*own, system.name])
        self.dn, self.library = taken.new("dn"), taken.new(library)
        language = (model_function if traced else sympy_expressions)(self.dn, self.library)
        slopes = {n: taken.new(f"d{n}") for n in system.states}
        names = {symbol(n): n for n in own}
        writer = Writer(language, names, system.name, new_name=lambda: taken.new("part"))
        observed = system.observables
        texts = iter(writer.block([*system.derivatives, *observed.values(), *_jump_expressions(system)]))
        self.slopes = {slopes[n]: next(texts) for n in system.states}
        self.observed = {n: next(texts) for n in observed}
        self.jumps = [self._jump(jump, texts) for jump in system.jumps]
        self.noise = [self._noise(noise, texts) for noise in system.noise]
        self.shared = writer.lines
        everything = [
            *self.slopes.values(),
            *self.observed.values(),
            *self.jumps,
            *self.noise,
            *dict(self.shared).values(),
        ]
        self.needs_library = any(f"{self.library}(" in text for text in everything)
        given = {"time": system.time, "units": system.units, "ranges": system.ranges, "wrap": system.wrap}
        self.settings = {key: value for key, value in given.items() if value}

    def _jump(self, jump: Jump, texts: Any) -> str:
        when = next(texts)
        to = _mapping((n, next(texts)) for n in jump.to)
        parts = [f"when={when}", f"to={to}"]
        if jump.refractory is not None:
            parts.append(f"refractory={next(texts)}")
            if tuple(jump.hold) != tuple(n for n, e in jump.to.items() if not e.has(symbol(n))):
                parts.append(f"hold=({''.join(f'{n}, ' for n in jump.hold).strip()})")
        return f'{self.dn}.Jump({", ".join(parts)}, name="{jump.name}")'

    def _noise(self, noise: Noise, texts: Any) -> str:
        terms = _mapping((n, next(texts)) for n in noise.terms)
        calculus = "" if noise.calculus == ITO else f', calculus="{noise.calculus}"'
        return f"{self.dn}.Noise({terms}{calculus})"


def _jump_expressions(system: System) -> Iterable[Any]:
    for jump in system.jumps:
        yield jump.when
        yield from jump.to.values()
        if jump.refractory is not None:
            yield jump.refractory
    for noise in system.noise:
        yield from noise.terms.values()


def _model_source(system: System) -> str:
    parts = _Parts(system, "Fraction", traced=True)
    lines = [f"import dynana as {parts.dn}"]
    if parts.needs_library:
        alias = "" if parts.library == "Fraction" else f" as {parts.library}"
        lines = [f"from fractions import Fraction{alias}", "", *lines]
    options = [line for key, value in parts.settings.items() for line in _setting(key, value)]
    lines += ["", "", *([f"@{parts.dn}.model(", *options, ")"] if options else [f"@{parts.dn}.model"])]
    states = [f"{n}={_initial(value, parts.dn)}" for n, value in system.given_initial]
    values = [f"{n}={value!r}" for n, value in system.values.items()]
    timed = [] if system.autonomous else [TIME.name]
    lines += [f"def {system.name}(", *_wrapped([*timed, *states, *(["*"] if values else [])]), *_wrapped(values), "):"]
    lines += _docstring(system.doc)
    lines += [f"    {name} = {text}" for name, text in (*parts.shared, *parts.slopes.items())]
    returned = [*parts.slopes, *parts.jumps, *parts.noise]
    if parts.observed:
        returned.append(f"{parts.dn}.Observe({', '.join(f'{n}={text}' for n, text in parts.observed.items())})")
    return "\n".join([*lines, "    return (", *(f"        {item}," for item in returned), "    )", ""])


def _constructor_source(system: System) -> str:
    parts = _Parts(system, "sp", traced=False)
    names = [*system.states, *system.parameters, *([] if system.autonomous else [TIME.name])]
    lines = [f"import sympy as {parts.library}", "", f"import dynana as {parts.dn}", ""]
    lines += ["(", *_wrapped(names), f") = {parts.library}.symbols(", *_wrapped([repr(" ".join(names)), "real=True"])]
    lines += ["    seq=True,", ")", *(f"{name} = {text}" for name, text in parts.shared)]
    slopes = _mapping((repr(n), text) for n, text in zip(system.states, parts.slopes.values(), strict=True))
    initial = _mapping((repr(n), _initial(value, parts.dn)) for n, value in system.given_initial)
    given = [slopes, repr(system.values), f"initial={initial}"]
    given += [f"jumps=[{', '.join(parts.jumps)}]"] if parts.jumps else []
    given += [f"noise=[{', '.join(parts.noise)}]"] if parts.noise else []
    if parts.observed:
        given.append(f"observables={_mapping((repr(n), text) for n, text in parts.observed.items())}")
    given += [f"name={system.name!r}", f"doc={system.doc!r}"]
    given += [f"{key}={value!r}" for key, value in parts.settings.items()]
    return "\n".join([*lines, f"{system.name} = {parts.dn}.System(", *(f"    {item}," for item in given), ")", ""])


def _setting(key: str, value: Any) -> list[str]:
    """Return an argument of the decorator, a long dict on several lines."""
    line = f"    {key}={value!r},"
    if len(line) <= WIDTH or not isinstance(value, dict):
        return [line]
    entries = _wrapped([f"{name!r}: {entry!r}" for name, entry in value.items()])
    return [f"    {key}={{", *(f"    {entry}" for entry in entries), "    },"]


def _mapping(pairs: Iterable[tuple[str, str]]) -> str:
    return f"{{{', '.join(f'{key}: {value}' for key, value in pairs)}}}"


def _initial(value: Any, module: str) -> str:
    return repr(value) if isinstance(value, float) else f"{module}.steady"


def _wrapped(items: list[str]) -> list[str]:
    """Return arguments as lines, each followed by a comma."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) + 2 <= WIDTH:
            lines[-1] += f" {item},"
        else:
            lines.append(f"    {item},")
    return lines


def _docstring(doc: str) -> list[str]:
    if not doc.strip():
        return []
    if not doc.replace("\n", "").isprintable():
        return [f"    {doc!r}"]
    text = doc.replace("\\", "\\\\").replace('"""', r"\"\"\"")
    text = f'{text[:-1]}\\"' if text.endswith('"') else text
    first, *rest = text.split("\n")
    return (
        [f'    """{first}', *(f"    {line}".rstrip() for line in rest), '    """'] if rest else [f'    """{first}"""']
    )
