"""What is laid over a model - LoRA files, embeddings, ControlNets - and what the prompt and the noise can say, beside
diffusers."""

import math
import re
import subprocess

import diffusers
import numpy
import pytest
import torch
from safetensors.torch import save_file

import ldm_names
import models
from compare import BUILD, assert_same_picture, generator, make_picture, psnr
from test_drawings import NEGATIVE, PROMPT, half_mask, scheduler_like

SIZE = dict(height=64, width=64)
DEFAULT_MODEL = models.ROOT / "models" / "limner-tiny"


@pytest.fixture(scope="module")
def trained():
    """The default model: random networks hardly hear what a prompt says, this one does."""
    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(DEFAULT_MODEL, torch_dtype=torch.float32)
    pipeline.scheduler = scheduler_like(pipeline.scheduler, "ddim")
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def fresh(library, name):
    """The model `name` as a pipeline of its own, to be changed."""
    pipeline = type(library.pipeline(name)).from_pretrained(library.path(name))
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw(pipeline, prompt=PROMPT, steps=6, guidance=5.0, **options):
    options = {"generator": generator(), **SIZE, **options}
    return pipeline(prompt, num_inference_steps=steps, guidance_scale=guidance, **options).images[0]


def draw_ours(limner, model, prompt=PROMPT, **options):
    return limner.generate(model, prompt, **{**dict(steps=6, cfg=5, seed=7, size="64x64"), **options})


def assert_changes(picture, before):
    """An adapter that changes nothing would agree with an engine that ignores it."""
    assert psnr(picture, before) < 40, "the reference hardly changed: it proves nothing"


# LoRA

ATTENTION = r"attn[12]\.to_|ff\.net|attentions\.\d\.proj_"
CONVOLUTIONS = r"resnets\.\d\.(conv|time_emb_proj)|samplers|attn1\.to_q"
TEXT = r"self_attn|mlp"


def low_rank(model, chosen, rank=4, size=0.25):
    """(module's name, down, up) for each chosen linear map and convolution."""
    for name, module in model.named_modules():
        if not re.search(chosen, name) or not isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            continue
        weight = module.weight
        down = torch.randn(rank, *weight.shape[1:]) * size / math.sqrt(weight[0].numel())
        up = torch.randn(weight.shape[0], rank, *[1] * (weight.dim() - 2))
        yield name, down, up


def kohya(prefix, model, chosen, alpha=2.0, name_of=lambda name: name):
    file = {}
    for name, down, up in low_rank(model, chosen):
        key = prefix + name_of(name).replace(".", "_")
        file |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up, f"{key}.alpha": torch.tensor(alpha)}
    return file


def peft(prefix, model, chosen):
    file = {}
    for name, down, up in low_rank(model, chosen):
        file |= {f"{prefix}.{name}.lora_A.weight": down, f"{prefix}.{name}.lora_B.weight": up}
    return file


def kohya_sd1(pipeline):
    return kohya("lora_unet_", pipeline.unet, ATTENTION) | kohya("lora_te_", pipeline.text_encoder, TEXT)


def kohya_sdxl(pipeline, chosen=ATTENTION):
    """As kohya's trainer writes it: the UNet's modules by their original names."""
    original = lambda name: ldm_names.unet_name(name, pipeline.unet.config)
    return (kohya("lora_unet_", pipeline.unet, chosen, name_of=original)
            | kohya("lora_te1_", pipeline.text_encoder, TEXT) | kohya("lora_te2_", pipeline.text_encoder_2, TEXT))


def peft_sd1(pipeline):
    return peft("unet", pipeline.unet, ATTENTION) | peft("text_encoder", pipeline.text_encoder, TEXT)


def peft_sdxl(pipeline):
    return peft_sd1(pipeline) | peft("text_encoder_2", pipeline.text_encoder_2, TEXT)


def locon_sd1(pipeline):
    return kohya("lora_unet_", pipeline.unet, CONVOLUTIONS, alpha=1.0)


def locon_sdxl(pipeline):
    return kohya_sdxl(pipeline, CONVOLUTIONS)


def write_lora(path, make, pipeline, seed=5):
    torch.manual_seed(seed)
    save_file({key: value.contiguous() for key, value in make(pipeline).items()}, path)
    return path


