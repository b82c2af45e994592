"""Where a picture comes from: what the server writes into it, and what it and `limner verify` answer about it."""

import io
import json
import sys

import pytest
from PIL import Image, ImageOps

from pictures import limner_text, opened
from raw import ask
from server import ROOT, form

sys.path.append(str(ROOT / "tests" / "cli"))
import c2pa_reference  # noqa: E402

CREATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
LARGE = {"size": "256x256", "steps": 4, "seed": 11}


def recoded(data, kind="JPEG", change=lambda picture: picture, **options):
    """The picture as another program would save it: without any text or manifest."""
    out = io.BytesIO()
    change(opened(data).convert("RGB")).save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def server(make_module_server):
    return make_module_server("[provenance]\nprovider = \"Limner Test\"\nverify_per_minute = 1000\n")


@pytest.fixture(scope="module")
def drawn(server):
    """A picture of a tenant of its own: (its row, its bytes, a key of the tenant)."""
    server.command("tenant", "create", "ink", "--data", server.data)
    client = server.client(server.make_key("k", "draw", "read", tenant="ink"))
    row = client.draw(prompt="a red apple on a blue background", **LARGE)["pictures"][0]
    picture = client.get(f"/v1/pictures/{row['id']}").json
    assert picture["metadata"]["marks"]["watermark"]["readable"], "this seed is known to hold its watermark"
    return picture, client.get(f"/v1/pictures/{row['id']}/bytes").body, client.key


def verify(server, data, key=None, content_type="application/octet-stream"):
    answer = server.admin.post("/v1/provenance/verify", data, key=key, headers={"Content-Type": content_type})
    assert answer.status == 200, answer
    return answer.json


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_the_reference_trusts_what_the_server_draws(server, tmp_path, ending):
    job = server.admin.draw(format=ending.replace("jpg", "jpeg"), steps=1, prompt="a cat")
    path = tmp_path / f"out.{ending}"
    path.write_bytes(server.admin.picture(job))
    read = c2pa_reference.Read(path, server.data / "signing" / "root.pem")
    assert (read.state, read.failures) == ("Trusted", [])
    action, *more = read.assertion("c2pa.actions.v2")["actions"]
    assert [one["action"] for one in more] in ([], ["c2pa.watermarked.bound"]), "bound only where it can be read"
    assert action["action"] == "c2pa.created" and action["digitalSourceType"] == CREATED
    assert action["parameters"]["org.limner.model"] == "limner-tiny"
    disclosure = read.assertion("org.limner.disclosure")
    assert disclosure["provider"] == "Limner Test" and disclosure["id"] == job["pictures"][0]["id"]


def test_what_is_drawn_over_a_picture_names_it(server, tmp_path):
    source = io.BytesIO()
    Image.new("RGB", (64, 64), "orange").save(source, "PNG")
    upload = server.admin.upload(source.getvalue())
    path = tmp_path / "out.png"
    path.write_bytes(server.admin.picture(server.admin.draw(init=upload, strength=0.5, steps=2, prompt="a cat")))
    read = c2pa_reference.Read(path, server.data / "signing" / "root.pem")
    assert (read.state, read.failures) == ("Trusted", [])
    actions = [action["action"] for action in read.assertion("c2pa.actions.v2")["actions"]]
    assert actions[:2] == ["c2pa.opened", "c2pa.edited"]
    assert read.manifest["ingredients"][0]["title"] == upload


def test_every_layer_knows_a_file_as_it_left(server, drawn):
    picture, data, _ = drawn
    told = verify(server, data)
    assert told["signature"]["state"] == "trusted" and told["signature"]["failures"] == []
    assert told["watermark"] == {"found": True, "id": limner_text(data)["marks"]["watermark"]["id"]}
    (entry,) = told["ledger"]
    assert entry["picture"] == picture["id"] and entry["model"] == "limner-tiny" and entry["time"]
    assert entry["found_by"] == ["manifest", "watermark", "likeness"]
    assert told["unchecked"] == {}
    body, content_type = form({}, {"file": ("a.png", data)})
    assert verify(server, body, content_type=content_type) == told


def test_a_stripped_file_is_known_by_its_watermark_and_by_its_looks(server, drawn):
    picture, data, _ = drawn
    told = verify(server, recoded(data, quality=70))
    assert told["signature"]["state"] == "absent" and told["signature"]["claim"] is None
    assert told["watermark"]["found"]
    assert [entry["picture"] for entry in told["ledger"]] == [picture["id"]]
    assert told["ledger"][0]["found_by"] == ["watermark", "likeness"]
    tiny = verify(server, recoded(data, change=lambda whole: whole.resize((100, 100)), quality=70))
    assert not tiny["watermark"]["found"]
    assert [(entry["picture"], entry["found_by"]) for entry in tiny["ledger"]] == [(picture["id"], ["likeness"])]
    mirrored = verify(server, recoded(data, change=ImageOps.mirror, quality=90))
    assert picture["id"] in [entry["picture"] for entry in mirrored["ledger"]]


def test_one_changed_byte_is_invalid(server, drawn):
    data = bytearray(drawn[1])
    data[-20] ^= 1
    told = verify(server, bytes(data))
    assert told["signature"]["state"] == "invalid" and told["signature"]["claim"] is None
    assert "assertion.dataHash.mismatch" in told["signature"]["failures"]


