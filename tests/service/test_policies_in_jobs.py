"""Policies in the service: nothing that they hold or refuse is drawn or given out, and persons decide."""

import io
import json
import time

import openai
import pytest
from PIL import Image
from raw import eventually

TERMS = """
version = "terms-1"
[[prompt.terms]]
name = "nudity"
action = "refuse"
category = "sexual"
terms = ["nude"]
except = ["nude lipstick"]
[[prompt.terms]]
name = "weapons"
action = "hold"
category = "violence"
terms = ["rifle"]
"""

# Weights that are nowhere: the check cannot be made.
UNCHECKABLE = """
version = "unreadable-1"
[[picture.classifiers]]
name = "nudity"
classifier = "not-there"
category = "sexual"
classes = ["nsfw"]
hold = 0.4
refuse = 0.8
"""


def with_policies(make_server, tmp_path, *texts, config=""):
    folder = tmp_path / "policies"
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"{number}.toml").write_text(text)
    return make_server(config=f'[policy]\nfolder = "{folder}"\n' + config)


def copies_policy(index):
    """A policy that refuses copies of what is protected."""
    return f'version = "copies-1"\n[[picture.copies]]\nname = "ours"\nindex = "{index}"\nflat = "pass"\n'


@pytest.fixture
def protected(tmp_path, shared):
    """An index with the picture of "a red apple", seed 7, 256x256."""
    folder = tmp_path / "protected"
    folder.mkdir()
    job = shared.draw(size="256x256", steps=8)
    (folder / "apple.png").write_bytes(shared.picture(job))
    index = tmp_path / "protected.pdq"
    shared.server.command("protect", "add", folder, "--index", index)
    return index


def reviewer(server, name="reviewer"):
    return server.client(server.make_key(name, "review"))


def reviews(client, **query):
    words = "&".join(f"{key}={value}" for key, value in query.items())
    answer = client.get(f"/v1/reviews?{words}")
    assert answer.status == 200, answer
    return answer.json["data"]


def decide(client, review, decision="approve", reason="looked at it", status=200):
    answer = client.post(f"/v1/reviews/{review}/decision", {"decision": decision, "reason": reason})
    assert answer.status == status, answer
    return answer.json


def actions(server):
    return [record["action"] for record in server.admin.get("/v1/admin/audit?limit=500").json["data"]]


@pytest.mark.parametrize("prompt", [
    "a nude man", "a nυdе man", "a n\u200bu\u200bd\u200be man", "a nud3 man", "a n.u.d.e man", "a (nu:1.2)de man",
    "a nu<lora:x:1>de man", "a cat " * 80 + "nude", "[a cat:nude:0.5]",
])
def test_a_refused_prompt_is_never_drawn(make_server, tmp_path, prompt):
    server = with_policies(make_server, tmp_path, TERMS)
    admin = server.admin
    answer = admin.post("/v1/jobs", {"prompt": prompt, "prompt_syntax": "a1111", "steps": 2})
    assert answer.status == 400 and answer.json["field"] == "prompt", answer
    assert "nudity" in answer.json["detail"] and "terms-1" in answer.json["detail"]
    (job,) = admin.get("/v1/jobs").json["data"]
    view = admin.get(f"/v1/jobs/{job['id']}").json
    assert view["state"] == "refused" and view["pictures"] == [] and view["attempts"] == 0
    assert view["usage"]["engine_seconds"] == 0 and view["usage"]["cost"] == 0
    (verdict,) = admin.get(f"/v1/jobs/{job['id']}/verdicts").json["data"]
    assert verdict["stage"] == "prompt" and verdict["verdict"] == "refused" and verdict["policy"] == "terms-1"
    assert "job.verdict" in actions(server)
    assert server.check() == []


@pytest.mark.parametrize("steps", [20, None])
def test_a_picture_to_begin_with_does_not_shift_a_schedule(make_server, tmp_path, steps):
    """Half of the steps are left out then, and the others are drawn from the second half of the schedule."""
    server = with_policies(make_server, tmp_path, TERMS)
    given = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(given, "PNG")
    init = server.admin.upload(given.getvalue())
    asked = {"prompt": "a nu[x:de:10] man", "prompt_syntax": "a1111", "init": init, "strength": 0.5, "size": "64x64"}
    answer = server.admin.post("/v1/jobs", asked | ({"steps": steps} if steps else {}))
    assert answer.status == 400 and answer.json["field"] == "prompt" and "nudity" in answer.json["detail"], answer


