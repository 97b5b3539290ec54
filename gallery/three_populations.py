"""Two excitatory populations compete through an inhibitory one: seven experiments of a course report.

Model: three_population, 3 x 100 integrate-and-fire cells; V in mV, 100 steps of 1 are a second of the report.
Source: a course report after Wilson & Cowan (1972), Biophys. J. 12:1-24, doi:10.1016/S0006-3495(72)86068-5.
Textbook: Dayan & Abbott (2001), chapter 7.
Parameters: tau 20, rest and reset -70.6, threshold -40, traces of 10; weights drawn with a mean of 20 over the sum of
their factors. Inputs rise by 20 every 5 and every 3 seconds, with noise of 1 for each cell and 1 for each population.

What to notice: cells fire once their input passes 30.6. Excitation alone makes I fire (row 2), unless connections are
all equal and weak (row 5). The same current to all (row 6) reaches I at the time at which it reaches E1 and E2, and
inhibition keeps both slow. When one population gets more (row 7), I silences the other.

Exercise: give I no current in the last experiment. Does E2 still silence E1?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models.population_networks import EXPERIMENTS, three_population, three_population_inputs

figure, axes = plt.subplots(7, 3, figsize=(14, 18), sharex=True, layout="constrained")
print("experiment               E1      E2       I   spikes per cell in the second half")
for row, (experiment, (weights, *_)) in zip(axes, EXPERIMENTS.items(), strict=True):
    inputs, levels = three_population_inputs(experiment)
    run = dn.simulate(three_population(weights), 1000, dt=1.0, inputs=inputs)
    counts = [run.spikes[name].rates((500, 1000)).mean() / 2 for name in ("E1", "E2", "I")]
    print(f"{experiment:22} {counts[0]:7.2f} {counts[1]:7.2f} {counts[2]:7.2f}")
    dn.plot.population_rate(run, ax=row[0], width=10)
    dn.plot.raster(run, ax=row[1])
    for name, level in levels.items():
        row[2].plot(range(1000), level, label=name)
    row[0].set(title=experiment, xlabel="")
    row[1].set(xlabel="")
    row[2].set(title="input without noise")
    row[2].legend(frameon=False)
for ax in axes[-1]:
    ax.set_xlabel("time (ms)")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=60)
else:
    plt.show()
