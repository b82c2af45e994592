"""diffusers' UNet2DConditionModel, as far as Stable Diffusion 1.x uses it."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def sinusoids(steps, width):
    """[B] -> [B, width]: cosines, then sines."""
    half = width // 2
    angles = steps.float()[:, None] * torch.exp(-math.log(10000) * torch.arange(half, device=steps.device) / half)[None]
    return torch.cat([angles.cos(), angles.sin()], 1)


class TimeEmbedding(nn.Module):
    def __init__(self, width, out):
        super().__init__()
        self.width = width
        self.linear_1, self.linear_2 = nn.Linear(width, out), nn.Linear(out, out)

    def forward(self, steps):
        return self.linear_2(F.silu(self.linear_1(sinusoids(steps, self.width).to(self.linear_1.weight.dtype))))


class Residual(nn.Module):
    def __init__(self, channels, out, time, groups):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, channels, 1e-5), nn.Conv2d(channels, out, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, out)
        self.norm2, self.conv2 = nn.GroupNorm(groups, out, 1e-5), nn.Conv2d(out, out, 3, padding=1)
        if channels != out:
            self.conv_shortcut = nn.Conv2d(channels, out, 1)

    def forward(self, x, time):
        h = self.conv1(F.silu(self.norm1(x))) + self.time_emb_proj(F.silu(time))[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x)


class Attention(nn.Module):
    def __init__(self, width, context, heads):
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = (nn.Linear(w, width, bias=False) for w in (width, context, context))
        self.to_out = nn.ModuleList([nn.Linear(width, width), nn.Identity()])  # diffusers has a dropout there

    def forward(self, x, context):
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for t in (self.to_q(x), self.to_k(context), self.to_v(context)))
        return self.to_out[0](F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Gate(nn.Module):
    """GEGLU."""

    def __init__(self, width, inner):
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner)

    def forward(self, x):
        value, gate = self.proj(x).chunk(2, -1)
        return value * F.gelu(gate)


class FeedForward(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.net = nn.ModuleList([Gate(width, 4 * width), nn.Identity(), nn.Linear(4 * width, width)])

    def forward(self, x):
        return self.net[2](self.net[0](x))


class Transformer(nn.Module):
    def __init__(self, width, context, heads):
        super().__init__()
        self.norm1, self.attn1 = nn.LayerNorm(width), Attention(width, width, heads)
        self.norm2, self.attn2 = nn.LayerNorm(width), Attention(width, context, heads)
        self.norm3, self.ff = nn.LayerNorm(width), FeedForward(width)

    def forward(self, x, context):
        h = self.norm1(x)
        x = x + self.attn1(h, h)
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff(self.norm3(x))


class SpatialTransformer(nn.Module):
    def __init__(self, channels, context, heads, groups):
        super().__init__()
        self.norm, self.proj_in = nn.GroupNorm(groups, channels, 1e-6), nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList([Transformer(channels, context, heads)])
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x, context):
        h = self.proj_in(self.norm(x))
        h = self.transformer_blocks[0](h.flatten(2).transpose(1, 2), context)
        return x + self.proj_out(h.transpose(1, 2).unflatten(2, x.shape[2:]))


class Resample(nn.Module):
    """A convolution that halves, or one after each pixel has become four."""

    def __init__(self, channels, up):
        super().__init__()
        self.up = up
        self.conv = nn.Conv2d(channels, channels, 3, stride=1 if up else 2, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest") if self.up else x)


class Stage(nn.Module):
    """One resolution on the way down or up: residual blocks, each with a transformer where there is attention."""

    def __init__(self, inputs, out, time, context, heads, groups, attention, resample):
        super().__init__()
        self.resnets = nn.ModuleList(Residual(i, out, time, groups) for i in inputs)
        if attention:
            self.attentions = nn.ModuleList(SpatialTransformer(out, context, heads, groups) for _ in inputs)
        if resample:
            setattr(self, f"{resample}samplers", nn.ModuleList([Resample(out, resample == "up")]))

    def block(self, number, x, time, context):
        x = self.resnets[number](x, time)
        return self.attentions[number](x, context) if hasattr(self, "attentions") else x


class Middle(nn.Module):
    def __init__(self, channels, time, context, heads, groups):
        super().__init__()
        self.resnets = nn.ModuleList(Residual(channels, channels, time, groups) for _ in range(2))
        self.attentions = nn.ModuleList([SpatialTransformer(channels, context, heads, groups)])

    def forward(self, x, time, context):
        return self.resnets[1](self.attentions[0](self.resnets[0](x, time), context), time)


class Unet(nn.Module):
    """(latents [B, c, h, w], time steps [B], text states [B, length, width]) -> v, of the latents' shape."""

    def __init__(self, size):
        super().__init__()
        self.size = size
        channels, layers, context, groups = size.unet_channels, size.unet_layers, size.text_width, size.unet_groups
        time, last = 4 * channels[0], len(channels) - 1
        self.conv_in = nn.Conv2d(size.latent_channels, channels[0], 3, padding=1)
        self.time_embedding = TimeEmbedding(channels[0], time)
        self.down_blocks = nn.ModuleList()
        skips, at = [channels[0]], channels[0]
        for level, out in enumerate(channels):
            inputs = [at] + [out] * (layers - 1)
            self.down_blocks.append(Stage(inputs, out, time, context, size.unet_heads[level], groups,
                                          size.unet_attention[level], "down" if level < last else ""))
            skips += [out] * (layers + (level < last))
            at = out
        self.mid_block = Middle(at, time, context, size.unet_heads[-1], groups)
        self.up_blocks = nn.ModuleList()
        for level in range(last, -1, -1):
            out, inputs = channels[level], []
            for _ in range(layers + 1):
                inputs.append(at + skips.pop())
                at = out
            self.up_blocks.append(Stage(inputs, out, time, context, size.unet_heads[level], groups,
                                        size.unet_attention[level], "up" if level else ""))
        self.conv_norm_out = nn.GroupNorm(groups, at, 1e-5)
        self.conv_out = nn.Conv2d(at, size.latent_channels, 3, padding=1)

    def forward(self, x, steps, context):
        time = self.time_embedding(steps)
        x = self.conv_in(x)
        skips = [x]
        for stage in self.down_blocks:
            for number in range(len(stage.resnets)):
                x = stage.block(number, x, time, context)
                skips.append(x)
            if hasattr(stage, "downsamplers"):
                x = stage.downsamplers[0](x)
                skips.append(x)
        x = self.mid_block(x, time, context)
        for stage in self.up_blocks:
            for number in range(len(stage.resnets)):
                x = stage.block(number, torch.cat([x, skips.pop()], 1), time, context)
            if hasattr(stage, "upsamplers"):
                x = stage.upsamplers[0](x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))

    def config(self):
        """diffusers' config.json. attention_head_dim is the number of heads there: the name is a mistake that stayed."""
        size = self.size
        attention = list(size.unet_attention)
        return {"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.42.1", "act_fn": "silu",
                "attention_head_dim": list(size.unet_heads), "block_out_channels": list(size.unet_channels),
                "center_input_sample": False, "cross_attention_dim": size.text_width,
                "down_block_types": ["CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention],
                "up_block_types": ["CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)],
                "downsample_padding": 1, "flip_sin_to_cos": True, "freq_shift": 0, "in_channels": size.latent_channels,
                "layers_per_block": size.unet_layers, "mid_block_scale_factor": 1, "mid_block_type": "UNetMidBlock2DCrossAttn",
                "norm_eps": 1e-05, "norm_num_groups": size.unet_groups, "out_channels": size.latent_channels,
                "sample_size": size.latent_side, "use_linear_projection": False}
