"""The surface that parts the two wings: the stable manifold of the origin in Lorenz's system.

Model: lorenz; all quantities without unit.
Source: Krauskopf & Osinga (2003), SIAM J. Appl. Dyn. Syst. 2:546-569, doi:10.1137/030600180.
Textbook: Strogatz (2015), Nonlinear Dynamics and Chaos, chapter 9; Kuznetsov (2004), Elements of Applied Bifurcation
Theory, chapter 6.
Parameters: sigma = 10, rho = 28, beta = 8/3; the surface up to the distance 50 along it.

What to notice: starts on the surface come to the origin, those on its two sides turn to different wings first. It
contains the z-axis, around which it winds, and the attractor never crosses it: the orbit passes it only where it is not
yet drawn. One of its rates is 8.5 times the other, and yet the rings are evenly far from the origin.

Exercise: draw the surface for rho = 10. To which equilibria do its sides lead?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import lorenz

origin = next(p for p in dn.fixed_points(lorenz) if np.allclose(p.point, 0))
surface = dn.manifold_surface(lorenz, origin, 50.0, step=2.0)
print(origin)
print(surface)
ring = surface.ring(-1)
mirror = ring * [-1, -1, 1]
print(f"area {surface.area:.0f}; top of the last ring at z = {ring[:, 2].max():.3f}")
print(f"mirror symmetry to {max(np.min(np.linalg.norm(ring - p, axis=1)) for p in mirror):.2f}")
orbit = dn.simulate(lorenz, 25.0, start=dn.simulate(lorenz, 20.0).final)
figure = plt.figure(figsize=(14, 6.5), layout="constrained")
for k, angle in enumerate((-65, 15)):
    ax = figure.add_subplot(1, 2, k + 1, projection="3d")
    dn.plot.manifold_surface(surface, ax=ax, alpha=0.6, bar=k == 1)
    ax.plot(*orbit.at(np.linspace(0, 25, 5000)).T, color="#D55E00", linewidth=0.6)
    ax.view_init(20, angle)

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
