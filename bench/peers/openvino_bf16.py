"""OpenVINO in bf16: openvino_bf16.py NET IR THREADS, where IR is what openvino_convert.py wrote. No torch in this process."""

import sys
import time

started = time.monotonic()

import numpy  # noqa: E402
import openvino  # noqa: E402

import worker  # noqa: E402

path, threads = sys.argv[2], int(sys.argv[3])
compiled = openvino.Core().compile_model(path, "CPU", {
    "INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads})
random = numpy.random.default_rng(1)
inputs = [random.standard_normal(list(port.shape), dtype=numpy.float32) for port in compiled.inputs]
request = compiled.create_infer_request()
worker.serve(started, lambda: request.infer(inputs))
