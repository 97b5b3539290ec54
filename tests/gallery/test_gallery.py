"""Every gallery script runs, prints its table and writes its picture; the published numbers are in the print."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "gallery").glob("*.py"))

MOST_SECONDS = 30.0
"""A gallery script should not take longer on a laptop; tests allow four times that for a slow machine and compiling."""

SMALLEST_PICTURE = 20_000
"""Bytes: an empty set of axes is smaller."""

REFERENCE = ROOT / "tests" / "reference"
PATTERNS = json.loads((REFERENCE / "firing_patterns.json").read_text(encoding="utf-8"))
EXACT = json.loads((REFERENCE / "izhikevich_exact_spikes.json").read_text(encoding="utf-8"))["patterns"]
FIGURE = PATTERNS["izhikevich_2004"]["patterns"]

EXPECTED = {
    "adex_patterns": [
        f"{name} {row['computed']['n_spikes']} "
        for name, row in PATTERNS["adex_naud_2008"]["patterns"].items()
        if name != "irregular_spiking"  # chaotic
    ],
    # the catalogue's fixed points of the published model
    "decision": ["0.0617611", "0.188154", "0.0293542", "0.630305", "0.498675", "0.69935", "0.28647", "0.741099"],
    # v - v^3/3 = (v + 0.7)/0.8 - I by Cardano's formula; firing between the Hopf points 0.3313 and 1.4187
    "fitzhugh_nagumo": ["-1.19941", "-0.804848", "1.03248", "stable focus", "unstable focus"],
    "generalized_if_patterns": [
        f"{name} {row['paper']['computed']['n_spikes']}"
        for name, row in PATTERNS["gif_mihalas_niebur"]["patterns"].items()
    ],
    # counts of crossings of 0.5 from scipy; equilibria at z = 0 of b = 1, I = 2: V^3 + 4 V^2 = 3
    "hindmarsh_rose": [
        "0 spikes, 0 bursts",
        "50 spikes, 1 ",
        "28 spikes, 2 ",
        "24 spikes, 3 ",
        "32 spikes, 3 ",
        "0.791288",
    ],
    # rest by Brent's method on the current at steady gates; unstable between the Hopf points 9.78 and 154.5
    "hodgkin_huxley": ["-64.9964", "-59.5706", "-70.6762", "saddle-focus", "stable focus"],
    "izhikevich_patterns": [
        f"{name} {row['published_n_spikes']} {row['n_spikes']} {FIGURE[name]['computed']['first_ms'][0]:.2f} "
        for name, row in EXACT.items()
    ],
    # below the Hopf point 93.86; before the fold 39.963; between the homoclinic 35.007 and the Hopf point 36.316
    "morris_lecar": ["1 fixed point of", "3 fixed points of", "stable focus", "saddle", "ends at a limit cycle"],
    # periods, zeros of the response and dT/dI = -pi/2 from extended precision and in closed form
    "phase_responses": ["-1.570796", "99.3082", "85.2906", "14.6362", "0.080733, 0.679562", "type I (advances only)"],
    # somatic spikes from scipy
    "pinsky_rinzel": ["bursting 0.75 5 5 ", "105.0 458.2 953.2 1448.2", "11.1 41.3 64.4 70.3"],
    # slope of G in phase for unit coupling: -2 x 75.99274333 / 99.3082285 per ms; here a thousandth of it
    "two_coupled_cells": ["-0.00153044", "stable: in phase; unstable: antiphase", "stable: in phase, antiphase"],
    # period 16.75000154 ms at I = 1; rest, saddle and focus of the published equations
    "wang_buzsaki": ["1.00 59.70", "-64.0176", "proved complete"],
    # equilibria of the bistable set in the table of known answers
    "wilson_cowan": ["0.178037", "0.0628012", "0.462465", "0.243364", "unstable focus"],
}
"""Script -> texts that its print must contain."""


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_runs_prints_and_draws(script: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", str(script), str(picture)],
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=4 * MOST_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    shown = " ".join(done.stdout.split())
    for text in EXPECTED.get(script.stem, []):
        assert text in shown
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > SMALLEST_PICTURE


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_header_names_source_chapter_and_exercise(script: Path) -> None:
    header = script.read_text(encoding="utf-8").split('"""')[1]
    for part in ("Model:", "Source:", "doi:", "Textbook:", "Parameters:", "What to notice:", "Exercise:"):
        assert part in header, f"no {part} in the header of {script.name}"
