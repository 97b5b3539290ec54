"""The same connections and initial values in Brian2: the same spikes. Its Python is named by DYNANA_BRIAN2_PYTHON."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import dynana as dn
from dynana.models import exponential, exponential_conductance, lif, stdp

PYTHON = os.environ.get("DYNANA_BRIAN2_PYTHON", "")
pytestmark = pytest.mark.skipif(not Path(PYTHON).is_file(), reason="DYNANA_BRIAN2_PYTHON names no Python with Brian2")

CURRENTS = "dv/dt = (-49 - v + ge + gi)/(20*ms) : 1 (unless refractory)"
CONDUCTANCES = "dv/dt = (-60 - v + 20 - ge*v - gi*(v + 80))/(20*ms) : 1 (unless refractory)"

SCRIPT = """
import json, sys
from brian2 import *
prefs.codegen.target = "numpy"
job = json.load(sys.stdin)
defaultclock.dt = 0.1*ms
decays = "dge/dt = -ge/(5*ms) : 1" + chr(10) + "dgi/dt = -gi/(10*ms) : 1"
group = NeuronGroup(len(job["v"]), job["equation"] + chr(10) + decays, threshold="v > -50", reset="v = -60",
                    refractory=5*ms, method=job["method"])
group.v = job["v"]
objects = [group]
for name, (source, first) in {"ge": ("E", 0), "gi": ("I", job["cells"][0])}.items():
    for target, start in (("E", 0), ("I", job["cells"][0])):
        i, j, w = job["edges"][source + target]
        links = Synapses(group, group, "w : 1", on_pre=name + " += w", delay=job["delay"]*ms)
        links.connect(i=array(i) + first, j=array(j) + start)
        links.w = w
        objects.append(links)
record = SpikeMonitor(group)
Network(*objects, record).run(100*ms)
print(json.dumps({"step": [int(round(t)) for t in record.t/(0.1*ms)], "cell": record.i[:].tolist()}))
"""

PLASTIC = """
import json, sys
from brian2 import *
prefs.codegen.target = "numpy"
job = json.load(sys.stdin)
defaultclock.dt = 0.1*ms
sources = [SpikeGeneratorGroup(len(job[name]), concatenate([[k]*len(t) for k, t in enumerate(job[name])]),
           concatenate(job[name])*ms) for name in ("pre", "post")]
links = Synapses(*sources, "w : 1" + chr(10) + "da/dt = -a/(10*ms) : 1 (event-driven)" + chr(10)
    + "db/dt = -b/(10*ms) : 1 (event-driven)",
    on_pre="a += 0.05; w = clip(w - b, 0, 2)", on_post="b += 0.06; w = clip(w + a, 0, 2)")
