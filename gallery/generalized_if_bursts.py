"""Bursts as periodic orbits: how many spikes a burst of the generalised integrate-and-fire neuron has, and where.

Model: generalized_if with the values of its tonic bursting; V and threshold in mV, time in ms, I in mV/ms.
Source: Mihalas & Niebur (2009), Neural Comput. 21:704-718, doi:10.1162/neco.2008.12-07-680, table 1.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 6.
Parameters: dynana.models.protocols.generalized_if_patterns["tonic_bursting"].

What to notice: each orbit lives in a window of I. It ends where the voltage only touches the threshold (grazing): one
spike more or fewer beyond. Neighbouring windows overlap, so that two rhythms are stable at one current; some windows
end in a fold, and their unstable part leads on to the grazing.

Exercise: halve A2. Which bursts are left?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models.protocols import generalized_if_patterns

cell = generalized_if_patterns["tonic_bursting"]["system"]
figure, (above, below) = plt.subplots(2, 1, figsize=(9, 8), layout="constrained")
for current in (2.0, 2.4, 2.75, 3.0, 3.5):
    at = cell.at(I=current)
    burst = dn.find_cycle(at, dn.simulate(at, 3000))
    branch = dn.continue_cycles(cell, burst, "I", (1.5, 4))
    ends = ", ".join(f"{point.kind} at {point.parameters['I']:.9g}" for point in branch.special)
    name = f"{burst.jumps} spike{'s' * (burst.jumps > 1)}"
    print(f"{name} in a period of {burst.period:.6f} ms at I = {current}; {ends}")
    dn.plot.periods(branch, ax=above, legend=current == 3.5)
    above.annotate(name, (current, burst.period), (4, 4), textcoords="offset points")
    if current == 2.0:
        for state, colour, label in (("V", "black", "$V$"), ("V_th", "#D55E00", "threshold")):
            below.plot(burst.times, burst[state], color=colour, label=label)
        below.set(xlabel="time (ms)", ylabel="mV", title=f"one period at I = {current}")
        below.legend(frameon=False)

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
