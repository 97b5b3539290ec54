"""The least that published benchmark networks take: one hand-written loop each, nothing kept but spike counts.

Constants for parameters, no regard to special values of the exponential, full freedom for the compiler, a sequential
random generator. What a general simulator is measured against.
"""

import math

import numba
import numpy as np

from dynana.numerics.exponentials import _double

FAST = {"contract", "nnan", "ninf", "nsz", "arcp", "afn", "reassoc"}


def fast(function):
    return numba.njit(fastmath=FAST, error_model="numpy")(function)


@numba.njit(fastmath=FAST, forceinline=True, error_model="numpy")
def bare_exp(x):
    x = x if x > -708.0 else -708.0
    x = x if x < 708.0 else 708.0
    t = x * 1.4426950408889634
    k = np.int32(t + (0.5 if t > 0.0 else -0.5))
    r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10
    p = 1.0 / 39916800
    p = p * r + 1.0 / 3628800
    p = p * r + 1.0 / 362880
    p = p * r + 1.0 / 40320
    p = p * r + 1.0 / 5040
    p = p * r + 1.0 / 720
    p = p * r + 1.0 / 120
    p = p * r + 1.0 / 24
    p = p * r + 1.0 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * _double((np.int64(k) + 1023) << 52)


@fast
def cuba(steps, first, target, n_e, state, free, counts):
    """Rows v, g_e, g_i; steps of 0.1 ms; ``free`` counts down the refractory steps."""
    h, tau, tau_e, tau_i = 0.1, 20.0, 5.0, 10.0
    p, p_e, p_i = np.exp(-h / tau), np.exp(-h / tau_e), np.exp(-h / tau_i)
    c_e, c_i, c = tau_e / (tau_e - tau) * (p_e - p), tau_i / (tau_i - tau) * (p_i - p), -49.0 * (1 - p)
    v, g_e, g_i = state[0], state[1], state[2]
    for _ in range(steps):
        due = 0
        for i in range(v.size):
            x = v[i] * p + c + c_e * g_e[i] + c_i * g_i[i]
            held = free[i] > 0
            x = v[i] if held else x
            v[i] = x
            free[i] -= 1 if held else 0
            g_e[i] *= p_e
            g_i[i] *= p_i
            due |= x > -50.0
        if due:
            for i in range(v.size):
                if v[i] > -50.0:
                    v[i] = -60.0
                    free[i] = 50
                    counts[i] += 1
                    if i < n_e:
                        for e in range(first[i], first[i + 1]):
                            g_e[target[e]] += 1.62
                    else:
                        for e in range(first[i], first[i + 1]):
                            g_i[target[e]] -= 9.0


@fast
def coba(steps, first, target, n_e, state, free, counts):
    """Rows v, g_e, g_i (conductances relative to the leak); exponential Euler."""
    h = 0.1
    p_e, p_i = np.exp(-h / 5.0), np.exp(-h / 10.0)
    n = state.shape[1]
    for _ in range(steps):
        due = 0
        for i in range(n):
            v, g_e, g_i, rest = state[0, i], state[1, i], state[2, i], free[i]
            g = 1.0 + g_e + g_i
            infinity = (-60.0 + 20.0 - 80.0 * g_i) / g
            x = infinity + (v - infinity) * bare_exp(-h / 20.0 * g)
            x = v if rest > 0 else x
            free[i] = rest - 1 if rest > 0 else 0
            state[0, i], state[1, i], state[2, i] = x, g_e * p_e, g_i * p_i
            due |= x > -50.0
        if due:
            for i in range(n):
                if state[0, i] > -50.0:
                    state[0, i] = -60.0
                    free[i] = 50
                    counts[i] += 1
                    row, w = (1, 0.6) if i < n_e else (2, 6.7)
                    for e in range(first[i], first[i + 1]):
                        state[row, target[e]] += w


@numba.njit(fastmath=FAST, forceinline=True, error_model="numpy")
def ratio(x):
    x = x + 1e-9  # shifts the removable singularity off the grid instead of branching
    return x / (bare_exp(x) - 1.0)


