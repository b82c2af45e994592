"""Killed at any moment, under load of every tier, a server loses no accepted job and bills none twice.

LIMNER_KILLS says how often (4; the full measure is 200: `./dev bench service crash`)."""

import collections
import os
import random
import threading
import time

import pytest
from PIL import Image

KILLS = int(os.environ.get("LIMNER_KILLS", "4"))
SEED = int(os.environ.get("LIMNER_CRASH_SEED", "0")) or random.randrange(1 << 30)
ENDED = ("stored", "held", "refused", "failed", "cancelled", "expired")

CONFIG = """
[ledger]
durability = "power"
[jobs]
keep_after_seconds = 0
attempts_max = 100
[housekeeping]
orphan_seconds = 1
sweep_seconds = 1
"""


def policies(folder):
    """The configuration of a policy that looks at prompts and pictures."""
    (folder / "policies").mkdir()
    (folder / "protected").mkdir()
    noise = random.Random(1).randbytes(64 * 64 * 3)
    Image.frombytes("RGB", (64, 64), noise).resize((256, 256)).save(folder / "protected" / "noise.png")
    (folder / "policies" / "all.toml").write_text(f"""
version = "crash-1"
[[prompt.terms]]
name = "nudity"
action = "refuse"
terms = ["nude"]
[[prompt.terms]]
name = "weapons"
action = "hold"
terms = ["rifle"]
[[picture.copies]]
name = "noise"
index = "{folder / "protected.pdq"}"
flat = "pass"
""")
    return f'[policy]\nfolder = "{folder / "policies"}"\n'


class Load:
    """Requesters that go on whatever happens to the server, each with its idempotency keys, at a pace that the engine keeps."""

    def __init__(self, server, threads=3, pause=0.15):
        self.server, self.pause = server, pause
        self.accepted = collections.OrderedDict()
        self.asked_to_cancel = set()
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        chance = random.Random(SEED * 31 + number)
        count = 0
        while not self.stopping.is_set():
            count += 1
            body = {
                "prompt": f"a red apple {number} {count}" + chance.choice([""] * 6 + [" nude", " with a rifle"]),
                "steps": chance.choice([1, 2, 4]),
                "count": chance.choice([1, 1, 2]),
                "seed": count,
                "tier": chance.choice(["realtime", "standard", "batch"]),
                "tags": ["crash"],
            }
            self.insist(f"crash-{number}-{count}-key", body, chance)
            self.stopping.wait(self.pause * chance.uniform(0.2, 1.8))

    def insist(self, key, body, chance):
        """Sends it until it is answered: what a careful client does."""
        while not self.stopping.is_set():
            try:
                answer = self.server.admin.post("/v1/jobs", body, headers={"Idempotency-Key": key}, timeout=20)
            except (OSError, TypeError, AttributeError):
                time.sleep(0.02)
                continue
            except Exception as error:  # http.client's many ways to say that the other end is gone
                if type(error).__module__ != "http.client":
                    raise
                time.sleep(0.02)
                continue
            if "nude" in body["prompt"] and answer.status == 400:
                return
            if answer.status == 202:
                # One with "nude" too, if the server was killed between taking it and refusing it: see check_everything().
                with self.lock:
                    known = self.accepted.setdefault(key, answer.json["id"])
                    assert known == answer.json["id"], "one key, two jobs"
                if chance.random() < 0.1:
                    self.cancel(answer.json["id"])
                return
            assert answer.status in (409, 429, 500, 503), answer
            time.sleep(0.1)

    def cancel(self, job):
        # Before it is known whether the server got to answering: it may be killed after the cancelling stands.
        self.asked_to_cancel.add(job)
        try:
            self.server.admin.delete(f"/v1/jobs/{job}", timeout=20)
        except Exception:  # the server may be gone at any point: that is what is being tested
            return

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)


def all_ended(server, jobs, patience):
    """Every job's view once all have ended. `patience` is for a while in which none ends, not for all of them."""
    views, open_jobs, until = {}, list(jobs), time.monotonic() + patience
    while open_jobs:
        still_open = []
        for job in open_jobs:
            answer = server.admin.get(f"/v1/jobs/{job}")
            assert answer.status == 200, f"{job} was accepted and is lost: {answer}"
            if answer.json["state"] in ENDED:
                views[job] = answer.json
            else:
                still_open.append(job)
        if len(still_open) < len(open_jobs):
            until = time.monotonic() + patience
        assert time.monotonic() < until, f"{still_open[0]} and {len(still_open) - 1} others do not end"
        open_jobs = still_open
        time.sleep(0.2)
    return views


def kill_often(server, load, kills, chance):
    for _ in range(kills):
        time.sleep(chance.uniform(0.05, 1.5))
        server.kill()
        server.start()


def check_everything(server, load):
    views = all_ended(server, load.accepted.values(), patience=120)
    for job, view in views.items():
        assert view["state"] != "failed" or view["error"]["message"], view
        assert view["state"] != "cancelled" or job in load.asked_to_cancel, f"{job} was cancelled by nobody: {view}"
        if "rifle" in view["prompt"]:
            assert view["state"] in ("held", "cancelled") and view["attempts"] == 0 and view["pictures"] == [], view
        if view["state"] == "stored":
            for picture in view["pictures"]:
                answer = server.admin.get(f"/v1/pictures/{picture['id']}/bytes")
                assert answer.status == 200, answer
                assert b"caBX" in answer.body, f"{picture['id']} has no manifest"
    for job in server.admin.get("/v1/jobs?text=nude&limit=500").json["data"]:
        assert job["state"] == "refused" and job["attempts"] == 0, job
    usage = server.admin.get("/v1/usage?by=job").json
    rows = collections.Counter(row["job"] for row in usage["rows"])
    assert set(views) <= set(rows), "ended without a usage row"
    assert max(rows.values()) == 1
    time.sleep(3)  # the sweep's patience of one second, and its turn
    assert server.stop() == 0
    assert server.check() == []
    assert server.check("orphans") == []
    kept = [str(path) for path in (server.data / "store" / "stages").rglob("*") if path.is_file()]
    assert kept == []
    return views


@pytest.mark.parametrize("faults", ["", "write:0.01,fsync:0.01,rename:0.01,enospc:0.005"])
def test_kill_9_loses_no_job_and_bills_none_twice(make_server, tmp_path, faults):
    """And nothing is drawn or given out that no policy was asked about: `limner db check` looks for that as well."""
    print(f"LIMNER_CRASH_SEED={SEED}")
    environment = {"LIMNER_FAULTS": f"{faults},seed:{SEED % 1000}"} if faults else {}
    server = make_server(CONFIG + policies(tmp_path), environment, start=False)
    server.command("protect", "add", tmp_path / "protected", "--index", tmp_path / "protected.pdq")
    server.start()
    chance = random.Random(SEED)
    load = Load(server)
    try:
        kill_often(server, load, KILLS, chance)
        time.sleep(0.5)
    finally:
        load.stop()
    assert load.accepted, "nothing was accepted at all"
    # What was accepted must end well on a disk that is well again.
    server.kill()
    server.extra_environment = {}
    server.start()
    views = check_everything(server, load)
    states = collections.Counter(view["state"] for view in views.values())
    print(f"{KILLS} kills, {len(views)} jobs accepted: {dict(states)}")
    assert states["stored"] > 0
