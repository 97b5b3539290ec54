"""An orbit with jumps together with the perturbation that decides on its bifurcation.

Between jumps a perturbation v follows v' = J v. At a jump it is moved along the flow to where its own orbit meets the
guard g, and mapped by the jump map R:

    v -> DR (v - f (grad g . v) / (grad g . f))

so that after each jump v lies in the section in which all orbits begin there: there is no multiplier 1 along the orbit,
and an orbit at a fold or a period doubling is one whose v closes, or closes with its sign changed. At a torus point v
is complex, two real perturbations, and closes turned by an angle, which is one more parameter. With v as further states
this is an orbit like any other, with exact derivatives.
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

#: The end of a segment: event (see `dynana.lowering.spiking.Clocked.events`), states held before it, and how the
#: perturbation is changed there for the orbit to close: "" (not at all), "flip" (its sign) or "turn" (by the angle).
Ending = tuple[int, tuple[str, ...], str]


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
        The states of `clocked`, then their perturbations, two of each for a turn; its parameters, then the angle of a
        turn; one jump for each ending.
    """
    made = clocked(system)
    base = made.system
    taken = set(base.symbols)
    turning = any(closing == "turn" for _, _, closing in endings)
    angle = symbol(free_name("angle", taken))
    x = [symbol(n) for n in base.states]
    jacobian = base.jacobian()
    rows = dict(zip(base.states, base.regular, strict=True))
    parts = []
    for part in range(1 + turning):
        v = [symbol(free_name(f"v{part + 1}_{i + 1}", taken)) for i in range(len(x))]
        rows |= {w.name: sum((jacobian[i, k] * v[k] for k in range(len(x))), sp.Integer(0)) for i, w in enumerate(v)}
        parts.append(v)
    flow = [*made.base.regular, *([sp.Integer(1)] if made.clock else [])]  # directions do not depend on stretched time
    ends = [(jump, guard) for jump in base.jumps for guard in kinds.guards(jump.when)]
    jumps = []
    for number, (event, held, closing) in enumerate(endings):
        jump, guard = ends[event]
        moving = [sp.Integer(0) if n in held else f for n, f in zip(base.states, flow, strict=True)]
        mapped = [_mapped(jump, guard, x, v, moving) for v in parts]
        if closing == "flip":
            mapped = [-v for v in mapped]
        elif closing == "turn":
            cosine, sine = sp.cos(angle), sp.sin(angle)
            mapped = [cosine * mapped[0] + sine * mapped[1], cosine * mapped[1] - sine * mapped[0]]
        to = dict(jump.to)
        for v, new in zip(parts, mapped, strict=True):
            to |= {w.name: e for w, e in zip(v, new, strict=True)}
        jumps.append(Jump(when=guard > 0, to=to, name=f"ending{number + 1}"))
    values = base.values | ({angle.name: 0.0} if turning else {})
    return System(rows, values, jumps=jumps, name="critical_orbit")


def _mapped(
    jump: Jump, guard: sp.Expr, x: list[sp.Symbol], v: list[sp.Symbol], moving: list[sp.Expr]
) -> sp.ImmutableMatrix:
    """Return a perturbation after a jump: moved along the flow to the guard, then mapped."""
    level = regularise(guard)[0]
    slopes = [derivative(level, s) for s in x]
    rate = sum((a * f for a, f in zip(slopes, moving, strict=True)), sp.Integer(0))
    delay = -sum((a * w for a, w in zip(slopes, v, strict=True)), sp.Integer(0)) / rate
    met = [w + f * delay for w, f in zip(v, moving, strict=True)]
    after = [regularise(jump.to.get(s.name, s))[0] for s in x]
    return sp.ImmutableMatrix(
        [sum((derivative(e, s) * w for s, w in zip(x, met, strict=True)), sp.Integer(0)) for e in after]
    )
