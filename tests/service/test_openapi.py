"""/openapi.json is true to the code: schemathesis sends what it says may be sent, and more."""

import json
import os

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance
from hypothesis import HealthCheck, given, settings

EXAMPLES = int(os.environ.get("LIMNER_SCHEMATHESIS_EXAMPLES", "4"))

# What stops drawing, or sets it going again, would stop the test.
STOPPING = {("POST", "/v1/admin/pause"), ("POST", "/v1/admin/resume"), ("POST", "/v1/admin/incidents")}


def test_every_route_is_in_it(shared):
    document = shared.get("/openapi.json", key=None).json
    assert document["openapi"].startswith("3.")
    for path in ("/v1/jobs", "/v1/jobs/{id}", "/v1/images/generations", "/v1/batches", "/sdapi/v1/txt2img", "/v1/usage",
                 "/v1/provenance/verify"):
        assert path in document["paths"], path
    properties = json.dumps(document)
    for parameter in ("guidance_rescale", "variation_seed", "hires_scale"):
        assert parameter in properties, "the parameter table is not in it"


def test_schemathesis_finds_no_lie(make_server):
    # It tries wrong keys too, far more of them than a client may.
    server = make_server("[server]\nfailed_keys_per_minute = 100000\n")
    server.admin.post("/v1/admin/pause", {"tier": "batch"})
    schema = schemathesis.openapi.from_url(server.url + "/openapi.json")
    checked = administered = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        # Streams never end by themselves.
        if operation.path.endswith("/events") or (operation.method.upper(), operation.path) in STOPPING:
            continue

        @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
                  suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def check(case):
            answer = case.call(headers={"Authorization": f"Bearer {server.admin_key}"}, timeout=60)
            assert answer.status_code < 500 or answer.status_code == 503, (case, answer.status_code, answer.text[:500])
            # What a model can draw, what a file holds, which names there are: no schema can say.
            case.validate_response(answer, excluded_checks=[positive_data_acceptance])

        check()
        checked += 1
        administered += operation.path.startswith("/v1/admin")
    assert checked > 30 and administered > 15
    assert server.admin.get("/livez").status == 200
