"""Results as objects of xarray and neo, which are imported only here and only when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

#: Units of time that neo understands.
TIME_UNITS = ("s", "ms", "us")


def dataset(
    variables: Mapping[str, tuple[tuple[str, ...], np.ndarray]],
    coordinates: Mapping[str, Any],
    attributes: Mapping[str, Any],
) -> Any:
    """Return an ``xarray.Dataset`` of arrays with named axes.

    Raises
    ------
    ImportError
        xarray is not installed; the message says how to get it.
    """
    try:
        import xarray
    except ImportError as error:
        _missing("to_xarray()", "xarray", error)
    return xarray.Dataset(dict(variables), coords=dict(coordinates), attrs=dict(attributes))


def spike_trains(
    trains: Sequence[np.ndarray], names: Sequence[str], span: tuple[float, float], unit: str | None
) -> Any:
    """Return a ``neo.Segment`` with one ``SpikeTrain`` for each array of times.

    Raises
    ------
    ImportError
        neo is not installed; the message says how to get it.
    ValueError
        If the unit of time is missing or unknown.
    """
    if unit not in TIME_UNITS:
        given = "the result does not say its unit of time" if unit is None else f"unit={unit!r}"
        raise ValueError(f"to_neo(): {given}; give unit= one of {', '.join(TIME_UNITS)}")
    try:
        import neo
    except ImportError as error:
        _missing("to_neo()", "neo", error)
    segment = neo.Segment()
    for times, name in zip(trains, names, strict=True):
        segment.spiketrains.append(
            neo.SpikeTrain(np.sort(times), units=unit, t_start=span[0], t_stop=span[1], name=name)
        )
    return segment


def _missing(what: str, package: str, error: ImportError) -> NoReturn:
    raise ImportError(f"{what} needs {package}, which is not installed: pip install 'dynana[{package}]'") from error
