"""Small random-weight models in the formats people bring: the same classes as the public ones, a thousandth of the size."""

import functools
import os
import pathlib
import tempfile

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    ControlNetModel,
    DDIMScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
    LatentConsistencyModelPipeline,
    PNDMScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionInstructPix2PixPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "models" / "limner-tiny" / "tokenizer"

SCHEDULER = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
                 steps_offset=1, clip_sample=False, set_alpha_to_one=False)


def livelier(module, factor=1.6):
    """Default initialisation makes networks that hardly react to their input; larger weights make mistakes visible."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if parameter.dim() > 1 and "embed" not in name:
                parameter.mul_(factor)
            elif name.endswith("bias"):
                parameter.normal_(0, 0.05)
    return module.eval()


def tokenizer(pad=None):
    made = CLIPTokenizer.from_pretrained(str(TOKENIZER))
    if pad is None:
        return made
    # Saved and loaded again, as people's are: only then is the pad token one id wherever a prompt spells it out.
    made.pad_token = pad
    with tempfile.TemporaryDirectory() as folder:
        made.save_pretrained(folder)
        return CLIPTokenizer.from_pretrained(folder)


def text_encoder(seed, width=32, layers=3, act="quick_gelu", projection=None, heads=4):
    torch.manual_seed(seed)
    config = CLIPTextConfig(vocab_size=4096, hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers,
                            num_attention_heads=heads, max_position_embeddings=32, hidden_act=act, bos_token_id=4094,
                            eos_token_id=4095, pad_token_id=4095, projection_dim=projection or width)
    made = CLIPTextModelWithProjection(config) if projection else CLIPTextModel(config)
    return livelier(made, 1.3)


def unet(seed, context, in_channels=4, channels=(32, 64), heads=4, linear=False, sample_size=8, **more):
    torch.manual_seed(seed)
    down = ["CrossAttnDownBlock2D"] * (len(channels) - 1) + ["DownBlock2D"]
    up = ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * (len(channels) - 1)
    options = dict(sample_size=sample_size, in_channels=in_channels, out_channels=4, block_out_channels=channels,
                   layers_per_block=1, cross_attention_dim=context, attention_head_dim=heads, norm_num_groups=16,
                   down_block_types=tuple(down), up_block_types=tuple(up), use_linear_projection=linear)
    options.update(more)
    return livelier(UNet2DConditionModel(**options), 1.25)


def vae(seed, channels=(32, 64), groups=16, **more):
    torch.manual_seed(seed)
    made = AutoencoderKL(in_channels=3, out_channels=3, latent_channels=4, block_out_channels=channels, layers_per_block=1,
                         norm_num_groups=groups, sample_size=64,
                         down_block_types=("DownEncoderBlock2D",) * len(channels),
                         up_block_types=("UpDecoderBlock2D",) * len(channels), **more)
    return livelier(made, 1.3)


def tiny_vae(seed):
    torch.manual_seed(seed)
    return livelier(AutoencoderTiny(encoder_block_out_channels=(16, 16), decoder_block_out_channels=(16, 16),
                                    num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1)), 1.1)


def controlnet(seed, for_unet):
    torch.manual_seed(seed)
    made = ControlNetModel.from_unet(for_unet, conditioning_embedding_out_channels=(8, 16))
    with torch.no_grad():
        # The zero convolutions that training starts from would hide the whole network.
        for name, parameter in made.named_parameters():
            if "controlnet" in name:
                parameter.normal_(0, 0.05)
    return made.eval()


def sd1(unet_model=None, scheduler=None, vae_model=None, pipeline=StableDiffusionPipeline, seed=1):
    return pipeline(vae=vae_model or vae(seed), text_encoder=text_encoder(seed + 1), tokenizer=tokenizer(),
                    unet=unet_model or unet(seed + 2, 32), scheduler=scheduler or DDIMScheduler(**SCHEDULER),
                    safety_checker=None, feature_extractor=None, requires_safety_checker=False)


def sd2(seed=11):
    scheduler = PNDMScheduler(**{k: v for k, v in SCHEDULER.items() if k != "clip_sample"}, skip_prk_steps=True,
                              prediction_type="v_prediction")
    return StableDiffusionPipeline(
        vae=vae(seed), text_encoder=text_encoder(seed + 1, act="gelu", layers=2), tokenizer=tokenizer(pad="!"),
        unet=unet(seed + 2, 32, heads=[2, 4], linear=True), scheduler=scheduler, safety_checker=None,
        feature_extractor=None, requires_safety_checker=False)


def sdxl_parts(seed, refiner=False):
    first = None if refiner else text_encoder(seed + 1)
    second = text_encoder(seed + 2, width=48, act="gelu", projection=40)
    ids = 5 if refiner else 6
    net = unet(seed + 3, 48 if refiner else 80, heads=[2, 4], linear=True, addition_embed_type="text_time",
               addition_time_embed_dim=8, projection_class_embeddings_input_dim=40 + 8 * ids,
               transformer_layers_per_block=[1, 2], down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
               up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"))
    scheduler = EulerDiscreteScheduler(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012,
                                       beta_schedule="scaled_linear", steps_offset=1, timestep_spacing="leading")
    return dict(vae=vae(seed, scaling_factor=0.13025), text_encoder=first, text_encoder_2=second,
                tokenizer=None if refiner else tokenizer(), tokenizer_2=tokenizer(pad="!"), unet=net, scheduler=scheduler)


def sdxl(seed=21):
    return StableDiffusionXLPipeline(**sdxl_parts(seed), add_watermarker=False)


def sdxl_refiner(seed=31):
    return StableDiffusionXLImg2ImgPipeline(**sdxl_parts(seed, refiner=True), requires_aesthetics_score=True,
                                            force_zeros_for_empty_prompt=False, add_watermarker=False)


def lcm(seed=41):
    scheduler = LCMScheduler(**SCHEDULER, original_inference_steps=50)
    return LatentConsistencyModelPipeline(
        vae=vae(seed), text_encoder=text_encoder(seed + 1), tokenizer=tokenizer(),
        unet=unet(seed + 2, 32, time_cond_proj_dim=32), scheduler=scheduler, safety_checker=None,
        feature_extractor=None, requires_safety_checker=False)

# Checkpoint files hold no configs: the widths of heads and the groups of norms are those of the public models.
CHECKPOINT = dict(channels=(64, 128), norm_num_groups=32)


def checkpoint_sd1(in_channels=4, pipeline=StableDiffusionPipeline, seed=101):
    return pipeline(
        vae=vae(seed, groups=32), text_encoder=text_encoder(seed + 1, width=64, heads=1), tokenizer=tokenizer(),
        unet=unet(seed + 2, 64, in_channels, heads=8, **CHECKPOINT),
        scheduler=PNDMScheduler(**{k: v for k, v in SCHEDULER.items() if k != "clip_sample"}, skip_prk_steps=True),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False)


def checkpoint_inpaint():
    made = checkpoint_sd1(9, StableDiffusionInpaintPipeline, seed=111)
    made.scheduler = DDIMScheduler(**SCHEDULER)
    return made


def checkpoint_sd2(seed=121):
    return StableDiffusionPipeline(
        vae=vae(seed, groups=32), text_encoder=text_encoder(seed + 1, width=64, heads=1, act="gelu"),
        tokenizer=tokenizer(pad="!"),
        unet=unet(seed + 2, 64, heads=[1, 2], linear=True, **CHECKPOINT),
        scheduler=DDIMScheduler(**SCHEDULER, prediction_type="v_prediction"), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False)


def checkpoint_sdxl(seed=131):
    parts = sdxl_parts(seed)
    parts["vae"] = vae(seed, groups=32, scaling_factor=0.13025)
    parts["text_encoder"] = text_encoder(seed + 1, width=64, heads=1)
    parts["text_encoder_2"] = text_encoder(seed + 2, width=128, heads=2, act="gelu", projection=48)
    parts["unet"] = unet(seed + 3, 192, heads=[1, 2], linear=True, addition_embed_type="text_time", addition_time_embed_dim=8,
                         projection_class_embeddings_input_dim=48 + 8 * 6, transformer_layers_per_block=[1, 2],
                         down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                         up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **CHECKPOINT)
    return StableDiffusionXLPipeline(**parts, add_watermarker=False)



MAKERS = {
    "sd1": sd1,
    "sd2": sd2,
    "sdxl": sdxl,
    "refiner": sdxl_refiner,
    "lcm": lcm,
    "sd1_tiny_vae": lambda: sd1(vae_model=tiny_vae(51), seed=52),
    "inpaint": lambda: sd1(unet_model=unet(61, 32, in_channels=9), pipeline=StableDiffusionInpaintPipeline, seed=62),
    # Four levels, a factor of 8: 72 by 104 pixels are 9 by 13 latents, which the UNet halves and doubles unevenly.
    "sd1_factor_8": lambda: sd1(vae_model=vae(91, channels=(16, 16, 32, 32)), seed=92,
                                unet_model=unet(93, 32, channels=(32, 48, 64))),
    "pix2pix": lambda: sd1(unet_model=unet(71, 32, in_channels=8), pipeline=StableDiffusionInstructPix2PixPipeline, seed=72),
    "checkpoint_sd1": checkpoint_sd1,
    "checkpoint_inpaint": checkpoint_inpaint,
    "checkpoint_sd2": checkpoint_sd2,
    "checkpoint_sdxl": checkpoint_sdxl,
}


class Library:
    """Makes each model once and saves it where Limner can load it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    @functools.lru_cache(maxsize=None)
    def pipeline(self, name):
        made = MAKERS[name]()
        made.set_progress_bar_config(disable=True)
        return made

    @functools.lru_cache(maxsize=None)
    def path(self, name):
        path = self.folder / name
        self.pipeline(name).save_pretrained(path, safe_serialization=True)
        return path


os.environ.setdefault("HF_HUB_OFFLINE", "1")
