"""Processor time of dense rate units in numpy or BrainPy: ``dense_rates.py PACKAGE METHOD UNITS STEPS``.

x' = -x + J tanh(x) with steps of 0.1, on one core and with one thread. Prints seconds, and a unit after a few steps.
"""

import os
import sys
import time

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import numpy as np

DT, FEW = 0.1, 20


def drawn(units):
    """Return the matrix and the start."""
    rng = np.random.default_rng(1)
    return 1.5 / np.sqrt(units) * rng.standard_normal((units, units)), rng.standard_normal(units)


def by_numpy(method, matrix, start):
    """Return a function that carries out steps from the start on, and returns the state."""

    def slope(x):
        return matrix @ np.tanh(x) - x

    def euler(x):
        return x + DT * slope(x)

    def rk4(x):
        a = slope(x)
        b = slope(x + DT / 2 * a)
        c = slope(x + DT / 2 * b)
        return x + DT / 6 * (a + 2 * b + 2 * c + slope(x + DT * c))

    step = {"euler": euler, "rk4": rk4}[method]

    def run(steps):
        x = start
        for _ in range(steps):
            x = step(x)
        return x

    return run


def by_brainpy(method, matrix, start):
    """Return a function that carries out steps from the start on, and returns the state."""
    import brainpy
    import brainpy.math as bm
    import jax

    bm.enable_x64()
    bm.set_platform("cpu")
    bm.set_dt(DT)
    weights, x = bm.asarray(matrix), bm.Variable(bm.asarray(start))
    integral = brainpy.odeint(lambda x, t: weights @ bm.tanh(x) - x, method=method)

    def step(k):
        x.value = integral(x.value, k * DT, DT)

    march = bm.jit(lambda indices: bm.for_loop(step, indices, progress_bar=False))

    def run(steps):
        x.value = bm.asarray(start)
        march(bm.arange(steps))
        return np.asarray(jax.block_until_ready(bm.as_jax(x.value)))

    return run


def main():
    package, method, units, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    run = {"numpy": by_numpy, "brainpy": by_brainpy}[package](method, *drawn(units))
    state = run(FEW)[0]
    if package == "brainpy":
        run(steps)  # compiled for each number of steps
    begun = time.process_time()
    run(steps)
    print(time.process_time() - begun, state)


if __name__ == "__main__":
    main()
