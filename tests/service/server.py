"""`limner serve` as a process of its own, with a data folder of its own, and a small client for it."""

import base64
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build")).resolve() / "limner"

# Far beyond what anything here takes: only what hangs runs into it.
PATIENCE = 120


# Configuration of a server whose files are those of `limner generate --no-sign`.
UNMARKED = "[provenance]\nsign = false\nwatermark = false\n"


class Answer:
    """An HTTP answer, read whole."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


class Client:
    """Speaks to one server with one key."""

    def __init__(self, server, key):
        self.server, self.key = server, key

    def request(self, method, path, body=None, headers=None, key=..., timeout=PATIENCE):
        given = {} if headers is None else dict(headers)
        key = self.key if key is ... else key
        if key and "Authorization" not in given:
            given["Authorization"] = f"Bearer {key}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=given)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body=body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def put(self, path, body=None, **options):
        return self.request("PUT", path, body=body, **options)

    def patch(self, path, body=None, **options):
        return self.request("PATCH", path, body=body, **options)

    def submit(self, **request):
        """Submits a job that must be accepted; its id."""
        answer = self.post("/v1/jobs", {"prompt": "a red apple", "steps": 2, "seed": 7} | request)
        assert answer.status == 202, answer
        return answer.json["id"]

    def wait(self, job, states=("stored",), patience=PATIENCE):
        """The job once it has ended, which must be in one of `states` (None: any)."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            answer = self.get(f"/v1/jobs/{job}")
            assert answer.status == 200, answer
            view = answer.json
            if view["state"] in ("stored", "held", "refused", "failed", "cancelled", "expired"):
                assert states is None or view["state"] in states, view
                return view
            time.sleep(0.02)
        raise AssertionError(f"{job} has not ended after {patience} s: {view}")

    def draw(self, **request):
        """Submits a job and waits for it; the job."""
        return self.wait(self.submit(**request))

    def picture(self, job, index=0):
        """The bytes of a stored job's picture."""
        view = job if isinstance(job, dict) else self.wait(job)
        answer = self.get(f"/v1/pictures/{view['pictures'][index]['id']}/bytes")
        assert answer.status == 200, answer
        return answer.body

    def events(self, job, timeout=PATIENCE):
        """Yields (event, data) of a job's stream until it ends."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=timeout)
        connection.request("GET", f"/v1/jobs/{job}/events", headers={"Authorization": f"Bearer {self.key}"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        try:
            yield from sse(answer)
        finally:
            connection.close()

    def upload(self, data, purpose="picture", name="picture.png"):
        """The id of an uploaded file."""
        body, content_type = form({"purpose": purpose}, {"file": (name, data)})
        answer = self.post("/v1/files", body, headers={"Content-Type": content_type})
        assert answer.status == 200, answer
        return answer.json["id"]

    @property
    def basic(self):
        return {"Authorization": "Basic " + base64.b64encode(f"anyone:{self.key}".encode()).decode()}


def sse(answer):
    """(event, data) pairs of a text/event-stream."""
    event, data = None, []
    for raw in answer:
        line = raw.decode().rstrip("\r\n")
        if line.startswith("event:"):
            event = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line and data:
            text = "\n".join(data)
            yield event, text if text == "[DONE]" else json.loads(text)
            event, data = None, []


def form(fields, files):
    """A multipart body and its content type. files: name -> (file name, bytes); a list makes several parts."""
    boundary = "limner-test-boundary-7f3a"
    parts = []
    for name, value in fields.items():
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    for name, given in files.items():
        for file_name, data in given if isinstance(given, list) else [given]:
            parts.append(
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
                f"Content-Type: application/octet-stream\r\n\r\n".encode() + data + b"\r\n"
            )
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


class Server:
    """A server that can be stopped, killed and started again on the same data folder."""

    def __init__(self, folder, config="", environment=None, port=0):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.config = self.folder / "limner.toml"
        self.config.write_text(config)
        self.extra_environment = environment or {}
        self.wanted_port = port
        self.process = None
        self.port = None
        self.log_path = self.folder / "log.jsonl"
        self.admin_key = None

    @property
    def environment(self):
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "OMP_WAIT_POLICY": "passive",
            "LIMNER_MODELS": str(ROOT / "models"),
        } | self.extra_environment

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--config", self.config, "--data", self.data, "--listen",
             f"127.0.0.1:{self.wanted_port}"],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, cwd=self.folder,
        )
        log.close()
        line = self.process.stdout.readline().decode().strip()
        if not line:
            self.process.wait(PATIENCE)
            raise AssertionError(f"the server did not start:\n{self.log_path.read_text()[-4000:]}")
        self.port = urllib.parse.urlsplit(line).port
        if self.admin_key is None:
            found = re.search(r"shown once: (\S+)", self.log_path.read_text())
            self.admin_key = found[1] if found else self.make_key("test-admin", "admin")
        return self

    def command(self, *words, status=0):
        """Runs `limner WORDS`; its standard output."""
        run = subprocess.run(
            [PROGRAM, *map(str, words)], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=PATIENCE,
        )
        assert run.returncode == status, (run.returncode, run.stdout, run.stderr)
        return run.stdout.decode()

    def make_key(self, name, *scopes, tenant="default", **options):
        words = ["key", "create", "--data", self.data, "--name", name, "--tenant", tenant]
        for scope in scopes:
            words += ["--scope", scope]
        for option, value in options.items():
            words += ["--" + option.replace("_", "-"), value]
        return self.command(*words).strip()

    @property
    def admin(self):
        return Client(self, self.admin_key)

    def client(self, key):
        return Client(self, key)

    def log_lines(self):
        lines = []
        for line in self.log_path.read_text(errors="replace").splitlines():
            if line.startswith("{"):
                lines.append(json.loads(line))
        return lines

    def stop(self, patience=PATIENCE):
        """SIGTERM, and the exit status."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(patience)
        self.process.stdout.close()
        self.process = None
        return status

    def kill(self):
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def check(self, about="disagreements"):
        """What `limner db check` finds to disagree, or its "orphans"."""
        run = subprocess.run(
            [PROGRAM, "db", "check", "--data", self.data, "--config", self.config, "--json"], env=self.environment,
            cwd=self.folder, capture_output=True, timeout=PATIENCE,
        )
        report = json.loads(run.stdout)
        assert run.returncode == (1 if report["disagreements"] else 0), run
        return report[about]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()


def metric(text, name, **labels):
    """The sum of the series of that name whose labels include `labels`."""
    total, found = 0.0, False
    for line in text.splitlines():
        match = re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$", line)
        if not match or match[1] != name:
            continue
        own = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
        if all(own.get(key) == value for key, value in labels.items()):
            total, found = total + float(match[3]), True
    return total if found else None
