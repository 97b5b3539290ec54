"""A forced oscillator seen once a period: cascades to chaos, a strange attractor, and basins that interleave.

Model: Duffing's oscillator with two wells, x'' + c x' - x + x^3 = A cos(w t), as text; no dimensions.
Source: Holmes (1979), Phil. Trans. R. Soc. Lond. A 292:419-448, doi:10.1098/rsta.1979.0068.
Textbook: Strogatz (2015), chapter 12; Guckenheimer & Holmes (1983), chapter 2.
Parameters: c = 0.3, w = 1.2; A from 0.2 to 0.65, 0.5 and 0.29.

What to notice: a stroboscope at the period of the forcing shows a response of that period as a point. Its period
doubles on the way to chaos, where the largest exponent is positive; windows of periods 5, 3 and 2 follow. Unstable
periodic points (open) lie in the attractor. At A = 0.29 two responses of period 4, mirror images of each other half a
period later, share the plane, and their basins interleave on ever finer scales.

Exercise: look at the attractor at other phases of the forcing (phase=). What does half a period do to it?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn

duffing = dn.System.from_text(
    "dx/dt = v; dv/dt = x - x^3 - c*v + A*cos(w*t); c = 0.3; A = 0.5; w = 1.2", name="duffing"
)


def period(p):
    return 2 * np.pi / p["w"]


diagram = dn.orbit_diagram(duffing, "A", np.linspace(0.2, 0.65, 361), forcing_period=period, returns=120)
attractor = dn.poincare_map(duffing, forcing_period=period, skip=100, returns=6000, period=2)
basins = dn.basins(duffing.at(A=0.29), x=(-2, 2), v=(-2, 2), size=120, forcing_period=period)
known = [float(A) for A in (0.2, 0.28, 0.29, 0.37, 0.5, 0.65)]
print(diagram, "\n")
print(dn.orbit_diagram(duffing, "A", known, forcing_period=period).periods, "periods at", known, "\n")
print(attractor, "\n")
print(dn.lyapunov_exponents(duffing, 5000.0, dt=0.02), "\n")
print(basins)

figure = plt.figure(figsize=(14, 9), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[3, 2])
dn.plot.orbit_diagram(diagram, left.subplots(2, 1, height_ratios=[2.2, 1], sharex=True))
upper, lower = right.subplots(2, 1)
dn.plot.poincare_map(attractor, ax=upper)
dn.plot.basins(basins, lower)

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
