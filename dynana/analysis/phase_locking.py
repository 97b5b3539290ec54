"""Two weakly coupled cells: the interaction function from the phase response, by quadrature over the cycle."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from dynana.analysis.phase_responses import phase_response, system_of
from dynana.analysis.spiking_locking import Sums, interaction
from dynana.definition.coupling import coupling_of
from dynana.definition.synapse_parts import POST, PRE, quantity
from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.lowering.kernels import lower
from dynana.numerics.tabulate import tabulator
from dynana.results.cycle import Cycle
from dynana.results.phase_locking import PhaseLocking
from dynana.results.phase_response import PhaseResponse

Array = NDArray[np.float64]
Evaluate = Callable[[Array], Array]

#: Change of the interaction function, relative to its largest value, on doubling the samples: it is as good then as
#: the phase response.
CONVERGED = 1e-9
#: Samples of the cycle, and phase differences, to begin with and at most; both are doubled until nothing changes.
LEAST_SAMPLES, MOST_SAMPLES = 256, 32768
LEAST_DIFFERENCES, MOST_DIFFERENCES = 64, 1024
#: Samples that are kept of an interaction function with kinks.
SAMPLES = 256
#: Pairs of states evaluated at a time: they stay in the second cache.
BLOCK = 16384


def phase_locking(system: System, cycle: Cycle, coupling: Any, *, delay: float = 0.0) -> PhaseLocking:
    """Compute the interaction function of two weakly coupled identical cells and the states in which they lock.

    H(phi) is the mean over the cycle of the phase response times what a cell receives from another one whose phase is
    ahead by phi.

    Parameters
    ----------
    system : System
        Of one cell; values of parameters are taken from the cycle.
    cycle : Cycle
        Of one cell.
    coupling : callable
        A function of the sending and the receiving cell, as in ``lambda pre, post: {"V": 0.1 * (pre.V - post.V)}``: it
        returns what is added to the derivative of a state, or to a parameter, of the receiver. States, parameters and
        observables of both cells can be named. ``dn.OnPre({post.V: post.V + 0.1})`` acts at once at each jump of the
        sender. Several of these can be returned together; a synapse without states will do, too. States that are held
        by a refractory time receive nothing.
    delay : float, optional
        Time that the coupling takes; for weak coupling it shifts the phase of the sender.

    Returns
    -------
    PhaseLocking
        H, its odd part, the locked states with their stability, and the differences of frequency that still lock.

    Raises
    ------
    ValueError, TypeError, ConvergenceError
        As `phase_response`; for a negative delay, and pulses at jumps of a cycle that has none.
    ModelError
        For a coupling that names what the cells do not have, or that returns something else.

    Notes
    -----
    On cycles with jumps, H has kinks where jumps of both cells coincide, and jumps there if there are pulses; the
    integral is taken piece by piece.

    References
    ----------
    Kuramoto (1984), Chemical Oscillations, Waves, and Turbulence, chapter 5. Ermentrout & Terman (2010), Mathematical
    Foundations of Neuroscience, chapter 8. Lewis & Rinzel (2003), J. Comput. Neurosci. 14, 283 (jumps).

    Examples
    --------
    >>> import dynana as dn
    >>> locking = dn.phase_locking(cell, cycle, lambda pre, post: {"V": 0.01 * (pre.V - post.V)})  # doctest: +SKIP
    """
    if not isinstance(delay, int | float) or not 0.0 <= delay < math.inf:
        raise ValueError(f"delay={delay!r}: expected a time, 0 or more")
    system = system_of(system, cycle)
    received = coupling_of(system, coupling)
    if received.pulses and not cycle.jumps:
        raise ValueError(f"{system.name}: the coupling acts at jumps (OnPre), and the cycle has none")
    response = phase_response(system, cycle)
    terms, pulses = received.terms, received.pulses
    breaks, pieces = np.empty(0), np.empty((0, 0))
    if len(response.cycle.segments) > 1 or cycle.jumps:  # the response jumps
        both = _evaluator(system, terms), _evaluator(system, pulses)
        function, error = interaction(Sums(response, tuple(terms), tuple(pulses), *both, float(delay)))
        breaks, pieces = function.edges * response.period, function.local
        values = function.at(np.arange(SAMPLES) / SAMPLES)
    else:
        values, error = _interaction(response, tuple(terms), _evaluator(system, terms))
        harmonics = np.fft.rfft(values)
        shift = np.exp(-2j * np.pi * np.arange(harmonics.size) * (delay / response.period))
        values = np.fft.irfft(harmonics * shift, values.size) if delay else values
    return PhaseLocking(
        system=system.name,
        fingerprint=cycle.fingerprint,
        parameters=system.values,
        period=response.period,
        stable=cycle.stable,
        coupling={name: str(term) for name, term in terms.items()},
        delay=float(delay),
        values=values,
        error=max(error, response.error),
        time_unit=system.time or "",
        breaks=breaks,
        pieces=pieces,
        pulses={name: str(pulse) for name, pulse in pulses.items()},
    )


def _evaluator(system: System, terms: Mapping[str, sp.Expr]) -> Evaluate:
    """Return a function from pairs of states (k, 2n), sender and receiver, to the terms (k, number of terms)."""
    n = len(system.states)
    names = [f"{side}{i}" for side in (PRE, POST) for i in range(n)]
    cells = [quantity(side, state) for side in (PRE, POST) for state in system.states]
    put = {cell: symbol(name) for cell, name in zip(cells, names, strict=True)}
    put |= {symbol(name): symbol(f"p{i}") for i, name in enumerate(system.parameters)}
    # numbers in front are taken out, so that another strength of the coupling is not another kernel
    parts = [term.xreplace(put).as_content_primitive() for term in terms.values()]
    pair = System(
        dict.fromkeys(names, 0),
        {f"p{i}": value for i, value in enumerate(system.values.values())},
        observables={f"c{i}": part for i, (_, part) in enumerate(parts)},
        name="coupling",
    )
    factors = np.array([float(factor) for factor, _ in parts])
    kernels = lower(pair)
    kernel, run = kernels.observables, tabulator()
    nothing = np.zeros(0, dtype=np.int64)

    def evaluate(pairs: Array) -> Array:
        out = np.empty((len(pairs), len(parts)))
        run(kernel, np.zeros(len(pairs)), pairs, kernels.p, nothing, np.zeros((len(pairs), 0)), out)
        return np.asarray(out * factors)

    return evaluate


def _interaction(response: PhaseResponse, names: tuple[str, ...], evaluate: Evaluate) -> tuple[Array, float]:
    """Return H at uniform phase differences and its estimated error, relative to its largest value."""
    samples, differences = LEAST_SAMPLES, LEAST_DIFFERENCES
    values = _quadrature(response, names, evaluate, samples, differences)
    change = math.inf
    while samples < MOST_SAMPLES and change > CONVERGED:
        samples *= 2
        finer = _quadrature(response, names, evaluate, samples, differences)
        change, values = _relative(np.abs(finer - values).max(), finer), finer
    while (tail := _tail(values)) > CONVERGED and differences < min(MOST_DIFFERENCES, samples):
        differences *= 2
        values = _quadrature(response, names, evaluate, samples, differences)
    return values, max(change, tail)


def _relative(size: float, values: Array) -> float:
    largest = float(np.abs(values).max())
    return float(size) / largest if largest > 0.0 else 0.0


def _tail(values: Array) -> float:
    """Largest coefficient of the upper third of the harmonics, relative to the values."""
    harmonics = np.abs(np.fft.rfft(values)) / values.size
    return _relative(2.0 * harmonics[2 * harmonics.size // 3 :].max(), values)


def _quadrature(
    response: PhaseResponse, names: tuple[str, ...], evaluate: Evaluate, samples: int, differences: int
) -> Array:
    """Return the mean of response times coupling by the trapezoidal rule, shape (differences,).

    For smooth periodic functions its error falls faster than any power of the number of samples.
    """
    times = np.arange(samples) * (response.period / samples)
    states = response.cycle.state(times)
    weights = np.stack([response.at(times, name) for name in names], axis=1) / samples
    around = np.concatenate((states, states))
    step = samples // differences
    ahead = np.lib.stride_tricks.sliding_window_view(around, samples, axis=0)[
        :samples:step
    ]  # (differences, n, samples)
    result, block = np.empty(differences), max(1, BLOCK // samples)
    for first in range(0, differences, block):
        senders = ahead[first : first + block].transpose(0, 2, 1)
        pairs = np.concatenate((senders, np.broadcast_to(states, senders.shape)), axis=2)
        received = evaluate(np.ascontiguousarray(pairs.reshape(-1, pairs.shape[2])))
        result[first : first + block] = np.einsum("dst,st->d", received.reshape(len(senders), samples, -1), weights)
    return result
