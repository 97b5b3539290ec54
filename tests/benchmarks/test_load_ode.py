"""How long it takes to read an XPP file."""

from __future__ import annotations

import time
from typing import Any

import dynana as dn

#: The budget for a file with fifty variables, in seconds, once dynana is imported.
BUDGET = 0.3


def fifty_variables() -> str:
    """Ten cells with Hodgkin and Huxley's currents and a synapse: fifty variables, written out."""
    lines = ["par i=10,gna=120,gk=36,gl=.3,ena=50,ek=-77,el=-54.4,gs=.1,tau=5"]
    for k in range(10):
        near = (k + 1) % 10
        lines += [
            f"v{k}'=i-gna*m{k}^3*h{k}*(v{k}-ena)-gk*n{k}^4*(v{k}-ek)-gl*(v{k}-el)-gs*s{near}*v{k}",
            f"m{k}'=.1*(v{k}+40)/(1-exp(-(v{k}+40)/10))*(1-m{k})-4*exp(-(v{k}+65)/18)*m{k}",
            f"h{k}'=.07*exp(-(v{k}+65)/20)*(1-h{k})-h{k}/(1+exp(-(v{k}+35)/10))",
            f"n{k}'=.01*(v{k}+55)/(1-exp(-(v{k}+55)/10))*(1-n{k})-.125*exp(-(v{k}+65)/80)*n{k}",
            f"s{k}'=(1-s{k})*.5*(1+tanh(v{k}/5))-s{k}/tau",
            f"init v{k}=-65",
            f"aux ina{k}=gna*m{k}^3*h{k}*(v{k}-ena)",
        ]
    return "\n".join([*lines, "@ total=100,dt=.01", "done"])


def test_fifty_variables_are_read_in_a_third_of_a_second(benchmark: Any) -> None:
    text = fifty_variables()
    sizes = iter(range(1000))

    def fresh() -> tuple[tuple[str], dict[str, Any]]:
        return (text.replace("v", f"v{next(sizes)}_"),), {}  # nothing is in sympy's cache

    model = benchmark.pedantic(dn.load_ode, setup=fresh, rounds=5, warmup_rounds=1)
    assert len(model.system.states) == 50
    assert benchmark.stats.stats.median < BUDGET


def test_a_network_of_two_hundred_cells(benchmark: Any) -> None:
    text = """
        v[0..199]'=f(v[j])-w[j]+d*(v[j+1]-v[j])
        v200=v0
        w[0..199]'=eps*(v[j]-w[j])
        f(v)=v*(1-v)*(v-a)
        par a=.2,d=.1,eps=.01
    """
    begun = time.perf_counter()
    model = dn.load_ode(text)
    assert time.perf_counter() - begun < 10 * BUDGET
    assert len(model.system.states) == 400
    benchmark.pedantic(dn.load_ode, args=(text,), rounds=3)
