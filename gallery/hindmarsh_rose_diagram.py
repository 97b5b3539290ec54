"""From rest to bursts to spikes and back to rest: the whole Hindmarsh-Rose neuron against the current.

Model: hindmarsh_rose; no dimensions.
Source: Hindmarsh & Rose (1984), Proc. R. Soc. Lond. B 221:87-102, doi:10.1098/rspb.1984.0024; Shilnikov & Kolomiets
(2008), Int. J. Bifurc. Chaos 18:2141-2168, doi:10.1142/S0218127408021634.
Textbook: Izhikevich (2007), chapter 9; Ermentrout & Terman (2010), chapter 5.
Parameters: the model's defaults, r = 0.01; I from 0 to 30. Cycles are followed up to a period of 150.

What to notice: the four Hopf points of the equilibrium look as if nothing much happened between them; the cycles tell
more. Spiking, from the right, doubles its period at 3.544 and turns into bursts, whose cycles overlap: adding a spike
to a burst takes folds and period doublings. Between 2.54 and 3.43 none of them is stable: firing is irregular.

Exercise: set r = 0.006, a slower z. How do the Hopf points move, and how long are the bursts now?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import hindmarsh_rose

diagram = dn.bifurcation_diagram(
    hindmarsh_rose,
    "I",
    (0, 30),
    ranges={"y": (-40, 5), "z": (-2, 40)},
    period_doublings=0,
    longest_period=150,
    values={"I": [2.2, 2.5, 3.5, 10]},
)
print(diagram)
figure, axes = plt.subplots(2, 2, figsize=(13, 9), layout="constrained", width_ratios=[3, 2])
dn.plot.bifurcation_diagram(diagram, ax=axes[0, 0])
axes[0, 0].get_legend().set_loc("lower right")
dn.plot.bifurcation_diagram(diagram, ax=axes[1, 0], legend=False)
axes[1, 0].set(xlim=(1, 7), ylim=(-1.9, 2.3))
dn.plot.periods(diagram, ax=axes[0, 1], legend=False)
axes[0, 1].set(xlim=(1, 7), ylim=(5, 200))
labelled = [point.cycle for point in diagram.special_points("label") if point.cycle]
dn.plot.cycle_traces([cycle for cycle in labelled if cycle.stable], ax=axes[1, 1])

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
