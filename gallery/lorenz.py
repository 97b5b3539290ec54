"""Lorenz's attractor, and how fast neighbouring orbits part on it.

Model: lorenz; all quantities without unit.
Source: Lorenz (1963), J. Atmos. Sci. 20:130-141, doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.
Textbook: Strogatz (2015), Nonlinear Dynamics and Chaos, chapter 9.
Parameters: sigma = 10, rho = 28, beta = 8/3.

What to notice: one exponent is positive (chaos), one is zero (along the flow), and all three add up to the divergence
-(sigma + 1 + beta) = -41/3, which is the same everywhere. The dimension is a little more than that of a surface.

Exercise: lower rho to 24; is there still chaos, and does the orbit still come to rest from some starts?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import lorenz

spectrum = dn.lyapunov_exponents(lorenz, 10_000.0, dt=0.005)
print(spectrum)
print(f"mean divergence {spectrum.divergence:.6f}")
figure = plt.figure(figsize=(11, 4.8), layout="constrained")
space = figure.add_subplot(1, 2, 1, projection="3d")
dn.plot.trajectory_3d(dn.simulate(lorenz, 60.0, start=spectrum.final), ax=space, linewidth=0.5)
course = figure.add_subplot(1, 2, 2)
course.plot(spectrum.times, spectrum.running()[:, 0], color="#0072B2", marker="o", markersize=3)
low, high = (spectrum.largest + sign * spectrum.errors[0] for sign in (-1, 1))
course.axhspan(low, high, color="#D8D8D8", zorder=0, label="one standard error of the mean")
course.legend(frameon=False, loc="lower right")
course.set_xlabel("time")
course.set_ylabel("largest exponent, averaged so far")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
