"""Published benchmark networks as hand-made assemblies, with their edges and starts.

Brette et al. (2007), J. Comput. Neurosci. 23:349-398, benchmarks 1 to 3 in the form of Brian's examples;
Brunel (2000), J. Comput. Neurosci. 8:183-208, model A.
"""

from dataclasses import dataclass, field

import numpy as np
import sympy as sp

import dynana as dn
from dynana.definition.assembly import Assembly, Cells, Event, Link, Part, PerSynapse, Poisson, Stream
from dynana.definition.parts import Jump
from dynana.definition.system import System
from dynana.simulation.edges import Edges

E_CELLS, I_CELLS = 3200, 800


@dataclass
class Benchmark:
    """A network for both: the assembly with its edges, and the arrays of the limit kernel."""

    assembly: Assembly
    edges: list
    first: np.ndarray
    target: np.ndarray
    start: np.ndarray
    extra: tuple = field(default=())


def symbols(text):
    return [sp.Symbol(n, real=True) for n in text.split()]


def cuba_cell():
    v, g_e, g_i, rest, tau, tau_e, tau_i, theta, reset, t_ref = symbols(
        "v g_e g_i rest tau tau_e tau_i theta reset t_ref"
    )
    jump = Jump(when=v > theta, to={v: reset}, refractory=t_ref, name="spike")
    values = {"rest": -49, "tau": 20, "tau_e": 5, "tau_i": 10, "theta": -50, "reset": -60, "t_ref": 5}
    rates = {v: (g_e + g_i - (v - rest)) / tau, g_e: -g_e / tau_e, g_i: -g_i / tau_i}
    return System(rates, values, jumps=[jump], name="cuba", time="ms")


def coba_cell():
    v, g_e, g_i, rest, tau, tau_e, tau_i, theta, reset, t_ref = symbols(
        "v g_e g_i rest tau tau_e tau_i theta reset t_ref"
    )
    e_e, e_i, current = symbols("E_e E_i I")
    jump = Jump(when=v > theta, to={v: reset}, refractory=t_ref, name="spike")
    values = {"rest": -60, "tau": 20, "tau_e": 5, "tau_i": 10, "theta": -50, "reset": -60, "t_ref": 5}
    rates = {
        v: (g_e * (e_e - v) + g_i * (e_i - v) - (v - rest) + current) / tau,
        g_e: -g_e / tau_e,
        g_i: -g_i / tau_i,
    }
    return System(rates, {**values, "E_e": 0, "E_i": -80, "I": 20}, jumps=[jump], name="coba", time="ms")


@dn.model(time="ms")
def cobahh_cell(
    v=-65.0, m=0.0, h=0.0, n=0.0, g_e=0.0, g_i=0.0, *,
    C=200.0, g_L=10.0, E_L=-60.0, E_K=-90.0, E_Na=50.0, g_Na=20000.0, g_K=6000.0, V_T=-63.0, tau_e=5.0, tau_i=10.0,
    E_e=0.0, E_i=-80.0, theta=-20.0, t_ref=3.0,
):  # fmt: skip
    """Traub-Miles cell with two exponential conductances."""
    u = v - V_T
    a_m, b_m = 0.32 * (13 - u) / (dn.exp((13 - u) / 4) - 1), 0.28 * (u - 40) / (dn.exp((u - 40) / 5) - 1)
    a_h, b_h = 0.128 * dn.exp((17 - u) / 18), 4 / (1 + dn.exp((40 - u) / 5))
    a_n, b_n = 0.032 * (15 - u) / (dn.exp((15 - u) / 5) - 1), 0.5 * dn.exp((10 - u) / 40)
    leak, sodium, potassium = g_L * (E_L - v), g_Na * m**3 * h * (E_Na - v), g_K * n**4 * (E_K - v)
    dv = (leak + sodium + potassium + g_e * (E_e - v) + g_i * (E_i - v)) / C
    gates = [a * (1 - x) - b * x for a, b, x in ((a_m, b_m, m), (a_h, b_h, h), (a_n, b_n, n))]
    spike = dn.Jump(when=v > theta, to={v: v}, refractory=t_ref, hold=(), name="spike")
    return dv, *gates, -g_e / tau_e, -g_i / tau_i, spike


