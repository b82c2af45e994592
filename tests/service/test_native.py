"""The native API: jobs, pictures, files, what may be drawn with, what was used."""

import base64
import csv
import hashlib
import http.client
import io
import json
import pathlib
import shutil
import time
import uuid

import pytest
from pictures import beneath
from raw import eventually
from server import form

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAFETENSORS = (2).to_bytes(8, "little") + b"{}"


@pytest.fixture(scope="module")
def picture(shared):
    """A stored job and its one picture."""
    job = shared.draw(prompt="a red apple", seed=11, tags=["fruit", "red"])
    return job, job["pictures"][0]


def test_a_job_says_all_there_is_to_know(shared, picture):
    job, drawn = picture
    assert job["state"] == "stored" and job["error"] is None and job["tags"] == ["fruit", "red"]
    assert drawn["seed"] == 11 and drawn["url"].startswith("http")
    assert job["usage"]["pictures"] == 1 and job["usage"]["engine_seconds"] > 0
    assert job["submitted"] <= job["started"] <= job["finished"]


def test_submitting_is_202_and_says_where(shared):
    answer = shared.post("/v1/jobs", {"prompt": "a fox", "steps": 1})
    assert answer.status == 202
    assert set(answer.json) == {"id", "state", "position"}
    assert answer.headers["Location"] == "/v1/jobs/" + answer.json["id"]
    shared.wait(answer.json["id"])


