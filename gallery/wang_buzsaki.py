"""A fast-spiking interneuron: firing from arbitrarily low rates, and its frequency against current.

Model: wang_buzsaki; V in mV, time in ms, I in uA/cm2.
Source: Wang & Buzsaki (1996), J. Neurosci. 16:6402-6413, doi:10.1523/JNEUROSCI.16-20-06402.1996.
Textbook: Ermentrout & Terman (2010), chapters 8 and 9.
Parameters: the model's defaults; I = 0.2, 1 and 4; the curve from I = 0 to 10.

What to notice: the rate starts from zero like the square root of the distance to threshold (class 1) and rises to
nearly 300 spikes a second at I = 10. The planes have h at its steady state: they show where the equilibria are, but not
how stable. At I = 1 the focus is stable in the plane and unstable in the whole model, whose orbit is drawn over it: h
lags behind the spike.

Exercise: set phi = 3. Which end of the curve changes, and why?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import wang_buzsaki

figure, axes = plt.subplots(2, 3, figsize=(15, 7), layout="constrained")
for ax, current in zip(axes[0], (0.2, 1, 4), strict=True):
    dn.plot.trajectory(dn.simulate(wang_buzsaki.at(I=current), 200), "V", ax)
    ax.set_title(f"I = {current}")
currents, rates = np.concatenate([np.arange(0, 1, 0.05), np.arange(1, 10.1, 0.5)]), []
for current in currents:
    spikes = dn.simulate(wang_buzsaki.at(I=current), 1000).crossings("V", 20)
    rates.append(1000 / np.mean(np.diff(spikes[-5:])) if len(spikes) > 5 else 0)
print("I (uA/cm2)  rate (spikes/s)")
for current, rate in zip(currents[::4], rates[::4], strict=True):
    print(f"{current:10.2f}  {rate:10.2f}")
axes[1, 0].plot(currents, rates, "o-", color="black", markersize=3)
axes[1, 0].set(xlabel="$I$ (µA/cm²)", ylabel="spikes per second")
for ax, current in zip(axes[1, 1:], (0, 1), strict=True):
    system = wang_buzsaki.at(I=current)
    run = dn.simulate(system, 100)
    portrait = dn.phase_portrait(system, V=(-80, 50), n=(0, 1), slave=("h",), trajectories=[run])
    print(f"\nI = {current}\n{portrait}\nwhole model\n{dn.fixed_points(system)}")
    dn.plot.phase_portrait(portrait, ax=ax, legend=False)
    ax.set_title(f"h at its steady state, I = {current}")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
