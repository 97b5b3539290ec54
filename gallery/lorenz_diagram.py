"""Before the butterfly: pitchfork, homoclinic orbits and subcritical Hopf points of the Lorenz equations.

Model: lorenz, without dimensions.
Source: Lorenz (1963), J. Atmos. Sci. 20:130-141, doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2; Sparrow (1982), The
Lorenz Equations, doi:10.1007/978-1-4612-5767-7.
Textbook: Strogatz (2015), chapter 9; Kuznetsov (2004), chapter 6.
Parameters: sigma = 10, beta = 8/3; rho from 0 to 30.

What to notice: convection starts at rho = 1 (a pitchfork) and loses stability at rho = 470/19 = 24.74. The cycles
there are unstable and exist before that: they are born at rho = 13.926, where orbits leave the origin and come back
to it. Between, at 24.06, the strange attractor appears beside the stable states: no diagram of cycles and equilibria
shows it.

Exercise: set beta = 1. At which rho is the Hopf point now, and does sigma (sigma + beta + 3)/(sigma - beta - 1)
agree?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import lorenz

diagram = dn.bifurcation_diagram(lorenz, "rho", (0, 30), values={"period": [0.75, 1, 2, 5]})
print(diagram)
figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained", width_ratios=[3, 2])
dn.plot.bifurcation_diagram(diagram, ax=axes[0, 0])
axes[0, 0].set_ylim(top=18)  # room for the legend
dn.plot.periods(diagram, ax=axes[1, 0], legend=False)
labelled = [s.cycle for s in diagram.cycle_branches[0].special_points("label")]
dn.plot.cycles(labelled, ax=axes[0, 1], x="x", y="z")
dn.plot.cycle_traces(labelled, ax=axes[1, 1], y="z")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
