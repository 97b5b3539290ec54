"""Exported equations run in Brian2, where the environment variable DYNANA_BRIAN2_PYTHON names a Python that has it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.definition.system import System
from dynana.errors import ModelError
from dynana.interchange.brian2_export import Brian2Model
from tests.interchange.catalogue import DISTINCT, NAMES, points, rates

PYTHON = os.environ.get("DYNANA_BRIAN2_PYTHON", "")
needs_brian2 = pytest.mark.skipif(not Path(PYTHON).is_file(), reason="DYNANA_BRIAN2_PYTHON names no Python with Brian2")

ROUNDING = 1e-11

PREAMBLE = "import json, sys\nfrom brian2 import *\nprefs.codegen.target = 'numpy'\njobs = json.load(sys.stdin)\n"


def in_brian2(script: str, jobs: object, folder: Path) -> object:
    """What a script prints as JSON; it finds ``jobs`` under that name."""
    (folder / "job.py").write_text(PREAMBLE + script)
    done = subprocess.run(
        [PYTHON, "job.py"], cwd=folder, input=json.dumps(jobs), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


SLOPES = """
found = {}
for name, job in jobs.items():
    extra = []
    for line in job["equations"].splitlines():
        if "/dt =" in line:  # dx/dt = (formula)/ms : 1
            left, right = line.split("/dt = ", 1)
            extra.append(f"slope_{left[1:]} = ({right.split(' : ')[0]})*{job['unit']} : 1")
    group = NeuronGroup(len(job["states"][0]), job["equations"] + chr(10) + chr(10).join(extra), method="rk4",
                        namespace=job["namespace"], **job["options"])
    for variable, values in zip(job["names"], job["states"]):
        setattr(group, variable, values)
    found[name] = [list(getattr(group, f"slope_{variable}")[:]) for variable in job["names"]]
print(json.dumps(found))
"""


@needs_brian2
def test_slopes_in_brian2_are_those_of_the_system(tmp_path: Path) -> None:
    jobs, exact = {}, {}
    for name in DISTINCT:
        system = getattr(dn.models, name)
        model, states = dn.to_brian2(system), points(system)
        jobs[name] = {
            "equations": model.equations.replace(" (unless refractory)", ""),
            "namespace": model.namespace,
            "names": list(model.initial),
            "states": states.T.tolist(),
            "unit": "second" if system.time == "s" else "ms",
            "options": {},
        }
        exact[name] = np.array([rates(system, state) for state in states]).T
    found = in_brian2(SLOPES, jobs, tmp_path)
    assert isinstance(found, dict)
    for name, expected in exact.items():
        assert np.array(found[name]) == pytest.approx(
            expected, rel=ROUNDING, abs=ROUNDING * (1 + np.abs(expected).max())
        )


SPIKES = """
found = {}
for name, job in jobs.items():
    start_scope()
    defaultclock.dt = job["dt"]*ms
    names = {}
    exec(job["script"], names)
    group, network = names["group"], Network()
    spikes = SpikeMonitor(group)
    network.add(group, spikes)
    network.run(job["duration"]*ms)
    found[name] = [list(spikes.t/ms), [float(getattr(group, variable)[0]) for variable in job["names"]]]
print(json.dumps(found))
"""

RUNS = {
    "lif": ({"I": 30.0, "t_ref": 2.0}, 80.0),
    "quadratic_if": ({"I": 12.0}, 80.0),
    # thresholds that the upstroke passes before a step of the Runge-Kutta scheme overflows in it
    "exponential_if": ({"I": 2.0, "V_th": -45.0}, 80.0),
    "adex": ({"I": 5.0, "t_ref": 1.0, "V_th": -45.0}, 80.0),
    "izhikevich": ({"I": 10.0}, 150.0),
    "generalized_if": ({"I": 1.5, "a": 0.005}, 150.0),
}


@needs_brian2
@pytest.mark.slow
def test_scripts_spike_like_our_runs(tmp_path: Path) -> None:
    step = 0.02
    jobs = {}
    for name, (values, duration) in RUNS.items():
        model = dn.to_brian2(getattr(dn.models, name).at(**values))
        jobs[name] = {"script": str(model), "dt": step, "duration": duration, "names": list(model.initial)}
    found = in_brian2(SPIKES, jobs, tmp_path)
    assert isinstance(found, dict)
    for name, (values, duration) in RUNS.items():
        system = getattr(dn.models, name).at(**values)
        ours = dn.simulate(system, duration, method="rk4", dt=step, events="grid").jump_times
        spikes = np.array(found[name][0])
        assert len(spikes) == len(ours) > 2, name
        # Brian2 counts a hold in whole steps from its own beginning of the step: up to two steps a spike
        assert np.abs(np.diff(spikes) - np.diff(ours)).max() <= 2.1 * step, name


NOISE = """
start_scope()
defaultclock.dt = 0.01*ms
namespace, results = {}, {}
for name, script in jobs.items():
    names = {}
    exec(script.replace("NeuronGroup(1,", "NeuronGroup(4000,"), names)
    network = Network(names["group"])
    network.run(5*ms)
    values = np.log(names["group"].x[:])
    results[name] = [float(values.mean()), float(values.var())]
