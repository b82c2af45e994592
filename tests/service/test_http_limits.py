"""What strangers can do to the server from the socket on: the documented error, logged under its request id, and no harm."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest
from raw import RawClient, ask, eventually

TIGHT = """
[server]
header_seconds = 1
body_seconds_base = 1
body_bytes_per_second = 1000000
idle_seconds = 2
write_seconds = 2
bytes_in_flight_max_mib = 4
"""


@pytest.fixture(scope="module")
def server(shared_server):
    return shared_server


def head(method, path, *headers, key=None):
    lines = [f"{method} {path} HTTP/1.1", "Host: limner.test", *headers]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def alive(server):
    return server.admin.get("/livez", key=None).status == 200


@pytest.mark.parametrize(
    "request_text, status",
    [
        ("POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        ("POST /v1/jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
        ("POST /v1/jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nX: b\x00c\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET http://other/livez HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /livez HTTP/3.0\r\nHost: a\r\n\r\n", 505),
        ("GET /" + "a" * 9000 + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nX: " + "a" * 70000 + "\r\n\r\n", 431),
        ("GET /livez HTTP/1.1\r\nHost: a\r\n" + "X: a\r\n" * 200 + "\r\n", 431),
        ("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else str(value),
)
def test_requests_that_two_readers_would_read_differently(server, request_text, status):
    client = RawClient(server.port)
    client.send(request_text.encode("latin-1"))
    answer = client.answer()
    assert answer.status == status, answer
    request_id = answer.headers["x-request-id"]
    assert request_id in answer.body.decode()
    assert client.ends(), "what follows such a request must not be read"
    assert eventually(lambda: any(line.get("request") == request_id for line in server.log_lines()))
    assert alive(server)


@pytest.mark.parametrize(
    "path",
    ["/../etc/passwd", "/v1/../livez", "/v1/pictures/../../etc/passwd/bytes", "/v1/pictures/%2e%2e%2f%2e%2e/bytes",
     "/v1/files/..%2f..%2fetc%2fpasswd/content", "/v1/jobs/%ff", "//livez", "/v1/jobs//events", "/v1/models/..%2flimner-tiny"],
)
def test_paths_that_lead_elsewhere_lead_nowhere(server, path):
    answer = ask(server.port, head("GET", path, key=server.admin_key))
    assert answer.status == 404, answer


def test_a_zero_byte_in_a_path(server):
    assert ask(server.port, head("GET", "/v1/jobs/a%00b", key=server.admin_key)).status == 400


def test_checks_come_before_the_body(server):
    def refused(status, *headers, key=server.admin_key, path="/v1/jobs"):
        answer = ask(server.port, head("POST", path, *headers, key=key))
        assert answer.status == status, answer

    refused(401, "Content-Length: 1000000", key=None)
    refused(401, "Content-Length: 1000000", "Expect: 100-continue", key="lim_nobody")
    refused(404, "Content-Length: 1000000", path="/v1/nothing")
    refused(405, "Content-Length: 1000000", path="/livez")
    refused(413, "Content-Length: 999999999999")
    refused(415, "Content-Length: 10", "Content-Type: image/png")
    refused(415, "Content-Length: 10", "Content-Type: application/json", "Content-Encoding: gzip")
    refused(417, "Content-Length: 10", "Expect: the unexpected")
    assert ask(server.port, head("POST", "/livez", key=server.admin_key)).headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b'{"prompt": 1}', b'{"prompt": "a", "steps": "many"}', b'{"prompt": "a", "stepz": 3}',
     b'{"prompt": "\xff"}', b"[" * 100000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"prompt": "a", "size": "1x"}'],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_bodies_that_are_no_job(server, body):
    answer = server.admin.post("/v1/jobs", body, headers={"Content-Type": "application/json"})
    assert answer.status == 400, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["request_id"] == answer.headers["x-request-id"]


def test_forms_that_are_none(server):
    for body in (b"", b"--x", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\ncut"):
        answer = server.admin.post("/v1/files", body, headers={"Content-Type": "multipart/form-data; boundary=x"})
        assert answer.status == 400, answer
        assert "error" in answer.json
    answer = server.admin.post("/v1/files", b"--x--", headers={"Content-Type": "multipart/form-data"})
    assert answer.status == 400, answer


def test_slow_clients_are_given_up(make_server):
    server = make_server(TIGHT)
    slow_head, slow_body, idle = (RawClient(server.port) for _ in range(3))
    slow_head.send(b"GET /livez HTTP/1.1\r\nHo")
    slow_body.send(head("POST", "/v1/jobs", "Content-Length: 100000", key=server.admin_key) + b"{")
    assert slow_head.answer().status == 408
    assert slow_body.answer().status == 408
    assert idle.ends() and idle.received == b""
    assert alive(server)


def test_a_body_that_never_ends(make_server):
    server = make_server(TIGHT)
    client = RawClient(server.port)
    client.send(head("POST", "/v1/jobs", "Transfer-Encoding: chunked", key=server.admin_key))
    piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
    sent = 0
    while sent < 4000 and client.send(piece):
        sent += 1
    assert sent < 4000, "it was all taken"
    assert alive(server)


def test_bodies_of_all_connections_are_bounded(make_server):
    server = make_server(TIGHT.replace("body_seconds_base = 1", "body_seconds_base = 60"))
    holders = [RawClient(server.port) for _ in range(3)]
    for client in holders:
        client.send(head("POST", "/v1/files", "Content-Length: 1300000", "Content-Type: multipart/form-data; boundary=x",
                         "Expect: 100-continue", key=server.admin_key))
        assert client.answer().status == 100, "its bytes are set aside from here on"
    assert ask(server.port, head("POST", "/v1/jobs", "Content-Length: 1000000", key=server.admin_key)).status == 503
    for client in holders:
        client.close()
    assert eventually(lambda: server.admin.post("/v1/jobs", b" " * 900000 + b"[]", headers={"Content-Type": "application/json"}).status == 400)


def test_thousands_of_idle_connections(make_server):
    server = make_server("[server]\nconnections_max = 2100\nidle_seconds = 600\n")
    clients = [RawClient(server.port) for _ in range(2000)]
    try:
        assert alive(server)
        more = [RawClient(server.port) for _ in range(300)]
        ended = sum(1 for client in more[-50:] if client.ends())
        assert ended == 50, "connections beyond the limit stay open"
        for client in more:
            client.close()
        assert eventually(lambda: alive_or_refused(server))
        for client in clients[::100]:
            client.send(head("GET", "/livez"))
            assert client.answer().status == 200
    finally:
        for client in clients:
            client.close()


def alive_or_refused(server):
    try:
        return alive(server)
    except (ConnectionError, http.client.HTTPException):
        return False


def test_two_thousand_streams_cost_no_threads(make_server):
    server = make_server()
    server.admin.post("/v1/admin/pause", {"tier": "batch"})
    job = server.admin.submit(tier="batch")

    def threads():
        return len(os.listdir(f"/proc/{server.process.pid}/task"))

    before = threads()
    clients = [RawClient(server.port) for _ in range(2000)]
    try:
        for client in clients:
            client.send(head("GET", f"/v1/jobs/{job}/events", key=server.admin_key))
        for client in clients:
            while b"queued" not in client.received:
                assert client._more()
        assert threads() <= before
        server.admin.delete(f"/v1/jobs/{job}")
        for client in clients:
            while b"finished" not in client.received:
                assert client._more()
    finally:
        for client in clients:
            client.close()
    assert alive(server)


def test_wrong_keys_are_slowed_down_and_right_ones_are_not(make_server):
    server = make_server()
    assert server.admin.get("/v1/models").status == 200
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda i: server.admin.get("/v1/models", key=f"lim_wrong{i}").status, range(600)))
    assert set(statuses) == {401, 429}, set(statuses)
    assert server.admin.get("/v1/models").status == 200


def test_pipelined_requests_are_answered_in_order(server):
    client = RawClient(server.port)
    client.send(head("GET", "/livez") + head("GET", "/nothing") + head("GET", "/openapi.json") + head("GET", "/healthz"))
    assert [client.answer().status for _ in range(4)] == [200, 404, 200, 200]


def test_tls(make_server, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )
    server = make_server(f'[server]\ntls_certificate = "{certificate}"\ntls_key = "{key}"\n')
    trusting = ssl.create_default_context(cafile=certificate)
    with urllib.request.urlopen(f"https://localhost:{server.port}/livez", context=trusting) as answer:
        assert answer.read() == b"ok\n"
    large = urllib.request.Request(
        f"https://localhost:{server.port}/v1/jobs", data=json.dumps({"prompt": "x" * 3_000_000}).encode(),
        headers={"Authorization": f"Bearer {server.admin_key}", "Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(large, context=trusting)
    assert refused.value.code == 400
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)):
        http.client.HTTPSConnection("127.0.0.1", server.port, context=old).request("GET", "/livez")
    assert ask(server.port, head("GET", "/livez")) is None, "plain text to a TLS port"
    assert pathlib.Path(server.log_path).exists()


def test_cors_is_only_for_the_configured_origin(make_server, server):
    assert server.admin.request("OPTIONS", "/v1/jobs").status == 405
    assert server.admin.get("/livez").headers["Access-Control-Allow-Origin"] is None
    open_server = make_server('[server]\ncors_origin = "https://app.example"\n')
    preflight = open_server.admin.request("OPTIONS", "/v1/jobs", key=None)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
