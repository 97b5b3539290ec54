"""By how much a small kick advances the next spike: two types of phase response, and kicks that confirm them.

Model: theta, morris_lecar_snic_textbook, morris_lecar_hopf_textbook, hodgkin_huxley; V in mV, time in ms.
Source: Ermentrout (1996), Neural Comput. 8:979-1001, doi:10.1162/neco.1996.8.5.979; Hansel, Mato & Meunier (1995),
Neural Comput. 7:307-337, doi:10.1162/neco.1995.7.2.307.
Textbook: Ermentrout & Terman (2010), chapter 8; Izhikevich (2007), chapter 10; V_Ca = 120 mV as there.
Parameters: I = 1 (theta), 45 (SNIC), 100 (Hopf) and 10 (Hodgkin-Huxley); the other values are the models' defaults.

What to notice: the lines are the adjoint of the cycle's collocation system, the circles are simulated: a kick, and the
time of a later spike. Near a saddle-node on an invariant circle a kick all but always advances (type I; for the theta
neuron exactly 1 - cos); after a Hopf bifurcation an early kick delays and a late one advances (type II).

Exercise: lower I of the SNIC regime to 40 (the fold is at 39.963). Which part of the curve grows, and like what?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import hodgkin_huxley, morris_lecar_hopf_textbook, morris_lecar_snic_textbook, theta

cells = [
    ("theta neuron", theta.at(I=1), 20, "I", None),
    ("Morris-Lecar near its SNIC", morris_lecar_snic_textbook.at(I=45), 1000, "V", ("V", 0.0)),
    ("Morris-Lecar after its Hopf point", morris_lecar_hopf_textbook.at(I=100), 1000, "V", ("V", 0.0)),
    ("Hodgkin-Huxley", hodgkin_huxley.at(I=10), 200, "V", ("V", -20.0)),
]
figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")
for ax, (title, system, duration, kicked, origin) in zip(axes.flat, cells, strict=True):
    current = system.values["I"]
    settled = dn.simulate(system, duration)
    branch = dn.continue_cycles(system, settled, "I", (0.9 * current, 1.1 * current), values={"I": [current]})
    response = dn.phase_response(system, branch.special_points("label")[0].cycle, origin=origin)
    print(f"{title}, I = {current}: dT/dI = {response.period_derivatives['I']:.6f}\n{response}\n")
    dn.plot.phase_response(response, ax=ax, y=kicked)
    ax.set_title(title)
    if kicked == "V":
        label = "small kicks"
        for phase in np.arange(0.05, 1, 0.1):
            spikes = []
            for kick in (0.001, -0.001):
                start = response.cycle.state(phase * response.period) + np.eye(len(system.states))[0] * kick
                run = dn.simulate(system, 6 * response.period, start=start, rtol=1e-10, atol=1e-12)
                spikes.append(run.crossings("V", origin[1])[4])
            ax.plot(phase, (spikes[1] - spikes[0]) / 0.002, "o", color="black", markerfacecolor="none", label=label)
            label = None
        ax.legend(frameon=False, fontsize="small", loc=(0.25, 0.66))

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
