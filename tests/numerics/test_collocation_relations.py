"""The order in which mesh points are eliminated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynana.numerics.collocation_relations import FIRST, JOINED, LEFT, MIDDLE, RIGHT, SECOND, SEGMENT, schedule
from dynana.numerics.lanes import LANES


@pytest.mark.parametrize("lanes", [1, LANES])
@given(counts=st.lists(st.integers(1, 70), min_size=1, max_size=4), stages=st.integers(2, 7))
def test_every_point_is_eliminated_once_when_its_neighbours_are_known_later(lanes, counts, stages):
    joins, roots = schedule(np.array(counts), stages, lanes)
    ends = {}  # of each relation: segment, left and right point
    point = number = 0
    inside = []
    for segment, count in enumerate(counts):
        for _ in range(count):
            ends[number] = (segment, point, point + stages + 1)
            inside.append(point)
            point, number = point + stages + 1, number + 1
        inside.remove(point - count * (stages + 1))
        point += 1
    eliminated = []
    for group in joins.reshape(-1, lanes, 7):
        new = {}
        for row in group[group[:, JOINED] >= 0]:
            a, left, right = ends.pop(row[FIRST])[1:], row[LEFT], row[RIGHT]
            if row[SECOND] >= 0:
                b = ends.pop(row[SECOND])
                assert b[0] == row[SEGMENT] and a[1] == row[MIDDLE] == b[1] and (a[0], b[2]) == (left, right)
                eliminated.append(row[MIDDLE])
            else:
                assert row[MIDDLE] == -1 and a == (left, right)
            new[row[JOINED]] = (row[SEGMENT], left, right)
        ends |= new  # what becomes of a group is not joined within it
    assert sorted(eliminated) == inside
    assert sorted(ends) == sorted(roots) and [ends[root][0] for root in roots] == list(range(len(counts)))


def test_segments_are_worked_on_side_by_side():
    joins, _ = schedule(np.array([64]), 4, LANES)
    assert len(joins) == (7 + 3) * LANES  # eight stretches of eight intervals, joined in three rounds
