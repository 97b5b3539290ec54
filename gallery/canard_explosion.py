"""Ducks: a small oscillation grows to a large one within a parameter interval that is exponentially short.

Model: van_der_pol_canard, eps x' = y - x^3/3 + x, y' = a - x; no dimensions.
Source: Benoit, Callot, Diener & Diener (1981), Collect. Math. 32:37-119; Krupa & Szmolyan (2001), J. Differ. Equ.
174:312-368, doi:10.1006/jdeq.2000.3929.
Textbook: Izhikevich (2007), chapter 6; Kuznetsov, Elements of Applied Bifurcation Theory.
Parameters: eps = 0.05, 0.02, 0.01; a from 0.9 to 1.05.

What to notice: below the Hopf point at a = 1 the cycle stays small, until near a_c it follows the repelling middle part
of the cubic: first it jumps back to the right (ducks without a head), then to the left (with a head). Between them lies
the largest canard, which reaches the upper fold; the place agrees with the series
a_c = 1 - eps/8 - 3 eps^2/32 - 173 eps^3/1024 up to a term with eps^4.

Exercise: follow the cycles at eps = 0.005. How many digits of a tell the smallest duck from the largest?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import van_der_pol_canard

figure, (explosion, ducks, sheet) = plt.subplots(1, 3, figsize=(17, 5), layout="constrained")
print(f"{'eps':>5}{'largest canard':>18}{'series':>16}{'difference/eps^4':>19}")
for eps in (0.01, 0.02, 0.05):
    system = van_der_pol_canard.at(eps=eps)
    (hopf,) = dn.continue_equilibria(system, "a", (0.9, 1.05)).special_points("hopf")
    to_fold = {"largest canard": lambda cycle: cycle.maxima[1] - 2 / 3}
    branch = dn.continue_cycles(system, hopf, "a", (0.9, 1.05), test_functions=to_fold)
    canard = next(point["a"] for point in branch.special if point.name == "largest canard")
    series = 1 - eps / 8 - 3 * eps**2 / 32 - 173 * eps**3 / 1024
    print(f"{eps:5}{canard:18.10f}{series:16.10f}{(canard - series) / eps**4:19.3f}")

dn.plot.bifurcation_diagram(branch, explosion)
explosion.set(xlim=(canard - 3e-3, canard + 8e-3), title=f"$\\epsilon$ = {eps}")
heights = [-0.55, -0.2, 0.2, 0.6, 0.9, 1.06]
chosen = [branch.cycles[int(np.argmin(np.abs(branch["y"] - height)))] for height in heights]
x = np.linspace(-2.2, 2.2, 200)
ducks.plot(x, x**3 / 3 - x, color="0.7", linewidth=3)
dn.plot.cycles(chosen, ducks)
ducks.set(title="cycles on the cubic", ylim=(-0.8, 1.2))

orbit = dn.simulate(system.at(a=0.993491), 20.0, start=chosen[3].points[0])
duck = dn.fast_slow(system.at(a=0.993491), "y", (-0.9, 1.3), orbit=orbit)
print(duck)
dn.plot.fast_slow(duck, sheet)
sheet.set(title="the orbit at a = 0.993491, a duck", xlim=(-0.9, 2.4))

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
