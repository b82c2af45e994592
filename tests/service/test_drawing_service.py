"""Pictures through the server: the very bytes of the command line, alone and in any company; kept stages; tiers."""

import concurrent.futures
import time

import pytest

from pictures import limner_text, pixels_sha256, psnr
from server import metric

CASES = [
    ("a red apple", {"steps": 4, "seed": 3}),
    ("two cats", {"steps": 3, "seed": 8, "sampler": "dpmpp_2m", "schedule": "karras", "guidance": 5}),
    ("a green car", {"steps": 3, "seed": 8, "sampler": "euler_a", "negative": "blurry"}),
    ("a fox", {"steps": 2, "seed": 18446744073709551615, "size": "64x128"}),
    ("a fox", {"steps": 2, "seed": 1, "hires_scale": 2, "hires_steps": 2}),
]


def command_line(server, tmp_path, prompt, parameters):
    path = tmp_path / f"{abs(hash((prompt, str(parameters))))}.png"
    words = []
    for name, value in parameters.items():
        words += ["--" + name.replace("_", "-"), value]
    server.command("generate", prompt, *words, "-q", "--no-sign", "-o", path)
    return path.read_bytes()


def test_with_marks_everything_beneath_them_is_the_command_lines(shared_server, shared, tmp_path):
    for prompt, parameters in CASES:
        expected = command_line(shared_server, tmp_path, prompt, parameters)
        drawn = shared.picture(shared.draw(prompt=prompt, **parameters))
        assert drawn != expected
        told, texts = limner_text(drawn), limner_text(expected)
        marks = told.pop("marks")
        assert told == texts
        assert marks["pixels_sha256"] == pixels_sha256(expected) and marks["manifest"]
        if marks["watermark"]["carried"]:
            assert pixels_sha256(drawn) != pixels_sha256(expected) and psnr(drawn, expected) >= 42


def test_the_bytes_are_the_command_lines_alone_and_together(plain_server, plain, tmp_path):
    expected = [command_line(plain_server, tmp_path, prompt, parameters) for prompt, parameters in CASES]
    for (prompt, parameters), bytes_ in zip(CASES, expected):
        assert plain.picture(plain.draw(prompt=prompt, **parameters)) == bytes_, (prompt, parameters)
    # All at once, twice over, in every tier: whatever batches they fall into.
    jobs = [(plain.submit(prompt=prompt, tier=tier, **parameters), bytes_)
            for tier in ("batch", "standard", "realtime") for (prompt, parameters), bytes_ in zip(CASES, expected)]
    for job, bytes_ in jobs:
        assert plain.picture(job) == bytes_, job


def test_pictures_of_one_job_have_consecutive_seeds(plain_server, plain, tmp_path):
    job = plain.draw(prompt="a cat", count=3, seed=20, steps=2)
    assert [picture["seed"] for picture in job["pictures"]] == [20, 21, 22]
    assert plain.picture(job, 2) == command_line(plain_server, tmp_path, "a cat", {"seed": 22, "steps": 2})


def test_over_a_picture(plain_server, plain, tmp_path):
    source = plain.picture(plain.draw(prompt="a red apple", steps=3, seed=2))
    (tmp_path / "source.png").write_bytes(source)
    job = plain.draw(prompt="a blue apple", steps=4, seed=5, init=plain.upload(source), strength=0.6)
    expected = command_line(plain_server, tmp_path, "a blue apple",
                            {"steps": 4, "seed": 5, "init": tmp_path / "source.png", "strength": 0.6})
    assert plain.picture(job) == expected


def test_events_tell_the_way_of_a_job(shared):
    events = list(shared.events(shared.submit(steps=5, preview_every=1)))
    names = [name for name, _ in events]
    assert names[-1] == "finished" and events[-1][1]["state"] == "stored"
    order = [name for name in ("queued", "started", "step", "finished") if name in names]
    assert [names.index(name) for name in order] == sorted(names.index(name) for name in order)
    steps = [data["step"] for name, data in events if name == "step"]
    assert steps == sorted(steps)


def test_cancelling_acts_within_a_step(make_server):
    server = make_server()
    job = server.admin.submit(steps=900, sampler="euler")
    while server.admin.get(f"/v1/jobs/{job}").json["state"] != "drawing":
        time.sleep(0.02)
    time.sleep(0.3)
    assert server.admin.delete(f"/v1/jobs/{job}").status in (200, 202)
    view = server.admin.wait(job, states=("cancelled",))
    assert 0 < view["usage"]["engine_seconds"] < 20 and view["pictures"] == []
    again = server.admin.post(f"/v1/jobs/{job}/retry")
    assert again.status in (200, 202)
    server.admin.delete(f"/v1/jobs/{job}")


def test_realtime_goes_first_and_paused_tiers_wait(make_server):
    server = make_server()
    client = server.admin
    for tier in ("standard", "batch"):
        assert client.post("/v1/admin/pause", {"tier": tier}).status == 200
    waiting = [client.submit(tier=tier, steps=2) for tier in ("batch", "standard")]
    client.draw(tier="realtime", steps=2)
    assert [client.get(f"/v1/jobs/{job}").json["state"] for job in waiting] == ["queued"] * 2
    # What is paused stays so over a restart.
    assert server.stop() == 0
    server.start()
    client = server.admin
    time.sleep(0.5)
    assert client.get(f"/v1/jobs/{waiting[0]}").json["state"] == "queued"
    for tier in ("standard", "batch"):
        assert client.post("/v1/admin/resume", {"tier": tier}).status == 200
    for job in waiting:
        client.wait(job)


def test_a_drained_server_goes_on_where_it_was(make_server):
    server = make_server("[server]\ndrain_seconds = 0.1\n[jobs]\nkeep_after_seconds = 0\n")
    job = server.admin.submit(steps=400, sampler="euler", seed=6)
    while server.admin.get(f"/v1/jobs/{job}").json["state"] != "drawing":
        time.sleep(0.02)
    time.sleep(1)
    assert server.stop() == 0
    server.start()
    view = server.admin.wait(job)
    assert len(view["pictures"]) == 1
    usage = server.admin.get("/v1/usage?by=job").json["rows"]
    assert len(usage) == 1
    assert server.stop() == 0 and server.check() == []


def test_deadlines(make_server):
    server = make_server()
    client = server.admin
    client.post("/v1/admin/pause", {"tier": "batch"})
    job = client.submit(steps=1, deadline_seconds=3, tier="batch")
    assert client.wait(job, states=("expired",))["error"]["field"] == "deadline"


def test_the_sum_over_jobs_is_what_the_engine_worked(make_server):
    server = make_server()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda seed: server.admin.draw(seed=seed, steps=3, count=1 + seed % 3), range(12)))
    busy = metric(server.admin.get("/metrics").body.decode(), "limner_engine_busy_seconds_total")
    total = server.admin.get("/v1/usage").json["total"]
    assert total["engine_seconds"] == pytest.approx(busy, rel=0.01)
    assert total["pictures"] == sum(1 + seed % 3 for seed in range(12))
