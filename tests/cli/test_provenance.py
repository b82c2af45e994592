"""Signed manifests, held against the reference implementation: it believes ours, and we believe its."""

import concurrent.futures
import re
import stat

import c2pa_reference
import pytest
from PIL import Image
from pixels import same
from program import PROMPT

FORMATS = ["png", "jpg", "webp"]
ALGORITHMS = ["es256", "ed25519"]
CREATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
EDITED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


@pytest.fixture(scope="module")
def chains(tmp_path_factory):
    """Where chains are that several tests use."""
    return tmp_path_factory.mktemp("chains")


@pytest.fixture
def chain(limner, chains):
    """A function from an algorithm to the folder of a chain."""

    def made(algorithm="es256"):
        folder = chains / algorithm
        if not folder.exists():
            run = limner("cert", "init", folder, "--algorithm", algorithm, "--name", "Limner Test")
            assert run.status == 0, run.err
        return folder

    return made


def drawn(limner, *words, out="out.png", prompt=PROMPT):
    """A picture drawn as by somebody who knows nothing of signatures."""
    run = limner("generate", prompt, "--steps", 2, "--seed", 7, "-q", "-o", out, *words)
    assert run.status == 0, run.err
    return limner.folder / out


def verified(limner, path, *roots, **options):
    words = [word for root in roots for word in ("--trust", root)]
    run = limner("verify", path, "--json", *words, **options)
    assert run.status == 0, run.err
    assert list(run.json) == ["signature", "watermark", "ledger", "unchecked"]
    assert "ledger" in run.json["unchecked"], "nobody here has a server"
    return run.json["signature"]


def codes(signature, outcome):
    return {reason["code"] for reason in signature["reasons"] if reason["outcome"] == outcome}


def change_a_pixel(path):
    """Flips a bit among the pixels: before PNG's last checksum and end, before JPEG's end, inside WebP's frame."""
    whole = bytearray(path.read_bytes())
    at = whole.index(b"VP8 ") + 200 if path.suffix == ".webp" else len(whole) - {".png": 20, ".jpg": 4}[path.suffix]
    whole[at] ^= 1
    path.write_bytes(whole)


