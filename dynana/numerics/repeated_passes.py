"""numba's passes over a function without what they repeat.

numba walks through the statements of a function some fifty times before it writes the first line of intermediate code,
mostly to say after each pass what lives where: only the last one is read. These replacements do the same, sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from llvmlite.ir import Type
from numba.core import base, compiler_machinery, ir, postproc, transforms

#: How the attributes of a statement are searched for variables.
_VARIABLE, _INSTRUCTION, _SEQUENCE, _MAPPING, _ELSE = range(5)


class _Manners(dict[type, int]):
    """How to search an object of a type, worked out once for each type."""

    def __missing__(self, kind: type) -> int:
        bases = ((ir.Var, _VARIABLE), (ir.Inst, _INSTRUCTION), ((list, tuple), _SEQUENCE), (dict, _MAPPING))
        self[kind] = next((manner for base, manner in bases if issubclass(kind, base)), _ELSE)
        return self[kind]


_manners = _Manners()


def _gather(values: Iterable[Any], found: list[ir.Var]) -> None:
    for value in values:
        manner = _manners[type(value)]
        if manner == _ELSE:
            continue
        if manner == _VARIABLE:
            found.append(value)
        elif manner == _INSTRUCTION:
            found += value.list_vars()
        else:
            _gather(value if manner == _SEQUENCE else value.values(), found)


def _variables(_self: ir.Inst, value: Any) -> list[ir.Var]:
    """Return the variables in an attribute of a statement: numba asks for the type of each part up to five times."""
    found: list[ir.Var] = []
    _gather((value,), found)
    return found


def _later(run: Callable[..., None]) -> Callable[..., None]:
    def process(self: Any, emit_dels: bool = False, extend_lifetimes: bool = False) -> None:
        """Bring blocks into their canonical form; what lives where is worked out when somebody asks.

        Nobody does before the last pass, which wants deletions emitted, but for generators.
        """
        if emit_dels or self.func_ir.is_generator:
            run(self, emit_dels, extend_lifetimes)
            return
        self.func_ir.blocks = transforms.canonicalize_cfg(self.func_ir.blocks)
        self.func_ir.variable_lifetime = postproc.VariableLifetime(self.func_ir.blocks)
        self.func_ir.generator_info = None

    return process


def _unchecked(_function: Any) -> None:
    """Take for granted that a pass has not emitted deletions; the last one is checked once more by itself."""


#: Sizes of types in bytes, by what they are written as.
_SIZES: dict[str, int] = {}


def _measured(measure: Callable[..., int]) -> Callable[..., int]:
    def get_abi_size(self: Any, target_data: Any, context: Any = None) -> int:
        """Return the size of a type: numba has a module parsed for every variable, to ask how large it is."""
        written = str(self)
        if "%" in written:  # a type that is known by name
            return measure(self, target_data, context)
        if written not in _SIZES:
            _SIZES[written] = measure(self, target_data, context)
        return _SIZES[written]

    return get_abi_size


#: What is replaced: where, its name, and what makes the replacement from it.
_REPLACED: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (ir.Inst, "_rec_list_vars", lambda _: _variables),
    (postproc.PostProcessor, "run", _later),
    (compiler_machinery, "enforce_no_dels", lambda _: _unchecked),
    (Type, "get_abi_size", _measured),
    (base, "_has_loc", lru_cache(maxsize=4096)),
)


@contextmanager
def shortened() -> Iterator[None]:
    """Compile with the replacements; to be entered by one thread at a time."""
    kept = [getattr(owner, name) for owner, name, _ in _REPLACED]
    for original, (owner, name, make) in zip(kept, _REPLACED, strict=True):
        setattr(owner, name, make(original))
    try:
        yield
    finally:
        for original, (owner, name, _) in zip(kept, _REPLACED, strict=True):
            setattr(owner, name, original)
