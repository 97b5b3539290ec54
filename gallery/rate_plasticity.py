"""Weights that learn from rates: one rule finds what comes together, the other selects.

Model: oja and bcm between linear units, r = J + I; without units.
Source: Oja (1982), J. Math. Biol. 15:267-273, doi:10.1007/BF00275687; Bienenstock, Cooper & Munro (1982), J. Neurosci.
2:32-48, doi:10.1523/JNEUROSCI.02-01-00032.1982.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 19.
Parameters: gamma = 0.005, two units with pulses of 2 for 20 on and 20 off, the first for three and the second for five
of them, which the target gets too (left); eta = 0.005, ten units at 1.5 and ten at 1 in turns of 1 (right).

What to notice: on the left both weights grow as long as both units fire with the target; when the first one stops, the
second takes over and Oja's decay takes the first away, so that the weights stay bounded. On the right the threshold is
the mean rate: the strong group drives the target above it and the weak one below it, until one is selected.

Exercise: let the first unit come back after the fifth pulse. How fast do the weights become equal again?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import bcm, oja


@dn.model
def unit(*, J=0.0, I=0.0):
    return dn.Observe(r=J + I)


def learned(synapse, sources, t, dt, first, second, target):
    pre, post = dn.Population("pre", unit, sources), dn.Population("post", unit, 1)
    net = dn.Network([pre, post], [dn.Projection(pre, post, synapse, name="learning")])
    half = sources // 2
    inputs = {pre[:half]: {"I": first}, pre[half:]: {"I": second}, "post": {"I": target}}
    run = dn.simulate(net, t, dt=dt, inputs=inputs, record={"learning": ["w"], "post": ["r"]})
    return run.recorded["learning.w"].t, run["learning", "w"], run["post", "r"][:, 0]


three, five = (dn.pulses([40 * k for k in range(n)], 20, 2) for n in (3, 5))
strong, weak = (dn.pulses(np.arange(first, 60, 2), 1, height) for first, height in ((0, 1.5), (1, 1)))
runs = {
    "Oja": learned(oja, 2, 200, 0.02, three, five, five),
    "BCM": learned(bcm, 20, 60, 0.01, strong, weak, dn.pulses([], 1)),
}
figure, axes = plt.subplots(2, 2, figsize=(12, 6), sharex="col", layout="constrained")
for (top, bottom), (name, (t, w, r)) in zip(axes.T, runs.items(), strict=True):
    top.plot(t, w[:, 0], color="#0072b2", label="first" if name == "Oja" else "strong")
    top.plot(t, w[:, -1], color="#d55e00", label="second" if name == "Oja" else "weak")
    bottom.plot(t, r, color="black", linewidth=0.7)
    top.set(title=name, ylabel="weight")
    bottom.set(xlabel="time", ylabel="rate of the target")
    top.legend(frameon=False)
    print(f"{name}: weights {w[0, 0]:g} and {w[0, -1]:g} at first, {w[-1, 0]:.3f} and {w[-1, -1]:.3f} in the end")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
