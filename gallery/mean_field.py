"""Two populations of spiking cells, and the few equations that describe them exactly.

Model: qif_populations, 2 x 10000 quadratic integrate-and-fire cells with Lorentzian excitability; without dimensions.
Source: Montbrio, Pazo & Roxin (2015), Phys. Rev. X 5:021028, doi:10.1103/PhysRevX.5.021028.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapter 12.
Parameters: J = 8 and -5 within the populations, 5 from the first to the second, -5 back; eta = -3, -1; width 1;
synapses filter the rate of spikes with a time constant of 0.05. Input of 4 to the first population, t = 5 to 30.

What to notice: rates of the spiking network (colours) lie on those of the mean field (black), through the spikes of
synchrony of the common rhythm; what is left is the finite size. The same two populations, written as a network of mean
fields, become one System: its fixed point is proved to be the only one, and the network rests there.

Exercise: take 1000 cells instead of 10000. How does the distance from the mean field grow?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import qif_populations

weights, eta = ((8, 5), (-5, -5)), (-3, -1)


@dn.model
def mean_field(r=0.08, v=-1.96, s=0.08, *, I=0, eta=-5, width=1, tau=0.05):
    return width / np.pi + 2 * r * v, v**2 + eta + I - (np.pi * r) ** 2, (r - s) / tau


@dn.synapse
def rate(*, pre, post, w=1.0):
    return dn.Into("I", w * pre.s)


fields = [dn.Population(f"P{k + 1}", mean_field.at(eta=eta[k]), 1) for k in (0, 1)]
itself, pairs = dn.all_to_all(autapses=True), [(0, 0), (0, 1), (1, 0), (1, 1)]
links = [dn.Projection(fields[i], fields[j], rate, w=weights[i][j], connect=itself) for i, j in pairs]
system = dn.Network(fields, links).as_system()
course = dn.ramp([0, 5, 5, 20, 30], [0, 0, 4, 4, 0])
exact = dn.simulate(system, 40, inputs={"P1_I": course}, times=np.arange(0.025, 40, 0.05))
run = dn.simulate(qif_populations(10000, weights, eta), 40, dt=0.001, inputs={"P1": {"I": course}})
box = {"P1_r": (0, 2), "P1_v": (-4, 1), "P1_s": (0, 2), "P2_r": (0, 2), "P2_v": (-4, 1), "P2_s": (0, 2)}
print(dn.fixed_points(system, **box))
figure, axes = plt.subplots(2, 1, figsize=(10, 6), sharex=True, layout="constrained")
for ax, name, colour in zip(axes, ("P1", "P2"), ("#0072b2", "#d55e00"), strict=True):
    t, found = run.spikes[name].activity(0.05)
    ax.plot(t, found, color=colour, label=f"{name}: {run.sizes[name]} cells")
    ax.plot(exact.t, exact[f"{name}_r"], color="black", linewidth=0.8, label="mean field")
    late, settled = t > 2, t > 35
    away = np.sqrt(np.mean((found - exact[f"{name}_r"])[late] ** 2)) / np.std(exact[f"{name}_r"][late])
    print(f"{name}: {found[settled].mean():.3f} in the end, mean field {exact[f'{name}_r'][settled].mean():.3f}")
    print(f"{name}: distance {away:.3f} of the spread")
    ax.set(ylabel="rate", ylim=(0, None))
    ax.legend(frameon=False)
axes[1].set_xlabel("time")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
