"""Jobs with what changes a model: uploaded LoRAs, ControlNets of the models folder; the very bytes of the command line."""

import base64
import io
import shutil

import diffusers
import numpy
import pytest
import torch
from PIL import Image

from server import ROOT, UNMARKED
from test_model_pull import lora_file

TINY = ROOT / "models" / "limner-tiny"


def png(picture):
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def drawn_by_command(server, tmp_path, *words):
    path = tmp_path / "expected.png"
    server.command("generate", "a red apple", "--steps", 3, "--seed", 5, "--bare", "--no-sign", "-q", "-o", path, *words)
    return path.read_bytes()


JOB = {"steps": 3, "seed": 5, "bare": True}


def test_an_uploaded_lora(plain_server, plain, tmp_path):
    (tmp_path / "ink.safetensors").write_bytes(lora_file())
    upload = plain.upload(lora_file(), purpose="lora", name="ink.safetensors")
    unchanged = plain.picture(plain.draw(**JOB))
    for weight in (0.7, -0.4):
        drawn = plain.picture(plain.draw(loras=[{"name": upload, "weight": weight}], **JOB))
        assert drawn != unchanged
        assert drawn == drawn_by_command(plain_server, tmp_path, "--lora", f"{tmp_path / 'ink.safetensors'}:{weight}")


def test_another_tenants_lora_is_not_there(shared_server, shared):
    upload = shared.upload(lora_file(), purpose="lora", name="ink.safetensors")
    shared_server.command("tenant", "create", "stranger", "--data", shared_server.data)
    stranger = shared_server.client(shared_server.make_key("k", "draw", "read", tenant="stranger"))
    answer = stranger.post("/v1/jobs", {"prompt": "a cat", "loras": [{"name": upload}]})
    assert answer.status == 404 and "loras" in answer.body.decode()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The default model, and a ControlNet for it that was never trained: strong enough to be seen."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(TINY, folder / "limner-tiny", ignore=shutil.ignore_patterns("samples", "reference*"))
    torch.manual_seed(4)
    unet = diffusers.UNet2DConditionModel.from_pretrained(TINY / "unet")
    # Three halvings, as many as lie between a pixel and a latent.
    net = diffusers.ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 16, 16, 32))
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if "controlnet" in name:
                parameter.normal_(0, 0.05)
    net.save_pretrained(folder / "controlnets" / "edges")
    return folder


def test_a_controlnet_natively_and_by_script(make_server, models, tmp_path):
    server = make_server(UNMARKED, environment={"LIMNER_MODELS": str(models)})
    client = server.admin
    random = numpy.random.default_rng(2)
    condition = png(Image.fromarray(random.integers(0, 256, (128, 128, 3), dtype=numpy.uint8)))
    (tmp_path / "condition.png").write_bytes(condition)
    expected = drawn_by_command(server, tmp_path, "--controlnet", models / "controlnets" / "edges", "--control-image",
                                tmp_path / "condition.png", "--control-scale", 0.8)
    assert expected != drawn_by_command(server, tmp_path)
    unit = {"name": "edges", "image": client.upload(condition), "scale": 0.8}
    assert client.picture(client.draw(controlnets=[unit], **JOB)) == expected
    body = {"prompt": "a red apple", "steps": 3, "seed": 5, "width": 128, "height": 128,
            "alwayson_scripts": {"ControlNet": {"args": [
                {"enabled": True, "module": "none", "model": "edges", "image": base64.b64encode(condition).decode(),
                 "weight": 0.8}]}}}
    unit = body["alwayson_scripts"]["ControlNet"]["args"][0]
    for name, value in (("resize_mode", "Resize and Fill"), ("effective_region_mask", "x"), ("wieght", 0.5)):
        answer = client.post("/sdapi/v1/txt2img", body | {"alwayson_scripts": {"ControlNet": {"args": [unit | {name: value}]}}})
        assert 400 <= answer.status < 500 and name in answer.body.decode(), answer
    unit |= {"resize_mode": "Crop and Resize", "pixel_perfect": True, "processor_res": 512, "hr_option": "Both", "mask": None}
    answer = client.post("/sdapi/v1/txt2img", body)
    assert answer.status == 200, answer
    pixels = Image.open(io.BytesIO(base64.b64decode(answer.json["images"][0]))).tobytes()
    assert pixels == Image.open(io.BytesIO(expected)).tobytes()
