"""limner key, tenant and db: what an operator does without a server."""

import contextlib
import fcntl
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build")).resolve() / "limner"
PATIENCE = 120


class Operator:
    """Runs commands on one data folder."""

    def __init__(self, data):
        self.data = data

    def run(self, *words):
        command = [PROGRAM, *words[:2], "--data", self.data, *words[2:]]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)

    def out(self, *words):
        run = self.run(*words)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def refused(self, *words):
        run = self.run(*words)
        assert run.returncode == 2, run.stderr
        assert run.stdout == ""
        return run.stderr

    def json(self, *words):
        return json.loads(self.out(*words, "--json"))

    def change(self, sql):
        with contextlib.closing(sqlite3.connect(self.data / "ledger.sqlite")) as db, db:
            db.execute(sql)


@pytest.fixture
def operator(tmp_path):
    return Operator(tmp_path / "data")


def test_a_key_is_shown_once(operator):
    key = operator.out("key", "create", "--name", "robot", "--scope", "draw", "--scope", "read", "--tenant", "ink")
    assert re.fullmatch(r"lim_[A-Za-z0-9_-]{43}\n", key)
    assert key.strip() not in operator.out("key", "list")
    (listed,) = operator.json("key", "list")
    assert {name: listed[name] for name in ("name", "tenant", "state", "scopes", "expires")} == {
        "name": "robot", "tenant": "ink", "state": "valid", "scopes": ["draw", "read"], "expires": "-",
    }
    assert key.strip().encode() not in (operator.data / "ledger.sqlite").read_bytes()
    assert (operator.data.stat().st_mode & 0o777, (operator.data / "ledger.sqlite").stat().st_mode & 0o777) == (0o700, 0o600)


def test_keys_are_rotated_and_revoked(operator):
    old = operator.json("key", "create", "--name", "a", "--scope", "admin", "--expires-days", "30")
    new = operator.json("key", "rotate", old["id"], "--overlap-hours", "1")
    assert new["key"] != old["key"] and new["scopes"] == ["admin"] and new["expires"] == old["expires"]
    states = {key["id"]: key for key in operator.json("key", "list")}
    assert states[old["id"]]["expires"] < states[new["id"]]["expires"]
    operator.out("key", "revoke", new["id"])
    assert {key["id"]: key["state"] for key in operator.json("key", "list")} == {old["id"]: "valid", new["id"]: "revoked"}
    assert "revoked" in operator.refused("key", "rotate", new["id"])


def test_keys_that_make_no_sense_are_refused(operator):
    assert "'root' is not one of" in operator.refused("key", "create", "--name", "a", "--scope", "root")
    assert "--name" in operator.refused("key", "create", "--scope", "draw")
    assert "there is no ledger" in operator.refused("key", "list")
    assert not operator.data.exists(), "looking makes nothing"


def test_tenants_are_made_and_changed(operator):
    made = operator.json("tenant", "create", "ink", "--weight", "2", "--budget", "12.50", "--models", "a,b")
    assert made["limits"] == {"budget_micros": 12_500_000, "models": ["a", "b"]} and made["weight"] == 2
    operator.out("tenant", "set", "ink", "--budget", "none", "--pictures-per-day", "100", "--legal-hold", "on",
                 "--retention-days", "30")
    (tenant,) = operator.json("tenant", "list")
    assert tenant["limits"] == {"pictures_per_day": 100, "models": ["a", "b"]}
    assert tenant["legal_hold"] and tenant["retention_days"] == 30 and tenant["weight"] == 2
    assert "exists already" in operator.refused("tenant", "create", "ink")
    assert "no tenant 'paper'" in operator.refused("tenant", "set", "paper", "--weight", "1")
    assert "--concurrent-jobs" in operator.refused("tenant", "set", "ink", "--concurrent-jobs", "many")
    assert "--budget" in operator.refused("tenant", "set", "ink", "--budget", "-1")


def test_the_ledger_is_checked(operator):
    operator.out("key", "create", "--name", "a")
    assert operator.json("db", "check", "--store-less") == {"ok": True, "disagreements": [], "orphans": []}
    assert operator.out("db", "check") == ""
    operator.change("INSERT INTO open_work VALUES ('ten_x', 1, 5)")
    run = operator.run("db", "check")
    assert run.returncode == 1
    assert run.stdout.startswith("open_work_is_the_sum_of_open_jobs: ten_x: ")


def test_objects_without_a_row_are_told_of(operator):
    """After the patience that the server's housekeeping has: a younger one may get its row yet."""
    operator.out("key", "create", "--name", "a")
    folder = operator.data / "store" / "pictures" / "ten_x"
    folder.mkdir(parents=True)
    for name, age in (("pic_old.png", 2 * 3600), ("pic_new.png", 60)):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (time.time() - age, time.time() - age))
    assert operator.json("db", "check") == {"ok": True, "disagreements": [], "orphans": ["pictures/ten_x/pic_old.png"]}
    assert operator.out("db", "check").startswith("notice: pictures/ten_x/pic_old.png: no row")
    assert (folder / "pic_old.png").exists()


def test_backup_and_restore(operator, tmp_path):
    operator.out("key", "create", "--name", "before")
    backup = tmp_path / "backup.sqlite"
    operator.out("db", "backup", backup)
    assert "exists already" in operator.refused("db", "backup", backup)
    operator.out("key", "create", "--name", "after")
    assert "--replace" in operator.refused("db", "restore", backup)
    operator.out("db", "restore", backup, "--replace")
    assert [key["name"] for key in operator.json("key", "list")] == ["before"]


def test_nothing_is_restored_under_a_running_server(operator, tmp_path):
    operator.out("key", "create", "--name", "a")
    operator.out("db", "backup", tmp_path / "backup")
    with open(operator.data / "limner.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another Limner" in operator.refused("db", "restore", tmp_path / "backup", "--replace")


def test_a_damaged_ledger_is_said_to_be_damaged(operator):
    operator.data.mkdir()
    (operator.data / "ledger.sqlite").write_bytes(b"x" * 8192)
    run = operator.run("db", "check", "--store-less")
    assert run.returncode == 1 and "damaged" in run.stderr
