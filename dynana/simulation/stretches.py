"""A run of one system handed on in stretches, for whoever follows it and needs no result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynana.numerics import run_state as at
from dynana.results.stop import Stop
from dynana.results.trajectory import Jumps
from dynana.simulation import stopping
from dynana.simulation.driving import resolve_inputs
from dynana.simulation.method_choice import Choice
from dynana.simulation.request import Array, Request
from dynana.simulation.single import Run


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Consecutive rows of a run.

    Attributes
    ----------
    t, y : ndarray, shape (k,), (k, n)
        Ends of steps, and states after jumps; the start of the run is the first row of the first stretch.
    jump_t, jump_k, before, after : ndarray
        The jumps among them.
    stop : Stop, optional
        Why the run ends with this stretch.
    """

    t: Array
    y: Array
    jump_t: Array
    jump_k: NDArray[np.int64]
    before: Array
    after: Array
    stop: Stop | None


def stretches(request: Request, choice: Choice) -> Iterator[Stretch]:
    """Integrate one system without inputs with one explicit method, and keep nothing of what has been handed on."""
    work = Run(request, resolve_inputs(request.system, None, *request.span), choice)
    for status in work.calls_of(choice.method, False):
        t, y, _, jump_t, index, before, after = work.pieces.pop()
        jump_k = index.astype(np.int64, copy=False)
        names = tuple(str(jump.name) for jump in request.system.jumps)
        jumped = Jumps(names=names, states=request.system.states, t=jump_t, index=jump_k, before=before, after=after)
        ending = stopping.Ending(
            t=float(work.clock[at.TIME]), end=request.span[1], states=request.system.states, y=work.y, jumps=jumped,
            method=choice.method, max_steps=request.max_steps,
        )  # fmt: skip
        stop = None if status == at.PAUSED else stopping.stop(status, ending)
        yield Stretch(t, y, jump_t, jump_k, before, after, stop)