@pytest.mark.parametrize("family,make,weight", [
    ("sd1", kohya_sd1, 1.0), ("sd1", kohya_sd1, 0.6), ("sd1", peft_sd1, 1.0), ("sd1", locon_sd1, 0.8),
    ("sdxl", kohya_sdxl, 1.0), ("sdxl", peft_sdxl, 0.7), ("sdxl", locon_sdxl, 1.0)])
def test_lora(limner, library, tmp_path, family, make, weight):
    path = write_lora(tmp_path / "lora.safetensors", make, library.pipeline(family))
    pipeline = fresh(library, family)
    before = draw(pipeline)
    pipeline.load_lora_weights(str(path), adapter_name="one")
    pipeline.set_adapters(["one"], [weight])
    theirs = draw(pipeline)
    assert_changes(theirs, before)
    assert_same_picture(draw_ours(limner, library.path(family), lora=f"{path}:{weight}"), theirs)


@pytest.mark.parametrize("weights", [(0.8, 0.5), (1.0, -0.6)])
def test_two_loras(limner, library, tmp_path, weights):
    pipeline = fresh(library, "sd1")
    before = draw(pipeline)
    paths = [write_lora(tmp_path / f"{i}.safetensors", make, library.pipeline("sd1"), seed=i)
             for i, make in enumerate((kohya_sd1, peft_sd1))]
    for i, path in enumerate(paths):
        pipeline.load_lora_weights(str(path), adapter_name=f"n{i}")
    pipeline.set_adapters(["n0", "n1"], list(weights))
    theirs = draw(pipeline)
    assert_changes(theirs, before)
    ours = draw_ours(limner, library.path("sd1"), lora=[f"{path}:{weight}" for path, weight in zip(paths, weights)])
    assert_same_picture(ours, theirs)


def generate(model, *words):
    return subprocess.run([BUILD / "limner", "generate", PROMPT, "--no-sign", "--model", model, "--dtype", "f32", "--steps", "2", "--size",
                           "64x64", *words], capture_output=True, text=True, timeout=120)


def test_lora_of_another_model_is_refused(library, tmp_path):
    path = tmp_path / "other.safetensors"
    module = "transformer.blocks.0"
    save_file({f"{module}.lora_A.weight": torch.zeros(4, 8), f"{module}.lora_B.weight": torch.zeros(8, 4)}, path)
    run = generate(library.path("sd1"), "--lora", path, "-o", tmp_path / "out.png")
    assert run.returncode == 2 and "none of the 1 keys" in run.stderr and not (tmp_path / "out.png").exists()


def test_lora_of_which_a_part_matches_names_the_rest(library, tmp_path):
    path = tmp_path / "mixed.safetensors"
    torch.manual_seed(5)
    strange = {"lora_unet_no_such_module.lora_down.weight": torch.zeros(4, 8),
               "lora_unet_no_such_module.lora_up.weight": torch.zeros(8, 4)}
    save_file(kohya_sd1(library.pipeline("sd1")) | strange, path)
    run = generate(library.path("sd1"), "--lora", path, "-o", tmp_path / "out.png")
    assert run.returncode == 0 and "1 keys match nothing" in run.stderr and "lora_unet_no_such_module" in run.stderr


# Textual inversion

TOKEN = "<thing>"
WITH_TOKEN = f"a {TOKEN} on a blue background"


def vectors(count, width, seed):
    torch.manual_seed(seed)
    made = torch.randn(count, width) * 0.5
    return made[0] if count == 1 else made


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("style", ["diffusers", "a1111"])
def test_embedding(limner, library, tmp_path, count, style):
    key = {"diffusers": TOKEN, "a1111": "emb_params"}[style]
    path = tmp_path / f"{TOKEN}.safetensors"
    made = vectors(count, 32, seed=9)
    save_file({key: made if style == "diffusers" else made.reshape(count, 32)}, path)
    pipeline = fresh(library, "sd1")
    before = draw(pipeline, WITH_TOKEN)
    pipeline.load_textual_inversion({TOKEN: made}, token=TOKEN)
    theirs = draw(pipeline, WITH_TOKEN, negative_prompt=TOKEN)
    assert_changes(theirs, before)
    assert_same_picture(draw_ours(limner, library.path("sd1"), WITH_TOKEN, negative=TOKEN, embedding=path), theirs)


