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
#: Steps compared; where trajectories part (chaos), the first few must agree still.
STEPS, FEW = 200, 20
#: Relative difference of two runs: XPPAUT's output has single precision, and its solvers' tolerance is set to 1e-9.
AGREEMENT = 1e-5

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
        if name not in starts and (name in shown or name.rstrip("0123456789") in shown):
            continue  # XPPAUT lists auxiliary quantities, too
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
    difference, _ = xppaut.difference(model, text, STEPS, FOLDER)
    assert difference < AGREEMENT
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
    """Of the files that XPPAUT runs deterministically, 97 % agree; the others are printed."""
    models, refused, agreed, parted, differ = 0, [], 0, [], []
    paths = sorted(Path(str(CORPUS)).rglob("*.ode"))
    spent = time.process_time()
    loaded = {path: _loaded(path) for path in paths}
    spent = time.process_time() - spent
    for path, model in loaded.items():
        if isinstance(model, dn.FormatError):
            assert model.line is not None and model.column is not None, path
            refused.append(f"{path.name}: {str(model).splitlines()[0][:150]}")
            continue
        models += 1
        random = bool(model.system.noise) or any(note.kind == "random" for note in model.report)
        random = random or re.search(r"\bran\s*\(|\bnormal\s*\(", path.read_text(errors="replace")) is not None
        if random or xppaut.EXECUTABLE is None or len(model.system.expressions()) > 1000 or _is_dense(model):
            continue
        text = path.read_text(errors="replace")
        difference, how = xppaut.difference(model, text, STEPS, path.parent)
        if np.isnan(difference):
            continue  # XPPAUT does not run it
        if difference < AGREEMENT:
            agreed += 1
        elif xppaut.difference(model, text, FEW, path.parent)[0] < AGREEMENT:
            parted.append(f"{path.name} ({how}): {difference:.1e} after {STEPS} steps, agrees for {FEW}")
        else:
            differ.append(f"{path.name} ({how}): {difference:.1e}")
    with capsys.disabled():
        print(f"\n{len(paths)} files in {spent:.1f} s: {models} models, {len(refused)} refused")
        print("\n".join([*refused, "", f"{agreed} runs agree", *parted, "differ:", *differ]))
    assert len(differ) <= 0.03 * max(1, agreed + len(parted) + len(differ))
    assert spent < 60.0 * max(1.0, len(paths) / 200)


def _loaded(path: Path) -> OdeModel | dn.FormatError:
    try:
        return dn.load_ode(path)
    except dn.FormatError as error:
        return error


def _is_dense(model: OdeModel) -> bool:
    """Return whether every equation has so many terms that numpy's code would take minutes to make."""
    return sum(len(e.args) for e in model.system.derivatives) > 5000
