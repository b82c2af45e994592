"""`limner model pull` against a model hub, faults of the network and of hubs included."""

import json
import os
import pathlib
import subprocess
import time

import numpy
import pytest
import safetensors
import safetensors.numpy
from hub_server import HubServer, Repository
from server import PATIENCE, PROGRAM, ROOT

TINY = ROOT / "models" / "limner-tiny"
UNET = "unet/diffusion_pytorch_model.safetensors"
NOT_WANTED = {
    "unet/diffusion_pytorch_model.bin": b"a pickle",
    "unet/diffusion_pytorch_model.fp16.safetensors": b"a variant",
    "safety_checker/model.safetensors": b"of no use here",
    "README.md": b"# Tiny",
    ".gitattributes": b"*.safetensors filter=lfs",
    "../outside.json": b"{}",
    "..\\outside.json": b"{}",
    "/absolute.json": b"{}",
}


def tiny_files():
    files = {}
    for path in TINY.rglob("*"):
        name = str(path.relative_to(TINY))
        if path.is_file() and not name.startswith(("samples", "reference", "LICENSE", "README")):
            files[name] = path.read_bytes()
    return files


def lora_file():
    """A LoRA for the default model that changes what it draws."""
    with safetensors.safe_open(TINY / UNET, framework="numpy") as weights:
        name = next(key for key in weights.keys() if key.endswith("attn2.to_v.weight"))
        rows, columns = weights.get_slice(name).get_shape()
    random = numpy.random.default_rng(3)
    stem = "unet." + name.removesuffix(".weight")
    return safetensors.numpy.save({
        f"{stem}.lora_A.weight": random.normal(size=(4, columns)).astype("float32"),
        f"{stem}.lora_B.weight": random.normal(size=(rows, 4)).astype("float32"),
    })


@pytest.fixture
def hub():
    hub = HubServer()
    hub.repositories["limner/tiny"] = Repository(tiny_files() | NOT_WANTED)
    hub.repositories["limner/ink"] = Repository({"ink.safetensors": lora_file(), "README.md": b"# Ink"})
    yield hub
    hub.close()


