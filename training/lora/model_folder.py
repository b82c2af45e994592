"""The model that a LoRA is trained for: a run's, or a folder of the recipe's kind, such as models/limner-tiny or what `export` wrote."""

import dataclasses
import json

import torch
from safetensors.torch import load_file
from torch import nn

from .. import machine
from ..autoencoder import train as autoencoder_stage
from ..config import BETA_FIRST, BETA_LAST, FULL, NOISE_STEPS
from ..networks.clip import TextEncoder
from ..networks.tiny_autoencoder import TinyAutoencoder
from ..networks.unet import Unet
from ..text.tokenizer import Tokenizer
from ..unet.train import networks


@dataclasses.dataclass
class Model:
    """Networks ready to be used, and what they agree on."""

    text: nn.Module
    unet: nn.Module
    autoencoder: nn.Module
    scaling: float
    tokenizer: Tokenizer
    picture: int  # side in pixels


def open_model(folder, device):
    """The Model in `folder`. What the recipe's networks cannot be ends the program: other classes, noise schedules, sizes."""
    configs = {part: _config(folder / part / "config.json") for part in ("text_encoder", "unet", "vae")}
    _check_noise(folder / "scheduler" / "scheduler_config.json")
    size = _size_of(folder, configs)
    parts = {"text_encoder": TextEncoder(size), "unet": Unet(size), "vae": TinyAutoencoder(size)}
    for name, net in parts.items():
        _fill(net, folder / name)
        machine.layout(net.to(device), device).eval().requires_grad_(False)
    return Model(parts["text_encoder"], parts["unet"], parts["vae"], configs["vae"]["scaling_factor"],
                 _tokenizer(folder / "tokenizer"), size.picture)


def model_of(run):
    """The Model that a run has trained so far."""
    text, unet = networks(run)
    return Model(text, unet, autoencoder_stage.network(run), run.noted("autoencoder")["scaling"], run.tokenizer, run.size.picture)


def _config(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SystemExit(f"training: {path}: {error}") from None


def _check_noise(path):
    scheduler = _config(path)
    wanted = {"prediction_type": "v_prediction", "beta_schedule": "scaled_linear", "beta_start": BETA_FIRST, "beta_end": BETA_LAST,
              "num_train_timesteps": NOISE_STEPS}
    for key, value in wanted.items():
        if scheduler.get(key) != value:
            raise SystemExit(f"training: {path}: {key} is {scheduler.get(key)!r}; a LoRA is trained where it is {value!r}")


def _size_of(folder, configs):
    """The Size that config files describe; whether they mean the recipe's networks the weights will tell."""
    text, unet, vae = configs["text_encoder"], configs["unet"], configs["vae"]
    if vae.get("_class_name") != "AutoencoderTiny":
        raise SystemExit(f"training: {folder / 'vae'}: {vae.get('_class_name')!r}; a LoRA is trained with an 'AutoencoderTiny'")
    heads, channels = unet["attention_head_dim"], tuple(unet["block_out_channels"])
    factor = 2 ** (len(vae["num_encoder_blocks"]) - 1)
    return dataclasses.replace(
        FULL, name=folder.name, picture=unet["sample_size"] * factor, latent_channels=vae["latent_channels"],
        autoencoder_channels=vae["block_out_channels"][0], encoder_blocks=tuple(vae["num_encoder_blocks"]),
        decoder_blocks=tuple(vae["num_decoder_blocks"]), vocabulary=text["vocab_size"], length=text["max_position_embeddings"],
        text_width=text["hidden_size"], text_layers=text["num_hidden_layers"], text_heads=text["num_attention_heads"],
        unet_channels=channels, unet_heads=tuple(heads) if isinstance(heads, list) else (heads,) * len(channels),
        unet_attention=tuple(kind.startswith("CrossAttn") for kind in unet["down_block_types"]),
        unet_layers=unet["layers_per_block"], unet_groups=unet["norm_num_groups"])


def _tokenizer(folder):
    tokenizer = Tokenizer.load(folder)
    if tokenizer.tokens != _config(folder / "vocab.json"):
        raise SystemExit(f"training: {folder}: its vocabulary is not ordered as the recipe orders one")
    return tokenizer


def _fill(net, folder):
    weights = {}
    for path in sorted(folder.glob("*.safetensors")):
        weights |= load_file(path)
    weights.pop("text_model.embeddings.position_ids", None)  # older files of transformers have it
    try:
        net.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    except RuntimeError as error:
        raise SystemExit(f"training: {folder} is no network of this recipe: {error}") from None
