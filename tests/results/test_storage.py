"""Results survive a file and a pickle unchanged, and files that are not ours are refused."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import pickle
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dynana.errors import FormatError
from dynana.results.base import Result, column, load
from dynana.results.stop import Stop


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample(Result):
    """A result with one field of everything."""

    y: np.ndarray
    states: tuple[str, ...] = ("V", "n")
    value: Any = None
    stop: Stop = Stop(reason="finished")

    def _check(self) -> None:
        if self.y.ndim == 2 and self.y.shape[1] != len(self.states):
            raise ValueError(f"y has {self.y.shape[1]} columns for {len(self.states)} states")


def sample(**fields: Any) -> Sample:
    return Sample(**{"y": np.arange(6.0).reshape(3, 2), **fields})


def same(a: Any, b: Any) -> bool:
    """Equal in type, dtype and value, nan equal to nan and -0.0 different from 0.0."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, Result):
        return type(a) is type(b) and all(same(getattr(a, name), getattr(b, name)) for name in a.__slots__)
    if isinstance(a, tuple):
        return type(b) is tuple and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return type(b) is dict and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and repr(a) == repr(b)


ARRAYS = hnp.arrays(
    st.sampled_from([np.bool_, np.int8, np.int64, np.uint16, np.float32, np.float64, np.complex128, np.dtype("<U7")]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=5),
    ARRAYS,
    st.builds(Stop, reason=st.text(max_size=3)),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(value=VALUES)
def test_every_kind_of_value_survives_a_file(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("storage") / "result.npz"
    original = sample(value=value)
    assert original.save(path) == path
    assert same(original, load(path))
    assert same(original, Sample.load(path))


def test_saving_into_a_folder_that_does_not_exist(tmp_path: Any) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder .*absent; make it first"):
        Stop(reason="finished").save(tmp_path / "absent" / "run.npz")


def test_arrays_are_read_only_views_also_after_loading_and_unpickling(tmp_path: Any) -> None:
    mine = np.zeros((2, 2))
    original = Sample(y=mine, value=({"a": [mine]},))
    for result in (original, load(original.save(tmp_path / "r.npz")), pickle.loads(pickle.dumps(original))):
        assert isinstance(result, Sample)
        for array in (result.y, result.value[0]["a"][0]):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1.0
    assert mine.flags.writeable


def test_fields_cannot_be_replaced() -> None:
    with pytest.raises(AttributeError):
        sample().y = np.zeros(1)  # type: ignore[misc]


def test_arrays_open_with_plain_numpy(tmp_path: Any) -> None:
    path = sample(value=(Stop(reason="x"), {"orbit": np.arange(3)})).save(tmp_path / "r.npz")
    with np.load(path, allow_pickle=False) as file:
        assert file["y"].shape == (3, 2)
        assert file["value.1.orbit"].tolist() == [0, 1, 2]
        assert json.loads(file["header.json"])["schema"] == 1


@pytest.mark.parametrize("value", [{1, 2}, lambda: 0, {"f": np.array([object()])}, {1: 2.0}])
def test_what_is_not_plain_data_is_refused_by_name_and_nothing_is_written(value: Any, tmp_path: Any) -> None:
    with pytest.raises(TypeError, match=r"Sample\.value"):
        sample(value=value).save(tmp_path / "r.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_keeps_the_old_file(tmp_path: Any) -> None:
    path = sample().save(tmp_path / "r.npz")
    with pytest.raises(TypeError):
        sample(value={1}).save(path)
    assert same(load(path), sample())
    assert [entry.name for entry in tmp_path.iterdir()] == ["r.npz"]


def test_loading_as_another_class_names_the_right_one(tmp_path: Any) -> None:
    path = sample().save(tmp_path / "r.npz")
    with pytest.raises(FormatError, match=r"holds a Sample, not a Stop: read it with Sample\.load"):
        Stop.load(path)


def test_a_missing_file_is_a_missing_file(tmp_path: Any) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing.npz")


# files of other versions


def test_a_file_of_the_first_version_loads() -> None:
    run = load(Path(__file__).parents[1] / "reference" / "trajectory_0_1.npz")
    assert type(run).__name__ == "Trajectory"
    # the leaky integrate-and-fire neuron with I = 40 over 25 ms: tau log(I/(I - V_th)) and then periods by t_ref + ...
    first = 10.0 * math.log(40.0 / 20.0)
    period = 1.0 + 10.0 * math.log(45.0 / 20.0)
    assert run.jumps["spike"] == pytest.approx(np.arange(first, 25.0, period), rel=1e-9)  # type: ignore[attr-defined]
    assert run["V"].shape == (6,)  # type: ignore[index]


def test_fields_that_a_later_version_adds_take_their_defaults(tmp_path: Any) -> None:
    path = sample().save(tmp_path / "r.npz")
    content = members(path)
    header = json.loads(content["header.json"])
    del header["content"]["fields"]["states"], header["content"]["fields"]["stop"]
    rewrite(path, {**content, "header.json": json.dumps(header).encode()})
    assert same(load(path), sample())


def test_fields_that_only_a_later_version_knows_are_refused(tmp_path: Any) -> None:
    path = sample().save(tmp_path / "r.npz")
    content = members(path)
    header = json.loads(content["header.json"])
    header["content"]["fields"]["colour"] = "red"
    rewrite(path, {**content, "header.json": json.dumps(header).encode()})
    with pytest.raises(FormatError, match="the fields of its Sample differ from those of this version: colour"):
        load(path)


# files that somebody touched


def members(path: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Any, content: dict[str, bytes], *, seal: bool = True, compression: int = zipfile.ZIP_STORED) -> None:
    """Write `content` as an archive; with `seal` the checksum is made to fit, as a careful forger would."""
    if seal:
        digest = hashlib.sha256(content["header.json"])
        for name in re.findall(r"(\S+)\.npy", " ".join(content)):
            digest.update(content.get(f"{name}.npy", b""))
        content["checksum.txt"] = digest.hexdigest().encode()
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def npy(array: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def edit_header(content: dict[str, bytes], /, **changes: Any) -> dict[str, bytes]:
    header = json.loads(content["header.json"])
    header.update(changes)
    return {**content, "header.json": json.dumps(header).encode()}


def edit_content(content: dict[str, bytes], old: str, new: str) -> dict[str, bytes]:
    assert old.encode() in content["header.json"]
    return {**content, "header.json": content["header.json"].replace(old.encode(), new.encode())}


HUGE = (
    b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(117)
    + b"\n"
)

TAMPERED = {
    "other layout": (
        lambda c: edit_header(c, schema=2, dynana="9.1"),
        r"written by dynana 9\.1 in layout 2; .* reads layout 1",
    ),
    "other format": (lambda c: edit_header(c, format="x"), "not that of a dynana result"),
    "header not a dict": (lambda c: {**c, "header.json": b"{}"}, "not that of a dynana result"),
    "header not json": (lambda c: {**c, "header.json": b"{"}, "damaged"),
    "unknown class": (
        lambda c: edit_content(c, '"Stop"', '"Popen"'),
        "a 'Popen', a kind of result that this version does not know",
    ),
    "field gone": (
        lambda c: edit_content(c, '"reason"', '"raison"'),
        "fields of its Stop differ from those of this version: raison, reason",
    ),
    "unknown entry": (lambda c: edit_content(c, '"array": "y"', '"file": "y"'), "unknown entry"),
    "unknown array": (lambda c: edit_content(c, '"array": "y"', '"array": "z"'), "unknown entry"),
    "no result": (lambda c: edit_header(c, content={"tuple": []}), "it holds no result"),
    "does not fit together": (
        lambda c: edit_content(c, '"V",', '"V", "m",'),
        "Sample does not fit together: y has 2 columns for 3 states",
    ),
    "wrong type": (lambda c: edit_content(c, '{\n    "array": "y"\n   }', '"text"'), "does not fit together"),
    "array gone": (lambda c: {k: v for k, v in c.items() if k != "y.npy"}, r"members and its header differ: y\.npy"),
    "array more": (lambda c: {**c, "z.npy": c["y.npy"]}, r"members and its header differ: z\.npy"),
    "other shape": (lambda c: {**c, "y.npy": npy(np.zeros((2, 3)))}, "array 'y' is <f8"),
    "other dtype": (lambda c: {**c, "y.npy": npy(np.zeros((3, 2), np.float32))}, "array 'y' is <f4"),
    "pickle": (lambda c: {**c, "y.npy": npy(np.array([[object()] * 2] * 3), allow_pickle=True)}, "array 'y' is \\|O"),
    "shape larger than the data": (
        lambda c: edit_content({**c, "y.npy": HUGE}, '"shape": [\n    3,\n    2\n   ]', '"shape": [1000000000000]'),
        "does not fit into its 128 bytes",
    ),
    "not an array": (lambda c: {**c, "y.npy": b"hello"}, "damaged"),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_tampered_files_are_refused_with_the_reason(case: str, tmp_path: Any) -> None:
    change, message = TAMPERED[case]
    path = sample().save(tmp_path / "r.npz")
    rewrite(path, change(members(path)))
    with pytest.raises(FormatError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_an_edited_number_breaks_the_checksum(tmp_path: Any) -> None:
    path = sample().save(tmp_path / "r.npz")
    rewrite(path, {**members(path), "y.npy": npy(np.ones((3, 2)))}, seal=False)
    with pytest.raises(FormatError, match="checksum"):
        load(path)
    rewrite(path, edit_content(members(sample().save(path)), "finished", "gone"), seal=False)
    with pytest.raises(FormatError, match="checksum"):
        load(path)


def test_compressed_members_are_refused_before_they_are_read(tmp_path: Any) -> None:
    path = sample(y=np.zeros((1000, 2))).save(tmp_path / "r.npz")
    rewrite(path, members(path), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(FormatError, match="compressed"):
        load(path)


def test_members_cannot_claim_more_than_the_file_holds(tmp_path: Any) -> None:
    path = sample().save(tmp_path / "r.npz")
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("y.npy").file_size.to_bytes(4, "little")
    directory = data.index(b"PK\x01\x02")
    path.write_bytes(data[:directory] + data[directory:].replace(size, (2**31).to_bytes(4, "little")))
    with pytest.raises(FormatError, match="larger than the file"):
        load(path)


def test_two_members_of_one_name_are_refused(tmp_path: Any) -> None:
    path = sample().save(tmp_path / "r.npz")
    content = members(path)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("y.npy", content["y.npy"])
    with pytest.raises(FormatError, match="same name"):
        load(path)


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x05\x06" + bytes(18), npy(np.zeros(3)), pickle.dumps([1])])
def test_other_files_are_refused(data: bytes, tmp_path: Any) -> None:
    (tmp_path / "r.npz").write_bytes(data)
    with pytest.raises(FormatError, match="not a file written by dynana"):
        load(tmp_path / "r.npz")


@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(1, 255))
def test_one_changed_byte_never_gives_other_numbers(
    place: float, byte: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("storage") / "r.npz"
    data = bytearray(sample(value=math.pi).save(path).read_bytes())
    data[int(place * len(data))] ^= byte
    path.write_bytes(data)
    with contextlib.suppress(FormatError):
        # a byte that carries nothing (a date of the archive) may change
        assert same(load(path), sample(value=math.pi))


def test_a_deeply_nested_header_is_refused(tmp_path: Any) -> None:
    path = sample().save(tmp_path / "r.npz")
    depth = 100_000
    content = members(path)
    content["header.json"] = b'{"format": "dynana result", "content": ' + b'{"tuple": [' * depth + b"]}" * depth + b"}"
    rewrite(path, content)
    with pytest.raises(FormatError):
        load(path)


# the base class


def test_a_second_class_of_the_same_name_is_refused() -> None:
    with pytest.raises(TypeError, match="'Stop' exists already in dynana.results.stop"):
        type("Stop", (Result,), {"__module__": "elsewhere", "__slots__": ()})


def test_repr_is_one_line() -> None:
    text = repr(sample(value={"I": 10.0, "z": 1 - 2j}))
    assert text == "Sample(y=<float64 3x2>, states=('V', 'n'), value={I: 10, z: 1-2i}, stop=<Stop>)"


def test_html_is_escaped() -> None:
    assert "<script" not in sample(value="<script>")._repr_html_()


def test_a_column_by_name_and_a_miss_with_suggestions() -> None:
    y = np.arange(6.0).reshape(3, 2)
    assert column(y, ("V", "n"), "n").tolist() == [1.0, 3.0, 5.0]
    with pytest.raises(KeyError, match="no state named 'N'.*did you mean 'n'.*Known: V, n"):
        column(y, ("V", "n"), "N")
