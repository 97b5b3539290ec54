"""Which choice the decision model makes from every start: basins of attraction, and the line between them.

Model: wong_wang; S_1 and S_2 without unit, time in s.
Source: Wong & Wang (2006), J. Neurosci. 26:1314-1328, doi:10.1523/JNEUROSCI.3733-05.2006.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 16.
Parameters: mu_0 = 30 Hz, coherence 0, 0.1 and 0.512.

What to notice: the line between the basins is the stable manifold of the saddle. Without coherence it is the diagonal;
evidence for the first choice moves it, until nearly four of five starts lead to that choice.

Exercise: from which coherence on does the start (0.1, 0.3) lead to the first choice?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import wong_wang

figure, axes = plt.subplots(1, 3, figsize=(15, 5.4), layout="constrained")
for ax, coherence in zip(axes, (0.0, 0.1, 0.512), strict=True):
    found = dn.basins(wong_wang.at(mu_0=30, coh=coherence), S1=(0, 1), S2=(0, 1), size=300)
    print(f"coherence {coherence:g}\n{found}")
    dn.plot.basins(found, ax=ax)
    ax.set_title(f"coherence {coherence:g}")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
