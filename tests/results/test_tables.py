"""Tables: alignment, numbers, long tables, escaping, the message without pandas."""

from __future__ import annotations

import csv
import importlib
import pkgutil
import sys
from pathlib import Path

import numpy as np
import pytest

from dynana.results.base import Result
from dynana.results.observations import Observations
from dynana.results.stop import Stop
from dynana.results.tables import MOST_ROWS, Table, dataframe, number, write_csv


def test_text_is_aligned_numbers_to_the_right() -> None:
    table = Table(
        ("kind", "V", "stable"),
        (("saddle", -60.5, False), ("stable node", 2, True)),
        title="two points",
        remark="proved",
    )
    assert str(table).splitlines() == [
        "two points",
        "kind             V  stable",
        "saddle       -60.5  no",
        "stable node      2  yes",
        "proved",
    ]


def test_an_empty_table_keeps_its_columns() -> None:
    assert str(Table(("a", "b"), ())) == "a  b"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (np.float64(0.1234567), "0.123457"),
        (np.int64(7), "7"),
        (1e-12, "1e-12"),
        (float("nan"), "nan"),
        (1 - 2j, "1-2i"),
        (3 + 0j, "3"),
        (complex(0.5, 1e-9), "0.5+1e-09i"),
        (np.complex128(-1.5 + 2j), "-1.5+2i"),
    ],
)
def test_numbers(value: complex, text: str) -> None:
    assert number(value) == text


def test_the_middle_of_a_long_table_is_left_out_and_said() -> None:
    table = Table(("i",), tuple((i,) for i in range(MOST_ROWS + 60)))
    lines = str(table).splitlines()
    assert len(lines) == MOST_ROWS + 2
    assert lines[1].strip() == "0" and lines[-1].strip() == str(MOST_ROWS + 59)
    assert "... 60 more rows ..." in lines
    assert "... 60 more rows ..." in table.html()


def test_html_escapes_every_text() -> None:
    html = Table(("<a>",), (("<b>",), ((1.0, "<c>"),)), title="<d>", remark="<e>").html()
    assert not any(f"<{letter}>" in html for letter in "abcde")
    assert html.count("&lt;") == 5


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells under 1 columns"):
        Table(("a",), ((1, 2),))


def test_a_cell_stays_on_its_line() -> None:
    assert len(str(Table(("a",), (("two\nlines",),))).splitlines()) == 2


def test_dataframe_without_pandas_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'dynana\[pandas\]'"):
        dataframe({"t": np.arange(3)})


def test_dataframe() -> None:
    pandas = pytest.importorskip("pandas")
    frame = dataframe({"t": np.arange(3), "V": np.ones(3)})
    assert isinstance(frame, pandas.DataFrame) and list(frame.columns) == ["t", "V"]


def test_csv_keeps_all_digits_and_splits_complex_columns(tmp_path: Path) -> None:
    columns = {
        "t": np.array([0.1, 1 / 3]),
        "n": np.arange(2),
        "on": np.array([True, False]),
        "z": np.array([1 - 2j, 0]),
    }
    path = write_csv(columns | {"kind": ["a, b", 'with "quotes"']}, tmp_path / "table.csv")
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["t", "n", "on", "z_re", "z_im", "kind"]
    assert [float(row["t"]) for row in rows] == [0.1, 1 / 3]
    assert [complex(float(row["z_re"]), float(row["z_im"])) for row in rows] == [1 - 2j, 0]
    assert [row["kind"] for row in rows] == ["a, b", 'with "quotes"']


def test_csv_into_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder .*absent; make it first"):
        write_csv({"t": [1.0]}, tmp_path / "absent" / "table.csv")


def test_a_result_that_is_no_table_says_so(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a Stop is no table: save it with save"):
        Stop(reason="finished").to_csv(tmp_path / "stop.csv")


def test_csv_and_dataframe_of_a_result_have_the_same_content(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    observations = Observations(
        system="s", names=("a", "b"), fingerprint="0", t=np.array([0.0, 0.1]), values=np.array([[1.0, 2.0], [3.0, 4.0]])
    )
    read = pandas.read_csv(observations.to_csv(tmp_path / "o.csv"), index_col="t")
    pandas.testing.assert_frame_equal(read, observations.to_dataframe())


def test_every_class_with_a_table_has_it_as_columns() -> None:
    package = importlib.import_module("dynana.results")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"dynana.results.{module.name}")
    own = [name for name, cls in Result.classes.items() if {"to_dataframe", "to_csv"} & set(cls.__dict__)]
    assert not own, f"{own}: give them _columns, from which to_dataframe and to_csv are made"
