"""Random weights of the architectures of Stable Diffusion 1.5 and XL, and chains of operators: they say everything about speed and
nothing about pictures. And what networks are given, those of the default model among them."""

import json
import os
import shutil

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

UNET = dict(sample_size=64, in_channels=4, out_channels=4, block_out_channels=(320, 640, 1280, 1280), layers_per_block=2,
            cross_attention_dim=768, attention_head_dim=8)
UNET_XL = dict(sample_size=128, in_channels=4, out_channels=4, block_out_channels=(320, 640, 1280), layers_per_block=2,
               cross_attention_dim=2048, attention_head_dim=(5, 10, 20), transformer_layers_per_block=(1, 2, 10),
               down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
               up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), use_linear_projection=True,
               addition_embed_type="text_time", addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816)
VAE = dict(in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(128, 256, 512, 512), layers_per_block=2,
           sample_size=512, down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4)
TEXT = dict(vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
            max_position_embeddings=77, hidden_act="quick_gelu", projection_dim=768)


def make(model, vocabulary):
    """A whole pipeline in bf16 files in the folder `model`, unless it is there; `vocabulary` holds CLIP's merges."""
    if (model / "model_index.json").exists():
        return
    print("making random weights of SD 1.5's size", flush=True)
    merges = (vocabulary / "merges.txt").read_text().splitlines()
    torch.manual_seed(0)
    scheduler = PNDMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True,
                              steps_offset=1, set_alpha_to_one=False)
    pipeline = StableDiffusionPipeline(
        vae=AutoencoderKL(**VAE), text_encoder=CLIPTextModel(CLIPTextConfig(**TEXT)),
        tokenizer=standard_tokenizer(merges, model.parent / "tokenizer"), unet=UNet2DConditionModel(**UNET), scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False).to(torch.bfloat16)
    shutil.rmtree(model, ignore_errors=True)
    pipeline.save_pretrained(model, safe_serialization=True)


def make_turbo(model, plain):
    """The pipeline in the folder `plain` with a small autoencoder of TAESD's size, in the folder `model`, unless it is there."""
    if (model / "vae").exists():
        return
    shutil.copytree(plain, model, copy_function=os.link, ignore=shutil.ignore_patterns("vae"))
    index = json.loads((plain / "model_index.json").read_text())
    index["vae"] = ["diffusers", "AutoencoderTiny"]
    (model / "model_index.json").unlink()
    (model / "model_index.json").write_text(json.dumps(index))
    torch.manual_seed(2)
    AutoencoderTiny().to(torch.bfloat16).save_pretrained(model / "vae", safe_serialization=True)


def make_xl(model):
    """SDXL's UNet in bf16 (5.1 GB) in the folder `model`, unless it is there."""
    if (model / "unet/config.json").exists():
        return
    print("making random weights of SDXL's size", flush=True)
    torch.manual_seed(4)
    torch.set_default_dtype(torch.bfloat16)  # twice the size would not fit beside everything else
    unet = UNet2DConditionModel(**UNET_XL)
    torch.set_default_dtype(torch.float32)
    shutil.rmtree(model, ignore_errors=True)
    unet.save_pretrained(model / "unet", safe_serialization=True)


def standard_tokenizer(merges, folder):
    """CLIP's tokenizer from its merges: byte symbols, the same at a word's end, one token a merge, two specials."""
    pairs = [line for line in merges if line and not line.startswith("#")]
    visible = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    symbols = [chr(b) for b in visible] + [chr(256 + i) for i in range(256 - len(visible))]
    tokens = symbols + [s + "</w>" for s in symbols] + ["".join(p.split()) for p in pairs]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(pairs) + "\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))


