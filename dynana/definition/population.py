"""Populations: many cells of one model, or sources of spikes, and contiguous parts of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import isfunction
from typing import Any, TypeAlias

import numpy as np
import sympy as sp

from dynana.definition import rules
from dynana.definition.construction import translated
from dynana.definition.distributions import Distribution
from dynana.definition.spaces import Space
from dynana.definition.steady_state import Steady
from dynana.definition.system import System
from dynana.definition.tracing import TIME, Symbolic, symbol
from dynana.errors import ModelError, unknown

#: What a value for each cell may be given as.
Value: TypeAlias = float | np.ndarray | Distribution | Steady | sp.Expr


def cell_values(
    place: str, given: Mapping[str, Any], names: tuple[str, ...], known: tuple[str, ...], size: int
) -> dict[str, Value]:
    """Return checked values for cells or synapses by name.

    Parameters
    ----------
    place : str
        For messages.
    given : mapping of str to number, array, Distribution, ``dn.steady``, expression or function
        Functions take the parameters that they read by name: ``lambda C: C / 20``.
    names : tuple of str
        Of what may be given.
    known : tuple of str
        Parameters that expressions may read.
    size : int
        Number of cells; arrays have one value for each; 0 if it is not known yet.
    """
    made: dict[str, Value] = {}
    for name, value in given.items():
        if name not in names:
            raise ModelError(f"{place}: {unknown('name', name, names)}")
        made[name] = _value(f"{place}: {name!r}", value, known, size)
    for name, value in made.items():
        if isinstance(value, sp.Expr):
            read = {s.name for s in value.free_symbols}
            if name in read or any(isinstance(made.get(other), sp.Expr) for other in read):
                raise ModelError(f"{place}: the expression for {name!r} reads {name!r} or another expression.")
    return made


def _value(place: str, value: Any, known: tuple[str, ...], size: int) -> Value:
    if isinstance(value, Distribution | Steady):
        return value
    if callable(value) and not isinstance(value, sp.Basic | Symbolic | np.ndarray):
        import inspect

        read = tuple(inspect.signature(value).parameters)
        for name in read:
            if name not in known:
                raise ModelError(f"{place}: {unknown('parameter', name, known)}")
        value = value(**{n: Symbolic(symbol(n)) for n in read})
    if isinstance(value, sp.Basic | Symbolic):
        made: sp.Expr = translated(value, {n: symbol(n) for n in known}, place)
        return made
    array = np.array(value)
    if array.dtype.kind not in "fiub":
        raise ModelError(f"{place} is {value!r}: expected a number, an array, a distribution, or an expression.")
    array = array.astype(float)
    if not np.all(np.isfinite(array)):
        raise ModelError(f"{place} contains values that are not finite.")
    if array.ndim == 0:
        return float(array)
    if array.ndim != 1 or (size and array.shape != (size,)):
        raise ModelError(f"{place} has shape {array.shape}: expected one number, or one for each of the {size} cells.")
    array.setflags(write=False)
    return array


class _Sliceable:
    """What can be cut into contiguous parts: ``E[:240]``."""

    __slots__ = ()
    name: str
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, cells: slice) -> Part:
        if not isinstance(cells, slice):
            raise TypeError(f"{self.name}[{cells!r}]: take a slice of cells, such as {self.name}[:10].")
        start, stop, step = cells.indices(self.size)
        if step != 1:
            raise ValueError(
                f"{self.name}[{cells.start}:{cells.stop}:{cells.step}]: parts are contiguous, with step 1."
            )
        if stop <= start:
            raise ValueError(f"{self.name}[{cells.start}:{cells.stop}] has no cells: the population has {self.size}.")
        whole = self if isinstance(self, Population | Source) else self.whole  # type: ignore[attr-defined]
        offset = 0 if isinstance(self, Population | Source) else self.start  # type: ignore[attr-defined]
        return Part(whole, offset + start, offset + stop)


@dataclass(frozen=True, eq=False, repr=False)
class Population(_Sliceable):
    """Many cells of one model.

    Parameters
    ----------
    name : str
    system : System
    size : int
    start : mapping of state to number, array, Distribution, ``dn.steady`` or expression, optional
        Initial values; those of the system for states that are not given.
    at : mapping of parameter to number, array, Distribution, expression or function of other parameters, optional
    space : Space, optional
        Where the cells sit, for connections that depend on distance.

    Raises
    ------
    ModelError
        For unknown names, arrays of the wrong length, values that are not finite.
    """

    name: str
    system: System
    size: int
    start: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    at: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    space: Space | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        _check(self.name, self.size)
        if not isinstance(self.system, System):
            raise TypeError(f"population {self.name!r}: expected a System, got {type(self.system).__name__}.")
        states, parameters = self.system.states, self.system.parameters
        place = f"population {self.name!r}"
        starts = cell_values(f"{place}: start", self.start, states, parameters, self.size)
        values = cell_values(f"{place}: at", self.at, parameters, parameters, self.size)
        if steady := [n for n, v in values.items() if isinstance(v, Steady)]:
            raise ModelError(f"{place}: at: {steady[0]!r} is a parameter and has no steady state.")
        object.__setattr__(self, "start", starts)
        object.__setattr__(self, "at", values)
        if self.space is not None:
            self.space.places(self.size)

    @property
    def quantities(self) -> tuple[str, ...]:
        """Names of what a synapse can read: states, parameters, observables."""
        return (*self.system.states, *self.system.parameters, *self.system.observables)

    @property
    def spiking(self) -> bool:
        """Whether the cells send spikes: whether their model has a jump."""
        return bool(self.system.jumps)

    def __repr__(self) -> str:
        return f"<Population {self.name}: {self.size} {self.system.name}>"


@dataclass(frozen=True, eq=False, repr=False)
class Source(_Sliceable):
    """Cells without dynamics that send spikes; made by `poisson` and `spikes`.

    Attributes
    ----------
    name : str
    size : int
        Number of trains; 0 for an independent train for each target cell of each projection.
    rate : number, array, or a course in time, or None
        Of Poisson trains, in Hz.
    times, cells : ndarray or None
        Given spikes in the order of time, and which cell sends each.
    """

    name: str
    size: int
    rate: Any = None
    times: np.ndarray | None = None
    cells: np.ndarray | None = None
    space: Space | None = None

    @property
    def quantities(self) -> tuple[str, ...]:
        """Sources have nothing to read but their spikes."""
        return ()

    @property
    def spiking(self) -> bool:
        """Sources send spikes."""
        return True

    def __repr__(self) -> str:
        kind = "given spikes" if self.times is not None else f"Poisson, {self.rate!r} Hz"
        return f"<Source {self.name}: {self.size or 'one train per target'}; {kind}>"


@dataclass(frozen=True, eq=False, repr=False)
class Part(_Sliceable):
    """A contiguous part of a population; made by slicing, ``E[:240]``."""

    whole: Population | Source
    start: int
    stop: int

    @property
    def name(self) -> str:  # type: ignore[override]
        """The population with the range of cells."""
        return f"{self.whole.name}[{self.start}:{self.stop}]"

    @property
    def size(self) -> int:  # type: ignore[override]
        """Number of cells."""
        return self.stop - self.start

    def __repr__(self) -> str:
        return f"<{self.name}>"


Group: TypeAlias = Population | Source | Part


def whole_of(group: Group) -> Population | Source:
    """Return the population that a group is, or is a part of."""
    return group.whole if isinstance(group, Part) else group


def span_of(group: Group) -> tuple[int, int]:
    """Return the first cell of a group and the one behind its last, as numbers in its population."""
    return (group.start, group.stop) if isinstance(group, Part) else (0, group.size)


def _check(name: Any, size: Any, least: int = 1) -> None:
    rules.check_name(name, "population")
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < least:
        raise ModelError(f"population {name!r}: size = {size!r}: expected a whole number of at least {least}.")


def poisson(rate: Any, size: int | None = None, *, name: str = "poisson", space: Space | None = None) -> Source:
    """Poisson trains of spikes.

    Parameters
    ----------
    rate : float, array, course or function of time
        In Hz: the same for all trains, or one for each; or what `steps`, `ramp`, ... make, or a function of t, traced
        once, ``lambda t: 20 * (1 + dn.sin(t / 50))``.
    size : int, optional
        Number of trains, which projections share. Without it every target cell of every projection from here has a
        train of its own, independent of all others.
    name : str
    space : Space, optional

    Raises
    ------
    ModelError
        For a rate that is negative or not finite, an array of another length.
    """
    _check(name, 1 if size is None else size)
    if isfunction(rate):
        rate = rate(Symbolic(TIME))
    if isinstance(rate, sp.Basic | Symbolic):
        rate = translated(rate, {TIME.name: TIME}, f"dn.poisson {name!r}: rate")
    elif not callable(rate):
        values = np.array(rate, dtype=float)
        if values.ndim > 1 or (values.ndim == 1 and values.size != (size or values.size)):
            raise ModelError(
                f"dn.poisson {name!r}: {values.shape} rates for {size} trains: expected one or one for each."
            )
        if not np.all(np.isfinite(values)) or np.any(values < 0):
            raise ModelError(f"dn.poisson {name!r}: rates must be finite and not negative, in Hz.")
        values.setflags(write=False)
        rate = float(values) if values.ndim == 0 else values
    return Source(name, 0 if size is None else int(size), rate, space=space)


def spikes(
    times: Any, cells: Any = 0, size: int | None = None, *, name: str = "spikes", space: Space | None = None
) -> Source:
    """Given spikes.

    Parameters
    ----------
    times : array_like
        In units of time of the network; any order. A spike is sent at the step that is nearest.
    cells : int or array_like
        Which cell sends each of them.
    size : int, optional
        Number of cells; the largest number that occurs, plus 1, by default.
    name : str
    space : Space, optional
    """
    when = np.array(times, dtype=float).ravel()
    who = np.array(np.broadcast_to(cells, when.shape)).ravel() if np.ndim(cells) == 0 else np.array(cells).ravel()
    if who.shape != when.shape:
        raise ModelError(f"dn.spikes {name!r}: {when.size} times and {who.size} cells: expected as many.")
    if when.size and (not np.all(np.isfinite(when)) or who.dtype.kind not in "iu" or who.min() < 0):
        raise ModelError(f"dn.spikes {name!r}: times must be finite and cells whole numbers from 0.")
    count = int(who.max(initial=0)) + 1 if size is None else size
    _check(name, count)
    if who.max(initial=0) >= count:
        raise ModelError(f"dn.spikes {name!r}: cell {int(who.max())} of {count}: cells are numbered from 0.")
    order = np.argsort(when, kind="stable")
    when, who = when[order], who[order].astype(np.int64)
    for array in (when, who):
        array.setflags(write=False)
    return Source(name, int(count), times=when, cells=who, space=space)
