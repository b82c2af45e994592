#!/usr/bin/env python3
"""What the service costs beside the engine, and how it shares it: on this machine, in one run.

    ./dev bench service [overhead] [streams] [idle] [tiers] [shares] [soak] [crash]      all but the last two without a word

overhead   a one-step 64x64 job through the server, beside the engine's own time for it
streams    2,000 open event streams, and what they cost
idle       10,000 connections that say nothing, and a request beside them
tiers      realtime requests alone and beside a saturating batch load; the batch load alone
shares     two tenants that both want all
soak       20 minutes of changing models and loads: memory at its end beside its level after 2 minutes
crash      200 kills under load, and again with faults of the disk (tests/service/test_crash.py)
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "service"))
from server import Server, metric  # noqa: E402


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Drawer:
    """One kept connection that draws through the OpenAI endpoint and waits for the answer."""

    def __init__(self, server, key):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def draw(self, **body):
        """Seconds from request to answer, and the answer."""
        began = time.perf_counter()
        self.connection.request("POST", "/v1/images/generations", json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        took = time.perf_counter() - began
        assert answer.status == 200, (answer.status, text[:400])
        return took, json.loads(text)


def serve(folder, config="", **environment):
    return Server(folder, config, {"LIMNER_LOG_LEVEL": "warning"} | environment)


class RawDrawer:
    """A client that costs next to nothing: one socket without delay, requests that are bytes before the clock starts,
    answers that are read whole, into a buffer that is there already (to make one of 1 MiB for each call cost 0.4 ms, on
    the processor that the server was woken on), and looked at after it has stopped."""

    def __init__(self, server, key):
        self.connection = socket.create_connection(("127.0.0.1", server.port), timeout=300)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.key = key
        self.buffer = memoryview(bytearray(1 << 20))

    def request(self, method, path, body=b""):
        head = (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
        return head.encode() + body

    def exchange(self, request):
        """Seconds from the first byte sent to the last received; the body of the answer."""
        began = time.perf_counter()
        self.connection.sendall(request)
        received, end = 0, -1
        while end < 0 or received < end + length:
            received += self.connection.recv_into(self.buffer[received:])
            if end < 0 and (head := bytes(self.buffer[:received]).find(b"\r\n\r\n")) >= 0:
                end = head + 4
                length = int(re.search(rb"(?i)content-length: (\d+)", self.buffer[:end])[1])
        took = time.perf_counter() - began
        assert self.buffer[:12] == b"HTTP/1.1 200", bytes(self.buffer[:received])
        return took, bytes(self.buffer[end:received])


def overhead(folder, count=1000):
    """Everything but engine time for a one-step 64x64 job, beside what the client alone takes: an answer of /livez."""
    print("overhead of the service for a one-step 64x64 job, engine time taken off")
    for durability in ("process", "power"):
        with serve(folder / durability, f'[ledger]\ndurability = "{durability}"\n') as server:
            drawer = RawDrawer(server, server.admin_key)
            body = {"prompt": "a red apple", "steps": 1, "size": "64x64", "guidance_scale": 1}
            requests = [drawer.request("POST", "/v1/images/generations", json.dumps(body | {"seed": seed}).encode())
                        for seed in range(50 + count)]
            drawn = [drawer.exchange(request) for request in requests][50:]
            alive = drawer.request("GET", "/livez")
            floor = [drawer.exchange(alive)[0] for _ in range(count)]
            spent, whole, engine = [], [], []
            for took, answer in drawn:
                job = json.loads(answer)["limner"]["job"]
                engine.append(server.admin.get(f"/v1/jobs/{job}").json["usage"]["engine_seconds"])
                whole.append(took)
                spent.append(took - engine[-1])
            print(f"  durability {durability:8}  whole P50 {1e3 * percentile(whole, .5):6.2f} ms   "
                  f"engine P50 {1e3 * percentile(engine, .5):6.2f} ms   overhead P50 {1e3 * percentile(spent, .5):6.2f} ms"
                  f"   P99 {1e3 * percentile(spent, .99):6.2f} ms   /livez P50 {1e3 * percentile(floor, .5):.2f} ms")


def streams(folder, count=2000):
    """Open event streams on one process."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with serve(folder) as server:
        client = server.admin
        server.admin.post("/v1/admin/pause", {"tier": "batch"})
        job = client.submit(tier="batch", steps=2)
        before = memory_of(server)
        connections = []
        for _ in range(count):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
            connection.request("GET", f"/v1/jobs/{job}/events", headers={"Authorization": f"Bearer {client.key}"})
            connections.append((connection, connection.getresponse()))
        assert all(answer.status == 200 for _, answer in connections)
        during = memory_of(server)
        threads = len(os.listdir(f"/proc/{server.process.pid}/task"))
        began = time.perf_counter()
        server.admin.post("/v1/admin/resume", {"tier": "batch"})
        finished = sum(b"finished" in answer.read() for _, answer in connections)
        took = time.perf_counter() - began
        print(f"{count} open event streams: {threads} threads, {(during - before) / count / 1024:.1f} KiB a stream; all "
              f"{finished} told of the end within {took:.2f} s of the job's beginning")
        assert finished == count


