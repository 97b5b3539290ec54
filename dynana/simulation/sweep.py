"""`sweep`: a measure over a grid of parameter values and seeds, on any executor."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from typing import Any

import numpy as np

from dynana.definition.network import Network
from dynana.definition.system import System
from dynana.definition.variation import check_known, known_names
from dynana.results.sweep import VALUE, Sweep
from dynana.simulation.progress import Progress
from dynana.simulation.simulate import simulate

Measure = Callable[[Any], Any]

#: The name that stands for the seed of noise and of networks, beside parameters and initial values.
SEED = "seed"


def sweep(
    subject: System | Network,
    over: Mapping[str, Sequence[float] | np.ndarray | range],
    t: float | tuple[float, float],
    *,
    measure: Measure,
    options: Mapping[str, Any] | None = None,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> Sweep:
    """Simulate at every combination of values and keep what is measured on each run.

    Parameters
    ----------
    subject : System or Network
    over : mapping of str to values
        Parameters, initial values by name of the state, and ``"seed"``; of a network by whole names as in `Network.at`,
        ``{"E.I": [1, 2, 3], "E->I:exponential.w": [0.1, 0.2], "seed": range(20)}``.
    t : float or (float, float)
        Duration, or beginning and end, of each run.
    measure : callable
        Takes what `simulate` returns; gives a number, an array of one shape, or a mapping of names to these. Executors
        of other processes need a function that can be pickled (defined at the top of a module).
    options : mapping, optional
        Further arguments of `simulate`, such as ``{"dt": 0.1, "events": "grid"}``.
    executor : concurrent.futures.Executor, optional
        Who does the work: threads of this process by default; a ``ProcessPoolExecutor``, dask's
        ``client.get_executor()``, ``mpi4py.futures``, ...
    progress : bool, optional

    Returns
    -------
    Sweep
        An item that fails is NaN and listed in ``failures``; the others are not lost.

    Raises
    ------
    ValueError, TypeError
        For unknown names, empty axes, a measure that is no function; and if the very first item fails.
    """
    axes = _axes(subject, over)
    if not callable(measure):
        raise TypeError(f"measure must be a function of a run, got {measure!r}; for example lambda run: run['V'].max()")
    begun = time.perf_counter()
    given = dict(options or {})
    items = list(itertools.product(*(values.tolist() for values in axes.values())))
    places = list(np.ndindex(*(len(values) for values in axes.values())))
    # the first one here: what is wrong with all of them is said at once, and everything is compiled before others start
    first = _item(subject, dict(zip(axes, items[0], strict=True)), t, given, measure)
    tables = {n: np.full((*(len(v) for v in axes.values()), *part.shape), np.nan) for n, part in first.items()}
    failures: list[tuple[tuple[int, ...], str]] = []

    def keep(place: tuple[int, ...], result: Mapping[str, np.ndarray]) -> None:
        for name, part in result.items():
            tables[name][place] = part

    keep(places[0], first)
    own = None if executor is not None else ThreadPoolExecutor(os.cpu_count() or 1)
    pool = executor or own
    assert pool is not None
    name = f"sweep of {subject.name}"
    try:
        with Progress(name, (0.0, float(len(items))), progress) as line:
            waiting: dict[Future[Any], tuple[int, ...]] = {
                pool.submit(_item, subject, dict(zip(axes, item, strict=True)), t, given, measure): place
                for place, item in zip(places[1:], items[1:], strict=True)
            }
            for count, done in enumerate(as_completed(waiting), start=2):
                place = waiting[done]
                error = done.exception()
                problem = f"{type(error).__name__}: {error}" if error else _misfit(done.result(), first)
                if problem:
                    failures.append((place, problem))
                else:
                    keep(place, done.result())
                line.report(count)
    finally:
        if own is not None:
            own.shutdown(cancel_futures=True)
    return Sweep(
        system=subject.name,
        fingerprint=subject.fingerprint,
        axes=axes,
        values=tables,
        failures=tuple(sorted(failures)),
        seconds=time.perf_counter() - begun,
    )


def _axes(subject: System | Network, over: Mapping[str, Any]) -> dict[str, np.ndarray]:
    if not isinstance(subject, System | Network):
        raise TypeError(f"sweep takes a System or a Network, got {type(subject).__name__}")
    if not over:
        raise ValueError("a sweep needs at least one axis: give values by name, such as {'I': [0, 1, 2]}")
    axes = {}
    for name, values in over.items():
        if isinstance(subject, Network):
            check_known(subject, name, (*known_names(subject), SEED))
        elif name != SEED and name not in subject.states:
            subject.parameter(name)
        array = np.asarray(values)
        if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iuf":
            raise ValueError(f"the values of {name!r} must be numbers in one row, got shape {array.shape}")
        if name == SEED and array.dtype.kind == "f":
            raise ValueError(f"seeds are whole numbers, got {values!r}")
        axes[name] = array
    return axes


def _item(
    subject: System | Network, values: Mapping[str, float], t: Any, options: Mapping[str, Any], measure: Measure
) -> dict[str, np.ndarray]:
    """Simulate and measure one item; a function of a module, so that it can go to other processes."""
    settings = dict(options)
    if SEED in values:
        settings[SEED] = int(values[SEED])
    run = simulate(subject.at(**{n: v for n, v in values.items() if n != SEED}), t, progress=False, **settings)
    measured = measure(run)
    parts = measured if isinstance(measured, Mapping) else {VALUE: measured}
    return {str(name): np.asarray(part, dtype=float) for name, part in parts.items()}


def _misfit(result: Mapping[str, np.ndarray], first: Mapping[str, np.ndarray]) -> str:
    """Return in words how a measure differs in names or shape from the first one; "" if it does not."""
    if set(result) != set(first):
        return f"measured {', '.join(sorted(result))}, the first item {', '.join(sorted(first))}"
    for name, part in result.items():
        if part.shape != first[name].shape:
            return f"{name!r} has shape {part.shape}, that of the first item {first[name].shape}"
    return ""