def test_every_dialect_says_so(make_server, tmp_path):
    server = with_policies(make_server, tmp_path, TERMS)
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=server.admin_key, max_retries=0)
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(model="limner-tiny", prompt="a nude man")
    assert refused.value.code == "moderation_blocked" and refused.value.type == "image_generation_user_error"
    assert "safety_violations=[sexual]" in refused.value.message
    assert refused.value.response.headers["x-request-id"] in refused.value.message
    with pytest.raises(openai.BadRequestError) as held:
        client.images.generate(model="limner-tiny", prompt="a man with a rifle")
    assert held.value.code == "moderation_blocked"
    a1111 = server.admin.post("/sdapi/v1/txt2img", {"prompt": "a nude man", "steps": 2})
    assert a1111.status == 422 and "nudity" in a1111.json["detail"][0]["msg"], a1111
    assert client.images.generate(model="limner-tiny", prompt="nude lipstick").data
    lines = [json.dumps({"custom_id": "one", "method": "POST", "url": "/v1/images/generations",
                         "body": {"model": "limner-tiny", "prompt": "a nude man"}})]
    upload = client.files.create(file=("in.jsonl", io.BytesIO("\n".join(lines).encode())), purpose="batch")
    batch = client.batches.create(input_file_id=upload.id, endpoint="/v1/images/generations", completion_window="24h")
    for _ in range(600):
        batch = client.batches.retrieve(batch.id)
        if batch.status in ("completed", "failed"):
            break
        time.sleep(0.1)
    assert batch.request_counts.failed == 1, batch
    assert "moderation_blocked" in client.files.content(batch.error_file_id).text


def test_a_held_prompt_is_drawn_once_a_person_approves(make_server, tmp_path):
    server = with_policies(make_server, tmp_path, TERMS)
    admin, person = server.admin, reviewer(server)
    job = admin.submit(prompt="a man with a rifle")
    view = admin.wait(job, states=("held",))
    assert view["attempts"] == 0 and view["error"]["field"] == "prompt" and view["pictures"] == []
    assert admin.post(f"/v1/jobs/{job}/retry").status == 409
    (review,) = reviews(person)
    assert review["job"] == job and review["stage"] == "prompt" and review["cause"] == "held"
    about = person.get(f"/v1/reviews/{review['id']}").json
    assert about["prompt"] == "a man with a rifle" and about["categories"]["violence"]["verdict"] == "hold"
    assert about["categories"]["hate"]["verdict"] == "unchecked"
    assert person.get(f"/v1/reviews/{review['id']}/picture").status == 404
    assert decide(person, review["id"])["outcome"] == "passed"
    assert len(admin.wait(job)["pictures"]) == 1
    assert reviews(person) == [] and len(reviews(person, state="decided")) == 1
    decide(person, review["id"], status=409)

    other = admin.submit(prompt="a woman with a rifle")
    admin.wait(other, states=("held",))
    (review,) = reviews(person)
    decide(person, review["id"], "refuse", "no")
    assert admin.wait(other, states=("refused",))["error"]["message"] == "refused by a reviewer"
    assert server.check() == []


def test_what_waits_is_asked_again_after_a_restart(make_server, tmp_path):
    """A job of an earlier server, accepted under no policy, meets the one that holds now."""
    server = make_server()
    server.admin.post("/v1/admin/pause", {"tier": "batch"})
    job = server.admin.submit(prompt="a nude man", tier="batch")
    server.kill()
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "one.toml").write_text(TERMS)
    server.config.write_text(f'[policy]\nfolder = "{folder}"\n')
    server.start()
    view = server.admin.wait(job, states=("refused",))
    assert view["attempts"] == 0 and "nudity" in view["error"]["message"]
    assert server.check() == []


def sharp_edges(picture):
    """Neighbours, left and right, that differ much."""
    row, data = picture.width, picture.tobytes()
    return sum(abs(a - b) > 48 for at in range(0, len(data), row) for a, b in zip(data[at:], data[at + 1:at + row]))