def idle(folder, count=10_000):
    """Connections that say nothing: what they cost, and how long others wait for an answer."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    limits = f"connections_max = {count + 50}\nconnections_per_address_max = {count + 50}\nidle_seconds = 600\n"
    with serve(folder, "[server]\n" + limits) as server:
        def answer_seconds():
            began = time.perf_counter()
            assert server.admin.get("/livez").status == 200
            return time.perf_counter() - began

        before, alone = memory_of(server), statistics.median(answer_seconds() for _ in range(50))
        connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]
        during, beside = memory_of(server), statistics.median(answer_seconds() for _ in range(50))
        drawn = server.admin.draw(steps=1, size="64x64")["state"]
        print(f"{count} idle connections: {(during - before) / count / 1024:.1f} KiB each; /livez within "
              f"{beside * 1e3:.2f} ms ({alone * 1e3:.2f} ms without them); a job beside them: {drawn}")
        for connection in connections:
            connection.close()


def memory_of(server):
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


STEPS = 20


def realtime(server, count, pause):
    """Seconds of each of `count` realtime pictures, one after the other with pauses."""
    drawer = Drawer(server, server.admin_key)
    seconds = []
    for seed in range(count):
        seconds.append(drawer.draw(prompt="a red apple", steps=STEPS, seed=seed, tier="realtime")[0])
        time.sleep(pause)
    return seconds


class BatchLoad:
    """Keeps the batch tier full; counts pictures that were stored."""

    def __init__(self, server, waiting=12):
        self.server, self.waiting, self.stopping = server, waiting, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        seed = 0
        while not self.stopping.is_set():
            depth = self.server.admin.get("/v1/admin/status").json["queue"]["batch"]["waiting"]
            for _ in range(max(0, self.waiting - depth)):
                seed += 1
                self.server.admin.submit(prompt="a cat", steps=STEPS, seed=seed, tier="batch")
            self.stopping.wait(0.2)

    def stop(self):
        self.stopping.set()
        self.thread.join()


def steps_drawn(server):
    """Steps of pictures, of all tiers: finer than pictures, which end in groups."""
    return metric(server.admin.get("/metrics").body.decode(), "limner_steps_total") or 0


def realtime_seconds(server):
    """What the realtime tier had of the engine so far."""
    rows = server.admin.get("/v1/usage?by=tier").json["rows"]
    return sum(row["engine_seconds"] for row in rows if row["tier"] == "realtime")


def tiers(folder, rounds=8, pictures=3, pause=8):
    """Both halves in turns, a pair a round: a machine that is slower for a while is so for both."""
    with serve(folder) as server:
        realtime(server, 3, 0)
        alone = realtime(server, 25, 0.3)
        load = BatchLoad(server)
        time.sleep(5)
        beside, ratios, shares = [], [], []
        for _ in range(rounds):
            began, before = time.perf_counter(), steps_drawn(server)
            time.sleep(pictures * (pause + 1))
            rate_alone = (steps_drawn(server) - before) / (time.perf_counter() - began)
            began, before, engine = time.perf_counter(), steps_drawn(server), realtime_seconds(server)
            beside += realtime(server, pictures, pause)
            took = time.perf_counter() - began
            ratios.append((steps_drawn(server) - before - pictures * STEPS) / took / rate_alone)
            shares.append((realtime_seconds(server) - engine) / took)
        load.stop()
        text = server.admin.get("/metrics").body.decode()
        steps = metric(text, "limner_step_duration_seconds_count")
        step = metric(text, "limner_step_duration_seconds_sum") / steps
    print(f"realtime alone      P50 {percentile(alone, .5):.3f} s   P95 {percentile(alone, .95):.3f} s")
    print(f"beside batch load   P50 {percentile(beside, .5):.3f} s   P95 {percentile(beside, .95):.3f} s   "
          f"({(percentile(beside, .95) - step) / percentile(alone, .95):.2f} x alone, a step of {step * 1e3:.0f} ms taken off)")
    print(f"batch throughput beside realtime, in proportion to batch alone: median of {rounds} pairs "
          f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}), of the engine without "
          f"realtime {statistics.median(r / (1 - s) for r, s in zip(ratios, shares)):.3f}; realtime has "
          f"{100 * statistics.median(shares):.1f} % of the engine, a picture every "
          f"{pause + percentile(beside, .5):.1f} s")


def shares(folder, seconds=30):
    with serve(folder) as server:
        keys = []
        for name in ("one", "other"):
            server.command("tenant", "create", name, "--data", server.data)
            keys.append(server.make_key("k", "draw", "read", tenant=name))
        # One sends ten times as much as the other.
        jobs = [(0, 1000), (1, 100)]
        for which, count in jobs:
            client = server.client(keys[which])
            for seed in range(count):
                client.submit(prompt="a cat", steps=STEPS, seed=seed, tier="batch")

        def engine_seconds():
            return [server.client(key).get("/v1/usage").json["total"]["engine_seconds"] for key in keys]

        # From when both wait: the first has had the engine for itself while the other was still asking.
        before = engine_seconds()
        time.sleep(seconds / 3)
        used = [after - earlier for after, earlier in zip(engine_seconds(), before)]
        # Who has nothing left to ask for wants less than half.
        assert all(server.client(key).get("/v1/jobs?state=queued&limit=1").json["data"] for key in keys), "a tenant ran out"
    print(f"two tenants, one with ten times the requests: {used[0]:.2f} s and {used[1]:.2f} s of the engine "
          f"({100 * min(used) / sum(used):.1f} % and {100 * max(used) / sum(used):.1f} %)")


def soak(folder, minutes=20):
    models = folder / "models"
    shutil.copytree(ROOT / "models" / "limner-tiny", models / "one")
    shutil.copytree(ROOT / "models" / "limner-tiny", models / "two")
    # Room for one model at a time: every change of model evicts.
    config = '[models]\ndefault = "one"\nmemory_mib = 40\n'
    with serve(folder / "server", config, LIMNER_MODELS=str(models)) as server:
        drawer = Drawer(server, server.admin_key)
        began, early, count = time.monotonic(), None, 0
        while time.monotonic() - began < minutes * 60:
            count += 1
            drawer.draw(prompt=f"a cat {count}", steps=4, model=("one", "two")[count // 5 % 2], n=1 + count % 3,
                        size=("128x128", "64x64", "192x128")[count % 3], tier=("realtime", "standard", "batch")[count % 3])
            if early is None and time.monotonic() - began > 120:
                early = memory_of(server)
        late = memory_of(server)
        loads = metric(server.admin.get("/metrics").body.decode(), "limner_model_load_seconds_count")
    assert loads > count / 10, f"{loads} loads: the models did not have to make room for each other"
    print(f"soak of {minutes} minutes: {count} requests, {loads:.0f} loads of models; resident after 2 minutes "
          f"{early >> 20} MiB, at the end {late >> 20} MiB ({100 * (late - early) / early:+.1f} %)")


def crash(_):
    environment = os.environ | {"LIMNER_KILLS": os.environ.get("LIMNER_KILLS", "200")}
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider",
                    str(ROOT / "tests" / "service" / "test_crash.py")], check=True, env=environment)


CASES = {case.__name__: case for case in (overhead, streams, idle, tiers, shares, soak, crash)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", choices=[*CASES, []], help=", ".join(CASES))
    for name in parser.parse_args().cases or ["overhead", "streams", "idle", "tiers", "shares"]:
        with tempfile.TemporaryDirectory() as folder:
            CASES[name](pathlib.Path(folder))


if __name__ == "__main__":
    main()
