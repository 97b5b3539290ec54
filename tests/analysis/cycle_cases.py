"""Systems whose cycles are known in closed form: the circle x = cos t, y = sin t and what goes on across it."""

from __future__ import annotations

import math

import dynana as dn


@dn.model
def folded(x=0.9, y=0.0, *, mu=0.0, omega=1.0):
    """r' = r (mu + r^2 - r^4): subcritical Hopf point at mu = 0, fold of cycles at mu = -1/4, r^2 = 1/2."""
    r = x * x + y * y
    growth = mu + r - r * r
    return growth * x - omega * y, growth * y + omega * x


@dn.model
def turning(x=1.0, y=0.0, u=0.0, v=0.1, *, mu=-0.1, w=0.37):
    """A focus across the circle: torus at mu = 0 with rotation number w."""
    r, q = x * x + y * y, u * u + v * v
    return (1 - r) * x - y, (1 - r) * y + x, (mu - q) * u - w * v, (mu - q) * v + w * u


@dn.model
def neutral(x=1.0, y=0.0, u=0.0, v=0.0, *, mu=0.2):
    """Two real directions across the circle with rates 1 - mu and -1 + 2 mu: neutral saddle at mu = 0, no torus."""
    r = x * x + y * y
    return (1 - r) * x - y, (1 - r) * y + x, (1 - mu) * u, (-1 + 2 * mu) * v


@dn.model
def moebius(x=1.0, y=0.0, u=0.0, v=0.1, *, a=-0.1, b=-1.0):
    """Directions that make half a turn in a period: multipliers -exp(a T), -exp(b T); u^2 + v^2 = a when doubled."""
    r, q = x * x + y * y, u * u + v * v
    s, e = (a + b) / 2, (a - b) / 2
    du = (s - q) * u + e * (x * u + y * v) - v / 2
    dv = (s - q) * v + e * (y * u - x * v) + u / 2
    return (1 - r) * x - y, (1 - r) * y + x, du, dv


@dn.model
def forked(x=1.0, y=0.0, u=0.1, *, mu=-0.1):
    """A pitchfork of cycles at mu = 0; u = sqrt(mu) on the new ones."""
    r = x * x + y * y
    return (1 - r) * x - y, (1 - r) * y + x, mu * u - u**3


@dn.model
def crossed(x=1.0, y=0.0, u=0.1, *, mu=-0.5):
    """A transcritical bifurcation of cycles at mu = 0; u = mu on the other ones."""
    r = x * x + y * y
    return (1 - r) * x - y, (1 - r) * y + x, mu * u - u * u


@dn.model
def ring(x=1.0, y=0.0, *, k=0.0, omega=1.0):
    """Cycles on a closed curve: (r^2 - 1)^2 + k^2 = 1/4, period 2 pi / (omega (1 + 0.3 k))."""
    r = x * x + y * y
    growth = 0.25 - (r - 1) ** 2 - k * k
    return growth * x - omega * (1 + 0.3 * k) * y, growth * y + omega * (1 + 0.3 * k) * x


@dn.model
def driven(x=0.0, *, k=1.0, F=1.0, t):
    """x = F (k cos t + sin t) / (1 + k^2)."""
    return -k * x + F * dn.cos(t)


@dn.model
def driven_at(x=0.0, *, omega=1.0, t):
    """x = (cos(omega t) + omega sin(omega t)) / (1 + omega^2)."""
    return -x + dn.cos(omega * t)


@dn.model
def driven_every(x=0.0, *, tau=6.0, t):
    """The same with omega = 2 pi / tau."""
    return -x + dn.cos(2 * math.pi * t / tau)


@dn.model
def duffing(x=0.5, y=0.0, *, F=0.2, t):
    return y, x - x**3 - 0.3 * y + F * dn.cos(1.2 * t)


@dn.model
def duffing_at(x=0.5, y=0.0, *, F=0.2, omega=1.2, t):
    return y, x - x**3 - 0.3 * y + F * dn.cos(omega * t)


@dn.model(wrap={"theta": 2 * math.pi})
def rotor(theta=0.0, *, I=2.0):
    """theta' = I + sin theta: period 2 pi / sqrt(I^2 - 1), saddle-node on the circle at I = 1."""
    return I + dn.sin(theta)
