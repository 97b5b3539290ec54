"""Trials of a spiking network that decides: how often it is right, and how long it takes.

Model: decision_spiking, 320 excitatory cells, 48 for each choice, and 80 inhibitory ones; V in mV, time in ms.
Source: Wang (2002), Neuron 36:955-968, doi:10.1016/S0896-6273(02)01092-9.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 16.
Parameters: scale=5, a fifth of the paper's cells (scale=1 has all of them); stimulus from 100 to 1100 ms; a decision is
a group above 8 Hz for 100 ms. 10 trials for each coherence, or as many as the second argument says.

What to notice: recurrent NMDA excitation adds up evidence for hundreds of ms, until the groups' competition through
inhibition ends it. With more coherence decisions are right more often and come earlier. The winner's activity outlives
the stimulus (right).

Exercise: take scale=1 and 50 trials (some minutes). Are there still trials without a decision?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import decision_spiking

trials, coherence, begin = int(sys.argv[2]) if len(sys.argv) > 2 else 10, (0.0, 12.8, 51.2), np.arange(100, 1501, 20)
figure, axes = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
shares, taken = [], []
for c in coherence:
    right, delays = 0, []
    for seed in range(trials):
        spikes = dn.simulate(decision_spiking(coherence=c, seed=seed), 1600, dt=0.05, seed=seed).spikes["E"]
        late = spikes.rates((600, 1600))
        right += late[:48].mean() > late[48:96].mean()
        rates = np.array([spikes.rates((t, t + 100)).reshape(-1, 16)[:6].mean(axis=1) for t in begin])
        rates = rates.reshape(-1, 2, 3).mean(axis=2)  # of A and B: three rows of 16 cells each
        fast = np.flatnonzero(rates.max(axis=1) > 8)
        delays += [begin[fast[0]]] if fast.size else []
    shares.append(right / trials)
    taken.append(delays)
    print(f"coherence {c:4.1f}: {right} of {trials} right, {np.mean(delays):.0f} ms in {len(delays)}")
axes[0].plot(coherence, shares, "o-", color="black")
axes[0].set(xlabel="coherence (%)", ylabel="share of right choices", ylim=(0, 1.05))
axes[1].errorbar(coherence, [np.mean(d) for d in taken], [np.std(d) for d in taken], fmt="o-", color="black")
axes[1].set(xlabel="coherence (%)", ylabel="time of decision (ms)")
axes[2].plot(begin + 50, rates, label=["group A", "group B"])
axes[2].axvspan(100, 1100, color="0.92")
axes[2].set(xlabel="time (ms)", ylabel="rate (Hz)", title="the last trial")
axes[2].legend(frameon=False)

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
