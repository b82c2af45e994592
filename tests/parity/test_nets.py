"""Every network against diffusers and transformers, in f32: tiny models with random weights, and limner-tiny's own.

The C++ side is build/tests/tools/run_net. LIMNER_BUILD names another build folder, LIMNER_BACKEND another backend."""

import os
import pathlib
import subprocess

import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, ControlNetModel, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

ROOT = pathlib.Path(__file__).parents[2]
TOOL = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build")) / "tests/tools/run_net"
BACKEND = os.environ.get("LIMNER_BACKEND", "cpu")
TINY = ROOT / "models/limner-tiny"
TOLERANCE = 1e-4


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def net(tmp_path):
    """net(NAME, model or path, inputs, options) -> outputs by name."""

    def run(name, model, inputs, *options):
        path = model
        if isinstance(model, nn.Module):
            path = tmp_path / "model"
            model.save_pretrained(path)
        save_file({key: value.float().contiguous() for key, value in inputs.items()}, tmp_path / "in.safetensors")
        files = [path, tmp_path / "in.safetensors", tmp_path / "out.safetensors"]
        # One thread: the models are too small for two to help.
        command = [TOOL, name, *files, "--backend", BACKEND, "--threads", 1, *options]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return load_file(files[2])

    return run


def nhwc(picture):
    return picture.permute(0, 2, 3, 1)


def agree(ours, theirs):
    assert ours.shape == theirs.shape
    error = ((ours - theirs).norm() / theirs.norm()).item()
    assert error < TOLERANCE, f"relative error {error:.2e}"


def alive(model):
    """Weights that hide nothing: norms are not 1 and 0, convolutions that training starts at zero are not zero."""
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            parameter.copy_(0.2 * torch.randn_like(parameter) + (1.0 if "norm" in name and "weight" in name else 0.0))
        elif not parameter.any():
            parameter.copy_(torch.randn_like(parameter) / parameter[0].numel() ** 0.5)
    return model.eval()


def circular(model):
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.padding_mode = "circular"
    return model


# CLIP ---------------------------------------------------------------------------------------------------------------


def clip_config(**changes):
    sizes = dict(vocab_size=99, hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
                 max_position_embeddings=16, projection_dim=24, eos_token_id=98)
    return CLIPTextConfig(**{**sizes, **changes})


IDS = torch.tensor([[90, 3, 4, 98, 98, 98, 98], [90, 7, 8, 9, 10, 11, 98]])
EOS = torch.tensor([3, 6])


@pytest.mark.parametrize("act", ["quick_gelu", "gelu", "gelu_new"])
def test_clip_last(net, act):
    model = alive(CLIPTextModel(clip_config(hidden_act=act)))
    ours = net("clip_text", model, {"ids": IDS, "eos": EOS}, "--pooled")
    theirs = model(IDS)
    agree(ours["hidden"], theirs.last_hidden_state)
    agree(ours["pooled"], theirs.pooler_output)


@pytest.mark.parametrize("layer", [1, 2, 3, 4])
def test_clip_hidden_states(net, layer):
    model = alive(CLIPTextModel(clip_config()))
    hidden = model(IDS, output_hidden_states=True).hidden_states[-layer]
    agree(net("clip_text", model, {"ids": IDS}, "--hidden", layer, "--no-norm")["hidden"], hidden)
    agree(net("clip_text", model, {"ids": IDS}, "--hidden", layer)["hidden"], model.text_model.final_layer_norm(hidden))


def test_clip_with_projection(net):
    """SDXL's second encoder: the state before the last without norm, and the projected end token."""
    model = alive(CLIPTextModelWithProjection(clip_config(hidden_act="gelu")))
    ours = net("clip_text", model, {"ids": IDS, "eos": EOS}, "--hidden", 2, "--no-norm", "--pooled")
    theirs = model(IDS, output_hidden_states=True)
    agree(ours["hidden"], theirs.hidden_states[-2])
    agree(ours["pooled"], theirs.text_embeds)


