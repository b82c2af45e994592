"""What belongs to one tenant is reached by no other, whatever the route."""

import itertools
import json

import pytest

SECRET = "the victim's own purple hedgehog"


@pytest.fixture(scope="module")
def victim(shared_server):
    """A tenant with a job, its picture, an upload and a batch; ids by what they are."""
    client = shared_server.client(shared_server.make_key("victim", "draw", "read", tenant="victims"))
    job = client.draw(prompt=SECRET, tags=["secret-tag"])
    upload = client.upload(client.picture(job))
    line = {"custom_id": "one", "method": "POST", "url": "/v1/images/generations", "body": {"prompt": SECRET, "model": "limner-tiny"}}
    lines = client.upload(json.dumps(line).encode(), purpose="batch", name="in.jsonl")
    batch = client.post("/v1/batches", {"input_file_id": lines, "endpoint": "/v1/images/generations", "completion_window": "24h"})
    assert batch.status == 200, batch
    return client, {"job": job["id"], "picture": job["pictures"][0]["id"], "file": upload, "batch": batch.json["id"]}


@pytest.fixture(scope="module")
def stranger(shared_server):
    return shared_server.client(shared_server.make_key("stranger", "draw", "read", tenant="strangers"))


def routes(client):
    """(method, path) of every route with a place for an id."""
    for path, methods in client.get("/openapi.json").json["paths"].items():
        if "{" in path:
            for method in methods:
                yield method.upper(), path


def bodies(path):
    """Something that the route would take."""
    if path.endswith("/appeal"):
        return {"text": "it is mine"}
    if path.endswith("/decision"):
        return {"decision": "approve", "reason": "mine"}
    return {}


def test_no_route_gives_out_what_is_another_tenants(shared, victim, stranger):
    owner, ids = victim
    tried = 0
    for (method, path), (kind, name) in itertools.product(routes(shared), ids.items()):
        before, _, rest = path.partition("{")
        filled = before + name + rest.partition("}")[2]
        if "{" in filled:
            continue
        answer = stranger.request(method, filled, body=bodies(path) if method in ("POST", "PUT", "PATCH") else None)
        assert answer.status in (400, 401, 403, 404, 405, 409), (method, filled, answer)
        assert SECRET.encode() not in answer.body and not answer.body.startswith(b"\x89PNG"), (method, filled)
        tried += 1
    assert tried >= 40
    assert owner.get(f"/v1/jobs/{ids['job']}").json["state"] == "stored", "nothing of it was changed"
    assert owner.get(f"/v1/pictures/{ids['picture']}/bytes").status == 200
    assert owner.get(f"/v1/files/{ids['file']}").status == 200


@pytest.mark.parametrize("body", [
    {"init": "picture"}, {"init": "file"}, {"init": "file", "mask": "picture"}, {"task": "upscale", "init": "picture"},
    {"controlnets": [{"name": "edges", "image": "file"}]}, {"loras": [{"name": "file", "weight": 1}]},
])
def test_nothing_of_another_tenants_is_drawn_with(victim, stranger, body):
    _, ids = victim
    text = json.dumps(body)
    for kind, name in ids.items():
        text = text.replace(f'"{kind}"', f'"{name}"')
    answer = stranger.post("/v1/jobs", {"prompt": "a"} | json.loads(text))
    assert answer.status in (400, 404), answer


def test_listings_are_ones_own(victim, stranger):
    for path in ("/v1/jobs?limit=500", "/v1/jobs?text=hedgehog", "/v1/jobs?tag=secret-tag", "/v1/files", "/v1/batches", "/v1/usage?by=job",
                 "/v1/usage?by=tag", "/sdapi/v1/progress"):
        answer = stranger.get(path, headers=stranger.basic if path.startswith("/sdapi") else None)
        assert answer.status == 200, (path, answer)
        for secret in (SECRET, "secret-tag", *victim[1].values()):
            assert secret.encode() not in answer.body, path


def test_a_batch_of_another_tenants_lines_is_none(victim, stranger):
    _, ids = victim
    for name in ids.values():
        answer = stranger.post("/v1/batches", {"input_file_id": name, "endpoint": "/v1/images/generations", "completion_window": "24h"})
        assert answer.status in (400, 404), answer
