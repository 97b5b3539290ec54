"""Neurons with a reset, dissected: whether the reset lies beyond the saddle decides between bursts and single spikes.

Model: izhikevich (chattering and regular spiking, I = 10), no dimensions but ms; adex, V in mV, w in pA, time in ms.
Source: Izhikevich (2003), IEEE Trans. Neural Netw. 14:1569-1572, doi:10.1109/TNN.2003.820440; Touboul & Brette (2008),
Biol. Cybern. 99:319-334, doi:10.1007/s00422-008-0267-4.
Textbook: Izhikevich (2007), chapters 8 and 9; Gerstner et al. (2014), chapter 6.
Parameters: the variants' own; adex with V_reset = -48.5 mV.

What to notice: with u (or w) frozen the voltage alone is left: it rests on the lower line, or spikes between the reset
and the cut-off. A reset above the fold gives a range of u where both are stable, up to where the saddle meets the
reset: the orbit goes round that loop, with d (or b) added at each spike, and bursts. A reset below the fold leaves no
such range: spiking begins and ends on an invariant circle, and the drift, averaged with its jumps, vanishes before.

Exercise: move c of the chattering cell to -60. When do the bursts become single spikes?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import adex_touboul_brette, izhikevich_chattering, izhikevich_regular_spiking

cells = {
    "chattering": (izhikevich_chattering.at(I=10), "u"),
    "adex": (adex_touboul_brette.at(V_reset=-48.5), "w"),
    "regular spiking": (izhikevich_regular_spiking.at(I=10), "u"),
}
figure, axes = plt.subplots(4, 3, figsize=(17, 12), layout="constrained", height_ratios=[4, 2, 2, 2])
for column, (name, (cell, slow)) in zip(axes.T, cells.items(), strict=True):
    result = dn.fast_slow(cell, slow)
    print(result, "\n")
    dn.plot.fast_slow_with_drift(result, column[:3])
    dn.plot.trajectory(result.orbit, cell.states[0], column[3], linewidth=0.8)
    column[0].set_title(f"{name}: {result.kind}", fontsize="medium")
    column[0].get_legend().set_frame_on(True)

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
