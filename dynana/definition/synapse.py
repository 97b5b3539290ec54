"""`Synapse`: what happens between two cells, written for one connection as in a book."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, overload

import sympy as sp

from dynana.definition import rules
from dynana.definition.construction import initial_value, translated
from dynana.definition.signature import Function, declared, traced
from dynana.definition.steady_state import Steady
from dynana.definition.synapse_parts import POST, PRE, Cell, Clip, Into, OnPost, OnPre, Parts, key_name, split
from dynana.definition.tracing import TIME, Symbolic, symbol
from dynana.errors import ModelError, unknown

__all__ = ["Clip", "Into", "OnPost", "OnPre", "Synapse", "synapse"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Synapse:
    """The equations of one connection between two cells; usually made by `synapse` from a function.

    Expressions contain its own states and parameters, and quantities of the two cells as symbols ``pre.V``, ``post.V``.

    Attributes
    ----------
    name, doc : str
    states : tuple of str
    derivatives : tuple of sympy.Expr
    on_pre, on_post : dict of str to sympy.Expr
        New values by name of state, or ``post.V`` for a state of the target.
    into : tuple of (str, sympy.Expr)
        Parameter of the target and what is added to it.
    clip : dict of str to (sympy.Expr, sympy.Expr)
    time : str or None
        Unit of time.
    """

    name: str
    doc: str
    states: tuple[str, ...]
    derivatives: tuple[sp.Expr, ...]
    on_pre: dict[str, sp.Expr]
    on_post: dict[str, sp.Expr]
    into: tuple[tuple[str, sp.Expr], ...]
    clip: dict[str, tuple[sp.Expr, sp.Expr]]
    time: str | None
    _parameters: tuple[tuple[str, float], ...]
    _initial: tuple[tuple[str, float], ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, in order."""
        return tuple(n for n, _ in self._parameters)

    @property
    def values(self) -> dict[str, float]:
        """Values of the parameters."""
        return dict(self._parameters)

    @property
    def initial(self) -> dict[str, float]:
        """Initial values of the states."""
        return dict(self._initial)

    def expressions(self) -> list[sp.Expr]:
        """Return every expression of the synapse."""
        bounds = [e for pair in self.clip.values() for e in pair]
        return [*self.derivatives, *self.on_pre.values(), *self.on_post.values(), *(e for _, e in self.into), *bounds]

    def quantities(self, side: str) -> tuple[str, ...]:
        """Return the names of the quantities of the presynaptic or postsynaptic cell that are read or set."""
        read = {s.name for e in self.expressions() for s in e.free_symbols} | set(self.on_pre) | set(self.on_post)
        parts = [split(name) for name in sorted(read)]
        return tuple(part[1] for part in parts if part is not None and part[0] == side)

    def at(self, **values: Any) -> Synapse:
        """Return this synapse with other parameter values or initial values.

        Raises
        ------
        ValueError
            For a name that is neither a parameter nor a state, with the nearest names.
        """
        parameters, initial = dict(self._parameters), dict(self._initial)
        for name, value in values.items():
            if name in parameters:
                parameters[name] = rules.check_number(name, value, f"{self.name}: parameter")
            elif name in initial:
                initial[name] = rules.check_number(name, value, f"{self.name}: initial value of")
            else:
                raise ValueError(f"{self.name}: {unknown('parameter or state', name, [*parameters, *initial])}")
        return replace(self, _parameters=tuple(parameters.items()), _initial=tuple(initial.items()))

    def __repr__(self) -> str:
        states = ", ".join(self.states) or "no states"
        into = ", ".join(dict.fromkeys(p for p, _ in self.into))
        targets = [*([into] if into else []), *(n for n in self.on_pre if split(n))]
        return f"<Synapse {self.name}: {states}; acts on {', '.join(targets) or 'nothing'}>"


@overload
def synapse(function: Function, /) -> Synapse: ...
@overload
def synapse(*, time: str | None = None) -> Callable[[Function], Synapse]: ...
def synapse(function: Function | None = None, /, *, time: str | None = None) -> Synapse | Callable[[Function], Synapse]:
    """Make a Synapse of a function that returns derivatives and what the synapse does.

    Positional arguments with defaults are states with their initial values, keyword-only arguments are parameters with
    their values; ``pre`` and ``post``, without a value, are the two cells, any state, parameter or observable of which
    can be named (``post.V``). ``pre.since_spike`` is the time since the last spike that has arrived. The function
    returns the derivatives in the order of the states, then any `OnPre`, `OnPost`, `Into` and `Clip`.

    Parameters
    ----------
    time : str, optional
        Unit of time.

    Returns
    -------
    Synapse

    Raises
    ------
    ModelError
        If a rule of definition is broken; the message quotes the line.

    Examples
    --------
    >>> import dynana as dn
    >>> @dn.synapse
    ... def exponential(s=0.0, *, pre, post, w=1.0, tau=8.0):
    ...     return -s / tau, dn.OnPre({s: s + 1}), dn.Into("I", w * s)
    """
    if function is None:
        return lambda f: _trace(f, time)
    return _trace(function, time)