@fast
def cobahh(steps, first, target, n_e, state, free, counts):
    """Rows v, m, h, n, g_e, g_i (conductances per capacitance, 1/ms); ``free`` keeps a spike from counting twice."""
    dt = 0.1
    p_e, p_i = np.exp(-dt / 5.0), np.exp(-dt / 10.0)
    cells = state.shape[1]
    for _ in range(steps):
        due = 0
        for i in range(cells):
            v, m, h, n, g_e, g_i = state[0, i], state[1, i], state[2, i], state[3, i], state[4, i], state[5, i]
            u = v + 63.0
            a_m, b_m = 1.28 * ratio((13.0 - u) / 4.0), 1.4 * ratio((u - 40.0) / 5.0)
            a_h, b_h = 0.128 * bare_exp((17.0 - u) / 18.0), 4.0 / (1.0 + bare_exp((40.0 - u) / 5.0))
            a_n, b_n = 0.16 * ratio((15.0 - u) / 5.0), 0.5 * bare_exp((10.0 - u) / 40.0)
            g_na, g_k = 100.0 * m * m * m * h, 30.0 * n * n * n * n
            g = 0.05 + g_e + g_i + g_na + g_k
            infinity = (-3.0 - 80.0 * g_i + 50.0 * g_na - 90.0 * g_k) / g
            x = infinity + (v - infinity) * bare_exp(-dt * g)
            q = a_m + b_m
            state[1, i] = a_m / q + (m - a_m / q) * bare_exp(-dt * q)
            q = a_h + b_h
            state[2, i] = a_h / q + (h - a_h / q) * bare_exp(-dt * q)
            q = a_n + b_n
            state[3, i] = a_n / q + (n - a_n / q) * bare_exp(-dt * q)
            state[0, i], state[4, i], state[5, i] = x, g_e * p_e, g_i * p_i
            rest = free[i]
            free[i] = rest - 1 if rest > 0 else 0
            due |= x > -20.0
        if due:
            for i in range(cells):
                if state[0, i] > -20.0 and free[i] <= 0:
                    free[i] = 30
                    counts[i] += 1
                    row, w = (4, 0.03) if i < n_e else (5, 0.335)
                    for e in range(first[i], first[i + 1]):
                        state[row, target[e]] += w


def poisson_table(expected):
    """16 bits to a count: good for counts that are not rare."""
    table, k, p = np.zeros(65536, np.uint8), 0, math.exp(-expected)
    below = p
    for u in range(65536):
        while (u + 0.5) / 65536 > below and k < 40:
            k += 1
            p *= expected / k
            below += p
        table[u] = k
    return table


@fast
def brunel(steps, first, target, n_e, state, free, counts, table):
    """Row v; delta currents of 0.1 and -0.5 mV after 1.5 ms, and Poisson input four times per 64 random bits."""
    decay, late, n = np.exp(-0.1 / 20.0), 15, state.shape[1]
    v, ring = state[0], np.zeros((16, n))
    s0, s1 = np.uint64(88172645463325252), np.uint64(362436069) * np.uint64(88172645463325252) + np.uint64(1)
    drawn, low = np.empty(n + 4, np.uint8), np.uint64(65535)
    for s in range(steps):
        for i in range(0, n, 4):
            a, b = s0, s1
            s0 = b
            a ^= a << np.uint64(23)
            s1 = a ^ b ^ (a >> np.uint64(17)) ^ (b >> np.uint64(26))
            u = s1 + b
            drawn[i], drawn[i + 1] = table[u & low], table[(u >> np.uint64(16)) & low]
            drawn[i + 2], drawn[i + 3] = table[(u >> np.uint64(32)) & low], table[u >> np.uint64(48)]
        arrived, out = ring[s % 16], ring[(s + late) % 16]
        for i in range(n):
            x, held = v[i] * decay + arrived[i] + 0.1 * drawn[i], free[i] > 0
            v[i] = v[i] if held else x
            free[i] -= 1 if held else 0
            arrived[i] = 0.0
        for i in range(n):
            if v[i] > 20.0:
                v[i] = 10.0
                free[i] = 20
                counts[i] += 1
                w = 0.1 if i < n_e else -0.5
                for e in range(first[i], first[i + 1]):
                    out[target[e]] += w


