"""The OpenAI dialect, spoken by openai-python."""

import base64
import http.client
import io
import json
import time
import urllib.parse
import uuid

import openai
import pytest
from PIL import Image

from pictures import beneath, limner_text, pixels_sha256
from server import PATIENCE, Client

PROMPT = "a red apple on a blue background"


def opened(b64):
    image = Image.open(io.BytesIO(base64.b64decode(b64)))
    image.load()
    return image


def png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def source(shared):
    """A picture to draw over."""
    return shared.picture(shared.draw(prompt=PROMPT, steps=4, seed=5))


@pytest.fixture
def client(shared_server):
    return openai.OpenAI(base_url=shared_server.url + "/v1", api_key=shared_server.admin_key, max_retries=0)


def test_generate(client):
    answer = client.images.generate(prompt=PROMPT, n=2, size="128x128", extra_body={"seed": 3, "steps": 2})
    assert len(answer.data) == 2
    assert [opened(picture.b64_json).size for picture in answer.data] == [(128, 128)] * 2
    assert answer.data[0].b64_json != answer.data[1].b64_json
    assert answer.output_format == "png" and answer.size == "128x128"
    assert answer.created > 1_700_000_000


def test_the_pixels_are_those_of_the_command_line(client, shared_server, tmp_path):
    answer = client.images.generate(prompt=PROMPT, extra_body={"seed": 11, "steps": 3, "sampler": "dpmpp_2m"})
    shared_server.command("generate", PROMPT, "--seed", 11, "--steps", 3, "--sampler", "dpmpp_2m", "-q",
                          "--no-sign", "-o", tmp_path / "same.png")
    expected = (tmp_path / "same.png").read_bytes()
    drawn = base64.b64decode(answer.data[0].b64_json)
    assert beneath(drawn) == pixels_sha256(expected)
    assert limner_text(drawn)["parameters"] == limner_text(expected)["parameters"]


def test_formats_and_urls(client, shared):
    for name in ("jpeg", "webp"):
        answer = client.images.generate(prompt=PROMPT, output_format=name, output_compression=80,
                                        extra_body={"steps": 1})
        assert opened(answer.data[0].b64_json).format == name.upper()
    answer = client.images.generate(prompt=PROMPT, response_format="url", extra_body={"steps": 1})
    url = answer.data[0].url
    path = url[url.index("/v1/"):]
    fetched = shared.get(path, key=None)
    assert fetched.status == 200 and Image.open(io.BytesIO(fetched.body)).size == (128, 128)
    assert shared.get(path[:-4] + "AAAA", key=None).status in (401, 403), "a forged signature was taken"


def test_quality_is_steps(client, shared):
    steps = {}
    for quality in ("low", "medium", "high"):
        answer = client.images.generate(prompt=PROMPT, quality=quality, extra_body={"seed": 1})
        picture = answer.limner["pictures"][0]["id"]
        steps[quality] = shared.get(f"/v1/pictures/{picture}").json["metadata"]["parameters"]["steps"]
    assert steps["low"] * 2 == steps["medium"] and steps["high"] * 2 == steps["medium"] * 3


def test_edit_changes_what_the_mask_leaves_clear(client, source):
    mask = Image.new("RGBA", (128, 128), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 64, 128))
    answer = client.images.edit(image=("a.png", source), mask=("mask.png", png(mask)), prompt="a green cat",
                                extra_body={"steps": 6, "seed": 2})
    before = Image.open(io.BytesIO(source)).convert("RGB")
    after = opened(answer.data[0].b64_json).convert("RGB")
    left, right = (change(before, after, box) for box in ((0, 0, 56, 128), (72, 0, 128, 128)))
    assert left > 4 * right, (left, right)


def change(before, after, box):
    pairs = zip(before.crop(box).tobytes(), after.crop(box).tobytes())
    return sum(abs(a - b) for a, b in pairs) / ((box[2] - box[0]) * (box[3] - box[1]) * 3)


def test_edit_refuses_a_mask_of_another_size_and_two_pictures(client, source):
    mask = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    with pytest.raises(openai.BadRequestError) as error:
        client.images.edit(image=("a.png", source), mask=("mask.png", png(mask)), prompt="x")
    assert error.value.param == "mask"
    with pytest.raises(openai.BadRequestError) as error:
        client.images.edit(image=[("a.png", source), ("b.png", source)], prompt="x")
    assert error.value.param == "image"


