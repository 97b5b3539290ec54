"""Decisions under noise: how often two gating variables decide rightly, and how long it takes them.

Model: decision_rate, the two-variable decision model with an Ornstein-Uhlenbeck process in each input; time in s.
Source: Wong & Wang (2006), J. Neurosci. 26:1314-1328, doi:10.1523/JNEUROSCI.3733-05.2006.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 16.
Parameters: stimulus of 30 Hz from 0.5 s on; noise of 0.02 nA with 2 ms; a decision is S > 0.5. 400 trials each.

What to notice: without coherence both choices are as frequent; a few percent favour one, and a quarter is certain. Hard
decisions take longer, and their times vary more. Trials of the same coherence part where the saddle decides (right).

Exercise: halve the noise. Which of the curves changes more?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import decision_rate

coherence, trials = np.array([0, 3.2, 6.4, 12.8, 25.6, 51.2]), 400
options = {"dt": 0.0005, "events": "grid", "method": "exponential_euler", "seed": 1}
run = dn.simulate(
    decision_rate, 2.5, at={"coh": np.repeat(coherence / 100, trials)}, crossings={"S1": 0.5, "S2": 0.5},
    inputs={"mu_0": dn.steps([0.5], [30], before=0)}, times=np.arange(0.4, 1.5, 0.005), **options,
)  # fmt: skip
first = [[run.times(e, cell=c)[:1] for e in run.events] for c in range(len(run))]
times = np.array([[t[0] if len(t) else np.inf for t in row] for row in first]).reshape(6, trials, 2)
right, taken = (times[..., 0] < times[..., 1]).mean(axis=1), 1000 * (times.min(axis=2) - 0.5)
for c, share, row in zip(coherence, right, taken, strict=True):
    print(f"coherence {c:4.1f}: {share:.3f} right, {row.mean():.0f} ms, sd {row.std():.0f} ms")
figure, axes = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
axes[0].plot(coherence, right, "o-", color="black")
axes[0].set(xlabel="coherence (%)", ylabel="share of right choices")
axes[1].errorbar(coherence, taken.mean(axis=1), taken.std(axis=1), fmt="o-", color="black")
axes[1].set(xlabel="coherence (%)", ylabel="time of decision (ms)")
for cell in range(2 * trials, 2 * trials + 12):
    axes[2].plot(run["S1"][:, cell], run["S2"][:, cell], linewidth=0.7)
axes[2].set(xlabel="$S_1$", ylabel="$S_2$", title="twelve trials at 6.4 %", xlim=(0, 0.8), ylim=(0, 0.8))

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
