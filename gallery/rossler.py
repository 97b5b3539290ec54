"""From a cycle to chaos by doubling the period: Rossler's attractor, its section and its cascade.

Model: rossler; no dimensions.
Source: Rossler (1976), Phys. Lett. A 57:397-398, doi:10.1016/0375-9601(76)90101-8.
Textbook: Strogatz (2015), Nonlinear Dynamics and Chaos, chapter 10.
Parameters: a = b = 0.2, c = 5.7; the cascade with c from 2.5 to 6.

What to notice: the flow contracts so strongly that the points on the section lie on a line, and each against the one
before on a curve with one extremum: a map of the line. Unstable cycles are inside the attractor, on the diagonal. The
maxima of x double again and again and become chaotic, with windows of period 5 and 3; the exponent is zero at
every doubling.

Exercise: find the cycles of period three (period=3). How many are there, and how does that go with the curve?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import rossler

found = dn.poincare_map(rossler, "x", returns=600, skip=50, period=2)
print(found)
for point in found.points:
    print(f"period {point.period:.8f}, largest multiplier {point.multipliers[0].real:.6f}")
figure = plt.figure(figsize=(14, 9), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[1, 1.2])
space = above.add_subplot(1, 3, 1, projection="3d")
dn.plot.trajectory_3d(dn.simulate(rossler, 150.0, start=found.y[0]), ax=space, linewidth=0.6)
dn.plot.poincare_map(found, ax=above.add_subplot(1, 3, 2))
dn.plot.first_return(found, "y", ax=above.add_subplot(1, 3, 3))

diagram = dn.orbit_diagram(rossler, "c", np.linspace(2.5, 6.0, 401), measure="x", returns=120, skip=300)
print(diagram)
dn.plot.orbit_diagram(diagram, below.subplots(2, 1, sharex=True, height_ratios=[2, 1]))

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