# ---- the reference reads ours ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_is_trusted(limner, chain, ending, algorithm):
    folder = chain(algorithm)
    path = drawn(limner, "--sign", folder, out=f"out.{ending}")
    read = c2pa_reference.Read(path, folder / "root.pem")
    assert (read.state, read.failures) == ("Trusted", [])
    assert read.manifest["signature_info"]["alg"].lower() == algorithm
    assert read.manifest["claim_version"] == 2 and read.manifest["title"] == path.name

    (action,) = read.assertion("c2pa.actions.v2")["actions"]
    assert action["action"] == "c2pa.created" and action["digitalSourceType"] == CREATED
    assert action["parameters"]["org.limner.model"] == "limner-tiny"
    disclosure = read.assertion("org.limner.disclosure")
    assert disclosure["provider"] == "Limner Test"
    assert disclosure["system"]["name"] == "Limner" and disclosure["system"]["version"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", disclosure["time"])
    assert disclosure["id"].startswith("urn:uuid:")

    ours = verified(limner, path, folder / "root.pem")
    assert ours["state"] == "trusted" and not codes(ours, "failure")
    assert ours["claim"]["disclosure"] == disclosure


@pytest.mark.parametrize("ending", FORMATS)
def test_strangers_are_valid_and_not_trusted(limner, chain, ending):
    path = drawn(limner, "--sign", chain(), out=f"out.{ending}")
    read = c2pa_reference.Read(path)
    assert (read.state, read.failures) == ("Valid", ["signingCredential.untrusted"])
    ours = verified(limner, path, chain("ed25519") / "root.pem")
    assert ours["state"] == "valid" and codes(ours, "failure") == {"signingCredential.untrusted"}


@pytest.mark.parametrize("ending", FORMATS)
def test_one_changed_byte_is_invalid(limner, chain, ending):
    path = drawn(limner, "--sign", chain(), out=f"out.{ending}")
    change_a_pixel(path)
    read = c2pa_reference.Read(path, chain() / "root.pem")
    assert read.state == "Invalid" and "assertion.dataHash.mismatch" in read.failures
    ours = verified(limner, path, chain() / "root.pem")
    assert ours["state"] == "invalid" and "assertion.dataHash.mismatch" in codes(ours, "failure")
    assert ours["claim"] is None


def test_a_picture_drawn_over_another_names_it(limner, chain):
    Image.new("RGB", (64, 64), "orange").save(limner.folder / "photo.jpg")
    path = drawn(limner, "--sign", chain(), "--init", "photo.jpg", "--strength", 0.5)
    read = c2pa_reference.Read(path, chain() / "root.pem")
    assert (read.state, read.failures) == ("Trusted", [])
    opened, edited = read.assertion("c2pa.actions.v2")["actions"]
    assert opened["action"] == "c2pa.opened"
    assert edited["action"] == "c2pa.edited" and edited["digitalSourceType"] == EDITED
    (ingredient,) = read.manifest["ingredients"]
    assert ingredient["relationship"] == "parentOf"
    assert ingredient["title"] == "photo.jpg" and ingredient["format"] == "image/jpeg"
    ours = verified(limner, path, chain() / "root.pem")
    assert ours["state"] == "trusted"
    assert ours["claim"]["ingredients"][0]["title"] == "photo.jpg"


@pytest.mark.parametrize("ending", FORMATS)
def test_the_manifest_of_the_picture_below_is_kept(limner, chain, ending):
    ours = drawn(limner, "--sign", chain("ed25519"), out="below.png")
    theirs = c2pa_reference.signed(chain("ed25519"), limner.folder / "theirs.jpg", "ed25519")
    for below in (ours, theirs):
        path = drawn(limner, "--sign", chain(), "--init", below, "--strength", 0.5, out=f"over.{ending}")
        read = c2pa_reference.Read(path, chain() / "root.pem", chain("ed25519") / "root.pem")
        assert (read.state, read.failures) == ("Trusted", [])
        (ingredient,) = read.manifest["ingredients"]
        assert ingredient["active_manifest"] in read.whole["manifests"] and len(read.whole["manifests"]) == 2
        told = verified(limner, path, chain() / "root.pem")
        assert told["state"] == "trusted" and told["claim"]["ingredients"][0]["has_manifest"] is True


def test_bare_says_nothing_of_the_model(limner, chain):
    path = drawn(limner, "--sign", chain(), "--bare")
    assert b"limner-tiny" not in path.read_bytes()
    assert c2pa_reference.Read(path, chain() / "root.pem").state == "Trusted"


@pytest.mark.parametrize("ending", [*FORMATS, "avif"])
def test_readers_without_c2pa_are_told_too(limner, ending):
    path = drawn(limner, out=f"out.{ending}")
    assert f"<Iptc4xmpExt:DigitalSourceType>{CREATED}<".encode() in path.read_bytes()
    assert limner.parameters(path)["seed"] == 7, "what was there before is still there"


# ---- we read the reference's -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("ending", FORMATS)
def test_files_of_the_reference(limner, chain, ending, algorithm):
    folder = chain(algorithm)
    for title in ("a", "ab"):  # stores of odd and of even size
        path = c2pa_reference.signed(folder, limner.folder / f"{title}.{ending}", algorithm)
        assert c2pa_reference.Read(path, folder / "root.pem").state == "Trusted"
        ours = verified(limner, path, folder / "root.pem")
        assert ours["state"] == "trusted", ours["reasons"]
        assert ours["claim"]["generator"]["name"] == "Somebody else"
        assert ours["claim"]["actions"][0]["digital_source_type"] == CREATED
        assert verified(limner, path, chain("ed25519" if algorithm == "es256" else "es256") / "root.pem")["state"] == "valid"


@pytest.mark.parametrize("ending", FORMATS)
def test_changed_files_of_the_reference(limner, chain, ending):
    path = c2pa_reference.signed(chain(), limner.folder / f"a.{ending}")
    change_a_pixel(path)
    assert c2pa_reference.Read(path, chain() / "root.pem").state == "Invalid"
    assert verified(limner, path, chain() / "root.pem")["state"] == "invalid"


def test_files_of_the_reference_with_a_parent(limner, chain):
    parent = drawn(limner, "--sign", chain(), out="parent.png")
    path = c2pa_reference.signed(chain(), limner.folder / "edited.png", parent=parent)
    assert c2pa_reference.Read(path, chain() / "root.pem").state == "Trusted"
    ours = verified(limner, path, chain() / "root.pem")
    assert ours["state"] == "trusted", ours["reasons"]
    assert ours["claim"]["ingredients"][0]["has_manifest"] is True
    # A byte of the parent's manifest: the reference's hash of it does not hold any more.
    whole = path.read_bytes()
    at = whole.index(b"org.limner.disclosure") + 60
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    assert verified(limner, path, chain() / "root.pem")["state"] == "invalid"


# ---- on by default ---------------------------------------------------------------------------------------------------


def test_a_chain_is_made_on_first_use(limner, tmp_path):
    own = {"XDG_DATA_HOME": str(tmp_path / "data")}
    for out in ("a.png", "b.png"):
        run = limner("generate", PROMPT, "--steps", 1, "--seed", 7, "-o", out, environment=own)
        assert run.status == 0, run.err
    folder = tmp_path / "data" / "limner" / "signing"
    assert {path.name for path in folder.iterdir()} == {"root.pem", "chain.pem", "key.pem"}
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    first, second = (c2pa_reference.Read(limner.folder / name, folder / "root.pem") for name in ("a.png", "b.png"))
    assert first.state == second.state == "Trusted"
    assert first.manifest["signature_info"]["cert_serial_number"] == second.manifest["signature_info"]["cert_serial_number"]
    assert first.assertion("org.limner.disclosure")["id"] != second.assertion("org.limner.disclosure")["id"]
    assert same(Image.open(limner.folder / "a.png"), Image.open(limner.folder / "b.png")), "the pixels are the same"
    assert verified(limner, "a.png", environment=own)["state"] == "trusted", "one's own root is believed"


def test_programs_that_make_it_at_once_agree(limner, tmp_path):
    own = {"XDG_DATA_HOME": str(tmp_path / "data")}

    def draw(number):
        return limner("generate", PROMPT, "--steps", 1, "-q", "-o", f"{number}.png", environment=own)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for run in pool.map(draw, range(4)):
            assert run.status == 0, run.err
    folder = tmp_path / "data" / "limner" / "signing"
    assert [path.name for path in folder.parent.iterdir()] == ["signing"], "nothing is left beside it"
    for number in range(4):
        assert verified(limner, f"{number}.png", environment=own)["state"] == "trusted"


def test_no_sign(limner, tmp_path):
    own = {"XDG_DATA_HOME": str(tmp_path / "data")}
    run = limner("generate", PROMPT, "--steps", 1, "--no-sign", "-q", "-o", "a.png", environment=own)
    assert run.status == 0, run.err
    assert verified(limner, "a.png", environment=own) == {"state": "absent", "reasons": [], "claim": None}
    assert not (tmp_path / "data").exists()


def test_where_no_chain_can_be_made_nothing_is_drawn_unsigned(limner):
    nowhere = {"XDG_DATA_HOME": "/proc/nowhere"}
    run = limner("generate", PROMPT, "--steps", 1, "-o", "a.png", environment=nowhere)
    assert run.status != 0 and "--no-sign" in run.err and "--sign DIR" in run.err
    assert limner.files() == set()


def test_several_pictures_have_manifests_of_their_own(limner, chain):
    run = limner("generate", PROMPT, "--steps", 1, "-n", 2, "-q", "-o", "many.png", "--sign", chain())
    assert run.status == 0, run.err
    claims = [verified(limner, f"many-{i}.png", chain() / "root.pem")["claim"] for i in (1, 2)]
    assert claims[0]["manifest"] != claims[1]["manifest"] and claims[1]["title"] == "many-2.png"


def test_avif_says_that_it_has_none(limner, chain):
    run = limner("generate", PROMPT, "--steps", 1, "-o", "a.avif", "--sign", chain())
    assert run.status == 0 and "no C2PA manifest" in run.err
    run = limner("generate", PROMPT, "--steps", 1, "-q", "--json", "-o", "a.avif")
    assert any("no C2PA manifest" in warning for warning in run.json["warnings"])
    assert verified(limner, "a.avif")["state"] == "absent"


# ---- limner cert and limner verify -----------------------------------------------------------------------------------


def test_cert_init(limner):
    run = limner("cert", "init", "made", "--json")
    assert run.status == 0, run.err
    assert run.json["key"] == "made/key.pem" and run.json["algorithm"] == "es256"
    assert limner.files() == {"made", "made/root.pem", "made/chain.pem", "made/key.pem"}
    key = (limner.folder / "made/key.pem").read_bytes()
    limner.refuses("cert", "init", "made", saying="not written over")
    assert (limner.folder / "made/key.pem").read_bytes() == key
    limner.refuses("cert", "init", "other", "--algorithm", "rsa", saying="es256")
    limner.refuses("cert", "init", "other", "--name", "", saying="name")


def test_folders_without_a_usable_chain(limner, chain):
    words = ["generate", PROMPT, "--steps", 1, "-q", "-o", "out.png", "--sign"]
    limner.refuses(*words, "nowhere", saying="key.pem")
    limner.refuses(*words, chain(), "--no-sign", saying="--sign")
    broken = limner.folder / "broken"
    broken.mkdir()
    (broken / "chain.pem").write_bytes((chain() / "chain.pem").read_bytes())
    (broken / "key.pem").write_bytes((chain("ed25519") / "key.pem").read_bytes())
    limner.refuses(*words, broken, saying=["chain.pem", "not that of key.pem"])
    (broken / "key.pem").write_bytes((chain() / "key.pem").read_bytes())
    (broken / "chain.pem").write_bytes((chain() / "root.pem").read_bytes())
    limner.refuses(*words, broken, saying="chain.pem")
    (broken / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nsecretsecret\n-----END PRIVATE KEY-----\n")
    assert "secretsecret" not in limner.refuses(*words, broken, saying="key.pem").err


def test_verify_says_it_to_people_and_to_scripts(limner, chain):
    path = drawn(limner, "--sign", chain())
    told = limner("verify", path, "--trust", chain() / "root.pem")
    assert told.status == 0 and told.out.startswith("signature: trusted\n") and "Limner Test" in told.out
    assert limner("verify", path, "--trust", chain() / "root.pem", "--require", "trusted").status == 0
    assert limner("verify", path, "--require", "valid").status == 0
    assert limner("verify", path, "--require", "trusted").status == 3
    limner.draw(out="plain.png")
    told = limner("verify", "plain.png").out.splitlines()
    assert told[0] == "signature: absent"
    assert any(line.startswith("ledger: not checked") for line in told), "what nobody looked at is not denied"
    assert limner("verify", "plain.png", "--require", "valid").status == 3
    limner.refuses("verify", path, "--require", "everything", saying="require")
    limner.refuses("verify", "nothing.png", saying="nothing.png")
    limner.refuses("verify", chain() / "key.pem", saying="image")
    limner.refuses("verify", path, "--trust", chain() / "key.pem", saying="trust")


def test_verify_fetches_nothing_from_inside(limner):
    for host in ("127.0.0.1:1", "localhost:1", "169.254.169.254", "[::1]:1"):
        run = limner("verify", f"http://{host}/a.png")
        assert run.status in (1, 2) and "may be connected to" in run.err and run.out == "", host
    limner.refuses("verify", "http://", saying="input")


def test_a_manifest_moved_to_another_picture_is_invalid(limner, chain):
    signed = drawn(limner, "--sign", chain()).read_bytes()
    other = drawn(limner, "--no-sign", out="other.png", prompt="a dog").read_bytes()
    at = signed.index(b"caBX") - 4
    chunk = signed[at : at + 12 + int.from_bytes(signed[at : at + 4], "big")]
    before = other.index(b"IDAT") - 4
    (limner.folder / "moved.png").write_bytes(other[:before] + chunk + other[before:])
    assert verified(limner, "moved.png", chain() / "root.pem")["state"] == "invalid"


def test_hostile_manifests_end_in_an_answer(limner, chain):
    whole = bytearray(drawn(limner, "--sign", chain()).read_bytes())
    at = whole.index(b"caBX") + 4
    size = int.from_bytes(whole[at - 8 : at - 4], "big")
    for step, value in ((97, 0xFF), (61, 0x9F), (41, 0x00)):
        changed = bytearray(whole)
        for i in range(at, at + size, step):
            changed[i] = value
        (limner.folder / "bad.png").write_bytes(changed)
        assert verified(limner, "bad.png", chain() / "root.pem")["state"] == "invalid"
