"""Stop and contain: what an incident names is drawn no more within a step, and said so loudly."""

import json
import time

import pytest
from raw import eventually

LONG = {"steps": 300, "size": "256x256"}


def open_incident(admin, **members):
    answer = admin.post("/v1/admin/incidents", {"scope": "model", "subject": "limner-tiny", "reason": "a test", "seconds": 600}
                        | members)
    assert answer.status == 201, answer
    return answer.json["id"]


def second_admin(server):
    """Of before an incident: keys made after it was opened do not lift it."""
    return server.client(server.make_key("second", "admin"))


def lift(server, incident, other):
    """By the admin's key and another's."""
    first = server.admin.post(f"/v1/admin/incidents/{incident}/lift")
    assert first.status in (200, 409), first
    answer = other.post(f"/v1/admin/incidents/{incident}/lift")
    assert answer.status == 200 and answer.json["lifted"], answer


def begun(admin, job):
    assert eventually(lambda: admin.get(f"/v1/jobs/{job}").json["state"] == "drawing")


def test_a_drill_under_load(make_server, tmp_path):
    """Running rows end within a step, queued jobs are refused, the report is exported, two keys lift it."""
    server = make_server()
    admin, second = server.admin, second_admin(server)
    stored = admin.draw()
    running = [admin.submit(seed=seed, **LONG) for seed in range(3)]
    for job in running:
        begun(admin, job)
    queued = [admin.submit(seed=10 + seed, tier="batch", **LONG) for seed in range(12)]
    # How long a step takes here and now, from the events of one that is drawn.
    steps = []
    for event, data in admin.events(running[0]):
        if event == "step":
            steps.append((time.monotonic(), data["step"]))
        if len(steps) >= 6:
            break
    step_seconds = (steps[-1][0] - steps[0][0]) / max(steps[-1][1] - steps[0][1], 1)

    incident = open_incident(admin, drill=True, withhold=True)
    for job in running + queued:
        view = admin.wait(job, states=("refused",))
        assert view["error"]["field"] == "incident" and view["error"]["message"].startswith(incident), view
        assert "drill" in view["error"]["message"] and view["error"]["code"] == "forbidden"
        assert view["pictures"] == []
    report = admin.get(f"/v1/admin/incidents/{incident}").json["report"]
    assert report["complete"] and report["delivered"] == 0
    assert report["ended_running"] + report["refused_queued"] == len(running) + len(queued)
    assert report["ended_running"] >= len(running)
    assert report["last_delivery_seconds"] <= step_seconds
    # Their ends are written one after the other by few threads; the engine had let go of them with its step.
    assert report["last_stop_seconds"] < 10

    refused = admin.post("/v1/jobs", {"prompt": "a"})
    assert refused.status == 403 and refused.json["field"] == "incident" and incident in refused.json["detail"]
    assert "Retry-After" not in refused.headers
    picture = stored["pictures"][0]
    signed = picture["url"].split(str(server.port), 1)[1]
    for path in (f"/v1/pictures/{picture['id']}/bytes", signed):
        answer = admin.get(path, key=None if "signature" in path else ...)
        assert answer.status == 403 and incident in answer.json["detail"], answer
    assert admin.post(f"/v1/pictures/{picture['id']}/url", {}).status == 403

    out = tmp_path / "out"
    about = json.loads(server.command("incident", "export", "--data", server.data, incident, "-o", out, "--json"))
    assert about["jobs"] == 1 + len(running) + len(queued) and about["pictures_missing"] == 0
    jobs = [json.loads(line) for line in (out / "jobs.jsonl").read_text().splitlines()]
    (kept,) = [job for job in jobs if job["state"] == "stored"]
    assert kept["prompt"] == "a red apple" and kept["seed"] == 7 and kept["pictures"][0]["metadata"]
    (verdict,) = [verdict for verdict in kept["verdicts"] if verdict["stage"] == "prompt"]
    assert verdict["verdict"] == "passed" and verdict["policy"] and verdict["time"] and kept["reviews"] == []
    assert (out / "pictures" / f"{picture['id']}.png").stat().st_size == picture["bytes"]
    assert json.loads((out / "incident.json").read_text())["report"]["ended_running"] == report["ended_running"]
    assert out.stat().st_mode & 0o777 == 0o700
    scope = json.loads(server.command("incident", "scope", "--data", server.data, incident, "--json"))
    assert scope["states"] == {"refused": len(running) + len(queued), "stored": 1}

    again = admin.post(f"/v1/admin/incidents/{incident}/lift")
    assert again.status == 200 and again.json["lifted"] is None
    assert admin.post("/v1/jobs", {"prompt": "a"}).status == 403, "one key does not lift"
    assert admin.post(f"/v1/admin/incidents/{incident}/lift").status == 409, "nor the same key twice"
    late = server.client(server.make_key("late", "admin")).post(f"/v1/admin/incidents/{incident}/lift")
    assert late.status == 403 and f"made after {incident}" in late.json["detail"], late
    lift(server, incident, second)
    assert admin.draw()["state"] == "stored"
    assert admin.get(f"/v1/pictures/{picture['id']}/bytes").status == 200
    assert admin.post(f"/v1/admin/incidents/{incident}/lift").status == 409
    done = [record["action"] for record in admin.get(f"/v1/admin/audit?about={incident}").json["data"]]
    assert done == ["incident.lift", "incident.lift_first", "incident.export", "incident.open"]
    assert server.check() == []


