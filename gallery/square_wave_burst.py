"""Square-wave bursts of two cells, dissected: the Z-shaped curve of rest, and spiking that ends on its middle branch.

Model: sherman_rinzel_keizer, V in mV, time in ms, Ca in uM; morris_lecar_bursting, where Ca has no unit.
Source: Sherman, Rinzel & Keizer (1988), Biophys. J. 54:411-425 (PubMed 2850029), after Chay & Keizer (1983), Biophys.
J. 42:181-190, doi:10.1016/S0006-3495(83)84384-7; Rinzel & Ermentrout (1998), in Koch & Segev (eds), Methods in Neuronal
Modeling, chapter 7.
Textbook: Ermentrout & Terman (2010), chapter 5; Izhikevich (2007), chapter 9.
Parameters: the models' defaults.

What to notice: with calcium frozen, rest and spiking are both stable between the knee of the Z and the homoclinic
orbit. Calcium rises while the cell spikes and falls while it rests, and so the full orbit goes round and round. The
beta cell fires 22 spikes in 14 s; periods grow towards the end of each burst, where the cycle comes near the saddle.
Calcium of the other cell moves farther in one spike than from the zero of the averaged drift to the homoclinic orbit.

Exercise: at which f does the beta cell spike without pauses? Where is the zero of the averaged drift then?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import morris_lecar_bursting, sherman_rinzel_keizer

figure = plt.figure(figsize=(15, 9), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[5, 6.6])
for part, system in ((left, sherman_rinzel_keizer), (right, morris_lecar_bursting)):
    axes = part.subplots(4, 1, height_ratios=[4, 2, 2, 2])
    result = dn.fast_slow(system, "Ca")
    print(result, "\n")
    dn.plot.fast_slow_with_drift(result, axes[:3])
    dn.plot.trajectory(result.orbit, "V", axes[3], linewidth=0.5)
    axes[0].set_title(f"{system.name.replace('_', ' ')}: {result.kind}")
    axes[0].get_legend().set(loc="upper left", bbox_to_anchor=(1, 1), visible=part is right)

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
