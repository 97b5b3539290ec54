"""Reduced neuron models: few polynomial equations with the geometry of a neuron, without dimensions."""

import dynana as dn

_PI = 3.141592653589793


@dn.model(ranges={"v": (-2.5, 2.5), "w": (-1.0, 2.0)})
def fitzhugh_nagumo(v=-1.0, w=-0.5, *, I=0.0, a=0.7, b=0.8, eps=0.08):
    """Excitable cell in two polynomial equations.

    v' = v - v^3/3 - w + I, w' = eps (v + a - b w). Hopf points at v = -+sqrt(1 - eps b), that is I = 0.331281 and
    1.418719.

    FitzHugh (1961), Biophys. J. 1:445-466 (in Nagumo, Arimoto & Yoshizawa's form of 1962, Proc. IRE 50:2061-2070).
    """
    dv = v - v**3 / 3 - w + I
    dw = eps * (v + a - b * w)
    return dv, dw


@dn.model(ranges={"V": (-3.0, 3.0), "y": (-20.0, 5.0), "z": (-2.0, 8.0)})
def hindmarsh_rose(V=-1.6, y=-10.0, z=0.0, *, I=2.0, a=1.0, b=3.0, c=1.0, d=5.0, r=0.01, s=4.0, V_rest=-1.6):
    """Three equations that rest, spike, burst, or do so irregularly.

    V' = y - a V^3 + b V^2 - z + I, y' = c - d V^2 - y, z' = r (s (V - V_rest) - z).

    Hindmarsh & Rose (1984), Proc. R. Soc. Lond. B 221:87-102. With z frozen, equilibria lie on
    z - I = 1 - 2 V^2 - V^3 (a=1, b=3, c=1, d=5), with folds at z - I = 1 and -5/27.
    """
    dV = y - a * V**3 + b * V**2 - z + I
    dy = c - d * V**2 - y
    dz = r * (s * (V - V_rest) - z)
    return dV, dy, dz


@dn.model(ranges={"v": (-2.5, 2.5), "w": (-1.5, 2.5), "y": (-0.2, 0.2)})
def fitzhugh_rinzel(v=-1.0, w=-0.5, y=0.0, *, I=0.3125, a=0.7, b=0.8, c=-0.775, d=1.0, delta=0.08, mu=0.0001):
    """FitzHugh's cell with a slow current: elliptic bursts.

    v' = v - v^3/3 - w + y + I, w' = delta (a + v - b w), y' = mu (c - v - d y). With y frozen it is `fitzhugh_nagumo`
    at the current I + y: Hopf points at I + y = 0.331281 and 1.418719.

    Rinzel (1987), A formal classification of bursting mechanisms in excitable systems, in Teramoto & Yamaguti (eds.),
    Lect. Notes Biomath. 71:267-281, doi:10.1007/978-3-642-93360-8_26.
    """
    return v - v**3 / 3 - w + y + I, delta * (a + v - b * w), mu * (c - v - d * y)


@dn.model(ranges={"theta": (-_PI, _PI), "x": (-2.0, 2.0), "y": (-2.0, 2.0)}, wrap={"theta": 2 * _PI})
def ermentrout_kopell(theta=-1.0, x=1.0, y=0.0, *, I=-0.02, a=0.1, b=0.05, eps=0.002):
    """Theta neuron driven by a slow oscillator: parabolic bursts.

    theta' = 1 - cos theta + (1 + cos theta) (I + a x + b y), x' = eps (x (1 - r^2) - y), y' = eps (y (1 - r^2) + x),
    r^2 = x^2 + y^2. The cell fires where I + a x + b y > 0, with the period pi / sqrt(I + a x + b y), and the slow
    variables go round the circle r = 1; here the slow oscillator is the normal form of a Hopf bifurcation.

    Ermentrout & Kopell (1986), SIAM J. Appl. Math. 46:233-253, doi:10.1137/0146017.
    """
    growth = 1 - x**2 - y**2
    dtheta = 1 - dn.cos(theta) + (1 + dn.cos(theta)) * (I + a * x + b * y)
    return dtheta, eps * (growth * x - y), eps * (growth * y + x)
