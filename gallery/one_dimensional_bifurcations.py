"""The bifurcations of a line: fold, transcritical and the two pitchforks.

Model: fold_normal_form, transcritical_normal_form, pitchfork_normal_form, subcritical_pitchfork_normal_form, each with
its second, contracting state frozen; without dimensions.
Source: Strogatz (2015), Nonlinear Dynamics and Chaos, chapter 3, doi:10.1201/9780429492563.
Textbook: Strogatz (2015), chapter 3; Kuznetsov (2004), chapter 3.
Parameters: mu from -1 to 1, or to 0.5 for the subcritical pitchfork with its stabilising fifth power.

What to notice: the arrows show where x goes; they turn on the lines. A fold makes two equilibria out of none. At the
other three an equilibrium exists on both sides and passes its stability on. After the subcritical pitchfork there is
nothing stable nearby: x jumps to the outer branch, and on the way back it stays there as far as mu = -1/4.

Exercise: add a small constant to the rate of the pitchfork. Which of the bifurcations above is left?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import (
    fold_normal_form,
    pitchfork_normal_form,
    subcritical_pitchfork_normal_form,
    transcritical_normal_form,
)

panels = [
    ("fold", fold_normal_form, (-1, 1), lambda mu, x: mu + x**2),
    ("transcritical", transcritical_normal_form, (-1, 1), lambda mu, x: mu * x - x**2),
    ("supercritical pitchfork", pitchfork_normal_form, (-1, 1), lambda mu, x: mu * x - x**3),
    ("subcritical pitchfork", subcritical_pitchfork_normal_form, (-1, 0.5), lambda mu, x: mu * x + x**3 - x**5),
]
figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
for ax, (name, system, span, rate) in zip(axes.flat, panels, strict=True):
    diagram = dn.continue_equilibria(system.freeze("y"), "mu", span, ranges={"x": (-1.6, 1.6)})
    print(f"{name}\n{diagram}\n")
    mu, x = np.meshgrid(np.linspace(span[0] + 0.05, span[1] - 0.05, 10), np.linspace(-1.4, 1.4, 12))
    up = np.sign(rate(mu, x))
    ax.quiver(mu, x, 0 * up, up, color="#B8B8B8", scale=30, width=0.003, pivot="mid")
    dn.plot.bifurcation_diagram(diagram, ax=ax, y="x")
    ax.get_legend().set_frame_on(True)
    ax.set(title=name, ylim=(-1.6, 1.6))

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
