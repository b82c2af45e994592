"""How OpenVINO is asked to compute wherever it is measured."""


def compile_model(core, path, threads):
    """The network of an IR file, in bf16, one request at a time on `threads` threads."""
    return core.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1,
                                            "INFERENCE_NUM_THREADS": threads})
