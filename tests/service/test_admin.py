"""The operator's API: tenants, keys, pausing, how things stand."""

import datetime
import time

import pytest
from raw import eventually


@pytest.fixture(scope="module")
def admin(shared):
    return shared


def test_a_tenants_life(make_server):
    admin = make_server().admin
    made = admin.post("/v1/admin/tenants", {"name": "studio", "weight": 2, "limits": {"pictures_per_day": 5}, "retention_days": 30})
    assert made.status == 201, made
    tenant = made.json
    assert tenant["webhook_secret"].startswith("whsec_") and made.headers["Location"].endswith(tenant["id"])
    assert admin.post("/v1/admin/tenants", {"name": "studio"}).status == 409
    assert admin.get("/v1/admin/tenants/studio").json == tenant == admin.get(f"/v1/admin/tenants/{tenant['id']}").json
    assert "studio" in [line["name"] for line in admin.get("/v1/admin/tenants").json["data"]]
    changed = admin.put("/v1/admin/tenants/studio", {"weight": 3, "retention_days": None, "legal_hold": True}).json
    assert changed["weight"] == 3 and changed["retention_days"] is None and changed["legal_hold"]
    assert changed["limits"] == {"pictures_per_day": 5}
    assert admin.delete("/v1/admin/tenants/studio").json["disabled"]
    assert admin.get("/v1/admin/tenants/nobody").status == 404


@pytest.mark.parametrize(
    "body, field",
    [({}, "name"), ({"name": ""}, "name"), ({"name": "a/b"}, "name"), ({"name": "x", "weight": 0}, "weight"),
     ({"name": "x", "limits": {"colour": 1}}, "limits"), ({"name": "x", "limits": {"pictures_per_day": -1}}, "limits"),
     ({"name": "x", "webhook_secret": "short"}, "webhook_secret"), ({"name": "x", "colour": 1}, "colour"),
     ({"name": "x", "retention_days": -1}, "retention_days")],
)
def test_tenants_that_are_none(admin, body, field):
    answer = admin.post("/v1/admin/tenants", body)
    assert answer.status == 400 and answer.json["field"].startswith(field), answer


def test_a_keys_life(make_server):
    server = make_server()
    admin = server.admin
    made = admin.post("/v1/admin/keys", {"tenant": "default", "name": "bot", "scopes": ["draw", "read"]})
    assert made.status == 201 and made.headers["Cache-Control"] == "no-store", made
    text, key = made.json["key"], made.json["id"]
    client = server.client(text)
    assert client.get("/v1/jobs").status == 200
    shown = admin.get(f"/v1/admin/keys/{key}").json
    assert "key" not in shown and shown["scopes"] == ["draw", "read"]
    assert text not in admin.get("/v1/admin/keys").body.decode()
    assert admin.put(f"/v1/admin/keys/{key}", {"scopes": ["draw"]}).json["scopes"] == ["draw"]
    assert eventually(lambda: client.get("/v1/jobs").status == 403)
    began = time.monotonic()
    assert admin.delete(f"/v1/admin/keys/{key}").json["revoked"]
    assert eventually(lambda: client.get("/v1/jobs").status == 401)
    assert time.monotonic() - began < 20, "a revoked key opens for too long"
    assert "revoked" in client.get("/v1/jobs").json["detail"]


def test_rotation_overlaps(make_server):
    server = make_server()
    admin = server.admin
    old = admin.post("/v1/admin/keys", {"tenant": "default", "name": "bot", "scopes": ["read"], "limits": {"requests_per_minute": 1000}}).json
    fresh = admin.post(f"/v1/admin/keys/{old['id']}/rotate", {"overlap_seconds": 3})
    assert fresh.status == 201 and fresh.json["limits"] == old["limits"] and fresh.json["scopes"] == ["read"]
    assert server.client(fresh.json["key"]).get("/v1/jobs").status == 200
    assert server.client(old["key"]).get("/v1/jobs").status == 200
    assert eventually(lambda: server.client(old["key"]).get("/v1/jobs").status == 401)
    assert server.client(fresh.json["key"]).get("/v1/jobs").status == 200
    assert admin.post(f"/v1/admin/keys/{old['id']}/rotate", {}).status == 409


