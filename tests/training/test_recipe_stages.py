"""Each stage learns, goes on exactly where it stopped, and yields files that diffusers and transformers load."""

import json
import tarfile

import pytest
import torch
from training import budget, checkpoint
from training.autoencoder import train as autoencoder
from training.distil import consistency
from training.distil import train as distil
from training.scorer import train as scorer
from training.scorer import wrong
from training.text import pretrain
from training.unet import noise
from training.unet import train as unet


def ends(losses):
    part = max(1, len(losses) // 5)
    return sum(losses[:part]) / part, sum(losses[-part:]) / part


@pytest.mark.parametrize("stage", ["autoencoder", "text", "unet"])
def test_a_stage_learns(trained, stage):
    first, last = ends(trained[1][stage])
    assert last < 0.9 * first


def same(a, b):
    if torch.is_tensor(a):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


STAGES = {"autoencoder": autoencoder, "unet": unet}


@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupted_stage_ends_with_the_same_weights(stage, trained, new_run, tmp_path):
    from training.run import train

    states = {}
    for name, stops in (("whole", [None]), ("interrupted", [3, None])):
        run = new_run(tmp_path / name, steps=6)
        for needed in ("tokenizer", "text", "autoencoder", "report.json"):
            if needed != stage and not (run.out / needed).exists():
                (run.out / needed).symlink_to(trained[0].out / needed)
        for stop in stops:
            train(run, stage, STAGES[stage].Trainer(run), stop_at=stop)
        states[name] = checkpoint.load(run.out / stage)
    assert states["whole"]["step"] == 6
    assert same(states["whole"]["trainer"], states["interrupted"]["trainer"])


def test_what_was_interrupted_while_saving_is_not_lost(tmp_path):
    folder = tmp_path / "stage"
    checkpoint.save(folder, {"step": 1, "weights": {"a": torch.arange(5.0)}})
    (tmp_path / "stage.partial").mkdir()
    folder.rename(tmp_path / "stage.old")
    assert checkpoint.load(folder)["step"] == 1
    checkpoint.save(folder, {"step": 2, "weights": {"a": torch.arange(5.0)}})
    assert checkpoint.load(folder)["step"] == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["stage"]


def test_checkpoints_come_in_parts_of_a_bounded_size(tmp_path):
    state = {"large": torch.randn(1000, 70), "more": [torch.randn(300, 11), {"step": torch.tensor(3.0)}], "n": 4, "none": None}
    tensors, _ = checkpoint._flatten(state)
    parts = checkpoint.shards(tensors, most=40_000)
    assert len(parts) > 6
    assert all(sum(v.numel() * 4 for v in part.values()) <= 40_000 for part in parts)
    assert same(checkpoint.join(parts), tensors)
    checkpoint.save(tmp_path / "s", state)
    assert same(checkpoint.load(tmp_path / "s"), state)


def test_minutes_are_counted_over_several_runs():
    clock = [0.0]
    first = budget.Budget(minutes=1, now=lambda: clock[0])
    clock[0] = 30.0
    assert first.progress(9) == 0.5 and not first.over(9)
    second = budget.Budget(minutes=1, used=first.used(9), now=lambda: clock[0])
    clock[0] = 60.0
    assert second.over(10)
    assert budget.cosine(1.0, 100, 10) == pytest.approx(0) and budget.cosine(0.0, 0, 10) == pytest.approx(0.1)


def test_the_picture_is_carried_from_the_start(new_run, tmp_path):
    """Before any training the autoencoder gives back a blurred picture, and training leaves those channels alone."""
    from training.data.compose import compose

    run = new_run(tmp_path)
    trainer = autoencoder.Trainer(run)
    trainer.begin(0)
    picture = compose(run.bank, trainer.feed.take().layers)
    assert autoencoder.psnr(trainer.net.decoder(trainer.net.encoder(picture)), picture).mean() > 12
    means = torch.nn.functional.avg_pool2d(picture, run.size.factor)
    for _ in range(2):
        trainer.step(0, 0.0)
    carried = trainer.net.encoder.layers[0].weight[:3]
    assert carried.count_nonzero() == 3 and torch.equal(carried[0, 0, 1, 1], torch.tensor(1.0))
    assert means.shape == trainer.net.encoder(picture)[:, :3].shape


def test_the_full_model_has_at_most_40_mb():
    from training.config import FULL
    from training.networks.clip import TextEncoder
    from training.networks.tiny_autoencoder import TinyAutoencoder
    from training.networks.unet import Unet

    with torch.device("meta"):
        count = sum(p.numel() for net in (TextEncoder, Unet, TinyAutoencoder) for p in net(FULL).parameters())
    assert 2 * count < 39.9e6
    assert FULL.latent_side == 16 and FULL.factor == 16


# ---- beside diffusers and transformers


def test_samplers_are_those_of_diffusers(trained):
    from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, LCMScheduler
    from training.export.pipeline import SCHEDULE

    options = {k: v for k, v in SCHEDULE.items() if not k.startswith("_")}
    bar, start = noise.alphas_bar(), torch.randn(2, 6, 8, 8, generator=torch.Generator().manual_seed(3))

    def predict(x, step):
        return torch.sin(3 * x + step / 300)

    def theirs(scheduler, steps):
        scheduler.set_timesteps(steps)
        x = start
        for step in scheduler.timesteps:
            x = scheduler.step(predict(x, int(step)), step, x).prev_sample
        return x

    torch.testing.assert_close(noise.ddim(predict, start, 10, bar), theirs(DDIMScheduler(**options), 10), rtol=1e-4, atol=1e-4)
    solver = DPMSolverMultistepScheduler(**{k: v for k, v in options.items() if k not in ("clip_sample", "set_alpha_to_one",
                                         "timestep_spacing")}, final_sigmas_type="zero", lower_order_final=True)
    torch.testing.assert_close(noise.dpmpp_2m(predict, start, 10, bar), theirs(solver, 10), rtol=2e-3, atol=2e-3)
    lcm = LCMScheduler(**options, original_inference_steps=50)
    lcm.set_timesteps(4)
    assert consistency.sampling_steps(4) == lcm.timesteps.tolist()


def test_the_export_is_a_pipeline_of_diffusers(trained):
    from diffusers import StableDiffusionPipeline
    from training.evaluate.draw import Painter

    run = trained[0]
    pipe = StableDiffusionPipeline.from_pretrained(run.out / "model", torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    assert pipe.vae_scale_factor == run.size.factor and pipe.unet.config.sample_size == run.size.latent_side
    ours = Painter(run)
    prompt = "two foxes on a blue background"
    ids = torch.from_numpy(run.tokenizer.batch([prompt]))
    theirs = pipe.tokenizer(prompt, padding="max_length", max_length=run.size.length, return_tensors="pt").input_ids
    assert torch.equal(ids, theirs)
    start = torch.randn(1, run.size.latent_channels, *[run.size.latent_side] * 2, generator=torch.Generator().manual_seed(5))
    picture = pipe(prompt, num_inference_steps=5, guidance_scale=3.0, latents=start, output_type="pt").images * 2 - 1
    states, empty = ours.text(ids), ours.text(ours.empty)
    latents = noise.ddim(lambda x, step: noise.guided(ours.unet, x, step, states, empty, 3.0), start, 5, ours.bar)
    # The files hold f16.
    assert (ours.autoencoder.decoder(latents / ours.scaling).clamp(-1, 1) - picture).abs().max() < 0.02


def test_large_weights_are_written_in_shards(trained, tmp_path):
    from diffusers import UNet2DConditionModel
    from training.export.files import write_json, write_weights

    _, net = unet.networks(trained[0])
    write_json(tmp_path / "config.json", net.config())
    write_weights(tmp_path, "diffusion_pytorch_model", net.state_dict(), most=200_000)
    files = list(tmp_path.glob("*.safetensors"))
    assert len(files) > 2 and all(f.stat().st_size < 230_000 for f in files)
    theirs = UNet2DConditionModel.from_pretrained(tmp_path)
    assert same({k: v.half().float() for k, v in net.state_dict().items()}, dict(theirs.state_dict()))


def test_lineage_travels_with_the_model(new_run, trained, tmp_path):
    from training.export.pipeline import write_lineage

    run = trained[0]
    assert not (run.out / "model" / "lineage.json").exists()  # made-up sprites have no manifest
    folder = tmp_path / "model"
    (folder / "unet").mkdir(parents=True)
    (folder / "unet" / "a.safetensors").write_bytes(b"weights")
    other = new_run(tmp_path / "run")
    (other.out / "bank").unlink()
    (other.out / "bank").mkdir()
    (other.out / "bank" / "manifest.json").write_text('{"sources": []}')
    (other.out / "report.json").write_text('{"unet": {"samples": 5}}')
    write_lineage(other, folder)
    lineage = json.loads((folder / "lineage.json").read_text())
    assert lineage["data"] == {"sources": []} and lineage["stages"]["unet"]["samples"] == 5
    assert list(lineage["weights_sha256"]) == ["unet/a.safetensors"]


# ---- scorer and distilled model


def test_the_scorer_learns_and_is_a_clip_model(trained, tmp_path):
    from PIL import Image
    from training.data.compose import compose, pixels
    from training.export import export_scorer
    from transformers import CLIPModel, CLIPProcessor

    run = trained[0]
    first, last = ends(scorer.run_stage(run))
    assert last < first
    export_scorer(run, tmp_path)
    model, processor = CLIPModel.from_pretrained(tmp_path), CLIPProcessor.from_pretrained(tmp_path)
    net = scorer.network(run)
    batch = run.feed("test", 4, keep=True).recipe.make(0)
    pictures = compose(run.bank, batch.layers)
    inputs = processor(text=batch.captions, images=[Image.fromarray(p) for p in pixels(pictures)], return_tensors="pt",
                       padding="max_length", max_length=run.size.length)
    with torch.no_grad():
        theirs = model(**inputs).logits_per_image
        ours = net.logit_scale.exp() * net.picture(scorer.prepared(pictures, run.size)) @ net.text(batch.tokens).T
    assert (theirs - ours).abs().max() < 0.05 * ours.abs().max()


def test_a_changed_scene_differs_in_one_fact(words):
    import random

    from training.data import facts, scene

    rng, known, seen = random.Random(4), facts.Facts(words), set()
    composer = scene.Composer(words)
    for _ in range(300):
        s = composer.scene(rng)
        for fact in wrong.facts_of(s):
            before, after = known.of(s), known.of(wrong.changed(s, words, rng, fact))
            assert sum(a != b for a, b in zip(before, after)) == 1, (s, fact)
            seen.add(fact)
    assert seen == set(wrong.FACTS)


def test_captions_that_mean_the_same_have_the_same_facts(words):
    from training.data import facts, scene

    known = facts.Facts(words)
    fox, key = (scene.Item(name, x, 0.5, 0.4) for name, x in (("fox", 0.26), ("key", 0.74)))
    one = scene.Scene("relation", "3d", False, ("white",), False, False, [fox, key], relation="left")
    other = scene.Scene("relation", "3d", False, ("white",), False, False, [key, fox], relation="right")
    assert known.of(one) != known.of(other)
    assert known.of(wrong.canonical(one, {})) == known.of(wrong.canonical(other, {}))
    assert known.of(wrong.canonical(one, {"fox": "orange"})) != known.of(wrong.canonical(one, {}))


def test_a_bank_for_smaller_pictures_composes_the_same_ones_smaller(small_bank, words):
    import random

    import torch.nn.functional as F
    from training.data.compose import compose, pack
    from training.data import scene

    composer, rng = scene.Composer(words), random.Random(2)
    layers = pack([composer.scene(rng) for _ in range(32)], words, rng)
    large, small = compose(small_bank, layers), compose(small_bank.sized(16), layers)
    assert small.shape == (32, 3, 16, 16)
    assert (F.interpolate(large, size=(16, 16), mode="area") - small).abs().mean() < 0.06


def test_the_distilled_model_learns_and_draws(trained):
    from training import export
    from training.evaluate.draw import Painter

    run = trained[0]
    losses = distil.run_stage(run)
    assert len(losses) == run.size.steps["distil"] and all(l == l for l in losses)
    export.export_model(run, "distil", run.out / "model-lcm")
    assert json.loads((run.out / "model-lcm/scheduler/scheduler_config.json").read_text())["_class_name"] == "LCMScheduler"
    pictures = Painter(run, "distil", steps=2, guidance=1.0)(["a fox", "a fox"], [1, 2])
    assert pictures.shape == (2, 3, 32, 32) and pictures.isfinite().all() and not torch.equal(*pictures)


def test_consistency_begins_at_the_identity():
    x, v = torch.randn(2, 6, 8, 8), torch.randn(2, 6, 8, 8)
    bar = noise.alphas_bar()
    torch.testing.assert_close(consistency.clean(v, x, torch.zeros(2, dtype=torch.long), bar), x)


def test_a_packed_run_is_the_same_model_elsewhere(trained, tmp_path):
    from training import parcel
    from training.run import Run

    run = trained[0]
    parcel.pack(run.out, tmp_path / "parts")
    assert all(p.stat().st_size < 16 << 20 for p in (tmp_path / "parts").iterdir())
    parcel.unpack(tmp_path / "there", tmp_path / "parts")
    there = Run(tmp_path / "there", run.size, run.device, exact=True, steps=2, say=lambda text: None)
    for ours, theirs in zip(unet.networks(run), unet.networks(there)):
        assert same({k: v.half() for k, v in ours.state_dict().items()}, {k: v.half() for k, v in theirs.state_dict().items()})
    # And it can be gone on with.
    assert len(pretrain.train(there, "text", pretrain.Trainer(there))) == 2
    with pytest.raises(SystemExit, match="part-00"):
        parcel.unpack(tmp_path / "x", tmp_path / "there")


@pytest.mark.parametrize("name,kind", [("../out", tarfile.REGTYPE), ("/out", tarfile.REGTYPE), ("in", tarfile.SYMTYPE)])
def test_a_packed_run_stays_in_its_folder(name, kind, tmp_path):
    from training import parcel

    (tmp_path / "parts").mkdir()
    with tarfile.open(tmp_path / "parts/part-00.tar", "w") as archive:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, "/etc/hostname" if kind == tarfile.SYMTYPE else ""
        archive.addfile(entry)
    with pytest.raises(SystemExit, match="no file or folder"):
        parcel.unpack(tmp_path / "there", tmp_path / "parts")
    assert not any((tmp_path / "there").iterdir()) and not (tmp_path / "out").exists()


def test_the_command_line_runs_a_stage_and_says_what_is_missing(bank_folder, tmp_path, capsys):
    from training.__main__ import STAGES, main, parser

    (tmp_path / "bank").symlink_to(bank_folder)
    common = ["--out", str(tmp_path), "--size", "small", "--device", "cpu", "--threads", "1", "--nice", "0"]
    main(["text", *common, "--steps", "2"])
    assert "named rightly" in capsys.readouterr().out
    assert json.loads((tmp_path / "report.json").read_text())["text"]["steps"] == 2
    with pytest.raises(SystemExit, match="run the stage autoencoder first"):
        main(["unet", *common, "--steps", "2"])
    for stage in STAGES:
        assert parser().parse_args([stage, *common, "--minutes", "13"]).minutes == 13
    with pytest.raises(SystemExit):
        main(["unet", *common, "--steps", "2", "--minutes", "1"])
