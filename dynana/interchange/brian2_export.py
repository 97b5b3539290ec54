"""A System as Brian2 equations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import sympy as sp

from dynana.definition.parts import ITO, STRATONOVICH, Jump
from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import TIME, symbol
from dynana.errors import ModelError
from dynana.interchange.expression_text import Writer
from dynana.interchange.languages import BRIAN
from dynana.interchange.names import Names, renamed
from dynana.interchange.plain_events import drift, in_order

#: Units of time that Brian2 knows under the names that models use; others count as milliseconds.
TIME_UNITS = {"s": "second", "ms": "ms", "us": "us"}
#: Names with a meaning in Brian2's equations.
RESERVED = (
    "t dt i j N t_in_timesteps xi lastspike not_refractory refractory refractory_until pi e inf abs arccos arcsin "
    "arctan ceil clip cos cosh exp expm1 exprel floor int log log10 log1p poisson rand randn sign sin sinh sqrt tan "
    "tanh timestep Hz kHz MHz kelvin kilogram kilogramme mA nA pA uA mM nM uM mV nF pF uF nS uS ms us cm mm um group "
    "and or not True False"
).split()
_UNIT = re.compile(
    "xi_.*|(da|[yzafpnumcdhkMGTPEZY])?(amp|ampere|becquerel|candle|coulomb|farad|gram|gramme|gray|henry|hertz|joule|katal|"
    "liter|litre|lumen|lux|meter|metre|mol|molar|mole|newton|ohm|pascal|radian|second|siemens|sievert|steradian|tesla|"
    "volt|watt|weber)[23]?|(kelvin|kilogram|kilogramme|cm|mm|um)[23]"
)


@dataclass(frozen=True, kw_only=True)
class Brian2Model:
    """What a Brian2 ``NeuronGroup`` takes. ``print(model)`` shows it as a script.

    Parameters
    ----------
    name : str
    equations : str
        Differential equations and shared parts, without units.
    namespace : dict of str to float
        Parameter values.
    initial : dict of str to float
        Initial values.
    threshold, reset, refractory : str
        Of the first jump (of the one with a refractory time, if there is one); empty if there is none.
    events : dict of str to (str, str)
        Condition and reset of the other jumps.
    method : str
        Integration method.
    names : dict of str to str
        Names in the equations by names in the model.
    """

    name: str
    equations: str
    namespace: dict[str, float]
    initial: dict[str, float]
    threshold: str = ""
    reset: str = ""
    refractory: str = ""
    events: dict[str, tuple[str, str]] = field(default_factory=dict)
    method: str = "rk4"
    names: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        given = [f"method={self.method!r}", "namespace=namespace"]
        given += [f"{key}={value!r}" for key in ("threshold", "reset", "refractory") if (value := getattr(self, key))]
        if self.events:
            given.append(f"events={ {name: condition for name, (condition, _) in self.events.items()}!r}")
        lines = [f"# {self.name}, written by dynana", *(f"# {line}" for line in renamed(self.names))]
        lines += ["from brian2 import NeuronGroup, ms, run, second, us", "", f'equations = """\n{self.equations}\n"""']
        lines += [f"namespace = {self.namespace!r}", f"group = NeuronGroup(1, equations, {', '.join(given)})"]
        lines += [f"group.run_on_event({name!r}, {reset!r})" for name, (_, reset) in self.events.items()]
        return "\n".join([*lines, *(f"group.{name} = {value!r}" for name, value in self.initial.items()), ""])


def to_brian2(system: System) -> Brian2Model:
    """Return a system as Brian2 equations with threshold, reset and refractory time.

    All quantities are numbers without units; time has the model's unit (ms if it has none). Held states are marked
    ``(unless refractory)``; noise is converted to the calculus of Brian2's method for it.

    Parameters
    ----------
    system : System

    Returns
    -------
    Brian2Model

    Raises
    ------
    ModelError
        If something has no counterpart in Brian2, such as a second refractory time; the message names it.

    Notes
    -----
    Brian2 tests conditions at the ends of steps, and a threshold fires at every step at which it is true; a jump here
    fires when its condition turns true. They agree where the reset leads below the threshold. Brian2 has no choice
    between two values: both are computed, and one that could be infinite is refused.
    """
    if not system.states:
        raise ModelError(f"{system.name} cannot be written for Brian2: it has no states.")
    return _Group(system).model()


class _Group:
    """The texts of one system."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._names = Names(RESERVED, taken_pattern=_UNIT)
        self._called = self._names.assign([*system.states, *system.parameters, *system.observables])
        self._constant = [symbol(n) for n in system.parameters]
        self._unit = TIME_UNITS.get(system.time or "ms", "ms")
        self._symbols = {symbol(n): new for n, new in self._called.items()} | {TIME: f"(t/{self._unit})"}

    def model(self) -> Brian2Model:
        """Return the whole group."""
        system, called = self._system, self._called
        slow = [jump for jump in system.jumps if jump.refractory is not None and jump.refractory != 0 and jump.hold]
        if len(slow) > 1:
            raise ModelError(
                f"{system.name} cannot be written for Brian2: jumps {slow[0].name!r} and {slow[1].name!r} both have "
                "refractory times, and a group there has one."
            )
        main = next(iter([*slow, *system.jumps]), None)
        spike: dict[str, str] = {}
        if main is not None:
            spike = {"threshold": self._condition(main), "reset": self._reset(main)}
        if slow:
            spike["refractory"] = f"({self._inline([slow[0].refractory])[0]})*{self._unit}"
        return Brian2Model(
            name=system.name,
            equations=self._equations(slow[0].hold if slow else ()),
            namespace={called[n]: value for n, value in system.values.items()},
            initial={called[n]: value for n, value in system.initial.items()},
            events={j.name: (self._condition(j), self._reset(j)) for j in system.jumps if j is not main},
            method=self._method(),
            names=called,
            **spike,
        )

    def _method(self) -> str:
        """Return the integration method: Brian2 takes noise that depends on states in Stratonovich's calculus only."""
        if not self._system.noise:
            return "rk4"
        states = {symbol(n) for n in self._system.states}
        amplitudes = [e for noise in self._system.noise for e in noise.terms.values()]
        return "heun" if any(states & e.free_symbols for e in amplitudes) else "euler"

    def _inline(self, expressions: Iterable[sp.Basic]) -> list[str]:
        writer = Writer(BRIAN, self._symbols, self._system.name, constant=self._constant)
        texts = writer.block(regularise(e)[0] if isinstance(e, sp.Expr) else e for e in expressions)
        writer.definitions()  # refuses what needs a function
        return texts

    def _condition(self, jump: Jump) -> str:
        return self._inline([jump.when])[0]

    def _reset(self, jump: Jump) -> str:
        steps = in_order(jump.to, self._keep)
        texts = self._inline([e for _, e in steps])
        return "; ".join(f"{self._called[n]} = {text}" for (n, _), text in zip(steps, texts, strict=True))

    def _keep(self) -> str:
        """Return the name of a variable of the reset statements."""
        name = self._names.new("before")
        self._called[name] = name
        self._symbols[symbol(name)] = name
        return name

    def _equations(self, hold: Iterable[str]) -> str:
        system = self._system
        calculus = STRATONOVICH if self._method() == "heun" else ITO
        names = self._names
        writer = Writer(BRIAN, self._symbols, system.name, lambda: names.new("part"), constant=self._constant)
        texts = iter(writer.block([*drift(system, calculus), *(regularise(e)[0] for e in system.observables.values())]))
        rates = {n: f"({next(texts)})/{self._unit}" for n in system.states}
        for number, noise in enumerate(system.noise, start=1):
            for name, text in zip(
                noise.terms, writer.block(regularise(e)[0] for e in noise.terms.values()), strict=True
            ):
                rates[name] += f" + ({text})*xi_{number}/{self._unit}**0.5"
        observed = {n: next(texts) for n in system.observables}
        writer.definitions()
        held = {n: " (unless refractory)" if n in tuple(hold) else "" for n in system.states}
        lines = [f"d{self._called[n]}/dt = {text} : 1{held[n]}" for n, text in rates.items()]
        lines += [f"{name} = {text} : 1" for name, text in writer.lines]
        return "\n".join([*lines, *(f"{self._called[n]} = {text} : 1" for n, text in observed.items())])
