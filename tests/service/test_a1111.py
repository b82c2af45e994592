"""The A1111 dialect, by the calls that SillyTavern and Open WebUI make."""

import base64
import io
import json
import pathlib
import re
import shutil
import threading
import time

import numpy
import pytest
from PIL import Image, ImageOps
from safetensors.numpy import save_file

from pictures import beneath, limner_text, pixels_sha256
from raw import eventually
from server import ROOT


class Webui:
    """A client as theirs: HTTP Basic with any user name."""

    def __init__(self, client):
        self.client = client

    def get(self, path):
        answer = self.client.request("GET", path, headers=self.client.basic)
        assert answer.status == 200, answer
        return answer.json

    def post(self, path, body=None, status=200):
        answer = self.client.request("POST", path, body={} if body is None else body, headers=self.client.basic)
        assert answer.status == status, answer
        return answer.json


@pytest.fixture
def webui(shared):
    return Webui(shared)


def opened(b64):
    image = Image.open(io.BytesIO(base64.b64decode(b64)))
    image.load()
    return image


def encoded(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_sillytavern(webui):
    """What its server side calls, in its order, with every field that it sends."""
    assert webui.get("/sdapi/v1/options")["sd_model_checkpoint"]
    assert isinstance(webui.get("/sdapi/v1/upscalers")[0]["name"], str)
    assert webui.get("/sdapi/v1/latent-upscale-modes")[0]["name"] == "Latent"
    assert webui.get("/sdapi/v1/sd-vae") == webui.get("/sdapi/v1/sd-modules")
    samplers = [sampler["name"] for sampler in webui.get("/sdapi/v1/samplers")]
    schedulers = [scheduler["name"] for scheduler in webui.get("/sdapi/v1/schedulers")]
    assert "Euler a" in samplers and "karras" in schedulers
    model = webui.get("/sdapi/v1/sd-models")[0]["title"]
    webui.post("/sdapi/v1/options", {"sd_model_checkpoint": model})
    until = time.monotonic() + 60
    while time.monotonic() < until:
        progress = webui.get("/sdapi/v1/progress")
        if progress["progress"] == 0 and progress["state"]["job_count"] == 0:
            break
        time.sleep(0.05)
    else:
        raise AssertionError(f"never idle: {progress}")
    answer = webui.post("/sdapi/v1/txt2img", {
        "prompt": "a red apple", "negative_prompt": "", "sampler_name": "Euler a", "scheduler": "karras", "steps": 2,
        "cfg_scale": 7, "width": 128, "height": 128, "restore_faces": False, "enable_hr": False,
        "hr_upscaler": "Latent", "hr_scale": 1, "hr_additional_modules": [], "denoising_strength": 0.7,
        "hr_second_pass_steps": 0, "seed": 42, "override_settings": {"CLIP_stop_at_last_layers": 1, "sd_vae": "Automatic"},
        "override_settings_restore_afterwards": True, "clip_skip": 1, "save_images": True, "send_images": True,
        "do_not_save_grid": False, "do_not_save_samples": False,
    })
    assert opened(answer["images"][0]).size == (128, 128)
    info = json.loads(answer["info"])
    assert info["all_seeds"] == [42] and info["sampler_name"] == "Euler a" and info["steps"] == 2
    assert info["infotexts"][0].startswith("a red apple\n")


def test_open_webui(webui):
    assert webui.get("/sdapi/v1/sd-models")[0]["title"]
    options = webui.get("/sdapi/v1/options")
    webui.post("/sdapi/v1/options", {"sd_model_checkpoint": options["sd_model_checkpoint"]})
    answer = webui.post("/sdapi/v1/txt2img", {"prompt": "a cat", "batch_size": 2, "width": 128, "height": 128, "steps": 1,
                                              "negative_prompt": "blurry"})
    assert len(answer["images"]) == 2
    json.loads(answer["info"])


def test_the_picture_is_the_command_lines(webui, shared_server, tmp_path):
    answer = webui.post("/sdapi/v1/txt2img", {"prompt": "a (red:1.3) apple", "sampler_name": "DPM++ 2M Karras",
                                              "steps": 3, "cfg_scale": 5, "seed": 8})
    shared_server.command("generate", "a (red:1.3) apple", "--sampler", "dpmpp_2m", "--schedule", "karras", "--steps", 3,
                          "--cfg", 5, "--seed", 8, "--prompt-syntax", "a1111", "--long-prompt", "chunk", "-q", "--no-sign",
                          "-o", tmp_path / "same.png")
    assert beneath(base64.b64decode(answer["images"][0])) == pixels_sha256((tmp_path / "same.png").read_bytes())
    told = webui.post("/sdapi/v1/png-info", {"image": answer["images"][0]})
    assert told["parameters"]["Seed"] == "8" and told["info"]


def test_img2img_with_a_mask_redraws_what_is_white(webui):
    source = opened(webui.post("/sdapi/v1/txt2img", {"prompt": "a red apple", "steps": 4, "seed": 3})["images"][0])
    mask = Image.new("L", source.size, 0)
    mask.paste(255, (0, 0, 64, 128))
    answer = webui.post("/sdapi/v1/img2img", {
        "prompt": "a green cat", "init_images": ["data:image/png;base64," + encoded(source)], "mask": encoded(mask),
        "mask_blur": 0, "inpainting_fill": 1, "inpaint_full_res": False, "denoising_strength": 0.9, "steps": 6, "seed": 4,
        "resize_mode": 0, "width": 128, "height": 128, "inpainting_mask_invert": 0, "styles": [], "eta": None,
    })
    drawn = opened(answer["images"][0]).convert("RGB")
    before = source.convert("RGB")

    def change(box):
        a, b = before.crop(box).tobytes(), drawn.crop(box).tobytes()
        return sum(abs(x - y) for x, y in zip(a, b)) / len(a)

    assert change((0, 0, 56, 128)) > 4 * change((72, 0, 128, 128))


def test_a_mask_is_as_a1111_has_it_by_default(plain):
    webui = Webui(plain)  # without marks, which differ from job to job
    source = opened(webui.post("/sdapi/v1/txt2img", {"prompt": "a red apple", "steps": 4, "seed": 3})["images"][0])

    def mask_of(*box):
        mask = Image.new("L", source.size, 0)
        mask.paste(255, box)
        return mask

    def drawn(mask, **fields):
        body = {"prompt": "a green cat", "init_images": [encoded(source)], "mask": encoded(mask), "steps": 4, "seed": 4}
        return opened(webui.post("/sdapi/v1/img2img", body | fields)["images"][0]).tobytes()

    half = mask_of(0, 0, 64, 128)
    default = drawn(half)
    assert default == drawn(half, mask_blur=4, inpainting_fill=0)
    assert default != drawn(half, inpainting_fill=1)
    assert default == drawn(ImageOps.invert(half), inpainting_mask_invert=1)
    small = mask_of(56, 56, 64, 64)  # softened it is grey
    assert drawn(small) == drawn(small, mask_blur=4)
    assert drawn(small) != drawn(small, mask_blur=0)
    wrong = webui.post("/sdapi/v1/img2img", {"init_images": [encoded(source)], "mask": encoded(half), "mask_blur": -1},
                       status=422)
    assert wrong["detail"][0]["loc"] == ["body", "mask_blur"]


@pytest.mark.parametrize(
    "fields, name",
    [
        ({"restore_faces": True}, "restore_faces"),
        ({"s_churn": 3}, "s_churn"),
        ({"script_name": "x/y/z plot"}, "script_name"),
        ({"alwayson_scripts": {"ADetailer": {"args": [True, {"ad_model": "face"}]}}}, "alwayson_scripts"),
        ({"override_settings": {"eta_noise_seed_delta": 31337}}, "eta_noise_seed_delta"),
        ({"override_settings": {"sd_model_checkpoint": "none.safetensors"}}, "model"),
        ({"sampler_name": "nonsense"}, "sampler"),
        ({"no_such_field": 1}, "no_such_field"),
        ({"prompt": "x <lora:../../etc/passwd:1>"}, "lora"),
        ({"prompt": "x <hypernet:a:1>"}, "prompt"),
        ({"steps": "many"}, "steps"),
        ({"batch_size": 4294967297}, "batch_size"),
    ],
)
def test_what_would_have_no_effect_is_refused_by_name(shared, fields, name):
    answer = shared.request("POST", "/sdapi/v1/txt2img", body={"prompt": "x", "steps": 1} | fields, headers=shared.basic)
    assert 400 <= answer.status < 500, answer
    assert name in json.dumps(answer.json["detail"]), answer


def test_options_are_the_callers_own(make_server):
    server = make_server()
    one, other = (Webui(server.client(server.make_key(name, "draw", "read"))) for name in ("one", "other"))
    one.post("/sdapi/v1/options", {"samples_format": "jpg", "CLIP_stop_at_last_layers": 2})
    assert one.get("/sdapi/v1/options")["samples_format"] == "jpg"
    assert other.get("/sdapi/v1/options")["samples_format"] == "png"
    assert opened(one.post("/sdapi/v1/txt2img", {"prompt": "x", "steps": 1})["images"][0]).format == "JPEG"


def test_progress_and_interrupt_are_the_callers_own(make_server):
    server = make_server()
    drawer, other = (Webui(server.client(server.make_key(name, "draw", "read"))) for name in ("drawer", "other"))
    answers = []
    thread = threading.Thread(target=lambda: answers.append(
        drawer.post("/sdapi/v1/txt2img", {"prompt": "x", "steps": 900, "sampler_name": "Euler", "seed": 1})))
    thread.start()
    seen, until = None, time.monotonic() + 60
    while time.monotonic() < until:
        seen = drawer.get("/sdapi/v1/progress")
        if seen["state"]["sampling_step"] > 2 and seen["current_image"]:
            break
        time.sleep(0.05)
    assert 0 < seen["progress"] < 1 and seen["state"]["job_count"] == 1, seen
    assert opened(seen["current_image"]).size == (128, 128)
    assert other.get("/sdapi/v1/progress")["state"]["job_count"] == 0
    other.post("/sdapi/v1/interrupt")
    time.sleep(0.3)
    assert thread.is_alive(), "another caller's interrupt stopped it"
    drawer.post("/sdapi/v1/interrupt")
    thread.join(60)
    assert answers and answers[0]["images"] == []


def test_without_a_key_browsers_are_asked_for_one(shared):
    answer = shared.request("GET", "/sdapi/v1/options", key=None)
    assert answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "detail" in answer.json


def test_every_list_answers(webui):
    for path in ("hypernetworks", "face-restorers", "realesrgan-models", "prompt-styles", "scripts", "script-info",
                 "extensions", "memory", "cmd-flags", "loras", "embeddings"):
        webui.get(f"/sdapi/v1/{path}")
    for path in ("refresh-checkpoints", "refresh-vae", "refresh-loras", "refresh-embeddings", "skip"):
        webui.post(f"/sdapi/v1/{path}")


def repeating_upscaler(path):
    """An SRVGGNetCompact of zeros, which enlarges fourfold by repetition."""
    shapes = {"body.0.weight": (4, 3, 3, 3), "body.0.bias": (4,), "body.1.weight": (4,), "body.2.weight": (48, 4, 3, 3),
              "body.2.bias": (48,)}  # fmt: skip
    path.parent.mkdir(parents=True)
    save_file({name: numpy.zeros(shape, numpy.float32) for name, shape in shapes.items()}, path)


def test_an_enlarged_picture_that_was_fitted_is_marked_like_any_other(make_server, tmp_path):
    """The network enlarges by four; what is asked for is twice."""
    repeating_upscaler(tmp_path / "shelf/upscalers/four.safetensors")
    server = make_server(environment={"LIMNER_MODELS": f"{tmp_path / 'shelf'}:{ROOT / 'models'}"})
    webui = Webui(server.admin)
    drawn = server.admin.picture(server.admin.draw(size="128x128"))

    def enlarged(factor):
        answer = webui.post("/sdapi/v1/extra-single-image", {
            "image": base64.b64encode(drawn).decode(), "upscaler_1": "four", "upscaling_resize": factor})  # fmt: skip
        return base64.b64decode(answer["image"])

    def verified(file):
        (tmp_path / "it.png").write_bytes(file)
        return json.loads(server.command("verify", "--data", server.data, tmp_path / "it.png", "--json"))

    whole, fitted = enlarged(4), enlarged(2)
    assert Image.open(io.BytesIO(whole)).size == (512, 512) and Image.open(io.BytesIO(fitted)).size == (256, 256)
    for file in (whole, fitted):
        assert b"caBX" in file
        assert limner_text(file)["parameters"]["prompt"] == "a red apple"
        assert beneath(file) != pixels_sha256(file), "its pixels carry a mark"
    assert verified(whole)["signature"]["state"] in ("valid", "trusted")
    said = verified(fitted)["signature"]
    assert said["state"] in ("valid", "trusted"), said
    answer = webui.post("/sdapi/v1/extra-single-image", {"image": encoded(Image.new("RGB", (64, 64))), "upscaler_1": "None",
                                                         "upscaling_resize": 2})  # fmt: skip
    assert opened(answer["image"]).size == (128, 128)


def test_a_key_limited_to_a_model_neither_sees_nor_loads_another(make_server, tmp_path):
    shutil.copytree(ROOT / "models/limner-tiny", tmp_path / "shelf/other", ignore=shutil.ignore_patterns("samples", "reference*"))
    server = make_server(environment={"LIMNER_MODELS": f"{tmp_path / 'shelf'}:{ROOT / 'models'}"})
    assert {"limner-tiny", "other"} <= {model["title"] for model in Webui(server.admin).get("/sdapi/v1/sd-models")}
    key = server.admin.post("/v1/admin/keys", {"tenant": "default", "name": "limited", "scopes": ["draw", "read"],
                                                "limits": {"models": ["limner-tiny"]}}).json["key"]  # fmt: skip
    webui = Webui(server.client(key))
    assert [model["title"] for model in webui.get("/sdapi/v1/sd-models")] == ["limner-tiny"]

    def loaded():
        return [model["id"] for model in server.admin.get("/v1/models").json["data"] if model["state"] != "absent"]

    before = webui.get("/sdapi/v1/options")
    refused = webui.post("/sdapi/v1/options", {"sd_model_checkpoint": "other", "samples_format": "jpg"}, status=403)
    assert "limner-tiny" in json.dumps(refused) and webui.get("/sdapi/v1/options") == before
    webui.post("/sdapi/v1/options", {"sd_model_checkpoint": "limner-tiny"})
    assert eventually(lambda: "limner-tiny" in loaded()) and "other" not in loaded()


def resident_bytes(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


@pytest.mark.parametrize("path", ["txt2img", "extra-single-image"])
def test_a_request_whose_job_waits_does_not_hold_its_body(make_server, tmp_path, path):
    """What clients send is large for the pictures in it; white space is as large."""
    repeating_upscaler(tmp_path / "shelf/upscalers/four.safetensors")
    server = make_server(environment={"LIMNER_MODELS": f"{tmp_path / 'shelf'}:{ROOT / 'models'}"})
    admin = server.admin
    picture = encoded(Image.new("RGB", (64, 64)))
    body = {"txt2img": {"prompt": "a red apple", "steps": 1, "width": 64, "height": 64},
            "extra-single-image": {"image": picture, "upscaler_1": "four", "upscaling_resize": 4}}[path]  # fmt: skip
    large = json.dumps(body).encode() + b" " * (60 << 20)
    assert admin.post(f"/sdapi/v1/{path}", body).status == 200
    admin.post("/v1/admin/pause", {"tier": "standard"})
    before, statuses = resident_bytes(server), []
    threads = [threading.Thread(target=lambda: statuses.append(
        admin.request("POST", f"/sdapi/v1/{path}", body=large, headers={"Content-Type": "application/json"}).status))
        for _ in range(4)]  # fmt: skip
    for thread in threads:
        thread.start()
    assert eventually(lambda: sum(job["state"] == "queued" for job in admin.get("/v1/jobs").json["data"]) == 4)
    assert eventually(lambda: resident_bytes(server) - before < 190 << 20, 15), (resident_bytes(server) - before) >> 20
    admin.post("/v1/admin/resume", {"tier": "standard"})
    for thread in threads:
        thread.join()
    assert statuses == [200] * 4