@fast
def stdp(steps, first, target, n_e, state, free, counts, table, w, into_first, into_edge, into_source):
    """Row v: additive pair rule with one trace per cell and side, input to g by Poisson, arrivals after 1 ms."""
    n, late = state.shape[1], 10
    v, g, x, y = state[0], np.zeros(n), np.zeros(n), np.zeros(n)
    p, p_e, trace = np.exp(-0.1 / 20.0), np.exp(-0.1 / 5.0), np.exp(-0.1 / 20.0)
    c_e, c, top = 5.0 / (5.0 - 20.0) * (p_e - p), -60.0 * (1 - p), 0.3
    up = 0.01 * top
    down = -1.05 * up
    queue, queued, spiked = np.zeros((late, n), np.int32), np.zeros(late, np.int64), np.empty(n, np.int32)
    s0, s1 = np.uint64(88172645463325252), np.uint64(362436069) * np.uint64(88172645463325252) + np.uint64(1)
    drawn, low = np.empty(n + 4), np.uint64(65535)
    for s in range(steps):
        for i in range(0, n, 4):
            a, b = s0, s1
            s0 = b
            a ^= a << np.uint64(23)
            s1 = a ^ b ^ (a >> np.uint64(17)) ^ (b >> np.uint64(26))
            u = s1 + b
            drawn[i], drawn[i + 1] = table[u & low], table[(u >> np.uint64(16)) & low]
            drawn[i + 2], drawn[i + 3] = table[(u >> np.uint64(32)) & low], table[u >> np.uint64(48)]
        for i in range(n):
            z = v[i] * p + c + c_e * g[i]
            rest = free[i]
            v[i] = v[i] if rest > 0 else z
            free[i] = rest - 1 if rest > 0 else 0
            g[i] = g[i] * p_e + drawn[i]
            x[i] *= trace
            y[i] *= trace
        due = 0
        for i in range(n):
            if v[i] > -50.0:
                spiked[due] = i
                due += 1
        slot = s % late
        for q in range(queued[slot]):
            i = queue[slot, q]
            x[i] += up
            for e in range(first[i], first[i + 1]):
                j = target[e]
                g[j] += w[e]
                z = w[e] + y[j]
                w[e] = z if z > 0.0 else 0.0
        for q in range(due):
            j = spiked[q]
            v[j] = -60.0
            free[j] = 20
            counts[j] += 1
            y[j] += down
            queue[slot, q] = j
            for e in range(into_first[j], into_first[j + 1]):
                z = w[into_edge[e]] + x[into_source[e]]
                w[into_edge[e]] = z if z < top else top
        queued[slot] = due


