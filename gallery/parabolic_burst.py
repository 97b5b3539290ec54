"""Parabolic bursts: two slow variables go round a loop that passes the border of spiking twice.

Model: ermentrout_kopell, no dimensions; plant, V in mV, time in ms.
Source: Ermentrout & Kopell (1986), SIAM J. Appl. Math. 46:233-253, doi:10.1137/0146017; Plant (1981), J. Math. Biol.
11:15-32, doi:10.1007/BF00275821; Rinzel & Lee (1987), J. Math. Biol. 25:653-675, doi:10.1007/BF00275501.
Textbook: Izhikevich (2007), chapter 9; Ermentrout & Terman (2010), chapter 5.
Parameters: the models' defaults, and of Plant's cell the set of parameters in which x is slow.

What to notice: no hysteresis is needed. In both cells spikes begin and end on one saddle-node on an invariant circle,
at infinite period: the rate rises from zero and falls to zero within each burst. In Plant's cell both slow variables
rise while it spikes and fall while it rests, x always first: the loop passes the curve of folds twice.

Exercise: Plant's other set, the model's default, has an x that is hardly slower than the spikes. What is said of it?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import ermentrout_kopell, plant_slow

figure = plt.figure(figsize=(16, 9), layout="constrained")
grid = figure.add_gridspec(2, 3, width_ratios=[1, 1, 1.2])
for row, (system, slow) in enumerate([(ermentrout_kopell, ("x", "y")), (plant_slow, ("x", "Ca"))]):
    result = dn.fast_slow(system, slow)
    print(result, "\n")
    trace = figure.add_subplot(grid[row, 0])
    dn.plot.trajectory(result.orbit, result.states[0], trace, linewidth=0.6)
    trace.set_title(f"{system.name}: {result.kind.split(' (')[0]}")
    trace.locator_params(axis="x", nbins=4)
    dn.plot.fast_slow(result, figure.add_subplot(grid[row, 1]))
    if system is plant_slow:
        above = dn.plot.critical_manifold(result, figure.add_subplot(grid[row, 2], projection="3d"))
        above.set_box_aspect(None, zoom=0.85)  # room for the label of V
        continue
    rates = figure.add_subplot(grid[row, 2])
    rates.plot(result.rhythm.spikes[1:], 1 / np.diff(result.rhythm.spikes), ".")
    rates.set(xlabel="t", ylabel="1 / interval between spikes", title="up from zero and down to zero")
    trace.set_ylabel("$\\theta$, not wound up")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
