"""Four states of a sparse network: how inhibition and external input decide who fires together.

Model: brunel, 10000 excitatory and 2500 inhibitory integrate-and-fire cells with delta synapses; V in mV, time in ms.
Source: Brunel (2000), J. Comput. Neurosci. 8:183-208, doi:10.1023/A:1008925309027, figure 8.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 13.
Parameters: relative strength of inhibition g and external rate eta (1 reaches threshold in the mean): SR 3, 2; SI with
fast oscillations 6, 4; AI 5, 2; SI with slow oscillations 4.5, 0.9.

What to notice: where excitation wins (g < 4) all cells fire together and like clocks. Where inhibition wins single
cells fire irregularly in all three states; the population oscillates fast with strong input, slowly with weak input,
and hardly at all between them. The sums over 15.6 million synapses take a second or so for each state.

Exercise: set g to 4 and eta to 2, on the border. Does the network find one of the states?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import brunel
from dynana.models.networks import BRUNEL_REGIMES

figure, axes = plt.subplots(2, 4, figsize=(16, 6), sharex="col", height_ratios=(2, 1), layout="constrained")
print("state     E (Hz)  CV of intervals  Fano factor of the population in 1 ms")
for (top, bottom), regime in zip(axes.T, BRUNEL_REGIMES, strict=True):
    run = dn.simulate(brunel(regime), 400, dt=0.1, seed=1)
    spikes = run.spikes["E"]
    window = (100, 400)
    cv = np.nanmean(spikes.cv(window))
    print(f"{regime:8} {spikes.rates(window).mean():7.1f} {cv:8.2f} {spikes.fano(1.0, window):16.1f}")
    shown = (spikes.cell < 60) & (spikes.t > 300)
    top.plot(spikes.t[shown], spikes.cell[shown], ".", color="black", markersize=2)
    bottom.plot(*spikes.activity(0.5, (300, 400)), color="black", linewidth=0.8)
    top.set(title=f"{regime}: g = {BRUNEL_REGIMES[regime][0]:g}, eta = {BRUNEL_REGIMES[regime][1]:g}")
    bottom.set(xlabel="time (ms)", xlim=(300, 400), ylim=(0, None))
axes[0, 0].set_ylabel("60 excitatory cells")
axes[1, 0].set_ylabel("rate (Hz)")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
