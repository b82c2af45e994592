"""Signed models: limner model sign and verify, beside the format's reference implementation where it is installed."""

import json
import shutil
import subprocess
import sys

import pytest
from tiny_model import TINY


@pytest.fixture
def model(limner):
    folder = limner.folder / "tiny"
    shutil.copytree(TINY, folder, ignore=shutil.ignore_patterns("samples", "reference"))
    return folder


@pytest.fixture
def keys(limner):
    assert limner("cert", "init", "keys", "--name", "Limner Test").status == 0
    return limner.folder / "keys"


def signed(limner, model, key):
    run = limner("model", "sign", model, "--key", key)
    assert run.status == 0, run.err
    return model / "model.sig"


def verify(limner, model, trust, status=0):
    run = limner("model", "verify", model, "--trust", trust, "--json")
    assert run.status == status, (run.out, run.err)
    return run.json if status == 0 else run.err


def flip(path):
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


def test_a_signed_model_is_what_was_signed(limner, model, keys):
    bundle = json.loads(signed(limner, model, keys).read_text())
    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    told = verify(limner, model, keys / "root.pem")
    assert told["name"] == "tiny" and told["files"] == sum(path.is_file() for path in model.rglob("*")) - 1


@pytest.mark.parametrize("change", ["weights", "config", "missing", "further"])
def test_whatever_was_changed_is_named(limner, model, keys, change):
    signed(limner, model, keys)
    weights = model / "unet" / "diffusion_pytorch_model.safetensors"
    if change == "weights":
        flip(weights)
    elif change == "config":
        flip(model / "unet" / "config.json")
    elif change == "missing":
        weights.unlink()
    else:
        shutil.copy(weights, model / "unet" / "another.safetensors")
    error = verify(limner, model, keys / "root.pem", status=1)
    assert {"weights": weights.name, "config": "unet/config.json", "missing": "is missing",
            "further": "another.safetensors was not signed"}[change] in error


def test_others_keys_and_no_signature_are_refused(limner, model, keys):
    assert "is not signed" in verify(limner, model, keys / "root.pem", status=2)
    assert limner("cert", "init", "others").status == 0
    signed(limner, model, limner.folder / "others")
    verify(limner, model, keys / "root.pem", status=2)
    for text in ["", "{}", "[" * 100_000, "\x00", '{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}']:
        (model / "model.sig").write_text(text)
        verify(limner, model, keys / "root.pem", status=2)


def test_keys_that_cannot_sign_models_are_refused(limner, model):
    assert limner("cert", "init", "edwards", "--algorithm", "ed25519").status == 0
    run = limner("model", "sign", model, "--key", "edwards")
    assert run.status == 2 and "P-256" in run.err
    assert not (model / "model.sig").exists()


def test_the_reference_takes_ours_and_we_take_its(limner, model, tmp_path):
    if subprocess.run([sys.executable, "-c", "import model_signing"], capture_output=True).returncode:
        pytest.skip("pip install model-signing: it is not among the tests' requirements")
    reference = [sys.executable, "-m", "model_signing"]
    for words in (["ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", "key.pem"],
                  ["ec", "-in", "key.pem", "-pubout", "-out", "pub.pem"]):
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)
    signature = signed(limner, model, tmp_path / "key.pem")
    run = subprocess.run([*reference, "verify", "key", model, "--signature", signature, "--public_key", tmp_path / "pub.pem"],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    signature.unlink()
    run = subprocess.run([*reference, "sign", "key", model, "--signature", signature, "--private_key", tmp_path / "key.pem"],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert verify(limner, model, tmp_path / "pub.pem")["signed_by"].startswith("key ")