links.connect(i=job["i"], j=job["j"])
links.w = job["w"]
Network(*sources, links).run(200*ms)
print(json.dumps(list(links.w[:])))
"""


def in_brian2(script: str, job: object, folder: Path) -> object:
    """What a script prints as JSON."""
    (folder / "job.py").write_text(script)
    done = subprocess.run(
        [PYTHON, "job.py"], cwd=folder, input=json.dumps(job), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def sparse(conductances: bool, delay: float) -> dn.Network:
    """A tenth of the networks of Vogels and Abbott, with weights that differ."""
    # Brian2 counts from the beginning of the step in which a spike happens: its 5 ms are 4.9 ms after the spike
    cells = lif.at(tau=20.0, V_rest=-60.0 if conductances else -49.0, V_th=-50.0, V_reset=-60.0, t_ref=4.9)
    cells = cells.at(I=20.0) if conductances else cells
    E, I = (dn.Population(n, cells, k, start={"V": dn.uniform(-60.0, -50.0)}) for n, k in (("E", 320), ("I", 80)))
    kinds = {
        True: (exponential_conductance.at(tau=5.0, E=0.0), exponential_conductance.at(tau=10.0, E=-80.0), 0.6, 6.7),
        False: (exponential.at(tau=5.0), exponential.at(tau=10.0), 1.62, -9.0),
    }
    excitatory, inhibitory, w, v = kinds[conductances]
    rows = [(E, excitatory, dn.normal(w, 0.2 * w)), (I, inhibitory, dn.normal(v, 0.2 * abs(v)))]
    connect = dn.probability(0.1, autapses=True)
    return dn.Network(
        [E, I],
        [
            dn.Projection(
                source, target, synapse, connect=connect, w=weight, delay=delay, name=source.name + target.name
            )
            for source, synapse, weight in rows
            for target in (E, I)
        ],
    )


@pytest.mark.slow
@pytest.mark.parametrize(("conductances", "delay"), [(False, 0.0), (False, 1.5), (True, 0.0)])
def test_deterministic_networks_have_the_same_spikes_to_a_step(
    conductances: bool, delay: float, tmp_path: Path
) -> None:
    net = sparse(conductances, delay)
    run = dn.simulate(
        net, 100.0, dt=0.1, seed=1, method="exponential_euler" if conductances else "auto", record={"E": "V", "I": "V"}
    )
    tables = {p.name: dn.edges(net, p.name, seed=1) for p in net.projections}
    job = {
        "equation": CONDUCTANCES if conductances else CURRENTS,
        "method": "exponential_euler" if conductances else "exact",
        "delay": delay,
        "cells": [320, 80],
        "v": [*run["E", "V"][0], *run["I", "V"][0]],
        "edges": {n: [t.sources.tolist(), t.targets.tolist(), t["w"].tolist()] for n, t in tables.items()},
    }
    peer = in_brian2(SCRIPT, job, tmp_path)
    cells = np.concatenate([run.spikes["E"].cell.astype(int), run.spikes["I"].cell.astype(int) + 320])
    steps = np.concatenate([run.spikes["E"].step, run.spikes["I"].step])
    assert cells.size > 300
    assert len(peer["step"]) == cells.size
    for cell in range(400):
        theirs = np.sort(np.array(peer["step"])[np.array(peer["cell"]) == cell])
        # a spike that Brian2 puts at the beginning of a step happens at its end here
        assert np.all(np.abs(np.sort(steps[cells == cell]) - 1 - theirs) <= 1)


@pytest.mark.slow
def test_plastic_weights_are_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    trains = {n: [np.unique(rng.integers(1, 630, 25) * 3) / 10 for _ in range(k)] for n, k in (("pre", 6), ("post", 4))}
    i, j = np.divmod(np.arange(24), 4)
    weights = rng.uniform(0.5, 1.5, 24)
    flat = {n: (np.concatenate(t), np.repeat(np.arange(len(t)), [len(x) for x in t])) for n, t in trains.items()}
    # kicked in one step, the cells spike in the next; never twice in neighbouring steps, as spikes are 0.3 ms apart
    kick = lif.at(tau=1e3, V_rest=0.0, V_th=0.5, V_reset=0.0, t_ref=0.0)
    post = dn.Population("post", kick, 4, start={"V": 0.0})
    rule = stdp.at(dA_s=0.05, dA_t=0.06, w_max=2.0)
    quiet = dn.Population("quiet", lif, 1)
    drive = dn.spikes(*flat["post"], size=4, name="drive")
    links = [
        dn.Projection(dn.spikes(*flat["pre"], size=6, name="pre"), post, rule, connect=dn.pairs(i, j), w=weights,
                      name="plastic", to={"I": "R"}),
        dn.Projection(drive, post, dn.models.voltage_jump, connect=dn.one_to_one(), w=1.0),
    ]  # fmt: skip
    run = dn.simulate(dn.Network([post, quiet], links), 200.0, dt=0.1)
    assert len(run.spikes["post"]) == flat["post"][0].size
    sent = [np.round(run.spikes["post"].of(k), 6).tolist() for k in range(4)]
    job = {
        "pre": [t.tolist() for t in trains["pre"]],
        "post": sent,
        "i": i.tolist(),
        "j": j.tolist(),
        "w": weights.tolist(),
    }
    assert dn.edges(dn.Network([post, quiet], links), "plastic", state=run.final)["w"] == pytest.approx(
        in_brian2(PLASTIC, job, tmp_path), rel=1e-12
    )
