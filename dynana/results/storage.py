"""Results in files: an npz archive of plain arrays with one JSON header, no pickle.

The archive holds ``header.json``, one ``.npy`` member per array, named after the field it comes from
(``points.0.eigenvalues.npy``), and ``checksum.txt``, the SHA-256 of the header and the arrays. Members are stored
uncompressed: none of them can be larger than the file, so a small hostile file cannot fill the memory. The checksum
finds damage and careless edits; it is not a signature. What a file can do is bounded anyway: loading yields numbers,
text and result classes of this package, nothing that runs.

Files of earlier versions load: as long as `SCHEMA` stays, no field of a result is renamed or removed, and a field that
is added has a default. A file with a field that this version does not know comes from a later one and is refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import io
import json
import math
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from dynana.errors import FormatError

SCHEMA = 1
"""Number of the layout described above; raised when a file of this version could be misread by an older dynana."""

MOST_MEMBERS = 1_000_000
"""Arrays in one file: far above any result, low enough that listing them cannot take minutes."""

ARRAY_KINDS = "biufcU"
"""numpy dtype kinds that are plain data: booleans, integers, floats, complex numbers, text."""

DAMAGED = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    TypeError,
    RecursionError,
    RuntimeError,
)
"""What zipfile, json and numpy raise on bytes that are not what they should be."""

HEADER, CHECKSUM = "header.json", "checksum.txt"


Classes = Mapping[str, type[Any]]
"""The dataclasses that a file may contain, by name."""


def save(result: Any, path: str | Path, classes: Classes) -> Path:
    """Write `result`, a dataclass out of `classes`, to `path`, complete or not at all, and return the path."""
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot save to {path}: there is no folder {path.parent}; make it first")
    arrays: dict[str, np.ndarray] = {}
    tree = _encode(result, type(result).__name__, "", arrays, classes)
    header = {
        "format": "dynana result",
        "schema": SCHEMA,
        "dynana": _version(),
        "arrays": {name: {"dtype": array.dtype.str, "shape": list(array.shape)} for name, array in arrays.items()},
        "content": tree,
    }
    text = json.dumps(header, allow_nan=False, indent=1).encode()
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(partial, "xb") as file:
            _write(file, text, arrays)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def load(path: str | Path, classes: Classes) -> Any:
    """Read what `save` wrote to `path`; only objects out of `classes` are made.

    Raises
    ------
    FormatError
        The file is not a dynana result, is damaged or altered, or comes from a version that stores something else.
    FileNotFoundError
        There is no such file.
    """
    path = Path(path)
    with open(path, "rb") as file:
        try:
            header, arrays = _read(file, path)
        except DAMAGED as error:
            raise FormatError(f"{path} is not a file written by dynana's save, or it is damaged: {error}") from error
    return _Decoder(header, arrays, path, classes).result()


def _write(file: BinaryIO, header: bytes, arrays: dict[str, np.ndarray]) -> None:
    digest = hashlib.sha256(header)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        archive.writestr(HEADER, header)
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
            digest.update(buffer.getbuffer())
            archive.writestr(f"{name}.npy", buffer.getbuffer())
        archive.writestr(CHECKSUM, digest.hexdigest())


def _encode(value: Any, kind: str, place: str, arrays: dict[str, np.ndarray], classes: Classes) -> Any:
    """`value` as JSON; arrays are put into `arrays` under their place and referred to by name."""
    if classes.get(type(value).__name__) is type(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {"result": type(value).__name__, "fields": _encode_items(fields, kind, place, arrays, classes)}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": str(float(value))}
    if isinstance(value, complex):
        return {
            "complex": [
                _encode(value.real, kind, place, arrays, classes),
                _encode(value.imag, kind, place, arrays, classes),
            ]
        }
    if isinstance(value, (tuple, list)):
        return {"tuple": [_encode(item, kind, f"{place}.{i}", arrays, classes) for i, item in enumerate(value)]}
    if isinstance(value, dict):
        return {"dict": _encode_items(value, kind, place, arrays, classes)}
    if isinstance(value, np.ndarray) and value.dtype.kind in ARRAY_KINDS:
        name = re.sub(r"[^\w.]", "_", place.removeprefix("."))
        name = name if name not in arrays else f"{name}~{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    what = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
    raise TypeError(
        f"{kind}{place} is {what}, which cannot be saved: "
        "only numbers, text, arrays, results, and tuples and dicts of these can"
    )


def _encode_items(
    items: dict[str, Any], kind: str, place: str, arrays: dict[str, np.ndarray], classes: Classes
) -> dict[str, Any]:
    for key in items:
        if not isinstance(key, str):
            raise TypeError(f"{kind}{place} is a dict with the key {key!r}: only text keys can be saved")
    return {key: _encode(item, kind, f"{place}.{key}", arrays, classes) for key, item in items.items()}


def _read(file: BinaryIO, path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays, every size checked before anything is read."""
    size = os.fstat(file.fileno()).st_size
    with zipfile.ZipFile(file) as archive:
        members = {member.filename: member for member in archive.infolist()}
        if len(members) != len(archive.infolist()) or len(members) > MOST_MEMBERS:
            raise ValueError(f"it has {len(archive.infolist())} members, some of them with the same name or too many")
        if any(member.compress_type != zipfile.ZIP_STORED for member in members.values()):
            raise ValueError("its members are compressed, which dynana never writes")
        if sum(member.file_size for member in members.values()) > size:
            raise ValueError("its members claim to be larger than the file")
        missing = [name for name in (HEADER, CHECKSUM) if name not in members]
        if missing:
            raise ValueError(f"it has no {' and no '.join(missing)}")
        text = archive.read(HEADER)
        header = json.loads(text)
        _check_header(header, path)
        expected = {HEADER, CHECKSUM} | {f"{name}.npy" for name in header["arrays"]}
        if expected != set(members):
            raise ValueError(f"its members and its header differ: {', '.join(sorted(expected ^ set(members))[:5])}")
        digest = hashlib.sha256(text)
        arrays = {}
        for name, declared in header["arrays"].items():
            content = archive.read(f"{name}.npy")
            digest.update(content)
            arrays[name] = _array(content, declared, name)
        if archive.read(CHECKSUM) != digest.hexdigest().encode():
            raise ValueError("its checksum does not fit: it was altered after it was written")
    return header, arrays


