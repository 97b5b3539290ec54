"""One row of the table of growing networks, in a process of its own: ``growing_network.py CELLS SYNAPSES DURATION``.

Inhibitory integrate-and-fire cells with as many incoming synapses each. Prints, as JSON: synapses, bytes of the edges,
seconds (CPU) of construction and of a simulated second, events in that second, and by how many bytes the process had
grown at most after construction and after the run (resident memory).
"""

import json
import re
import resource
import sys
import time
from pathlib import Path

import dynana as dn
from dynana.definition.assembling import assembled
from dynana.models import exponential, lif
from dynana.simulation.network_run import run_assembly
from dynana.simulation.network_values import connected, realised

DT = 0.1


def network(cells, incoming, synapse=exponential, **given):
    system = lif.at(tau=20.0, V_rest=-49.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0, I=1.0)
    population = dn.Population("E", system, cells, start={"V": dn.uniform(-60.0, -50.0)})
    connect = dn.in_degree(incoming, autapses=True, multapses=True)
    return dn.Network([population], [dn.Projection(population, population, synapse, connect=connect, **given)])


def resident():
    """Return the largest memory of this process so far; what the system counts may include that of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1])
    scale = 1 if sys.platform == "darwin" else 1024
    return scale * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def row(cells, synapses, duration):
    """Build and run a network."""
    net = network(cells, synapses, exponential.at(tau=5.0), w=-50.0 / synapses)
    made, before = realised(assembled(net)[0], 1), resident()
    begun = time.process_time()
    edges = connected(made, DT, 2)
    built, grown = time.process_time() - begun, resident() - before
    begun = time.process_time()
    run_assembly(made, edges, 0, DT, progress=False)
    setup = time.process_time() - begun
    run = run_assembly(made, edges, round(duration / DT), DT, progress=False)
    passed = time.process_time() - begun - 2 * setup
    (found,) = (e for e in edges if e is not None)
    return {
        "synapses": found.count,
        "bytes": found.target.nbytes + found.first.nbytes,
        "built": built,
        "grown": grown,
        "second": 1000.0 / duration * passed,
        "events": 1000.0 / duration * synapses * len(run.spikes["E"]),
        "whole": resident() - before,
    }


if __name__ == "__main__":
    cells, synapses, duration = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    row(200, 10, DT)  # everything is compiled
    print(json.dumps(row(cells, synapses, duration)))
