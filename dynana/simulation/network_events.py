"""From the event pathways of an `Assembly` to operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.definition.assembly import Assembly, Event, Link
from dynana.lowering.delivery_kernels import Route, delivery
from dynana.numerics.network_program import DIVIDED_BLOCKS, DIVISION, Delivery, Division, address_of
from dynana.numerics.signatures import BLOCK_WIDTH
from dynana.simulation.edges import Edges
from dynana.simulation.network_population import PopulationArrays, evaluate, filled_row
from dynana.simulation.network_routes import Route as Way
from dynana.simulation.network_sources import TrainArrays


def weight_values(link: Link, edges: Edges | None, weight: Any) -> NDArray[np.float64]:
    """Return the weights of a pathway: one value, or one per edge."""
    own = {} if edges is None else edges.values
    numbers = {n: v for n, v in link.values.items() if np.ndim(v) == 0 and not isinstance(v, str)}
    value = np.asarray(evaluate(weight, {**numbers, **own}), dtype=np.float64)
    return np.ascontiguousarray(np.atleast_1d(value))


def event_operation(
    assembly: Assembly,
    event: Event,
    way: Way,
    arrays: Sequence[PopulationArrays | TrainArrays],
    kept: list[np.ndarray],
    amounts: int = 0,
) -> NDArray[np.int64]:
    """Return the operation that delivers the events of one pathway.

    Parameters
    ----------
    kept : list
        Takes what must outlive this call.
    amounts : int
        Address of what each spike of the source's log carries; 0 if that is 1.
    """
    link, edges = assembly.links[event.link], way.edges
    source, target = arrays[link.source.population], arrays[link.target.population]
    assert isinstance(target, PopulationArrays)
    weights = weight_values(link, edges, event.weight)
    arriving = target.form.arriving
    blocked = event.state not in arriving
    delays = None if edges is None else edges.delay
    route = Route(
        index=0 if edges is None else edges.target.itemsize,
        weighted=weights.size > 1,
        blocked=blocked,
        delays=0 if delays is None else delays.itemsize,
        amounts=amounts != 0,
    )
    kept += [weights, *([] if edges is None else [edges.first, edges.target]), *([] if delays is None else [delays])]
    offset = BLOCK_WIDTH * event.state if blocked else target.stride * arriving.index(event.state)
    return filled_row(
        {
            Delivery.FUNCTION: address_of(delivery(route).deliver),
            Delivery.LOG: source.memory["log"].ctypes.data,
            Delivery.ENDS: source.memory["ends"].ctypes.data,
            Delivery.ENDS_LENGTH: source.memory["ends"].size,
            Delivery.DELAY: way.delay,
            Delivery.SOURCE_FIRST: link.source.first,
            Delivery.SOURCE_CELLS: link.source.size,
            Delivery.FIRST: 0 if edges is None else edges.first.ctypes.data,
            Delivery.LAST: 0 if edges is None else edges.first.ctypes.data + edges.first.itemsize,
            Delivery.TARGET: 0 if edges is None else edges.target.ctypes.data,
            Delivery.DELAYS: 0 if delays is None else delays.ctypes.data,
            Delivery.WEIGHT: weights.ctypes.data,
            Delivery.AMOUNTS: amounts,
            Delivery.OUT: target.memory["y" if blocked else "arrivals"].ctypes.data + 8 * offset,
            Delivery.OUT_SLOTS: 1 if blocked else target.slots,
            Delivery.OUT_STRIDE: 0 if blocked else target.stride * len(arriving),
            Delivery.BLOCK_STRIDE: target.module.ROWS * BLOCK_WIDTH,
            Delivery.TARGET_FIRST: link.target.first,
            Delivery.TARGET_CELLS: link.target.size,
            Delivery.SELF: way.self,
            DIVISION: Division.EVERYBODY if edges is None else Division.EVENTS,
            DIVIDED_BLOCKS: target.blocks,
        }
    )
