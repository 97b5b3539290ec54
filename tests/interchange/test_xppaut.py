"""Agreement with XPPAUT itself, where it is installed; on its own examples where ``DYNANA_ODE_FOLDER`` names them."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import numpy as np
import pytest

import dynana as dn
from dynana.interchange.ode import OdeModel
from tests.interchange import xppaut

FOLDER = Path(__file__).parent / "ode"
#: A file that XPPAUT 6.11 cannot read; one that is random.
NOT_COMPARED = {"tolerant", "noise"}
COMPARED = sorted(path for path in FOLDER.glob("*.ode") if path.stem not in NOT_COMPARED)
CORPUS = os.environ.get("DYNANA_ODE_FOLDER")

needs_xppaut = pytest.mark.skipif(xppaut.EXECUTABLE is None, reason="xppaut is not installed")


def parameters_and_starts(model: OdeModel, text: str) -> list[str]:
    """Return the names on which XPPAUT and we differ: parameters and initial values."""
    values = {key: model.system.at().values.get(here) for key, here in model.names.items()}
    starts = {key: model.system.initial.get(here) for key, here in model.names.items()}
    theirs = xppaut.query(text, "-qpars")
    wrong = [
        n for n, v in theirs.items() if not np.isclose(v, _first(values.get(n), starts.get(n)), rtol=1e-5, atol=1e-6)
    ]
    shown = {re.split(r"[\[=\s]", name)[0].lower() for name in re.findall(r"(?im)^\s*aux\w*\s+([^=\n]+)", text)}
    if any("fires at the beginning only" in note.text for note in model.report):
        return wrong  # XPPAUT lists what stands before that event
    for name, value in xppaut.query(text, "-qics").items():
        if name not in starts and (name in shown or name.rstrip("0123456789") in shown or name[0] == "%"):
            continue  # XPPAUT lists auxiliary quantities, too, and what is commented out with %
        if not np.isclose(value, _first(starts.get(name), None), rtol=1e-5, atol=1e-6):
            wrong.append(f"{name}(0)")
    return wrong


def _first(*values: float | None) -> float:
    return next((v for v in values if v is not None), np.nan)


@needs_xppaut
@pytest.mark.parametrize("path", COMPARED, ids=lambda path: path.stem)
def test_examples_agree_with_xppaut(path: Path) -> None:
    text = path.read_text()
    model = dn.load_ode(path)
    difference, _ = xppaut.difference(model, text, xppaut.STEPS, FOLDER)
    assert difference < xppaut.AGREEMENT
    assert not parameters_and_starts(model, xppaut.run_ready(text, FOLDER))


@needs_xppaut
def test_every_value_of_the_precedence_table_is_that_of_xppaut() -> None:
    path = FOLDER / "precedence.ode"
    rows = xppaut.rows(path.read_text())
    slopes = (rows[-1] - rows[0])[1:] / (rows[-1, 0] - rows[0, 0])
    np.testing.assert_allclose([float(e) for e in dn.load_ode(path).system.derivatives], slopes, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(CORPUS is None, reason="DYNANA_ODE_FOLDER names no folder of .ode files")
def test_every_public_file_is_a_model_or_a_report_and_runs_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the files that XPPAUT runs deterministically, 97 % agree; what is not plain agreement is printed."""
    paths = sorted(path for path in Path(str(CORPUS)).rglob("*") if path.suffix.lower() == ".ode")
    spent = time.process_time()
    loaded = {path: _loaded(path) for path in paths}
    spent = time.process_time() - spent
    refused = {path: error for path, error in loaded.items() if isinstance(error, dn.FormatError)}
    assert all(error.line is not None and error.column is not None for error in refused.values())
    models = {path: model for path, model in loaded.items() if isinstance(model, OdeModel)}
    verdicts = {path: _verdict(path, model) for path, model in models.items() if _is_compared(path, model)}
    run = {path: found for path, found in verdicts.items() if found.agrees is not None}
    differ = [path for path, found in run.items() if not found.agrees]
    with capsys.disabled():
        print(f"\n{len(paths)} files in {spent:.1f} s: {len(models)} models, {len(refused)} refused")
        for path, error in refused.items():
            print(f"{path.name}: {str(error).splitlines()[0][:150]}")
        print(f"\n{len(run)} files run deterministically, {len(run) - len(differ)} agree")
        for path, found in run.items():
            if " " in found.why:
                print(f"{path.name}: {'agrees' if found.agrees else 'DIFFERS'}: {found.why}")
    assert len(differ) <= 0.03 * len(run)
    for path in differ:  # each exception is explained in the report of its file
        assert any(note.kind == "reading" for note in models[path].report), path
    assert spent < 60.0 * max(1.0, len(paths) / 200)


def _is_compared(path: Path, model: OdeModel) -> bool:
    """Return whether a file is deterministic, and of a size that numpy runs in reasonable time."""
    random = bool(model.system.noise) or any(note.kind == "random" for note in model.report)
    random = random or re.search(r"\bran\s*\(|\bnormal\s*\(", path.read_text(errors="replace")) is not None
    return (
        not random and xppaut.EXECUTABLE is not None and len(model.system.expressions()) <= 1000 and not _dense(model)
    )


def _verdict(path: Path, model: OdeModel) -> xppaut.Verdict:
    return xppaut.verdict(model, path.read_text(errors="replace"), path.parent)


def _loaded(path: Path) -> OdeModel | dn.FormatError:
    try:
        return dn.load_ode(path)
    except dn.FormatError as error:
        return error


def _dense(model: OdeModel) -> bool:
    """Return whether every equation has so many terms that numpy's code would take minutes to make."""
    return sum(len(e.args) for e in model.system.derivatives) > 5000
