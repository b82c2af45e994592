"""Encryption at rest: what lies in store and ledger is readable with the master key and no other way."""

import base64
import hashlib
import io
import json
import shutil
import sqlite3
import subprocess
import time

import openai
import pytest
from http_recorder import Recorder, until
from PIL import Image
from s3_server import S3Server
from server import PROGRAM

MAGIC = b"\xffLIMNER\x01"


@pytest.fixture
def master(tmp_path):
    path = tmp_path / "master.key"
    subprocess.run([PROGRAM, "encryption", "init", path], check=True, capture_output=True)
    return path


def config_with(master, rest=""):
    return f'[encryption]\nmaster_key = "{master}"\n{rest}'


def stored_files(server, folder="pictures"):
    return sorted(path for path in (server.data / "store" / folder).rglob("*") if path.is_file())


def everything_below(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_what_lies_on_the_disk_is_no_picture(make_server, master):
    server = make_server(config_with(master))
    admin = server.admin
    job = admin.draw()
    [kept] = stored_files(server)
    assert kept.read_bytes().startswith(MAGIC)
    picture = admin.picture(job)
    assert picture.startswith(b"\x89PNG")
    assert picture[8:64] not in kept.read_bytes()
    # An upload is drawn over, and so is read back.
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(buffer, "PNG")
    upload = buffer.getvalue()
    file = admin.upload(upload)
    [kept_upload] = stored_files(server, "uploads")
    assert kept_upload.read_bytes().startswith(MAGIC) and upload not in kept_upload.read_bytes()
    assert admin.get(f"/v1/files/{file}/content").body == upload
    admin.draw(init=file, strength=0.5)
    url = f"/v1/pictures/{job['pictures'][0]['id']}/bytes"
    assert admin.get(url).body == picture
    assert server.check() == []


def test_the_master_key_is_nowhere_in_the_data(make_server, master):
    server = make_server(config_with(master))
    server.admin.draw()
    secret = master.read_text().split(":")[1].strip()
    assert server.stop() == 0
    assert secret.encode() not in everything_below(server.data)
    assert secret not in server.log_path.read_text()


def test_a_changed_file_is_an_error_and_never_bytes(make_server, master):
    server = make_server(config_with(master))
    admin = server.admin
    first, second = admin.draw(), admin.draw(seed=8)
    paths = {path.stem: path for path in stored_files(server)}
    one, other = (paths[job["pictures"][0]["id"]] for job in (first, second))
    url = f"/v1/pictures/{first['pictures'][0]['id']}/bytes"
    whole = one.read_bytes()
    png_of_first = admin.get(url).body
    for changed in [whole[:-1], whole[:100], whole + b"x", whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
                    other.read_bytes(), png_of_first, b""]:
        one.write_bytes(changed)
        answer = admin.get(url)
        assert answer.status == 500, answer
        assert answer.json["code"] == "data_loss"
    assert one.stem in server.log_path.read_text()
    one.write_bytes(whole)
    assert admin.get(url).body == png_of_first


def test_objects_in_s3_are_encrypted_and_nobody_is_sent_to_them(make_server, master, tmp_path):
    s3 = S3Server(tmp_path / "s3").start()
    try:
        bucket = s3.make_bucket("encrypted")
        server = make_server(config_with(master, f'[store]\nurl = "s3://{bucket}/of/mine"\nendpoint = "{s3.endpoint}"\n'
                                                 f'access_key = "{s3.access_key}"\nsecret_key = "{s3.secret_key}"\n'))
        admin = server.admin
        job = admin.draw()
        client = s3.boto3_client()
        [found] = client.list_objects_v2(Bucket=bucket)["Contents"]
        answer = client.get_object(Bucket=bucket, Key=found["Key"])
        body = answer["Body"].read()
        assert body.startswith(MAGIC) and b"IHDR" not in body
        assert job["pictures"][0]["url"].startswith(server.url)
        picture = admin.picture(job)
        assert picture.startswith(b"\x89PNG")
        assert server.check() == []
        # While the bucket is away, what waits on the disk is encrypted too.
        s3.stop()
        late = admin.draw(seed=9)
        [spilled] = [path for path in (server.data / "spilled").rglob("*.png")]
        assert spilled.read_bytes().startswith(MAGIC)
        assert admin.picture(late).startswith(b"\x89PNG")
    finally:
        s3.stop()


def test_a_rotation_wraps_anew_and_nothing_is_encrypted_anew(make_server, master):
    server = make_server(config_with(master))
    admin = server.admin
    job = admin.draw()
    picture = admin.picture(job)
    [kept] = stored_files(server)
    before, old_master = kept.read_bytes(), master.read_bytes()
    told = json.loads(server.command("encryption", "rotate", "--data", server.data, "--config", server.config, "--json"))
    assert told["data_keys"] == 1
    assert master.read_bytes() != old_master and master.stat().st_mode & 0o777 == 0o600
    # The server that runs has not been told.
    assert admin.picture(job) == picture
    assert admin.picture(admin.draw(seed=8)).startswith(b"\x89PNG")
    assert kept.read_bytes() == before
    key = server.make_key("late", "draw", "read", tenant="late")
    server.client(key).draw()
    status = json.loads(server.command("encryption", "status", "--data", server.data, "--json"))
    assert status["master"] == told["master"]
    assert status["tenants"] == [{"tenant": "default", "keys": 1, "forgotten": 0}, {"tenant": "late", "keys": 1, "forgotten": 0}]
    leaves = server.command("audit", "export", "--data", server.data, "-o", server.folder / "audit")
    assert leaves and '"encryption.rotate' in (server.folder / "audit/audit.jsonl").read_text().replace("\\", "")
    assert server.stop() == 0
    # With the old master key nothing opens any more.
    new_master = master.read_bytes()
    master.write_bytes(old_master)
    server.command("serve", "--config", server.config, "--data", server.data, "--listen", "127.0.0.1:0", status=1)
    master.write_bytes(new_master)
    server.start()
    assert server.admin.picture(job) == picture
    assert server.check() == []


def test_a_shredded_tenants_pictures_are_gone_and_only_those(make_server, master):
    server = make_server(config_with(master))
    mine = server.admin.draw()
    client = server.client(server.make_key("k", "draw", "read", tenant="leaving"))
    theirs = client.draw()
    backup = server.folder / "backup"
    shutil.copytree(server.data / "store", backup)
    url = f"/v1/pictures/{theirs['pictures'][0]['id']}/bytes"
    assert client.get(url).status == 200
    told = json.loads(server.command("encryption", "shred", "leaving", "--data", server.data, "--json"))
    assert told["forgotten"] == 1
    # At once, in the server that runs; whoever holds a copy of the store has no more.
    answer = client.get(url)
    assert answer.status == 404 and "forgotten" in answer.json["detail"], answer
    assert server.admin.picture(mine).startswith(b"\x89PNG")
    again = client.draw(seed=8)
    assert client.picture(again).startswith(b"\x89PNG")
    assert client.get(url).status == 404
    assert server.check() == []
    server.command("audit", "verify", "--data", server.data)
    leaves = server.admin.get("/v1/admin/audit?action=tenant.shred").json
    assert len(leaves["data"]) == 1
    assert server.stop() == 0
    ledger = sqlite3.connect(server.data / "ledger.sqlite")
    rows = ledger.execute("SELECT wrapped FROM data_keys WHERE forgotten <> 0").fetchall()
    assert rows == [("",)]


def test_a_legal_hold_keeps_the_key(make_server, master):
    server = make_server(config_with(master))
    client = server.client(server.make_key("k", "draw", "read", tenant="held"))
    job = client.draw()
    server.command("tenant", "set", "held", "--legal-hold", "on", "--data", server.data)
    server.command("encryption", "shred", "held", "--data", server.data, status=2)
    assert client.picture(job).startswith(b"\x89PNG")


def test_a_server_without_its_master_key_does_not_start(make_server, master):
    server = make_server(config_with(master))
    job = server.admin.draw()
    assert server.stop() == 0
    words = ["serve", "--config", server.config, "--data", server.data, "--listen", "127.0.0.1:0"]
    server.config.write_text("")
    server.command(*words, status=2)
    server.config.write_text(config_with(master.with_name("none.key")))
    server.command(*words, status=2)
    master.chmod(0o604)
    server.config.write_text(config_with(master))
    server.command(*words, status=2)
    master.chmod(0o600)
    server.start()
    assert server.admin.picture(job).startswith(b"\x89PNG")


def test_what_was_stored_before_is_encrypted_on_demand(make_server, master):
    server = make_server()
    job = server.admin.draw()
    picture = server.admin.picture(job)
    [kept] = stored_files(server)
    assert kept.read_bytes() == picture
    assert server.stop() == 0
    server.config.write_text(config_with(master))
    server.start()
    # Until then it is refused: who may write the store could else put anything in its place.
    url = f"/v1/pictures/{job['pictures'][0]['id']}/bytes"
    assert server.admin.get(url).status == 500
    words = ["encryption", "apply", "--data", server.data, "--config", server.config, "--json"]
    assert json.loads(server.command(*words)) == {"encrypted": 1, "objects": 1, "texts": 5}
    assert json.loads(server.command(*words)) == {"encrypted": 0, "objects": 1, "texts": 0}
    assert kept.read_bytes().startswith(MAGIC)
    assert server.admin.picture(job) == picture
    assert hashlib.sha256(picture).hexdigest() == server.admin.get(f"/v1/pictures/{job['pictures'][0]['id']}").json["sha256"]
    assert server.check() == []


def test_latents_that_are_kept_are_encrypted(make_server, master):
    server = make_server(config_with(master, "[server]\ndrain_seconds = 0.1\n[jobs]\nkeep_after_seconds = 0\n"))
    job = server.admin.submit(steps=400, sampler="euler", seed=6)
    while server.admin.get(f"/v1/jobs/{job}").json["state"] != "drawing":
        time.sleep(0.02)
    time.sleep(1)
    assert server.stop() == 0
    kept = stored_files(server, "stages")
    assert kept and all(path.read_bytes().startswith(MAGIC) for path in kept)
    server.start()
    server.admin.wait(job)
    assert server.stop() == 0 and server.check() == []


WORD = "heliotrope"
HOLDS = """
version = "held-1"
[[prompt.terms]]
name = "rifles"
action = "hold"
category = "violence"
terms = ["rifle"]
[[prompt.terms]]
name = "sabres"
action = "refuse"
category = "violence"
terms = ["sabre"]
"""


def forms_of(word):
    """A word as it could lie in a file: as it is, in UTF-16, and in base64 at each of its three places."""
    forms = [word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be"), word.upper().encode()]
    for place in range(3):
        coded = base64.b64encode(b"x" * place + word.encode())
        forms.append(coded[4 if place else 0:-4])
    return forms


def files_with(folder, word):
    return [path.name for path in folder.rglob("*") if path.is_file()
            for form in forms_of(word) if form in path.read_bytes()]


def say_the_word_everywhere(server, receiver):
    """Every way in which a person's words come into the ledger; the ids of a job and of a review."""
    admin = server.admin
    job = admin.draw(prompt=f"a {WORD} apple", negative=f"{WORD} blur", tags=["fruit"], webhook_url=receiver.url + f"/{WORD}")
    source = admin.upload(admin.picture(job), name=f"{WORD}.png")
    admin.draw(prompt=f"{WORD} over it", init=source, strength=0.5)
    a1111 = admin.post("/sdapi/v1/txt2img", {"prompt": f"{WORD} of another dialect", "steps": 1, "width": 128, "height": 128})
    assert a1111.status == 200, a1111
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=server.admin_key, max_retries=0)
    client.images.edit(image=(f"{WORD}.png", admin.picture(job)), prompt=f"a {WORD} pear", extra_body={"steps": 4})
    for name, body in [("good", {"prompt": f"a {WORD} batch", "steps": 1}), ("bad", {"prompt": WORD, "colour": WORD})]:
        line = json.dumps({"custom_id": f"{WORD}-{name}", "method": "POST", "url": "/v1/images/generations", "body": body})
        file = client.files.create(file=(f"{WORD}.jsonl", line.encode()), purpose="batch")
        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/images/generations", completion_window="24h",
                                      metadata={"for": WORD})
        until(lambda: client.batches.retrieve(batch.id).status in ("completed", "failed"))
    reviewer = server.client(server.make_key("reviewer", "review"))
    refused = admin.post("/v1/jobs", {"prompt": f"a sabre {WORD}", "steps": 1})
    assert refused.status == 400, refused
    [refused] = admin.get("/v1/jobs?state=refused").json["data"]
    appeal = admin.post(f"/v1/jobs/{refused['id']}/appeal", {"text": f"my {WORD} is harmless"})
    assert appeal.status == 202, appeal
    held = admin.post("/v1/jobs", {"prompt": f"a rifle and a {WORD}", "steps": 1})
    assert held.status in (200, 202, 400, 403), held
    review = next(r for r in reviewer.get("/v1/reviews").json["data"] if r["cause"] == "appeal")
    assert WORD in review["appeal"]
    decided = reviewer.post(f"/v1/reviews/{review['id']}/decision", {"decision": "refuse", "reason": f"{WORD} it is"})
    assert decided.status == 200, decided
    assert WORD in decided.body.decode()
    return job["id"], review["id"]


