"""Random weights of the architecture of Stable Diffusion 1.5: they say everything about speed and nothing about pictures."""

import json
import shutil

import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

UNET = dict(sample_size=64, in_channels=4, out_channels=4, block_out_channels=(320, 640, 1280, 1280), layers_per_block=2,
            cross_attention_dim=768, attention_head_dim=8)
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


# What each network is given: names as Limner's descriptions declare them, channels last. Two rows: a guided step.
INPUTS = {
    "unet": {"sample": (2, 64, 64, 4), "timestep": (2,), "context": (2, 77, 768)},
    "vae_decode": {"latent": (1, 64, 64, 4)},
}


def inputs_of(net):
    """The same Gaussian numbers for everyone."""
    torch.manual_seed(1)
    tensors = {name: torch.randn(shape) for name, shape in INPUTS[net].items()}
    if "timestep" in tensors:
        tensors["timestep"] = torch.full(INPUTS[net]["timestep"], 500.0)
    return tensors


def write_inputs(net, path):
    save_file(inputs_of(net), path)


FOLDER_OF = {"unet": "unet", "vae_decode": "vae"}


def module_of(net, model, dtype):
    """diffusers' network of `model` as a function of the tensors of inputs_of(), in their order, channels first."""

    class Unet(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = UNet2DConditionModel.from_pretrained(model / "unet", torch_dtype=dtype)

        def forward(self, sample, timestep, context):
            return self.net(sample, timestep, context, return_dict=False)[0]

    class VaeDecode(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = AutoencoderKL.from_pretrained(model / "vae", torch_dtype=dtype)

        def forward(self, latent):
            return self.net.decode(latent, return_dict=False)[0]

    return {"unet": Unet, "vae_decode": VaeDecode}[net]().eval()


def channels_first(tensors, dtype):
    return [t.permute(0, 3, 1, 2).to(dtype) if t.dim() == 4 else t.to(dtype) for t in tensors.values()]