def routes_to(server, picture):
    """Every way by which a picture could get out, or away."""
    admin = server.admin
    owner = server.client(server.make_key(f"owner of {picture}", "draw", "read"))
    yield admin.get(f"/v1/pictures/{picture}")
    yield admin.get(f"/v1/pictures/{picture}/bytes")
    yield admin.post(f"/v1/pictures/{picture}/url", {})
    yield admin.post("/v1/jobs", {"prompt": "a", "init": picture, "strength": 0.1, "steps": 2})
    yield admin.post("/v1/jobs", {"prompt": "a", "controlnets": [{"name": "edges", "image": picture}]})
    yield owner.delete(f"/v1/pictures/{picture}")


def test_what_cannot_be_checked_is_given_to_nobody(make_server, tmp_path):
    server = with_policies(make_server, tmp_path, UNCHECKABLE)
    admin, person = server.admin, reviewer(server)
    job = admin.submit(count=2)
    view = admin.wait(job, states=("held",))
    assert view["pictures"] == [] and view["withheld"] == {"held": 2, "refused": 0}
    waiting = reviews(person)
    assert [review["stage"] for review in waiting] == ["output", "output"]
    for review in waiting:
        for answer in routes_to(server, review["subject"]):
            assert answer.status in (400, 404), answer
            assert not answer.body.startswith(b"\x89PNG")
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=server.admin_key, max_retries=0)
    with pytest.raises(openai.BadRequestError):
        client.images.generate(model="limner-tiny", prompt="a red apple")
    with pytest.raises(openai.APIError, match="waits for review"):
        list(client.images.generate(model="limner-tiny", prompt="a red apple", stream=True, partial_images=2))
    a1111 = admin.post("/sdapi/v1/txt2img", {"prompt": "a red apple", "steps": 2})
    assert a1111.status == 400 and "images" not in a1111.json, a1111
    events = [event for event, _ in admin.events(admin.submit(steps=8, preview_every=1))]
    assert "preview" not in events and events[-1] == "finished"
    assert server.check() == []

    # Blurred until asked, which is written down.
    first = waiting[0]["id"]
    hidden = person.get(f"/v1/reviews/{first}/picture")
    assert hidden.status == 200 and hidden.headers["X-Limner-Blurred"] == "true"
    clear = person.get(f"/v1/reviews/{first}/picture?clear=true")
    assert clear.headers["X-Limner-Blurred"] == "false" and clear.body.startswith(b"\x89PNG")
    small, large = Image.open(io.BytesIO(hidden.body)).convert("L"), Image.open(io.BytesIO(clear.body)).convert("L")
    assert small.size == large.size and sharp_edges(large) > 0 and sharp_edges(small) == 0
    assert "review.look" in actions(server)
    assert admin.get(f"/v1/reviews/{first}/picture", key=server.make_key("drawer", "draw", "read")).status == 403

    decide(person, first)
    assert admin.get(f"/v1/jobs/{job}").json["state"] == "held", "one of two is still to be decided"
    decide(person, waiting[1]["id"], "refuse")
    view = admin.get(f"/v1/jobs/{job}").json
    assert view["state"] == "stored" and view["withheld"] == {"held": 0, "refused": 1}
    (picture,) = view["pictures"]
    assert picture["id"] == waiting[0]["subject"]
    assert admin.picture(view) == clear.body
    assert server.check() == []


def test_a_copy_is_refused_and_a_person_may_say_otherwise(make_server, tmp_path, protected):
    server = with_policies(make_server, tmp_path, copies_policy(protected))
    admin = server.admin
    job = admin.submit(size="256x256", steps=8)
    view = admin.wait(job, states=("refused",))
    assert view["pictures"] == [] and view["withheld"]["refused"] == 1 and "ours" in view["error"]["message"]
    assert view["usage"]["engine_seconds"] > 0
    assert admin.draw(prompt="a green pear", size="256x256", steps=8, seed=1)["state"] == "stored"

    assert admin.post(f"/v1/jobs/{job}/appeal", {"text": "It is mine."}).status == 202
    assert admin.post(f"/v1/jobs/{job}/appeal", {"text": "It is mine."}).status == 409, "once"
    person, other = reviewer(server), reviewer(server, "other")
    (review,) = reviews(person, cause="appeal")
    assert review["appeal"] == "It is mine." and review["verdict"] == "refused"
    decide(person, review["id"], "escalate", "hard to say")
    assert [each["id"] for each in reviews(other, escalated="true")] == [review["id"]]
    decide(person, review["id"], status=409)
    decide(other, review["id"], "approve", "the requester's own")
    view = admin.get(f"/v1/jobs/{job}").json
    assert view["state"] == "stored" and view["error"] is None
    assert admin.picture(view).startswith(b"\x89PNG")
    assert server.check() == []


