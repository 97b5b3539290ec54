"""Excitation and inhibition against their inputs: hysteresis, a rhythm, and the points that organise both.

Model: wilson_cowan and wilson_cowan_oscillating, mean activities of two populations; time in units of tau.
Source: Wilson & Cowan (1972), Biophys. J. 12:1-24, doi:10.1016/S0006-3495(72)86068-5; Borisyuk & Kirillov (1992), Biol.
Cybern. 66:319-325, doi:10.1007/BF00203668.
Textbook: Ermentrout & Terman (2010), chapter 11; Kuznetsov (2004), chapter 8.
Parameters: c1 = 12, c2 = 4, c3 = 13, c4 = 11 (left); c1 = 16, c2 = 12, c3 = 15, c4 = 3 (right); k = r = 1.

What to notice: on the left the two folds are the ends of a hysteresis: a pulse of input switches the state, and it
stays. On the right the rhythm begins at a Hopf point and ends, as the input falls, in a homoclinic orbit between the
folds. Below, inhibitory input moves all of this: the folds meet in a cusp, and both ends of the Hopf curve are
Bogdanov-Takens points on a fold. Beyond the Bautin point the Hopf bifurcation is subcritical.

Exercise: at I_i = -2 the Hopf bifurcation is subcritical. Draw the diagram in I_e: how far does the rhythm reach
beyond it?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import wilson_cowan, wilson_cowan_oscillating

sets = [
    ("two stable states", wilson_cowan, (-1, 1), {"I_e": (-2, 2), "I_i": (-5, 5)}, {"bistable": (-0.1, 0.6)}),
    ("a rhythm", wilson_cowan_oscillating, (0.5, 2.5), {"I_e": (-2, 2.5), "I_i": (-5, 1)}, {"rhythm": (1.45, 0.15)}),
]
figure, axes = plt.subplots(2, 2, figsize=(12, 9), layout="constrained")
for (above, below), (title, system, inputs, ranges, regions) in zip(axes.T, sets, strict=True):
    diagram = dn.bifurcation_diagram(system, "I_e", inputs)
    print(f"{title}\n{diagram}\n")
    dn.plot.bifurcation_diagram(diagram, ax=above)
    above.set_title(title)
    loci = []
    for point in (*diagram.special_points("fold"), *diagram.special_points("hopf")):
        loci.append(dn.continue_locus(system, point, ("I_e", "I_i"), ranges=ranges))
        print(f"{loci[-1]}\n")
    dn.plot.two_parameter_diagram(*loci, ax=below, regions=regions)
    below.axhline(0, color="#B8B8B8", linewidth=0.8, zorder=0)
    below.set_xlim(ranges["I_e"])
below.get_legend().set_loc((0.22, 0.02))

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
