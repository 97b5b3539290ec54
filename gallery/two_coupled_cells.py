"""Two cells joined by a gap junction: the phase differences in which they lock, from the response of one.

Model: morris_lecar_snic_textbook, morris_lecar_hopf_textbook, hodgkin_huxley; V in mV, time in ms.
Source: Kuramoto (1984), Chemical Oscillations, Waves, and Turbulence, doi:10.1007/978-3-642-69689-3, chapter 5; Chow &
Kopell (2000), Neural Comput. 12:1643-1678, doi:10.1162/089976600300015295.
Textbook: Ermentrout & Terman (2010), chapter 8; V_Ca = 120 mV as there.
Parameters: I = 45 (SNIC), 100 (Hopf) and 10 (Hodgkin-Huxley); the current 0.02 (V_other - V) enters each cell.

What to notice: phi is how far the second cell is ahead, G its rate of change; it goes to the filled circles. Without
delay gap junctions synchronise all three, and Hodgkin-Huxley cells can also fire in alternation. Below right the
delay of their coupling varies: alternation becomes stable, then synchrony unstable, with unstable pairs in between. The
largest G is the relative difference of frequency that the cells still overcome.

Exercise: let the cells of the Hopf regime differ, detuning=0.01 in the picture. Where do they lock, and up to which?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import hodgkin_huxley, morris_lecar_hopf_textbook, morris_lecar_snic_textbook


def gap(pre, post):
    return {"I": 0.02 * (pre.V - post.V)}


cells = [
    ("Morris-Lecar near its SNIC", morris_lecar_snic_textbook.at(I=45), 1000),
    ("Morris-Lecar after its Hopf point", morris_lecar_hopf_textbook.at(I=100), 1000),
    ("Hodgkin-Huxley", hodgkin_huxley.at(I=10), 200),
]
figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")
for ax, (title, system, duration) in zip(axes.flat, cells, strict=False):
    current = system.values["I"]
    settled = dn.simulate(system, duration)
    branch = dn.continue_cycles(system, settled, "I", (0.9 * current, 1.1 * current), values={"I": [current]})
    cycle = branch.special_points("label")[0].cycle
    locking = dn.phase_locking(system, cycle, gap)
    print(f"{title}\n{locking}\n")
    dn.plot.interaction_function(locking, ax=ax)
    ax.set_title(title)
for delay in np.linspace(0, cycle.period, 60):
    for state in dn.phase_locking(system, cycle, gap, delay=delay).locked:
        face = "black" if state.stable else "white"
        axes[1, 1].plot(delay, state.fraction, "o", color="black", markerfacecolor=face, markersize=4)
axes[1, 1].set(title="Hodgkin-Huxley with delay", xlabel="delay (ms)", ylabel="locked phase difference (periods)")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
