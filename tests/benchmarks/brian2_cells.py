"""Processor time of Hodgkin-Huxley cells in Brian2, run by its own Python: ``brian2_cells.py CELLS DT STEPS``."""

import sys
import time

import brian2
import numpy as np

cells_in_all, dt, steps = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
brian2.prefs.codegen.target = "cython"
cells = brian2.NeuronGroup(
    cells_in_all,
    """dv/dt = (I - 120*m**3*h*(v - 50) - 36*n**4*(v + 77) - 0.3*(v + 54.387))/ms : 1
    dm/dt = (alpham*(1 - m) - betam*m)/ms : 1
    dh/dt = (alphah*(1 - h) - betah*h)/ms : 1
    dn/dt = (alphan*(1 - n) - betan*n)/ms : 1
    alpham = 1/exprel(-(v + 40)/10) : 1
    betam = 4*exp(-(v + 65)/18) : 1
    alphah = 0.07*exp(-(v + 65)/20) : 1
    betah = 1/(1 + exp(-(v + 35)/10)) : 1
    alphan = 0.1/exprel(-(v + 55)/10) : 1
    betan = 0.125*exp(-(v + 65)/80) : 1
    I : 1""",
    method="exponential_euler",
    threshold="v > 0",
    refractory="v > 0",
    dt=dt * brian2.ms,
)
cells.v, cells.m, cells.h, cells.n = -65, 0.0529, 0.5961, 0.3177
cells.I = np.linspace(0, 20, cells_in_all)
network = brian2.Network(cells)
network.run(2 * dt * brian2.ms)
begun = time.process_time()
network.run(steps * dt * brian2.ms)
print(time.process_time() - begun)
