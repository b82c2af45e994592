"""Limner as it serves: pictures of one job from its request to its end, by a server with one model.
limner_picture.py MODEL THREADS STEPS GUIDANCE SIDE PICTURES"""

import itertools
import os
import pathlib
import sys
import tempfile
import time

started = time.monotonic()

import worker  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "service"))
from server import Server  # noqa: E402

model, threads, steps, guidance = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
side, pictures = int(sys.argv[5]), int(sys.argv[6])
CONFIG = f"""
[[model]]
name = "measured"
path = "{model}"
"""
seeds = itertools.count()


def main(folder):
    with Server(pathlib.Path(folder), CONFIG, {"LIMNER_LOG_LEVEL": "warning", "LIMNER_MODELS_THREADS": str(threads)}) as server:
        def draw():
            """Another seed each time, the same prompt: a user's second picture."""
            job = server.admin.submit(model="measured", prompt="a red apple on a table", size=f"{side}x{side}", steps=steps,
                                      guidance=guidance, sampler="euler", seed=1000 * next(seeds), count=pictures)
            *_, (event, told) = server.admin.events(job, timeout=3600)  # others draw for minutes in between
            assert event == "finished" and told["state"] == "stored", told

        def field(file, name):
            lines = pathlib.Path(f"/proc/{server.process.pid}/{file}").read_text().splitlines()
            return next(line.split()[1] for line in lines if line.startswith(name))

        def cpu_seconds():
            times = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

        worker.serve(started, draw, cpu_seconds, lambda: int(field("status", "VmHWM:")) * 1024)


with tempfile.TemporaryDirectory() as data:
    main(data)
