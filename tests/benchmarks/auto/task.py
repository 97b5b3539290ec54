"""One of four tasks in AUTO-07p, ``python task.py T1``, run in AUTO's environment by `tests/benchmarks/test_auto.py`.

T1: equilibria of Hodgkin-Huxley over the current. T2: and 300 points of the branch of cycles. T3: T1 and the curve of
Hopf points in (I, gK). T4: the diagram of Morris-Lecar with its curves of Hopf points and folds in (I, V3). "start"
does nothing. Settings are those that an ordinary user would choose.
"""

import sys

from auto import run

STD = {
    "NTST": 60, "NCOL": 4, "IAD": 3, "EPSL": 1e-7, "EPSU": 1e-7, "EPSS": 1e-5, "ITMX": 8, "ITNW": 5, "NWTN": 3,
    "IID": 2, "JAC": 1,
}  # fmt: skip
SNIC = {"V3": 12, "V4": 17.4, "phi": 1 / 15.0, "gCa": 4}
REST = {1: -59.441330231674726, 2: 0.00027139951721910426}


def curves(found, point, parameters, stops):
    """Follow a bifurcation in two parameters both ways."""
    return [
        run(found(point), IPS=1, ISW=2, ICP=parameters, ILP=1, NMX=300, DS=step, DSMAX=0.5, UZSTOP=stops, **STD)
        for step in (0.02, -0.02)
    ]


def hodgkin_huxley(task):
    """Tasks 1 to 3."""
    found = [run(e="hh", c="hh", RL0=-1, DS=0.1, DSMAX=1.0, NMX=600, UZSTOP={"I": 200.0}, **STD)]
    if task == "T2":
        cycles = {"IPS": 2, "ICP": ["I", "T", "min1"], "ISW": -1, "NMX": 300, "DS": 0.01, "DSMAX": 0.5}
        found.append(run(found[0]("HB1"), UZSTOP={}, **cycles, **STD))
    if task == "T3":
        found += curves(found[0], "HB1", ["I", "gK"], {"gK": [1.0, 100.0], "I": [0.0, 300.0]})
    return found


def morris_lecar():
    """Task 4."""
    stops = {"I": [-100.0, 200.0]}
    found = [run(e="ml", c="ml", PAR=SNIC, U=REST, RL0=-100, DS=0.05, DSMAX=1.0, NMX=600, UZSTOP=stops, **STD)]
    cycles = {"IPS": 2, "ICP": ["I", "T", "min1"], "ISW": -1, "NMX": 200, "DS": 0.01, "DSMAX": 2.0}
    found.append(run(found[0]("HB1"), UZSTOP={"T": 1000.0}, **cycles, **STD))
    for point in ("HB1", "LP1"):
        found += curves(found[0], point, ["I", "V3"], {"V3": [-40.0, 60.0], "I": [-500.0, 800.0]})
    return found


task = sys.argv[1]
branches = [] if task == "start" else morris_lecar() if task == "T4" else hodgkin_huxley(task)
print("points", *(len(branch[0]) for branch in branches))
