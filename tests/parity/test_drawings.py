"""Whole pictures: every sampler, schedule, family and task beside diffusers, in f32, from the same seed."""

import os
import subprocess

import diffusers
import numpy
import pytest
from PIL import Image

import models
from compare import BUILD, assert_same_picture, generator, make_picture

PROMPT = "a red apple on a blue background"
NEGATIVE = "green, blurry"

# sampler -> the diffusers scheduler that draws the same, and what it must be told.
SCHEDULERS = {
    "ddim": ("DDIMScheduler", {}),
    "plms": ("PNDMScheduler", dict(skip_prk_steps=True)),
    "ddpm": ("DDPMScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_ancestral": ("EulerAncestralDiscreteScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "lms": ("LMSDiscreteScheduler", {}),
    "dpm_2": ("KDPM2DiscreteScheduler", {}),
    "dpm_2_ancestral": ("KDPM2AncestralDiscreteScheduler", {}),
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {}),
    "dpmpp_2m_sde": ("DPMSolverMultistepScheduler", dict(algorithm_type="sde-dpmsolver++")),
    "dpmpp_3m_sde": ("DPMSolverMultistepScheduler", dict(algorithm_type="sde-dpmsolver++", solver_order=3)),
    "dpmpp_sde": ("DPMSolverSDEScheduler", dict(noise_sampler_seed=7)),
    "uni_pc": ("UniPCMultistepScheduler", {}),
    "deis": ("DEISMultistepScheduler", {}),
    "lcm": ("LCMScheduler", {}),
    "tcd": ("TCDScheduler", {}),
}
FLAGS = {"karras": "use_karras_sigmas", "exponential": "use_exponential_sigmas", "beta": "use_beta_sigmas"}
# The schedulers that know each flag.
KNOWS = {
    "karras": {"euler", "heun", "lms", "dpm_2", "dpm_2_ancestral", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m_sde", "dpmpp_sde",
               "uni_pc", "deis"},
}
KNOWS["exponential"] = KNOWS["beta"] = KNOWS["karras"]

CASES = [(sampler, None) for sampler in SCHEDULERS] + [(s, flag) for flag in FLAGS for s in sorted(KNOWS[flag])]


def scheduler_like(base, sampler, schedule=None, **more):
    """A diffusers scheduler with `base`'s training schedule."""
    name, extra = SCHEDULERS[sampler]
    kept = {key: base.config[key] for key in ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "steps_offset",
                                              "prediction_type", "timestep_spacing") if key in base.config}
    if name == "DDPMScheduler":
        extra = dict(extra, clip_sample=False)
    if name in ("DDIMScheduler", "PNDMScheduler", "LCMScheduler", "TCDScheduler"):
        kept["set_alpha_to_one"] = False
        if name != "PNDMScheduler":
            extra = dict(extra, clip_sample=False)
    if schedule:
        extra = dict(extra, **{FLAGS[schedule]: True})
    return getattr(diffusers, name)(**{**kept, **extra, **more})


def draw_with(pipeline, scheduler, **options):
    before = pipeline.scheduler
    pipeline.scheduler = scheduler
    try:
        return pipeline(generator=generator(), **options).images[0]
    finally:
        pipeline.scheduler = before


