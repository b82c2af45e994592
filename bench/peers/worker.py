"""What a peer's program does: gets ready, runs once, says so, then runs once for every line it reads.

The same words as `run_net --serve` speaks: {"loaded_s": ..., "ready_s": ...} and then {"ms": ..., "cpu_ms": ..., "peak_bytes": ...}.
"""

import json
import resource
import sys
import time


def serve(started, run):
    """Called when the network is loaded; `run` is called once before anything is said. `started` is time.monotonic() before the peer's imports."""
    loaded_s = time.monotonic() - started
    run()
    print(json.dumps({"loaded_s": loaded_s, "ready_s": time.monotonic() - started}), flush=True)
    for _ in sys.stdin:
        began, cpu_began = time.monotonic(), time.process_time()
        run()
        ms, cpu_ms = (time.monotonic() - began) * 1000, (time.process_time() - cpu_began) * 1000
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"ms": ms, "cpu_ms": cpu_ms, "peak_bytes": peak}), flush=True)
