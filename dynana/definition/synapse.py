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
from dynana.definition.tracing import TIME, Condition, Symbolic, symbol
from dynana.errors import ModelError, unknown

#: The two cells of a synapse, as arguments of its function and as prefixes of the symbols of their quantities.
PRE, POST = "pre", "post"
#: The name of the time since a cell's last spike.
SINCE_SPIKE = "since_spike"


class Cell:
    """One of the two cells while a synapse is traced: ``pre.V`` is the symbol of a quantity of that cell."""

    __slots__ = ("_side",)
    _side: str

    def __init__(self, side: str) -> None:
        self._side = side

    def __getattr__(self, name: str) -> Symbolic:
        if name.startswith("_"):
            raise AttributeError(name)
        return Symbolic(quantity(self._side, name))

    def __repr__(self) -> str:
        return self._side


def quantity(side: str, name: str) -> sp.Symbol:
    """Return the symbol of a state, parameter or observable of one of the two cells."""
    return symbol(f"{side}.{name}")


def split(name: str) -> tuple[str, str] | None:
    """Return (side, name) of the name of a quantity of one of the two cells, None for any other name."""
    side, dot, own = name.partition(".")
    return (side, own) if dot else None


class _Event:
    """New values when one of the two cells has spiked."""

    __slots__ = ("to",)

    def __init__(self, to: Mapping[Any, Any]) -> None:
        if not to:
            raise ModelError(f"{type(self).__name__} changes nothing: give {{state: value}}.")
        self.to = dict(to)


class OnPre(_Event):
    """New values when the presynaptic spike arrives, ``dn.OnPre({x: x + 1})``; all read what was before.

    ``post.V`` may be among the keys: ``dn.OnPre({post.V: post.V + w})`` is a delta synapse.
    """

    __slots__ = ()


class OnPost(_Event):
    """New values when the postsynaptic cell spikes, ``dn.OnPost({w: w + a})``; all read what was before."""

    __slots__ = ()


class Into:
    """What a synapse adds to a parameter of its target: ``dn.Into("I", w * s)``; all synapses of a cell are summed.

    Without any event in the synapse this is a continuous coupling.
    """

    __slots__ = ("parameter", "value")

    def __init__(self, parameter: str, value: Any) -> None:
        self.parameter = rules.check_name(parameter, "parameter")
        self.value = value


class Clip:
    """Bounds within which states are kept after each step, ``dn.Clip({w: (0, w_max)})``."""

    __slots__ = ("bounds",)

    def __init__(self, bounds: Mapping[Any, tuple[Any, Any]]) -> None:
        self.bounds = dict(bounds)


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
    parts = _Parts(returned, name)
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


class _Parts:
    """What the function of a synapse returned, sorted."""

    def __init__(self, returned: Any, name: str) -> None:
        items = returned if isinstance(returned, tuple | list) else (returned,)
        self.derivatives: list[Any] = []
        self.on_pre: dict[Any, Any] = {}
        self.on_post: dict[Any, Any] = {}
        self.into: list[Into] = []
        self.clip: dict[Any, tuple[Any, Any]] = {}
        for item in items:
            if isinstance(item, OnPre | OnPost):
                self._add(self.on_pre if isinstance(item, OnPre) else self.on_post, item.to, type(item).__name__, name)
            elif isinstance(item, Into):
                self.into.append(item)
            elif isinstance(item, Clip):
                self._add(self.clip, item.bounds, "Clip", name)
            elif item is None or isinstance(item, Condition | Cell):
                raise ModelError(
                    f"{name} returns {item!r}: expected derivatives, then OnPre, OnPost, Into and Clip. "
                    "Is `return` missing?"
                )
            elif self.on_pre or self.on_post or self.into or self.clip:
                raise ModelError(
                    f"{name} returns a derivative after OnPre, OnPost, Into or Clip: derivatives come first."
                )
            else:
                self.derivatives.append(item)

    @staticmethod
    def _add(known: dict[Any, Any], more: Mapping[Any, Any], kind: str, name: str) -> None:
        for key, value in more.items():
            if any(_key(key) == _key(other) for other in known):
                raise ModelError(f"{name}: {kind} sets {_key(key)!r} twice.")
            known[key] = value


def _key(key: Any) -> str:
    expr = key.expr if isinstance(key, Symbolic) else key
    return str(expr.name if isinstance(expr, sp.Symbol) else expr)


def built(
    name: str,
    derivatives: Mapping[str, Any],
    parameters: Mapping[str, Any],
    initial: Mapping[str, Any],
    parts: _Parts,
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
        return {_target(k, derivatives, place): translate(v, f"{kind}, {_key(k)}") for k, v in given.items()}

    clip = {}
    for key, bounds in parts.clip.items():
        if _key(key) not in derivatives:
            raise ModelError(f"{name}: Clip: {unknown('state', _key(key), derivatives)}")
        try:
            low, high = bounds
        except (TypeError, ValueError):
            raise ModelError(
                f"{name}: Clip: the bounds of {_key(key)!r} are {bounds!r}: expected (low, high)."
            ) from None
        clip[_key(key)] = (translate(low, "Clip"), translate(high, "Clip"))
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
    name = _key(key)
    side = split(name)
    if side is not None and side[0] == PRE:
        raise ModelError(f"{place} sets {name}: a synapse acts on its target, post, and on its own states only.")
    if side is None and name not in states:
        raise ModelError(f"{place}: {unknown('state', name, states)}")
    return name
