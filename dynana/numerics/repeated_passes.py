"""numba's passes over a function without what they repeat.

numba walks through the statements of a function some fifty times before it writes the first line of intermediate code,
mostly to say after each pass what lives where: only the last one is read. These replacements do the same, sooner.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from llvmlite.ir import Type
from numba.core import base, compiler_machinery, event, imputils, ir, postproc, ssa, transforms
from numba.core.runtime.context import NRTContext
from numba.core.typing import templates

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


#: Which types hold something whose references are counted.
_COUNTED: dict[Any, bool] = {}


def _counted(_searched: Callable[..., Any]) -> Callable[..., list[tuple[Any, Any]]]:
    def get_meminfos(self: Any, builder: Any, kind: Any, value: Any) -> list[tuple[Any, Any]]:
        """Return what is counted in a value: numba takes all members of an array apart, of which one is counted.

        That is a quarter of all the intermediate code that it writes.
        """
        models = self._context.data_model_manager
        if kind not in _COUNTED:
            _COUNTED[kind] = models[kind].contains_nrt_meminfo()
        if not _COUNTED[kind]:
            return []
        model, found = models[kind], []
        if model.has_nrt_meminfo():
            found.append((kind, model.get_nrt_meminfo(builder, value)))
        for member, take in model.traverse(builder):
            if models[member].contains_nrt_meminfo():
                found += self.get_meminfos(builder, member, take(value))
        return found

    return get_meminfos


def _quiet(announce: Callable[..., None]) -> Callable[..., None]:
    def announced(kind: str, *details: Any, **named: Any) -> None:
        """Announce what happens, but not that LLVM's lock is taken: at every call of it, to all that wait."""
        if kind != "numba:llvm_lock":
            announce(kind, *details, **named)

    return announced


def _unlogged(_pass: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
    def run(states: Any, block: Any, handler: Any) -> Iterator[Any]:
        """Hand statements to a handler; numba offers each of them to a log."""
        for statement in block.body:
            assigns = isinstance(statement, ir.Assign)
            yield handler.on_assign(states, statement) if assigns else handler.on_other(states, statement)

    return run


def _declared() -> tuple[int, ...]:
    """Return what grows when functions are declared to numba: by modules as they are imported, or at any time."""
    known, made = templates.builtin_registry, imputils.builtin_registry
    kept = (known.functions, known.attributes, known.globals, *(getattr(made, k) for k in _IMPLEMENTATIONS))
    return len(sys.modules), *map(len, kept)


_IMPLEMENTATIONS = imputils.RegistryLoader.registry_items

#: What was declared when a context, by its identity, was last told; contexts live as long as the process.
_TOLD: dict[int, tuple[int, ...]] = {}


def _when_needed(refresh: Callable[..., None]) -> Callable[..., None]:
    def run(self: Any) -> None:
        """Tell a context of new declarations, if there are any: numba asks ten times for every function."""
        if _TOLD.get(id(self)) != _declared():
            refresh(self)
            _TOLD[id(self)] = _declared()

    return run


#: What is replaced: where, its name, and what makes the replacement from it.
_REPLACED: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (ir.Inst, "_rec_list_vars", lambda _: _variables),
    (postproc.PostProcessor, "run", _later),
    (compiler_machinery, "enforce_no_dels", lambda _: _unchecked),
    (Type, "get_abi_size", _measured),
    (NRTContext, "get_meminfos", _counted),
    (event, "start_event", _quiet),
    (event, "end_event", _quiet),
    (ssa, "_run_ssa_block_pass", _unlogged),
    (base.BaseContext, "refresh", _when_needed),
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
