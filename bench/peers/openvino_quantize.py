"""Quantises what openvino_convert.py wrote to 8 bits (weights and activations) by NNCF: openvino_quantize.py IR QUANTIZED

One random sample calibrates it, as the weights are random too: that decides speed as any other would, and says nothing of quality.
"""

import sys

import nncf
import numpy
import openvino

path, out = sys.argv[1:]
model = openvino.Core().read_model(path)
random = numpy.random.default_rng(1)
sample = [random.standard_normal(list(port.shape), dtype=numpy.float32) for port in model.inputs]
quantized = nncf.quantize(model, nncf.Dataset([sample]), model_type=nncf.ModelType.TRANSFORMER, subset_size=1)
openvino.save_model(quantized, out, compress_to_fp16=True)