@pytest.mark.parametrize("sampler,schedule", CASES)
def test_sampler_and_schedule(limner, library, sampler, schedule):
    pipeline = library.pipeline("sd1")
    theirs = draw_with(pipeline, scheduler_like(pipeline.scheduler, sampler, schedule), prompt=PROMPT,
                       negative_prompt=NEGATIVE, num_inference_steps=7, guidance_scale=4.0, height=64, width=64)
    options = dict(schedule=schedule) if schedule else dict(schedule="plain")
    ours = limner.generate(library.path("sd1"), PROMPT, negative=NEGATIVE, sampler=sampler, steps=7, cfg=4.0, seed=7,
                           size="64x64", **options)
    assert_same_picture(ours, theirs)


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl", "lcm", "sd1_tiny_vae"])
@pytest.mark.parametrize("width,height", [(64, 64), (40, 56)])
def test_family_with_its_own_scheduler(limner, library, family, width, height):
    guidance = 3.0
    theirs = library.pipeline(family)(PROMPT, num_inference_steps=6, guidance_scale=guidance, height=height, width=width,
                                      generator=generator()).images[0]
    ours = limner.generate(library.path(family), PROMPT, steps=6, cfg=guidance, seed=7, size=f"{width}x{height}")
    assert_same_picture(ours, theirs)


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
@pytest.mark.parametrize("prompt", ["", "a fox! ÜBER 🦊, two apples!"])
def test_prompts_of_every_kind(limner, library, family, prompt):
    theirs = library.pipeline(family)(prompt, negative_prompt="no!", num_inference_steps=4, guidance_scale=5.0, height=64,
                                      width=64, generator=generator()).images[0]
    ours = limner.generate(library.path(family), prompt, negative="no!", steps=4, cfg=5, seed=7, size="64x64")
    assert_same_picture(ours, theirs)


@pytest.mark.parametrize("width,height", [(72, 104), (104, 72), (40, 8)])
def test_odd_latents(limner, library, width, height):
    theirs = library.pipeline("sd1_factor_8")(PROMPT, num_inference_steps=5, guidance_scale=3.0, height=height, width=width,
                                              generator=generator()).images[0]
    ours = limner.generate(library.path("sd1_factor_8"), PROMPT, steps=5, cfg=3, seed=7, size=f"{width}x{height}")
    assert_same_picture(ours, theirs)


@pytest.fixture
def tiled_pipeline(library):
    pipeline = library.pipeline("sd1_factor_8")
    pipeline.vae.enable_tiling()
    # As in public models; these were not made for 512 pixels.
    pipeline.vae.tile_latent_min_size, pipeline.vae.tile_sample_min_size = 64, 512
    yield pipeline
    pipeline.vae.disable_tiling()


# 80x72 latents: four tiles, of which three are narrow.
def test_autoencoder_in_tiles(limner, library, tiled_pipeline):
    theirs = tiled_pipeline(PROMPT, num_inference_steps=2, guidance_scale=3.0, height=576, width=640, generator=generator()).images[0]
    ours = limner.generate(library.path("sd1_factor_8"), PROMPT, steps=2, cfg=3, seed=7, size="640x576", vae_tiling="on")
    assert_same_picture(ours, theirs)


def test_encoding_in_tiles(limner, library, tiled_pipeline, tmp_path):
    pipeline = diffusers.StableDiffusionImg2ImgPipeline(**tiled_pipeline.components)
    pipeline.set_progress_bar_config(disable=True)
    picture = make_picture(576, 520)
    picture.save(tmp_path / "init.png")
    theirs = pipeline(PROMPT, image=picture, strength=0.5, num_inference_steps=2, guidance_scale=1.0, generator=generator()).images[0]
    ours = limner.generate(library.path("sd1_factor_8"), PROMPT, init=tmp_path / "init.png", strength=0.5, steps=2, cfg=1, seed=7,
                           vae_tiling="on")
    assert_same_picture(ours, theirs)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_no_guidance(limner, library, family):
    theirs = library.pipeline(family)(PROMPT, num_inference_steps=5, guidance_scale=1.0, height=64, width=64,
                                      generator=generator()).images[0]
    assert_same_picture(limner.generate(library.path(family), PROMPT, steps=5, cfg=1, seed=7, size="64x64"), theirs)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
