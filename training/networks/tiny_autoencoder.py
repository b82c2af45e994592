"""diffusers' AutoencoderTiny: an autoencoder of plain convolutions, with as many levels as one likes."""

import torch
from torch import nn

LIMIT = 3.0  # latents are clipped softly to it before decoding


class Block(nn.Module):
    """Three convolutions beside an identity."""

    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(),
                                  nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(),
                                  nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x):
        return torch.relu(self.conv(x) + x)


class Half(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)


class Encoder(Half):
    """[B, 3, H, W] in -1..1 -> latents [B, latent, H / factor, W / factor]."""

    def __init__(self, channels, blocks, latent):
        layers = []
        for level, count in enumerate(blocks):
            layers.append(nn.Conv2d(channels, channels, 3, stride=2, padding=1, bias=False) if level
                          else nn.Conv2d(3, channels, 3, padding=1))
            layers += [Block(channels) for _ in range(count)]
        super().__init__(layers + [nn.Conv2d(channels, latent, 3, padding=1)])

    def forward(self, x):
        return self.layers((x + 1) / 2)


class Decoder(Half):
    """The inverse."""

    def __init__(self, channels, blocks, latent):
        layers = [nn.Conv2d(latent, channels, 3, padding=1), nn.ReLU()]
        for level, count in enumerate(blocks):
            layers += [Block(channels) for _ in range(count)]
            if level + 1 < len(blocks):
                layers += [nn.Upsample(scale_factor=2), nn.Conv2d(channels, channels, 3, padding=1, bias=False)]
        super().__init__(layers + [nn.Conv2d(channels, 3, 3, padding=1)])

    def forward(self, z):
        return self.layers(torch.tanh(z / LIMIT) * LIMIT) * 2 - 1


class TinyAutoencoder(nn.Module):
    """Both. Latents are unscaled here: a denoiser sees them times `scaling`, a number that training measures."""

    def __init__(self, size):
        super().__init__()
        self.size = size
        self.encoder = Encoder(size.autoencoder_channels, size.encoder_blocks, size.latent_channels)
        self.decoder = Decoder(size.autoencoder_channels, size.decoder_blocks, size.latent_channels)

    def config(self, scaling):
        """diffusers' config.json."""
        size, levels = self.size, len(self.size.encoder_blocks)
        channels = [size.autoencoder_channels] * levels
        return {"_class_name": "AutoencoderTiny", "_diffusers_version": "0.42.1", "act_fn": "relu", "block_out_channels": channels,
                "decoder_block_out_channels": channels, "encoder_block_out_channels": channels, "force_upcast": False,
                "in_channels": 3, "latent_channels": size.latent_channels, "latent_magnitude": 3, "latent_shift": 0.5,
                "num_decoder_blocks": list(size.decoder_blocks), "num_encoder_blocks": list(size.encoder_blocks),
                "out_channels": 3, "scaling_factor": scaling, "shift_factor": 0.0, "upsample_fn": "nearest",
                "upsampling_scaling_factor": 2}