def brunel_cell():
    v, tau, theta, reset, t_ref = symbols("v tau theta reset t_ref")
    jump = Jump(when=v > theta, to={v: reset}, refractory=t_ref, name="spike")
    return System(
        {v: -v / tau}, {"tau": 20, "theta": 20, "reset": 10, "t_ref": 2}, jumps=[jump], name="brunel", time="ms"
    )


def two_populations(cell, states, weights, start, seed=1, p=0.02):
    """Excitatory and inhibitory cells of one kind, connected at random; events raise one state each."""
    rng = np.random.default_rng(seed)
    cells = E_CELLS + I_CELLS
    rows = [np.flatnonzero(rng.random(cells) < p) for _ in range(cells)]
    first = np.concatenate(([0], np.cumsum([r.size for r in rows]))).astype(np.int64)
    begin = start(rng, cells)
    spans = ((0, E_CELLS), (E_CELLS, cells))
    populations, links, events, edges = [], [], [], []
    for name, (a, b) in zip("EI", spans, strict=True):
        given = {s: begin[k, a:b] for k, s in enumerate(cell.states)}
        populations.append(Cells(name=name, size=b - a, system=cell, own=1, spikes=(0,), values={}, start=given))
    for i, (a, b) in enumerate(spans):
        for j, (c, d) in enumerate(spans):
            own = [r[(r >= c) & (r < d)] - c for r in rows[a:b]]
            starts = np.concatenate(([0], np.cumsum([r.size for r in own]))).astype(np.int64)
            edges.append(Edges(starts, np.concatenate(own).astype(np.uint16), None, {}))
            source, target = Part(population=i, first=0, last=b - a), Part(population=j, first=0, last=d - c)
            links.append(Link(name=f"{'EI'[i]}->{'EI'[j]}", source=source, target=target))
            events.append(Event(link=len(links) - 1, state=states[i], weight=sp.Rational(str(weights[i]))))
    assembly = Assembly(populations=tuple(populations), links=tuple(links), events=tuple(events), time="ms")
    return Benchmark(assembly, edges, first, np.concatenate(rows).astype(np.int32), begin)


def cuba():
    def start(rng, n):
        return np.stack([-60 + 10 * rng.random(n), np.zeros(n), np.zeros(n)])

    return two_populations(cuba_cell(), (1, 2), (1.62, -9), start)


def coba():
    def start(rng, n):
        return np.stack([-60 + 10 * rng.random(n), np.zeros(n), np.zeros(n)])

    return two_populations(coba_cell(), (1, 2), (0.6, 6.7), start)


def cobahh():
    def start(rng, n):
        v, zero = -65 + 5 * rng.standard_normal(n), np.zeros(n)
        g_e, g_i = 10 * (1.5 * rng.standard_normal(n) + 4), 10 * (12 * rng.standard_normal(n) + 20)
        return np.stack([v, zero, zero, zero, g_e, g_i])

    made = two_populations(cobahh_cell, (4, 5), (6, 67), start)
    made.start[4:] /= 200.0  # the limit kernel has conductances per capacitance
    return made


def brunel(g=5, seed=1):
    rng = np.random.default_rng(seed)
    n, n_e, from_e, from_i = 12500, 10000, 1000, 250
    source = np.concatenate([rng.integers(0, n_e, (n, from_e)), rng.integers(n_e, n, (n, from_i))], 1).ravel()
    order = np.argsort(source, kind="stable")
    first = np.concatenate(([0], np.cumsum(np.bincount(source, minlength=n)))).astype(np.int64)
    target = np.repeat(np.arange(n), from_e + from_i)[order].astype(np.uint16)
    v = 20 * rng.random(n)
    cells = Cells(name="cells", size=n, system=brunel_cell(), own=1, spikes=(0,), values={}, start={"v": v})
    links, events, edges = [], [], []
    for a, b, w in ((0, n_e, sp.Rational(1, 10)), (n_e, n, -sp.Rational(g, 10))):
        edges.append(Edges(first[a : b + 1] - first[a], target[first[a] : first[b]].copy(), None, {}))
        source_part, target_part = Part(population=0, first=a, last=b), Part(population=0, first=0, last=n)
        links.append(Link(name=f"from {a}", source=source_part, target=target_part, delay=1.5))
        events.append(Event(link=len(links) - 1, state=0, weight=w))
    background = Poisson(target=Part(population=0, first=0, last=n), state=0, weight=0.1, rate=20000.0)
    assembly = Assembly(
        populations=(cells,), links=tuple(links), events=tuple(events), poisson=(background,), time="ms"
    )
    return Benchmark(assembly, edges, first, target, v[None])


