"""`load_ode`: what each kind of line becomes."""

from __future__ import annotations

import pytest
import sympy as sp

import dynana as dn

NEURON = """# a neuron
par i=1, tau=10
v'=(i-v)/tau
init v=0.2
global 1 v-0.5 {v=0}
aux twice=2*v
@ total=50,dt=.1,meth=euler,xp=v,xlo=0,xhi=1,bell=0
set high {i=2,v=.1,total=100}
done
this is not read
"""


def test_the_parts_of_a_model() -> None:
    model = dn.load_ode(NEURON)
    system = model.system
    assert (system.states, system.values, system.initial) == (("v",), {"i": 1.0, "tau": 10.0}, {"v": 0.2})
    assert system.doc == "a neuron"
    assert str(system.jumps[0].when) == "v > 1/2"
    assert system.jumps[0].to == {"v": sp.Integer(0)}
    assert set(system.observables) == {"twice"}
    assert system.ranges == {"v": (0.0, 1.0)}
    assert (model.run.total, model.run.dt, model.run.method) == (50.0, 0.1, "euler")
    assert model.run.options == {"method": "euler", "dt": 0.1}
    assert model.presets["high"].values == {"i": 2.0, "v": 0.1}
    assert model.presets["high"].settings == {"total": "100"}
    assert model.at("high").initial == {"v": 0.1}
    assert [str(note) for note in model.report] == ["line 7: ignored: the option bell=0 has no meaning here."]


def test_a_file_is_read_like_its_text(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "neuron-1.ode"
    path.write_bytes(NEURON.replace("\n", "\r\n").encode())
    for source in (path, str(path)):
        model = dn.load_ode(source)
        assert model.system.name == "neuron_1"
        assert model.system.fingerprint == dn.load_ode(NEURON).system.fingerprint


def test_what_does_not_exist_is_not_a_text() -> None:
    with pytest.raises(FileNotFoundError):
        dn.load_ode("no-such-file.ode")
