"""The names that the original Stable Diffusion code gives to the weights of diffusers' models: those of single-file
checkpoints and of LoRAs trained on them."""

import re

import torch

RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
          "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}
ENDS = {"conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
        "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2", "conv_norm_out": "out.0",
        "conv_out": "out.2"}


def unet_name(name, config):
    """The name of a module or parameter of a UNet2DConditionModel."""
    per_level = config.layers_per_block + 1
    if found := re.fullmatch(r"down_blocks\.(\d+)\.downsamplers\.0\.conv(.*)", name):
        return f"input_blocks.{(int(found[1]) + 1) * per_level}.0.op{found[2]}"
    if found := re.fullmatch(r"up_blocks\.(\d+)\.upsamplers\.0\.(.*)", name):
        level = int(found[1])
        place = 2 if "CrossAttn" in config.up_block_types[level] else 1
        return f"output_blocks.{(level + 1) * per_level - 1}.{place}.{found[2]}"
    if found := re.fullmatch(r"(down|up)_blocks\.(\d+)\.(resnets|attentions)\.(\d+)\.(.*)", name):
        half, level, kind, layer, rest = found[1], int(found[2]), found[3], int(found[4]), found[5]
        block = level * per_level + layer + (half == "down")
        return f"{'input' if half == 'down' else 'output'}_blocks.{block}.{inner(kind, rest)}"
    if found := re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d+)\.(.*)", name):
        kind, layer, rest = found[1], int(found[2]), found[3]
        return f"middle_block.{1 if kind == 'attentions' else 2 * layer}.{inner(kind, rest)[2:]}"
    end = next(end for end in ENDS if name == end or name.startswith(end + "."))
    return ENDS[end] + name[len(end):]


def inner(kind, rest):
    if kind == "attentions":
        return f"1.{rest}"
    part = rest.split(".")[0]
    return f"0.{RESNET[part]}{rest[len(part):]}"


def controlnet_name(name, config):
    """The name of a parameter of a ControlNetModel."""
    part, *middle, last = name.split(".")
    if part == "controlnet_down_blocks":
        return f"zero_convs.{middle[0]}.0.{last}"
    if part == "controlnet_mid_block":
        return f"middle_block_out.0.{last}"
    if part != "controlnet_cond_embedding":
        return unet_name(name, config)
    blocks = 2 * (len(config.conditioning_embedding_out_channels) - 1)
    place = {"conv_in": 0, "conv_out": blocks + 1}.get(middle[0])
    return f"input_hint_block.{2 * (int(middle[1]) + 1 if place is None else place)}.{last}"


VAE = [(r"down_blocks\.(\d+)\.resnets\.(\d+)", r"down.\1.block.\2"),
       (r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample"),
       (r"mid_block\.resnets\.0", "mid.block_1"), (r"mid_block\.resnets\.1", "mid.block_2"),
       (r"mid_block\.attentions\.0\.group_norm", "mid.attn_1.norm"),
       (r"mid_block\.attentions\.0\.to_out\.0", "mid.attn_1.proj_out"), (r"mid_block\.attentions\.0\.to_", "mid.attn_1."),
       (r"conv_shortcut", "nin_shortcut"), (r"conv_norm_out", "norm_out")]


def vae_name(name, levels):
    """The name of a parameter of an AutoencoderKL of `levels` levels."""
    name = re.sub(r"up_blocks\.(\d+)\.resnets\.", lambda found: f"up.{levels - 1 - int(found[1])}.block.", name)
    name = re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda found: f"up.{levels - 1 - int(found[1])}.upsample", name)
    for ours, theirs in VAE:
        name = re.sub(ours, theirs, name)
    return name


def vae_weights(vae):
    """The attention's linear maps are convolutions there."""
    levels = len(vae.config.block_out_channels)
    return {vae_name(name, levels): value[:, :, None, None] if "mid_block.attentions" in name and value.dim() == 2 else value
            for name, value in vae.state_dict().items()}


OPEN_CLIP = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
             "self_attn.out_proj": "attn.out_proj"}


def open_clip_weights(encoder):
    """A text encoder as OpenCLIP names and packs it."""
    state = {name.removeprefix("text_model."): value for name, value in encoder.state_dict().items()}
    made = {"token_embedding.weight": state["embeddings.token_embedding.weight"],
            "positional_embedding": state["embeddings.position_embedding.weight"], "logit_scale": torch.tensor(4.6)}
    # Checkpoints of SD 2.x carry a projection that the UNet does not look at.
    projection = state.get("text_projection.weight", torch.zeros(encoder.config.hidden_size, encoder.config.hidden_size))
    made["text_projection"] = projection.T
    for part in ("weight", "bias"):
        made[f"ln_final.{part}"] = state[f"final_layer_norm.{part}"]
        for layer in range(encoder.config.num_hidden_layers):
            ours, theirs = f"encoder.layers.{layer}.", f"transformer.resblocks.{layer}."
            for name, other in OPEN_CLIP.items():
                made[f"{theirs}{other}.{part}"] = state[f"{ours}{name}.{part}"]
            made[f"{theirs}attn.in_proj_{part}"] = torch.cat([state[f"{ours}self_attn.{map}_proj.{part}"] for map in "qkv"])
    return made