def test_clip_without_prefix(net, tmp_path):
    model = alive(CLIPTextModel(clip_config()))
    model.save_pretrained(tmp_path / "bare")
    file = tmp_path / "bare/model.safetensors"
    save_file({key.removeprefix("text_model."): value for key, value in load_file(file).items()}, file)
    agree(net("clip_text", tmp_path / "bare", {"ids": IDS})["hidden"], model(IDS).last_hidden_state)


# UNet ---------------------------------------------------------------------------------------------------------------

DOWN, CROSS_DOWN, UP, CROSS_UP = "DownBlock2D", "CrossAttnDownBlock2D", "UpBlock2D", "CrossAttnUpBlock2D"

SD1 = dict(block_out_channels=(32, 64), down_block_types=(CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP),
           layers_per_block=2, cross_attention_dim=24, attention_head_dim=8, norm_num_groups=8, sample_size=8)
THREE = dict(SD1, block_out_channels=(16, 32, 64), layers_per_block=1)
SD2 = dict(THREE, down_block_types=(CROSS_DOWN, CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP, CROSS_UP),
           attention_head_dim=(1, 2, 4), use_linear_projection=True, upcast_attention=True)
SDXL = dict(THREE, down_block_types=(DOWN, CROSS_DOWN, CROSS_DOWN), up_block_types=(CROSS_UP, CROSS_UP, UP),
            attention_head_dim=(1, 2, 4), transformer_layers_per_block=(1, 2, 3), use_linear_projection=True,
            addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=68)
REFINER = dict(THREE, block_out_channels=(16, 32, 32, 32), down_block_types=(DOWN, CROSS_DOWN, CROSS_DOWN, DOWN),
               up_block_types=(UP, CROSS_UP, CROSS_UP, UP), attention_head_dim=(2, 4, 4, 4),
               transformer_layers_per_block=2, use_linear_projection=True, addition_embed_type="text_time",
               addition_time_embed_dim=8, projection_class_embeddings_input_dim=60)
SSD = dict(SDXL, transformer_layers_per_block=(1, (2,), (3,)), mid_block_type="UNetMidBlock2D",
           reverse_transformer_layers_per_block=((1, 2), (2, 1), 1))

UNETS = {
    "sd1": SD1,
    "sd2": SD2,
    "sdxl": SDXL,
    "refiner": REFINER,
    "ssd": SSD,
    "inpaint": dict(SD1, in_channels=9),
    "pix2pix": dict(SD1, in_channels=8),
    "lcm": dict(SD1, time_cond_proj_dim=20),
    "bk_no_middle": dict(SD1, mid_block_type=None, layers_per_block=1),
    "bk_four": dict(SD1, block_out_channels=(8, 16, 24, 32), down_block_types=(CROSS_DOWN,) * 3 + (DOWN,),
                    up_block_types=(UP,) + (CROSS_UP,) * 3, layers_per_block=1),
    "layers_list": dict(SD1, layers_per_block=(1, 2)),
    "scale_shift": dict(SD1, resnet_time_scale_shift="scale_shift"),
    "only_cross": dict(SD1, only_cross_attention=(True, False)),
    "upscaler_x4": dict(SD1, in_channels=7, num_class_embeds=12),
    "unclip": dict(SD1, class_embed_type="projection", projection_class_embeddings_input_dim=20),
    "class_linear": dict(SD1, class_embed_type="simple_projection", projection_class_embeddings_input_dim=20),
    "class_time": dict(SD1, class_embed_type="timestep"),
    "text_projection": dict(SD1, encoder_hid_dim=20, encoder_hid_dim_type="text_proj"),
    "variants": dict(SD1, act_fn="gelu", center_input_sample=True, downsample_padding=0, conv_in_kernel=1,
                     conv_out_kernel=5, mid_block_scale_factor=1.4, time_embedding_dim=40, freq_shift=1,
                     flip_sin_to_cos=False, timestep_post_act="silu", time_embedding_act_fn="gelu", norm_eps=1e-3),
}