@pytest.mark.parametrize("count", [1, 3])
def test_embedding_of_two_encoders(limner, library, tmp_path, count):
    path = tmp_path / f"{TOKEN}.safetensors"
    save = {"clip_l": vectors(count, 32, 9).reshape(count, 32), "clip_g": vectors(count, 48, 10).reshape(count, 48)}
    save_file(save, path)
    pipeline = fresh(library, "sdxl")
    before = draw(pipeline, WITH_TOKEN)
    for name, suffix in (("clip_l", ""), ("clip_g", "_2")):
        pipeline.load_textual_inversion({TOKEN: save[name]}, token=TOKEN, tokenizer=getattr(pipeline, "tokenizer" + suffix),
                                        text_encoder=getattr(pipeline, "text_encoder" + suffix))
    theirs = draw(pipeline, WITH_TOKEN)
    assert_changes(theirs, before)
    assert_same_picture(draw_ours(limner, library.path("sdxl"), WITH_TOKEN, embedding=path), theirs)


# ControlNet with a picture to start from

@pytest.fixture(scope="module")
def control(library, tmp_path_factory):
    """A ControlNet for each shape of UNet, and where it lies."""
    folder = tmp_path_factory.mktemp("control")
    made = {}
    for family, seed in (("sd1", 81), ("sdxl", 83)):
        net = models.controlnet(seed, library.pipeline(family).unet)
        net.save_pretrained(folder / family, safe_serialization=True)
        made[family] = (net, folder / family)
    return made


def controlled(kind, source, net):
    pipeline = kind(**source.components, controlnet=net)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def pictures(folder):
    """A picture to start from, one to follow, and a mask, saved under those names."""
    made = dict(init=make_picture(64, 64), control=make_picture(64, 64, seed=4), mask=half_mask(64, 64))
    for name, picture in made.items():
        picture.save(folder / f"{name}.png")
    return made


@pytest.mark.parametrize("family,task", [("sd1", "text"), ("sd1", "picture"), ("sd1", "mask"), ("inpaint", "mask"),
                                         ("lcm", "text"), ("sdxl", "text"), ("sdxl", "picture"), ("sdxl", "mask")])
def test_controlnet(limner, library, control, tmp_path, family, task):
    kinds = {("sd1", "text"): diffusers.StableDiffusionControlNetPipeline,
             ("sd1", "picture"): diffusers.StableDiffusionControlNetImg2ImgPipeline,
             ("sd1", "mask"): diffusers.StableDiffusionControlNetInpaintPipeline,
             ("inpaint", "mask"): diffusers.StableDiffusionControlNetInpaintPipeline,
             ("lcm", "text"): diffusers.StableDiffusionControlNetPipeline,
             ("sdxl", "text"): diffusers.StableDiffusionXLControlNetPipeline,
             ("sdxl", "picture"): diffusers.StableDiffusionXLControlNetImg2ImgPipeline,
             ("sdxl", "mask"): diffusers.StableDiffusionXLControlNetInpaintPipeline}
    net, path = control["sdxl" if family == "sdxl" else "sd1"]
    pipeline = controlled(kinds[family, task], library.pipeline(family), net)
    made = pictures(tmp_path)
    theirs, ours = dict(image=made["control"]), {}
    if task != "text":
        theirs = dict(image=made["init"], control_image=made["control"], strength=0.7)
        ours = dict(init=tmp_path / "init.png", strength=0.7)
    if task == "mask":
        theirs |= dict(mask_image=made["mask"])
        ours |= dict(mask=tmp_path / "mask.png")
    scale = dict(controlnet_conditioning_scale=0.8)
    picture = draw(pipeline, **theirs, **scale)
    assert_changes(picture, draw(pipeline, **theirs, controlnet_conditioning_scale=0.0))
    assert_same_picture(draw_ours(limner, library.path(family), controlnet=path, control_image=tmp_path / "control.png",
                                  control_scale=0.8, **ours), picture)


def test_controlnet_of_another_unet_is_refused(library, control, tmp_path):
    make_picture(64, 64).save(tmp_path / "control.png")
    models.controlnet(85, models.unet(86, 32, channels=(32, 48))).save_pretrained(tmp_path / "net")
    for path in (tmp_path / "net", control["sdxl"][1]):
        run = generate(library.path("sd1"), "--controlnet", path, "--control-image", tmp_path / "control.png")
        assert run.returncode == 2 and "is made for another UNet" in run.stderr


# Prompts