def make_chain(net, path):
    """Equal operators in a row, as a file of weights 0.weight, 0.bias, 1.weight, ... in bf16, unless it is there."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(3)
    channels = shapes_of(net)["x"][-1]
    shape = (channels, channels, 3, 3) if net.startswith("convolution") else (channels, channels)
    tensors = {}
    for link in range(CHAIN_LINKS):
        weight = torch.randn(shape)
        tensors[f"{link}.weight"] = (weight / weight[0].numel() ** 0.5).bfloat16()
        tensors[f"{link}.bias"] = torch.randn(channels).bfloat16()
    save_file(tensors, path)


# What each network is given: names as Limner's descriptions declare them, channels last. Two rows: a guided step.
INPUTS = {
    "unet": {"sample": (2, 64, 64, 4), "timestep": (2,), "context": (2, 77, 768)},
    "unet_one": {"sample": (1, 64, 64, 4), "timestep": (1,), "context": (1, 77, 768)},
    "unet_xl": {"sample": (2, 128, 128, 4), "timestep": (2,), "context": (2, 77, 2048), "text_embeds": (2, 1280), "time_ids": (2, 6)},
    "vae_decode": {"latent": (1, 64, 64, 4)},
    "vae_encode": {"image": (1, 512, 512, 3)},
    "tiny_decode": {"latent": (1, 64, 64, 4)},
    "clip_text": {"ids": (2, 77)},
    "clip_text_one": {"ids": (1, 77)},
    "default_text": {"ids": (2, 32)},
}
CHAIN_LINKS = 4
WORDS = 4096  # that the default model's tokenizer knows too


def is_chain(net):
    return net.startswith(("convolution_", "linear_"))


def shapes_of(net):
    """INPUTS, and those of networks whose name ends with a size: default_unet_ROWS, default_decode_ROWS, convolution_CHANNELSxSIDE
    and linear_CHANNELSxTOKENS."""
    if net in INPUTS:
        return INPUTS[net]
    kind, size = net.rsplit("_", 1)
    if is_chain(net):
        channels, extent = map(int, size.split("x"))
        return {"x": (2, extent, extent, channels) if kind == "convolution" else (2, extent, channels)}
    rows = int(size)
    return {"default_unet": {"sample": (rows, 16, 16, 4), "timestep": (rows,), "context": (rows, 32, 192)},
            "default_decode": {"latent": (rows, 16, 16, 4)}}[kind]


def inputs_of(net):
    """The same Gaussian numbers for everyone."""
    torch.manual_seed(1)
    shapes = shapes_of(net)
    tensors = {name: torch.randn(shape) for name, shape in shapes.items()}
    if "timestep" in tensors:
        tensors["timestep"] = torch.full(shapes["timestep"], 500.0)
    if "time_ids" in tensors:
        tensors["time_ids"] = torch.tensor([1024.0, 1024, 0, 0, 1024, 1024]).expand(shapes["time_ids"]).contiguous()
    if "ids" in tensors:
        tensors["ids"] = torch.randint(0, WORDS, shapes["ids"])
    return tensors


def write_inputs(net, path):
    save_file({name: tensor.float() for name, tensor in inputs_of(net).items()}, path)


def part_of(net):
    """What a network is of a pipeline: the name of its folder, or of a chain's file."""
    if is_chain(net):
        return f"{net}.safetensors"
    return "vae" if "code" in net else "text_encoder" if "text" in net else "unet"


def module_of(net, model, dtype, attention="sdpa"):
    """diffusers' network of `model` as a function of the tensors of inputs_of(), in their order, channels first."""

    class Unet(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = UNet2DConditionModel.from_pretrained(model / "unet", torch_dtype=dtype)

        def forward(self, sample, timestep, context, text_embeds=None, time_ids=None):
            added = None if text_embeds is None else {"text_embeds": text_embeds, "time_ids": time_ids}
            return self.net(sample, timestep, context, added_cond_kwargs=added, return_dict=False)[0]

    class VaeDecode(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = AutoencoderKL.from_pretrained(model / "vae", torch_dtype=dtype)

        def forward(self, latent):
            return self.net.decode(latent, return_dict=False)[0]

    class VaeEncode(VaeDecode):
        def forward(self, image):
            return self.net.encode(image, return_dict=False)[0].parameters

    class TinyDecode(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = AutoencoderTiny.from_pretrained(model / "vae", torch_dtype=dtype)

        def forward(self, latent):
            return self.net.decode(latent, return_dict=False)[0]

    class ClipText(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = CLIPTextModel.from_pretrained(model / "text_encoder", dtype=dtype, attn_implementation=attention)

        def forward(self, ids):
            return self.net(input_ids=ids, return_dict=False)[0]

    class Chain(torch.nn.Sequential):
        def __init__(self):
            weights = load_file(model / part_of(net))
            channels = weights["0.bias"].numel()
            super().__init__(*(torch.nn.Conv2d(channels, channels, 3, padding=1) if net.startswith("convolution")
                               else torch.nn.Linear(channels, channels) for _ in range(CHAIN_LINKS)))
            self.load_state_dict(weights)
            self.to(dtype)

    if is_chain(net):
        return Chain().eval()
    large = {"vae_decode": VaeDecode, "vae_encode": VaeEncode}
    return (large.get(net) or {"vae": TinyDecode, "text_encoder": ClipText, "unet": Unet}[part_of(net)])().eval()


def channels_first(tensors, dtype):
    return [t.permute(0, 3, 1, 2).to(dtype) if t.dim() == 4 else t.to(dtype) if t.is_floating_point() else t
            for t in tensors.values()]
