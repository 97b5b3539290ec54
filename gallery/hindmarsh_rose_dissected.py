"""A square-wave burst, dissected: spikes from a fold to a homoclinic orbit, rest from there back to the fold.

Model: hindmarsh_rose; no dimensions.
Source: Hindmarsh & Rose (1984), Proc. R. Soc. Lond. B 221:87-102, doi:10.1098/rspb.1984.0024; Rinzel (1987), Lect.
Notes Biomath. 71:267-281, doi:10.1007/978-3-642-93360-8_26.
Textbook: Izhikevich (2007), chapter 9; Ermentrout & Terman (2010), chapter 5.
Parameters: the model's defaults with r = 0.006 and I = 2 (bursts) or I = 4 (spikes); z from -1 to 3.6.

What to notice: with z frozen, rest (lower line) and spikes (upper circles) are both stable between the fold at
z = 2 - 5/27 and the homoclinic orbit at 2.0856. On the cycles z rises on average, at rest it falls: the orbit goes
round that loop, and overshoots it, because z is not infinitely slow. At I = 4 the averaged drift vanishes before the
cycles end, and spiking goes on for ever.

Exercise: at I = 3.25 the drift vanishes so near to the end of the cycles that z passes it in one cycle. What does the
orbit look like, and how slow must z be to settle?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import hindmarsh_rose

figure = plt.figure(figsize=(15, 9), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[5, 6.6])
for part, current in ((left, 2), (right, 4)):
    axes = part.subplots(4, 1, height_ratios=[4, 2, 2, 2])
    cell = hindmarsh_rose.at(I=current, r=0.006)
    result = dn.fast_slow(cell, "z", (current - 3, current + 1.6), ranges={"y": (-40, 6)})
    print(result, "\n")
    dn.plot.fast_slow_with_drift(result, axes[:3])
    dn.plot.trajectory(result.orbit, "V", axes[3], linewidth=0.8)
    axes[0].set_title(f"I = {current}: {result.kind}")
    axes[0].get_legend().set(loc="upper left", bbox_to_anchor=(1, 1), visible=part is right)

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
