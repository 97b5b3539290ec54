"""A bump of activity on a ring: it codes a place, matches a noisy template, and follows a moving one.

Model: cann, 512 rate units on a circle with recurrent excitation and global inhibition; time in units of tau.
Source: Wu, Hamaguchi & Amari (2008), Neural Comput. 20:994-1025, doi:10.1162/neco.2008.10-06-378.
Textbook: Dayan & Abbott (2001), section 7.4.
Parameters: k = 0.1 (coding), 8.1 (others); range a = 0.5, J0 = 4; stimulus of height 10, noise of a tenth of it.

What to notice: the bump stays after its stimulus has gone (left), since all places are equal to the network; in the
middle it averages the noise of its input away and keeps its shape; on the right it follows a moving stimulus, around
the ring almost twice, with a delay.

A second argument, such as ring.gif, is where the last run is saved as a film.

Exercise: how fast may the stimulus move before the bump loses it? Let it run through 20 instead of 12.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models.networks import cann, ring_places

x, dt = np.array(ring_places()), 0.05


def stimulus(z):
    return 10 * np.exp(-0.25 * ((np.remainder(x - np.atleast_1d(z)[:, None] + np.pi, 2 * np.pi) - np.pi) / 0.5) ** 2)


def centre(activity):
    return np.angle(activity @ np.exp(1j * x))


t = np.arange(0, 45, dt)
noise = np.random.default_rng(7).normal(0, 1, (t.size, x.size))
place = 12 * np.clip((t - 20) / 20, 0, 1)
runs = [
    ("coding", cann(k=0.1), 17, stimulus(0) * ((t >= 1) & (t < 9))[:, None], 0 * t),
    ("template matching", cann(), 10, stimulus(0) + noise, 0 * t),
    ("tracking", cann(), 45, stimulus(place), place),
]
figure, axes = plt.subplots(1, 3, figsize=(14, 4.5), layout="constrained")
for ax, (title, network, duration, values, true) in zip(axes, runs, strict=True):
    inputs = {"u": {"I": dn.sampled(t, values)}}
    run = dn.simulate(network, duration, dt=dt, method="rk4", inputs=inputs, record={"u": ["u"]})
    u, last = run["u", "u"], np.angle(np.exp(1j * true[round(duration / dt) - 1]))
    print(f"{title}: peak {u[-1].max():.3f} at {centre(u[-1]):.4f}, stimulus last at {last:.4f}")
    image = ax.pcolormesh(run.recorded["u.u"].t[::5], x, u[::5].T, shading="nearest", rasterized=True)
    figure.colorbar(image, ax=ax, label="$u$")
    ax.set(title=title, xlabel="time", ylabel="place")

if len(sys.argv) > 2:  # the last run as a film, such as ring.gif or ring.mp4
    dn.plot.animate_activity(run, "u", "u", places=x, path=sys.argv[2])
if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
