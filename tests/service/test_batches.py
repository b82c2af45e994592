"""/v1/files and /v1/batches, by openai-python."""

import base64
import io
import json
import time

import openai
import pytest
from PIL import Image


@pytest.fixture
def client(shared_server):
    return openai.OpenAI(base_url=shared_server.url + "/v1", api_key=shared_server.admin_key, max_retries=0)


def lines(*bodies, url="/v1/images/generations"):
    rows = [{"custom_id": f"line-{i}", "method": "POST", "url": url, "body": body} for i, body in enumerate(bodies)]
    return "\n".join(json.dumps(row) for row in rows).encode()


def ended(client, batch, patience=120):
    until = time.monotonic() + patience
    while time.monotonic() < until:
        seen = client.batches.retrieve(batch.id)
        if seen.status in ("completed", "failed", "expired", "cancelled"):
            return seen
        time.sleep(0.1)
    raise AssertionError(f"the batch does not end: {seen}")


def start(client, data):
    file = client.files.create(file=("requests.jsonl", data), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint="/v1/images/generations", completion_window="24h",
                                 metadata={"for": "a test"})


def test_a_batch_of_good_and_bad_lines(client):
    data = lines({"prompt": "a red apple", "steps": 1, "seed": 1}, {"prompt": "a cat", "steps": 1, "n": 2},
                 {"prompt": "a cat", "colour": "red"})
    batch = ended(client, start(client, data))
    assert batch.status == "completed" and batch.metadata == {"for": "a test"}
    assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (3, 2, 1)
    good = [json.loads(line) for line in client.files.content(batch.output_file_id).text.splitlines()]
    assert [line["custom_id"] for line in good] == ["line-0", "line-1"]
    assert [len(line["response"]["body"]["data"]) for line in good] == [1, 2]
    bad = [json.loads(line) for line in client.files.content(batch.error_file_id).text.splitlines()]
    assert bad[0]["custom_id"] == "line-2" and bad[0]["response"]["status_code"] == 400


def test_a_file_that_is_no_batch_fails_and_says_where(client):
    data = lines({"prompt": "x"}) + b"\n" + lines({"prompt": "y"}) + b"\nno json\n"
    batch = ended(client, start(client, data))
    assert batch.status == "failed"
    assert sorted(fault.line for fault in batch.errors.data) == [2, 3]


def test_a_cancelled_batch_ends_and_keeps_what_was_drawn(client):
    data = lines(*({"prompt": f"an apple {i}", "steps": 50, "seed": i} for i in range(30)))
    batch = start(client, data)
    client.batches.cancel(batch.id)
    batch = ended(client, batch)
    assert batch.status == "cancelled"
    assert batch.request_counts.completed < 30


def test_a_batch_survives_being_killed(make_server):
    server = make_server()
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=server.admin_key, max_retries=0)
    batch = start(client, lines(*({"prompt": f"an apple {i}", "steps": 2, "seed": i} for i in range(12))))
    for _ in range(2):
        time.sleep(0.5)
        server.kill()
        server.start()
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=server.admin_key, max_retries=0)
    batch = ended(client, batch)
    assert batch.status == "completed" and batch.request_counts.completed == 12
    jobs = server.admin.get("/v1/usage?by=job").json
    assert jobs["total"]["pictures"] == 12


def test_requests_for_batches_are_checked(shared):
    def refused(**body):
        answer = shared.post("/v1/batches", body)
        assert answer.status in (400, 404), answer
        return answer.json["error"]["param"]

    good = {"input_file_id": "file_x", "endpoint": "/v1/images/generations", "completion_window": "24h"}
    assert refused(**good) == "input_file_id"
    assert refused(**good | {"endpoint": "/v1/chat/completions"}) == "endpoint"
    assert refused(**good | {"completion_window": "1h"}) == "completion_window"
    assert shared.get("/v1/batches/batch_" + "0" * 26).status == 404


def test_an_output_file_gives_out_no_picture_that_is_not_given_out(make_server):
    """What is withheld or deleted is not to be had by its copy in a file either."""
    server = make_server()
    admin, other = server.admin, server.client(server.make_key("second", "admin"))
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=server.admin_key, max_retries=0)
    urls = ended(client, start(client, lines({"prompt": "a pear", "steps": 1, "response_format": "url"}, {"colour": "red"})))
    batch = ended(client, start(client, lines({"prompt": "a red apple", "steps": 1}, {"prompt": "a pear", "steps": 1, "n": 2})))
    path = f"/v1/files/{batch.output_file_id}/content"
    whole = admin.get(path)
    assert whole.status == 200
    bodies = [json.loads(line)["response"]["body"] for line in whole.body.splitlines()]

    incident = admin.post("/v1/admin/incidents", {"scope": "prompt", "subject": "apple", "reason": "a test", "seconds": 600,
                                                  "withhold": True}).json["id"]
    refused = admin.get(path)
    assert refused.status == 403 and incident in refused.json["error"]["message"], refused
    assert admin.post(f"/v1/admin/incidents/{incident}/lift").status == 200
    assert other.post(f"/v1/admin/incidents/{incident}/lift").json["lifted"]
    assert admin.get(path).body == whole.body

    picture = bodies[1]["limner"]["pictures"][1]["id"]
    assert admin.delete(f"/v1/pictures/{picture}").status == 204
    refused = admin.get(path)
    assert refused.status == 404 and picture in refused.json["error"]["message"], refused
    # Lines of URLs hold no picture, nor does a file of errors.
    line = json.loads(client.files.content(urls.output_file_id).text)
    assert admin.delete(f"/v1/pictures/{line['response']['body']['limner']['pictures'][0]['id']}").status == 204
    assert admin.get(f"/v1/files/{urls.output_file_id}/content").status == 200
    assert admin.get(f"/v1/files/{urls.error_file_id}/content").status == 200
    assert server.check() == []