@fast
def decision(steps, n_e, n_i, group, scale, rates, table, counts, seed):
    """Wang (2002), sums over whole groups: what all cells of a group share is one number. Steps of 0.05 ms."""
    dt, n, late = 0.05, n_e + n_i, 10
    strong, weak = 1.7, 1 - 0.15 * 0.7 / 0.85
    s0 = np.uint64(88172645463325252) * (np.uint64(2) * seed + np.uint64(1))
    s1 = np.uint64(362436069) * np.uint64(88172645463325252) + seed
    low = np.uint64(65535)
    v, free, s_ext, s, x = np.full(n, -70.0), np.zeros(n), np.zeros(n), np.zeros(n_e), np.zeros(n_e)
    ring_x, ring_a, ring_g = np.zeros((late, n_e)), np.zeros((late, 3)), np.zeros(late)
    s_a, s_g = np.zeros(3), 0.0
    p2, p5 = np.exp(-dt / 2.0), np.exp(-dt / 5.0)
    drawn = np.zeros(n + 4)
    g_ae, g_ne, g_ge = 0.05e-3 * scale, 0.165e-3 * scale, 1.3e-3 * scale
    g_ai, g_ni, g_gi = 0.04e-3 * scale, 0.13e-3 * scale, 1e-3 * scale
    starts = (np.uint64(0), np.uint64(group), np.uint64(2 * group), np.uint64(n_e))
    ends = (np.uint64(group), np.uint64(2 * group), np.uint64(n_e), np.uint64(n))
    for k in range(steps):
        slot = k % late
        arrived, f = ring_x[slot], rates[int(k * dt / 50.0)]
        for i in range(n_e):
            xi = x[i] * p2 + arrived[i]
            x[i] = xi
            r = 0.01 + 0.5 * xi
            infinity = 0.5 * xi / r
            s[i] = infinity + (s[i] - infinity) * bare_exp(-dt * r)
            arrived[i] = 0.0
        sum_0, sum_1, sum_2 = 0.0, 0.0, 0.0
        for i in range(group):
            sum_0 += s[i]
        for i in range(group, 2 * group):
            sum_1 += s[i]
        for i in range(2 * group, n_e):
            sum_2 += s[i]
        c = ring_a[slot]
        c0, c1, c2 = c[0], c[1], c[2]
        c[0], c[1], c[2] = 0.0, 0.0, 0.0
        s_a[0] = s_a[0] * p2 + strong * c0 + weak * (c1 + c2)
        s_a[1] = s_a[1] * p2 + strong * c1 + weak * (c0 + c2)
        s_a[2] = s_a[2] * p2 + c0 + c1 + c2
        s_g = s_g * p5 + ring_g[slot]
        ring_g[slot] = 0.0
        for i in range(0, n, 4):
            a, b = s0, s1
            s0 = b
            a ^= a << np.uint64(23)
            s1 = a ^ b ^ (a >> np.uint64(17)) ^ (b >> np.uint64(26))
            u = s1 + b
            drawn[i], drawn[i + 1] = table[u & low], table[(u >> np.uint64(16)) & low]
            drawn[i + 2], drawn[i + 3] = table[(u >> np.uint64(32)) & low], table[u >> np.uint64(48)]
        if f[0] + f[1] > 0:
            for i in range(2 * group):
                a, b = s0, s1
                s0 = b
                a ^= a << np.uint64(23)
                s1 = a ^ b ^ (a >> np.uint64(17)) ^ (b >> np.uint64(26))
                u = np.float64((s1 + b) >> np.uint64(11)) * 1.1102230246251565e-16
                if u < f[0 if i < group else 1] * dt * 1e-3:
                    drawn[i] += 1.0
        for part in range(4):
            if part < 3:
                leak, g_x, g_a, g_g, g_n, per_c, rest = 0.025, 2.1e-3, g_ae * s_a[part], g_ge * s_g, g_ne, 2.0, 2.0
            else:
                leak, g_x, g_a, g_g, g_n, per_c, rest = 0.02, 1.62e-3, g_ai * s_a[2], g_gi * s_g, g_ni, 5.0, 1.0
            total = sum_0 + sum_1 + sum_2
            if part == 0:
                total = strong * sum_0 + weak * (sum_1 + sum_2)
            elif part == 1:
                total = strong * sum_1 + weak * (sum_0 + sum_2)
            due = 0
            for i in range(starts[part], ends[part]):
                vi = v[i]
                ext = s_ext[i] * p2 + drawn[i]
                s_ext[i] = ext
                g = leak + g_x * ext + g_a + g_g + g_n * total / (1 + bare_exp(-0.062 * vi) / 3.57)
                infinity = (-leak * 70 - g_g * 70) / g
                z = infinity + (vi - infinity) * bare_exp(-dt * g * per_c)
                held = free[i]
                v[i] = vi if held > 0.0 else z
                free[i] = held - 1.0 if held > 0.0 else 0.0
                due |= v[i] > -50.0
            if due:
                for i in range(starts[part], ends[part]):
                    if v[i] > -50.0:
                        v[i] = -55.0
                        free[i] = np.floor(rest / dt + 0.5)
                        counts[part] += 1
                        if part < 3:
                            ring_x[slot, i] = 1.0
                            ring_a[slot, part] += 1.0
                        else:
                            ring_g[slot] += 1.0
