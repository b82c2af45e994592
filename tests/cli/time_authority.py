"""An authority for time stamps (RFC 3161) of a test's own: OpenSSL's, behind a small HTTP server."""

import http.server
import subprocess
import threading

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/authority.pem
signer_key = {folder}/authority.key
certs = {folder}/root.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
[authority]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[req]
distinguished_name = names
[names]
"""


class TimeAuthority:
    """`answer` may be replaced: (request bytes) -> (status, content type, body). `asked` counts requests."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        for name in ("root", "authority"):
            self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
            self._openssl("req", "-new", "-config", "tsa.cnf", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj",
                          f"/O=Limner Test/CN=Test Time {name.title()}")
        self._openssl("x509", "-req", "-in", "root.csr", "-signkey", "root.key", "-days", "30", "-extfile", "tsa.cnf",
                      "-extensions", "root", "-out", "root.pem")
        self._openssl("x509", "-req", "-in", "authority.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
                      "-days", "30", "-extfile", "tsa.cnf", "-extensions", "authority", "-out", "authority.pem")
        self.root = folder / "root.pem"
        self.asked, self.answer = 0, self.stamp
        self._lock = threading.Lock()
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                request = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/timestamp-query"
                authority.asked += 1
                status, kind, body = authority.answer(request)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/stamp"

    def stamp(self, request):
        with self._lock:
            (self.folder / "request").write_bytes(request)
            self._openssl("ts", "-reply", "-config", "tsa.cnf", "-section", "one", "-queryfile", "request", "-out", "reply")
            return 200, "application/timestamp-reply", (self.folder / "reply").read_bytes()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _openssl(self, *words):
        run = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True)
        assert run.returncode == 0, run.stderr.decode()
