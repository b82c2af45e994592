"""Encrypted weights: a model draws the same with its master key, and nothing at all without."""

import shutil

import pytest
from tiny_model import TINY, WEIGHTS

MAGIC = b"\xffLIMWTS\x01"


@pytest.fixture
def model(limner):
    folder = limner.folder / "tiny"
    shutil.copytree(TINY, folder, ignore=shutil.ignore_patterns("samples", "reference*"))
    return folder


@pytest.fixture
def master(limner):
    assert limner("encryption", "init", "master.key").status == 0
    return limner.folder / "master.key"


@pytest.fixture
def caches(tmp_path):
    """A cache of this test's own: what is kept of other tests' models says nothing here."""
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def change(limner, verb, model, master, environment, status=0):
    run = limner("model", verb, model, "--master-key", master, "--json", environment=environment)
    assert run.status == status, run.err
    return run.json if status == 0 else run.err


def draw(limner, model, environment, status=0):
    run = limner("generate", "a red apple", "-m", model, "--no-sign", "--steps", 2, "--seed", 7, "-q", "-o", "out.png",
                 environment=environment)
    assert run.status == status, run.err
    return (limner.folder / "out.png").read_bytes() if status == 0 else run.err


def weights(model):
    return [model / name for name in WEIGHTS.values()]


def test_an_encrypted_model_draws_the_same_bytes(limner, model, master, caches):
    with_key = caches | {"LIMNER_ENCRYPTION_MASTER_KEY": str(master)}
    picture = draw(limner, model, caches)
    digest = limner("model", "show", model, "--json", environment=caches).json["sha256"]
    plain = [path.read_bytes() for path in weights(model)]
    assert limner("model", "pack", model, environment=caches).status == 0
    assert change(limner, "encrypt", model, master, caches) == {"changed": 3, "files": 3}
    assert change(limner, "encrypt", model, master, caches) == {"changed": 0, "files": 3}
    for path, before in zip(weights(model), plain):
        assert path.read_bytes().startswith(MAGIC) and before[5000:5064] not in path.read_bytes()
    assert not [path for path in model.rglob("*") if path.name.endswith(".part")]
    # Nothing that was packed of them lies anywhere any more, and nothing new does.
    packed = limner.folder.parent / "cache/limner/packed"
    assert not packed.exists() or not list(packed.iterdir())
    assert draw(limner, model, with_key) == picture
    run = limner("model", "pack", model, environment=with_key)
    assert run.status == 2 and "encrypted" in run.err, run.err
    assert not packed.exists() or not list(packed.iterdir())
    assert limner("model", "show", model, "--json", environment=with_key).json["sha256"] == digest
    error = draw(limner, model, caches, status=2)
    assert "LIMNER_ENCRYPTION_MASTER_KEY" in error
    assert change(limner, "decrypt", model, master, caches) == {"changed": 3, "files": 3}
    assert [path.read_bytes() for path in weights(model)] == plain
    assert draw(limner, model, caches) == picture


@pytest.mark.parametrize("damage", ["flipped", "cut", "header", "another model's"])
def test_what_was_changed_is_an_error(limner, model, master, caches, damage):
    with_key = caches | {"LIMNER_ENCRYPTION_MASTER_KEY": str(master)}
    change(limner, "encrypt", model, master, caches)
    path = weights(model)[0]
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[len(data) // 2] ^= 1
    elif damage == "cut":
        data = data[:-70_000]
    elif damage == "header":
        data[100] ^= 1
    else:
        data[:200] = weights(model)[1].read_bytes()[:200]
    path.write_bytes(data)
    error = draw(limner, model, with_key, status=1)
    assert path.name in error


def test_another_master_key_opens_nothing(limner, model, master, caches):
    change(limner, "encrypt", model, master, caches)
    assert limner("encryption", "init", "other.key").status == 0
    error = draw(limner, model, caches | {"LIMNER_ENCRYPTION_MASTER_KEY": str(limner.folder / "other.key")}, status=1)
    assert "master key" in error


def test_a_rotation_writes_headers_alone(limner, model, master, caches):
    picture = draw(limner, model, caches)
    change(limner, "encrypt", model, master, caches)
    before = [path.read_bytes() for path in weights(model)]
    old = master.read_text()
    assert limner("encryption", "init", "new.key").status == 0
    new = (limner.folder / "new.key").read_text()
    master.write_text(new + old)
    assert change(limner, "rewrap", model, master, caches) == {"changed": 3, "files": 3}
    assert change(limner, "rewrap", model, master, caches) == {"changed": 0, "files": 3}
    for path, sealed in zip(weights(model), before):
        assert path.read_bytes()[:48] == sealed[:48] and path.read_bytes()[200:] == sealed[200:]
    master.write_text(new)
    assert draw(limner, model, caches | {"LIMNER_ENCRYPTION_MASTER_KEY": str(master)}) == picture
    master.write_text(old)
    draw(limner, model, caches | {"LIMNER_ENCRYPTION_MASTER_KEY": str(master)}, status=1)


def test_a_signature_stays_what_it_was(limner, model, master, caches):
    assert limner("cert", "init", "keys", "--name", "Limner Test").status == 0
    assert limner("model", "sign", model, "--key", "keys").status == 0
    change(limner, "encrypt", model, master, caches)
    with_key = caches | {"LIMNER_ENCRYPTION_MASTER_KEY": str(master)}
    run = limner("model", "verify", model, "--trust", "keys/root.pem", environment=with_key)
    assert run.status == 0, run.err
    run = limner("model", "verify", model, "--trust", "keys/root.pem", environment=caches)
    assert run.status == 2 and "LIMNER_ENCRYPTION_MASTER_KEY" in run.err, run.err
