"""Servers for tests: one that many tests share, and ones of their own."""

import pytest

from server import Server


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory):
    """A server with the default model for tests that leave nothing behind that others would stumble over."""
    with Server(tmp_path_factory.mktemp("shared-server")) as server:
        yield server


@pytest.fixture(scope="session")
def shared(shared_server):
    """Its admin's client."""
    return shared_server.admin


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