def test_expiry(make_server):
    server = make_server()
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)).isoformat()
    key = server.admin.post("/v1/admin/keys", {"tenant": "default", "name": "brief", "scopes": ["read"], "expires": soon})
    assert key.status == 201, key
    client = server.client(key.json["key"])
    assert client.get("/v1/jobs").status == 200
    assert eventually(lambda: client.get("/v1/jobs").status == 401)
    assert "expired" in client.get("/v1/jobs").json["detail"]


@pytest.mark.parametrize(
    "change, status",
    [({"tenant": "nobody"}, 404), ({"scopes": []}, 400), ({"scopes": ["fly"]}, 400), ({"expires": "2020-01-01"}, 400),
     ({"name": "\n"}, 400), ({"colour": 1}, 400), ({"limits": []}, 400)],
    ids=str,
)
def test_keys_that_are_none(admin, change, status):
    answer = admin.post("/v1/admin/keys", {"tenant": "default", "name": "x", "scopes": ["read"]} | change)
    assert answer.status == status, answer


def test_a_disabled_tenant_may_do_nothing(make_server):
    server = make_server()
    server.admin.post("/v1/admin/tenants", {"name": "studio"})
    client = server.client(server.make_key("k", "read", tenant="studio"))
    assert client.get("/v1/jobs").status == 200
    server.admin.put("/v1/admin/tenants/studio", {"disabled": True})
    assert eventually(lambda: client.get("/v1/jobs").status == 403)
    server.admin.put("/v1/admin/tenants/studio", {"disabled": False})
    assert eventually(lambda: client.get("/v1/jobs").status == 200)


def test_limits_of_rate_and_model(make_server):
    server = make_server()
    limits = {"requests_per_minute": 4, "models": ["another"]}
    key = server.admin.post("/v1/admin/keys", {"tenant": "default", "name": "x", "scopes": ["draw", "read"], "limits": limits}).json
    client = server.client(key["key"])
    assert client.get("/v1/models").json["data"] == []
    assert client.post("/v1/jobs", {"prompt": "x"}).status == 403
    answers = [client.get("/v1/jobs") for _ in range(4)]
    assert answers[-1].status == 429 and int(answers[-1].headers["Retry-After"]) > 0
    assert answers[0].headers["RateLimit-Policy"] == '"key";q=4;w=60'


def test_paused_tiers_stay_paused_over_a_restart(make_server):
    server = make_server()
    assert server.admin.post("/v1/admin/pause", {"tier": "batch"}).json == {"paused": ["batch"]}
    assert server.admin.post("/v1/admin/pause", {"tier": "soon"}).status == 400
    assert server.admin.post("/v1/admin/pause", {}).status == 400
    server.stop()
    server.start()
    status = server.admin.get("/v1/admin/status").json
    assert status["worker"]["paused"] == ["batch"]
    assert server.admin.post("/v1/admin/resume", {"tier": "batch"}).json == {"paused": []}


def test_status_and_switches(make_server):
    server = make_server()
    server.admin.draw()
    status = server.admin.get("/v1/admin/status").json
    assert status["queue"]["standard"]["waiting"] == 0 and not status["draining"]
    assert [model["state"] for model in status["models"]] == ["ready"]
    assert status["memory"]["models_bytes"] > 0
    assert status["budgets"][0]["tenant"] == "default" and status["budgets"][0]["pictures_today"] == 1
    assert server.admin.post("/v1/admin/models/refresh").json["models"] >= 1
    assert eventually(lambda: server.admin.post("/v1/admin/models/unload").json["models_bytes"] == 0)
    assert [line["slo"] for line in server.admin.get("/v1/admin/slo").json["objectives"]] == ["realtime", "standard", "batch"]
    assert server.admin.draw(seed=8)["state"] == "stored"
