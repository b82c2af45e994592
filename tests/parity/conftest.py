"""What every parity test may ask for."""

import pytest
import torch
from compare import Limner

import models


@pytest.fixture(scope="module", autouse=True)
def no_gradients():
    """Here alone: what trains in the same run of tests needs them."""
    with torch.no_grad():
        yield


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return models.Library(tmp_path_factory.mktemp("models"))


@pytest.fixture
def limner(tmp_path):
    return Limner(tmp_path)
