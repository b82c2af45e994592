"""What a peer's program does: gets ready, runs once, says so, then runs once for every line it reads.

The same words as `run_net --serve` speaks: {"ready_s": ...} and then {"ms": ..., "peak_bytes": ...}.
"""

import json
import resource
import sys
import time


def serve(started, run):
    """`run` is called once before anything is said. `started` is time.monotonic() before the peer's imports."""
    run()
    print(json.dumps({"ready_s": time.monotonic() - started}), flush=True)
    for _ in sys.stdin:
        began = time.monotonic()
        run()
        ms = (time.monotonic() - began) * 1000
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"ms": ms, "peak_bytes": peak}), flush=True)
