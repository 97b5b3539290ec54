"""How the squid axon starts and stops firing when the current rises: two Hopf points, and what lies between.

Model: hodgkin_huxley; V in mV, time in ms, I in uA/cm2.
Source: Hodgkin & Huxley (1952), J. Physiol. 117:500-544, doi:10.1113/jphysiol.1952.sp004764; Rinzel & Miller (1980),
Math. Biosci. 49:27-59, doi:10.1016/0025-5564(80)90109-1.
Textbook: Ermentrout & Terman (2010), chapters 1 to 3.
Parameters: the model's defaults (leak reversal at -54.387 mV); I from -5 to 170.

What to notice: between 6.26 and 9.78 the axon is bistable: rest and firing are both stable, and the unstable cycles
between them are the threshold. At 7.9 their branch turns twice within a hundredth of a unit of current and doubles
its period on the way; none of that is stable, so no experiment shows it.

Exercise: raise E_L to -54.3. By how much does the range of bistability move, and which of its ends moves more?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import hodgkin_huxley

asked = {"I": [8, 20, 100]}
diagram = dn.bifurcation_diagram(hodgkin_huxley, "I", (-5, 170), period_doublings=0, values=asked)
print(diagram)
figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained", width_ratios=[3, 2])
dn.plot.bifurcation_diagram(diagram, ax=axes[0, 0])
dn.plot.periods(diagram, ax=axes[1, 0], legend=False)
dn.plot.bifurcation_diagram(diagram, ax=axes[0, 1], legend=False)
axes[0, 1].set(xlim=(5.5, 10.5), title="where rest and firing are both stable")
labelled = [point.cycle for point in diagram.special_points("label") if point.cycle]
dn.plot.cycles(labelled, ax=axes[1, 1], x="V", y="n")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
