"""Firing between two Hopf points, and cycles that grow from nothing to full size in a hundredth of the current.

Model: fitzhugh_nagumo, without dimensions.
Source: FitzHugh (1961), Biophys. J. 1:445-466, doi:10.1016/S0006-3495(61)86902-6; Benoit, Callot, Diener & Diener
(1981), Collect. Math. 32:37-119; canards in this model: Krupa & Szmolyan (2001), J. Differ. Equ. 174:312-368,
doi:10.1006/jdeq.2000.3929.
Textbook: Izhikevich (2007), chapters 4 and 6.
Parameters: eps = 0.08, a = 0.7, b = 0.8; I from 0 to 1.75, about whose middle the picture is symmetric.

What to notice: both Hopf points are subcritical. On the right one of them, much enlarged: the branch of cycles is
almost vertical. Below, cycles from that stretch follow the middle branch of the cubic, which repels them, for a while
before they jump to either side: canards. Those that jump late to the right have a head.

Exercise: set eps = 0.04. By how much does the range of currents shrink in which the cycles grow?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import fitzhugh_nagumo

span = {"v": (-2.5, 2.5), "w": (-1, 3)}
diagram = dn.bifurcation_diagram(fitzhugh_nagumo, "I", (0, 1.75), ranges=span, values={"I": [0.5, 0.875, 1.25]})
print(diagram)
branch = diagram.cycle_branches[0]
figure, axes = plt.subplots(2, 2, figsize=(12, 9), layout="constrained")
dn.plot.bifurcation_diagram(diagram, ax=axes[0, 0], legend=False)
dn.plot.bifurcation_diagram(diagram, ax=axes[0, 1])
axes[0, 1].set(xlim=(0.3225, 0.3325), title="near the left Hopf point")
dn.plot.periods(diagram, ax=axes[1, 0], legend=False)
growing = [cycle for cycle in branch.cycles if cycle.parameters["I"] < 0.3314]
sizes = [cycle.amplitude[0] for cycle in growing]
chosen = [growing[np.argmin(np.abs(np.subtract(sizes, size)))] for size in (0.5, 1, 1.5, 2, 2.8, 3.7)]
v = np.linspace(-2.15, 1.85, 200)
axes[1, 1].plot(v, v - v**3 / 3 + 0.3242, color="#B8B8B8", linewidth=3, label="nullcline of $v$")
dn.plot.cycles(chosen, ax=axes[1, 1])
axes[1, 1].set_ylim(-1.1, 1.6)

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