def stdp(seed=1):
    """Ten thousand cells with a hundred plastic synapses each, all kept firing by Poisson input."""
    rng = np.random.default_rng(seed)
    n, many = 10_000, 100
    v, g, x, y, rest, tau, tau_e, tau_x, theta, reset, t_ref = symbols("v g x y rest tau tau_e tau_x theta reset t_ref")
    values = {"rest": -60, "tau": 20, "tau_e": 5, "tau_x": 20, "theta": -50, "reset": -60, "t_ref": 2}
    jump = Jump(when=v > theta, to={v: reset, x: x + 1, y: y + 1}, refractory=t_ref, hold=(v,), name="spike")
    rates = {v: (g - (v - rest)) / tau, g: -g / tau_e, x: -x / tau_x, y: -y / tau_x}
    cell = System(rates, values, jumps=[jump], name="stdp", time="ms")
    source = rng.integers(0, n, n * many)
    order = np.argsort(source, kind="stable")
    first = np.concatenate(([0], np.cumsum(np.bincount(source, minlength=n)))).astype(np.int64)
    target = np.repeat(np.arange(n), many)[order]
    w = 0.3 * rng.random(n * many)
    begin = -60 + 10 * rng.random(n)
    cells = Cells(name="cells", size=n, system=cell, own=1, spikes=(0,), values={}, start={"v": begin})
    whole = Part(population=0, first=0, last=n)
    up, top, weight, trace_x, trace_y = symbols("up top w x_read y_read")
    rule = PerSynapse(
        link=0,
        states=("w",),
        start={"w": 0.0},
        on_pre={"w": weight - sp.Rational(21, 20) * up * trace_y},
        on_post={"w": weight + up * trace_x},
        clip={"w": (sp.Integer(0), top)},
        pre={"x_read": x},
        post={"y_read": y},
        delivers=((1, weight),),
    )
    link = Link(name="plastic", source=whole, target=whole, delay=1.0, values={"up": 0.003, "top": 0.3})
    background = Poisson(target=whole, state=1, weight=1.0, rate=1800.0)
    assembly = Assembly(populations=(cells,), links=(link,), synapses=(rule,), poisson=(background,), time="ms")
    edges = Edges(first, target.astype(np.uint16), None, {"w": w})
    back = np.argsort(target, kind="stable").astype(np.int32)
    into = np.concatenate(([0], np.cumsum(np.bincount(target, minlength=n)))).astype(np.int64)
    extra = (w, into, back, source[order][back].astype(np.int32))
    return Benchmark(assembly, [edges], first, target.astype(np.int32), begin[None], extra)


@dn.model(time="ms")
def decision_cell(
    v=-70.0, s_ext=0.0, s_a=0.0, s_g=0.0, *,
    S=0.0, C=0.5, g_L=0.025, E_L=-70.0, g_ext=2.1e-3, g_A=0.05e-3, g_N=0.165e-3, g_G=1.3e-3, E_G=-70.0, tau_a=2.0,
    tau_g=5.0, Mg=1.0, alpha=0.062, theta=-50.0, reset=-55.0, t_ref=2.0,
):  # fmt: skip
    """Cell of the decision network with its summed synapses; S is the sum of the gating variables of NMDA."""
    inward = g_ext * s_ext + g_A * s_a + g_N * S / (1 + Mg * dn.exp(-alpha * v) / 3.57)
    dv = (-g_L * (v - E_L) - inward * v - g_G * s_g * (v - E_G)) / C
    return dv, -s_ext / tau_a, -s_a / tau_a, -s_g / tau_g, dn.Jump(when=v > theta, to={v: reset}, refractory=t_ref)