print(json.dumps(results))
"""


@needs_brian2
def test_noise_has_the_right_size_in_both_calculi(tmp_path: Path) -> None:
    x = sp.Symbol("x")
    jobs = {}
    for calculus in ("ito", "stratonovich"):
        noise = dn.Noise({"x": sp.Rational(3, 10) * x}, calculus=calculus)
        jobs[calculus] = str(dn.to_brian2(System({"x": 0 * x}, initial={"x": 1.0}, noise=[noise], name="growth")))
    found = in_brian2(NOISE, jobs, tmp_path)
    assert isinstance(found, dict)
    for calculus, drift in (("ito", -0.045), ("stratonovich", 0.0)):
        mean, variance = found[calculus]
        assert mean == pytest.approx(drift * 5, abs=4 * np.sqrt(0.45 / 4000))
        assert variance == pytest.approx(0.45, rel=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_every_catalogue_model_is_written(name: str) -> None:
    system = getattr(dn.models, name)
    model = dn.to_brian2(system)
    assert len([line for line in model.equations.splitlines() if "/dt = " in line]) == len(system.states)
    assert bool(model.threshold) == bool(system.jumps)
    compile(str(model), "<script>", "exec")


def test_threshold_reset_and_refractory_time_are_in_brian2s_words() -> None:
    model = dn.to_brian2(dn.models.adex.at(t_ref=2.0))
    assert isinstance(model, Brian2Model)
    assert model.threshold == "V > V_th"
    assert model.reset == "V = V_reset; w = b + w"
    assert model.refractory == "(t_ref)*ms"
    assert "/ms : 1 (unless refractory)\ndw/dt" in model.equations


def test_other_jumps_become_events_and_exchanges_keep_values_from_before() -> None:
    x, y = sp.symbols("x y")
    swap = dn.Jump(when=sp.And(x > 1, y < 2), to={"x": y, "y": x}, name="swap")
    reset = dn.Jump(when=x > 3, to={"x": 0}, refractory=1.5, name="reset")
    model = dn.to_brian2(System({"x": 1, "y": 0}, jumps=[swap, reset], name="two"))
    assert model.threshold == "x > (3.0)"
    assert model.events == {"swap": ("((x > (1.0)) and (y < (2.0)))", "before = x; x = y; y = before")}
    assert "events={'swap': '((x > (1.0)) and (y < (2.0)))'}" in str(model)
    assert "group.run_on_event('swap', 'before = x; x = y; y = before')" in str(model)


def test_a_choice_may_divide_by_parameters() -> None:
    x, k = sp.symbols("x k", real=True)
    system = System({"x": sp.Piecewise((x / k, x > 0), (0, True))}, {"k": 2.0}, name="s")
    assert "int(x > (0.0))*(x/k)" in dn.to_brian2(system).equations


def test_names_that_brian2_uses_are_changed() -> None:
    names = ("t_in_timesteps", "N", "i", "mV", "volt", "xi_1", "exprel", "lastspike", "e")
    model = dn.to_brian2(System(dict.fromkeys(names, 1), name="clash"))
    assert not set(names) & set(model.initial)
    assert "# volt is called own_volt here" in str(model)


@pytest.mark.parametrize(
    ("system", "message"),
    [
        (
            System(
                {"x": 1},
                jumps=[dn.Jump(when=sp.Symbol("x") > k, to={"x": 0}, refractory=k, name=f"j{k}") for k in (1, 2)],
                name="s",
            ),
            "jumps 'j1' and 'j2' both have refractory times, and a group there has one",
        ),
        (
            System({"x": sp.Piecewise((1 / sp.Symbol("x"), sp.Symbol("x") > 0), (0, True))}, name="s"),
            "the alternative 1/x of a choice, which may be infinite or undefined,",
        ),
        (System({}, {"a": 1.0}, name="s"), "it has no states"),
    ],
)
def test_what_brian2_cannot_hold_is_named(system: System, message: str) -> None:
    with pytest.raises(ModelError, match=f"s cannot be written for Brian2: {message}"):
        dn.to_brian2(system)