@pytest.mark.parametrize(
    "change, field",
    [({"stepz": 1}, "stepz"), ({"steps": 0}, "steps"), ({"sampler": "nothing"}, "sampler"), ({"model": "nothing"}, "model"),
     ({"size": "63x64"}, "width"), ({"tags": "x"}, "tags"), ({"init": "file_nothing"}, "init"), ({"init": "data:image/png;base64,AAAA"}, "init"),
     ({"webhook_url": "ftp://x"}, "webhook_url"), ({"tier": "soon"}, "tier")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said_by_name(shared, change, field):
    answer = shared.post("/v1/jobs", {"prompt": "a fox", "steps": 1} | change)
    assert 400 <= answer.status < 500, answer
    assert field in json.dumps([answer.json.get("field"), answer.json["detail"]]), answer


def test_repeating_with_a_key_is_safe(shared):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"prompt": "a fox", "steps": 1, "seed": 4}
    first = shared.post("/v1/jobs", body, headers=headers)
    again = shared.post("/v1/jobs", dict(reversed(body.items())), headers=headers)
    assert first.status == again.status == 202
    assert again.json["id"] == first.json["id"] and again.headers["Idempotency-Replayed"] == "true"
    assert first.headers["Idempotency-Replayed"] is None
    other = shared.post("/v1/jobs", body | {"seed": 5}, headers=headers)
    assert other.status == 422, other
    for bad in ("", "x" * 300, "caf\xe9"):
        assert shared.post("/v1/jobs", body, headers={"Idempotency-Key": bad}).status == 400, bad


def test_a_form_brings_its_pictures(shared, picture):
    source = shared.picture(picture[0])
    body, content_type = form({"request": json.dumps({"prompt": "a blue apple", "steps": 2, "strength": 0.5, "seed": 1})},
                              {"init": ("a.png", source)})
    answer = shared.post("/v1/jobs", body, headers={"Content-Type": content_type})
    assert answer.status == 202, answer
    by_form = shared.picture(answer.json["id"])
    url = "data:image/png;base64," + base64.b64encode(source).decode()
    by_url = shared.picture(shared.draw(prompt="a blue apple", steps=2, strength=0.5, seed=1, init=url))
    by_id = shared.picture(shared.draw(prompt="a blue apple", steps=2, strength=0.5, seed=1, init=picture[1]["id"]))
    assert beneath(by_form) == beneath(by_url) == beneath(by_id)


def test_a_form_with_what_does_not_belong_is_refused(shared):
    for fields, files in (({"request": "{}", "extra": "1"}, {}), ({}, {"init": ("a.png", b"x")}), ({"request": "[]"}, {}),
                          ({"request": '{"prompt":"a"}'}, {"init": ("a.png", b"not a picture")}),
                          ({"request": '{"prompt":"a"}'}, {"control_image": ("a.png", b"x")})):
        body, content_type = form(fields, files)
        answer = shared.post("/v1/jobs", body, headers={"Content-Type": content_type})
        assert answer.status == 400, (fields, answer)


def test_search(shared, picture):
    job, _ = picture

    def found(query):
        answer = shared.get("/v1/jobs?" + query)
        assert answer.status == 200, answer
        return [line["id"] for line in answer.json["data"]]

    assert job["id"] in found("text=RED%20APPLE")
    assert job["id"] in found("tag=fruit&state=stored,failed&tier=standard&seed=11")
    assert job["id"] not in found("tag=vegetable")
    assert job["id"] not in found("state=queued")
    assert job["id"] in found(f"from={job['submitted']}&model={job['model']}")
    assert job["id"] not in found("to=2020-01-01")
    first = shared.get("/v1/jobs?limit=1").json
    assert len(first["data"]) == 1 and first["next"] == first["data"][0]["id"]
    second = shared.get(f"/v1/jobs?limit=1&before={first['next']}").json
    assert second["data"][0]["id"] != first["data"][0]["id"]
    for bad in ("limit=0", "limit=x", "state=soon", "from=yesterday", "seed=-1", "colour=red", "tag=a&tag=b"):
        assert shared.get("/v1/jobs?" + bad).status == 400, bad


def test_events_of_a_job_that_has_ended(shared, picture):
    events = list(shared.events(picture[0]["id"]))
    assert [name for name, _ in events] == ["finished"]
    assert shared.get("/v1/jobs/job_nothing/events").status == 404


def test_cancelling_and_retrying(make_server):
    server = make_server()
    admin = server.admin
    admin.post("/v1/admin/pause", {"tier": "batch"})
    job = admin.submit(tier="batch")
    assert admin.post(f"/v1/jobs/{job}/retry").status == 409
    assert admin.delete(f"/v1/jobs/{job}").status in (200, 202)
    admin.wait(job, states=("cancelled",))
    assert admin.delete(f"/v1/jobs/{job}").status == 409
    retried = admin.post(f"/v1/jobs/{job}/retry")
    assert retried.status == 202 and retried.json["id"] == job
    admin.post("/v1/admin/resume", {"tier": "batch"})
    admin.wait(job)


def test_a_pictures_bytes(shared, picture):
    _, drawn = picture
    path = f"/v1/pictures/{drawn['id']}/bytes"
    whole = shared.get(path)
    assert whole.status == 200 and whole.headers["Content-Type"] == "image/png"
    assert hashlib.sha256(whole.body).hexdigest() == drawn["sha256"]
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    tag = whole.headers["ETag"]
    assert shared.get(path, headers={"If-None-Match": tag}).status == 304
    part = shared.get(path, headers={"Range": "bytes=8-15"})
    assert part.status == 206 and part.body == whole.body[8:16]
    assert part.headers["Content-Range"] == f"bytes 8-15/{len(whole.body)}"
    assert shared.get(path, headers={"Range": "bytes=-4"}).body == whole.body[-4:]
    beyond = shared.get(path, headers={"Range": "bytes=99999999-"})
    assert beyond.status == 416 and beyond.headers["Content-Range"] == f"bytes */{len(whole.body)}"
    head = shared.request("HEAD", path)
    assert head.status == 200 and head.body == b"" and int(head.headers["Content-Length"]) == len(whole.body)
    assert shared.get(path, key=None).status == 401


def test_signed_urls_open_one_picture_for_a_while(shared, shared_server, picture):
    _, drawn = picture

    def fetch(url):
        return shared.get(url.split(f":{shared_server.port}", 1)[1], key=None)

    assert fetch(drawn["url"]).status == 200
    made = shared.post(f"/v1/pictures/{drawn['id']}/url", {"seconds": 1}).json
    assert made["expires"].endswith("Z")
    assert eventually(lambda: fetch(made["url"]).status == 403)
    assert fetch(drawn["url"][:-2] + "xx").status == 403
    other = shared.draw(prompt="a cat")["pictures"][0]
    query = drawn["url"].split("?", 1)[1]
    assert shared.get(f"/v1/pictures/{other['id']}/bytes?{query}", key=None).status == 403
    assert shared.post(f"/v1/pictures/{drawn['id']}/url", {"seconds": 0}).status == 400


def test_a_picture_can_be_deleted(shared):
    drawn = shared.draw(prompt="a cat", seed=99)["pictures"][0]
    path = f"/v1/pictures/{drawn['id']}"
    assert shared.get(path).json["metadata"]
    assert shared.delete(path).status == 204
    assert shared.get(path + "/bytes").status == 404
    assert shared.delete(path).status == 404


def test_files(shared, picture):
    data = shared.picture(picture[0])
    for purpose, kept in (("picture", "picture"), ("mask", "picture"), ("vision", "picture")):
        made = shared.get("/v1/files/" + shared.upload(data, purpose)).json
        assert made["object"] == "file" and made["purpose"] == kept and made["bytes"] == len(data), made
    content = shared.get(f"/v1/files/{made['id']}/content")
    assert content.body == data and content.headers["Content-Type"] == "image/png"
    assert content.headers["Content-Disposition"].startswith("attachment")
    listed = shared.get("/v1/files?purpose=picture&limit=2").json
    assert listed["has_more"] and listed["data"][0]["id"] == made["id"]
    assert shared.get(f"/v1/files?after={listed['last_id']}&limit=2").json["data"]
    assert shared.delete(f"/v1/files/{made['id']}").json["deleted"]
    assert shared.get(f"/v1/files/{made['id']}").status == 404
    for purpose, body in (("picture", b"no picture"), ("lora", SAFETENSORS[:5]), ("batch", b"\xff"), ("nothing", data)):
        text, content_type = form({"purpose": purpose}, {"file": ("x", body)})
        assert shared.post("/v1/files", text, headers={"Content-Type": content_type}).status == 400, purpose


def test_file_names_are_never_paths(shared, picture):
    file_id = shared.upload(shared.picture(picture[0]), name="../../etc/passwd")
    assert shared.get(f"/v1/files/{file_id}").json["filename"] == "passwd"


def test_tenants_see_nothing_of_each_other(make_server):
    server = make_server()
    server.admin.post("/v1/admin/tenants", {"name": "other"})
    other = server.client(server.make_key("k", "draw", "read", tenant="other"))
    mine = server.client(server.make_key("m", "draw", "read"))
    job = mine.draw()
    drawn = job["pictures"][0]["id"]
    uploaded = mine.upload(mine.picture(job))
    for path in (f"/v1/jobs/{job['id']}", f"/v1/jobs/{job['id']}/events", f"/v1/pictures/{drawn}", f"/v1/pictures/{drawn}/bytes",
                 f"/v1/files/{uploaded}", f"/v1/files/{uploaded}/content"):
        assert mine.get(path).status == 200, path
        assert other.get(path).status == 404, path
    for path in (f"/v1/jobs/{job['id']}", f"/v1/pictures/{drawn}", f"/v1/files/{uploaded}"):
        assert other.delete(path).status == 404, path
    assert other.get("/v1/jobs").json["data"] == [] and other.get("/v1/files").json["data"] == []
    assert other.post("/v1/jobs", {"prompt": "x", "init": drawn}).status == 404
    assert other.get("/v1/usage").json["total"]["pictures"] == 0
    assert other.get("/v1/usage?tenant=default").status == 403


def test_scopes(make_server):
    server = make_server()
    reader, drawer = (server.client(server.make_key(scope, scope)) for scope in ("read", "draw"))
    assert reader.post("/v1/jobs", {"prompt": "x"}).status == 403
    assert drawer.get("/v1/jobs").status == 403
    assert reader.get("/v1/admin/status").status == 403
    assert drawer.post("/v1/jobs", {"prompt": "x", "steps": 1}).status == 202


def test_what_there_is_to_draw_with(shared):
    models = shared.get("/v1/models").json
    assert models["object"] == "list"
    tiny = next(model for model in models["data"] if model["default"])
    assert tiny["object"] == "model" and tiny["family"] and tiny["size"]
    assert shared.get(f"/v1/models/{tiny['id']}").json["id"] == tiny["id"]
    missing = shared.get("/v1/models/nothing")
    assert missing.status == 404 and missing.json["error"]["code"] == "model_not_found"
    assert "euler" in [line["name"] for line in shared.get("/v1/samplers").json["data"]]
    for path in ("/v1/schedules", "/v1/upscalers", "/v1/loras", "/v1/embeddings", "/v1/controlnets"):
        assert shared.get(path).json["object"] == "list", path


def test_a_model_says_what_it_was_made_from(make_server, tmp_path):
    """Digests that are not known yet are not computed by a request: once the model has drawn, they are."""
    tiny, unet = ROOT / "models/limner-tiny", "unet/diffusion_pytorch_model.safetensors"
    shutil.copytree(tiny, tmp_path / "shelf/traced", ignore=shutil.ignore_patterns("samples", "reference*"))
    digest = hashlib.sha256((tiny / unet).read_bytes()).hexdigest()
    source = {"package": "@made/up", "version": "1", "registry": "npm", "sha256": "ab" * 32, "licence": "MIT",
              "attribution": "somebody", "source": "https://example.org"}  # fmt: skip
    lineage = {"format": 1, "data": {"holds": "drawings", "sources": [source]}, "stages": {"unet": {"samples": 5}},
               "weights_sha256": {unet: digest}}  # fmt: skip
    (tmp_path / "shelf/traced/lineage.json").write_text(json.dumps(lineage))
    server = make_server(environment={"LIMNER_MODELS": f"{tmp_path / 'shelf'}:{ROOT / 'models'}"})
    said = server.admin.get("/v1/models/traced").json["lineage"]
    assert said["sources"] == [source] and said["stages"][0]["samples"] == 5
    assert [(w["file"], w["match"]) for w in said["weights"]] == [(unet, "unchecked")]
    server.admin.draw(prompt="a red apple", model="traced", steps=1)
    assert eventually(lambda: server.admin.get("/v1/models/traced").json["lineage"]["weights"][0]["match"] == "matches")
    assert "lineage" not in server.admin.get("/v1/models/limner-tiny").json
    (tmp_path / "shelf/traced/lineage.json").write_text("{")
    damaged = server.admin.get("/v1/models/traced")
    assert damaged.status == 200 and "lineage" not in damaged.json


def test_usage_and_limits(make_server):
    server = make_server("[prices]\npicture = 0.5\n")
    key = server.make_key("k", "draw", "read", concurrent_jobs=3, budget=100)
    client = server.client(key)
    client.draw(tags=["a"])
    client.draw(tags=["a", "b"])
    usage = client.get("/v1/usage?by=tag").json
    assert usage["total"]["pictures"] == 2 and usage["total"]["cost"] >= 1
    assert {row["tag"]: row["pictures"] for row in usage["rows"]} == {"a": 2, "b": 1}
    table = client.get("/v1/usage?by=model,day&format=csv")
    assert table.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.body.decode())))
    assert len(rows) == 1 and rows[0]["pictures"] == "2"
    assert client.get("/v1/usage?by=colour").status == 400
    limits = client.get("/v1/limits").json
    assert limits["key"]["left"]["concurrent_jobs"] == 3
    assert 0 < limits["key"]["left"]["budget_micros"] < 100_000_000
    assert sorted(limits["key"]["scopes"]) == ["draw", "read"]


def test_documents_and_health(shared):
    page = shared.get("/docs", key=None)
    assert page.status == 200 and b"/v1/jobs/{id}/events" in page.body
    assert shared.get("/", key=None).body == page.body
    assert shared.get("/healthz", key=None).body == b"ok\n"
    ready = shared.get("/readyz", key=None)
    assert ready.status == 200 and ready.json["ready"]
    assert shared.get("/livez?x=1", key=None).status == 400


def test_metrics_can_be_closed(make_server):
    server = make_server("[server]\nmetrics_open = false\n")
    assert server.admin.get("/metrics", key=None).status == 401
    assert server.admin.get("/metrics").status == 200


def test_a_client_that_goes_away_ends_only_its_stream(make_server):
    server = make_server()
    job = server.admin.submit(steps=300)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", f"/v1/jobs/{job}/events", headers={"Authorization": f"Bearer {server.admin_key}"})
    connection.getresponse().readline()
    connection.close()
    time.sleep(0.1)
    assert server.admin.get(f"/v1/jobs/{job}").json["state"] in ("queued", "drawing", "finishing", "checking", "stored")
    server.admin.delete(f"/v1/jobs/{job}")