def test_prompt_beyond_the_window_is_cut(limner, library):
    prompt = PROMPT + (" with two green cats and a yellow star beside seven small houses under the moon and more and more "
                       "things than any window holds")
    for family in ("sd1", "sdxl"):
        assert len(library.pipeline(family).tokenizer(prompt).input_ids) > 33
        theirs = draw(library.pipeline(family), prompt)
        assert_same_picture(draw_ours(limner, library.path(family), prompt), theirs)


def ids_of(tokenizer, text):
    return tokenizer(text, add_special_tokens=False).input_ids


def states(tokenizer, encoder, pieces, layer=None):
    """A1111's reading of one window: (text, weight) pieces, each token's state scaled, the mean restored. -> [1, 32, width]"""
    ids, weights = [tokenizer.bos_token_id], [1.0]
    for text, weight in pieces:
        new = ids_of(tokenizer, text) if isinstance(text, str) else text
        ids += new
        weights += [weight] * len(new)
    ids.append(tokenizer.eos_token_id)
    assert len(ids) <= 32
    ids += [tokenizer.pad_token_id] * (32 - len(ids))
    weights += [1.0] * (32 - len(weights))
    output = encoder(torch.tensor([ids]), output_hidden_states=True)
    hidden = output.last_hidden_state if layer is None else output.hidden_states[layer]
    scaled = hidden * torch.tensor(weights)[None, :, None]
    return scaled * (hidden.mean() / scaled.mean()), output


def context(pipeline, *windows):
    """The states of windows of SD 1.x, one after another."""
    return torch.cat([states(pipeline.tokenizer, pipeline.text_encoder, window)[0] for window in windows], 1)


WEIGHTED = "a (red:1.5) apple on a [[blue]] ((background))"
PIECES = [("a", 1.0), ("red", 1.5), ("apple on a", 1.0), ("blue", 1 / 1.1**2), ("background", 1.1**2)]


def test_weights(limner, trained):
    theirs = draw(trained, None, prompt_embeds=context(trained, PIECES), negative_prompt_embeds=context(trained, [("", 1.0)]))
    assert_changes(theirs, draw(trained))
    ours = draw_ours(limner, DEFAULT_MODEL, WEIGHTED, prompt_syntax="a1111")
    assert_same_picture(ours, theirs)


def test_weights_of_two_encoders(limner, library):
    pipeline = library.pipeline("sdxl")

    def both(pieces):
        first, _ = states(pipeline.tokenizer, pipeline.text_encoder, pieces, -2)
        second, output = states(pipeline.tokenizer_2, pipeline.text_encoder_2, pieces, -2)
        return torch.cat([first, second], -1), output.text_embeds

    positive, pooled = both(PIECES)
    negative, negative_pooled = both([(NEGATIVE, 1.0)])
    theirs = draw(pipeline, None, prompt_embeds=positive, pooled_prompt_embeds=pooled, negative_prompt_embeds=negative,
                  negative_pooled_prompt_embeds=negative_pooled)
    assert_changes(theirs, draw(pipeline, negative_prompt=NEGATIVE))
    assert_same_picture(draw_ours(limner, library.path("sdxl"), WEIGHTED, negative=NEGATIVE, prompt_syntax="a1111"), theirs)


def test_break(limner, trained):
    theirs = draw(trained, None, prompt_embeds=context(trained, [("a red apple", 1.0)], [("a blue (background)", 1.0)]),
                  negative_prompt_embeds=context(trained, [(NEGATIVE, 1.0)], [("", 1.0)]))
    ours = draw_ours(limner, DEFAULT_MODEL, r"a red apple BREAK a blue \(background\)", negative=NEGATIVE,
                     prompt_syntax="a1111", long_prompt="chunk")
    assert_same_picture(ours, theirs)


def test_long_prompt_in_pieces(limner, trained):
    prompt = " ".join([PROMPT, "and", "a green cat beside a yellow star"] * 4)
    ids = ids_of(trained.tokenizer, prompt)
    windows = [[(ids[i : i + 30], 1.0)] for i in range(0, len(ids), 30)]
    assert len(windows) >= 2
    theirs = draw(trained, None, prompt_embeds=context(trained, *windows),
                  negative_prompt_embeds=context(trained, *[[("", 1.0)]] * len(windows)))
    assert_same_picture(draw_ours(limner, DEFAULT_MODEL, prompt, long_prompt="chunk"), theirs)


