"""A client that sends exactly the bytes it is told to."""

import resource
import socket
import time

PATIENCE = 60

# A descriptor a connection: the usual soft limit is too low for thousands.
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


class RawAnswer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


class RawClient:
    def __init__(self, port, patience=PATIENCE):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.received = b""

    def send(self, data):
        """False once the server takes no more."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        self.received += data
        return bool(data)

    def answer(self):
        """The next answer with its body by Content-Length; None if the connection ends first."""
        while b"\r\n\r\n" not in self.received:
            if not self._more():
                return None
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        length = int(headers.get("content-length", 0))
        while len(self.received) < length and self._more():
            pass
        body, self.received = self.received[:length], self.received[length:]
        return RawAnswer(int(lines[0].split()[1]), headers, body)

    def ends(self):
        """Whether the server closes, within the patience."""
        try:
            while self._more():
                pass
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()


def ask(port, data, patience=PATIENCE):
    """The answer to `data` on a connection of its own; None if the connection ends first."""
    client = RawClient(port, patience)
    try:
        client.send(data)
        return client.answer()
    finally:
        client.close()


def eventually(condition, patience=PATIENCE):
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False