def test_variation(client, source):
    answer = client.images.create_variation(image=("a.png", source), n=1, extra_body={"steps": 4, "seed": 9})
    varied = opened(answer.data[0].b64_json).convert("RGB")
    original = Image.open(io.BytesIO(source)).convert("RGB")
    assert 0 < change(original, varied, (0, 0, 128, 128)) < 80


def test_stream_with_partials(client):
    events = list(client.images.generate(prompt=PROMPT, stream=True, partial_images=3,
                                         extra_body={"seed": 3, "steps": 8}))
    kinds = [event.type for event in events]
    assert kinds[-1] == "image_generation.completed"
    partials = [event for event in events if event.type == "image_generation.partial_image"]
    assert partials, "partial pictures were asked for and none came"
    assert [event.partial_image_index for event in partials] == list(range(len(partials)))
    assert len({event.b64_json for event in events}) == len(events), "partial pictures are all the same"
    assert opened(partials[0].b64_json).size == (128, 128)
    whole = client.images.generate(prompt=PROMPT, extra_body={"seed": 3, "steps": 8})
    streamed, at_once = (base64.b64decode(picture.b64_json) for picture in (events[-1], whole.data[0]))
    assert beneath(streamed) == beneath(at_once)


def test_stream_of_an_edit(client, source):
    events = list(client.images.edit(image=("a.png", source), prompt="a green cat", stream=True, partial_images=1,
                                     extra_body={"steps": 6, "seed": 1}))
    assert events[-1].type == "image_edit.completed"


@pytest.mark.parametrize(
    "fields, kind, param",
    [
        ({"model": "no-such-model"}, openai.NotFoundError, "model"),
        ({"size": "1x1"}, openai.BadRequestError, None),
        ({"size": "wide"}, openai.BadRequestError, "size"),
        ({"n": 11}, openai.BadRequestError, "n"),
        ({"n": 4294967297}, openai.BadRequestError, "n"),
        ({"background": "transparent"}, openai.BadRequestError, "background"),
        ({"partial_images": 2}, openai.BadRequestError, "partial_images"),
        ({"extra_body": {"steps": 0}}, openai.BadRequestError, "steps"),
        ({"extra_body": {"colour": "red"}}, openai.BadRequestError, "colour"),
        ({"extra_body": {"sampler": "nonsense"}}, openai.BadRequestError, "sampler"),
        ({"extra_body": {"loras": [{"name": "../../etc/passwd"}]}}, openai.APIStatusError, "loras"),
        ({"prompt": "x" * 32001}, openai.APIStatusError, "prompt"),
    ],
)
def test_every_error_is_the_clients_own(client, fields, kind, param):
    with pytest.raises(kind) as error:
        client.images.generate(**({"prompt": PROMPT} | fields))
    assert error.value.status_code < 500
    assert error.value.body["message"] and error.value.body["type"]
    assert error.value.response.headers["x-request-id"].startswith("req_")
    if param:
        assert param in (error.value.body["param"] or ""), error.value.body


def test_keys(shared_server):
    def generate(key):
        client = openai.OpenAI(base_url=shared_server.url + "/v1", api_key=key, max_retries=0)
        client.images.generate(prompt=PROMPT, extra_body={"steps": 1})

    with pytest.raises(openai.AuthenticationError) as error:
        generate("lim_" + "x" * 43)
    assert error.value.body["code"] == "invalid_api_key"
    with pytest.raises(openai.PermissionDeniedError):
        generate(shared_server.make_key("reader", "read"))


def test_limits_are_told_as_openai_tells_them(make_server):
    server = make_server()
    server.command("tenant", "create", "poor", "--data", server.data, "--requests-per-minute", 3)
    key = server.make_key("k", "draw", tenant="poor")
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=key, max_retries=0)
    answer = client.images.with_raw_response.generate(prompt=PROMPT, extra_body={"steps": 1})
    assert answer.headers["x-ratelimit-limit-requests"] == "3"
    with pytest.raises(openai.RateLimitError) as error:
        for _ in range(5):
            client.images.generate(prompt=PROMPT, extra_body={"steps": 1})
    assert error.value.body["code"] == "rate_limit_exceeded"
    assert 0 < float(error.value.response.headers["retry-after"]) <= 60