@pytest.mark.parametrize("prompt,text_at", [
    ("a red [apple:cat:0.5]", lambda step: "a red apple" if step < 4 else "a red cat"),
    ("a [red|blue] apple", lambda step: f"a {['red', 'blue'][step % 2]} apple"),
])
def test_prompt_that_changes(limner, trained, prompt, text_at):
    def at(step):
        return context(trained, [(text_at(step), 1.0)])

    def change(_, step, __, tensors):
        return {"prompt_embeds": torch.cat([tensors["prompt_embeds"][:1], at(step + 1)])}

    theirs = draw(trained, None, steps=8, prompt_embeds=at(0), negative_prompt_embeds=context(trained, [("", 1.0)]),
                  callback_on_step_end=change, callback_on_step_end_tensor_inputs=["prompt_embeds"])
    assert_changes(theirs, draw(trained, text_at(0), steps=8))
    assert_same_picture(draw_ours(limner, DEFAULT_MODEL, prompt, steps=8, prompt_syntax="a1111"), theirs)


def test_prompts_joined_by_and(limner, trained):
    texts, weights, guidance = ["", "a red apple", "a blue background"], [1.0, 0.6], 4.0
    rows = torch.cat([context(trained, [(text, 1.0)]) for text in texts])
    scheduler = scheduler_like(trained.scheduler, "ddim")
    scheduler.set_timesteps(6)
    latents = torch.randn(1, 4, 8, 8, generator=generator())
    for t in scheduler.timesteps:
        empty, *conditioned = trained.unet(latents.expand(3, -1, -1, -1), t, encoder_hidden_states=rows).sample.split(1)
        guided = empty + sum(weight * guidance * (one - empty) for weight, one in zip(weights, conditioned))
        latents = scheduler.step(guided, t, latents).prev_sample
    image = trained.vae.decode(latents / trained.vae.config.scaling_factor).sample
    theirs = trained.image_processor.postprocess(image)[0]
    ours = draw_ours(limner, DEFAULT_MODEL, "a red apple AND a blue background :0.6", cfg=guidance, prompt_syntax="a1111")
    assert_same_picture(ours, theirs)


@pytest.mark.parametrize("start,end", [(0.25, 1.0), (0.0, 0.5), (0.2, 0.7)])
def test_guidance_in_an_interval(limner, trained, start, end):
    steps = 8

    # Just above 1: no guidance to speak of, but the pipeline goes on computing both rows.
    def scale(step):
        return 5.0 if start <= step / steps < end else 1.0 + 1e-9

    def change(pipeline, step, _, __):
        pipeline._guidance_scale = scale(step + 1)
        return {}

    theirs = draw(trained, steps=steps, guidance=scale(0), callback_on_step_end=change)
    assert_changes(theirs, draw(trained, steps=steps, guidance=5.0))
    ours = draw_ours(limner, DEFAULT_MODEL, steps=steps, cfg=5, guidance_start=start, guidance_end=end)
    assert_same_picture(ours, theirs)


# Noise

def slerp(amount, a, b):
    """A1111's mix of two [channels, height, width] noises: spherical along the columns."""
    dot = ((a / a.norm(dim=1, keepdim=True)) * (b / b.norm(dim=1, keepdim=True))).sum(1)
    omega = torch.acos(dot).unsqueeze(1)
    return (torch.sin((1 - amount) * omega) * a + torch.sin(amount * omega) * b) / torch.sin(omega)


def noise(seed):
    return torch.randn(1, 4, 32, 32, generator=generator(seed))


@pytest.mark.parametrize("amount", [0.3, 1.0])
def test_variation(limner, library, amount):
    pipeline = library.pipeline("sd1")
    latents = slerp(amount, noise(7)[0], noise(11)[0])[None]
    theirs = draw(pipeline, latents=latents)
    assert_same_picture(draw_ours(limner, library.path("sd1"), variation_seed=11, variation_strength=amount), theirs)


def test_blend_of_prompts_and_seeds(limner, library):
    pipeline = library.pipeline("sd1")
    other = "a green cat"
    embeds = torch.lerp(context(pipeline, [(PROMPT, 1.0)]), context(pipeline, [(other, 1.0)]), 0.4)
    theirs = draw(pipeline, None, prompt_embeds=embeds, negative_prompt_embeds=context(pipeline, [("", 1.0)]),
                  latents=slerp(0.4, noise(7)[0], noise(11)[0])[None])
    assert_same_picture(draw_ours(limner, library.path("sd1"), blend_prompt=other, blend_seed=11, blend=0.4), theirs)


