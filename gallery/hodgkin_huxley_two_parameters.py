"""How much potassium conductance firing can bear: the Hopf curve of the squid axon, and the folds of its cycles.

Model: hodgkin_huxley; I in uA/cm2, g_K in mS/cm2.
Source: Guckenheimer & Labouriau (1993), Bull. Math. Biol. 55:937-952, doi:10.1007/BF02460693; model of Hodgkin & Huxley
(1952), J. Physiol. 117:500-544, doi:10.1113/jphysiol.1952.sp004764.
Textbook: Kuznetsov (2004), chapter 8; Ermentrout & Terman (2010), chapter 3.
Parameters: the model's defaults (leak reversal at -54.387 mV); g_K = 36 in the axon, the grey line.

What to notice: one curve holds both Hopf points of the axon: they meet when the conductance is raised to 53.8. Where
it is dashed, the Hopf bifurcation is subcritical. All folds of cycles lie on one curve from one Bautin point (GH) to
the other: it turns back at two cusps (CPC), and between them the grey line meets it three times. Its upper part
bounds the range in which rest and firing are both stable; it reaches above the Hopf curve.

Exercise: draw the diagram in I at g_K = 45. Which of the folds of cycles are left, and where do the others go?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import hodgkin_huxley

ranges = {"I": (-10, 180), "g_K": (1, 60)}
diagram = dn.bifurcation_diagram(hodgkin_huxley, "I", ranges["I"], period_doublings=0)
hopf, fold = diagram.special_points("hopf")[1], diagram.special_points("fold of cycles")[0]
loci = [
    dn.continue_locus(hodgkin_huxley, hopf, ("I", "g_K"), ranges=ranges),
    dn.continue_locus(hodgkin_huxley, fold, ("I", "g_K"), ranges=ranges, max_step=0.02),
]
print(*loci, sep="\n\n")
figure, axes = plt.subplots(1, 2, figsize=(13, 6), layout="constrained")
regions = [
    {"fires": (80, 35), "rests": [(75, 4), (130, 56)]},
    {"rests": (6.5, 37), "rests\nor fires": [(7.35, 36.5), (8.4, 35.5)], "fires": (9.6, 35)},
]
for ax, names, legend in zip(axes, regions, (True, False), strict=True):
    dn.plot.two_parameter_diagram(*loci, ax=ax, regions=names, legend=legend)
    ax.axhline(36, color="#B8B8B8", linewidth=0.8, zorder=0)
axes[1].set(xlim=(6, 10), ylim=(34.5, 37.5), title="where rest and firing are both stable")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