def test_prediction_and_spacing(limner, library, tmp_path, prediction, spacing):
    pipeline = library.pipeline("sd1")
    scheduler = scheduler_like(pipeline.scheduler, "euler", prediction_type=prediction, timestep_spacing=spacing)
    theirs = draw_with(pipeline, scheduler, prompt=PROMPT, num_inference_steps=6, guidance_scale=3.0, height=64, width=64)
    path = with_scheduler(library, "sd1", scheduler, tmp_path)
    assert_same_picture(limner.generate(path, PROMPT, steps=6, cfg=3, seed=7, size="64x64"), theirs)


def with_scheduler(library, name, scheduler, folder):
    """The saved model `name` with another scheduler: links beside its own files."""
    import json

    source = library.path(name)
    target = folder / "model"
    target.mkdir()
    for part in source.iterdir():
        if part.name not in ("scheduler", "model_index.json"):
            (target / part.name).symlink_to(part)
    index = json.loads((source / "model_index.json").read_text())
    index["scheduler"] = ["diffusers", type(scheduler).__name__]
    (target / "model_index.json").write_text(json.dumps(index))
    scheduler.save_pretrained(target / "scheduler")
    return target


@pytest.mark.parametrize("sampler", ["ddim", "euler"])
def test_zero_terminal_snr_and_rescale(limner, library, tmp_path, sampler):
    pipeline = library.pipeline("sd1")
    scheduler = scheduler_like(pipeline.scheduler, sampler, prediction_type="v_prediction", timestep_spacing="trailing",
                               rescale_betas_zero_snr=True)
    theirs = draw_with(pipeline, scheduler, prompt=PROMPT, num_inference_steps=6, guidance_scale=5.0, guidance_rescale=0.7,
                       height=64, width=64)
    path = with_scheduler(library, "sd1", scheduler, tmp_path)
    ours = limner.generate(path, PROMPT, steps=6, cfg=5, guidance_rescale=0.7, seed=7, size="64x64")
    assert_same_picture(ours, theirs)


def test_ddim_eta(limner, library):
    theirs = library.pipeline("sd1")(PROMPT, num_inference_steps=6, guidance_scale=3.0, eta=0.6, height=64, width=64,
                                     generator=generator()).images[0]
    assert_same_picture(limner.generate(library.path("sd1"), PROMPT, steps=6, cfg=3, eta=0.6, seed=7, size="64x64"), theirs)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_clip_skip(limner, library, family):
    theirs = library.pipeline(family)(PROMPT, negative_prompt=NEGATIVE, num_inference_steps=5, guidance_scale=3.0, clip_skip=1,
                                      height=64, width=64, generator=generator()).images[0]
    ours = limner.generate(library.path(family), PROMPT, negative=NEGATIVE, steps=5, cfg=3, clip_skip=2, seed=7, size="64x64")
    assert_same_picture(ours, theirs)


def test_sdxl_sizes_and_empty_negative(limner, library):
    theirs = library.pipeline("sdxl")(PROMPT, negative_prompt="", num_inference_steps=5, guidance_scale=4.0, height=64,
                                      width=64, original_size=(256, 128), crops_coords_top_left=(8, 16),
                                      generator=generator()).images[0]
    ours = limner.generate(library.path("sdxl"), PROMPT, negative="", steps=5, cfg=4, seed=7, size="64x64",
                           original_height=256, original_width=128, crop_top=8, crop_left=16)
    assert_same_picture(ours, theirs)


@pytest.mark.parametrize("family,sampler", [("sd1", "ddim"), ("sd1", "euler_ancestral"), ("sd1", "heun"), ("sd1", "lms"), ("sdxl", "euler"),
                                            ("sd1_tiny_vae", "dpmpp_2m"), ("refiner", "euler"), ("lcm", "lcm")])
