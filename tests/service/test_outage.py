"""The object store goes away while pictures are drawn: no job fails, and all pictures arrive in it afterwards.

LIMNER_OUTAGE_SECONDS says for how long (4; the full measure is 60)."""

import os
import time

import boto3
from botocore.config import Config

from http_recorder import until
from s3_server import S3Server

OUTAGE = float(os.environ.get("LIMNER_OUTAGE_SECONDS", "4"))


def test_an_outage_of_the_object_store(make_server, tmp_path):
    store = S3Server(tmp_path / "s3")
    store.start()
    client = boto3.client("s3", endpoint_url=store.endpoint, aws_access_key_id=store.access_key,
                          aws_secret_access_key=store.secret_key, region_name="us-east-1",
                          config=Config(s3={"addressing_style": "path"}))
    client.create_bucket(Bucket="pictures")
    server = make_server(f"""
[store]
url = "s3://pictures/limner"
endpoint = "{store.endpoint}"
access_key = "{store.access_key}"
secret_key = "{store.secret_key}"
attempts = 2
attempt_seconds = 2
""")
    try:
        jobs = [server.admin.submit(seed=1)]
        server.admin.wait(jobs[0])
        store.stop()
        down, seed = time.monotonic(), 1
        while time.monotonic() - down < OUTAGE:
            seed += 1
            jobs.append(server.admin.submit(seed=seed))
            server.admin.wait(jobs[-1])
            assert server.admin.picture(jobs[-1]).startswith(b"\x89PNG"), "what waits here can be fetched all the same"
        store.restart()
        pictures = [server.admin.wait(job)["pictures"][0]["id"] for job in jobs]

        def arrived():
            pages = client.get_paginator("list_objects_v2").paginate(Bucket="pictures", Prefix="limner/pictures/")
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
            return all(any(picture in key for key in keys) for picture in pictures)

        until(arrived, patience=60, pause=0.3)
        assert not [path for path in (server.data / "spilled").rglob("*") if path.is_file() and "pictures" in str(path)]
        assert server.stop() == 0
        assert server.check() == []
    finally:
        store.stop()


def test_a_store_that_hangs_does_not_hold_up_the_end(make_server, tmp_path):
    store = S3Server(tmp_path / "s3")
    store.start()
    store.make_bucket("pictures")
    server = make_server(f"""
[server]
drain_seconds = 1

[store]
url = "s3://pictures/limner"
endpoint = "{store.endpoint}"
access_key = "{store.access_key}"
secret_key = "{store.secret_key}"
attempts = 10
attempt_seconds = 60
""")
    try:
        server.admin.draw(seed=1)
        store.hang()
        job = server.admin.submit(seed=2)
        until(lambda: server.admin.get(f"/v1/jobs/{job}").json["state"] not in ("queued",), patience=60, pause=0.1)
        # One attempt alone would take twice as long.
        assert server.stop(patience=30) == 0
        store.hang(False)
        server.start()
        server.admin.wait(job)
        server.stop()
        assert server.check() == []
    finally:
        store.stop()
