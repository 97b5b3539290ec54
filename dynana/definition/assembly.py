"""`Assembly`: a network as the machine sees it, between the symbols and the arrays.

Populations of augmented cells, and pathways between them. The states of synapses that are the same for all synapses of
a presynaptic cell are states of that cell and change in its own jumps; those that can be summed, and those that are the
same for all synapses of a postsynaptic cell, are states of the postsynaptic cell. What is left runs along edges.

Order of one step, from step ``k - 1`` to ``k`` (time ``start + k * dt``): streams and drives are evaluated; all
populations are integrated; the conditions of their jumps are tested; events due now are delivered, per-synapse states
of a synapse before its postsynaptic cell's; jumps are carried out; states are recorded. An event onto a state that is
held by a refractory time is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition.system import System


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Neighbouring cells of one population: those from ``first`` up to, not including, ``last``."""

    population: int
    first: int
    last: int

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.last - self.first


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """One population.

    Parameters
    ----------
    name : str
    size : int
    system : System
        The augmented cell: the cell's own states first, then the states of synapses that live with it. What ``Into``
        adds to a parameter is substituted: ``I`` became ``I + (postsynaptic part) * (summed state or stream) + ...``.
        Populations whose systems have the same fingerprint share their kernels.
    own : int
        Number of the cell's own states.
    spikes : tuple of int
        The jumps that send events.
    values : mapping of str to float or array
        Value of every parameter of the system: a number for all cells, or one value per cell, shape (size,).
    start : mapping of str to float or array
        Initial value of every state, likewise.
    streams : tuple of str
        Parameters that are sums of the population's streams, written at every step (rk4: at every stage); their value
        in ``values`` is added to that sum.
    outputs : tuple of expression
        What streams of this population's projections read: expressions of its states and parameters.
    totals : mapping of str to expression
        For each parameter to which something is added in the equations, the parameter with all of that.
    method : str
        "exact", "exponential_euler", "rk4", "euler" (with noise Euler-Maruyama), "adaptive", or "auto".
    clock : str
        Parameter that holds the time since the cell's last spike, counted in whole steps (infinite before the first
        one, and 0 in the step in which it spikes); "" where nothing reads it.
    """

    name: str
    size: int
    system: System
    own: int
    spikes: tuple[int, ...]
    values: Mapping[str, Any]
    start: Mapping[str, Any]
    streams: tuple[str, ...] = ()
    outputs: tuple[sp.Expr, ...] = ()
    totals: Mapping[str, sp.Expr] = field(default_factory=dict)
    method: str = "auto"
    clock: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trains:
    """Cells without dynamics that send spikes.

    Parameters
    ----------
    name : str
    size : int
        Number of trains; 0 for one train for each edge of each (one-to-one) link from here, independent of all others.
    rate : float, array or input, or None
        Of Poisson trains, in Hz.
    times, cells : ndarray or None
        Given spikes in the order of time, and which cell sends each.
    """

    name: str
    size: int
    rate: Any = None
    times: np.ndarray | None = None
    cells: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Link:
    """The edges of one projection: who is connected to whom. Several pathways may run along the same edges.

    Parameters
    ----------
    name : str
    source, target : Part
        Edges count cells from the first of these.
    connect : object
        The description from which the edges are built; None means all to all including the cell itself.
    delay : float or object
        In units of time: a number, or a description of values per edge.
    values : mapping of str to float, array or description
        Parameters of the synapse that weights and per-synapse states name: numbers, or one value per edge.
    places : (ndarray, ndarray), optional
        Coordinates of sources and targets, shapes (cells, dimensions), where something depends on distance.
    periods : tuple of float, optional
        Lengths after which the coordinates repeat.
    """

    name: str
    source: Part
    target: Part
    connect: Any = None
    delay: Any = 0.0
    values: Mapping[str, Any] = field(default_factory=dict)
    places: tuple[np.ndarray, np.ndarray] | None = None
    periods: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Event:
    """Along each edge, when a (delayed) presynaptic spike arrives: target state += weight * amount.

    Parameters
    ----------
    link : int
    state : int
        State of the target's system.
    weight : expression
        Of the link's ``values``; a number where all edges have the same.
    amount : expression, optional
        Of states and parameters of the source cell just before the jump that sends the event; None means 1.
    """

    link: int
    state: int
    weight: sp.Expr
    amount: sp.Expr | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """At all times: target parameter = its value + sum over edges of weight * (delayed) output of the source."""

    link: int
    output: int
    parameter: str
    weight: sp.Expr


@dataclass(frozen=True, kw_only=True, eq=False)
class PerSynapse:
    """States that stay with each edge.

    The states, and the weights they are, may be read by everything below; so may the link's ``values``, by their names.

    Parameters
    ----------
    link : int
    states : tuple of str
    rates : mapping of state to expression
        Derivatives; a state that is missing changes at events only.
    start : mapping of state to float, array or description
    on_pre, on_post : mapping of state to expression
        New values when a presynaptic spike arrives and when the postsynaptic cell spikes, all at once from the values
        before. They may also name reads.
    clip : mapping of state to (lower, upper) expressions
        Bounds after each change.
    event_driven : bool
        Whether the states change at events only, or linearly in between, so that they are updated at events alone.
        False: at every step.
    pre, post : mapping of str to expression
        Reads: names that stand for expressions of the source's and of the target's states and parameters (pre: as they
        were a delay ago).
    delivers : tuple of (state of the target, expression)
        Added to states of the target when a presynaptic spike arrives, from values before the event.
    sums : tuple of (parameter of the target, expression)
        As `Stream`: sums over edges that are written into stream parameters at every step.
    """

    link: int
    states: tuple[str, ...]
    start: Mapping[str, Any]
    rates: Mapping[str, sp.Expr] = field(default_factory=dict)
    on_pre: Mapping[str, sp.Expr] = field(default_factory=dict)
    on_post: Mapping[str, sp.Expr] = field(default_factory=dict)
    clip: Mapping[str, tuple[sp.Expr, sp.Expr]] = field(default_factory=dict)
    event_driven: bool = True
    pre: Mapping[str, sp.Expr] = field(default_factory=dict)
    post: Mapping[str, sp.Expr] = field(default_factory=dict)
    delivers: tuple[tuple[int, sp.Expr], ...] = ()
    sums: tuple[tuple[str, sp.Expr], ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Poisson:
    """Independent Poisson input: at each step, state += weight * (number of events of the cell's own process).

    Parameters
    ----------
    target : Part
    state : int
    weight : float
    rate : float, array or input
        Events per unit of time and cell: a number, one value per cell, or a course in time.
    """

    target: Part
    state: int
    weight: float
    rate: Any


@dataclass(frozen=True, kw_only=True, eq=False)
class Drive:
    """A course in time that is added to a parameter of some cells."""

    target: Part
    parameter: str
    course: Any


@dataclass(frozen=True, kw_only=True, eq=False)
class Assembly:
    """A whole network, lowered to populations and pathways.

    Streams stand in an order in which they can be evaluated: outputs may read the streams of their own cell. Values of
    cells and links may still be descriptions (distributions, ``dn.steady``, expressions of other parameters).
    """

    populations: tuple[Cells | Trains, ...]
    links: tuple[Link, ...] = ()
    events: tuple[Event, ...] = ()
    streams: tuple[Stream, ...] = ()
    synapses: tuple[PerSynapse, ...] = ()
    poisson: tuple[Poisson, ...] = ()
    drives: tuple[Drive, ...] = ()
    time: str | None = None