class Philox:
    """CUDA's normal numbers as A1111 computes them on a CPU: Philox 4x32-10 and Box-Muller."""

    def __init__(self, seed):
        self.seed, self.calls = seed, 0

    def normal(self, shape):
        count = math.prod(shape)
        counter = numpy.zeros((4, count), numpy.uint64)
        counter[0], counter[2] = self.calls, numpy.arange(count)
        key = numpy.array([self.seed & 0xFFFFFFFF, self.seed >> 32], numpy.uint64)
        self.calls += 1
        low = numpy.uint64(0xFFFFFFFF)
        for _ in range(10):
            a, b = counter[0] * numpy.uint64(0xD2511F53), counter[2] * numpy.uint64(0xCD9E8D57)
            counter = numpy.stack([(b >> numpy.uint64(32)) ^ counter[1] ^ key[0], b & low,
                                   (a >> numpy.uint64(32)) ^ counter[3] ^ key[1], a & low])
            key = (key + numpy.array([0x9E3779B9, 0xBB67AE85], numpy.uint64)) & low
        u = (counter[0] + 0.5) * 2.0**-32
        v = (counter[1] + 0.5) * 2.0**-32 * 2 * math.pi
        return torch.from_numpy((numpy.sqrt(-2 * numpy.log(u)) * numpy.sin(v)).astype(numpy.float32)).reshape(shape)


@pytest.mark.parametrize("sampler", ["ddim", "euler_ancestral"])
def test_philox(limner, library, monkeypatch, sampler):
    stream = Philox(7)
    module = diffusers.schedulers.scheduling_euler_ancestral_discrete
    monkeypatch.setattr(module, "randn_tensor", lambda shape, **_: stream.normal(shape))
    pipeline = library.pipeline("sd1")
    monkeypatch.setattr(pipeline, "scheduler", scheduler_like(pipeline.scheduler, sampler))
    theirs = draw(pipeline, latents=stream.normal((1, 4, 32, 32)))
    assert_same_picture(draw_ours(limner, library.path("sd1"), noise="philox", sampler=sampler, schedule="plain"), theirs)


# Two passes

@pytest.mark.parametrize("sampler,upscaler", [("ddim", "latent"), ("euler_ancestral", "latent"), ("ddim", "latent_nearest")])
def test_two_passes(limner, library, monkeypatch, sampler, upscaler):
    pipeline = library.pipeline("sd1")
    monkeypatch.setattr(pipeline, "scheduler", scheduler_like(pipeline.scheduler, sampler))
    stream = generator()
    small = draw(pipeline, generator=stream, output_type="latent")[None]
    mode = {"latent": "bilinear", "latent_nearest": "nearest"}[upscaler]
    large = torch.nn.functional.interpolate(small, scale_factor=1.5, mode=mode)
    second = diffusers.StableDiffusionImg2ImgPipeline(**pipeline.components, requires_safety_checker=False)
    second.set_progress_bar_config(disable=True)
    theirs = second(PROMPT, image=large, strength=0.6, num_inference_steps=8, guidance_scale=5.0, generator=stream).images[0]
    ours = draw_ours(limner, library.path("sd1"), sampler=sampler, schedule="plain", hires_scale=1.5, hires_steps=8,
                     hires_strength=0.6, hires_upscaler=upscaler)
    assert_same_picture(ours, theirs)


# Seamless pictures

def wrap(module, tile):
    """Lets the module's convolutions read around the picture's edges."""
    def mode(axis):
        return "circular" if axis in tile else "constant"

    def forward(self, input, weight, bias):
        rows, columns = self.padding
        if rows or columns:
            input = torch.nn.functional.pad(input, (columns, columns, 0, 0), mode=mode("x"))
            input = torch.nn.functional.pad(input, (0, 0, rows, rows), mode=mode("y"))
        return torch.nn.functional.conv2d(input, weight, bias, self.stride, 0, self.dilation, self.groups)

    for conv in module.modules():
        if isinstance(conv, torch.nn.Conv2d):
            conv._conv_forward = forward.__get__(conv)


@pytest.mark.parametrize("tile", ["x", "y", "xy"])
def test_seamless(limner, library, tile):
    pipeline = fresh(library, "sd1")
    before = draw(pipeline)
    wrap(pipeline.unet, tile)
    wrap(pipeline.vae, tile)
    theirs = draw(pipeline)
    assert_changes(theirs, before)
    assert_same_picture(draw_ours(limner, library.path("sd1"), tile=tile), theirs)
