"""Manifests signed by a key that never leaves its token: PKCS#11, with SoftHSM as the token."""

import os
import pathlib
import shutil
import subprocess

import pytest
from c2pa_reference import Read

MODULES = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"]
MODULE = next((path for path in MODULES if pathlib.Path(path).exists()), None)

pytestmark = pytest.mark.skipif(MODULE is None or shutil.which("softhsm2-util") is None,
                                reason="SoftHSM is not installed (Debian: softhsm2, libengine-pkcs11-openssl)")


@pytest.fixture
def token(limner):
    """A folder of keys whose private key was put on a token and is nowhere else."""
    folder = limner.folder
    (folder / "tokens").mkdir()
    (folder / "softhsm.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    limner.environment["SOFTHSM2_CONF"] = str(folder / "softhsm.conf")
    keys = folder / "keys"
    assert limner("cert", "init", keys, "--name", "Token Ltd").status == 0

    def softhsm(*words):
        subprocess.run(["softhsm2-util", *map(str, words)], check=True, capture_output=True,
                       env=os.environ | limner.environment)

    softhsm("--init-token", "--free", "--label", "prod", "--pin", "1234", "--so-pin", "5678")
    softhsm("--import", keys / "key.pem", "--token", "prod", "--label", "signing", "--id", "01", "--pin", "1234")
    (keys / "key.pem").unlink()
    (folder / "pin").write_text("1234\n")
    (keys / "key.uri").write_text(uri(folder / "pin"))
    return keys


def uri(pin, label="signing", module=MODULE):
    return f"pkcs11:token=prod;object={label};type=private?module-path={module}&pin-source={pin}\n"


def draw(limner, keys):
    return limner("generate", "a red apple", "--steps", 1, "--seed", 1, "--sign", keys, "-o", limner.folder / "apple.png")


def test_a_picture_is_signed_by_the_token(limner, token):
    done = draw(limner, token)
    assert done.status == 0, done.err
    seen = limner("verify", limner.folder / "apple.png", "--trust", token / "root.pem", "--json")
    assert seen.json["signature"]["state"] == "trusted", seen.out
    reference = Read(limner.folder / "apple.png", token / "root.pem")
    assert reference.state == "Trusted" and reference.failures == []
    assert reference.manifest["signature_info"]["issuer"] == "Token Ltd"


@pytest.mark.parametrize("spoil, said", [
    (lambda keys: (keys.parent / "pin").write_text("9999"), "PIN is wrong"),
    (lambda keys: (keys.parent / "pin").unlink(), "pin-source"),
    (lambda keys: (keys / "key.uri").write_text(uri(keys.parent / "pin", label="other")), "no such key"),
    (lambda keys: (keys / "key.uri").write_text(uri(keys.parent / "pin", module="/nowhere.so")), "module"),
    (lambda keys: (keys / "key.uri").write_text("pkcs11:token=prod;object=signing?pin-value=1234"), "holds a PIN"),
    (lambda keys: (keys / "key.uri").write_text("pkcs11:token=prod;pin-value=1234"), "holds a PIN"),
    (lambda keys: (keys / "key.uri").write_text("file:key.pem"), "no PKCS#11 URI"),
    (lambda keys: (keys / "key.uri").write_text("pkcs11:token=prod?module-name=x"), "module-name"),
    (lambda keys: (keys / "key.uri").write_text("pkcs11:" + "a" * 5000), "no PKCS#11 URI"),
])  # fmt: skip
def test_nothing_is_drawn_without_the_key(limner, token, spoil, said):
    spoil(token)
    done = draw(limner, token)
    assert done.status != 0 and said in done.err, done.err
    assert "1234" not in done.err and not (limner.folder / "apple.png").exists()


def test_a_certificate_of_another_key_is_refused(limner, token):
    other = limner.folder / "other"
    assert limner("cert", "init", other).status == 0
    shutil.copy(other / "chain.pem", token / "chain.pem")
    done = draw(limner, token)
    assert done.status != 0 and "not that of key.uri" in done.err, done.err


def test_several_pictures_of_one_process(limner, token):
    done = limner("generate", "a red apple", "--steps", 1, "--seed", 1, "--count", 3, "--sign", token, "-o", "many.png")
    assert done.status == 0, done.err
    files = sorted(limner.folder.glob("many*.png"))
    assert len(files) == 3
    assert all(Read(file, token / "root.pem").state == "Trusted" for file in files)