@pytest.mark.parametrize("strength", [0.3, 0.75, 1.0])
def test_image_to_image(limner, library, tmp_path, family, sampler, strength):
    source = library.pipeline(family)
    kind = {"sdxl": diffusers.StableDiffusionXLImg2ImgPipeline, "refiner": diffusers.StableDiffusionXLImg2ImgPipeline,
            "lcm": diffusers.LatentConsistencyModelImg2ImgPipeline}.get(family, diffusers.StableDiffusionImg2ImgPipeline)
    pipeline = kind(**source.components) if family != "refiner" else source
    pipeline.set_progress_bar_config(disable=True)
    picture = make_picture(64, 48)
    picture.save(tmp_path / "init.png")
    scheduler = source.scheduler if family in ("lcm", "refiner") else scheduler_like(source.scheduler, sampler)
    theirs = draw_with(pipeline, scheduler, prompt=PROMPT, image=picture, strength=strength, num_inference_steps=8,
                       guidance_scale=3.0)
    options = {} if family in ("lcm", "refiner") else dict(sampler=sampler, schedule="plain")
    ours = limner.generate(library.path(family), PROMPT, init=tmp_path / "init.png", strength=strength, steps=8, cfg=3, seed=7,
                           **options)
    assert_same_picture(ours, theirs)