@pytest.fixture
def receiver():
    # Nobody takes a webhook, so that all of them wait.
    recorder = Recorder(lambda asked: (503, {}, b""))
    yield recorder
    recorder.close()


def with_words(make_server, master, tmp_path, encrypted=True):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/held.toml").write_text(HOLDS)
    rest = f'[webhooks]\nallow_private = true\n[policy]\nfolder = "{tmp_path / "policies"}"\n'
    return make_server(config_with(master, rest) if encrypted else rest), config_with(master, rest)


def test_no_word_that_a_person_wrote_lies_in_the_data(make_server, master, tmp_path, receiver):
    server, _ = with_words(make_server, master, tmp_path)
    admin = server.admin
    job, review = say_the_word_everywhere(server, receiver)
    assert files_with(server.data, WORD) == []
    # And everybody who may reads all of it.
    found = admin.get(f"/v1/jobs?text={WORD.upper()}&limit=200").json
    assert len(found["data"]) >= 6 and found["next"] is None
    assert admin.get(f"/v1/jobs?text=no-such-{WORD}").json["data"] == []
    view = admin.get(f"/v1/jobs/{job}").json
    assert view["prompt"] == f"a {WORD} apple" and view["request"]["negative"] == f"{WORD} blur"
    assert WORD in admin.get(f"/v1/pictures/{view['pictures'][0]['id']}").body.decode()
    assert receiver.asked and all(asked.path == f"/{WORD}" for asked in receiver.asked)
    assert admin.delete(f"/v1/jobs/{admin.get('/v1/jobs?state=held').json['data'][0]['id']}").status in (200, 409)
    words = ["--data", server.data, "--config", server.config]
    # What operators write is not a tenant's: the pattern has not the word itself.
    incident = server.command("incident", "open", "prompt", "hel*trope apple", "--hours", "1", "--reason", "a test",
                              "--data", server.data).strip()
    assert job in server.command("incident", "scope", incident, *words)
    server.command("incident", "export", incident, *words, "-o", tmp_path / "exported")
    assert WORD in (tmp_path / "exported/jobs.jsonl").read_text()
    assert "encryption.master_key" in run_without_key(server, "incident", "scope", incident)
    server.command("replay", job, *words)
    assert server.check() == []
    server.command("audit", "verify", "--data", server.data)
    server.command("db", "backup", "--data", server.data, tmp_path / "backup.sqlite")
    assert WORD.encode() not in (tmp_path / "backup.sqlite").read_bytes()
    # A rotation leaves the rows as they are, and everything readable; so does a backup that is put back.
    server.command("encryption", "rotate", *words)
    assert admin.get(f"/v1/jobs/{job}").json["prompt"] == f"a {WORD} apple"
    assert server.stop() == 0
    assert files_with(server.data, WORD) == []


