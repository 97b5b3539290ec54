"""Where all starts come to the cycle with the same phase: isochrons of three oscillators.

Model: stuart_landau, van_der_pol, fitzhugh_nagumo; no dimensions.
Source: Guckenheimer (1975), J. Math. Biol. 1:259-273, doi:10.1007/BF01273747; Winfree (2001), The Geometry of
Biological Time, doi:10.1007/978-1-4757-3484-3.
Textbook: Ermentrout & Terman (2010), chapter 8; Izhikevich (2007), chapter 10.
Parameters: mu = 1, omega = 1, alpha = 1.5; mu = 1; I = 0.5.

What to notice: a kick moves the state to another isochron, and that is the new phase. Those of the first oscillator are
logarithmic spirals, theta - alpha log r = constant; they all meet at the unstable focus, which has no phase. In the
FitzHugh-Nagumo model they crowd along the repelling branch of the cubic: a kick across it changes the phase by much.

Exercise: add phases between 0.55 and 0.6 of the third oscillator. Which kicks at rest of the slow part delay the spike?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import fitzhugh_nagumo, stuart_landau, van_der_pol

BOXES = (
    (stuart_landau.at(alpha=1.5), {}, ("y", 0.0)),
    (van_der_pol, {"x": (-3, 3), "y": (-4, 4)}, None),
    (fitzhugh_nagumo.at(I=0.5), {}, None),
)
figure, axes = plt.subplots(1, 3, figsize=(17, 5), layout="constrained")
for ax, (system, box, origin) in zip(axes, BOXES, strict=True):
    cycle = dn.find_cycle(system, dn.simulate(system, 300.0))
    found = dn.isochrons(system, cycle, phases=24, origin=origin, **box)
    print(f"{found}\nperiod {cycle.period:.8f}")
    if system.name == "stuart_landau":
        outer = [curve[np.hypot(*curve.T) > 0.01] for curve in found.curves]
        angles = [np.unwrap(np.arctan2(c[:, 1], c[:, 0])) - 1.5 * np.log(np.hypot(*c.T)) for c in outer]
        print(f"farthest from a spiral: {max(np.ptp(a) for a in angles):.8f}")
    dn.plot.isochrons(found, ax)
    ax.set_title(system.name.replace("_", " "))

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
