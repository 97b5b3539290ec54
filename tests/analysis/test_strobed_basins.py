"""Basins of forced systems, looked at once a period: symmetries, scipy, closed forms, chaos."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynana as dn

TEXT = "dx/dt = v; dv/dt = a*x - b*x^3 - c*v + A*cos(w*t); a = 1; b = 1; c = 0.3; A = 0.2; w = 1.2"
duffing = dn.System.from_text(TEXT, name="duffing")


def period(p: dict[str, float]) -> float:
    return 2 * np.pi / p["w"]


@pytest.fixture(scope="module")
def responses() -> tuple[dn.Basins, dn.Basins]:
    options = {"size": 16, "forcing_period": period, "progress": False}
    return (
        dn.basins(duffing, x=(-2, 2), v=(-2, 2), **options),
        dn.basins(duffing, x=(-2, 2), v=(-2, 2), phase=0.5, **options),
    )


def test_two_responses_that_are_mirror_images(responses: tuple[dn.Basins, dn.Basins]) -> None:
    """(x, v, t) -> (-x, -v, t + half a period) changes nothing, so half a period later the picture is turned."""
    now, later = responses
    assert [a.kind for a in now.attractors] == ["cycle"] * 2 and now.fraction(-1) == 0.0
    places = [a.points[0] for a in now.attractors]
    other = [int(np.argmin([np.linalg.norm(a.points[0] + x) for a in later.attractors])) for x in places]
    assert sorted(other) == [0, 1]
    assert np.array_equal(np.array(other)[now.labels], later.labels[::-1, ::-1])
    stable = [p.state for p in dn.poincare_map(duffing, forcing_period=period, guesses=places).stable]
    assert all(min(np.abs(x - y).max() for y in stable) < 1e-5 for x in places)


def test_single_runs_end_where_the_picture_says(responses: tuple[dn.Basins, dn.Basins]) -> None:
    now, turn = responses[0], period(duffing.values)

    def rates(t: float, s: np.ndarray) -> list[float]:
        return [s[1], s[0] - s[0] ** 3 - 0.3 * s[1] + 0.2 * np.cos(1.2 * t)]

    rng = np.random.default_rng(3)
    for i, j in rng.integers(0, 16, (6, 2)):
        start = [now.axes["x"][i], now.axes["v"][j]]
        end = solve_ivp(rates, (0.0, 40 * turn), start, method="DOP853", rtol=1e-9, atol=1e-10).y[:, -1]
        away = [np.abs(a.points - end).sum(axis=1).min() for a in now.attractors]
        assert int(np.argmin(away)) == now.labels[i, j]


def test_chaos_is_an_attractor_without_period() -> None:
    ueda = duffing.at(a=0.0, c=0.05, A=7.5, w=1.0)
    found = dn.basins(ueda, x=(1, 4), v=(-6, 6), size=8, forcing_period=period, t=100 * 2 * np.pi, progress=False)
    assert [a.kind for a in found.attractors] == ["other"] and found.fraction(0) > 0.9
    assert "once" not in str(found) and found.forcing_period == pytest.approx(2 * np.pi)


@dn.model(ranges={"V": (-2.0, 1.0)})
def leaky(V=0.0, *, t, I=1.2, A=0.1, omega=3.5064):
    """V' = I - V + A sin(omega t), threshold 1, reset 0."""
    return I - V + A * dn.sin(omega * t), dn.Jump(when=V > 1.0, to={V: 0.0}, name="spike")


def test_all_starts_of_a_locked_neuron_lock() -> None:
    turn = 2 * np.pi / 3.5064
    found = dn.basins(leaky, V=(-1, 1), size=25, forcing_period=turn, progress=False)
    (attractor,) = found.attractors
    (point,) = dn.poincare_map(leaky, forcing_period=turn, skip=20).fixed_points
    assert attractor.points[0] == pytest.approx(point.state, abs=1e-6) and attractor.period == pytest.approx(turn)
    assert found.fractions == pytest.approx([1.0])


def test_the_picture_marks_the_states_once_a_period(responses: tuple[dn.Basins, dn.Basins]) -> None:
    ax = dn.plot.basins(responses[0])
    drawn = [line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() == "o"]
    assert drawn == [a.points[0].tolist() for a in responses[0].attractors]


def test_what_is_refused() -> None:
    with pytest.raises(dn.ModelError, match="Give the period of the forcing as forcing_period="):
        dn.basins(duffing, x=(-2, 2))
    known = dn.fixed_points(duffing.freeze("t"), x=(-2, 2), v=(-2, 2))
    with pytest.raises(ValueError, match="attractors= are equilibria: leave it out"):
        dn.basins(duffing, x=(-2, 2), forcing_period=period, attractors=known)