def unet_inputs(config, height=8, width=8, batch=2):
    """Our inputs, channels last, and diffusers' arguments."""
    sample = torch.randn(batch, config.get("in_channels", 4), height, width)
    context = torch.randn(batch, 5, config.get("encoder_hid_dim") or config["cross_attention_dim"])
    timestep = torch.tensor([987.0, 3.0])[:batch]
    ours = {"sample": nhwc(sample), "timestep": timestep, "context": context}
    theirs = {"sample": sample, "timestep": timestep, "encoder_hidden_states": context}
    if config.get("addition_embed_type"):
        count = 5 if config is REFINER else 6
        ids = torch.randint(0, 1024, (batch, count)).float()
        pooled = torch.randn(batch, config["projection_class_embeddings_input_dim"] - 8 * count)
        ours |= {"text_embeds": pooled, "time_ids": ids}
        theirs["added_cond_kwargs"] = {"text_embeds": pooled, "time_ids": ids}
    if config.get("time_cond_proj_dim"):
        ours["timestep_cond"] = theirs["timestep_cond"] = torch.randn(batch, config["time_cond_proj_dim"])
    if config.get("num_class_embeds"):
        labels = torch.tensor([11, 0])
        ours["class_labels"], theirs["class_labels"] = labels[:, None], labels
    elif config.get("class_embed_type") == "timestep":
        ours["class_labels"] = theirs["class_labels"] = torch.tensor([20.0, 700.0])
    elif config.get("class_embed_type"):
        labels = torch.randn(batch, config["projection_class_embeddings_input_dim"])
        ours["class_labels"] = theirs["class_labels"] = labels
    return ours, theirs


@pytest.mark.parametrize("name", UNETS)
def test_unet(net, name):
    model = alive(UNet2DConditionModel(**UNETS[name]))
    ours, theirs = unet_inputs(UNETS[name])
    agree(net("unet", model, ours)["prediction"], nhwc(model(**theirs).sample))


@pytest.mark.parametrize("name,height,width", [("sd1", 7, 9), ("sd2", 5, 8), ("sdxl", 9, 6), ("bk_four", 1, 3)])
def test_unet_odd_sizes(net, name, height, width):
    model = alive(UNet2DConditionModel(**UNETS[name]))
    ours, theirs = unet_inputs(UNETS[name], height, width)
    agree(net("unet", model, ours)["prediction"], nhwc(model(**theirs).sample))


def test_unet_tiled(net):
    model = alive(UNet2DConditionModel(**SD1))
    ours, theirs = unet_inputs(SD1)
    agree(net("unet", model, ours, "--tile")["prediction"], nhwc(circular(model)(**theirs).sample))


# ControlNet ---------------------------------------------------------------------------------------------------------

HALF = {key: value for key, value in SD1.items() if key not in ("up_block_types", "sample_size")}
HALF_XL = {key: value for key, value in SDXL.items() if key not in ("up_block_types", "sample_size")}
EMBEDDING = dict(conditioning_embedding_out_channels=(4, 8, 12))

CONTROLNETS = {
    "sd1": dict(HALF, **EMBEDDING),
    "sdxl": dict(HALF_XL, **EMBEDDING),
    "bgr": dict(HALF, **EMBEDDING, controlnet_conditioning_channel_order="bgr"),
    "gray": dict(HALF, **EMBEDDING, conditioning_channels=1),
    "shuffle": dict(HALF, **EMBEDDING, global_pool_conditions=True),
    "residual_middle": dict(HALF, **EMBEDDING, mid_block_type="UNetMidBlock2D"),
    "heads_by_name": dict(HALF, **EMBEDDING, num_attention_heads=4),
}


def control_inputs(config, height=8, width=6):
    ours, theirs = unet_inputs(config, height, width)
    condition = torch.rand(2, config.get("conditioning_channels", 3), 4 * height, 4 * width)
    return ours | {"condition": nhwc(condition)}, theirs | {"controlnet_cond": condition}


