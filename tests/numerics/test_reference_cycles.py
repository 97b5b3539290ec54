"""Pauses of the search for reference cycles."""

from __future__ import annotations

import gc
import weakref

import pytest

from dynana.numerics import reference_cycles


class _Node:
    pass


def _made():
    node = _Node()
    node.itself = node
    return weakref.ref(node)


def test_cycles_are_left_alone_during_a_pause_and_found_by_the_next_full_search():
    with reference_cycles.unsearched():
        assert not gc.isenabled()
        found = _made()
        with reference_cycles.unsearched():
            assert not gc.isenabled()
        assert not gc.isenabled(), "the outer pause goes on"
    assert gc.isenabled()
    gc.collect(0)
    assert found() is not None, "it counts as old"
    gc.collect()
    assert found() is None


def test_a_pause_that_leaves_much_ends_with_a_search(monkeypatch):
    monkeypatch.setattr(reference_cycles, "MANY", 0)
    monkeypatch.setattr(reference_cycles, "_limit", 0)
    with reference_cycles.unsearched():
        found = _made()
    assert found() is None
    with reference_cycles.unsearched():
        again = _made()
    assert again() is not None, "not before twice as much is in use"


def test_who_searches_for_no_cycles_at_all_still_does_not():
    gc.disable()
    try:
        with pytest.raises(ZeroDivisionError), reference_cycles.unsearched():
            raise ZeroDivisionError
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_a_program_keeps_out_of_the_search_stays_out():
    gc.freeze()
    try:
        kept = gc.get_freeze_count()
        with reference_cycles.unsearched():
            pass
        assert 0 < gc.get_freeze_count() <= kept  # some may have gone on their own
    finally:
        gc.unfreeze()