def gated(cell):
    """The cell with the saturating gating variable that all its NMDA synapses share."""
    x, s, rise, decay, a = symbols("x s tau_rise tau_decay a")
    (spike,) = cell.jumps
    return System(
        {**dict(zip(cell.states, cell.derivatives, strict=True)), x: -x / rise, s: -s / decay + a * x * (1 - s)},
        {**cell.values, "tau_rise": 2, "tau_decay": 100, "a": 0.5},
        initial={"v": -70},
        jumps=[Jump(when=spike.when, to={**spike.to, "x": x + 1}, refractory=spike.refractory, hold=("v",))],
        name="gated",
        time="ms",
    )


def decision(scale=1, coherence=25.6, seed=1):
    """Wang (2002), Neuron 36:955-968: two selective groups, all others, and inhibition; 1.6 s of 32,000 steps."""
    n_e, n_i = 1600 // scale, 400 // scale
    group = round(0.15 * n_e)
    cell = gated(decision_cell.at(g_A=0.05e-3 * scale, g_N=0.165e-3 * scale, g_G=1.3e-3 * scale))
    other = decision_cell.at(
        C=0.2, g_L=0.02, g_ext=1.62e-3, g_A=0.04e-3 * scale, g_N=0.13e-3 * scale, g_G=1e-3 * scale, t_ref=1.0
    )
    excitatory = Cells(
        name="E", size=n_e, system=cell, own=1, spikes=(0,), values={}, start={}, streams=("S",),
        outputs=(sp.Symbol("s", real=True),), method="exponential_euler",
    )  # fmt: skip
    inhibitory = Cells(
        name="I", size=n_i, system=other, own=1, spikes=(0,), values={}, start={}, streams=("S",),
        method="exponential_euler",
    )  # fmt: skip
    bounds = [(0, group), (group, 2 * group), (2 * group, n_e)]
    strong, weak = 1.7, 1 - 0.15 * 0.7 / 0.85
    levels = [[strong, weak, 1.0], [weak, strong, 1.0], [weak, weak, 1.0]]
    links, events, streams = [], [], []

    def join(source, target, weight, nmda):
        links.append(Link(name=f"link {len(links)}", source=source, target=target, delay=0.5, values={"w": weight}))
        w = sp.Symbol("w", real=True)
        events.append(Event(link=len(links) - 1, state=2 if nmda else 3, weight=w))
        if nmda:
            streams.append(Stream(link=len(links) - 1, output=0, parameter="S", weight=w))

    parts = [Part(population=0, first=a, last=b) for a, b in bounds]
    all_e, all_i = Part(population=0, first=0, last=n_e), Part(population=1, first=0, last=n_i)
    for i, source in enumerate(parts):
        for j, target in enumerate(parts):
            join(source, target, levels[i][j], True)
    join(all_e, all_i, 1.0, True)
    join(all_i, all_e, 1.0, False)
    join(all_i, all_i, 1.0, False)
    rng = np.random.RandomState(seed + 1000)
    rates = np.zeros((33, 2))
    for k in range(2, 22):
        rates[k] = np.maximum(rng.normal([40 * (1 + coherence / 100), 40 * (1 - coherence / 100)], 10), 0)
    times = 50.0 * np.arange(33)
    poisson = [Poisson(target=p, state=1, weight=1.0, rate=2400.0) for p in (all_e, all_i)]
    poisson += [
        Poisson(target=parts[i], state=1, weight=1.0, rate=dn.steps(times, rates[:, i], before=0.0)) for i in range(2)
    ]
    assembly = Assembly(
        populations=(excitatory, inhibitory), links=tuple(links), events=tuple(events), streams=tuple(streams),
        poisson=tuple(poisson), time="ms",
    )  # fmt: skip
    return assembly, [None] * len(links), (n_e, n_i, group, float(scale), rates)
