"""The forms in which models come - precisions, shards, single files, names of other releases - beside diffusers."""

import pathlib
import shutil
import subprocess

import pytest
import torch
from diffusers import StableDiffusionControlNetPipeline
from PIL import Image
from safetensors.torch import load_file, save_file

import ldm_names
import models
from compare import BUILD, assert_same_picture, generator, make_picture, psnr
from test_adapters import DEFAULT_MODEL, kohya_sdxl, write_lora
from test_drawings import PROMPT, half_mask, scheduler_like

SIZE = dict(height=64, width=64)


def draw(pipeline, **options):
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(PROMPT, num_inference_steps=5, guidance_scale=10.0, generator=generator(), **{**SIZE, **options}).images[0]


def draw_ours(limner, model, **options):
    return limner.generate(model, PROMPT, **{**dict(steps=5, cfg=10, seed=7, size="64x64"), **options})


def reloaded(library, name, **options):
    return type(library.pipeline(name)).from_pretrained(library.path(name), **options)


# Folders

@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_half_precision(limner, library, tmp_path, family, dtype):
    reloaded(library, family, torch_dtype=dtype).save_pretrained(tmp_path)
    theirs = draw(type(library.pipeline(family)).from_pretrained(tmp_path, torch_dtype=torch.float32))
    assert_same_picture(draw_ours(limner, tmp_path), theirs)


def test_shards(limner, library, tmp_path):
    library.pipeline("sd1").save_pretrained(tmp_path, max_shard_size="100KB")
    assert len(list((tmp_path / "unet").glob("*.safetensors"))) > 2
    assert_same_picture(draw_ours(limner, tmp_path), draw(library.pipeline("sd1")))


def test_variant(limner, library, tmp_path):
    reloaded(library, "sd1", torch_dtype=torch.float16).save_pretrained(tmp_path, variant="fp16")
    assert (tmp_path / "unet" / "diffusion_pytorch_model.fp16.safetensors").exists()
    theirs = draw(type(library.pipeline("sd1")).from_pretrained(tmp_path, variant="fp16", torch_dtype=torch.float32))
    assert_same_picture(draw_ours(limner, tmp_path), theirs)


def copied(library, name, folder):
    return shutil.copytree(library.path(name), folder / "model")


@pytest.mark.parametrize("family", ["sd1", "sd2"])
@pytest.mark.parametrize("kept", ["tokenizer.json", "vocab.json and merges.txt"])
def test_tokenizer(limner, library, tmp_path, family, kept):
    path = copied(library, family, tmp_path)
    folder = path / "tokenizer"
    for name in ("vocab.json", "merges.txt"):
        (folder / name).unlink(missing_ok=True)
        if name in kept:
            shutil.copy(models.TOKENIZER / name, folder)
    if kept != "tokenizer.json":
        (folder / "tokenizer.json").unlink(missing_ok=True)
    assert all((folder / name).exists() for name in kept.split(" and "))
    assert_same_picture(draw_ours(limner, path), draw(library.pipeline(family)))


def rewrite(path, rename):
    """Renames the tensors of a component's weights."""
    file = next(path.glob("*.safetensors"))
    save_file({rename(name): value for name, value in load_file(file).items()}, file, metadata={"format": "pt"})


@pytest.mark.parametrize("family,encoder", [("sd1", "text_encoder"), ("sdxl", "text_encoder_2")])
def test_text_encoder_without_prefix(limner, library, tmp_path, family, encoder):
    """Some releases of transformers leave "text_model." away."""
    path = copied(library, family, tmp_path)
    rewrite(path / encoder, lambda name: name.removeprefix("text_model."))
    assert_same_picture(draw_ours(limner, path), draw(library.pipeline(family)))


