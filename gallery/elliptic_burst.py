"""An elliptic burst, dissected: the amplitude grows out of rest and dies back into it, late.

Model: fitzhugh_rinzel; no dimensions.
Source: Rinzel (1987), Lect. Notes Biomath. 71:267-281, doi:10.1007/978-3-642-93360-8_26.
Textbook: Izhikevich (2007), chapter 9; Ermentrout & Terman (2010), chapter 5.
Parameters: the model's defaults, and mu = 2e-5, a slower y.

What to notice: rest loses stability in a subcritical Hopf point, the large cycle disappears in a fold of cycles, and
between the two both are stable. At mu = 2e-5 y goes on far beyond the Hopf point before oscillations grow: while
stability lasted they had shrunk to almost nothing (delayed loss of stability). At mu = 1e-4 what is left of the last
burst decides when the next begins, and the number of spikes varies.

Exercise: let v feel a little noise (dn.Noise). What becomes of the delay?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import fitzhugh_rinzel

figure = plt.figure(figsize=(15, 9), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[5, 6.6])
for part, mu in ((left, 1e-4), (right, 2e-5)):
    axes = part.subplots(4, 1, height_ratios=[4, 2, 2, 2])
    result = dn.fast_slow(fitzhugh_rinzel.at(mu=mu), "y", (0.005, 0.03))
    print(result, "\n")
    dn.plot.fast_slow_with_drift(result, axes[:3])
    dn.plot.trajectory(result.orbit, "v", axes[3], linewidth=0.5)
    axes[0].set_title(f"$\\mu$ = {mu:g}: {result.kind}")
    axes[0].get_legend().set(loc="upper left", bbox_to_anchor=(1, 1), visible=part is right)

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
