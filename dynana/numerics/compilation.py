"""The decorator of every compiled function, and the folder where compiled code is kept.

numba decides whether cached machine code is fresh by looking at the file of the function alone: after an edit of a
*callee* in another file it returns stale code. Here the cache folder is named by a hash of all sources of this package,
so stale code cannot be found at all. Damaged entries are noticed by a checksum and rebuilt.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
import types
import warnings
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numba
from llvmlite import binding
from numba.core import caching
from numba.core.environment import Environment, lookup_environment
from numba.core.registry import CPUDispatcher
from numba.core.runtime import _nrt_python

from dynana.errors import DynanaWarning
from dynana.numerics.fragments import (
    Driver,
    Executable,
    Fragment,
    FragmentCacheImplementation,
    UnrolledCompiler,
    WholeCompiler,
    WideCompiler,
    rebuilt,
)

#: Environment variable that overrides the place of the cache folder.
CACHE_VARIABLE = "DYNANA_CACHE_DIR"

_DIGEST = hashlib.sha256


def source_hash(folder: Path) -> str:
    """Return a hash of the names and contents of all Python files in ``folder`` (not below it)."""
    digest = _DIGEST()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _user_cache() -> Path:
    if given := os.environ.get(CACHE_VARIABLE):
        return Path(given)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dynana"


@cache
def cache_folder() -> Path:
    """Return the folder of generated modules and machine code, made if need be.

    It is ``$DYNANA_CACHE_DIR``, or ``dynana`` in the user's cache folder, and in it a folder for this state of the
    sources. If it cannot be written, a temporary folder of this process stands in and a warning says so once.
    """
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    folder = _user_cache() / f"{source_hash(Path(__file__).parent)}-{python}-numba{numba.__version__}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError) as error:
        folder = Path(tempfile.mkdtemp(prefix="dynana-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        warnings.warn(
            f"compiled code cannot be kept: {error}. This run uses {folder} and compiles afresh; "
            f"set {CACHE_VARIABLE} to a folder that can be written.",
            DynanaWarning,
            stacklevel=2,
        )
    return folder


@cache
def _say_once(message: str) -> None:
    warnings.warn(message, DynanaWarning, stacklevel=3)


class _Locator(caching._CacheLocator):  # type: ignore[misc]
    """Puts the machine code of every function into `cache_folder`."""

    def __init__(self, py_func: Callable[..., Any], py_file: str) -> None:
        self._py_file = py_file
        self._line = py_func.__code__.co_firstlineno

    def get_cache_path(self) -> str:
        return str(cache_folder())

    def get_source_stamp(self) -> str:
        # Sources of this package are in the folder's name already; this serves functions compiled from elsewhere.
        return _DIGEST(Path(self._py_file).read_bytes()).hexdigest()

    def get_disambiguator(self) -> str:
        return str(self._line)

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> _Locator:
        return cls(py_func, py_file)


class _CacheImplementation(caching.CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = [_Locator]

    def reduce(self, result: Any) -> tuple[Any, ...]:
        """Return what is kept of a compiled function; not its annotated source, which takes long to write."""
        *parts, environments = super().reduce(result._replace(type_annotation=""))
        return *parts, tuple((e.globals["__name__"], e.consts, e.env_name) for e in environments)

    def rebuild(self, target_context: Any, payload: tuple[Any, ...]) -> Any:
        """Return the result of a compilation from what was kept."""
        *parts, kept = payload
        environments = tuple(_environment(*e) for e in kept)

        def enter(library: Executable) -> Any:
            for referenced in environments:
                library.codegen.set_env(referenced.env_name, referenced)
            return target_context.get_executable(library, *payload[1:3])

        return rebuilt(target_context, (*parts, environments), Executable, enter)


def _environment(module: str, constants: list[Any], name: str) -> Environment:
    """Return the environment of a function that was compiled into another one.

    numba would import its module for the sake of the globals, which machine code never looks at.
    """
    environment = lookup_environment(name)
    if environment is None:
        environment = Environment({"__name__": module})
        environment.consts[:] = constants
        environment.env_name = name
        Environment._memo[name] = environment
    return environment


class _FragmentImplementation(FragmentCacheImplementation):
    _locator_classes = [_Locator]


class _CheckedFile(caching.IndexDataCacheFile):  # type: ignore[misc]
    """A cache file whose data carry a checksum: damaged object code must never reach the linker."""

    def _save_data(self, name: str, data: object) -> None:
        payload = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(_DIGEST(payload).digest() + payload)

    def _load_data(self, name: str) -> object:
        content = Path(self._data_path(name)).read_bytes()
        size = _DIGEST().digest_size
        if _DIGEST(content[size:]).digest() != content[:size]:
            raise ValueError(f"checksum of {name} does not match")
        return caching.pickle.loads(content[size:])


@cache
def _register_runtime() -> None:
    """Tell the linker where the C functions of numba's runtime are: all that kept machine code needs.

    numba refreshes the target before it loads a function: it imports the implementations of all functions that it can
    compile, and compiles those of its runtime, a sixth of the start of a process. Every compilation does that anyway.
    """
    for name, address in _nrt_python.c_helpers.items():
        binding.add_symbol(name if name.startswith("_") else f"NRT_{name}", address)


class _KernelCache(caching.FunctionCache):  # type: ignore[misc]
    """numba's function cache in our folder; a damaged entry is rebuilt and an unwritable one does no harm."""

    _impl_class = _CacheImplementation

    def __init__(self, py_func: Callable[..., Any]) -> None:
        super().__init__(py_func)
        self._cache_file = _CheckedFile(
            self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )

    def load_overload(self, sig: object, target_context: object) -> object:
        _register_runtime()
        try:
            with self._guard_against_spurious_io_errors():
                kept = self._load_overload(sig, target_context)
        except Exception:  # pickle raises nearly anything on damaged input; one text for all, so that it stands once
            kept = None
            _say_once(f"damaged compiled code in {self._cache_path} is rebuilt.")
            try:
                self._cache_file.flush()
            except OSError:
                self.disable()
        if kept is None:  # the function is compiled next
            _load_array_functions()
        return kept

    def save_overload(self, sig: object, data: object) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _say_once(
                f"compiled code could not be kept in {self._cache_path}: {error}. It is compiled again next time."
            )


