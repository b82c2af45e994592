"""What operators see: metrics, traces, logs, webhooks."""

import base64
import hashlib
import hmac
import json
import shutil
import subprocess

import pytest

from http_recorder import Recorder, until
from server import metric

PROMPT = "a very secret apple"


def test_promtool_finds_nothing_wrong(shared):
    promtool = shutil.which("promtool")
    assert promtool, "promtool is missing: ./dev test fetches it"
    shared.draw()
    text = shared.get("/metrics").body
    run = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True)
    assert run.returncode == 0, run.stdout.decode() + run.stderr.decode()


def test_metrics_count_what_happens(make_server):
    server = make_server('[prices]\npicture = "0.01"\n')
    server.admin.draw(count=2, steps=3, tier="realtime")
    server.admin.post("/v1/jobs", {"prompt": "x", "model": "none"})
    tenant = server.admin.put("/v1/admin/tenants/default", {"limits": {"budget_micros": 1_000_000}}).json["id"]
    hasty = server.client(server.make_key("hasty", "read", requests_per_minute=1))
    assert [hasty.get("/v1/models").status for _ in range(3)] == [200, 429, 429]
    text = server.admin.get("/metrics").body.decode()
    assert metric(text, "limner_jobs_total", tier="realtime", state="stored") == 1
    assert metric(text, "limner_job_e2e_seconds_count", tier="realtime") == 1
    assert metric(text, "limner_steps_total") >= 3
    assert metric(text, "limner_admission_rejected_total") >= 1
    assert metric(text, "limner_admission_rejected_total", reason="requests_per_minute") == 2
    assert metric(text, "limner_moderation_verdicts_total", stage="prompt", verdict="passed") >= 1
    assert metric(text, "limner_moderation_verdicts_total", stage="output", verdict="passed") == 2
    assert metric(text, "limner_moderation_seconds_count", stage="output") == 2
    assert metric(text, "limner_provenance_signed_total", format="png") == 2
    assert metric(text, "limner_budget_remaining", tenant=tenant) == pytest.approx(0.98)
    assert "apple" not in text
    assert metric(text, "limner_engine_busy_seconds_total") > 0
    for name in ("limner_queue_depth", "limner_queue_oldest_age_seconds", "limner_batch_rows_count",
                 "limner_step_duration_seconds_count", "limner_build_info", "limner_http_request_duration_seconds_count",
                 "limner_model_load_seconds_count", "limner_queue_wait_seconds_count", "limner_cost_micro_units_total"):
        assert metric(text, name) is not None, name
    usage = server.admin.get("/v1/usage").json["total"]["engine_seconds"]
    assert usage == pytest.approx(metric(text, "limner_engine_busy_seconds_total"), rel=0.01)


def test_objectives_count_jobs(make_server):
    server = make_server("[scheduler]\ntarget_seconds_batch = 0.001\n")
    server.admin.draw(tier="standard")
    server.admin.draw(tier="batch")
    counts = {objective["slo"]: objective["windows"][0] for objective in
              server.admin.get("/v1/admin/slo").json["objectives"]}
    assert (counts["standard"]["good"], counts["standard"]["bad"]) == (1, 0)
    assert (counts["batch"]["good"], counts["batch"]["bad"]) == (0, 1)


def test_traces_go_to_the_collector_and_say_no_prompt(make_server):
    collector = Recorder()
    server = make_server(f'[telemetry]\notlp_endpoint = "{collector.url}"\n')
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = server.admin.post("/v1/jobs", {"prompt": PROMPT, "steps": 2},
                               headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.headers["traceparent"].split("-")[1] == trace
    server.admin.wait(answer.json["id"])

    def spans():
        found = {}
        for asked in collector.asked:
            for resource in json.loads(asked.body)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        if span["traceId"] == trace:
                            found[span["name"]] = span
        return found

    found = until(lambda: spans() if {"draw", "finish", "keep"} <= set(spans()) else None)
    attributes = {a["key"] for a in found["draw"]["attributes"]}
    assert any("prompt_sha256" in key for span in found.values() for key in
               (a["key"] for a in span.get("attributes", []))), attributes
    assert all(PROMPT.encode() not in asked.body for asked in collector.asked)
    assert collector.asked[0].path == "/v1/traces"
    collector.close()


@pytest.mark.parametrize("allowed", [False, True])
def test_prompts_are_in_the_log_only_where_they_may(make_server, allowed):
    server = make_server(f"[log]\nlevel = \"debug\"\nprompts = {'true' if allowed else 'false'}\n")
    answer = server.admin.post("/v1/jobs", {"prompt": PROMPT, "steps": 1})
    server.admin.wait(answer.json["id"])
    lines = until(lambda: [line for line in server.log_lines() if line.get("request") == answer.headers["x-request-id"]
                           or line.get("request_id") == answer.headers["x-request-id"]])
    assert lines, "nothing is logged under the request's id"
    assert (PROMPT in server.log_path.read_text()) == allowed
    assert server.admin_key not in server.log_path.read_text().replace(f"shown once: {server.admin_key}", "")


def test_webhooks_are_signed_as_the_convention_says(make_server):
    receiver = Recorder()
    server = make_server("[webhooks]\nallow_private = true\n")
    secret = next(t for t in server.admin.get("/v1/admin/tenants").json["data"] if t["name"] == "default")["webhook_secret"]
    job = server.admin.submit(webhook_url=receiver.url + "/hook")
    server.admin.wait(job)
    asked = until(lambda: receiver.asked)[0]
    signed = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    expected = base64.b64encode(hmac.new(base64.b64decode(secret[6:]), signed, hashlib.sha256).digest()).decode()
    assert f"v1,{expected}" in asked.headers["webhook-signature"].split()
    body = json.loads(asked.body)
    assert body["type"].startswith("job.") and body["data"]["id"] == job
    receiver.close()


def test_webhooks_do_not_reach_into_the_private_network(make_server):
    receiver = Recorder()
    server = make_server()
    answer = server.admin.post("/v1/jobs", {"prompt": "x", "steps": 1, "webhook_url": receiver.url})
    if answer.status == 202:
        server.admin.wait(answer.json["id"])
        until(lambda: any("webhook" in line.get("event", "") for line in server.log_lines()), patience=20)
    else:
        assert answer.status in (400, 403) and "webhook_url" in answer.json["field"], answer
    assert receiver.asked == []
    receiver.close()
