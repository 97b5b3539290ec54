"""What the function of a synapse speaks of and returns: its two cells, events, influences, bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from dynana.definition import rules
from dynana.definition.tracing import Condition, Symbolic, symbol
from dynana.errors import ModelError

#: The two cells of a synapse, as arguments of its function and as prefixes of the symbols of their quantities.
PRE, POST = "pre", "post"
#: The name of the time since a cell's last spike.
SINCE_SPIKE = "since_spike"


class Cell:
    """One of the two cells while a synapse is traced: ``pre.V`` is the symbol of a quantity of that cell."""

    __slots__ = ("_side",)
    _side: str

    def __init__(self, side: str) -> None:
        self._side = side

    def __getattr__(self, name: str) -> Symbolic:
        if name.startswith("_"):
            raise AttributeError(name)
        return Symbolic(quantity(self._side, name))

    def __repr__(self) -> str:
        return self._side


def quantity(side: str, name: str) -> sp.Symbol:
    """Return the symbol of a state, parameter or observable of one of the two cells."""
    return symbol(f"{side}.{name}")


def split(name: str) -> tuple[str, str] | None:
    """Return (side, name) of the name of a quantity of one of the two cells, None for any other name."""
    side, dot, own = name.partition(".")
    return (side, own) if dot else None


class _Event:
    """New values when one of the two cells has spiked."""

    __slots__ = ("to",)

    def __init__(self, to: Mapping[Any, Any]) -> None:
        name = type(self).__name__
        self.to = rules.check_mapping(to, f"dn.{name}({{x: x + 1}})")
        if not self.to:
            raise ModelError(f"{name} changes nothing: give {{state: value}}.")


class OnPre(_Event):
    """New values when the presynaptic spike arrives, ``dn.OnPre({x: x + 1})``; all read what was before.

    ``post.V`` may be among the keys: ``dn.OnPre({post.V: post.V + w})`` is a delta synapse.
    """

    __slots__ = ()


class OnPost(_Event):
    """New values when the postsynaptic cell spikes, ``dn.OnPost({w: w + a})``; all read what was before."""

    __slots__ = ()


class Into:
    """What a synapse adds to a parameter of its target: ``dn.Into("I", w * s)``; all synapses of a cell are summed.

    Without any event in the synapse this is a continuous coupling.
    """

    __slots__ = ("parameter", "value")

    def __init__(self, parameter: str, value: Any) -> None:
        self.parameter = rules.check_name(parameter, "parameter")
        self.value = value


class Clip:
    """Bounds within which states are kept after each step, ``dn.Clip({w: (0, w_max)})``."""

    __slots__ = ("bounds",)

    def __init__(self, bounds: Mapping[Any, tuple[Any, Any]]) -> None:
        self.bounds = rules.check_mapping(bounds, "dn.Clip({w: (0, w_max)})")


class Parts:
    """What the function of a synapse returned, sorted."""

    def __init__(self, returned: Any, name: str) -> None:
        items = returned if isinstance(returned, tuple | list) else (returned,)
        self.derivatives: list[Any] = []
        self.on_pre: dict[Any, Any] = {}
        self.on_post: dict[Any, Any] = {}
        self.into: list[Into] = []
        self.clip: dict[Any, tuple[Any, Any]] = {}
        for item in items:
            if isinstance(item, OnPre | OnPost):
                self._add(self.on_pre if isinstance(item, OnPre) else self.on_post, item.to, type(item).__name__, name)
            elif isinstance(item, Into):
                self.into.append(item)
            elif isinstance(item, Clip):
                self._add(self.clip, item.bounds, "Clip", name)
            elif item is None or isinstance(item, Condition | Cell):
                raise ModelError(
                    f"{name} returns {item!r}: expected derivatives, then OnPre, OnPost, Into and Clip. "
                    "Is `return` missing?"
                )
            elif self.on_pre or self.on_post or self.into or self.clip:
                raise ModelError(
                    f"{name} returns a derivative after OnPre, OnPost, Into or Clip: derivatives come first."
                )
            else:
                self.derivatives.append(item)

    @staticmethod
    def _add(known: dict[Any, Any], more: Mapping[Any, Any], kind: str, name: str) -> None:
        for key, value in more.items():
            if any(key_name(key) == key_name(other) for other in known):
                raise ModelError(f"{name}: {kind} sets {key_name(key)!r} twice.")
            known[key] = value


def key_name(key: Any) -> str:
    """Return the name of a key of an event: a symbol, or its name."""
    expr = key.expr if isinstance(key, Symbolic) else key
    return str(expr.name if isinstance(expr, sp.Symbol) else expr)
