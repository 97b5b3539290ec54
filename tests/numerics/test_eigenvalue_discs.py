"""Enclosures of eigenvalues: what is proved about random families must hold at every matrix in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynana.numerics.balls import Balls, between, exact
from dynana.numerics.eigenvalue_discs import NONE, PAIR, REAL, UNDECIDED, discs


def family(seed, n, half, radius=0.0):
    """Return random A0, A1 with that radius, and the discs for |s| <= half."""
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=(2, 1, n, n))
    balls = [Balls(x, np.full(x.shape, radius)) for x in (a, b)]
    return a[0], b[0], discs(*balls, np.array([half])), generator


@given(st.integers(0, 10**6), st.integers(1, 6), st.sampled_from([1e-6, 1e-3, 0.03]))
def test_discs_hold_all_eigenvalues(seed, n, half):
    a, b, found, generator = family(seed, n, half, radius=half / 10)
    for s in np.linspace(-half, half, 5):
        noise = generator.uniform(-half / 10, half / 10, size=(2, n, n))
        for value in np.linalg.eigvals(a + noise[0] + (b + noise[1]) * s):
            assert np.any(np.abs(value - found.centre[0]) <= found.radius[0] + 1e-13)


@given(st.integers(0, 10**6), st.integers(1, 5), st.sampled_from([1e-3, 0.01, 0.1]))
def test_verdicts_are_true(seed, n, half):
    a, b, found, _ = family(seed, n, half)
    shift = np.sort(np.linalg.eigvals(a).real)[0] * np.eye(n)  # puts an eigenvalue on the axis
    for matrix in (a, a - shift, a - (1 - half / 3) * shift, a - (1 + half**2) * shift):
        verdict = discs(exact(matrix[None]), exact(b[None]), np.array([half])).critical()[0]
        values = np.array([np.linalg.eigvals(matrix + b * s) for s in np.linspace(-half, half, 201)])
        unstable = np.sum(values.real > 0, axis=1)
        changes = np.abs(np.diff(unstable))
        if verdict == NONE:
            assert not changes.any()
        elif verdict == REAL:
            assert changes.sum() <= 1
        elif verdict == PAIR:
            assert changes.sum() in (0, 2) and (changes == 2).sum() <= 1
    assert found.centre.shape == (1, n)


def test_a_fold_a_hopf_point_and_a_neutral_saddle_are_told_apart():
    rate = exact(np.array([np.diag([1.0, 0.0, 0.0]), np.diag([1.0, 1.0, 0.0]), np.diag([1.0, 0.0, 0.0])]))
    matrices = np.array(
        [
            [[0.0, 1.0, 0.0], [0.0, -2.0, 1.0], [0.0, 0.0, 3.0]],
            [[0.0, 2.0, 1.0], [-2.0, 0.0, 0.0], [0.0, 0.0, -1.0]],
            [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 1.0, -3.0]],
        ]
    )
    found = discs(exact(matrices), rate, np.full(3, 0.01))
    assert found.critical().tolist() == [REAL, PAIR, NONE]
    assert discs(exact(matrices), exact(np.zeros((3, 3, 3))), np.zeros(3)).unstable().tolist() == [-1, -1, 1]


@pytest.mark.parametrize("away", [-1e-6, 1e-6])
def test_a_pair_that_runs_along_the_axis_does_not_meet_it(away):
    coordinates = np.random.default_rng(3).normal(size=(3, 3))
    turning = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    matrix = np.diag([away, away, -0.3]) + turning
    constant, rate = (coordinates @ a @ np.linalg.inv(coordinates) for a in (matrix, turning))
    found = discs(exact(constant[None]), exact(rate[None]), np.array([1e-4]))
    assert found.meets_axis().sum() == 2 and found.critical().tolist() == [NONE]


def test_an_eigenvalue_that_turns_back_on_the_axis_is_not_decided():
    touching = discs(exact(np.zeros((1, 1, 1))), Balls(np.zeros((1, 1, 1)), np.full((1, 1, 1), 0.1)), np.array([0.1]))
    assert touching.critical().tolist() == [UNDECIDED]


def test_equal_eigenvalues_with_one_eigenvector_need_no_luck():
    matrix = np.array([[[-1.0, 1.0, 0.0], [0.0, -1.0, 1.0], [0.0, 0.0, -1.0]]])
    found = discs(exact(matrix), exact(np.zeros((1, 3, 3))), np.zeros(1))
    assert found.critical().tolist() == [NONE]


def test_what_is_not_finite_is_not_decided():
    with np.errstate(all="ignore"):
        matrix = between(np.full((1, 2, 2), -np.inf), np.full((1, 2, 2), 1.0))
    assert discs(matrix, exact(np.zeros((1, 2, 2))), np.zeros(1)).critical().tolist() == [UNDECIDED]


def test_families_that_are_as_much_shorter_as_said_leave_the_axis():
    matrix, rate = np.diag([-1.0, -2.0, 3.0]), 40.0 * np.random.default_rng(0).normal(size=(3, 3))
    wide = discs(exact(matrix[None]), exact(rate[None]), np.ones(1))
    times = float(wide.shortening()[0])
    assert times > 2.0 and wide.critical().tolist() == [UNDECIDED]
    for factor, verdict in ((1.01, NONE), (0.99, UNDECIDED)):
        found = discs(exact(matrix[None]), exact(rate[None]), np.array([1.0 / (factor * times)]))
        assert found.critical().tolist() == [verdict] and found.meets_axis().any() == (verdict == UNDECIDED)


@pytest.mark.parametrize("n", [1, 3, 7])
def test_products_of_balls_hold_the_exact_product(n):
    generator = np.random.default_rng(n)
    a, b = generator.integers(-(10**6), 10**6, size=(2, n, n))
    product = Balls(a / 3.0, np.full((n, n), 1e-9)) @ Balls(b / 7.0, np.full((n, n), 1e-12))
    true = (a @ b) / 21  # integers: the numerator is exact
    assert np.all(np.abs(product.middle - true) <= product.radius)