class _FragmentCache(_KernelCache):
    _impl_class = _FragmentImplementation


class _LaterCache(caching._Cache):  # type: ignore[misc]
    """The cache of a function, looked for when the function is compiled or loaded: in most processes few are."""

    def __init__(self, function: Callable[..., Any], kind: type[_KernelCache]) -> None:
        self._function, self._kind = function, kind

    @cached_property
    def _cache(self) -> _KernelCache:
        return self._kind(self._function)

    @property
    def cache_path(self) -> str:
        return str(self._cache.cache_path)

    def load_overload(self, sig: object, target_context: object) -> object:
        return self._cache.load_overload(sig, target_context)

    def save_overload(self, sig: object, data: object) -> None:
        self._cache.save_overload(sig, data)

    def enable(self) -> None:
        self._cache.enable()

    def disable(self) -> None:
        self._cache.disable()

    def flush(self) -> None:
        self._cache.flush()


def _load_array_functions() -> None:
    """Let numba load its array functions without scipy.linalg, a tenth of the start of a process.

    It imports ``scipy.linalg.cython_blas`` only to see whether that is there, and once more where a function needs it.
    """
    name = "scipy.linalg.cython_blas"
    if name in sys.modules or numba.config.DISABLE_JIT or importlib.util.find_spec("scipy") is None:
        return
    sys.modules[name] = types.ModuleType(name)
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        del sys.modules[name]


def _whole(function: Callable[..., Any], settings: dict[str, Any]) -> CPUDispatcher:
    """Return the dispatcher of a function that is compiled by itself."""
    dispatcher = CPUDispatcher(function, targetoptions=settings, pipeline_class=UnrolledCompiler)
    dispatcher._cache = _KernelCache(function)
    return dispatcher


def compiled(signature: Any = None, *, wide: bool = False, unrolled: bool = False, **options: Any) -> Any:
    """Compile a function with numba: numpy error model (1/0 is inf), cached in `cache_folder`.

    Parameters
    ----------
    signature : numba signature or function, optional
        With a signature the function accepts nothing else, as first-class function arguments need, and is compiled (or
        loaded) when it is first used. Without one it is compiled at its first call for each set of argument types:
        from Python as it is, from compiled code as a part of its caller (see `dynana.numerics.fragments`).
    wide : bool
        Whether its loops run over many cells, so that the widest vectors of the processor pay. With a signature only.
    unrolled : bool
        Whether its loops are written out several times over, as LLVM does by itself: a tenth faster where a run makes
        very many steps, and half as long again to compile. With a signature only; parts are compiled with their caller.
    **options
        Passed to ``numba.njit``, for example ``fastmath={"contract"}``. Interval code must not use ``fastmath``.

    Returns
    -------
    callable
        The dispatcher, or the plain function if ``NUMBA_DISABLE_JIT=1``.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        if numba.config.DISABLE_JIT:
            return function
        settings = {"nopython": True, "boundscheck": None, "error_model": "numpy", **options}
        if signature is not None:
            compiler = WideCompiler if wide else UnrolledCompiler if unrolled else WholeCompiler
            driver = Driver(function, targetoptions=settings, pipeline_class=compiler, only=signature)
            driver._cache = _LaterCache(function, _KernelCache)
            return driver
        # C functions are made for signatures alone: they serve as arguments
        by_itself = {**settings, "no_cfunc_wrapper": True}
        fragment = Fragment(function, targetoptions=settings, whole=lambda: _whole(function, by_itself))
        fragment._cache = _LaterCache(function, _FragmentCache)
        return fragment

    if callable(signature) and not isinstance(signature, numba.core.typing.templates.Signature):
        function, signature = signature, None
        return decorate(function)
    return decorate
