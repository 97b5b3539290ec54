"""What every result has in common: read-only arrays, saving and loading, one-line reprs.

A result class is written as ::

    @dataclass(frozen=True, slots=True, kw_only=True, eq=False)
    class Trajectory(Result):
        t: np.ndarray
        ...

Do not use a zero-argument ``super()`` in it: ``slots=True`` builds the class a second time, and the call would see the
first one.
"""

from __future__ import annotations

import dataclasses
import html
import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from dynana.errors import FormatError, unknown
from dynana.results import storage
from dynana.results.tables import Table, dataframe, number, write_csv


class Result:
    """Mixin of the frozen dataclasses that come out of dynana.

    Arrays become read-only views, lists become tuples and dicts are copied, at any depth, when the object is made.
    Fields may hold ``str, int, float, complex, bool, None``, numpy arrays of numbers, booleans or text, other results,
    and tuples and dicts (with text keys) of these: exactly what can be saved.
    """

    __slots__ = ()

    _index: ClassVar[str | None] = None
    """Column that numbers the rows of the table."""

    classes: ClassVar[dict[str, type[Result]]] = {}
    """Every result class by name: what a saved file may contain."""

    def __init_subclass__(cls, **options: Any) -> None:
        # Without super().__init_subclass__: see the note on slots above; object's does nothing.
        known = Result.classes.get(cls.__name__)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(
                f"a result class named {cls.__name__!r} exists already in {known.__module__}: "
                "saved files name their classes, so the names must differ"
            )
        Result.classes[cls.__name__] = cls
        # dataclass() would write a repr with every array in it, unless the class has one of its own.
        if "__repr__" not in cls.__dict__:
            cls.__repr__ = Result.__repr__  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            object.__setattr__(self, field.name, _frozen(getattr(self, field.name)))
        self._check()

    def _check(self) -> None:
        """Raise ValueError where fields do not fit together; overridden by classes with something to check."""

    def _table(self) -> Table | None:
        """The result as a table, for classes that are best read as one; used by Jupyter."""
        return None

    def __reduce__(self) -> tuple[Any, ...]:
        # numpy forgets the read-only flag in a pickle; building the object anew restores it.
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        return _rebuild, (type(self), values)

    def __repr__(self) -> str:
        parts = (f"{field.name}={_brief(getattr(self, field.name))}" for field in dataclasses.fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _repr_html_(self) -> str:
        table = self._table()
        return table.html() if table is not None else f"<pre>{html.escape(str(self))}</pre>"

    def _columns(self) -> dict[str, Any]:
        """The columns of the result as a table, by name; overridden by classes that have one."""
        raise TypeError(f"a {type(self).__name__} is no table: save it with save(path), or take its parts")

    def to_dataframe(self) -> Any:
        """Return the result as a pandas DataFrame: samples, points of a curve, cells, ... as rows.

        Raises
        ------
        ImportError
            pandas is not installed.
        TypeError
            The result is no table.
        """
        frame = dataframe(self._columns())
        return frame if self._index is None else frame.set_index(self._index)

    def to_csv(self, path: str | Path) -> Path:
        """Write the table that `to_dataframe` returns to a text file and return the path; pandas is not needed.

        Numbers keep all their digits; complex columns become two, ``NAME_re`` and ``NAME_im``.

        Raises
        ------
        FileNotFoundError
            There is no such folder.
        TypeError
            The result is no table.
        """
        return write_csv(self._columns(), path)

    def save(self, path: str | Path) -> Path:
        """Write the result to `path` (npz: arrays and one JSON header, no pickle) and return the path.

        The file appears complete or not at all; an existing file is replaced.

        Raises
        ------
        TypeError
            A field holds something that cannot be stored as plain data.
        """
        return storage.save(self, path, Result.classes)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a result of this class from a file written by `save`.

        Raises
        ------
        FormatError
            The file is not a dynana result, is damaged, comes from another version, or holds another class.
        """
        result = load(path)
        if not isinstance(result, cls):
            name = type(result).__name__
            raise FormatError(f"{path} holds a {name}, not a {cls.__name__}: read it with {name}.load or dynana.load")
        return result


def load(path: str | Path) -> Result:
    """Read the result, of whatever class, that `Result.save` wrote to `path`.

    Raises
    ------
    FormatError
        The file is not a dynana result, is damaged or altered, or comes from a version that stores something else.
    FileNotFoundError
        There is no such file.
    """
    package = importlib.import_module("dynana.results")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"dynana.results.{module.name}")
    result = storage.load(path, Result.classes)
    assert isinstance(result, Result)
    return result


def column(values: np.ndarray, names: Sequence[str], name: str, kind: str = "state") -> np.ndarray:
    """The column of `values` (shape ``(..., n)``) that belongs to `name`, one of the n `names`.

    Raises
    ------
    KeyError
        No such name; the message lists the known ones.
    """
    if name not in names:
        raise KeyError(unknown(kind, name, names))
    return values[..., tuple(names).index(name)]


_PLAIN = frozenset((str, int, float, bool, complex, type(None)))


def _frozen(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, np.ndarray):
        view = value.view(np.ndarray)
        view.flags.writeable = False
        return view
    if isinstance(value, (tuple, list)):
        return tuple([item if type(item) in _PLAIN else _frozen(item) for item in value])
    if isinstance(value, dict):
        return {key: item if type(item) in _PLAIN else _frozen(item) for key, item in value.items()}
    return value


def _rebuild(cls: type[Result], values: dict[str, Any]) -> Result:
    return cls(**values)


def _brief(value: Any) -> str:
    """One short word or two for a field in a one-line repr."""
    if isinstance(value, np.ndarray):
        return f"<{value.dtype} {'x'.join(map(str, value.shape)) or 'scalar'}>"
    if isinstance(value, Result):
        return f"<{type(value).__name__}>"
    if isinstance(value, (float, complex)):
        return number(value)
    if isinstance(value, (tuple, dict)) and (len(value) > 4 or _holds_arrays(value)):
        return f"<{len(value)} items>"
    if isinstance(value, tuple):
        return f"({', '.join(map(_brief, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_brief(item)}" for key, item in value.items()) + "}"
    return repr(value)


def _holds_arrays(value: tuple[Any, ...] | dict[str, Any]) -> bool:
    items = value.values() if isinstance(value, dict) else value
    return any(isinstance(item, (np.ndarray, Result, tuple, dict)) for item in items)
