"""Small tables, as text for terminals and as HTML for Jupyter."""

from __future__ import annotations

import csv
import html
import math
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SIGNIFICANT_DIGITS = 6
"""Digits shown: enough to recognise a published number, few enough for eight columns on a screen."""

MOST_ROWS = 40
"""Rows printed before the middle of a table is left out (the number left out is said)."""


def number(value: Any, digits: int = SIGNIFICANT_DIGITS) -> str:
    """A number as text with `digits` significant digits; complex numbers as ``a+bi``."""
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        # adding zero turns -0.0 into 0.0
        return f"{float(value) + 0.0:.{digits}g}"
    real, imaginary = float(value.real), float(value.imag)
    if imaginary == 0:
        return number(real, digits)
    sign = "-" if math.copysign(1.0, imaginary) < 0 else "+"
    return f"{number(real, digits)}{sign}{number(abs(imaginary), digits)}i"


@dataclass(frozen=True)
class Table:
    """Rows under named columns, with a title line above and a remark below.

    Cells may be text, numbers, booleans, None (shown empty) or tuples of these (joined by commas).
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    title: str = ""
    remark: str = ""
    digits: int = SIGNIFICANT_DIGITS

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells under {len(self.columns)} columns: {row}")

    def __str__(self) -> str:
        head, tail, left_out = self._shown()
        lines = [self.columns, *self._text(head + tail)]
        widths = [max(len(line[j]) for line in lines) for j in range(len(self.columns))]
        right = self._right_aligned()
        text = [
            "  ".join(
                cell.rjust(width) if to_right else cell.ljust(width)
                for cell, width, to_right in zip(line, widths, right, strict=True)
            ).rstrip()
            for line in lines
        ]
        if left_out:
            text.insert(1 + len(head), f"... {left_out} more rows ...")
        return "\n".join(([self.title] if self.title else []) + text + ([self.remark] if self.remark else []))

    def html(self) -> str:
        """The table as self-contained HTML; every text is escaped."""
        head, tail, left_out = self._shown()
        span = len(self.columns)

        def line(cells: Iterable[str], tag: str) -> str:
            row = (
                f'<{tag} style="text-align:{"right" if to_right else "left"}">{html.escape(cell)}</{tag}>'
                for cell, to_right in zip(cells, self._right_aligned(), strict=True)
            )
            return f"<tr>{''.join(row)}</tr>"

        rows = [line(cells, "td") for cells in self._text(head + tail)]
        if left_out:
            rows.insert(len(head), f'<tr><td colspan="{span}">... {left_out} more rows ...</td></tr>')
        caption = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        remark = f"<p>{html.escape(self.remark)}</p>" if self.remark else ""
        body = f"<thead>{line(self.columns, 'th')}</thead><tbody>{''.join(rows)}</tbody>"
        return f"<table>{caption}{body}</table>{remark}"

    def _shown(self) -> tuple[tuple[tuple[Any, ...], ...], tuple[tuple[Any, ...], ...], int]:
        if len(self.rows) <= MOST_ROWS:
            return self.rows, (), 0
        half = MOST_ROWS // 2
        return self.rows[:half], self.rows[-half:], len(self.rows) - 2 * half

    def _text(self, rows: Iterable[tuple[Any, ...]]) -> list[tuple[str, ...]]:
        return [tuple(self._cell(cell) for cell in row) for row in rows]

    def _cell(self, cell: Any) -> str:
        if cell is None:
            return ""
        if isinstance(cell, bool):
            return "yes" if cell else "no"
        if isinstance(cell, numbers.Number):
            return number(cell, self.digits)
        if isinstance(cell, tuple):
            return ", ".join(map(self._cell, cell))
        return " ".join(str(cell).split())

    def _right_aligned(self) -> list[bool]:
        def is_number(cell: Any) -> bool:
            return cell is None or (isinstance(cell, numbers.Number) and not isinstance(cell, bool))

        return [bool(self.rows) and all(is_number(row[j]) for row in self.rows) for j in range(len(self.columns))]


def write_csv(columns: Mapping[str, Any], path: str | Path) -> Path:
    """Write columns to a text file with one line of names, numbers with all their digits, and return the path.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    real: dict[str, list[Any]] = {}
    for name, values in columns.items():
        column = np.asarray(values)
        if column.dtype.kind == "c":
            real |= {f"{name}_re": column.real.tolist(), f"{name}_im": column.imag.tolist()}
        else:
            real[name] = column.tolist()
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(real)
        writer.writerows(zip(*real.values(), strict=True))
    return path


def dataframe(columns: Mapping[str, Any]) -> Any:
    """A pandas DataFrame of `columns`; pandas is imported only here.

    Raises
    ------
    ImportError
        pandas is not installed; the message says how to get it.
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "to_dataframe() needs pandas, which is not installed: pip install 'dynana[pandas]'"
        ) from error
    return pandas.DataFrame(dict(columns))
