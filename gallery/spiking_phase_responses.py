"""When a kick delays or advances the next spike: phase responses of orbits through resets.

Model: lif, quadratic_if, adex; V in mV, time in ms.
Source: Ladenbauer et al. (2012), PLoS Comput. Biol. 8:e1002478, doi:10.1371/journal.pcbi.1002478; Brette & Gerstner
(2005), J. Neurophysiol. 94:3637-3642, doi:10.1152/jn.00686.2005.
Textbook: Ermentrout & Terman (2010), chapter 8.
Parameters: those of the models; lif at I = 30, quadratic_if at I = 10, adex at I = 8 and I = 30.

What to notice: kicks of lif act the more the closer the spike is (its response grows exponentially), kicks of
quadratic_if in the middle. With adaptation a kick of adex early in the interval can delay the spike.

Exercise: raise a in adex. At which a does its response first become negative?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import adex, lif, quadratic_if

CELLS = [(lif, 30), (quadratic_if, 10), (adex, 8), (adex, 30)]

figure, axes = plt.subplots(1, 4, figsize=(15, 3.8), layout="constrained")
for ax, (model, current) in zip(axes, CELLS, strict=True):
    cell = model.at(I=current)
    cycle = dn.find_cycle(cell, dn.simulate(cell, 500))
    response = dn.phase_response(cell, cycle)
    dn.plot.phase_response(response, ax, y="V")
    ax.set_title(f"{model.name}, I = {current}")
    ax.set_xlabel("phase after the spike")
    extent = f"{response['V'].min():.4f} to {response['V'].max():.4f}"
    print(f"{model.name} at I = {current}: period {cycle.period:.6f}, response from {extent}, {response.kind('V')}")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