def test_a_picture_deleted_before_the_file_was_written_is_not_in_it(make_server):
    server = make_server()
    admin = server.admin
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=server.admin_key, max_retries=0)
    batch = start(client, lines({"prompt": "a red apple", "steps": 1, "n": 2}, {"prompt": "a pear", "steps": 400}))
    until = time.monotonic() + 60
    pictures = []
    while not pictures and time.monotonic() < until:
        stored = [job["id"] for job in admin.get("/v1/jobs").json["data"] if job["state"] == "stored"]
        pictures = [picture["id"] for job in stored for picture in admin.get(f"/v1/jobs/{job}").json["pictures"]]
    assert len(pictures) == 2 and admin.delete(f"/v1/pictures/{pictures[0]}").status == 204
    batch = ended(client, batch)
    first, _ = [json.loads(line)["response"]["body"] for line in client.files.content(batch.output_file_id).text.splitlines()]
    assert [picture["id"] for picture in first["limner"]["pictures"]] == [pictures[1]]


def edit_lines(client, count):
    """Lines that bring their pictures with them."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    image = {"image_url": "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()}
    data = lines(*({"prompt": f"a pear {i}", "steps": 2, "seed": i, "images": [image]} for i in range(count)), url="/v1/images/edits")
    file = client.files.create(file=("requests.jsonl", data), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint="/v1/images/edits", completion_window="24h")


def pictures_brought(client):
    return len(client.get("/v1/files?purpose=picture&limit=1000").json["data"])


def test_lines_that_wait_do_not_bring_their_pictures_again(make_server):
    """One job at a time, and none for a while: rounds are five a second."""
    server = make_server()
    admin = server.admin
    assert admin.post("/v1/admin/tenants", {"name": "narrow", "limits": {"concurrent_jobs": 1}}).status in (200, 201)
    narrow = server.client(server.make_key("narrow", "draw", "read", tenant="narrow"))
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=narrow.key, max_retries=0)
    assert admin.post("/v1/admin/pause", {"tier": "batch"}).status == 200
    batch = edit_lines(client, 4)
    time.sleep(4)
    assert 1 <= pictures_brought(narrow) <= 2, "the line that is taken, and the one that is next"
    assert admin.post("/v1/admin/resume", {"tier": "batch"}).status == 200
    batch = ended(client, batch)
    assert batch.request_counts.completed == 4, batch
    assert pictures_brought(narrow) == 4


@pytest.mark.parametrize("taken", ["tenant", "scope"])
def test_a_batch_stops_when_its_right_to_draw_is_taken(make_server, taken):
    server = make_server()
    admin = server.admin
    assert admin.post("/v1/admin/tenants", {"name": "narrow", "limits": {"concurrent_jobs": 1}}).status in (200, 201)
    made = admin.post("/v1/admin/keys", {"tenant": "narrow", "name": "k", "scopes": ["draw", "read"]}).json
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=made["key"], max_retries=0)
    assert admin.post("/v1/admin/pause", {"tier": "batch"}).status == 200
    batch = start(client, lines(*({"prompt": f"a pear {i}", "steps": 1} for i in range(4))))
    until = time.monotonic() + 60
    while not admin.get("/v1/jobs").json["data"] and time.monotonic() < until:
        time.sleep(0.05)
    if taken == "tenant":
        assert admin.put("/v1/admin/tenants/narrow", {"disabled": True}).status == 200
    else:
        assert admin.put(f"/v1/admin/keys/{made['id']}", {"scopes": ["read"]}).status == 200
    assert admin.post("/v1/admin/resume", {"tier": "batch"}).status == 200
    time.sleep(3)
    if taken == "tenant":
        assert admin.put("/v1/admin/tenants/narrow", {"disabled": False}).status == 200
        time.sleep(1)
    batch = ended(client, batch)
    assert (batch.request_counts.completed, batch.request_counts.failed) == (1, 3), "what was taken already is drawn"
    bad = [json.loads(line)["response"] for line in client.files.content(batch.error_file_id).text.splitlines()]
    assert [line["status_code"] for line in bad] == [403] * 3
    assert all(("disabled" if taken == "tenant" else "draw") in line["body"]["error"]["message"] for line in bad), bad
