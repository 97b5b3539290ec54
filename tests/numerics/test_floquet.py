"""Eigenvalues of long products against extended precision."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from dynana.numerics.floquet import multipliers


def product_of(factors: np.ndarray, digits: int) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of moduli and phases of the eigenvalues of the product, formed with many digits."""
    with mpmath.workdps(digits):
        product = mpmath.eye(factors.shape[1])
        for factor in factors:
            product = mpmath.matrix(factor.tolist()) * product
        values = sorted(mpmath.eig(product, left=False, right=False), key=lambda v: -abs(v))
        logarithms = np.array([float(mpmath.log(abs(v))) if v != 0 else -np.inf for v in values])
        return logarithms, np.array([float(mpmath.arg(v)) for v in values])


def computed(factors: np.ndarray, frame: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    n = factors.shape[1]
    logarithms, phases = np.empty(n), np.empty(n)
    sweeps = multipliers(np.ascontiguousarray(factors), np.eye(n) if frame is None else frame, logarithms, phases)
    assert 0 < sweeps < 12
    return logarithms, phases


def check(factors: np.ndarray, tolerance: float, digits: int = 400) -> None:
    logarithms, phases = computed(factors)
    wanted, wanted_phases = product_of(factors, digits)
    np.testing.assert_allclose(logarithms, wanted, rtol=1e-13, atol=tolerance)
    # the two of a pair may stand in either order
    np.testing.assert_allclose(np.sort(np.abs(phases)), np.sort(np.abs(wanted_phases)), atol=tolerance)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("count", "n"), [(1, 3), (12, 2), (60, 4), (30, 6)])
def test_random_matrices(count, n, seed):
    factors = np.random.default_rng(seed).normal(size=(count, n, n))
    # rounding a factor changes its smallest singular value by rounding times its condition
    check(factors, 1e-13 + 16.0 * np.finfo(float).eps * np.linalg.cond(factors).sum())


@pytest.mark.parametrize("seed", range(3))
def test_entries_over_120_decades(seed):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(40, 3, 3)) * 10.0 ** rng.uniform(-60, 60, size=(40, 1, 1))
    check(factors, 1e-11, digits=2600)


@pytest.mark.parametrize("seed", range(3))
def test_badly_conditioned_matrices(seed):
    # columns over three decades each way: the inherent error is rounding times the condition of a factor
    rng = np.random.default_rng(seed)
    turn = [np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(40)]
    factors = np.array([turn[2 * k] @ np.diag([1e3, 1.0, 1e-3]) @ turn[2 * k + 1] for k in range(20)])
    check(factors, 1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_pairs_and_nearly_equal_moduli(seed):
    rng = np.random.default_rng(seed)
    check(np.eye(5) + 0.1 * rng.normal(size=(30, 5, 5)), 1e-10)
    turn = [np.linalg.qr(rng.normal(size=(4, 4)))[0] for _ in range(20)]
    inside = np.diag([1.01, 1.0099999, -0.5, 1e-8])
    factors = [turn[(k + 1) % 20] @ inside @ turn[k].T for k in range(20)]  # similar to inside**20
    logarithms, phases = computed(np.array(factors))
    np.testing.assert_allclose(logarithms, 20 * np.log(np.abs(np.diag(inside))), atol=1e-9)
    assert (phases == 0.0).all()


def test_signs_and_angles():
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, -1e-9]])
    logarithms, phases = computed(np.repeat(turn[None], 7, axis=0))
    np.testing.assert_allclose(logarithms, [0, 0, 7 * np.log(1e-9)], atol=1e-13)
    np.testing.assert_allclose(np.abs(phases), [2.1, 2.1, np.pi], atol=1e-13)


def test_a_singular_factor_gives_zero():
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(10, 3, 3))
    factors[4] = factors[4] @ np.diag([1.0, 1.0, 0.0])
    logarithms, _ = computed(factors)
    wanted = np.linalg.eigvals(np.linalg.multi_dot(factors[::-1]))
    wanted = np.sort(np.abs(wanted))[::-1]
    np.testing.assert_allclose(logarithms[:2], np.log(wanted[:2]), atol=1e-11)
    assert logarithms[2] < logarithms[1] - 30.0


def test_reset_to_a_point_gives_zero_exactly():
    logarithms, phases = computed(np.array([[[0.5]], [[0.0]]]))
    assert logarithms[0] == -np.inf and phases[0] == 0.0


def test_not_a_number_is_told():
    assert multipliers(np.full((3, 2, 2), np.nan), np.eye(2), np.empty(2), np.empty(2)) < 0


def test_frame_spans_invariant_subspaces():
    rng = np.random.default_rng(2)
    factors = rng.normal(size=(8, 4, 4))
    product = np.linalg.multi_dot(factors[::-1])
    frame = np.eye(4)
    computed(factors, frame)
    triangle = frame.T @ product @ frame
    values = np.linalg.eigvals(product)
    if np.abs(values.imag).max() == 0.0:
        assert np.abs(np.tril(triangle, -1)).max() < 1e-10 * np.abs(triangle).max()
    np.testing.assert_allclose(frame.T @ frame, np.eye(4), atol=1e-14)
