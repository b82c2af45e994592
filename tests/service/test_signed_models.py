"""A server that draws with signed models only."""

import shutil
import subprocess

import pytest

from server import PROGRAM, ROOT

TINY = ROOT / "models" / "limner-tiny"


@pytest.fixture
def keys(tmp_path):
    subprocess.run([PROGRAM, "cert", "init", tmp_path / "keys"], check=True, capture_output=True)
    return tmp_path / "keys"


def models(folder, *names):
    """Copies of the default model in a model folder of their own."""
    for name in names:
        shutil.copytree(TINY, folder / name, ignore=shutil.ignore_patterns("samples", "reference"))
    return folder


def sign(path, key):
    subprocess.run([PROGRAM, "model", "sign", path, "--key", key], check=True, capture_output=True)


def config(keys, default, required="true"):
    return f'[models]\ndefault = "{default}"\ntrusted_signers = "{keys / "root.pem"}"\nrequire_signature = {required}\n'


def test_only_signed_models_draw(make_server, keys, tmp_path):
    folder = models(tmp_path / "models", "sound", "changed", "bare")
    for name in ("sound", "changed"):
        sign(folder / name, keys)
    weights = folder / "changed" / "unet" / "diffusion_pytorch_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-5] ^= 1
    weights.write_bytes(data)
    server = make_server(config(keys, "sound"), {"LIMNER_MODELS": str(folder)})
    assert server.admin.draw(steps=1)["state"] == "stored"
    for name, why in [("changed", "is not what was signed"), ("bare", "is not signed")]:
        view = server.admin.wait(server.admin.submit(steps=1, model=name), states=("failed",))
        assert why in view["error"]["message"], view["error"]


def test_a_signature_that_is_there_must_hold_also_where_none_is_needed(make_server, keys, tmp_path):
    folder = models(tmp_path / "models", "bare", "strange")
    subprocess.run([PROGRAM, "cert", "init", tmp_path / "others"], check=True, capture_output=True)
    sign(folder / "strange", tmp_path / "others")
    server = make_server(config(keys, "bare", required="false"), {"LIMNER_MODELS": str(folder)})
    assert server.admin.draw(steps=1)["state"] == "stored"
    view = server.admin.wait(server.admin.submit(steps=1, model="strange"), states=("failed",))
    assert "signature" in view["error"]["message"] + view["error"]["field"], view["error"]


def test_requiring_signatures_of_nobody_is_an_error(make_server, keys):
    server = make_server("[models]\nrequire_signature = true\n", start=False)
    server.command("serve", "--config", server.config, "--data", server.data, "--listen", "127.0.0.1:0", status=2)
