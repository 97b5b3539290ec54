"""Deciding is a pitchfork: the states of two competing populations against the stimulus, with and without evidence.

Model: wong_wang; S1 and S2 without dimensions, mu_0 in Hz.
Source: Wong & Wang (2006), J. Neurosci. 26:1314-1328, doi:10.1523/JNEUROSCI.3733-05.2006.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 16; Strogatz (2015), chapter 3.
Parameters: the model's defaults; coherence 0 and 6.4 %; mu_0 from -30 to 80 Hz.

What to notice: without evidence the two populations are interchangeable. At 5.59 Hz the symmetric state loses its
stability to a decision, at 37.8 Hz it returns; both pitchforks are subcritical, so a decision is a jump, and it is
remembered when the stimulus is gone. Evidence breaks the pitchforks into folds. Right, the plane of stimulus and
coherence: each pitchfork is the tip of a wedge, the cusp (CP) of two curves of folds.

Exercise: how large must the coherence be for an undecided state to be unstable at every stimulus above 4.5 Hz?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import wong_wang

figure, axes = plt.subplots(1, 3, figsize=(17, 5.5), layout="constrained")
for ax, coh in zip(axes, (0, 0.064), strict=False):
    system = wong_wang.at(coh=coh)
    diagram = dn.bifurcation_diagram(system, "mu_0", (-30, 80))
    print(f"coherence {coh}\n{diagram}\n")
    dn.plot.bifurcation_diagram(diagram, ax=ax)
    ax.set_title(f"coherence {100 * coh:g} %")
ranges = {"mu_0": (-40, 100), "coh": (-1, 1)}
loci = [dn.continue_locus(system, p, ("mu_0", "coh"), ranges=ranges) for p in diagram.special_points("fold")]
for locus in loci:
    print(f"{locus}\n")
regions = {"undecided\nis unstable": (18, 0.5)}
dn.plot.two_parameter_diagram(*loci, ax=axes[2], regions=regions, legend=False)
axes[2].set(xlim=ranges["mu_0"], title="folds")
arrow = {"arrowstyle": "-", "color": "#6E6E6E"}
axes[2].annotate("undecided\nis stable", (60, 0), (80, 0.7), ha="center", color="#6E6E6E", arrowprops=arrow)

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
