"""Servers for tests: one that many tests share, and ones of their own."""

import pytest

from server import UNMARKED, Server


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory):
    """A server with the default model for tests that leave nothing behind that others would stumble over."""
    with Server(tmp_path_factory.mktemp("shared-server")) as server:
        yield server


@pytest.fixture(scope="session")
def shared(shared_server):
    """Its admin's client."""
    return shared_server.admin


@pytest.fixture(scope="session")
def plain_server(tmp_path_factory):
    """A server that marks nothing: its files are those of `limner generate --no-sign`, byte for byte."""
    with Server(tmp_path_factory.mktemp("plain-server"), UNMARKED) as server:
        yield server


@pytest.fixture(scope="session")
def plain(plain_server):
    """Its admin's client."""
    return plain_server.admin


@pytest.fixture(scope="module")
def make_module_server(tmp_path_factory):
    """make_server() for servers that all tests of a file share."""
    servers = []

    def make(config=""):
        servers.append(Server(tmp_path_factory.mktemp("module-server"), config))
        return servers[-1].start()

    yield make
    for server in servers:
        server.kill()


@pytest.fixture
def make_server(tmp_path):
    """Servers of a test's own: make_server(config="...") starts one; all are killed afterwards."""
    servers = []

    def make(config="", environment=None, start=True):
        server = Server(tmp_path / f"server{len(servers)}", config, environment)
        servers.append(server)
        return server.start() if start else server

    yield make
    for server in servers:
        server.kill()
