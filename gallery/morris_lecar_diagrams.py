"""Three ways to start firing, against the current: the Hopf, SNIC and homoclinic regimes of one membrane.

Model: morris_lecar_*_textbook; V in mV, time in ms, I in uA/cm2.
Source: Morris & Lecar (1981), Biophys. J. 35:193-213, doi:10.1016/S0006-3495(81)84782-0; parameters of Rinzel &
Ermentrout (1998) in Koch & Segev (eds), Methods in Neuronal Modeling, chapter 7.
Textbook: Ermentrout & Terman (2010), chapter 3; V_Ca = 120 mV and phi = 0.067 in the SNIC regime as there.
Parameters: g_Ca = 4.4, V3 = 2, V4 = 30, phi = 0.04 (Hopf); 4, 12, 17.4 and 0.067 (SNIC) or 0.23 (homoclinic).

What to notice: after a Hopf bifurcation firing starts at a finite rate, and there is a range in which rest and firing
are both stable. On an invariant circle the rate starts from zero, like the square root of the distance to the fold.
At a homoclinic orbit it starts from zero as well, but so steeply (one over a logarithm) that it looks like a jump.

Exercise: raise phi from 0.067 to 0.23 in steps. At which phi does firing begin before rest has ended?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import (
    morris_lecar_homoclinic_textbook,
    morris_lecar_hopf_textbook,
    morris_lecar_snic_textbook,
)

regimes = [
    ("Hopf", morris_lecar_hopf_textbook, (-20, 250)),
    ("SNIC", morris_lecar_snic_textbook.at(phi=0.067), (-20, 150)),
    ("homoclinic", morris_lecar_homoclinic_textbook, (20, 60)),
]
figure, axes = plt.subplots(2, 3, figsize=(16, 8), layout="constrained", height_ratios=[3, 2], sharex="col")
for (above, below), (name, system, currents) in zip(axes.T, regimes, strict=True):
    diagram = dn.bifurcation_diagram(system, "I", currents)
    print(f"{name} regime\n{diagram}\n")
    dn.plot.bifurcation_diagram(diagram, ax=above, legend=name != "SNIC")
    dn.plot.periods(diagram, ax=below, frequency=True, legend=name == "SNIC")
    above.set(title=f"{name} regime", xlabel="")
    below.set_ylabel("frequency (spikes per ms)")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
