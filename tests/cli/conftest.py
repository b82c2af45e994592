"""What every test of the command line may ask for."""

import pytest
from program import Limner


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def limner(tmp_path, home):
    folder = tmp_path / "run"
    folder.mkdir()
    return Limner(folder, home)