def agree_residuals(ours, theirs, height=8, width=6):
    for i, residual in enumerate(theirs.down_block_res_samples):
        agree(ours[f"down_{i}"], nhwc(residual).expand_as(ours[f"down_{i}"]))
    agree(ours["mid"], nhwc(theirs.mid_block_res_sample).expand_as(ours["mid"]))
    assert len(ours) == len(theirs.down_block_res_samples) + 1


@pytest.mark.parametrize("name", CONTROLNETS)
def test_controlnet(net, name):
    model = alive(ControlNetModel(**CONTROLNETS[name]))
    ours, theirs = control_inputs(CONTROLNETS[name])
    agree_residuals(net("controlnet", model, ours), model(**theirs))


def test_controlnet_odd_size(net):
    model = alive(ControlNetModel(**CONTROLNETS["sdxl"]))
    ours, theirs = control_inputs(CONTROLNETS["sdxl"], 7, 5)
    agree_residuals(net("controlnet", model, ours), model(**theirs))


def test_controlnet_scales(net):
    """A strength a row, and guess mode's scale a residual."""
    model = alive(ControlNetModel(**CONTROLNETS["sd1"]))
    ours, theirs = control_inputs(CONTROLNETS["sd1"])
    count = len(model.controlnet_down_blocks) + 1
    scaled = net("controlnet", model, ours | {"scale": torch.full((2, count), 0.6)})
    agree_residuals(scaled, model(**theirs, conditioning_scale=0.6))
    guessed = net("controlnet", model, ours | {"scale": 0.5 * torch.logspace(-1, 0, count).repeat(2, 1)})
    agree_residuals(guessed, model(**theirs, conditioning_scale=0.5, guess_mode=True))


@pytest.mark.parametrize("name,control", [("sd1", "sd1"), ("sdxl", "sdxl"), ("sd1", "shuffle")])
def test_unet_with_control(net, tmp_path, name, control):
    unet = alive(UNet2DConditionModel(**UNETS[name]))
    controlnet = alive(ControlNetModel(**CONTROLNETS[control]))
    ours, theirs = control_inputs(UNETS[name], 7, 6)
    residuals = net("controlnet", controlnet, ours)
    ours |= {key.replace("down_", "control_").replace("mid", "control_mid"): value for key, value in residuals.items()}
    controlled = controlnet(**theirs)
    del ours["condition"], theirs["controlnet_cond"]
    theirs["down_block_additional_residuals"] = controlled.down_block_res_samples
    theirs["mid_block_additional_residual"] = controlled.mid_block_res_sample
    agree(net("unet", unet, ours)["prediction"], nhwc(unet(**theirs).sample))


# Autoencoders -------------------------------------------------------------------------------------------------------

KL = dict(block_out_channels=(16, 32, 32), down_block_types=("DownEncoderBlock2D",) * 3,
          up_block_types=("UpDecoderBlock2D",) * 3, layers_per_block=1, norm_num_groups=8)
KLS = {
    "sd": KL,
    "two_layers": dict(KL, layers_per_block=2),
    "flux_like": dict(KL, latent_channels=16, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.1),
    "no_attention": dict(KL, mid_block_add_attention=False),
    "one_level": dict(KL, block_out_channels=(16,), down_block_types=("DownEncoderBlock2D",),
                      up_block_types=("UpDecoderBlock2D",), act_fn="gelu"),
    "gray": dict(KL, in_channels=1, out_channels=1),
    "playground": dict(KL, latents_mean=[0.1, 0.2, 0.3, 0.4], latents_std=[1.0, 2.0, 3.0, 4.0], scaling_factor=0.5),
}


