"""Resting or firing: which starts of Morris and Lecar's model lead to which, where both are stable.

Model: morris_lecar, parameters of the Hopf regime; V in mV, W without unit, I in uA/cm2, time in ms.
Source: Morris & Lecar (1981), Biophys. J. 35:193-213, doi:10.1016/S0006-3495(81)84782-0.
Textbook: Ermentrout & Terman (2010), chapter 3.
Parameters: the published ones, I = 86.

What to notice: the boundary is not the stable manifold of a saddle but an unstable cycle, born at the Hopf point
I = 88.57. A pulse stops the firing only if it throws the state inside that cycle, so it must be timed well.

Exercise: at which I does the unstable cycle meet the stable one, and what becomes of the basin of firing?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import morris_lecar_hopf

cell = morris_lecar_hopf.at(I=86)
found = dn.basins(cell, V=(-60, 45), W=(-0.02, 0.55), size=150)
print(found)

diagram = dn.bifurcation_diagram(morris_lecar_hopf, "I", (85, 95))
hopf = diagram.special_points("hopf")[0]
branch = dn.continue_cycles(morris_lecar_hopf, hopf, "I", (85, 95), values={"I": [86]})
boundary = next(point.cycle for point in branch.special if point.kind == "label")
print(f"unstable cycle: V from {boundary.minima[0]:.4f} to {boundary.maxima[0]:.4f}, period {boundary.period:.4f} ms")

ax = dn.plot.basins(found)
ax.plot(boundary["V"], boundary["W"], "k--", lw=1.5, label="unstable cycle")
ax.legend(loc="upper right")
ax.set_title("Rest inside the unstable cycle, firing outside (I = 86)", fontsize=10)

if len(sys.argv) > 1:
    ax.figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