def half_mask(width, height):
    mask = numpy.zeros((height, width), dtype=numpy.uint8)
    mask[height // 4 : height // 4 * 3, width // 2 :] = 255
    return Image.fromarray(mask)


@pytest.mark.parametrize("family,sampler", [("sd1", "ddim"), ("sd1", "euler_ancestral"), ("sd1", "heun"), ("sd1", "lms"), ("sdxl", "euler"),
                                            ("inpaint", "ddim"), ("inpaint", "dpmpp_2m")])
@pytest.mark.parametrize("strength", [0.6, 1.0])
def test_inpainting(limner, library, tmp_path, family, sampler, strength):
    source = library.pipeline(family)
    kind = diffusers.StableDiffusionXLInpaintPipeline if family == "sdxl" else diffusers.StableDiffusionInpaintPipeline
    parts = dict(source.components)
    pipeline = kind(**parts) if family != "inpaint" else source
    pipeline.set_progress_bar_config(disable=True)
    picture, mask = make_picture(64, 64), half_mask(64, 64)
    picture.save(tmp_path / "init.png")
    mask.save(tmp_path / "mask.png")
    theirs = draw_with(pipeline, scheduler_like(source.scheduler, sampler), prompt=PROMPT, image=picture, mask_image=mask,
                       strength=strength, num_inference_steps=8, guidance_scale=3.0, height=64, width=64)
    ours = limner.generate(library.path(family), PROMPT, init=tmp_path / "init.png", mask=tmp_path / "mask.png",
                           strength=strength, steps=8, cfg=3, seed=7, sampler=sampler, schedule="plain")
    assert_same_picture(ours, theirs)


@pytest.mark.parametrize("guidance,image_guidance", [(5.0, 1.5), (3.0, 1.0), (1.0, 1.5)])
def test_instruct_pix2pix(limner, library, tmp_path, guidance, image_guidance):
    pipeline = library.pipeline("pix2pix")
    picture = make_picture(64, 64)
    picture.save(tmp_path / "init.png")
    theirs = pipeline(PROMPT, image=picture, num_inference_steps=6, guidance_scale=guidance,
                      image_guidance_scale=image_guidance, generator=generator()).images[0]
    ours = limner.generate(library.path("pix2pix"), PROMPT, init=tmp_path / "init.png", steps=6, cfg=guidance,
                           image_guidance=image_guidance, seed=7)
    assert_same_picture(ours, theirs)


@pytest.fixture(scope="module")
def nets(library, tmp_path_factory):
    folder = tmp_path_factory.mktemp("controlnets")
    made = []
    for seed in (81, 82):
        net = models.controlnet(seed, library.pipeline("sd1").unet)
        net.save_pretrained(folder / str(seed), safe_serialization=True)
        made.append((net, folder / str(seed)))
    return made


@pytest.mark.parametrize("count,scales,start,end", [(1, [1.0], 0.0, 1.0), (1, [0.6], 0.2, 0.7), (2, [0.8, 0.4], 0.0, 1.0)])
def test_controlnet(limner, library, nets, tmp_path, count, scales, start, end):
    source = library.pipeline("sd1")
    chosen = nets[:count]
    pictures = [make_picture(64, 64, seed=i) for i in range(count)]
    for i, picture in enumerate(pictures):
        picture.save(tmp_path / f"control{i}.png")
    parts = {key: value for key, value in source.components.items()}
    pipeline = diffusers.StableDiffusionControlNetPipeline(
        **parts, controlnet=[net for net, _ in chosen] if count > 1 else chosen[0][0], requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    theirs = pipeline(PROMPT, image=pictures if count > 1 else pictures[0], num_inference_steps=6, guidance_scale=3.0,
                      controlnet_conditioning_scale=scales if count > 1 else scales[0],
                      control_guidance_start=[start] * count if count > 1 else start,
                      control_guidance_end=[end] * count if count > 1 else end, height=64, width=64,
                      generator=generator()).images[0]
    ours = limner.generate(library.path("sd1"), PROMPT, steps=6, cfg=3, seed=7, size="64x64",
                           controlnet=[path for _, path in chosen],
                           control_image=[tmp_path / f"control{i}.png" for i in range(count)], control_scale=scales,
                           control_start=start, control_end=end)
    assert_same_picture(ours, theirs)


def test_each_picture_of_a_batch_has_its_own_seed(limner, library, tmp_path):
    pipeline = library.pipeline("sd1")
    subprocess.run([BUILD / "limner", "generate", PROMPT, "--no-sign", "--model", library.path("sd1"), "--dtype", "f32", "-q", "-n", "3",
                    "--steps", "6", "--cfg", "3", "--seed", "7", "--sampler", "euler_ancestral", "--size", "64x64", "-o",
                    tmp_path / "out.png"], check=True, capture_output=True)
    scheduler = scheduler_like(pipeline.scheduler, "euler_ancestral")
    for i in range(3):
        before, pipeline.scheduler = pipeline.scheduler, scheduler
        theirs = pipeline(PROMPT, num_inference_steps=6, guidance_scale=3.0, height=64, width=64,
                          generator=generator(7 + i)).images[0]
        pipeline.scheduler = before
        assert_same_picture(Image.open(tmp_path / f"out-{i + 1}.png").convert("RGB"), theirs)


def test_several_seeds_in_one_reference_batch(limner, library):
    """diffusers with a list of generators draws what Limner draws one by one."""
    pipeline = library.pipeline("sd1")
    theirs = pipeline([PROMPT] * 2, num_inference_steps=5, guidance_scale=3.0, height=64, width=64,
                      generator=[generator(7), generator(8)]).images
    for seed, picture in zip((7, 8), theirs):
        assert_same_picture(limner.generate(library.path("sd1"), PROMPT, steps=5, cfg=3, seed=seed, size="64x64"), picture)


@pytest.mark.parametrize("index", range(3))
def test_default_model_draws_its_reference(limner, index):
    """The pictures that came with the default model: DDIM, 20 steps, guidance 3, seed 0."""
    import json

    from PIL import Image
    from safetensors.torch import load_file

    folder = models.ROOT / "models" / "limner-tiny"
    prompt = json.loads((folder / "reference.json").read_text())["prompts"][index]
    values = load_file(folder / "reference.safetensors")["ddim20_pictures"][index]
    theirs = Image.fromarray(((values / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy())
    assert_same_picture(limner.generate(folder, prompt, steps=20, cfg=3, seed=0), theirs)


@pytest.mark.parametrize("name", ["sd1", "inpaint", "pix2pix"])
def test_weights_of_every_kind_of_model_are_kept(library, tmp_path, name):
    """Those that draw over a picture are given a grey one."""
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run([BUILD / "limner", "model", "pack", library.path(name), "--dtype", "f32"], check=True, env=environment)
    assert len(list((tmp_path / "limner/packed").iterdir())) == 3