def test_what_was_refused_while_it_was_drawn_may_be_drawn_after_all(make_server, tmp_path, shared):
    # So many steps that previews of the last ones are copies of what is drawn.
    way = {"size": "256x256", "steps": 60}
    index = tmp_path / "protected.pdq"
    (tmp_path / "protected").mkdir()
    (tmp_path / "protected" / "apple.png").write_bytes(shared.picture(shared.draw(**way)))
    shared.server.command("protect", "add", tmp_path / "protected", "--index", index)
    server = with_policies(make_server, tmp_path, copies_policy(index) + '[picture]\npreviews = "check"\n')
    admin, person = server.admin, reviewer(server)
    job = admin.submit(preview_every=1, **way)
    events = [event for event, _ in admin.events(job)]
    assert events[-1] == "finished"
    view = admin.get(f"/v1/jobs/{job}").json
    assert view["state"] == "refused" and view["withheld"] == {"held": 0, "refused": 0}, view
    assert admin.post(f"/v1/jobs/{job}/retry").status == 409
    assert admin.post(f"/v1/jobs/{job}/appeal", {"text": "It is mine."}).status == 202
    (review,) = reviews(person, cause="appeal")
    assert review["subject"] == "preview_0" and review["picture"] is None
    assert person.get(f"/v1/reviews/{review['id']}/picture").status == 404
    decide(person, review["id"])

    # Drawn to its end, and refused only then: now there is a picture to contradict about.
    assert eventually(lambda: admin.get(f"/v1/jobs/{job}").json["withheld"]["refused"] == 1)
    assert admin.get(f"/v1/jobs/{job}").json["state"] == "refused"
    assert admin.post(f"/v1/jobs/{job}/appeal", {"text": "Look at it."}).status == 202
    (review,) = reviews(person, cause="appeal")
    assert review["subject"].startswith("pic_")
    decide(person, review["id"])
    view = admin.get(f"/v1/jobs/{job}").json
    assert view["state"] == "stored" and len(view["pictures"]) == 1
    assert server.check() == []


def test_a_picture_to_draw_over_is_checked_first(make_server, tmp_path, protected):
    server = with_policies(make_server, tmp_path, copies_policy(protected))
    admin = server.admin
    copy = io.BytesIO()
    Image.open(tmp_path / "protected" / "apple.png").rotate(180).save(copy, "JPEG", quality=50)
    upload = admin.upload(copy.getvalue(), name="copy.jpg")
    job = admin.submit(init=upload, strength=0.5, size="256x256")
    view = admin.wait(job, states=("refused", "held"))
    assert view["error"]["field"] == "init" and view["usage"]["engine_seconds"] == 0
    verdicts = {each["stage"]: each for each in admin.get(f"/v1/jobs/{job}/verdicts").json["data"]}
    assert verdicts["prompt"]["verdict"] == "passed" and verdicts["input"]["subject"] == upload
    assert server.check() == []


