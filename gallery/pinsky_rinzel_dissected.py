"""A burst that is one turn of a fast cycle: the slow potassium current carries the cell out of its cycles each time.

Model: pinsky_rinzel; Vs in mV, time in ms, q without dimension.
Source: Pinsky & Rinzel (1994), J. Comput. Neurosci. 1:39-60, doi:10.1007/BF00962717 (erratum 1995, 2:275).
Textbook: Ermentrout & Terman (2010), chapter 5; Izhikevich (2007), chapter 9.
Parameters: the model's defaults with I_s = 0.75; the slow variable is q, the gate of the potassium current of the
afterhyperpolarisation.

What to notice: calcium is part of the fast subsystem, and one turn of its cycle is a whole burst: a somatic spike and
the dendritic calcium spike, which follows as humps at the soma, with the period growing to infinity at a saddle-node on
an invariant circle. There is no hysteresis between rest and bursts. In one turn q rises far past that point; the cell
rests on the lower line while q falls back, and fires its next burst beyond the saddle-node. Averaging over cycles does
not apply: the drift vanishes where the period is 550 ms, but q does not stay there.

Exercise: at I_s = 2.5 the cell spikes. Where are the folds then, and what does q do in one turn?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import pinsky_rinzel

result = dn.fast_slow(pinsky_rinzel.at(I_s=0.75), "q")
print(result)
figure = plt.figure(figsize=(13, 10), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[6, 5])
axes = left.subplots(3, 1, height_ratios=[4, 2, 2])
dn.plot.fast_slow_with_drift(result, axes)
axes[0].get_legend().set(loc="upper right", bbox_to_anchor=(1, 1))
traces = right.subplots(3, 1, height_ratios=[2, 1, 1])
dn.plot.trajectory(result.orbit, ["Vs", "Vd"], traces[0], linewidth=0.8)
dn.plot.trajectory(result.orbit, "Ca", traces[1])
dn.plot.trajectory(result.orbit, "q", traces[2])

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
