"""What every parity test may ask for."""

import pytest
from compare import Limner

import models


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return models.Library(tmp_path_factory.mktemp("models"))


@pytest.fixture
def limner(tmp_path):
    return Limner(tmp_path)
