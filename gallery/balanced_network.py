"""Excitation and inhibition in balance: the published parameters, and a set that is irregular.

Model: ei_balanced, ei_irregular; 500 excitatory and 500 inhibitory integrate-and-fire cells; V in mV, time in ms.
Source: van Vreeswijk & Sompolinsky (1996), Science 274:1724-1726, doi:10.1126/science.274.5293.1724.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 12.
Parameters: connection probability 0.1; synapses of 1/sqrt(50) mV and constant input of 3 mV on the left, of 20/sqrt(50)
and -60/sqrt(50) mV and 10 mV on the right, where the reset is at rest.

What to notice: input and recurrent currents cancel in the mean in both. On the left the constant input alone is above
threshold and the weak synapses hardly move the cells, which fire like clocks: the coefficient of variation (CV) of
their intervals is 0.01. On the right recurrent input holds the mean below threshold, and its fluctuations fire the
cells: CV near 1 and a population rate without rhythm.

Exercise: multiply both synapses of the left network by 5, 10 and 20. At which strength does the CV pass 0.5?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import ei_balanced, ei_irregular

figure, axes = plt.subplots(2, 2, figsize=(12, 7), sharex=True, height_ratios=(2, 1), layout="constrained")
print("network       rate (Hz)  CV of intervals")
for (top, bottom), network in zip(axes.T, (ei_balanced(), ei_irregular()), strict=True):
    run = dn.simulate(network, 2000, dt=0.1, seed=1)
    trains = [run.spikes["E"].of(cell) for cell in range(500)]
    intervals = [np.diff(times[times > 100]) for times in trains if np.sum(times > 100) > 3]
    cv = np.mean([np.std(row) / np.mean(row) for row in intervals])
    print(f"{network.name:13} {1000 * run.rate('E'):9.2f}  {cv:15.3f}")
    dn.plot.raster(run, ax=top)
    dn.plot.population_rate(run, ax=bottom, width=5)
    top.set(title=f"{network.name}: CV {cv:.2f}", xlabel="", xlim=(0, 500))

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