def run_without_key(server, *words):
    run = subprocess.run([PROGRAM, *words, "--data", server.data], env=server.environment, capture_output=True, text=True)
    assert run.returncode == 2, run
    return run.stderr


def test_after_shredding_no_prompt_can_be_read(make_server, master, tmp_path, receiver):
    server, _ = with_words(make_server, master, tmp_path)
    admin = server.admin
    job, review = say_the_word_everywhere(server, receiver)
    server.command("encryption", "shred", "default", "--data", server.data)
    view = admin.get(f"/v1/jobs/{job}").json
    assert view["prompt"] is None and view["request"] is None and "forgotten" in view["unreadable"]
    pictures = admin.get(f"/v1/pictures/{view['pictures'][0]['id']}").json
    assert pictures["metadata"] is None and "forgotten" in pictures["unreadable"]
    reviewer = server.client(server.make_key("second", "review", tenant="other"))
    for path in ("/v1/jobs?limit=200", f"/v1/jobs?text={WORD}", "/v1/batches", "/v1/files", f"/v1/jobs/{job}/verdicts"):
        answer = admin.get(path)
        assert answer.status == 200 and WORD not in answer.body.decode(), answer
    answer = reviewer.get(f"/v1/reviews/{review}")
    assert answer.status == 200 and WORD not in answer.body.decode(), answer
    # What waited is drawn by nobody, and the tenant goes on under a new key.
    assert admin.get(f"/v1/jobs/{admin.draw(prompt='a new apple')['id']}").json["prompt"] == "a new apple"
    assert server.check() == []
    server.command("audit", "verify", "--data", server.data)


