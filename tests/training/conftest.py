"""What every test of training may ask for."""

import pathlib
import sys

import pytest
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from training.config import SMALL  # noqa: E402
from training.data import bank  # noqa: E402
from training.run import Run  # noqa: E402

import synthetic  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.enable_grad():  # whatever tests before these left behind
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def bank_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bank") / "bank"
    bank.write(folder, {key: bank.tidy(image) for key, image in synthetic.sprites().items()}, {})
    return folder


@pytest.fixture(scope="session")
def small_bank(bank_folder):
    return bank.load(bank_folder, SMALL.picture)


@pytest.fixture(scope="session")
def words(small_bank):
    return bank.Vocabulary(small_bank)


@pytest.fixture(scope="session")
def new_run(bank_folder):
    """new_run(folder, **settings): a run of size small, exact, in its own folder, on the synthetic sprites."""
    def make(folder, **settings):
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "bank").exists():
            (folder / "bank").symlink_to(bank_folder)
        return Run(folder, SMALL, torch.device("cpu"), exact=True, say=lambda text: None, **settings)

    return make


@pytest.fixture(scope="session")
def trained(new_run, tmp_path_factory):
    """A run whose stages have all been run for a few steps, with the losses of each."""
    from training import export
    from training.autoencoder import train as autoencoder
    from training.text import pretrain
    from training.unet import train as unet

    run = new_run(tmp_path_factory.mktemp("run"))
    losses = {"autoencoder": autoencoder.run_stage(run), "text": pretrain.run_stage(run), "unet": unet.run_stage(run)}
    export.run_stage(run)
    return run, losses