def _trace(function: Function, time: str | None) -> Synapse:
    name = function.__name__
    initial, values, timed = declared(function, references=(PRE, POST))
    arguments: dict[str, Any] = {n: Symbolic(symbol(n)) for n in (*initial, *values)}
    arguments |= {PRE: Cell(PRE), POST: Cell(POST)}
    if timed:
        arguments[TIME.name] = Symbolic(TIME)
    given = inspect.signature(function).parameters
    returned = traced(function, {n: a for n, a in arguments.items() if n in given})
    parts = Parts(returned, name)
    if len(parts.derivatives) != len(initial):
        raise ModelError(
            f"{name} has {len(initial)} state(s) ({', '.join(initial) or 'none'}) but returns "
            f"{len(parts.derivatives)} derivative(s): return one for each state, in the same order."
        )
    made = built(name, dict(zip(initial, parts.derivatives, strict=True)), values, initial, parts, time)
    made = replace(made, doc=inspect.getdoc(function) or "")
    unused = [n for n in values if n not in {s.name for e in made.expressions() for s in e.free_symbols}]
    rules.check_used(unused, made.expressions(), name)
    return made


def built(
    name: str,
    derivatives: Mapping[str, Any],
    parameters: Mapping[str, Any],
    initial: Mapping[str, Any],
    parts: Parts,
    time: str | None = None,
) -> Synapse:
    """Return a checked Synapse in its own symbols."""
    rules.check_name(name, "synapse")
    names = [*derivatives, *parameters]
    for own in names:
        rules.check_name(own, "state or parameter")
    rules.check_distinct(names, name)
    own_symbols = {n: symbol(n) for n in names}

    def translate(value: Any, place: str) -> Any:
        expr = value.expr if isinstance(value, Symbolic) else value
        cells = {s.name: s for s in getattr(expr, "free_symbols", ()) if split(s.name)}
        return translated(value, own_symbols | cells, f"{name}: {place}")

    def events(given: Mapping[Any, Any], kind: str) -> dict[str, sp.Expr]:
        place = f"{name}: {kind}"
        return {_target(k, derivatives, place): translate(v, f"{kind}, {key_name(k)}") for k, v in given.items()}

    clip = {}
    for key, bounds in parts.clip.items():
        if key_name(key) not in derivatives:
            raise ModelError(f"{name}: Clip: {unknown('state', key_name(key), derivatives)}")
        try:
            low, high = bounds
        except (TypeError, ValueError):
            raise ModelError(
                f"{name}: Clip: the bounds of {key_name(key)!r} are {bounds!r}: expected (low, high)."
            ) from None
        clip[key_name(key)] = (translate(low, "Clip"), translate(high, "Clip"))
    for key, value in initial.items():
        if isinstance(initial_value(name, key, value), Steady):
            raise ModelError(f"{name}: the initial value of {key!r} is dn.steady: synapses start from numbers.")
    return Synapse(
        name=name,
        doc="",
        states=tuple(derivatives),
        derivatives=tuple(translate(e, f"d{n}/dt") for n, e in derivatives.items()),
        on_pre=events(parts.on_pre, "OnPre"),
        on_post=events(parts.on_post, "OnPost"),
        into=tuple((i.parameter, translate(i.value, f"Into {i.parameter}")) for i in parts.into),
        clip=clip,
        time=time,
        _parameters=tuple((n, rules.check_number(n, v, f"{name}: parameter")) for n, v in parameters.items()),
        _initial=tuple((n, float(initial.get(n, 0.0))) for n in derivatives),
    )


def _target(key: Any, states: Iterable[str], place: str) -> str:
    """Return the name of what an event sets: a state of the synapse or of the target."""
    name = key_name(key)
    side = split(name)
    if side is not None and side[0] == PRE:
        raise ModelError(f"{place} sets {name}: a synapse acts on its target, post, and on its own states only.")
    if side is not None and place.endswith("OnPost"):
        raise ModelError(f"{place} sets {name}: what a cell's own spike does to it belongs into the jump of its model.")
    if side is None and name not in states:
        raise ModelError(f"{place}: {unknown('state', name, states)}")
    return name
