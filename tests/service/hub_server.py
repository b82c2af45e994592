"""A model hub for tests: Hugging Face's protocol as far as downloads need it, with faults on request."""

import hashlib
import http.server
import json
import re
import threading
import urllib.parse


def git_blob_sha1(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def is_large(path):
    """Whether a hub keeps the file in LFS, and so on another host."""
    return path.endswith((".safetensors", ".bin", ".ckpt"))


class Repository:
    def __init__(self, files, token=None, allowed=True):
        self.files = files  # path -> bytes
        self.token = token  # asked for if given
        self.allowed = allowed  # whether that token may read it
        listed = json.dumps({path: hashlib.sha256(data).hexdigest() for path, data in sorted(files.items())})
        self.commit = hashlib.sha1(listed.encode()).hexdigest()

    def siblings(self):
        for path, data in self.files.items():
            entry = {"rfilename": path, "size": len(data), "blobId": git_blob_sha1(data)}
            if is_large(path):
                entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
            yield entry


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, hub, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.hub = hub
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    @property
    def hub(self):
        return self.server.hub

    def answer(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code):
        self.answer(status, b'{"error": "no"}', {"X-Error-Code": code, "Content-Type": "application/json"})

    def send_content(self, path, data, headers):
        """Whole or from where it is asked for; or less, if the hub is to break the connection there."""
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and self.hub.knows_ranges:
            start = int(asked[1])
            if start >= len(data):
                return self.answer(416)
            headers |= {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        self.hub.sent.append((path, start))
        cut = self.hub.cuts.pop(path, None)
        if cut is not None and self.hub.down_after_cut:
            self.hub.outages[path] = 1000
        headers |= {"Content-Length": str(len(data) - start), "Accept-Ranges": "bytes"}
        if cut is None:
            return self.answer(206 if start else 200, data[start:], headers)
        self.answer(206 if start else 200, data[start : start + cut], headers)
        self.wfile.flush()
        self.close_connection = True

    def do_HEAD(self):
        self.do_GET()


class _CdnHandler(_Handler):
    """Where large files lie: on another origin, and nobody is asked for a token."""

    def do_GET(self):
        self.hub.cdn_authorizations.append(self.headers.get("Authorization"))
        digest = self.path.removeprefix("/lfs/").partition("?")[0]
        path, data = self.hub.large[digest]
        if path in self.hub.damaged:
            data = b"\xff" + data[1:]
        self.send_content(path, data, {"ETag": f'"{digest}"'})


class _HubHandler(_Handler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if not url.path.startswith(self.hub.prefix + "/"):
            return self.refuse(404, "RepoNotFound")
        path = url.path.removeprefix(self.hub.prefix)
        if listing := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/([^/]+)", path):
            return self.list(listing[1], urllib.parse.unquote(listing[2]), url.query)
        if resolved := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self.resolve(resolved[1], urllib.parse.unquote(resolved[2]), urllib.parse.unquote(resolved[3]))
        return self.answer(404)

    def repository(self, name, revision):
        """The repository if this request may read it; else None, and the answer is given."""
        repository = self.hub.repositories.get(name)
        authorization = self.headers.get("Authorization")
        self.hub.authorizations.append(authorization)
        if repository is None:
            self.refuse(401, "RepoNotFound")
        elif repository.token and authorization != f"Bearer {repository.token}":
            self.refuse(401, "GatedRepo")
        elif not repository.allowed:
            self.refuse(403, "GatedRepo")
        elif revision not in ("main", repository.commit):
            self.refuse(404, "RevisionNotFound")
        else:
            return repository
        return None

    def list(self, name, revision, query):
        if repository := self.repository(name, revision):
            siblings = list(repository.siblings())
            if "blobs=true" not in query.lower():
                siblings = [{"rfilename": entry["rfilename"]} for entry in siblings]
            body = json.dumps({"id": name, "modelId": name, "sha": repository.commit, "siblings": siblings})
            self.answer(200, body.encode(), {"Content-Type": "application/json"})

    def resolve(self, name, revision, path):
        repository = self.repository(name, revision)
        if repository is None:
            return
        if self.hub.outages.get(path, 0) > 0:
            self.hub.outages[path] -= 1
            return self.answer(503)
        if path not in repository.files:
            return self.refuse(404, "EntryNotFound")
        data = repository.files[path]
        headers = {"X-Repo-Commit": repository.commit}
        if not is_large(path):
            return self.send_content(path, data, headers | {"ETag": f'"{git_blob_sha1(data)}"'})
        digest = hashlib.sha256(data).hexdigest()
        self.hub.large[digest] = (path, data)
        self.answer(302, b"", headers | {
            "Location": f"{self.hub.cdn_url}/lfs/{digest}?signature=abc",
            "X-Linked-Etag": f'"{digest}"',
            "X-Linked-Size": str(len(data)),
        })


class HubServer:
    """Two servers: the hub at `url`, and the host of its large files."""

    def __init__(self, prefix=""):
        self.prefix = prefix
        self.repositories = {}
        self.large = {}
        self.sent = []  # (path, first byte) of every content sent
        self.authorizations, self.cdn_authorizations = [], []
        self.cuts = {}  # path -> bytes after which its next transfer breaks
        self.down_after_cut = False  # whether nothing of that path is sent any more then
        self.damaged = set()  # paths whose content is not what the listing says
        self.outages = {}  # path -> requests for it to be answered with 503
        self.knows_ranges = True
        self._hub = _Server(self, _HubHandler)
        self._cdn = _Server(self, _CdnHandler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self._hub.server_port}{self.prefix}"

    @property
    def cdn_url(self):
        # Another name is another origin, as it is with the real ones.
        return f"http://localhost:{self._cdn.server_port}"

    def close(self):
        for server in (self._hub, self._cdn):
            server.shutdown()
            server.server_close()
