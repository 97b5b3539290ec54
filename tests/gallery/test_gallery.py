"""Every gallery script runs, prints its table and writes its picture; the published numbers are in the print."""

from __future__ import annotations

import json
import math
import os
import re
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

QUADRATIC_PERIOD = (
    10
    / math.sqrt(0.07 * 56.0625)
    * (math.atan(27.5 * math.sqrt(0.07 / 56.0625)) + math.atan(10.5 * math.sqrt(0.07 / 56.0625)))
)
"""Time from V = -68 to -30 at I = 60: 10 V' = 0.07 (V + 57.5)^2 + 56.0625."""

EXPECTED = {
    "adex_patterns": [
        f"{name} {row['computed']['n_spikes']} "
        for name, row in PATTERNS["adex_naud_2008"]["patterns"].items()
        if name != "irregular_spiking"  # chaotic
    ],
    # spike maps in 26 digits (spike_maps.json): points, times and multipliers of 1, 2 and 4 spikes; the window of
    # period 3 between its fold at -47.859058 and its doubling at -47.667242
    "adex_spike_map": [
        *("271.9460617", "22.6595463", "-0.230855", "293.1656121 322.7310347", "11.5757797 25.2932807", "0.0759232"),
        *("254.3553475 323.9762181 384.2382849 425.0392040", "-0.135188", "chaos: exponent 0.3"),
        *("-47.85 -47.68 period 3", "bursts of 4 spikes, period 65.0919 ms"),
    ],
    # near-periodic with the published parameters, as other simulators find (CV 0.010 in the first 500 ms); irregular
    "balanced_network": ["ei_balanced 34.", "0.015", "ei_irregular 2", "0.9"],
    # the term with eps^4 of the series of the canard value is what is left; the orbit below is a duck without a head
    "canard_explosion": ["-0.414", "-0.500", "follows the repelling sheet of branch 1", "canard point: at the fold"],
    # other simulators find 37 to 38 Hz in the asynchronous state and 313 to 316 Hz in the synchronous one, CV 0
    "brunel_states": ["AI 37.", "SR 31", " 0.00 "],
    # the catalogue's fixed points of the published model
    "decision": ["0.0617611", "0.188154", "0.0293542", "0.630305", "0.498675", "0.69935", "0.28647", "0.741099"],
    # half of the starts without evidence, by symmetry; those on the diagonal, 1 of 300, stay there
    "decision_basins": ["0.498333", "0.00333333"],
    # the periods that this oscillator is known for; the sum of the exponents is -c, and there are two mirror images
    "duffing": ["[1 2 4 5 0 2] periods at", "chaos; averaged over 5000", "cycle x from -1.262", "cycle x from 0.1866"],
    # by scipy
    "square_wave_burst": ["fold/homoclinic bursting (square-wave)", "22 spikes every 14257", "4 spikes every 931.8"],
    # Hopf point of the fast subsystem where v^2 = 1 - delta b, at I + y = 0.331281
    "elliptic_burst": ["subHopf/fold cycle bursting (elliptic)", "0.01878133745", "leaves with a delay"],
    # as many of both choices without evidence (half of 400 within 4 standard errors), all right at half of it
    "decision_noise": ["coherence 0.0: 0.5", "coherence 51.2: 1.000 right"],
    "decision_trials": ["coherence 51.2: 2 of 2 right"],
    # v - v^3/3 = (v + 0.7)/0.8 - I by Cardano's formula; firing between the Hopf points 0.3313 and 1.4187
    "fitzhugh_nagumo": ["-1.19941", "-0.804848", "1.03248", "stable focus", "unstable focus"],
    # the paper finds about 39 Hz with these currents
    "gamma_rhythm": ["spread 0.01: 38", "spread 0.1: 32", "synchrony 0.9"],
    "generalized_if_patterns": [
        f"{name} {row['paper']['computed']['n_spikes']}"
        for name, row in PATTERNS["gif_mihalas_niebur"]["patterns"].items()
    ],
    # the saddle meets the reset at u = 0.04 c^2 + 5 c + 140 + I = 0, the fold is at 150 - 25/0.16 = -6.25
    "resets_dissected": [
        "fold/homoclinic bursting (square-wave)",
        "tonic spiking",
        "5 spikes every 59.3",
        "2 spikes every 36.8",
        "a spike every 44.8",
    ],
    # by matrix exponentials between spikes: the equations are linear
    "generalized_if_bursts": ["4 spikes in a period of 135.007619 ms", "5 spikes in a period of 107.6584"],
    # counts of crossings of 0.5 from scipy; equilibria at z = 0 of b = 1, I = 2: V^3 + 4 V^2 = 3
    "hindmarsh_rose": [
        "0 spikes, 0 bursts",
        "50 spikes, 1 ",
        "28 spikes, 2 ",
        "24 spikes, 3 ",
        "32 spikes, 3 ",
        "0.791288",
    ],
    # folds at z - I = -5/27 and 1, Hopf point at 0.926473787113; period of the burst in 26 digits 128.5048445996
    "hindmarsh_rose_dissected": [
        "1.814814815",
        "2.926473787",
        "4.926473787",
        "2 spikes every 128.505",
        "fold/homoclinic bursting (square-wave)",
        "tonic spiking: at z = 4.02514",
    ],
    # period and multiplier of the burst in 26 digits; exponent 0.01338(12) from a run of 300 000
    "hindmarsh_rose_chaos": ["period 128.50484460, multiplier -0.14324638", "I = 3.25: chaos, largest exponent 0.013"],
    # rest by Brent's method on the current at steady gates; unstable between the Hopf points 9.78 and 154.5
    "hodgkin_huxley": ["-64.9964", "-59.5706", "-70.6762", "saddle-focus", "stable focus"],
    # periods 4 pi, and in 26 digits (orbits.json); spirals in closed form, to the square of the offset of the tangents
    "isochrons": ["period 12.56637061", "period 6.66328686", "period 39.47441498", "a spiral: 0.00000000"],
    # periods in closed form: 1 + 10 log(65/40) of lif; an arctangent of quadratic_if, 10/sqrt(a_0 c) between both ends
    "integrate_and_fire_rates": [
        f"lif: stable firing from I = 20, {1000 / (1 + 10 * math.log(65 / 40)):.5f} Hz",
        f"{1000 / QUADRATIC_PERIOD:.5f} Hz at I = 60",
    ],
    "izhikevich_patterns": [
        f"{name} {row['published_n_spikes']} {row['n_spikes']} {FIGURE[name]['computed']['first_ms'][0]:.2f} "
        for name, row in EXACT.items()
    ],
    # sqrt(1 - 2/K)
    "kuramoto": ["K = 2.5: order 0.44", "K = 3.0: order 0.57", "K = 4.0: order 0.70", "none is stored"],
    # divergence -41/3 everywhere
    "lorenz": ["-13.666667", "chaos"],
    # the fixed point of the mean field; rates of 10000 cells are 2 % lower, as for one population (see tests/models)
    "mean_field": ["0.0915198", "0.134738", "proved complete", "P1: distance 0.05", "P2: distance 0.08"],
    # the z-axis is on the surface, and (x, y) -> (-x, -y) maps it to itself
    "lorenz_manifold": ["one unstable direction", "to distance 50>", "last ring at z = 50.000", "symmetry to 0.00"],
    # below the Hopf point 93.86; before the fold 39.963; between the homoclinic 35.007 and the Hopf point 36.316
    "morris_lecar": ["1 fixed point of", "3 fixed points of", "stable focus", "saddle", "ends at a limit cycle"],
    # the unstable cycle by scipy, backwards in time
    "morris_lecar_basins": ["fixed point", "V from -34.8472 to -17.5902, period 96.8900"],
    # where x^2 + y^2 = 1 meets 2 x + y = 0.4; period of Plant's cell by scipy
    "parabolic_burst": [
        "circle/circle bursting (parabolic)",
        "(0.6, -0.8)",
        "(-0.28, 0.96)",
        "35 spikes every 49073",
    ],
    # periods, zeros of the response and dT/dI = -pi/2 from extended precision and in closed form
    "phase_responses": ["-1.570796", "99.3082", "85.2906", "14.6362", "0.080733, 0.679562", "type I (advances only)"],
    # somatic spikes from scipy
    "pinsky_rinzel_dissected": ["circle/circle bursting, each burst one cycle of the fast", "2 spikes every 495.0"],
    "pinsky_rinzel": ["bursting 0.75 5 5 ", "105.0 458.2 953.2 1448.2", "11.1 41.3 64.4 70.3"],
    # resources run out or the share rises; weights from a simulation of two cells written out in plain Python
    "plasticity": ["depressing: 6 spikes", "facilitating: 6 spikes", "weight 1, 1.9078 after pairs in order, 0.8567"],
    # unstable orbits closed by scipy's integration over a period; c = 4 has period four
    # scipy's DOP853 with located spikes
    "reset_planes": ["1 spikes in 12.794884", "1 spikes in 44.812414", "5 spikes in 59.311333"],
    "rossler": ["5.88109", "11.7586", "period 5.88108846", "-2.403954", "period 8", "period 3"],
    # from the same equations in plain Python, by Euler's method
    "rate_plasticity": ["Oja: weights 0.05 and 0.05 at first, 0.068 and 0.61", "1.000 and 0.000 in the end"],
    # where the stimuli stand: 0, 0, and 12 on a circle, -0.5664
    "ring_attractor": ["at 0.0000, stimulus last at 0.0000", "stimulus last at -0.5664", "10.256 at -0.5"],
    # other simulators: 21.4 +- 1.1 and 36.3 +- 2.9 Hz, CV 1.57 and 1.92
    "conductance_networks": ["coba E: 21.", "CV 1.5", "cobahh E: 35.", "CV 1.8"],
    # other simulators find 5.4 to 5.6 Hz over the same window
    "sparse_network": ["E: 5.", "I: 5.5"],
    # tau/(dV/dt) at both ends: 10/35 and 10/10; 10/(10 - 0.07 7.5^2) at the minimum of the parabola, 10/59 at the end
    "spiking_phase_responses": ["0.2857 to 1.0000", "0.1695 to 1.6495", "type II"],
    # equal weights cannot make I fire, and I silences the population that gets less
    "three_populations": [" 0.00 same current to all", "one population raised 1.", "no current to I"],
    # slope of G in phase for unit coupling: -2 x 75.99274333 / 99.3082285 per ms; here a thousandth of it
    "two_coupled_cells": ["-0.00153044", "stable: in phase; unstable: antiphase", "stable: in phase, antiphase"],
    # period 16.75000154 ms at I = 1; rest, saddle and focus of the published equations
    "wang_buzsaki": ["1.00 59.70", "-64.0176", "proved complete"],
    # equilibria of the bistable set in the table of known answers
    "wilson_cowan": ["0.178037", "0.0628012", "0.462465", "0.243364", "unstable focus"],
}
"""Script -> texts that its print must contain."""

