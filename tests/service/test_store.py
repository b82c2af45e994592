"""Stores against a real S3 server, with boto3 as the other user of the same bucket."""

import concurrent.futures
import os
import pathlib
import subprocess
import urllib.error
import urllib.request

import pytest
from s3_server import S3Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build")).resolve() / "tests/tools/store_tool"
PATIENCE = 120


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = S3Server(tmp_path_factory.mktemp("s3"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def boto3_client(server):
    return server.boto3_client()


class StoreTool:
    """The store of one bucket, used through tests/tools/store_tool."""

    def __init__(self, server, bucket, prefix="", options=(), **credentials):
        self.bucket = bucket
        self.arguments = [TOOL, f"s3://{bucket}/{prefix}", "--endpoint", server.endpoint, *map(str, options)]
        self.environment = os.environ | {
            "AWS_ACCESS_KEY_ID": credentials.get("access_key", server.access_key),
            "AWS_SECRET_ACCESS_KEY": credentials.get("secret_key", server.secret_key),
        }

    def run(self, *words):
        return subprocess.run([*self.arguments, *map(str, words)], env=self.environment, capture_output=True,
                              timeout=PATIENCE)

    def __call__(self, *words):
        run = self.run(*words)
        assert run.returncode == 0, run.stderr.decode()
        return run.stdout

    def error(self, *words):
        """The failure's code and text."""
        run = self.run(*words)
        assert run.returncode == 1, run.stdout
        return run.stderr.decode().splitlines()[-1]  # Before it come lines of the log.

    def keys(self, prefix=""):
        return self("list", prefix).decode().split()


@pytest.fixture
def bucket(server, request):
    return server.make_bucket("b-" + request.node.name.split("[")[0].removeprefix("test_").replace("_", "-")[:50])


@pytest.fixture
def store(server, bucket):
    return StoreTool(server, bucket)


@pytest.fixture
def write(tmp_path):
    """Makes a file of some bytes."""

    def write(content):
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return write


def test_boto3_reads_what_limner_stored(store, boto3_client, write):
    content = bytes(range(256)) * 100
    store("put", "jobs/job-1/0.png", write(content), "image/png")
    answer = boto3_client.get_object(Bucket=store.bucket, Key="jobs/job-1/0.png")
    assert answer["Body"].read() == content
    assert answer["ContentType"] == "image/png"


def test_limner_reads_what_boto3_stored(store, boto3_client):
    written = boto3_client.put_object(Bucket=store.bucket, Key="a/b.bin", Body=b"from boto3\0\xff")
    assert written["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert store("get", "a/b.bin") == b"from boto3\0\xff"
    size, modified = map(int, store("head", "a/b.bin").split())
    reference = boto3_client.head_object(Bucket=store.bucket, Key="a/b.bin")
    assert (size, modified / 1e6) == (12, reference["LastModified"].timestamp())


def test_an_object_is_replaced_and_removed(store, write):
    store("put", "a", write(b"first"))
    store("put", "a", write(b"second, and longer"))
    assert store("get", "a") == b"second, and longer"
    store("put", "a", write(b""))
    assert store("get", "a") == b""
    store("remove", "a")
    store("remove", "a")
    assert store.error("get", "a").startswith("not_found: ")
    assert store.error("head", "a").startswith("not_found: ")


def test_long_objects_go_in_parts(server, bucket, boto3_client, write):
    content = os.urandom(12_600_001)
    store = StoreTool(server, bucket, options=["--part-bytes", 5 << 20])
    store("put", "long.png", write(content), "image/png")
    answer = boto3_client.get_object(Bucket=bucket, Key="long.png")
    assert answer["Body"].read() == content
    assert answer["ContentType"] == "image/png"
    assert answer["ETag"].strip('"').endswith("-3"), "in three parts"
    assert store("get", "long.png") == content
    assert "Uploads" not in boto3_client.list_multipart_uploads(Bucket=bucket)


def test_a_signed_url_opens_one_object_and_nothing_else_does(server, store, write):
    store("put", "a/signed.png", write(b"pixels"), "image/png")
    store("put", "a/other.png", write(b"others"))
    url = store("sign", "a/signed.png", 60).decode().strip()
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        assert answer.read() == b"pixels"
        assert answer.headers["Content-Type"] == "image/png"
    unsigned = url.split("?")[0]
    for refused in [unsigned, url.replace("signed.png", "other.png"), url.replace("Expires=60", "Expires=61"),
                    url[:-1] + ("0" if url[-1] != "0" else "1")]:
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(refused, timeout=PATIENCE)
        assert error.value.code == 403, refused


def test_wrong_credentials_are_forbidden_and_say_which(server, bucket, write):
    wrong_secret = StoreTool(server, bucket, secret_key="not-the-secret").error("list")
    assert wrong_secret.startswith("forbidden: ")
    assert "SignatureDoesNotMatch" in wrong_secret and "store.secret_key" in wrong_secret
    wrong_key = StoreTool(server, bucket, access_key="nobody").error("list")
    assert wrong_key.startswith("forbidden: ")
    assert "store.access_key" in wrong_key
    assert "not-the-secret" not in wrong_secret


def test_a_missing_bucket_is_not_found(server):
    assert "NoSuchBucket" in StoreTool(server, "no-such-bucket").error("list")


def test_buckets_as_hosts(server, bucket, write):
    store = StoreTool(server, bucket, options=["--endpoint", server.virtual_host_endpoint, "--virtual-host"])
    store("put", "a/b.png", write(b"pixels"))
    assert store("get", "a/b.png") == b"pixels"
    assert store.keys() == ["a/b.png"]
    assert StoreTool(server, bucket)("get", "a/b.png") == b"pixels"


def test_all_that_keys_may_be(store, boto3_client, write):
    keys = ["-", "_", "a", "a-", "a.b", "0/..x/x..", ".hidden/file", "UPPER/lower"]
    keys += ["l" * 255 + "/" + "l" * 200, "/".join("d" * 60)]
    for number, key in enumerate(keys):
        store("put", key, write(b"%d" % number))
    for number, key in enumerate(keys):
        assert store("get", key) == b"%d" % number
    assert sorted(store.keys()) == sorted(keys)
    stored = boto3_client.list_objects_v2(Bucket=store.bucket)["Contents"]
    assert sorted(entry["Key"] for entry in stored) == sorted(keys)
    for key in keys:
        store("remove", key)
    assert store.keys() == []


def test_a_prefix_keeps_two_stores_apart(server, bucket, boto3_client, write):
    first, second = StoreTool(server, bucket, "first/of/all"), StoreTool(server, bucket, "second")
    first("put", "a/b", write(b"1"))
    second("put", "a/b", write(b"2"))
    assert first("get", "a/b") == b"1"
    assert first.keys() == second.keys("a") == ["a/b"]
    assert boto3_client.get_object(Bucket=bucket, Key="first/of/all/a/b")["Body"].read() == b"1"


def test_lists_page_after_page_and_only_keys(store, boto3_client):
    keys = [f"many/{number:04}" for number in range(1010)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: boto3_client.put_object(Bucket=store.bucket, Key=key, Body=b"x"), keys))
    for foreign in ["many/with space", "many/ä&<b>", "folder/"]:
        boto3_client.put_object(Bucket=store.bucket, Key=foreign, Body=b"")
    assert store.keys("many/") == keys
    assert store.keys("many/010") == keys[100:110]
    assert store.keys("absent") == []


def test_an_outage_is_spilled_and_made_good(server, bucket, boto3_client, write, tmp_path):
    spill = tmp_path / "spill"
    store = StoreTool(server, bucket, options=["--spill", spill, "--attempts", 1])
    store("put", "a.png", write(b"before"))
    server.stop()
    try:
        store("put", "a.png", write(b"during"))
        store("put", "b.png", write(b"during, new"))
        assert store("get", "a.png") == b"during"
        assert store.error("get", "absent").startswith("unavailable: ")
        assert store("drain") == b"0\n"
        assert sorted(path.name for path in spill.glob("*.png")) == ["a.png", "b.png"]
    finally:
        server.start()
    assert store("drain") == b"2\n"
    assert list(spill.glob("*.png")) == []
    answer = boto3_client.get_object(Bucket=bucket, Key="a.png")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"during", "image/png")
    assert store.keys() == ["a.png", "b.png"]
