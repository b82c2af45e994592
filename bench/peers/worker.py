"""What a peer's program does: gets ready, runs once, says so, then runs once for every line it reads.

The same words as `run_net --serve` speaks: {"loaded_s": ..., "ready_s": ...} and then {"ms": ..., "cpu_ms": ..., "peak_bytes": ...}.
"""

import json
import resource
import sys
import time


def own_peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def serve(started, run, cpu_seconds=time.process_time, peak_bytes=own_peak_bytes, out=sys.stdout):
    """Called when the network is loaded; `run` is called once before anything is said. `started` is time.monotonic() before the
    peer's imports. The last two say what was used, where another process does the work."""
    loaded_s = time.monotonic() - started
    run()
    print(json.dumps({"loaded_s": loaded_s, "ready_s": time.monotonic() - started}), file=out, flush=True)
    for _ in sys.stdin:
        began, cpu_began = time.monotonic(), cpu_seconds()
        run()
        ms, cpu_ms = (time.monotonic() - began) * 1000, (cpu_seconds() - cpu_began) * 1000
        print(json.dumps({"ms": ms, "cpu_ms": cpu_ms, "peak_bytes": peak_bytes()}), file=out, flush=True)
