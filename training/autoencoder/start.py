"""Where the autoencoder starts: as a 16-fold shrinking and enlarging of the picture, to which it learns to add.

Three channels of the encoder are frozen to carry the picture, averaged 2 x 2 at each level, so that the first three latents are
its colours; the decoder starts as a smooth enlargement of them.
"""

import torch
from torch import nn

PICTURE = 3  # channels that carry it


def start(net):
    """Initialises in place; returns [(parameter, its first rows that are not trained)]."""
    frozen = []
    with torch.no_grad():
        for layer in net.encoder.layers:
            if isinstance(layer, nn.Conv2d) and layer.in_channels == 3 and layer.stride == (1, 1):
                _carry(layer, 1)
                frozen += [(layer.weight, PICTURE), (layer.bias, PICTURE)]
            elif isinstance(layer, nn.Conv2d) and layer.stride == (2, 2):
                layer.weight[:PICTURE] = 0
                for channel in range(PICTURE):
                    layer.weight[channel, channel, 1:, 1:] = 0.25
                frozen.append((layer.weight, PICTURE))
            elif isinstance(layer, nn.Conv2d):  # to the latents, in -1..1
                layer.weight.mul_(0.3)
                layer.bias.zero_()
                layer.weight[:PICTURE, :PICTURE] = 0
                for channel in range(PICTURE):
                    layer.weight[channel, channel, 1, 1] = 2
                    layer.bias[channel] = -1
            else:
                _quiet(layer)
                frozen += [(layer.conv[4].weight, PICTURE), (layer.conv[4].bias, PICTURE)]
        _start_decoder(net.decoder)
    return frozen


def _carry(conv, gain):
    conv.weight[:PICTURE] = 0
    conv.bias[:PICTURE] = 0
    for channel in range(PICTURE):
        conv.weight[channel, channel, 1, 1] = gain


def _quiet(block):
    """A block that leaves the picture's channels alone."""
    block.conv[4].weight.mul_(0.5)
    block.conv[4].weight[:PICTURE] = 0
    block.conv[4].bias[:PICTURE] = 0


def _start_decoder(decoder):
    tent = torch.tensor([1.0, 2.0, 1.0])
    tent = tent[:, None] * tent[None] / 16
    convolutions = [layer for layer in decoder.layers if isinstance(layer, nn.Conv2d)]
    _carry(convolutions[0], 0.5)
    convolutions[0].bias[:PICTURE] = 0.5
    for conv in convolutions[1:-1]:
        conv.weight[:PICTURE] = 0
        for channel in range(PICTURE):
            conv.weight[channel, channel] = tent
    last = convolutions[-1]
    last.weight.mul_(0.1)
    last.bias.zero_()
    last.weight[:, :PICTURE] = 0
    for channel in range(PICTURE):
        last.weight[channel, channel, 1, 1] = 1
    for layer in decoder.layers:
        if hasattr(layer, "conv"):
            layer.conv[4].weight.mul_(0.5)
            layer.conv[4].weight[:PICTURE].mul_(0.1)
            layer.conv[4].bias[:PICTURE] = 0