def test_a_strangers_picture_is_not_known(server, drawn):
    noise = io.BytesIO()
    Image.effect_noise((200, 200), 60).convert("RGB").save(noise, "PNG")
    told = verify(server, noise.getvalue())
    assert told["signature"]["state"] == "absent" and not told["watermark"]["found"] and told["ledger"] == []


def test_only_its_owner_is_told_the_job(server, drawn):
    picture, data, key = drawn
    server.command("tenant", "create", "stranger", "--data", server.data)
    stranger = server.make_key("s", "draw", "read", tenant="stranger")
    assert verify(server, data, key=key)["ledger"][0]["job"] == picture["job"]
    assert verify(server, data, key=server.admin_key)["ledger"][0]["job"] == picture["job"]
    assert "job" not in verify(server, data, key=stranger)["ledger"][0]
    assert "job" not in verify(server, data)["ledger"][0]


def test_no_answer_says_how_near_it_was(server, drawn):
    text = json.dumps(verify(server, recoded(drawn[1], quality=50)))
    for word in ("p_value", "distance", "quality", "score", "scale", "psnr"):
        assert word not in text


def test_a_deleted_picture_is_still_known(server):
    row = server.admin.draw(prompt="a fox in the snow", **LARGE)["pictures"][0]
    data = server.admin.get(f"/v1/pictures/{row['id']}/bytes").body
    assert server.admin.delete(f"/v1/pictures/{row['id']}").status == 204
    assert row["id"] in [entry["picture"] for entry in verify(server, recoded(data, quality=80))["ledger"]]


def test_what_is_no_picture_is_refused(server):
    client = server.admin
    for body, content_type, status in (
        (b"", "image/png", 400), (b"no picture", "image/png", 400), (b"{}", "application/json", 415),
        (form({"url": "http://127.0.0.1/"}, {})[0], form({}, {})[1], 400),
    ):
        answer = client.post("/v1/provenance/verify", body, key=None, headers={"Content-Type": content_type})
        assert answer.status == status, (body[:20], answer)
    # Refused by its head: the body is not waited for.
    large = f"POST /v1/provenance/verify HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: {(32 << 20) + 1}\r\n\r\n"
    assert ask(server.port, large.encode()).status == 413


def test_an_address_cannot_ask_without_end(make_server):
    server = make_server("[provenance]\nverify_per_minute = 2\n")
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    answers = [server.admin.post("/v1/provenance/verify", picture.getvalue(), key=None,
                                 headers={"Content-Type": "image/png"}) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["Retry-After"]) >= 1


def test_the_command_answers_from_the_data_folder(server, drawn, tmp_path):
    picture, data, _ = drawn
    path = tmp_path / "found.jpg"
    path.write_bytes(recoded(data, quality=80))
    told = json.loads(server.command("verify", path, "--data", server.data, "--json"))
    assert told["signature"]["state"] == "absent" and told["watermark"]["found"] and told["unchecked"] == {}
    (entry,) = told["ledger"]
    assert entry["picture"] == picture["id"] and entry["job"] == picture["job"] and entry["distance"] <= 31
    path.write_bytes(data)
    assert "signature: trusted" in server.command("verify", path, "--data", server.data)


def test_keys_outlive_a_restart(make_server):
    server = make_server()
    data = server.admin.picture(server.admin.draw(prompt="a red apple on a blue background", **LARGE))
    keys = {path: path.read_bytes() for path in
            (server.data / "watermark.key", server.data / "signing" / "key.pem")}
    assert server.stop() == 0
    server.start()
    assert {path: path.read_bytes() for path in keys} == keys
    assert verify(server, data)["signature"]["state"] == "trusted"


@pytest.mark.parametrize("line", ["signing = \"none\"", "watermark_key = \"none.key\"", "sing = true"])
def test_a_server_without_the_keys_it_was_told_of_does_not_start(make_server, line):
    server = make_server(f"[provenance]\n{line}\n", start=False)
    with pytest.raises(AssertionError, match="none|sing"):
        server.start()


def test_avif_has_a_watermark_and_no_manifest(server):
    view = server.admin.draw(format="avif", prompt="a red apple on a blue background", **LARGE)
    marks = server.admin.get(f"/v1/pictures/{view['pictures'][0]['id']}").json["metadata"]["marks"]
    assert marks["manifest"] is False and marks["watermark"]["carried"]
    assert verify(server, server.admin.picture(view))["signature"]["state"] == "absent"


def test_bare_files_keep_their_marks(server):
    data = server.admin.picture(server.admin.draw(bare=True, prompt="a red apple on a blue background", **LARGE))
    assert "limner" not in opened(data).text
    told = verify(server, data)
    assert told["signature"]["state"] == "trusted" and told["watermark"]["found"]
    assert "limner-tiny" not in json.dumps(told["signature"])


def test_a_job_is_drawn_again_from_the_ledger(server, tmp_path):
    job = server.admin.draw(prompt="two cats", count=2, steps=3, seed=5, format="webp")
    told = json.loads(server.command("replay", job["id"], "--data", server.data, "--json", "-q"))
    assert told["same"] and [picture["picture"] for picture in told["pictures"]] == [row["id"] for row in job["pictures"]]
    path = tmp_path / "second.webp"
    path.write_bytes(server.admin.picture(job, 1))
    assert json.loads(server.command("replay", path, "--json", "-q"))["same"], "marks and compression lie over the pixels"
    assert server.admin.delete(f"/v1/pictures/{job['pictures'][0]['id']}").status == 204
    assert json.loads(server.command("replay", job["pictures"][0]["id"], "--data", server.data, "--json", "-q"))["same"]
