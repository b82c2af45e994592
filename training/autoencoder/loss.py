"""What the autoencoder's pictures are judged by: values, and edges at three scales. No network of others takes part."""

import torch.nn.functional as F
from torch import nn


def slopes(x):
    """Differences of neighbours, across and down."""
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction(out, target):
    """Mean error of values and of edges. A blurred edge costs more here than a shifted shade."""
    difference = out.float() - target
    loss = difference.abs().mean() + difference.square().mean()
    for scale in (1, 2, 4):
        d = F.avg_pool2d(difference, scale) if scale > 1 else difference
        loss = loss + 0.5 * sum(s.abs().mean() for s in slopes(d))
    return loss


class Critic(nn.Module):
    """Tells patches of pictures from patches of the decoder's: what it last learns, to be as crisp as they are."""

    def __init__(self, channels=32):
        super().__init__()
        layers, at = [], 3
        for level in range(3):
            layers += [nn.Conv2d(at, channels << level, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            at = channels << level
        self.layers = nn.Sequential(*layers, nn.Conv2d(at, 1, 3, padding=1))

    def forward(self, x):
        return self.layers(x)
