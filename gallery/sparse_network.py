"""A sparse network of integrate-and-fire cells that keeps itself irregular.

Model: cuba, 3200 excitatory and 800 inhibitory cells with currents as synapses; V in mV, time in ms.
Source: Vogels & Abbott (2005), J. Neurosci. 25:10786-10795, doi:10.1523/JNEUROSCI.3508-05.2005; benchmark 2 of Brette
et al. (2007), J. Comput. Neurosci. 23:349-398, doi:10.1007/s10827-007-0038-6.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 13.
Parameters: connection probability 2 %; 1.62 mV and 5 ms for excitation, -9 mV and 10 ms for inhibition.

What to notice: the cells would fire without any input, since they rest 1 mV above threshold; inhibition holds them
below it most of the time (third picture), and each fires a few times a second, when fluctuations let it. Other
simulators find 5.4 to 5.6 Hz. The distribution of rates is broad although all cells are equal: their inputs differ.

Exercise: change w of inhibition, exponential.at(tau=10, w=-4.5). Is the rate twice as high?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import cuba

run = dn.simulate(cuba(), 1000, dt=0.1, seed=1, record={"E": [dn.record("V", cells=[0])]})
figure, axes = plt.subplots(4, 1, figsize=(10, 11), height_ratios=(3, 1, 1, 1), layout="constrained")
dn.plot.raster(run, ax=axes[0])
dn.plot.population_rate(run, ax=axes[1], width=5)
recorded = run.recorded["E.V"]
axes[2].plot(recorded.t, recorded.values[:, 0], color="black", linewidth=0.7)
axes[2].axhline(-50, color="grey", linestyle=":")
axes[2].set(xlabel="time (ms)", ylabel="V (mV)", xlim=run.span, title="one excitatory cell, and the threshold")
for name in "EI":
    spikes = run.spikes[name]
    rates = np.bincount(spikes.cell[spikes.t > 200], minlength=spikes.size) / 0.8
    print(f"{name}: {rates.mean():.2f} Hz, from {rates.min():.2f} to {rates.max():.2f}")
    axes[3].hist(rates, np.arange(0, 40, 1.25), density=True, histtype="step", label=name)
axes[3].set(xlabel="rate of a cell (Hz)", ylabel="density")
axes[3].legend(frameon=False)

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
