"""A System as Julia source for ModelingToolkit."""

from __future__ import annotations

from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import TIME, symbol
from dynana.errors import ModelError
from dynana.interchange.expression_text import Writer
from dynana.interchange.languages import JULIA
from dynana.interchange.names import Names, renamed
from dynana.interchange.plain_events import Event, equations

#: Words of Julia and names in the source.
RESERVED = (
    "baremodule begin break catch const continue do else elseif end export false finally for function global if import "
    "let local macro module quote return struct true try using while in isa where abstract mutable primitive type exp "
    "log sqrt sin cos tan atan sinh cosh tanh abs floor sign min max ifelse pi im t D Pre System equations events "
    "SymbolicContinuousCallback ModelingToolkit bern0 bern1 bern2 bern3 exprel0 exprel1 exprel2 exprel3"
).split()


def to_julia(system: System) -> str:
    """Return a system as Julia source for ModelingToolkit (version 10 or newer).

    Running it binds the name of the system to a compiled ``System`` with the parameter and initial values as defaults;
    observables become observed variables, jumps continuous events (with two more variables where states are held).

    Parameters
    ----------
    system : System

    Returns
    -------
    str

    Raises
    ------
    ModelError
        For systems without states, noise, and functions without a counterpart; the message names the construct.
    """
    if not system.states:
        raise ModelError(f"{system.name} cannot be written for Julia: it has no states.")
    if system.noise:
        raise ModelError(f"{system.name} cannot be written for Julia: the noise on {', '.join(system.noise[0].terms)}.")
    form = equations(system)
    names = Names([*RESERVED, system.name])
    called = names.assign([*system.states, *system.parameters, *form.memory, *system.observables])
    symbols = {symbol(n): new for n, new in called.items()} | {TIME: "t"}
    writer = Writer(JULIA, symbols, system.name, lambda: names.new("part"))
    rows = writer.block([*form.derivatives, *(regularise(e)[0] for e in system.observables.values())])
    changing = [*system.states, *form.memory]
    before = symbols | {symbol(n): f"Pre({called[n]})" for n in changing}
    guards, maps = Writer(JULIA, symbols, system.name), Writer(JULIA, before, system.name)
    events = [_event(event, guards, maps, called) for event in form.events]
    functions = dict([*writer.definitions(), *guards.definitions(), *maps.definitions()])
    starts = {**system.initial, **form.memory}
    title = [f"{system.name}, written by dynana for ModelingToolkit 10", *system.doc.splitlines(), *renamed(called)]
    left = [*(f"D({called[n]})" for n in system.states), *(called[n] for n in system.observables)]
    lines = [
        *(f"# {''.join(c if c.isprintable() else ' ' for c in line)}".rstrip() for line in title),
        "using ModelingToolkit",
        "using ModelingToolkit: t_nounits as t, D_nounits as D",
        "",
        *functions.values(),
        *(f"@parameters {called[n]} = {value!r}" for n, value in system.values.items()),
        *(f"@variables {called[n]}(t) = {starts[n]!r}" for n in changing),
        *(f"@variables {called[n]}(t)" for n in system.observables),
        *(f"{name} = {text}" for name, text in writer.lines),
        "equations = [",
        *(f"    {name} ~ {text}," for name, text in zip(left, rows, strict=True)),
        *(f"    D({called[n]}) ~ 0," for n in form.memory),
        "]",
    ]
    if events:
        lines += ["events = [", *events, "]"]
    given = "equations, t; continuous_events = events" if events else "equations, t"
    return "\n".join([*lines, f"@mtkcompile {system.name} = System({given})", ""])


def _event(event: Event, guards: Writer, maps: Writer, called: dict[str, str]) -> str:
    """Return one event that fires where its guard passes zero upwards; all new values are from before."""
    (passing,) = guards.block([event.guard])
    texts = maps.block(event.to.values())
    assigned = ", ".join(f"{called[n]} ~ {text}" for n, text in zip(event.to, texts, strict=True))
    return (
        f"    ModelingToolkit.SymbolicContinuousCallback([{passing} ~ 0], [{assigned}]; affect_neg = nothing),"
        f" # {event.name}"
    )