@pytest.mark.parametrize("name", KLS)
def test_vae(net, name):
    model = alive(AutoencoderKL(**KLS[name]))
    latent = torch.randn(2, KLS[name].get("latent_channels", 4), 3, 5)
    agree(net("vae_decode", model, {"latent": nhwc(latent)})["image"], nhwc(model.decode(latent).sample))
    image = torch.rand(2, KLS[name].get("in_channels", 3), 8, 12) * 2 - 1
    moments = net("vae_encode", model, {"image": nhwc(image)})["moments"]
    mean, log_variance = moments.chunk(2, dim=-1)
    posterior = model.encode(image).latent_dist
    agree(mean, nhwc(posterior.mean))
    agree(log_variance, nhwc(posterior.logvar))


def test_vae_tiled(net):
    model = alive(AutoencoderKL(**KL))
    latent = torch.randn(1, 4, 4, 6)
    agree(net("vae_decode", model, {"latent": nhwc(latent)}, "--tile")["image"],
          nhwc(circular(model).decode(latent).sample))


TINY_KL = dict(encoder_block_out_channels=(8,) * 3, decoder_block_out_channels=(8,) * 3, num_encoder_blocks=(1, 2, 1),
               num_decoder_blocks=(2, 1, 1))
TINIES = {
    "taesd": TINY_KL,
    "default": {},
    "taef1": dict(TINY_KL, latent_channels=16),
    "silu": dict(TINY_KL, act_fn="silu", latent_magnitude=5, latent_shift=0.1),
    "uneven": dict(TINY_KL, decoder_block_out_channels=(12,) * 2, num_decoder_blocks=(1, 0),
                   upsampling_scaling_factor=4),
}


@pytest.mark.parametrize("name", TINIES)
def test_tiny_vae(net, name):
    model = alive(AutoencoderTiny(**TINIES[name]))
    latent = 4 * torch.randn(2, TINIES[name].get("latent_channels", 4), 3, 4)
    agree(net("tiny_decode", model, {"latent": nhwc(latent)})["image"], nhwc(model.decode(latent).sample))
    image = torch.rand(2, 3, 8, 16) * 2 - 1
    agree(net("tiny_encode", model, {"image": nhwc(image)})["latent"], nhwc(model.encode(image).latents))


# Upscalers ----------------------------------------------------------------------------------------------------------


def leaky(x):
    return F.leaky_relu(x, 0.2)


class DenseBlock(nn.Module):
    def __init__(self, width, growth):
        super().__init__()
        for i in range(1, 6):
            out = width if i == 5 else growth
            setattr(self, f"conv{i}", nn.Conv2d(width + (i - 1) * growth, out, 3, padding=1))

    def forward(self, x):
        seen = [x]
        for i in range(1, 5):
            seen.append(leaky(getattr(self, f"conv{i}")(torch.cat(seen, 1))))
        return x + 0.2 * self.conv5(torch.cat(seen, 1))


class ResidualDense(nn.Module):
    def __init__(self, width, growth):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(width, growth) for _ in range(3))

    def forward(self, x):
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class RRDBNet(nn.Module):
    """Real-ESRGAN's names; `doublings` other than 2 exist only in the first code."""

    def __init__(self, blocks=2, width=8, growth=4, unshuffle=1, doublings=2):
        super().__init__()
        self.unshuffle, self.doublings = unshuffle, doublings
        self.conv_first = nn.Conv2d(3 * unshuffle**2, width, 3, padding=1)
        self.body = nn.Sequential(*(ResidualDense(width, growth) for _ in range(blocks)))
        for name in ["conv_body", "conv_hr", *(f"conv_up{i + 1}" for i in range(doublings))]:
            setattr(self, name, nn.Conv2d(width, width, 3, padding=1))
        self.conv_last = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, x):
        first = self.conv_first(F.pixel_unshuffle(x, self.unshuffle))
        x = first + self.conv_body(self.body(first))
        for i in range(self.doublings):
            x = leaky(getattr(self, f"conv_up{i + 1}")(F.interpolate(x, scale_factor=2, mode="nearest")))
        return self.conv_last(leaky(self.conv_hr(x)))


def original_name(name, _):
    for new, old in {"body.": "RRDB_trunk.", "rdb": "RDB", "conv_body": "trunk_conv", "conv_up": "upconv",
                     "conv_hr": "HRconv"}.items():
        name = name.replace(new, old) if name.startswith(new) or new == "rdb" else name
    return name


