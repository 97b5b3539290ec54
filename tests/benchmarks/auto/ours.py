"""The tasks of `task.py` in dynana, and ``diagram``: ``python ours.py T1 REPEATS`` prints points and seconds."""

import json
import sys
import time

import dynana as dn
from dynana.models import hodgkin_huxley, morris_lecar

STEP = 0.01
"""Longest step along cycles, for as many points as AUTO is asked for; the default makes a third of them."""


def hodgkin_huxley_task(task):
    """Tasks 1 to 3: the number of points on each curve."""
    found = dn.continue_equilibria(hodgkin_huxley, "I", (0, 200))
    points = [len(branch.values) for branch in found.branches]
    hopf = found.special_points("hopf")[0]
    if task == "T2":
        cycles = dn.continue_cycles(hodgkin_huxley, hopf, "I", (0, 200), points=300, max_step=STEP, progress=False)
        points.append(len(cycles.values))
    if task == "T2 as it is":
        points.append(len(dn.continue_cycles(hodgkin_huxley, hopf, "I", (0, 200), progress=False).values))
    if task == "T3":
        locus = dn.continue_locus(hodgkin_huxley, hopf, ("I", "g_K"), ranges={"I": (0, 300), "g_K": (1, 100)})
        points.append(len(locus.places))
    return points


def morris_lecar_task():
    """Task 4."""
    system = morris_lecar.at(V3=12, V4=17.4, phi=1 / 15, g_Ca=4)
    found = dn.continue_equilibria(system, "I", (-100, 200))
    points = [len(branch.values) for branch in found.branches]
    hopf, fold = found.special_points("hopf")[0], found.special_points("fold")[0]
    cycles = dn.continue_cycles(
        system, hopf, "I", (-100, 200), points=200, max_step=STEP, longest_period=1000.0, progress=False
    )
    points.append(len(cycles.values))
    for start in (hopf, fold):
        locus = dn.continue_locus(system, start, ("I", "V3"), ranges={"I": (-500, 800), "V3": (-40, 60)})
        points.append(len(locus.places))
    return points


def whole_diagram():
    """All of Hodgkin-Huxley in one call: the number of points on each branch of equilibria."""
    found = dn.bifurcation_diagram(hodgkin_huxley, "I", (0, 200), progress=False)
    return [len(branch.values) for branch in found.branches]


RUNS = {"T4": morris_lecar_task, "diagram": whole_diagram}

task, repeats = sys.argv[1], int(sys.argv[2])
seconds = []
for _ in range(repeats):
    begun = time.process_time()
    points = RUNS[task]() if task in RUNS else hodgkin_huxley_task(task)
    seconds.append(time.process_time() - begun)
print(json.dumps({"points": points, "seconds": seconds}))