def test_texts_from_before_are_encrypted_on_demand(make_server, master, tmp_path, receiver):
    server, config = with_words(make_server, master, tmp_path, encrypted=False)
    admin = server.admin
    job, review = say_the_word_everywhere(server, receiver)
    assert server.stop() == 0
    assert files_with(server.data, WORD)
    server.config.write_text(config)
    server.start()
    words = ["encryption", "apply", "--data", server.data, "--config", server.config, "--json"]
    assert json.loads(server.command(*words))["texts"] > 20
    assert json.loads(server.command(*words))["texts"] == 0
    assert files_with(server.data, WORD) == []
    assert admin.get(f"/v1/jobs/{job}").json["prompt"] == f"a {WORD} apple"
    assert len(admin.get(f"/v1/jobs?text={WORD}&limit=200").json["data"]) >= 6
    assert server.check() == []
    server.command("audit", "verify", "--data", server.data)


def test_a_request_that_was_changed_is_never_drawn(make_server, master):
    server = make_server(config_with(master))
    admin = server.admin
    blocker = admin.submit(steps=400, sampler="euler")
    waiting, other = admin.submit(prompt="a pear"), admin.submit(prompt="a plum")
    server.kill()
    ledger = sqlite3.connect(server.data / "ledger.sqlite")
    ledger.text_factory = bytes
    with ledger:
        ledger.execute("UPDATE jobs SET request = (SELECT request FROM jobs WHERE id = ?) WHERE id = ?", (other, waiting))
    ledger.close()
    assert [each["rule"] for each in server.check()] == ["text_opens"]
    server.start()
    admin.delete(f"/v1/jobs/{blocker}")
    view = admin.wait(waiting, states=("failed",))
    assert view["error"]["code"] == "data_loss" and "jobs.request" in view["unreadable"], view
    admin.wait(other)
