"""How fast integrate-and-fire neurons fire: rates from the continuation of their spiking orbits, beside simulation.

Model: lif, quadratic_if, exponential_if, adex, izhikevich, generalized_if; time in ms, currents in the models' units.
Source: Fourcaud-Trocme et al. (2003), J. Neurosci. 23:11628-11640, doi:10.1523/JNEUROSCI.23-37-11628.2003; Brette &
Gerstner (2005), J. Neurophysiol. 94:3637-3642, doi:10.1152/jn.00686.2005; Izhikevich (2003), IEEE Trans. Neural Netw.
14:1569-1572, doi:10.1109/TNN.2003.820440; Mihalas & Niebur (2009), Neural Comput. 21:704-718.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapters 1, 5 and 6; Izhikevich (2007), chapter 8.
Parameters: those of the models.

What to notice: lines are continued and hence also show what no simulation shows (dashed: unstable). A fold (SNIC) lets
the rate begin with a square root, the threshold of lif and generalized_if with a logarithm, a homoclinic orbit with a
steeper logarithm still. Circles are simulations.

Exercise: give lif the refractory time t_ref = 5: which end of its curve changes?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import adex, exponential_if, generalized_if, izhikevich, lif, quadratic_if

RANGES = [(lif, 60), (quadratic_if, 60), (exponential_if, 3), (adex, 40), (izhikevich, 20), (generalized_if, 3)]

figure, axes = plt.subplots(2, 3, figsize=(13, 7), layout="constrained")
for ax, (model, highest) in zip(axes.flat, RANGES, strict=True):
    diagram = dn.bifurcation_diagram(model, "I", (0, highest))
    firing = [branch for branch in diagram.cycle_branches if branch.jumps]
    simulated = dn.fi_curve(model, "I", np.linspace(0, highest, 9), duration=1000, transient=1000, sweep="up")
    dn.plot.fi_curve(simulated, ax=ax, branches=firing)
    ax.set_title(model.name)
    onset = min(branch.values[branch.stable].min() for branch in firing if branch.stable.any())
    fastest = 1000 * max(branch.rates.max() for branch in firing)
    print(f"{model.name}: stable firing from I = {onset:.6g}, {fastest:.5f} Hz at I = {highest}")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
