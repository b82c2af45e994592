"""Limner as it serves: a picture from request to answer of a server with one model. limner_picture.py MODEL THREADS STEPS GUIDANCE"""

import http.client
import itertools
import json
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
CONFIG = f"""
[[models]]
name = "measured"
path = "{model}"
"""
seeds = itertools.count()


def main(folder):
    with Server(pathlib.Path(folder), CONFIG, {"LIMNER_LOG_LEVEL": "warning", "LIMNER_MODELS_THREADS": str(threads)}) as server:
        headers = {"Authorization": f"Bearer {server.admin_key}", "Content-Type": "application/json"}

        def draw():
            """Another seed each time, the same prompt: a user's second picture."""
            body = {"model": "measured", "prompt": "a red apple on a table", "size": "512x512", "steps": steps, "guidance_scale": guidance,
                    "sampler": "euler", "seed": next(seeds)}
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=3600)  # others draw for minutes in between
            connection.request("POST", "/v1/images/generations", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            connection.close()
            assert answer.status == 200, (answer.status, text[:400])

        def field(file, name):
            lines = pathlib.Path(f"/proc/{server.process.pid}/{file}").read_text().splitlines()
            return next(line.split()[1] for line in lines if line.startswith(name))

        def cpu_seconds():
            times = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

        worker.serve(started, draw, cpu_seconds, lambda: int(field("status", "VmHWM:")) * 1024)


with tempfile.TemporaryDirectory() as data:
    main(data)