def numbered_name(name, model):
    layer, kind = name.rsplit(".", 1)
    if layer.startswith("body."):
        _, block, dense, convolution = layer.split(".")
        return f"model.1.sub.{block}.{dense.upper()}.{convolution}.0.{kind}"
    numbers = {"conv_first": "0", "conv_body": f"1.sub.{len(model.body)}", "conv_hr": 2 + 3 * model.doublings,
               "conv_last": 4 + 3 * model.doublings} | {f"conv_up{i + 1}": 3 + 3 * i for i in range(3)}
    return f"model.{numbers[layer]}.{kind}"


RRDBS = {
    "x4": (dict(), lambda name, _: name),
    "x2": (dict(unshuffle=2, blocks=1), lambda name, _: name),
    "x1": (dict(unshuffle=4, growth=6), lambda name, _: name),
    "original_x4": (dict(), original_name),
    "numbered_x4": (dict(blocks=3), numbered_name),
    "numbered_x1": (dict(doublings=0), numbered_name),
    "numbered_x2": (dict(doublings=1), numbered_name),
    "numbered_x8": (dict(doublings=3), numbered_name),
}


@pytest.mark.parametrize("name", RRDBS)
def test_rrdbnet(net, tmp_path, name):
    sizes, rename = RRDBS[name]
    model = alive(RRDBNet(**sizes))
    save_file({rename(key, model): value for key, value in model.state_dict().items()}, tmp_path / "net.safetensors")
    image = torch.rand(2, 3, 4, 8)
    agree(net("rrdbnet", tmp_path / "net.safetensors", {"image": nhwc(image)})["image"], nhwc(model(image)))


class Srvgg(nn.Module):
    def __init__(self, width=8, layers=3, scale=4):
        super().__init__()
        self.scale = scale
        chain = [nn.Conv2d(3, width, 3, padding=1), nn.PReLU(width)]
        for _ in range(layers):
            chain += [nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width)]
        self.body = nn.Sequential(*chain, nn.Conv2d(width, 3 * scale**2, 3, padding=1))

    def forward(self, x):
        return F.pixel_shuffle(self.body(x), self.scale) + F.interpolate(x, scale_factor=self.scale, mode="nearest")


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_srvgg(net, tmp_path, scale):
    model = alive(Srvgg(scale=scale))
    save_file(model.state_dict(), tmp_path / "net.safetensors")
    image = torch.rand(2, 3, 5, 6)
    agree(net("srvgg", tmp_path / "net.safetensors", {"image": nhwc(image)})["image"], nhwc(model(image)))


# limner-tiny --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference():
    return load_file(TINY / "reference.safetensors")


def test_limner_tiny_text(net, reference):
    agree(net("clip_text", TINY / "text_encoder", {"ids": reference["input_ids"]})["hidden"], reference["text_hidden"])
    empty = net("clip_text", TINY / "text_encoder", {"ids": reference["empty_ids"]})["hidden"]
    agree(empty, reference["empty_hidden"])


@pytest.mark.parametrize("timestep", [981, 501, 21])
def test_limner_tiny_unet(net, reference, timestep):
    inputs = {"sample": nhwc(reference["noise"]).repeat(3, 1, 1, 1), "timestep": torch.full((3,), timestep),
              "context": reference["text_hidden"]}
    agree(net("unet", TINY / "unet", inputs)["prediction"], nhwc(reference[f"unet_{timestep}"]))


def test_limner_tiny_vae(net, reference):
    encoded = net("tiny_encode", TINY / "vae", {"image": nhwc(reference["vae_picture"])})["latent"]
    agree(encoded, nhwc(reference["vae_latents"]))
    decoded = net("tiny_decode", TINY / "vae", {"latent": nhwc(reference["vae_latents"])})["image"]
    agree(decoded, nhwc(reference["vae_decoded"]))
