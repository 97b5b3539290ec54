"""A gamma rhythm from inhibition alone: interneurons that inhibit each other fire together.

Model: 100 wang_buzsaki cells, all to all by synapses that open with the presynaptic voltage; V in mV, time in ms.
Source: Wang & Buzsaki (1996), J. Neurosci. 16:6402-6413, doi:10.1523/JNEUROSCI.16-20-06402.1996.
Textbook: Ermentrout & Terman (2010), chapter 9.
Parameters: conductance 0.1 mS/cm2 for all inputs together, reversal -75 mV, opening rate 12 per ms, closing rate 0.1;
currents normal with mean 1 and standard deviation 0.01 (0.1 in the middle) uA/cm2; V starts uniform in -70 to -50.

What to notice: without excitation cells of nearly equal drive come together within some ten cycles, at a frequency in
the gamma band that the decay of inhibition sets (right; the measure chi is 1 for full synchrony). With currents that
differ by 10 % there is no rhythm (middle): gamma of this kind needs cells that are alike.

Exercise: let the reversal be -55 mV, where inhibition only shunts. Do the cells still come together?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import wang_buzsaki


@dn.synapse(time="ms")
def gated(s=0.0, *, pre, post, g=0.1, E=-75.0, opening=12.0, closing=0.1):
    rise = opening / (1 + dn.exp(-pre.V / 2))
    return rise * (1 - s) - closing * s, dn.Into("I", -g / 100 * s * (post.V - E))


V = wang_buzsaki.symbols["V"]
equations = dict(zip(wang_buzsaki.states, wang_buzsaki.derivatives, strict=True))
spiking = dn.System(
    equations, wang_buzsaki.values, name="wang_buzsaki", time="ms",
    initial=wang_buzsaki.initial, jumps=[dn.Jump(when=V > 0, to={V: V}, name="spike")],
)  # fmt: skip


def network(spread):
    start = {"V": dn.uniform(-70, -50)}
    cells = dn.Population("I", spiking, 100, at={"I": dn.normal(1.0, spread)}, start=start)
    return dn.Network([cells], [dn.Projection(cells, cells, gated, name="own")], "gamma")


figure, axes = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
for ax, spread in zip(axes, (0.01, 0.1), strict=False):
    run = dn.simulate(network(spread), 1500, dt=0.02, seed=1)
    spikes, late = run.spikes["I"], (1000, 1500)
    print(f"spread {spread}: {spikes.rates(late).mean():.1f} Hz, synchrony {spikes.synchrony(2, late):.2f}")
    dn.plot.raster(run, ax=ax)
    ax.set(title=f"currents differ by {100 * spread:.0f} %", xlim=(1200, 1500))
closing = np.array([0.05, 0.1, 0.2, 0.4])
measures = dn.sweep(
    network(0.01), {"own.closing": closing}, 1500, options={"dt": 0.02, "seed": 1},
    measure=lambda run: [run.spikes["I"].rates((1000, 1500)).mean(), run.spikes["I"].synchrony(2, (1000, 1500))],
)["value"]  # fmt: skip
for c, (rate, chi) in zip(closing, measures, strict=True):
    print(f"inhibition decays in {1 / c:.1f} ms: {rate:.1f} Hz, synchrony {chi:.2f}")
axes[2].plot(1 / closing, measures[:, 0], "o-", color="black")
axes[2].set(xlabel="decay of inhibition (ms)", ylabel="rate (Hz)")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
