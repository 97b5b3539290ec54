"""Adding spikes to a burst: the adaptive exponential neuron through its spike map.

Model: adex_touboul_brette; V in mV, w in pA, time in ms.
Source: Touboul & Brette (2008), Biol. Cybern. 99:319-334, doi:10.1007/s00422-008-0267-4; the map: Touboul & Brette
(2009), SIAM J. Appl. Dyn. Syst. 8:1462-1506, doi:10.1137/080742762.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 6.
Parameters: their figure 8: a = 4 nS, b = 80 pA, tau_w = 40 ms, I = 800 pA, V_th = -40.4 mV; V_reset from -50 to -45 mV.

What to notice: what w is just after a spike says what it is after the next one: a map of the line with one maximum,
where the reset lies on the V-nullcline. Left of it spikes follow each other quickly, right of it the cell pauses. As
V_reset rises, the tonic rhythm doubles its period, becomes chaotic, and bursts of 3, 4, 5, ... spikes follow, with less
and less chaos between them.

Exercise: draw the map at the two ends of the window of period 3. What do its curve and the diagonal do there?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import adex_touboul_brette

figure = plt.figure(figsize=(15, 9), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[1, 1.1])
for ax, reset in zip(above.subplots(1, 4), (-50.0, -48.5, -48.0, -47.2), strict=True):
    found = dn.spike_map(adex_touboul_brette.at(V_reset=reset))
    print(found)
    for orbit in found.orbits:
        print("w =", " ".join(f"{w:.7f}" for w in orbit[:, 0]), "ISI =", " ".join(f"{t:.7f}" for t in orbit[:, 1]))
    dn.plot.cobweb(found, ax)
    ax.set_title(f"V_reset = {reset:g}: {found.reading.split(',')[0]}", fontsize="medium")

diagram = dn.orbit_diagram(adex_touboul_brette, "V_reset", np.linspace(-50, -45, 501), returns=120, skip=400)
print(diagram)
dn.plot.orbit_diagram(diagram, below.subplots(2, 1, sharex=True, height_ratios=[2, 1]))

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
