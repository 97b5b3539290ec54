"""Diagrams in the two text formats of XPPAUT's AUTO window, "write pts" and "all info"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from dynana.errors import FormatError, unknown
from dynana.results.cycle_branch import CycleBranch
from dynana.results.diagram import Branch, Diagram
from dynana.results.xpp_diagram import CURVES, XppDiagram

#: XPPAUT's number of each kind of point, by (cycle, stable).
TYPES = {(False, True): 1, (False, False): 2, (True, True): 3, (True, False): 4}
#: Largest file that is read, in bytes: far above any diagram.
LARGEST_FILE = 100_000_000
#: Columns of "write pts" with and without the number of the kind of curve, which version 6.11 leaves out.
POINTS_COLUMNS = (6, 5)


def load_xpp_diagram(
    source: str | Path, *, parameter: str = "parameter", states: Sequence[str] | None = None
) -> XppDiagram:
    """Read a diagram that XPPAUT wrote with AUTO's "write pts" or "all info".

    Parameters
    ----------
    source : path or str
        A file, or its text (a string with a line break).
    parameter : str, optional
        What the horizontal axis is; the file does not say.
    states : sequence of str, optional
        Names of the states in the order of the model, for "all info"; ``u1, u2, ...`` by default. For "write pts" the
        one quantity on the vertical axis; ``y`` by default.

    Returns
    -------
    XppDiagram

    Raises
    ------
    FormatError
        With the line, where the text is neither of the two formats.
    FileNotFoundError
        If there is no such file.
    """
    rows = _numbers(_text(source))
    if rows.shape[1] in POINTS_COLUMNS:
        return _from_points(rows, parameter, tuple(states or ("y",)))
    return _from_all_info(rows, parameter, None if states is None else tuple(states))


def to_xpp_diagram(diagram: Diagram | Branch | CycleBranch, state: str | None = None) -> str:
    """Return a diagram as XPPAUT writes it, for the scripts that read its files.

    Parameters
    ----------
    diagram : Diagram, Branch or CycleBranch
    state : str, optional
        With it, the "write pts" format: parameter, largest and smallest value of that state, type of point (1 and 2
        stable and unstable equilibria, 3 and 4 cycles), branch, 0. Without it the "all info" format with all states,
        periods and spectra (XPPAUT has the exponentials of eigenvalues).

    Returns
    -------
    str
        One line for each point.

    Raises
    ------
    ValueError
        If there is no such state.
    """
    if state is not None and state not in diagram.states:
        raise ValueError(unknown("state", state, diagram.states))
    branches: Iterable[Branch | CycleBranch] = [diagram]  # type: ignore[list-item]
    if isinstance(diagram, Diagram):
        branches = [*diagram.branches, *diagram.cycle_branches]
    lines: list[str] = []
    for number, branch in enumerate(branches, start=1):
        lines += _lines(branch, number, state)
    return "\n".join([*lines, ""])


def _lines(branch: Branch | CycleBranch, number: int, state: str | None) -> Iterable[str]:
    cycles = isinstance(branch, CycleBranch)
    if isinstance(branch, CycleBranch):
        high, low, periods, spectrum = branch.maxima, branch.minima, branch.periods, branch.multipliers
    else:
        high = low = branch.points
        periods = np.zeros(len(branch))
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            spectrum = np.exp(branch.eigenvalues)
    kinds = [TYPES[cycles, bool(stable)] for stable in branch.stable]
    if state is not None:
        i = branch.states.index(state)
        for x, top, bottom, kind in zip(branch.values, high[:, i], low[:, i], kinds, strict=True):
            yield f"{x:.15g} {top:.15g} {bottom:.15g} {kind} {number} 0"
        return
    parts = np.stack([spectrum.real, spectrum.imag], axis=-1).reshape(len(branch), -1)
    table = np.hstack([branch.values[:, None], branch.values[:, None], periods[:, None], high, low, parts])
    signed = -number if cycles else number  # AUTO numbers branches of cycles negatively
    for kind, row in zip(kinds, table, strict=True):
        yield f"{kind} {signed} 0 {' '.join(f'{x:.15g}' for x in row)}"


def _text(source: str | Path) -> str:
    if isinstance(source, str) and "\n" in source:
        return source
    path = Path(source)
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise FormatError(f"{path} has {size} bytes; a diagram has at most {LARGEST_FILE}.")
    return path.read_text(encoding="ascii", errors="replace")


def _numbers(text: str) -> np.ndarray:
    """Return the rows of a text of numbers, all of the same length."""
    rows: list[list[float]] = []
    for place, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            rows.append([float(word) for word in words])
        except ValueError:
            raise FormatError(f"line {place}: {line[:60]!r} is no row of numbers, as XPPAUT's diagrams have.") from None
        if len(words) != len(rows[0]):
            raise FormatError(f"line {place} has {len(words)} columns, and the first row {len(rows[0])}.")
    if not rows:
        raise FormatError("the text holds no points of a diagram.")
    return np.array(rows)


def _whole(values: np.ndarray, what: str, allowed: Sequence[int] | None = None) -> np.ndarray:
    """Return a column as integers, checked."""
    wrong = ~(np.isfinite(values) & (values == np.round(values)) & (np.abs(values) < 2**31))
    if allowed is not None:
        wrong |= ~np.isin(values, allowed)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        expected = "" if allowed is None else f" of {min(allowed)} to {max(allowed)}"
        raise FormatError(f"row {row + 1}: {values[row]:g} is no {what}{expected}; this is no diagram of XPPAUT.")
    return np.asarray(values, dtype=np.int64)


def _from_points(rows: np.ndarray, parameter: str, names: tuple[str, ...]) -> XppDiagram:
    if len(names) != 1:
        raise ValueError(f'"write pts" holds one quantity: give states=(name,), not {names}')
    kind = _whole(rows[:, 3], "type of a point", tuple(TYPES.values()))
    curve = rows[:, 5] if rows.shape[1] == max(POINTS_COLUMNS) else np.zeros(len(rows))
    return XppDiagram(
        parameter=parameter,
        states=names,
        values=rows[:, 0],
        second=rows[:, 0],
        maxima=rows[:, 1:2],
        minima=rows[:, 2:3],
        periods=np.full(len(rows), np.nan),
        stable=np.isin(kind, (1, 3)),
        cycles=kind > 2,
        branch=_whole(rows[:, 4], "number of a branch"),
        curve=_whole(curve, "kind of a curve", range(len(CURVES))),
        spectrum=np.zeros((len(rows), 0), dtype=complex),
    )


def _from_all_info(rows: np.ndarray, parameter: str, names: tuple[str, ...] | None) -> XppDiagram:
    head, count, has_spectrum = _layout(rows.shape[1], None if names is None else len(names))
    kind = _whole(rows[:, 0], "type of a point", tuple(TYPES.values()))
    curve = _whole(rows[:, 2], "kind of a curve", range(len(CURVES))) if head == 6 else np.zeros(len(rows), dtype=int)
    body = rows[:, head:]
    pairs = body[:, 2 * count :].reshape(len(rows), -1, 2) if has_spectrum else np.zeros((len(rows), 0, 2))
    return XppDiagram(
        parameter=parameter,
        states=names or tuple(f"u{i + 1}" for i in range(count)),
        values=rows[:, head - 3],
        second=rows[:, head - 2],
        maxima=body[:, :count],
        minima=body[:, count : 2 * count],
        periods=rows[:, head - 1],
        stable=np.isin(kind, (1, 3)),
        cycles=kind > 2,
        branch=np.abs(_whole(rows[:, 1], "number of a branch")),
        curve=curve,
        spectrum=pairs[..., 0] + 1j * pairs[..., 1],
    )


def _layout(width: int, count: int | None) -> tuple[int, int, bool]:
    """Return the number of leading columns, of states, and whether spectra follow, for rows of that width.

    Version 8 writes type, branch, curve, two parameters, period, then maxima, minima and spectra; 6.11 leaves the
    curve out, and older versions the spectra.
    """
    layouts = [(6, 4, True), (5, 4, True), (5, 2, False)]
    for head, each, has_spectrum in layouts:
        states, rest = divmod(width - head, each)
        if rest == 0 and states >= 1 and count in (None, states):
            return head, states, has_spectrum
    wanted = "" if count is None else f" of {count} states"
    raise FormatError(f'rows of {width} columns are neither "write pts" (5 or 6) nor "all info"{wanted}.')
