"""Synapses that change: within a train of spikes, and with the order of spikes.

Model: stp and stdp between two integrate-and-fire cells; time in ms.
Source: Tsodyks, Pawelzik & Markram (1998), Neural Comput. 10:821-835, doi:10.1162/089976698300017502; Song, Miller &
Abbott (2000), Nat. Neurosci. 3:919-926, doi:10.1038/78829.
Textbook: Gerstner, Kistler, Naud & Paninski (2014), chapters 3 and 19.
Parameters: U = 0.2, tau_d = 150, tau_f = 2 (depressing) and U = 0.1, tau_d = 10, tau_f = 100 (facilitating); pulses of
30 for 15 ms into the cells for pairs of spikes, 5 ms apart and then 3 ms apart in the other order.

What to notice: above, each spike uses up resources that recover slowly, or raises the share that the next one uses: the
same train gives weaker and weaker, or stronger and stronger currents. Below, the weight grows with each pair in which
the presynaptic cell comes first, and falls once the order is reversed.

Exercise: let the postsynaptic cell come 10 ms later instead of 5. How much less does the weight grow?
"""

import sys

import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import lif, stdp, stp

figure, axes = plt.subplots(2, 2, figsize=(12, 7), layout="constrained")
pre, post = dn.Population("pre", lif.at(I=28), 1), dn.Population("post", lif, 1)
kinds = [("depressing", stp.at(U=0.2, tau_d=150, tau_f=2)), ("facilitating", stp.at(U=0.1, tau_d=10, tau_f=100))]
for ax, (title, synapse) in zip(axes[0], kinds, strict=True):
    run = dn.simulate(
        dn.Network([pre, post], [dn.Projection(pre, post, synapse)]), 100, dt=0.1, record={"post": ["I_1"]}
    )
    recorded = run.recorded["post.I_1"]
    ax.plot(recorded.t, recorded.values, color="black")
    ax.set(title=title, xlabel="time (ms)", ylabel="synaptic current")
    print(f"{title}: {len(run.spikes['pre'])} spikes, current {recorded.values[-150:].max():.4f} in the end")
cells = [dn.Population(name, lif, 1) for name in ("pre", "post")]
net = dn.Network(cells, [dn.Projection(*cells, stdp, name="plastic")])
onsets = {"pre": [5, 35, 65, 183, 213, 243], "post": [10, 40, 70, 180, 210, 240]}
inputs = {name: {"I": dn.pulses(times, 15, 30)} for name, times in onsets.items()}
run = dn.simulate(net, 300, dt=0.1, inputs=inputs, record={"plastic": ["w"]})
weights = run["plastic", "w"][:, 0]
print(f"weight 1, {weights[1000]:.4f} after pairs in order, {weights[-1]:.4f} after pairs in reverse")
spikes = [run.spikes[name].t for name in onsets]
axes[1, 0].eventplot(spikes, colors=["#0072b2", "#d55e00"], linelengths=0.8)
axes[1, 0].set(title="spikes", xlabel="time (ms)", yticks=(0, 1), yticklabels=list(onsets), xlim=(0, 300))
axes[1, 1].plot(run.recorded["plastic.w"].t, weights, color="black")
axes[1, 1].set(title="weight", xlabel="time (ms)", ylabel="w", xlim=(0, 300))

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
