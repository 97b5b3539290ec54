"""Oscillators that fall into step: a transition with a theory.

Model: 2000 phase oscillators, each coupled to the mean of all; without units.
Source: Kuramoto (1984), Chemical Oscillations, Waves, and Turbulence, Springer, doi:10.1007/978-3-642-69689-3; review:
Strogatz (2000), Physica D 143:1-20, doi:10.1016/S0167-2789(00)00094-4.
Textbook: Ermentrout & Terman (2010), chapter 8.
Parameters: frequencies at the quantiles of a Lorentzian distribution of width 1, so that coupling wins from K = 2 on.

What to notice: below K = 2 phases are scattered and their mean has the size that chance gives, 1/sqrt(2000). Above it
grows as sqrt(1 - 2/K) (line): oscillators near the middle lock, those in the tails drift on. Coupling is written for
each pair; the plan says that two sums do for all of them.

Exercise: draw the frequencies from a uniform distribution instead. Does the order still grow from zero?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn

count, pairs = 2000, dn.all_to_all(autapses=True)


@dn.model
def oscillator(theta=0.0, *, omega=0.0):
    return omega, dn.Observe(c=dn.cos(theta), s=dn.sin(theta))


@dn.synapse
def attraction(*, pre, post, w=0.0):
    return dn.Into("omega", w * (pre.s * post.c - pre.c * post.s))  # w sin(difference)


def order(run):
    theta = run["x", "theta"][run.recorded["x.theta"].t > 30]
    return np.abs(np.exp(1j * theta).mean(axis=1)).mean()


frequencies = np.tan(np.pi * ((np.arange(count) + 0.5) / count - 0.5))
x = dn.Population("x", oscillator, count, at={"omega": frequencies}, start={"theta": dn.uniform(0, 2 * np.pi)})
net = dn.Network([x], [dn.Projection(x, x, attraction, connect=pairs, name="own")])
print(net.plan())
K = np.array([0.5, 1, 1.5, 1.8, 2.2, 2.5, 3, 3.5, 4])
options = {"dt": 0.05, "method": "rk4", "seed": 1, "record": {"x": [dn.record("theta", every=10)]}}
swept = dn.sweep(net, {"own.w": K / count}, 60, measure=order, options=options)
theory = np.sqrt(np.maximum(0, 1 - 2 / K))
for k, found, expected in zip(K, swept["value"], theory, strict=True):
    print(f"K = {k:.1f}: order {found:.3f}, theory {expected:.3f}")
figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
fine = np.linspace(2, 4, 200)
axes[0].plot(fine, np.sqrt(1 - 2 / fine), color="black", label="infinitely many")
axes[0].plot(K, swept["value"], "o", label=f"{count} oscillators")
axes[0].set(xlabel="K", ylabel="order", ylim=(0, 1))
axes[0].legend(frameon=False)
run = dn.simulate(net.at({"own.w": 3 / count}), 60, **options)
axes[1].plot(frequencies, np.remainder(run["x", "theta"][-1] + np.pi, 2 * np.pi) - np.pi, ".", markersize=2)
axes[1].set(xlabel="frequency", ylabel="phase", xlim=(-8, 8), title="K = 3 at t = 60")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
