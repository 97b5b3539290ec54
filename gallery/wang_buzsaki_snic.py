"""Firing from arbitrarily low rates: a saddle-node on an invariant circle, and the square root that it leaves.

Model: wang_buzsaki; V in mV, time in ms, I in uA/cm2.
Source: Wang & Buzsaki (1996), J. Neurosci. 16:6402-6413, doi:10.1523/JNEUROSCI.16-20-06402.1996; Ermentrout (1996),
Neural Comput. 8:979-1001, doi:10.1162/neco.1996.8.5.979.
Textbook: Ermentrout & Terman (2010), chapters 3 and 8; Izhikevich (2007), chapter 6.
Parameters: the model's defaults; I from -1 to 40.

What to notice: rest ends at a fold, 0.16009, and the cycle that takes over passes the place of the fold: it begins
with infinite period. Near the fold the rate is sqrt(a b (I - I_fold))/pi, the grey line on the right: a and b come
from the normal form of the fold, nothing is fitted. The slow passage takes ever more of a spike's time; the spike
itself stays the same.

Exercise: up to which current does the grey line agree with the rate to 10 %? Is it a class 1 neuron beyond that?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import wang_buzsaki

asked = {"I": [1], "period": [20, 50, 100]}
diagram = dn.bifurcation_diagram(wang_buzsaki, "I", (-1, 40), values=asked)
print(diagram)
fold, branch = diagram.special_points("fold")[0], diagram.cycle_branches[0]
figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")
dn.plot.bifurcation_diagram(diagram, ax=axes[0, 0])
axes[0, 0].get_legend().set_loc("upper right")
axes[0, 0].set_xlim(-3, 60)
dn.plot.periods(diagram, ax=axes[1, 0], frequency=True, legend=False)
axes[1, 0].set_ylabel("frequency (spikes per ms)")
near = (branch["I"] > fold["I"]) & (branch["I"] < 3)
distance, rate = branch["I"][near] - fold["I"], 1 / branch["period"][near]
axes[0, 1].loglog(distance, rate, "o", color="#0072B2", markersize=4, label="cycles")
passage = np.pi / np.sqrt(fold.normal_form["a"] * fold.normal_form["b"] * distance)
axes[0, 1].loglog(distance, 1 / passage, color="#B8B8B8", linewidth=3, zorder=0, label="normal form of the fold")
axes[0, 1].legend(frameon=False, fontsize="small")
axes[0, 1].set(xlabel="distance from the fold (µA/cm²)", ylabel="frequency (spikes per ms)")
labelled = [point.cycle for point in diagram.special_points("label") if point.cycle]
dn.plot.cycle_traces(labelled, ax=axes[1, 1])

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
