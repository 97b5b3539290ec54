"""Spikes are added to a burst, and then it becomes chaotic: Hindmarsh and Rose's neuron against its input.

Model: hindmarsh_rose; no dimensions.
Source: Hindmarsh & Rose (1984), Proc. R. Soc. Lond. B 221:87-102, doi:10.1098/rspb.1984.0024; Holden & Fan (1992),
Chaos Solitons Fractals 2:221-236, doi:10.1016/0960-0779(92)90032-I.
Textbook: Izhikevich (2007), chapter 9; Strogatz (2015), Nonlinear Dynamics and Chaos, chapter 10.
Parameters: r = 0.006, s = 4, V_rest = -1.6; I from 1.3 to 3.6.

What to notice: times between spikes on a logarithmic axis: one long pause and more and more short intervals. From
I = 2.9 on bursts are irregular, and the exponent is positive; then the pauses merge with the other intervals and the
period is halved again and again, to tonic spiking.

Exercise: look at I from 2.85 to 2.95 more closely. Is the way into chaos the same as the way out of it?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import hindmarsh_rose

system = hindmarsh_rose.at(r=0.006)
burst = dn.poincare_map(system.at(I=2.0), "V", returns=30, skip=30, period=2)
for point in burst.points:
    print(f"burst of 2 spikes at I = 2: period {point.period:.8f}, multiplier {point.multipliers[0].real:.8f}")
spectrum = dn.lyapunov_exponents(system.at(I=3.25), 50_000.0, dt=0.02)
print(spectrum)
print(f"I = 3.25: {spectrum.verdict}, largest exponent {spectrum.largest:.4f} +- {spectrum.errors[0]:.4f}")

diagram = dn.orbit_diagram(system, "I", np.linspace(1.3, 3.6, 231), section="V", returns=120, skip=120)
print(diagram)
figure = plt.figure(figsize=(15, 6), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1.7, 1])
dn.plot.orbit_diagram(diagram, left.subplots(2, 1, sharex=True, height_ratios=[2, 1]), log=True)
chaotic = dn.simulate(system.at(I=3.25), 1500.0, start=spectrum.final)
space = dn.plot.trajectory_3d(chaotic, ax=right.add_subplot(projection="3d"), linewidth=0.5)
space.set_box_aspect(None, zoom=0.85)  # room for the label of z

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