def test_the_engine_is_free_within_a_step(make_server):
    """Time to the last step of what is stopped: a job that is not stopped gets the engine at once."""
    server = make_server()
    admin, second = server.admin, second_admin(server)
    admin.draw()
    job = admin.submit(prompt="a green pear", **LONG)
    begun(admin, job)
    started = time.monotonic()
    incident = open_incident(admin, scope="prompt", subject="green*pear")
    opened = time.monotonic() - started
    progress = admin.get(f"/v1/jobs/{job}").json
    admin.draw(prompt="a red apple", steps=1)
    assert admin.wait(job, states=("refused",))["error"]["message"].startswith(incident)
    assert opened < 5, progress
    lift(server, incident, second)


@pytest.mark.parametrize("scope", ["tenant", "key", "prompt", "all"])
def test_scopes(make_server, scope):
    server = make_server()
    admin, second = server.admin, second_admin(server)
    mine = server.client(server.make_key("mine", "draw", "read", tenant="mine"))
    key = [key for key in admin.get("/v1/admin/keys?tenant=mine").json["data"]][0]["id"]
    subject = {"tenant": "mine", "key": key, "prompt": "RED * apple", "all": None}[scope]
    incident = open_incident(admin, scope=scope, subject=subject)
    answer = mine.post("/v1/jobs", {"prompt": "one red juicy apple"})
    assert answer.status == (503 if scope == "all" else 403) and incident in answer.json["detail"], answer
    if scope == "all":
        assert int(answer.headers["Retry-After"]) > 500
    else:
        assert admin.draw(prompt="a blue pear")["state"] == "stored", "others are drawn"
    openai = mine.post("/v1/images/generations", {"prompt": "one red juicy apple"})
    assert openai.json["error"]["code"] == "incident" and openai.headers["x-should-retry"] == "false", openai
    assert mine.post("/sdapi/v1/txt2img", {"prompt": "one red juicy apple"}).status in (403, 503)
    lift(server, incident, second)
    assert mine.draw(prompt="one red juicy apple")["state"] == "stored"


def test_it_outlives_a_restart_and_ends_by_itself(make_server):
    server = make_server()
    admin = server.admin
    admin.post("/v1/admin/pause", {"tier": "batch"})
    waiting = admin.submit(tier="batch")
    server.stop()
    # Opened while no server runs, and found by the next.
    incident = server.command("incident", "open", "--data", server.data, "model", "limner-tiny", "--hours", "0.02", "--reason",
                              "weights").strip()
    server.start()
    assert admin.wait(waiting, states=("refused",))["error"]["message"].startswith(incident)
    assert admin.post("/v1/jobs", {"prompt": "a"}).status == 403
    server.stop()
    server.start()
    assert admin.post("/v1/jobs", {"prompt": "a"}).status == 403
    short = open_incident(admin, scope="prompt", subject="pear", seconds=1)
    assert eventually(lambda: incident in admin.post("/v1/jobs", {"prompt": "a pear"}).json["detail"])
    assert short != incident


def test_a_running_server_sees_one_opened_by_command(make_server):
    server = make_server()
    admin = server.admin
    job = admin.submit(**LONG)
    begun(admin, job)
    incident = server.command("incident", "open", "--data", server.data, "model", "limner-tiny", "--hours", "1", "--reason",
                              "weights").strip()
    assert admin.wait(job, states=("refused",))["error"]["message"].startswith(incident)
    listed = json.loads(server.command("incident", "list", "--data", server.data, "--json"))
    assert [line["id"] for line in listed] == [incident] and listed[0]["opened_by"]["kind"] == "person"


def test_withheld_pictures_are_no_inputs(make_server):
    server = make_server()
    admin = server.admin
    picture = admin.draw(prompt="a green pear")["pictures"][0]["id"]
    incident = open_incident(admin, scope="prompt", subject="green pear", withhold=True)
    answer = admin.post("/v1/jobs", {"prompt": "another", "init": picture, "strength": 0.5})
    assert answer.status == 403 and incident in answer.json["detail"], answer


