"""Models that are drawn elsewhere: answers, an outage, the breaker, the fallback."""

import base64
import io
import json

import pytest
from PIL import Image

from http_recorder import Recorder
from server import metric


def picture():
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 30)).save(file, "PNG")
    return file.getvalue()


class Provider(Recorder):
    """An OpenAI-compatible endpoint that can be down."""

    def __init__(self):
        super().__init__(self.draw)
        self.status = 200

    def draw(self, asked):
        if self.status != 200:
            return self.status, {}, b'{"error":{"message":"down","type":"server_error","param":null,"code":null}}'
        body = json.loads(asked.body)
        data = [{"b64_json": base64.b64encode(picture()).decode()}] * body["n"]
        return 200, {"Content-Type": "application/json"}, json.dumps({"created": 1, "data": data}).encode()


@pytest.fixture
def provider():
    provider = Provider()
    yield provider
    provider.close()


def config(provider, fallback=""):
    return f"""
[models]
memory_mib = 4000
[[model]]
name = "elsewhere"
{f'fallback = "{fallback}"' if fallback else ''}
[model.provider]
url = "{provider.url}/v1"
model = "their-model"
api_key = "sk-provider-secret"
breaker_failures = 2
breaker_seconds = 60
retry_budget = 0
price_picture = "0.04"
"""


def test_a_provider_draws_and_is_paid(make_server, provider):
    server = make_server(config(provider))
    job = server.admin.draw(model="elsewhere", prompt="a red apple", count=2, size="64x64", steps=None, seed=None)
    assert len(job["pictures"]) == 2
    assert Image.open(io.BytesIO(server.admin.picture(job))).size == (64, 64)
    asked = provider.asked[0]
    assert asked.path == "/v1/images/generations" and json.loads(asked.body)["model"] == "their-model"
    assert asked.headers["Authorization"] == "Bearer sk-provider-secret"
    assert asked.headers["traceparent"].startswith("00-")
    assert job["usage"]["cost"] == pytest.approx(0.08) and job["usage"]["engine_seconds"] == 0
    assert "sk-provider-secret" not in server.log_path.read_text()


def test_parameters_that_it_would_ignore_are_refused(make_server, provider):
    server = make_server(config(provider))
    answer = server.admin.post("/v1/jobs", {"model": "elsewhere", "prompt": "x", "steps": 20})
    assert answer.status == 400 and "steps" in answer.json["field"], answer


def test_down_the_breaker_opens_and_the_fallback_draws(make_server, provider):
    server = make_server(config(provider, fallback="limner-tiny"))
    provider.status = 500
    for _ in range(4):
        job = server.admin.draw(model="elsewhere", prompt="a red apple", steps=None, seed=None)
        assert "limner-tiny" in job["drawn_by"], job
    assert len(provider.asked) == 2, "an open breaker asks nobody"
    text = server.admin.get("/metrics").body.decode()
    assert metric(text, "limner_provider_breaker_open", provider="elsewhere") == 1


def test_down_without_a_fallback_the_job_fails_and_says_whose_fault_it_was(make_server, provider):
    server = make_server(config(provider))
    provider.status = 500
    job = server.admin.wait(server.admin.submit(model="elsewhere", prompt="x", steps=None, seed=None), states=("failed",))
    assert job["error"]["kind"] == "infrastructure", job