def _check_header(header: Any, path: Path) -> None:
    if not isinstance(header, dict) or header.get("format") != "dynana result":
        raise ValueError("its header is not that of a dynana result")
    if header.get("schema") != SCHEMA:
        raise FormatError(
            f"{path} was written by dynana {header.get('dynana')} in layout {header.get('schema')}; "
            f"dynana {_version()} reads layout {SCHEMA}. "
            "Read it with that version; its arrays open with numpy.load(path) in any case"
        )
    if not isinstance(header.get("arrays"), dict) or not isinstance(header.get("content"), dict):
        raise ValueError("its header lists no arrays or no content")


def _array(content: bytes, declared: Any, name: str) -> np.ndarray:
    """The array in `content` (a whole .npy member), after comparing its own header with the declared one."""
    buffer = io.BytesIO(content)
    version = np.lib.format.read_magic(buffer)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = reader(buffer)
    if dtype.kind not in ARRAY_KINDS or [dtype.str, list(shape)] != [declared["dtype"], declared["shape"]]:
        raise ValueError(f"array {name!r} is {dtype.str} {shape}, its header says {declared}")
    if math.prod(shape) * dtype.itemsize != len(content) - buffer.tell():
        raise ValueError(f"array {name!r} of shape {shape} does not fit into its {len(content)} bytes")
    buffer.seek(0)
    return np.load(buffer, allow_pickle=False)  # type: ignore[no-any-return]


@dataclasses.dataclass(frozen=True)
class _Decoder:
    """Builds the result that a header describes."""

    header: dict[str, Any]
    arrays: dict[str, np.ndarray]
    path: Path
    classes: Classes

    def result(self) -> Any:
        content = self.header["content"]
        if "result" not in content:
            self.refuse("it holds no result")
        try:
            return self.decode(content)
        except (RecursionError, TypeError) as error:
            self.refuse(f"its content cannot be read: {error}")

    def decode(self, node: Any) -> Any:
        if node is None or isinstance(node, (str, bool, int, float)):
            return node
        match node:
            case {"float": "nan" | "inf" | "-inf" as text}:
                return float(text)
            case {"complex": [real, imaginary]}:
                return complex(self.decode(real), self.decode(imaginary))
            case {"tuple": list(items)}:
                return tuple(self.decode(item) for item in items)
            case {"dict": dict(items)}:
                return {key: self.decode(item) for key, item in items.items()}
            case {"array": str(name)} if name in self.arrays:
                return self.arrays[name]
            case {"result": str(name), "fields": dict(fields)}:
                return self.build(name, {key: self.decode(item) for key, item in fields.items()})
        self.refuse(f"its header has the unknown entry {str(node)[:80]!r}")

    def build(self, name: str, fields: dict[str, Any]) -> Any:
        if name not in self.classes:
            self.refuse(f"it holds a {name!r}, a kind of result that this version does not know")
        cls = self.classes[name]
        known = {field.name: field for field in dataclasses.fields(cls)}
        missing = [n for n in known.keys() - fields.keys() if not _has_default(known[n])]
        if differing := sorted({*missing, *(fields.keys() - known.keys())}):
            self.refuse(f"the fields of its {name} differ from those of this version: {', '.join(differing)}")
        try:
            return cls(**fields)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            self.refuse(f"its {name} does not fit together: {error}")

    def refuse(self, message: str) -> NoReturn:
        raise FormatError(
            f"{self.path}: {message} (written by dynana {self.header.get('dynana')}, read by {_version()}); "
            "its arrays open with numpy.load(path)"
        )


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _version() -> str:
    try:
        return importlib.metadata.version("dynana")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