def test_two_reviewers_have_to_agree(make_server, tmp_path):
    server = with_policies(make_server, tmp_path, TERMS + "[review]\nreviewers = 2\n",
                           config="[review]\nhourly_max = 5\n")
    admin = server.admin
    first, second, third = (reviewer(server, name) for name in ("first", "second", "third"))
    jobs = [admin.submit(prompt=f"a rifle {number}") for number in range(4)]
    waiting = {review["job"]: review["id"] for review in reviews(first)}
    assert len(waiting) == 4
    for job, others in zip(jobs, ("approve", "refuse", "approve", "refuse")):
        decide(first, waiting[job], "refuse" if others == "refuse" else "approve")
        assert admin.get(f"/v1/jobs/{job}").json["state"] == "held"
        about = second.get(f"/v1/reviews/{waiting[job]}").json
        assert about["decisions"] == [], "who decides second is not told what the first said"
    for job, answer in zip(jobs, ("approve", "refuse", "refuse", "refuse")):
        decide(second, waiting[job], answer)
    admin.wait(jobs[0])
    admin.wait(jobs[1], states=("refused",))
    assert admin.get(f"/v1/jobs/{jobs[2]}").json["state"] == "held", "they do not agree"
    (open_one,) = reviews(third, escalated="true")
    assert len(open_one["decisions"]) == 2
    decide(third, open_one["id"], "approve")
    admin.wait(jobs[2])
    agreement = first.get("/v1/reviews/agreement").json
    assert agreement["pairs"] == 4 and agreement["agreed"] == 3
    # Observed 3/4; by chance 1/2 * 1/4 + 1/2 * 3/4 = 1/2.
    assert agreement["kappa"] == pytest.approx(0.5)
    for number in range(2):
        admin.submit(prompt=f"another rifle {number}")
    waiting = reviews(first)
    decide(first, waiting[0]["id"])
    decide(first, waiting[1]["id"], status=429)
    assert server.check() == []


def test_a_sample_of_what_passed_is_looked_at(make_server, tmp_path):
    server = with_policies(make_server, tmp_path, TERMS + "[review]\nsample = 1\n")
    admin, person = server.admin, reviewer(server)
    job = admin.draw(prompt="a red apple")
    (review,) = reviews(person)
    assert review["cause"] == "sample" and review["verdict"] == "passed"
    assert admin.picture(job)
    decide(person, review["id"], "refuse", "not an apple")
    assert admin.get(f"/v1/pictures/{job['pictures'][0]['id']}/bytes").status == 400
    assert admin.get(f"/v1/jobs/{job['id']}").json["state"] == "refused"
    assert server.check() == []
    table = json.loads(server.command("policy", "calibrate", "--data", server.data, "--json"))
    (line,) = table["policies"]
    assert line["policy"] == "terms-1" and line["stage"] == "output"
    assert line["passed"] == {"looked_at": 1, "wrongly": 1} and line["held"]["looked_at"] == 0


def test_policies_are_for_tenants(make_server, tmp_path):
    lenient = 'version = "lenient-1"\n[applies_to]\ntenants = ["artists"]\n'
    server = with_policies(make_server, tmp_path, TERMS, lenient)
    artist = server.client(server.make_key("artist", "draw", "read", tenant="artists"))
    assert artist.draw(prompt="a nude man")["state"] == "stored"
    assert server.admin.post("/v1/jobs", {"prompt": "a nude man"}).status == 400


def test_nobody_else_appeals_or_sees(make_server, tmp_path):
    server = with_policies(make_server, tmp_path, TERMS)
    admin = server.admin
    admin.post("/v1/jobs", {"prompt": "a nude man"})
    (job,) = admin.get("/v1/jobs").json["data"]
    stranger = server.client(server.make_key("stranger", "draw", "read", tenant="strangers"))
    assert stranger.post(f"/v1/jobs/{job['id']}/appeal", {"text": "hm"}).status == 404
    assert stranger.get(f"/v1/jobs/{job['id']}/verdicts").status == 404
    assert stranger.get("/v1/reviews").status == 403
    assert admin.post(f"/v1/jobs/{job['id']}/appeal", {"text": ""}).status == 400
    assert admin.post(f"/v1/jobs/{job['id']}/appeal", {"text": "It is art."}).status == 202
    person = reviewer(server)
    (review,) = reviews(person)
    decide(person, review["id"])
    assert admin.wait(job["id"])["pictures"], "an appeal that is granted is drawn"
    assert server.check() == []


def test_a_broken_policy_keeps_the_server_from_starting(make_server, tmp_path):
    folder = tmp_path / "policies"
    folder.mkdir()
    for text, says in [('version = "x"\n[prompt]\nnegativ = true\n', "negativ"), ("", "version")]:
        (folder / "one.toml").write_text(text)
        server = make_server(config=f'[policy]\nfolder = "{folder}"\n', start=False)
        with pytest.raises(AssertionError) as failed:
            server.start()
        assert says in str(failed.value) and "one.toml" in str(failed.value)