OLD_ATTENTION = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def test_older_names_of_the_autoencoder(limner, library, tmp_path):
    path = copied(library, "sd1", tmp_path)

    def rename(name):
        for new, old in OLD_ATTENTION.items():
            name = name.replace(f"attentions.0.{new}.", f"attentions.0.{old}.")
        return name

    rewrite(path / "vae", rename)
    assert_same_picture(draw_ours(limner, path), draw(library.pipeline("sd1")))


@pytest.mark.parametrize("form", ["folder", "pipeline", "tiny", "checkpoint"])
def test_another_autoencoder(limner, library, tmp_path, form):
    vae = models.tiny_vae(203) if form == "tiny" else models.vae(201, groups=32)
    pipeline = reloaded(library, "sd1", vae=vae)
    path = tmp_path / "vae"
    if form == "pipeline":
        pipeline.save_pretrained(path)
    elif form == "checkpoint":
        path = tmp_path / "vae.safetensors"
        save(ldm_names.vae_weights(vae), path)
    else:
        vae.save_pretrained(path)
    theirs = draw(pipeline)
    assert psnr(theirs, draw(library.pipeline("sd1"))) < 30
    assert_same_picture(draw_ours(limner, library.path("sd1"), vae=path), theirs)


# Single files

def save(weights, path, **more):
    save_file({name: value.clone().contiguous() for name, value in weights.items()}, path, **more)


def below(prefix, weights):
    return {prefix + name: value for name, value in weights.items()}


def checkpoint_weights(pipeline):
    """Every weight of the pipeline under the names of the original code."""
    unet, second = pipeline.unet, getattr(pipeline, "text_encoder_2", None)
    unet_weights = {ldm_names.unet_name(name, unet.config): value for name, value in unet.state_dict().items()}
    weights = below("model.diffusion_model.", unet_weights)
    weights |= below("first_stage_model.", ldm_names.vae_weights(pipeline.vae))
    first = pipeline.text_encoder
    if second is not None:
        weights |= below("conditioner.embedders.0.transformer.", first.state_dict())
        weights |= below("conditioner.embedders.1.model.", ldm_names.open_clip_weights(second))
    elif first.config.hidden_act == "gelu":
        weights |= below("cond_stage_model.model.", ldm_names.open_clip_weights(first))
    else:
        weights |= below("cond_stage_model.transformer.", first.state_dict())
        # What training leaves behind.
        weights |= {"cond_stage_model.transformer.text_model.embeddings.position_ids": torch.arange(32)[None],
                    "model_ema.decay": torch.tensor(0.9999), "betas": torch.linspace(0.00085, 0.012, 1000)}
    return weights


def write_checkpoint(pipeline, folder, extra={}):
    """The checkpoint, and beside it the tokenizers: the tiny models' vocabulary is not CLIP's."""
    path = folder / "checkpoint.safetensors"
    save(checkpoint_weights(pipeline) | extra, path)
    for name in ("tokenizer", "tokenizer_2"):
        if getattr(pipeline, name, None) is not None:
            getattr(pipeline, name).save_pretrained(folder / name)
    return path


@pytest.mark.parametrize("sampler", [None, "dpmpp_2m"])
@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_checkpoint(limner, library, tmp_path, family, sampler):
    pipeline = reloaded(library, f"checkpoint_{family}")
    path = write_checkpoint(pipeline, tmp_path)
    options = {}
    if sampler:
        pipeline.scheduler = scheduler_like(pipeline.scheduler, sampler)
        options = dict(sampler=sampler, schedule="plain")
    assert_same_picture(draw_ours(limner, path, **options), draw(pipeline))


@pytest.mark.parametrize("name", ["sd1", "sdxl"])
def test_checkpoint_in_half_precision(limner, library, tmp_path, name):
    pipeline = reloaded(library, f"checkpoint_{name}", torch_dtype=torch.float16)
    path = write_checkpoint(pipeline, tmp_path)
    assert_same_picture(draw_ours(limner, path), draw(pipeline.to(torch.float32)))


