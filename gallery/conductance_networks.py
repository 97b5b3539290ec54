"""Networks with conductances as synapses, whose cells burst one by one: simple cells, and Hodgkin and Huxley's kind.

Model: coba, cobahh; 3200 excitatory and 800 inhibitory cells each; V in mV, time in ms.
Source: Vogels & Abbott (2005), J. Neurosci. 25:10786-10795, doi:10.1523/JNEUROSCI.3508-05.2005; benchmarks 1 and 3 of
Brette et al. (2007), J. Comput. Neurosci. 23:349-398, doi:10.1007/s10827-007-0038-6.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 13.
Parameters: connection probability 2 %; conductances of 5 ms (excitation, reversal 0 mV) and 10 ms (inhibition, -80 mV);
coba with a constant drive of 20 mV, cobahh without any: it keeps going after the kick with which it starts.

What to notice: the population is as steady as in sparse_network.py, where synapses are currents, but each cell is
silent for long and then fires several times in a row (third picture): intervals of a few milliseconds, and a long tail
of pauses (fourth, on a logarithmic scale), more variable than chance (CV above 1.5). Other simulators find 21.4 and
36.3 Hz.

Exercise: halve the conductances of cobahh's inhibition. Do the bursts become longer or more frequent?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import coba, cobahh

figure, axes = plt.subplots(
    4, 2, figsize=(13, 10), height_ratios=(3, 1, 1, 1), layout="constrained", sharex="row", squeeze=False
)
for column, make in zip(axes.T, (coba, cobahh), strict=True):
    run = dn.simulate(make(), 1000, dt=0.1, seed=1, record={"E": [dn.record("V", cells=[0])]})
    dn.plot.raster(run, ax=column[0], populations=["E", "I"])
    column[0].set_title(make.__name__)
    dn.plot.population_rate(run, ax=column[1], width=5, populations=["E", "I"])
    recorded = run.recorded["E.V"]
    column[2].plot(recorded.t, recorded.values[:, 0], color="black", linewidth=0.7)
    column[2].set(xlabel="time (ms)", ylabel="V (mV)", xlim=run.span)
    for name in "EI":
        spikes = run.spikes[name]
        rates = np.bincount(spikes.cell[spikes.t > 200], minlength=spikes.size) / 0.8
        print(f"{make.__name__} {name}: {rates.mean():.2f} Hz, CV {np.nanmean(spikes.cv((200, 1000))):.2f}")
        column[3].hist(spikes.intervals(), np.arange(0, 500, 2.5), density=True, histtype="step", label=name)
    column[3].set(xlabel="interval between spikes of a cell (ms)", ylabel="density", yscale="log", xlim=(0, 500))
    column[3].legend(frameon=False)

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
