"""Generated modules: written once, found by the hash of what they were made from, imported, compiled, cached.

A module is named by a hash of its *input* (the structure of the system, the kind of kernel, the sources of the
generator), so a second process finds it without any symbolic work. It is published atomically and registered in
``sys.modules`` before it runs: numba's cache refers to it by name.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType

from dynana.errors import DynanaWarning
from dynana.numerics.compilation import cache_folder, source_hash

_PREFIX = "dynana_kernel_"


@dataclass(frozen=True, kw_only=True)
class Function:
    """One generated function.

    Parameters
    ----------
    name, arguments : str
        As they stand in ``def name(arguments):``.
    body : tuple of str
        Lines without indentation.
    signature : str
        Name of its signature in `dynana.numerics.signatures`; empty for a function compiled when first called.
    options : str
        Further arguments of `compiled`, as code.
    maker : str
        The decorator that compiles it, if it is not `compiled`.
    plain : bool
        Whether it stays plain Python.
    """

    name: str
    arguments: str
    body: tuple[str, ...]
    signature: str = ""
    options: str = ""
    maker: str = "compiled"
    plain: bool = False

    def text(self) -> str:
        """Return the source of the function with its decorator."""
        # what it calls, and the loops of polynomials in that, is written out where it is straight anyway
        unrolled = "unrolled=True" if self.signature else ""
        options = ", ".join(filter(None, (self.signature, unrolled, self.options)))
        body = "".join(f"    {line}\n" for line in self.body or ("pass",))
        decorator = "" if self.plain else f"@{self.maker}({options})\n"
        return f"{decorator}def {self.name}({self.arguments}):\n{body}"


@dataclass(frozen=True, kw_only=True)
class Source:
    """The content of a generated module.

    Parameters
    ----------
    functions : tuple of Function
    imports : mapping of str to set of str
        Names to import, by module.
    constants : mapping of str to object
        Literals (numbers, strings, tuples) that a warm process reads instead of working them out.
    comment : str
        What the arrays mean, for readers.
    """

    functions: tuple[Function, ...]
    imports: Mapping[str, set[str]] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=dict)
    comment: str = ""

    def text(self) -> str:
        """Return the module as Python source."""
        signatures = {f.signature for f in self.functions if f.signature}
        imports = {**self.imports, "dynana.numerics.compilation": {"compiled"}}
        signatures -= set().union(*self.imports.values())
        if signatures:
            imports["dynana.numerics.signatures"] = signatures | set(self.imports.get("dynana.numerics.signatures", ()))
        parts = [f'"""{self.comment}"""\n' if self.comment else ""]
        parts += [f"from {m} import {', '.join(sorted(n))}\n" for m, n in sorted(imports.items()) if n]
        parts += [f"\n{name} = {value!r}\n" for name, value in self.constants.items()]
        parts += [f"\n\n{f.text()}" for f in self.functions]
        return "".join(parts)


@cache
def generator_hash() -> str:
    """Return a hash of every source that decides what generated code looks like."""
    package = Path(__file__).parent.parent
    return source_hash(package / "lowering") + source_hash(package / "definition")


def load(key: str, make: Callable[[], Source]) -> ModuleType:
    """Return the generated module of ``key``, making and publishing it if it is not there yet.

    Parameters
    ----------
    key : str
        What the module is made from: fingerprint, kind, options.
    make : callable
        Returns the content; called only where the module is missing or damaged.
    """
    name = _PREFIX + hashlib.sha256(f"{generator_hash()} {key}".encode()).hexdigest()[:24]
    if name in sys.modules:
        return sys.modules[name]
    path = cache_folder() / f"{name}.py"
    if not _intact(path):
        path = _published(path, make().text())
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _seal(text: str) -> str:
    return f"# dynana {hashlib.sha256(text.encode()).hexdigest()}\n"


def _intact(path: Path) -> bool:
    """Return whether a published module is there and undamaged; say so if it is damaged."""
    try:
        first, _, text = path.read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return False
    except (OSError, UnicodeDecodeError) as error:
        first, text = "", str(error)
    if f"{first}\n" == _seal(text):
        return True
    warnings.warn(f"the generated module {path} is damaged and is made again.", DynanaWarning, stacklevel=3)
    return False


def _published(path: Path, text: str) -> Path:
    """Write a module so that other processes see all of it or nothing; return where it stands.

    Two processes that make the same module at the same time write the same text, and the later one replaces the
    earlier one's file: no lock is needed.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_seal(text) + text)
        os.replace(temporary, path)
    except OSError as error:
        warnings.warn(f"generated code cannot be kept in {path.parent}: {error}.", DynanaWarning, stacklevel=4)
        path = Path(tempfile.mkdtemp(prefix="dynana-")) / path.name
        path.write_text(_seal(text) + text, encoding="utf-8")
    importlib.invalidate_caches()
    return path