def test_checkpoint_for_inpainting(limner, library, tmp_path):
    pipeline = library.pipeline("checkpoint_inpaint")
    path = write_checkpoint(pipeline, tmp_path)
    picture, mask = make_picture(64, 64), half_mask(64, 64)
    picture.save(tmp_path / "init.png")
    mask.save(tmp_path / "mask.png")
    theirs = draw(pipeline, image=picture, mask_image=mask, strength=1.0)
    ours = draw_ours(limner, path, init=tmp_path / "init.png", mask=tmp_path / "mask.png", strength=1)
    assert_same_picture(ours, theirs)


@pytest.mark.parametrize("marks,says", [
    (["v_pred"], dict(prediction_type="v_prediction")),
    (["v_pred", "ztsnr"], dict(prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing"))])
def test_checkpoint_that_says_how_it_was_trained(limner, library, tmp_path, marks, says):
    pipeline = reloaded(library, "checkpoint_sdxl")
    path = write_checkpoint(pipeline, tmp_path, {mark: torch.zeros(0) for mark in marks})
    pipeline.scheduler = scheduler_like(pipeline.scheduler, "euler", **says)
    assert_same_picture(draw_ours(limner, path), draw(pipeline))


def test_lora_over_a_checkpoint(limner, library, tmp_path):
    pipeline = reloaded(library, "checkpoint_sdxl")
    path = write_checkpoint(pipeline, tmp_path)
    lora = write_lora(tmp_path / "lora.safetensors", kohya_sdxl, pipeline)
    before = draw(pipeline)
    pipeline.load_lora_weights(str(lora))
    theirs = draw(pipeline)
    assert psnr(theirs, before) < 40
    assert_same_picture(draw_ours(limner, path, lora=lora), theirs)


def test_controlnet_of_the_original_names(limner, library, tmp_path):
    # A ControlNet's file does not say whose it is: the width of the text, here SD 1.x's, decides.
    source = models.sd1(models.unet(212, 768, heads=8, **models.CHECKPOINT), seed=213)
    source.register_modules(text_encoder=models.text_encoder(214, width=768, layers=1))
    net = models.controlnet(211, source.unet)
    weights = {ldm_names.controlnet_name(name, net.config): value for name, value in net.state_dict().items()}
    source.save_pretrained(tmp_path / "model")
    save(below("control_model.", weights), tmp_path / "control.safetensors")
    picture = make_picture(64, 64)
    picture.save(tmp_path / "control.png")
    pipeline = StableDiffusionControlNetPipeline(**source.components, controlnet=net, requires_safety_checker=False)
    theirs = draw(pipeline, image=picture)
    ours = draw_ours(limner, tmp_path / "model", controlnet=tmp_path / "control.safetensors",
                     control_image=tmp_path / "control.png")
    assert_same_picture(ours, theirs)


# bf16

DRAWN = ["a 3d render of a fox on a blue background", "a flat drawing of two cats", "a green car on a white background",
         "a red circle to the left of a blue square", "three small yellow stars on a dark blue background",
         "a 3d render of a castle on a pink gradient background", "a flat drawing of a purple octopus",
         "a large snowman in the bottom left corner on a cyan background"]


def bf16_is_there():
    return "avx512_bf16" in pathlib.Path("/proc/cpuinfo").read_text()


@pytest.mark.skipif(not bf16_is_there(), reason="this processor does not compute bf16")
@pytest.mark.parametrize("prompt", DRAWN)
def test_bf16_is_near_f32(tmp_path, prompt):
    made = []
    for dtype in ("f32", "bf16"):
        out = tmp_path / f"{dtype}.png"
        subprocess.run([BUILD / "limner", "generate", prompt, "--no-sign", "--model", DEFAULT_MODEL, "--dtype", dtype, "--sampler",
                        "dpmpp_2m", "--steps", "20", "--cfg", "3", "--seed", "1", "-q", "-o", out], check=True)
        made.append(Image.open(out).convert("RGB"))
    assert_same_picture(*made, least=30)
