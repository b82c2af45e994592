"""/v1/files and /v1/batches, by openai-python."""

import json
import time

import openai
import pytest


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