def test_a_budget_is_hard(make_server):
    server = make_server('[prices]\npicture = "1"\n')
    server.command("tenant", "create", "poor", "--data", server.data, "--budget", "2.5")
    key = server.make_key("k", "draw", "read", tenant="poor")
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=key, max_retries=0)
    drawn = 0
    with pytest.raises(openai.RateLimitError) as error:
        for _ in range(5):
            client.images.generate(prompt=PROMPT, extra_body={"steps": 1})
            drawn += 1
    assert error.value.body["type"] == "insufficient_quota"
    assert error.value.response.headers["x-should-retry"] == "false"
    assert 1 <= drawn <= 2
    assert server.client(key).get("/v1/usage").json["total"]["cost"] <= 2.5


def test_a_retry_is_the_same_request(shared):
    body = {"prompt": "a retried apple", "steps": 1}
    first = shared.post("/v1/images/generations", body, headers={"x-stainless-retry-count": "0"})
    again = shared.post("/v1/images/generations", body, headers={"x-stainless-retry-count": "1"})
    assert first.json["limner"]["job"] == again.json["limner"]["job"]
    assert first.json["data"] == again.json["data"]
    other = shared.post("/v1/images/generations", body, headers={"x-stainless-retry-count": "0"})
    assert other.json["limner"]["job"] != first.json["limner"]["job"], "asking twice is no retry"


def begin(server, body, key):
    """A connection on which a request was sent with an Idempotency-Key, and the id of its job, which is being drawn."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("POST", "/v1/images/generations", json.dumps(body),
                       {"Authorization": f"Bearer {server.admin_key}", "Content-Type": "application/json",
                        "Idempotency-Key": key})
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        jobs = server.admin.get("/v1/jobs?state=drawing&limit=1&text=" + urllib.parse.quote(body["prompt"])).json
        if jobs["data"]:
            return connection, jobs["data"][0]["id"]
        time.sleep(0.02)
    raise AssertionError("no job was begun")


def test_the_clients_class_of_a_conflict(client):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    client.images.generate(prompt=PROMPT, extra_body={"steps": 1}, extra_headers=key)
    with pytest.raises(openai.ConflictError) as error:
        client.images.generate(prompt="another", extra_body={"steps": 1}, extra_headers=key)
    assert error.value.code == "conflict" and error.value.param == "idempotency_key"
    assert error.value.response.headers["x-should-retry"] == "false"


def test_the_clients_class_of_what_is_not_its_fault(make_server):
    """No answer of this dialect is 422; 503 is while an incident stops everything."""
    server = make_server()
    opened = server.admin.post("/v1/admin/incidents", {"scope": "all", "reason": "a test", "seconds": 600})
    assert opened.status == 201, opened
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=server.admin_key, max_retries=0)
    with pytest.raises(openai.InternalServerError) as error:
        client.images.generate(prompt=PROMPT)
    assert error.value.status_code == 503 and error.value.type == "server_error" and error.value.code == "incident"


def test_who_lost_the_connection_gets_the_pictures_by_asking_again(shared, shared_server):
    body = {"prompt": "an apple that was nearly lost", "steps": 200, "seed": 1}
    key = str(uuid.uuid4())
    connection, first = begin(shared_server, body, key)
    connection.close()
    assert shared.wait(first, ("cancelled",))["error"]["field"] == "connection"
    again = shared.post("/v1/images/generations", body, headers={"Idempotency-Key": key})
    assert again.status == 200, again
    assert again.json["limner"]["job"] != first
    same = shared.post("/v1/images/generations", body, headers={"Idempotency-Key": key})
    assert same.json["limner"]["job"] == again.json["limner"]["job"], "what was drawn is not drawn again"
    other = shared.post("/v1/images/generations", body | {"seed": 2}, headers={"Idempotency-Key": key})
    assert other.status == 409, "the key is still that request's"


def test_one_of_two_who_wait_may_hang_up(shared, shared_server):
    body = {"prompt": "an apple for two", "steps": 200, "seed": 1}
    key = str(uuid.uuid4())
    first, job = begin(shared_server, body, key)
    second, same = begin(shared_server, body, key)
    assert same == job
    time.sleep(0.2)
    first.close()
    answer = second.getresponse()
    drawn = json.loads(answer.read())
    assert answer.status == 200 and drawn["limner"]["job"] == job, drawn


def test_models(client):
    models = {model.id: model for model in client.models.list()}
    assert "limner-tiny" in models
    assert client.models.retrieve("limner-tiny").object == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


def test_pictures_of_other_servers_are_not_fetched(shared):
    answer = shared.post("/v1/images/edits", {"prompt": "x", "images": [{"image_url": "http://127.0.0.1:1/x.png"}]})
    assert answer.status == 400 and answer.json["error"]["param"] == "images", answer
