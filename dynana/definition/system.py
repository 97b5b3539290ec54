"""`System`: a dynamical system as algebra, and nothing but algebra."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean

from dynana.definition import rules
from dynana.definition.construction import Pairs, content, initial_value, labelled, translated
from dynana.definition.derivatives import derivative
from dynana.definition.fingerprint import fingerprint
from dynana.definition.notes import Note
from dynana.definition.parts import Jump, Noise, Observe
from dynana.definition.singularities import regularise
from dynana.definition.steady_state import Steady, resolved_initial, steady_value
from dynana.definition.tracing import TIME, symbol
from dynana.definition.typeset import latex
from dynana.errors import unknown

__all__ = ["Jump", "Noise", "Observe", "System"]

Substitution = Mapping[sp.Basic, sp.Basic]


class System:
    """A system of ordinary differential equations with parameters, jump maps, noise and observables.

    Usually made by `dynana.model` from a function; this constructor takes sympy expressions directly. It is frozen:
    every method returns a new System or an expression.

    Parameters
    ----------
    derivatives : mapping of str or sympy.Symbol to expression
        The right-hand side of each state, in order. Symbols are matched by name; floats become exact rationals.
    parameters : mapping of str to float, optional
        Parameter values.
    initial : mapping of str to float or ``dn.steady``, optional
        Initial values; states that are missing start at 0.
    jumps, noise : iterable of Jump, Noise, optional
    observables : mapping of str to expression, optional
    name, doc : str, optional
    time : str, optional
        Unit of time.
    units : mapping of str to str, optional
        Units of states and parameters, for labels.
    ranges : mapping of str to (low, high), optional
        Default ranges of states, for phase planes and for the search of fixed points.
    wrap : mapping of str to float, optional
        Periods of states that are angles.

    Raises
    ------
    ModelError
        If a rule of definition is broken.
    """

    __slots__ = (
        "_initial",
        "_parameters",
        "_ranges",
        "_units",
        "_wrap",
        "derivatives",
        "doc",
        "jumps",
        "name",
        "noise",
        "observed",
        "states",
        "time",
    )
    name: str
    doc: str
    time: str | None
    states: tuple[str, ...]
    derivatives: tuple[sp.Expr, ...]
    jumps: tuple[Jump, ...]
    noise: tuple[Noise, ...]
    observed: tuple[tuple[str, sp.Expr], ...]
    _parameters: tuple[tuple[str, float], ...]
    _initial: tuple[tuple[str, float | Steady], ...]
    _units: Pairs
    _ranges: Pairs
    _wrap: Pairs

    def __init__(
        self,
        derivatives: Mapping[Any, Any],
        parameters: Mapping[Any, Any] | None = None,
        *,
        initial: Mapping[Any, Any] | None = None,
        jumps: Iterable[Jump] = (),
        noise: Iterable[Noise] = (),
        observables: Mapping[str, Any] | None = None,
        name: str = "system",
        doc: str = "",
        time: str | None = None,
        units: Mapping[str, str] | None = None,
        ranges: Mapping[str, tuple[float, float]] | None = None,
        wrap: Mapping[str, float] | None = None,
    ) -> None:
        made = content(name, derivatives, parameters or {}, initial or {}, jumps, noise, observables or {})
        names = (*made["states"], *(n for n, _ in made["_parameters"]))
        made |= {
            "doc": doc,
            "time": time,
            "_units": labelled(units, names, f"{name}: units", lambda _, unit: str(unit)),
            "_ranges": labelled(ranges, made["states"], f"{name}: ranges", rules.check_interval),
            "_wrap": labelled(wrap, made["states"], f"{name}: wrap", partial(rules.check_number, kind="period of")),
        }
        self.__setstate__(made)

    @classmethod
    def from_text(cls, text: str, *, name: str = "system") -> System:
        """Make a System of text such as ``dV/dt = (I - V)/tau``; `dynana.definition.text_statements` lists all."""
        from dynana.definition.text_model import system_arguments  # a parser that models in Python do not need

        return cls(**system_arguments(text), name=name)

    # -- plain content ---------------------------------------------------------------------------------------------

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
        """Initial values; a state declared ``dn.steady`` is at the steady state that the others imply."""
        return dict(resolved_initial(self))

    @property
    def given_initial(self) -> tuple[tuple[str, float | Steady], ...]:
        """Initial values as they were given, ``dn.steady`` among them."""
        return self._initial

    @property
    def observables(self) -> dict[str, sp.Expr]:
        """Named expressions that can be computed along a trajectory."""
        return dict(self.observed)

    @property
    def units(self) -> dict[str, str]:
        """Units of states and parameters."""
        return dict(self._units)

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Default ranges of states."""
        return dict(self._ranges)

    @property
    def wrap(self) -> dict[str, float]:
        """Periods of states that are angles."""
        return dict(self._wrap)

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Symbols of states and parameters by name."""
        return {n: symbol(n) for n in (*self.states, *self.parameters)}

    @property
    def autonomous(self) -> bool:
        """Whether the equations and jumps are free of explicit time."""
        return not any(e.has(TIME) for e in self.expressions())

    def state(self, name: str) -> str:
        """Return ``name`` if it is a state; otherwise raise ValueError with the nearest names."""
        if name not in self.states:
            raise ValueError(f"{self.name}: {unknown('state', name, self.states)}")
        return name

    def parameter(self, name: str) -> str:
        """Return ``name`` if it is a parameter; otherwise raise ValueError with the nearest names."""
        if name not in self.parameters:
            raise ValueError(f"{self.name}: {unknown('parameter', name, self.parameters)}")
        return name

    def expressions(self) -> list[sp.Basic]:
        """Return every expression of the system: derivatives, jumps, noise, observables."""
        parts: list[sp.Basic] = list(self.derivatives)
        for jump in self.jumps:
            parts += [jump.when, *jump.to.values(), *([] if jump.refractory is None else [jump.refractory])]
        for noise in self.noise:
            parts += noise.terms.values()
        return parts + [e for _, e in self.observed]

    # -- algebra ---------------------------------------------------------------------------------------------------

    @property
    def regular(self) -> tuple[sp.Expr, ...]:
        """The derivatives with removable singularities replaced by functions that are exact there."""
        return tuple(regularise(e)[0] for e in self.derivatives)

    @property
    def notes(self) -> tuple[Note, ...]:
        """Removable singularities, poles and kinks of all expressions, with their place."""
        varying = frozenset(symbol(n) for n in self.states) | {TIME}
        found: dict[Note, None] = {}
        for e in self.expressions():
            parts = [a for r in e.atoms(sp.Rel) for a in r.args] if isinstance(e, Boolean) else [e]
            for part in parts:
                found.update(dict.fromkeys(regularise(part, varying)[1]))
        return tuple(found)

    @property
    def fingerprint(self) -> str:
        """Hash of the structure (names and expressions); values stand beside it."""
        return fingerprint(self.states, self.parameters, self.derivatives, self.jumps, self.noise, self.observed)

    def at(self, **values: Any) -> System:
        """Return this system with other parameter values or initial values.

        Parameters
        ----------
        **values : float or ``dn.steady``
            By name of parameter or state; a state's value is its initial value.

        Raises
        ------
        ValueError
            For a name that is neither, with the nearest names.
        ModelError
            For a value that is not a finite number.
        """
        parameters, initial = dict(self._parameters), dict(self._initial)
        for name, value in values.items():
            if name in parameters:
                parameters[name] = rules.check_number(name, value, f"{self.name}: parameter")
            elif name in initial:
                initial[name] = initial_value(self.name, name, value)
            else:
                raise ValueError(f"{self.name}: {unknown('parameter or state', name, [*parameters, *initial])}")
        return self._with(_parameters=tuple(parameters.items()), _initial=tuple(initial.items()))

    def freeze(self, *names: str) -> System:
        """Return the system in which states (or time ``"t"``) have become parameters.

        A frozen state keeps its initial value as its parameter value; jump assignments and noise on it are dropped.
        """
        frozen = {n: self.initial[self.state(n)] for n in names if n != TIME.name}
        changes = {"_parameters": (*self._parameters, *frozen.items())}
        system = self._without(frozen, {}, changes)
        if TIME.name not in names:
            return system
        clock = "time" if "time" not in self.symbols else "time_"
        return system._substituted({TIME: symbol(clock)}, {"_parameters": (*system._parameters, (clock, 0.0))})

    def slave(self, *names: str) -> System:
        """Return the system in which states are replaced by their steady state, given the others.

        Raises
        ------
        ModelError
            If the equation of a state is not affine in that state.
        """
        system = self
        for name in names:
            root = steady_value(system, system.state(name))
            system = system._without({name: 0.0}, {symbol(name): root}, {})
        return system

    def substitute(self, expressions: Mapping[str, Any]) -> System:
        """Return the system with parameters replaced by expressions of time, states and other parameters.

        The names stay among the parameters, so that arrays of values keep their shape; nothing depends on them.
        """
        own = self.symbols
        put: dict[sp.Basic, sp.Basic] = {}
        for name, value in expressions.items():
            put[own[self.parameter(name)]] = translated(value, own, f"{self.name}: {name}")
        return self._substituted(put, {})

    def differentiate(self, *names: str) -> tuple[sp.Expr, ...]:
        """Return the partial derivative of every right-hand side by the named states or parameters, in turn."""
        rows = self.regular
        for name in names:
            if name not in self.symbols:
                raise ValueError(f"{self.name}: {unknown('state or parameter', name, self.symbols)}")
            rows = tuple(derivative(row, symbol(name)) for row in rows)
        return rows

    def jacobian(self) -> sp.Matrix:
        """Return the Jacobian, element (i, j) the derivative of the i-th right-hand side by the j-th state."""
        columns = [self.differentiate(name) for name in self.states]
        return sp.Matrix(len(self.states), len(self.states), lambda i, j: columns[j][i])

    def latex(self) -> str:
        """Return the equations, jumps and observables as LaTeX (an ``aligned`` environment)."""
        return latex(self)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __repr__(self) -> str:
        states = ", ".join(self.states) or "no states"
        counts = ((self._parameters, "parameter"), (self.jumps, "jump"), (self.noise, "noise term"))
        listed = ", ".join(f"{len(p)} {word}{'s' * (len(p) != 1)}" for p, word in counts if p)
        return f"<System {self.name}: {states}; {listed or 'no parameters'}>"

    # -- frozen, and yet copied with changes ------------------------------------------------------------------------

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"a System is frozen: {key!r} cannot be set. Use .at({key}=...) for a changed copy.")

    def __getstate__(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in self.__slots__}

    def __setstate__(self, content: Mapping[str, Any]) -> None:
        for key, value in content.items():
            object.__setattr__(self, key, value)

    def _with(self, **changes: Any) -> System:
        copy = object.__new__(System)
        copy.__setstate__({**self.__getstate__(), **changes})
        return copy

    def _substituted(self, replace: Substitution, changes: Mapping[str, Any]) -> System:
        """Return a copy with symbols replaced in every expression, then with ``changes``."""
        content = {
            "derivatives": tuple(e.xreplace(replace) for e in self.derivatives),
            "jumps": tuple(j.substituted(replace) for j in self.jumps),
            "noise": tuple(w.substituted(replace) for w in self.noise),
            "observed": tuple((n, e.xreplace(replace)) for n, e in self.observed),
        }
        return self._with(**{**content, **changes})

    def _without(self, names: Mapping[str, float], replace: Substitution, changes: Mapping[str, Any]) -> System:
        """Return a copy without some states: their equations, jump assignments and noise are dropped."""
        left = [i for i, n in enumerate(self.states) if n not in names]
        dropped: dict[str, Any] = {
            "states": tuple(self.states[i] for i in left),
            "derivatives": tuple(self.derivatives[i] for i in left),
            "jumps": tuple(j.without(names) for j in self.jumps if set(j.to) - set(names)),
            "noise": tuple(w.without(names) for w in self.noise if set(w.terms) - set(names)),
        }
        for key in ("_initial", "_ranges", "_wrap"):
            dropped[key] = tuple(pair for pair in getattr(self, key) if pair[0] not in names)
        return self._with(**dropped)._substituted(replace, changes)
