"""A chemical clock: cycles that grow like a square root, and then relax.

Model: brusselator, without dimensions.
Source: Prigogine & Lefever (1968), J. Chem. Phys. 48:1695-1700, doi:10.1063/1.1668896.
Textbook: Strogatz (2015), chapter 8; Kuznetsov (2004), chapter 3.
Parameters: A = 1; B from 1 to 4.

What to notice: at B = 1 + A^2 = 2 the equilibrium (A, B/A) gives way to a cycle whose period begins with 2 pi/A and
whose amplitude grows like the square root of the distance, the grey parabola. Further on the cycle spends most of its
time waiting at small x, and its period grows.

Exercise: the parabola has no free constant: normal_form["l1"] of the Hopf point gives it. Can you derive its factor?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import brusselator

diagram = dn.bifurcation_diagram(brusselator, "B", (1, 4), values={"B": [2.25, 2.5, 3, 3.5]})
print(diagram)
figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained", width_ratios=[3, 2])
radius = np.linspace(-0.52, 0.52, 100)
grey = {"color": "#B8B8B8", "linewidth": 4, "zorder": 0, "label": "normal form of the Hopf point"}
axes[0, 0].plot(2 + 0.75 * radius**2, 1 + radius, **grey)
dn.plot.bifurcation_diagram(diagram, ax=axes[0, 0])
dn.plot.periods(diagram, ax=axes[1, 0], legend=False)
labelled = [point.cycle for point in diagram.special_points("label") if point.cycle]
dn.plot.cycles(labelled, ax=axes[0, 1])
dn.plot.cycle_traces(labelled, ax=axes[1, 1])

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