FURTHER = {"decision_trials": ["2"], "ring_attractor": ["ring.gif"]}
"""Script -> further arguments: fewer trials; a film."""


def reference(file: str, key: str) -> list[dict]:
    """Points of a system in a table of references; its parameters are those of the models and scripts named below."""
    systems = json.loads((REFERENCE / file).read_text(encoding="utf-8"))["systems"]
    return next(system["points"] for system in systems if system["key"] == key)


def places(file: str, key: str, *kinds: str) -> list[tuple[str, tuple[float, ...], float]]:
    """Letters and parameter values of located points, with the digits that count: nine, or seven for cycles."""
    tolerance = 1e-7 if "cycles" in file else 1e-9
    return [
        (p["type"], tuple(float(v) for v in p["parameters"].values()), tolerance)
        for p in reference(file, key)
        if p["type"] in kinds
    ]


EQUILIBRIA, CYCLES, LOCI = "continuation_equilibria.json", "continuation_cycles.json", "loci.json"
LANDMARKS = json.loads((REFERENCE / "landmarks.json").read_text(encoding="utf-8"))

LOCATED: dict[str, list[tuple[str, tuple[float, ...], float]]] = {
    "brusselator": [("HB", (2.0,), 1e-9)],  # exact: B = 1 + A^2
    "decision_diagrams": [
        *places(EQUILIBRIA, "ww_coh0", "LP"),
        *(("BP", (float(p["at"]),), 1e-9) for p in LANDMARKS["pitchforks"]["wong_wang"]),
        *(("CP", (float(p["at"]),), 1e-9) for p in LANDMARKS["pitchforks"]["wong_wang"]),  # at coherence 0
    ],
    "fitzhugh_nagumo_diagram": places(EQUILIBRIA, "fhn", "HB"),
    "hindmarsh_rose_diagram": [
        *places(EQUILIBRIA, "hr_r0.01", "HB"),
        ("LPC", (1.9390899584,), 1e-7),  # AUTO-07p, continuation_cycles.json; the table leaves out its middle
        ("PD", (5.2911472248,), 1e-7),
        ("PD", (5.327920801,), 1e-7),
    ],
    # AUTO-07p: 0.81614695989 + I
    "hindmarsh_rose_dissected": [("HOM", (2.81614695989,), 1e-8), ("HOM", (4.81614695989,), 1e-8)],
    # smallest q of the balance of steady currents, by scipy
    "pinsky_rinzel_dissected": [("LP", (0.1938915678,), 1e-9), ("SNIC", (0.1938915678,), 1e-5)],
    # smallest Ca of the balance of steady currents, by scipy
    "square_wave_burst": [("LP", (0.5371954355,), 1e-9)],
    # fold at 150 - 25/0.16; of adex at V = V_T, w = (V_rest - V_T + Delta_T + R I)/R
    "resets_dissected": [("LP", (-6.25,), 1e-9), ("LP", (254.0,), 1e-9), ("SNIC", (-6.25,), 1e-5)],
    "hodgkin_huxley_diagram": [*places(EQUILIBRIA, "hh", "HB"), *places(CYCLES, "hh", "LPC", "PD")],
    "hodgkin_huxley_two_parameters": places(LOCI, "hh", "GH"),
    # exact: pitchfork at 1, Hopf point at sigma (sigma + beta + 3)/(sigma - beta - 1); homoclinic: Sparrow (1982)
    "lorenz_diagram": [("BP", (1.0,), 1e-9), ("HB", (470 / 19,), 1e-9), ("HOM", (13.926,), 1e-4)],
    "morris_lecar_diagrams": [
        *(
            (p["type"], (float(p["at"]),), 1e-7)
            for row in LANDMARKS["sets"]
            if row["model"].startswith("morris_lecar") and (row["values"] or "snic" not in row["model"])
            for p in row["points"]
            if p["at"] != "-9.949039" or "snic" in row["model"]  # the homoclinic regime is drawn from I = 20
        ),
        # where slow simulations lose the large stable cycle
        *(("LPC", (place,), 1e-4) for place in (88.293, 216.900, 115.949, 40.594)),
        ("HOM", (35.007,), 1e-4),
    ],
    "morris_lecar_two_parameters": places(LOCI, "ml_snic", "GH", "BT", "CP"),
    # exact
    "one_dimensional_bifurcations": [
        ("LP", (0.0, 0.0), 1e-9),
        ("BP", (0.0, 0.0), 1e-9),
        ("LP", (-0.25, 0.5**0.5), 1e-6),
        ("LP", (-0.25, -(0.5**0.5)), 1e-6),
    ],
    # the fold: largest steady current below -50 mV, in 30 digits
    "wang_buzsaki_snic": [("LP", (0.160086327165,), 1e-9), ("SNIC", (0.160086327165,), 1e-9)],
    "wilson_cowan_diagrams": [
        *places(EQUILIBRIA, "wc_default", "LP"),
        *places(EQUILIBRIA, "wc_oscillating", "LP", "HB"),
        *places(LOCI, "wc_oscillating", "BT", "GH", "CP"),
    ],
}
"""Script -> letters and places of special points that its tables must contain, with a relative tolerance."""

