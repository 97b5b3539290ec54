"""An orbit with jumps together with the perturbation that decides on its bifurcation.

Between jumps a perturbation v follows v' = J v. At a jump it is moved along the flow to where its own orbit meets the
guard g, and mapped by the jump map R:

    v -> DR (v - f (grad g . v) / (grad g . f))

so that after each jump v lies in the section in which all orbits begin there: there is no multiplier 1 along the orbit,
and an orbit at a fold or a period doubling is one whose v closes, or closes with its sign changed. With v as further
states this is an orbit like any other, with exact derivatives.
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.parts import Jump
from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import free_name, symbol
from dynana.lowering import kinds
from dynana.lowering.spiking import clocked

#: The end of a segment: event (see `dynana.lowering.spiking.Clocked.events`), states held before it, and whether the
#: perturbation changes its sign.
Ending = tuple[int, tuple[str, ...], bool]


@lru_cache(maxsize=32)
def critical(system: System, endings: tuple[Ending, ...]) -> System:
    """Return the system of an orbit and its perturbation.

    Parameters
    ----------
    system : System
    endings : tuple of Ending
        All different.

    Returns
    -------
    System
        The states of `clocked`, then their perturbations; one jump for each ending.
    """
    made = clocked(system)
    base = made.system
    taken = set(base.symbols)
    names = [free_name(f"v{i + 1}", taken) for i in range(len(base.states))]
    v = [symbol(n) for n in names]
    x = [symbol(n) for n in base.states]
    jacobian = base.jacobian()
    rows = dict(zip(base.states, base.regular, strict=True))
    for i, name in enumerate(names):
        rows[name] = sum((jacobian[i, k] * v[k] for k in range(len(x))), sp.Integer(0))
    flow = [*made.base.regular, *([sp.Integer(1)] if made.clock else [])]  # directions do not depend on stretched time
    ends = [(jump, guard) for jump in base.jumps for guard in kinds.guards(jump.when)]
    jumps = []
    for number, (event, held, flips) in enumerate(endings):
        jump, guard = ends[event]
        level = regularise(guard)[0]
        moving = [sp.Integer(0) if n in held else f for n, f in zip(base.states, flow, strict=True)]
        slopes = [derivative(level, s) for s in x]
        rate = sum((a * f for a, f in zip(slopes, moving, strict=True)), sp.Integer(0))
        delay = -sum((a * w for a, w in zip(slopes, v, strict=True)), sp.Integer(0)) / rate
        met = [w + f * delay for w, f in zip(v, moving, strict=True)]
        to = dict(jump.to)
        for name, state in zip(names, base.states, strict=True):
            after = regularise(jump.to.get(state, symbol(state)))[0]
            mapped = sum((derivative(after, s) * w for s, w in zip(x, met, strict=True)), sp.Integer(0))
            to[name] = -mapped if flips else mapped
        jumps.append(Jump(when=guard > 0, to=to, name=f"ending{number + 1}"))
    return System(rows, base.values, jumps=jumps, name="critical_orbit")
