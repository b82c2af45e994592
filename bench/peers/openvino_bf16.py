"""OpenVINO in bf16: openvino_bf16.py NET IR THREADS, where IR is what openvino_convert.py wrote. No torch in this process."""

import sys
import time

started = time.monotonic()

import numpy  # noqa: E402
import openvino  # noqa: E402

import openvino_settings  # noqa: E402
import worker  # noqa: E402

path, threads = sys.argv[2], int(sys.argv[3])
compiled = openvino_settings.compile_model(openvino.Core(), path, threads)
random = numpy.random.default_rng(1)
inputs = [random.standard_normal(list(port.shape), dtype=numpy.float32) if port.element_type.is_real()
          else random.integers(0, 1000, list(port.shape)) for port in compiled.inputs]
request = compiled.create_infer_request()
worker.serve(started, lambda: request.infer(inputs))