class Puller:
    def __init__(self, folder, hub):
        self.folder, self.hub = folder, hub
        self.models = folder / "models"

    @property
    def environment(self):
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "OMP_WAIT_POLICY": "passive",
            "LIMNER_MODELS": str(self.models),
        }

    def start(self, *words):
        return subprocess.Popen([PROGRAM, *map(str, words)], cwd=self.folder, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def run(self, *words, environment=None):
        return subprocess.run(
            [PROGRAM, *map(str, words)], cwd=self.folder, env=self.environment | (environment or {}),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
        )

    def pull(self, repository, *words, mirror=None, **options):
        return self.run("model", "pull", f"hf:{repository}", "--into", self.models, "--json", "--mirror",
                        mirror or self.hub.url, *words, **options)

    def pulled(self, *words, **options):
        run = self.pull(*words, **options)
        assert run.returncode == 0, run.stderr + run.stdout
        return json.loads(run.stdout)

    def refused(self, code, *words, **options):
        """The error of a pull that must fail and leave no model behind."""
        run = self.pull(*words, **options)
        assert run.returncode != 0, run.stdout
        error = json.loads(run.stdout)["error"]
        assert error["code"] == code, error
        assert not [path for path in self.models.glob("*") if not path.name.startswith(".")]
        return error


@pytest.fixture
def puller(tmp_path, hub):
    return Puller(tmp_path, hub)


def test_a_model_is_pulled_and_drawn_with(puller, hub):
    report = puller.pulled("limner/tiny")
    folder = puller.models / "tiny"
    assert report["path"] == str(folder)
    assert report["commit"] == hub.repositories["limner/tiny"].commit
    assert report["resumed_bytes"] == 0
    files = tiny_files()
    assert set(report["files"]) == set(files)
    for name, content in files.items():
        assert (folder / name).read_bytes() == content
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == set(files) | {"limner-source.json"}
    source = json.loads((folder / "limner-source.json").read_text())
    assert source["repository"] == "limner/tiny" and source["files"][UNET]["sha256"]
    assert [path.name for path in puller.models.iterdir()] == ["tiny"], "nothing else is left"

    ink = puller.pulled("limner/ink", "--file", "ink.safetensors", "--as", "lora")
    assert ink["path"] == str(puller.models / "loras" / "ink.safetensors")
    drawn = []
    for words in ([], ["--lora", ink["path"]]):
        run = puller.run("generate", "a red apple", "--model", "tiny", "--steps", 2, "--seed", 7, "-q",
                         "--no-sign", "-o", "a.png", *words)
        assert run.returncode == 0, run.stderr
        drawn.append((puller.folder / "a.png").read_bytes())
    assert drawn[0] != drawn[1]


def test_pulling_again_finds_the_work_done(puller, hub):
    puller.pulled("limner/tiny")
    hub.sent.clear()
    report = puller.pulled("limner/tiny")
    assert report["bytes"] == 0 and not hub.sent
    assert UNET in report["files"]


def test_another_model_of_that_name_is_a_conflict(puller, hub):
    hub.repositories["other/tiny"] = Repository(tiny_files() | {"limner.json": b"{}"})
    puller.pulled("limner/tiny")
    run = puller.pull("other/tiny")
    assert run.returncode != 0 and json.loads(run.stdout)["error"]["code"] == "conflict"
    assert puller.pulled("other/tiny", "--name", "tiny 2")["path"].endswith("tiny 2")


def test_it_goes_on_where_the_connection_broke(puller, hub):
    hub.cuts[UNET] = 1_000_000
    puller.pulled("limner/tiny")
    assert [start for path, start in hub.sent if path == UNET] == [0, 1_000_000]


def test_a_later_call_goes_on_where_an_earlier_one_stopped(puller, hub):
    hub.cuts[UNET] = 1_000_000
    hub.down_after_cut = True
    process = puller.start("model", "pull", "hf:limner/tiny", "--into", puller.models, "-q", "--mirror", hub.url)
    try:
        while not any(path == UNET for path, _ in hub.sent) and process.poll() is None:
            time.sleep(0.01)
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert process.returncode != 0
    hub.outages.clear()
    hub.sent.clear()
    report = puller.pulled("limner/tiny")
    assert report["resumed_bytes"] > 0
    assert "model_index.json" not in {path for path, _ in hub.sent}, "whole files are not fetched twice"


def test_a_server_without_ranges_sends_all_of_it_again(puller, hub):
    hub.knows_ranges = False
    hub.cuts[UNET] = 1_000_000
    puller.pulled("limner/tiny")
    assert (puller.models / "tiny" / UNET).read_bytes() == (TINY / UNET).read_bytes()


def test_a_short_outage_is_waited_for(puller, hub):
    hub.outages[UNET] = 2
    puller.pulled("limner/tiny")
    assert hub.outages[UNET] == 0


def test_a_long_outage_is_unavailable(puller, hub):
    hub.outages[UNET] = 1000
    error = puller.refused("unavailable", "limner/tiny")
    assert "again" in error["hint"]
    assert hub.outages[UNET] > 900, "it gives up some time"


def test_damaged_content_is_refused(puller, hub):
    hub.damaged.add(UNET)
    error = puller.refused("data_loss", "limner/tiny")
    assert UNET in error["field"]
    hub.damaged.clear()
    puller.pulled("limner/tiny")


def test_damaged_leftovers_are_fetched_anew(puller, hub):
    digest = next(e["lfs"]["sha256"] for e in hub.repositories["limner/tiny"].siblings() if e["rfilename"] == UNET)
    blobs = puller.models / ".tiny.pull" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{digest}.part").write_bytes(b"x" * 5000)
    puller.pulled("limner/tiny")
    assert (puller.models / "tiny" / UNET).read_bytes() == (TINY / UNET).read_bytes()


@pytest.mark.parametrize("given", ["file", "environment"])
def test_a_gated_repository_wants_a_token(puller, hub, given):
    hub.repositories["limner/gated"] = Repository(tiny_files(), token="hf_secret")
    error = puller.refused("unauthenticated", "limner/gated")
    assert "terms" in error["message"] + error["hint"] and "--token-file" in error["hint"]
    (puller.folder / "token").write_text("hf_secret\n")
    words = ["--token-file", "token"] if given == "file" else []
    environment = {} if given == "file" else {"HF_TOKEN": "hf_secret"}
    run = puller.pull("limner/gated", *words, environment=environment)
    assert run.returncode == 0, run.stderr
    assert "hf_secret" not in run.stdout + run.stderr
    assert "Bearer hf_secret" in hub.authorizations
    assert hub.cdn_authorizations and not any(hub.cdn_authorizations), "the token stays with the hub's own host"


def test_a_token_without_rights_is_forbidden(puller, hub):
    hub.repositories["limner/gated"] = Repository(tiny_files(), token="hf_secret", allowed=False)
    error = puller.refused("forbidden", "limner/gated", environment={"HF_TOKEN": "hf_secret"})
    assert "access" in error["hint"]


def test_what_is_not_there(puller, hub):
    assert puller.refused("not_found", "limner/nothing")["field"] == "repository"
    assert puller.refused("not_found", "limner/tiny@no-such-branch")["field"] == "revision"
    error = puller.refused("not_found", "limner/ink", "--file", "oil.safetensors")
    assert "ink.safetensors" in error["hint"]
    error = puller.refused("unsupported", "limner/ink")
    assert "ink.safetensors" in error["hint"]


def test_a_commit_may_be_named(puller, hub):
    commit = hub.repositories["limner/tiny"].commit
    assert puller.pulled(f"limner/tiny@{commit}")["commit"] == commit


def test_a_mirror_may_lie_below_a_path(puller):
    hub = HubServer(prefix="/mirrors/hf")
    try:
        hub.repositories["limner/tiny"] = Repository(tiny_files())
        puller.pulled("limner/tiny", mirror=hub.url + "/")
    finally:
        hub.close()


def test_pickles_are_never_fetched(puller, hub):
    files = tiny_files()
    files["unet/diffusion_pytorch_model.bin"] = files.pop(UNET)
    hub.repositories["limner/pickled"] = Repository(files)
    error = puller.refused("unsupported", "limner/pickled")
    assert "pickle" in error["message"]
    assert puller.refused("unsupported", "limner/pickled", "--file", "unet/diffusion_pytorch_model.bin")
    assert not any(path.endswith(".bin") for path, _ in hub.sent)


def test_a_variant_is_taken_where_there_is_nothing_else(puller, hub):
    files = tiny_files()
    files[UNET.replace(".safetensors", ".fp16.safetensors")] = files.pop(UNET)
    hub.repositories["limner/half"] = Repository(files)
    report = puller.pulled("limner/half")
    assert UNET.replace(".safetensors", ".fp16.safetensors") in report["files"]


def test_shards_are_taken_with_their_index(puller, hub):
    files = tiny_files()
    tensors = safetensors.numpy.load(files.pop(UNET))
    names = sorted(tensors)
    stem, shards = "unet/diffusion_pytorch_model", {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        shard = f"{stem}-0000{number}-of-00002.safetensors"
        files[shard] = safetensors.numpy.save({name: tensors[name] for name in part})
        shards |= {name: pathlib.PurePosixPath(shard).name for name in part}
    files[f"{stem}.safetensors.index.json"] = json.dumps({"metadata": {}, "weight_map": shards}).encode()
    hub.repositories["limner/shards"] = Repository(files)
    assert set(puller.pulled("limner/shards")["files"]) == set(files)


def test_one_part_of_a_model_is_a_folder_too(puller, hub):
    names = ("config.json", "diffusion_pytorch_model.safetensors")
    hub.repositories["limner/vae-tiny"] = Repository({name: (TINY / "vae" / name).read_bytes() for name in names})
    report = puller.pulled("limner/vae-tiny", "--as", "vae")
    assert report["path"] == str(puller.models / "vaes" / "vae-tiny")
    assert set(report["files"]) == set(names)


def test_what_limner_cannot_draw_with_is_refused_before_its_weights(puller, hub):
    files = tiny_files()
    index = json.loads(files["model_index.json"])
    files["model_index.json"] = json.dumps(index | {"_class_name": "FluxPipeline"}).encode()
    hub.repositories["limner/other"] = Repository(files)
    error = puller.refused("unsupported", "limner/other")
    assert "FluxPipeline" in error["message"]
    assert not any(path.endswith(".safetensors") for path, _ in hub.sent)


@pytest.mark.parametrize("address", [
    "limner/tiny", "hf:tiny", "hf:../tiny", "hf:limner/../tiny", "hf:limner/tiny/more", "hf:limner/tiny@", "hf:/tiny",
    "hf:limner/ti ny",
])
def test_addresses_that_are_none(puller, hub, address):
    run = puller.run("model", "pull", address, "--into", puller.models, "--mirror", hub.url)
    assert run.returncode == 2 and not hub.sent, run.stderr


def test_names_and_files_that_lead_elsewhere(puller, hub):
    assert puller.refused("invalid", "limner/tiny", "--name", "../evil")["field"] == "name"
    assert puller.refused("invalid", "limner/tiny", "--mirror", "file:///etc")
    assert puller.refused("invalid", "limner/tiny", "--as", "poem")["field"] == "as"
    assert puller.refused("not_found", "limner/ink", "--file", "../ink.safetensors")
    assert not (puller.folder / "outside.json").exists()


def test_a_server_that_is_no_hub(puller, hub):
    hub.repositories["limner/tiny"].siblings = lambda: [{"rfilename": "model_index.json", "size": -1}]
    assert puller.refused("unavailable", "limner/tiny")["field"] == "mirror"
    hub.repositories["limner/tiny"].commit = "nothing"
    assert puller.refused("unavailable", "limner/tiny")["field"] == "mirror"


def test_the_hub_speaks_the_protocol_of_hugging_face(hub, tmp_path, monkeypatch):
    huggingface_hub = pytest.importorskip("huggingface_hub")
    # The tests run with HF_HUB_OFFLINE set; this hub is on this machine.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    info = huggingface_hub.HfApi(endpoint=hub.url).model_info("limner/tiny", revision="main", files_metadata=True)
    assert info.sha == hub.repositories["limner/tiny"].commit
    assert any(sibling.lfs and sibling.rfilename == UNET for sibling in info.siblings)
    for name in ("model_index.json", UNET):
        path = huggingface_hub.hf_hub_download("limner/tiny", name, endpoint=hub.url, cache_dir=tmp_path, token="hf_x")
        assert pathlib.Path(path).read_bytes() == (TINY / name).read_bytes()
    assert "Bearer hf_x" in hub.authorizations and not any(hub.cdn_authorizations)
