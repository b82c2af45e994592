"""Writes a network of `model` as OpenVINO's IR with f16 weights and fixed shapes: openvino_convert.py NET MODEL IR"""

import pathlib
import sys

import openvino
import torch

import random_model

net, model, path = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
module = random_model.module_of(net, model, torch.float32, attention="eager")  # what its converter can follow
inputs = random_model.channels_first(random_model.inputs_of(net), torch.float32)
with torch.no_grad():
    if random_model.part_of(net) == "text_encoder":  # its mask cannot be traced
        converted = openvino.convert_model(torch.export.export(module, tuple(inputs)))
        converted.reshape({number: list(one.shape) for number, one in enumerate(inputs)})
    else:
        converted = openvino.convert_model(module, example_input=tuple(inputs), input=[tuple(t.shape) for t in inputs])
openvino.save_model(converted, path, compress_to_fp16=True)