def test_pictures_withheld_meanwhile_are_not_drawn_over(make_server):
    """By a job that waits, nor by one that is put back into the queue."""
    server = make_server()
    admin = server.admin
    picture = admin.draw(prompt="a green pear")["pictures"][0]["id"]
    admin.post("/v1/admin/pause", {"tier": "batch"})
    waiting, dropped = (admin.submit(prompt="another", init=picture, strength=0.5, tier="batch") for _ in range(2))
    assert admin.delete(f"/v1/jobs/{dropped}").status == 200
    admin.wait(dropped, states=("cancelled",))
    incident = open_incident(admin, scope="prompt", subject="green pear", withhold=True)
    answer = admin.post(f"/v1/jobs/{dropped}/retry")
    assert answer.status == 403 and incident in answer.json["detail"], answer
    admin.post("/v1/admin/resume", {"tier": "batch"})
    ended = admin.wait(waiting, states=None)
    assert ended["state"] == "refused" and incident in ended["error"]["message"], ended
    assert ended["usage"]["engine_seconds"] == 0


# Every prompt with "rifle" is held, and every picture, as its check cannot be made.
HOLDS = """
version = "holds-1"
[[prompt.terms]]
name = "weapons"
action = "hold"
category = "violence"
terms = ["rifle"]
[[picture.classifiers]]
name = "nudity"
classifier = "not-there"
category = "sexual"
classes = ["nsfw"]
hold = 0.4
refuse = 0.8
"""


def test_a_person_does_not_approve_what_is_stopped(make_server, tmp_path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "holds.toml").write_text(HOLDS)
    server = make_server(config=f'[policy]\nfolder = "{tmp_path / "policies"}"\n')
    admin, second = server.admin, second_admin(server)
    person = server.client(server.make_key("ann", "review"))
    drawn, other = admin.submit(), admin.submit(seed=8)
    for job in (drawn, other):
        admin.wait(job, states=("held",))
    assert admin.post("/v1/jobs", {"prompt": "a rifle", "steps": 2, "size": "64x64"}).status == 202
    waiting = {(review["job"], review["stage"]): review["id"] for review in person.get("/v1/reviews").json["data"]}
    assert len(waiting) == 3

    def decide(review, decision):
        return person.post(f"/v1/reviews/{review}/decision", {"decision": decision, "reason": "a look"})

    incident = open_incident(admin)
    for (job, _), review in waiting.items():
        answer = decide(review, "approve")
        assert answer.status == 409 and answer.json["field"] == "incident" and incident in answer.json["detail"], answer
        view = admin.get(f"/v1/jobs/{job}").json
        assert view["state"] == "held" and view["pictures"] == []
    assert decide(waiting[other, "output"], "refuse").status == 200
    assert admin.get(f"/v1/jobs/{other}").json["state"] == "refused"
    lift(server, incident, second)
    assert decide(waiting[drawn, "output"], "approve").status == 200
    assert len(admin.get(f"/v1/jobs/{drawn}").json["pictures"]) == 1

    # What was said of them is exported with them, decided or not.
    server.command("incident", "export", "--data", server.data, incident, "-o", tmp_path / "out")
    lines = [json.loads(line) for line in (tmp_path / "out" / "jobs.jsonl").read_text().splitlines()]
    exported = {line["id"]: line for line in lines}
    for job, outcome, decision in ((drawn, "passed", "approve"), (other, "refused", "refuse")):
        (verdict,) = [verdict for verdict in exported[job]["verdicts"] if verdict["stage"] == "output"]
        assert verdict["verdict"] == "held" and verdict["policy"].startswith("holds-1") and verdict["categories"]
        (review,) = exported[job]["reviews"]
        assert review["subject"] == verdict["subject"] and review["outcome"] == outcome
        (made,) = review["decisions"]
        assert made["decision"] == decision and made["reason"] == "a look" and made["by"]["id"].startswith("key_") and made["time"]
    (rifle,) = [line for line in lines if line["prompt"] == "a rifle"]
    assert rifle["reviews"][0]["decided"] is None and rifle["reviews"][0]["decisions"] == []
    assert server.check() == []


@pytest.mark.parametrize(
    "body, field",
    [({"scope": "sky"}, "scope"), ({"subject": None}, "subject"), ({"subject": ""}, "subject"), ({"seconds": 0}, "seconds"),
     ({"seconds": 10**9}, "seconds"), ({"reason": ""}, "reason"), ({"colour": 1}, "colour"), ({"scope": "all"}, "subject"),
     ({"scope": "prompt", "subject": "**"}, "subject"), ({"scope": "tenant", "subject": "nobody"}, "subject"),
     ({"scope": "key", "subject": "key_x"}, "subject"), ({"subject": "limner-tinny"}, "subject"),
     ({"scope": "lora", "subject": "no-lora"}, "subject"), ({"withhold": 1}, "withhold")],
)
def test_incidents_that_are_none(shared, body, field):
    answer = shared.post("/v1/admin/incidents", {"scope": "model", "subject": "limner-tiny", "reason": "r", "seconds": 60} | body)
    assert body.get("subject") not in ("limner-tinny", "no-lora") or f"'{body['subject']}'" in answer.json["detail"]
    assert answer.status in (400, 404) and answer.json["field"].startswith(field), answer
    missing = shared.post("/v1/admin/incidents", {"scope": "model", "subject": "m", "reason": "r"})
    assert missing.status == 400 and missing.json["field"] == "seconds"
