"""Where the three regimes of a membrane meet: folds and Hopf points in the plane of two parameters.

Model: morris_lecar_snic_textbook, morris_lecar_snic; V in mV, time in ms, I in uA/cm2, phi in 1/ms, g_Ca in mS/cm2.
Source: Morris & Lecar (1981), Biophys. J. 35:193-213, doi:10.1016/S0006-3495(81)84782-0; Tsumoto, Kitajima, Yoshinaga,
Aihara & Kawakami (2006), Neurocomputing 69:293-316, doi:10.1016/j.neucom.2005.03.006.
Textbook: Ermentrout & Terman (2010), chapter 3; Kuznetsov (2004), chapter 8.
Parameters: left V_Ca = 120 mV, as in the textbook; right V_Ca = 130 mV and phi = 1/15.

What to notice: phi changes only how fast potassium follows, so on the left folds are vertical lines. The Hopf curve
ends on the left one at a Bogdanov-Takens point (BT), and so does a curve of homoclinic orbits. Where that leaves the
right one, near phi = 0.196, the way in which firing starts changes: below it on the fold (SNIC), above it on the
homoclinic curve, while rest is stable. On the right both folds vanish in a cusp (CP) as calcium is removed.

Exercise: continue the Hopf curve on the right in (I, V_Ca). Does the cusp come back?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import morris_lecar_snic, morris_lecar_snic_textbook

planes = [
    (morris_lecar_snic_textbook, "phi", {"I": (-50, 150), "phi": (0.02, 0.45)}),
    (morris_lecar_snic, "g_Ca", {"I": (-100, 200), "g_Ca": (1, 5)}),
]
regions = [
    {"rests": [(-30, 0.15), (15, 0.15), (115, 0.15)], "both": (112, 0.055), "fires": (60, 0.12)},
    {"rests": [(-60, 2.5), (10, 3.8), (170, 3.5)], "both": (86, 4.2), "fires": (90, 2.8)},
]
figure, axes = plt.subplots(1, 2, figsize=(13, 6.5), layout="constrained")
for ax, (system, other, ranges), names in zip(axes, planes, regions, strict=True):
    diagram = dn.bifurcation_diagram(system, "I", ranges["I"])
    loci = []
    for point in (p for kind in ("fold", "hopf", "fold of cycles") for p in diagram.special_points(kind)):
        loci.append(dn.continue_locus(system, point, ("I", other), ranges=ranges))
        print(f"{loci[-1]}\n")
    dn.plot.two_parameter_diagram(*loci, ax=ax, regions=names)
    ax.set(xlim=ranges["I"], ylim=ranges[other])
system, ranges = planes[0][0].at(phi=0.23), planes[0][2]
diagram = dn.bifurcation_diagram(system, "I", (20, 60))
locus = dn.continue_locus(system, diagram.special_points("homoclinic")[0], ("I", "phi"), ranges=ranges)
print(locus)
dn.plot.two_parameter_diagram(locus, ax=axes[0])
for phi, regime in ((0.067, "SNIC"), (0.23, "homoclinic")):
    axes[0].axhline(phi, color="#B8B8B8", linewidth=0.8, zorder=0)
    axes[0].annotate(regime, (-45, phi), (0, 3), textcoords="offset points", color="#6E6E6E")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