PERIODS = {
    "brusselator": [p["period"] for p in reference(CYCLES, "brusselator") if p["parameters"]["B"] < 4],
    "fitzhugh_nagumo_diagram": [39.47441498],
    "hindmarsh_rose_diagram": [3.5346314234],
    "hodgkin_huxley_diagram": [14.343600948, 11.564697477, 6.7902707173],
    "wang_buzsaki_snic": [16.75000154],
}
"""Script -> periods of labelled cycles, from AUTO-07p and shooting; tables show six digits."""


def rows(text: str) -> list[tuple[str, list[float]]]:
    """Letters of a special point and the numbers after them, for each row of the tables."""
    number = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
    found = re.findall(rf"\b([A-Z]{{2,4}}\d?)((?:\s+{number}(?!\S))+)", text)
    return [(code, [float(n) for n in numbers.split()]) for code, numbers in found]


def contains(found: list[tuple[str, list[float]]], code: str, place: tuple[float, ...], tolerance: float) -> bool:
    return any(
        code == shown and len(numbers) >= len(place) and numbers[: len(place)] == pytest.approx(place, rel=tolerance)
        for shown, numbers in found
    )


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_runs_prints_and_draws(script: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", str(script), str(picture), *FURTHER.get(script.stem, [])],
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
    found = rows(done.stdout)
    for code, place, tolerance in LOCATED.get(script.stem, []):
        assert contains(found, code, place, tolerance), f"no {code} at {place}"
    for period in PERIODS.get(script.stem, []):
        labels = [numbers for code, numbers in found if code == "UZ"]
        assert any(n == pytest.approx(period, rel=5e-6) for numbers in labels for n in numbers), f"no period {period}"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > SMALLEST_PICTURE


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_header_names_source_chapter_and_exercise(script: Path) -> None:
    header = script.read_text(encoding="utf-8").split('"""')[1]
    for part in ("Model:", "Source:", "doi:", "Textbook:", "Parameters:", "What to notice:", "Exercise:"):
        assert part in header, f"no {part} in the header of {script.name}"
