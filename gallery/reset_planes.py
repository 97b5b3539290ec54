"""Planes of neurons with resets: nullclines, reset and threshold, and the orbit that fires.

Model: adex (V in mV, w in pA) and izhikevich (v in mV); time in ms.
Source: Brette & Gerstner (2005), J. Neurophysiol. 94:3637-3642, doi:10.1152/jn.00686.2005; Izhikevich (2003), IEEE
Trans. Neural Netw. 14:1569-1572, doi:10.1109/TNN.2003.820440.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 6; Izhikevich (2007), chapter 8.
Parameters: those of the models; adex at I = 8, izhikevich at I = 10 and as chattering cell.

What to notice: where the orbit lands on the reset line decides what follows. Below the voltage's nullcline it moves to
the right at once and fires again soon (chattering), above it the orbit first turns back: a long pause.

Exercise: move the reset of adex to the right of the nullcline's minimum. How many spikes does a burst have?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import adex, izhikevich, izhikevich_chattering

PLANES = [
    (adex.at(I=8), {"V": (-75, -28), "w": (-5, 25)}),
    (izhikevich.at(I=10), {"v": (-85, 35), "u": (-12, 8)}),
    (izhikevich_chattering.at(I=10), {"v": (-85, 35), "u": (-12, 8)}),
]

figure, axes = plt.subplots(1, 3, figsize=(16, 5.4), layout="constrained")
for ax, (cell, ranges) in zip(axes, PLANES, strict=True):
    cycle = dn.find_cycle(cell, dn.simulate(cell, 1000))
    dn.plot.phase_portrait(dn.phase_portrait(cell, ranges=ranges), ax=ax)
    known = len(ax.lines)
    dn.plot.cycles(cycle, ax, x=cell.states[0], y=cell.states[1])
    for artist in [*ax.lines[known:], ax.texts[-1].arrow_patch]:
        artist.set_color("black")  # separatrices are blue
    once = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    ax.legend(once.values(), once, fontsize="small", loc="lower right")
    ax.set_title(f"{cell.name}: {cycle.jumps} spike{'s' * (cycle.jumps > 1)} in {cycle.period:.2f} ms")
    print(f"{cell.name}: {cycle.jumps} spikes in {cycle.period:.6f} ms, multiplier {cycle.multipliers[1].real:.5f}")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
