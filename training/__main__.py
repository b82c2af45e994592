"""`python -m training STAGE`: one command a stage, or all of them. See README.md."""

import argparse
import pathlib
import sys

from . import machine
from .config import SHARES, SIZES

STAGES = ("data", "autoencoder", "text", "unet", "scorer", "distil", "export", "evaluate", "sheets", "all")


def parser():
    """The command line."""
    made = argparse.ArgumentParser(prog="training", description=__doc__)
    stages = made.add_subparsers(dest="stage", required=True, metavar="STAGE", help=", ".join((*STAGES, "lora", "blueprint", "pack", "unpack")))
    for stage in STAGES:
        _common(stages.add_parser(stage))
    stages.choices["data"].add_argument("--downloads", type=pathlib.Path, help="where packages are kept (default: OUT/downloads)")
    for stage in ("evaluate", "sheets", "all"):
        stages.choices[stage].add_argument("--prompts", type=int, default=0, help="only so many prompts (default: all)")
    lora = stages.add_parser("lora")
    _common(lora, run_needed=False)
    lora.add_argument("--model", type=pathlib.Path, help="the model folder that it is for, instead of a run's: models/limner-tiny")
    lora.add_argument("pictures", type=pathlib.Path, help="a folder of pictures; PICTURE.txt beside one is its caption")
    lora.add_argument("--file", type=pathlib.Path, required=True, help="the LoRA to write (.safetensors)")
    lora.add_argument("--caption", default="", help="of pictures that have none")
    lora.add_argument("--rank", type=int, default=8)
    redrawn = stages.add_parser("blueprint")
    redrawn.add_argument("pictures", type=pathlib.Path, help="a folder of PICTURE.png, each with its caption in PICTURE.txt")
    redrawn.add_argument("style", type=pathlib.Path, help="the folder of blueprints to write")
    for stage, says in (("pack", "the folder of parts to write"), ("unpack", "the folder of parts to read")):
        packed = stages.add_parser(stage)
        packed.add_argument("--out", type=pathlib.Path, required=True)
        packed.add_argument("parts", type=pathlib.Path, help=says)
    return made


def _common(stage, run_needed=True):
    stage.add_argument("--out", type=pathlib.Path, required=run_needed,
                       help="the folder of the run; a stage goes on from what is there")
    stage.add_argument("--size", choices=SIZES, default="full")
    lasts = stage.add_mutually_exclusive_group()
    lasts.add_argument("--minutes", type=float, help="of this stage, all its runs together; of all: of them all")
    lasts.add_argument("--steps", type=int, help="of this stage, all its runs together")
    stage.add_argument("--device", choices=("cpu", "cuda"), help="default: cuda where there is one")
    stage.add_argument("--processes", type=int, default=0, help="that compose scenes beside this one (default: none)")
    stage.add_argument("--threads", type=int, default=2)
    stage.add_argument("--nice", type=int, default=10)
    stage.add_argument("--seed", type=int, default=1)
    stage.add_argument("--variety", type=float, default=1.0, help="of poses: 0 narrow, learned in a fraction of the time, to 1")
    stage.add_argument("--things", type=pathlib.Path, help="only the things that this file names, one a line; the same for every "
                       "stage of a run (lists/everyday.txt: 108 that take a fifth of the time)")
    stage.add_argument("--exact", action="store_true", help="f32: an interrupted run gives the weights of another (with --steps)")


def things_of(path):
    """The things that a file names, or None. A name that the table lacks ends the program."""
    if path is None:
        return None
    from .data.things import table

    lines = path.read_text(encoding="utf-8").splitlines()
    names = frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    for name in sorted(names):
        if name not in table():
            raise SystemExit(f"training: {path} names {name!r}, which is no thing of the table")
    return names


def run_of(options):
    """The Run that options ask for."""
    from .run import Run

    machine.be_polite(options.threads, options.nice)
    on = machine.device(options.device)
    machine.quicken(on)
    return Run(options.out, SIZES[options.size], on, options.seed, options.minutes, options.steps, options.processes,
               options.exact, options.variety, things_of(options.things), lambda text: print(text, flush=True))


def stage(name, options, run=None):
    """Runs one stage. Each imports what it needs only then: `data` needs no network, training no rasteriser."""
    if name == "data":
        from .data import build

        if not (options.out / "bank" / "manifest.json").exists():
            build.build(options.downloads or options.out / "downloads", options.out / "bank", things_of(options.things))
        return
    run = run or run_of(options)
    if name == "autoencoder":
        from .autoencoder.train import run_stage
    elif name == "text":
        from .text.pretrain import run_stage
    elif name == "unet":
        from .unet.train import run_stage
    elif name == "scorer":
        from .scorer.train import run_stage
    elif name == "distil":
        from .distil.train import run_stage
    elif name == "export":
        from .export import run_stage
    elif name == "evaluate":
        from .evaluate import run_stage as evaluate

        return evaluate(run, options.prompts)
    elif name == "sheets":
        from .evaluate.sheets import run_stage
    elif name == "lora":
        from .lora.model_folder import open_model
        from .lora.train import train_folder

        if (options.out is None) == (options.model is None):
            raise SystemExit("training: lora needs either --model FOLDER or --out RUN")
        model = options.model and open_model(options.model, run.device)
        return train_folder(run, options.pictures, options.file, options.caption, options.rank, model)
    run_stage(run)


def everything(options):
    """Every stage in its share of the minutes, going on from what is there."""
    options.downloads = None
    stage("data", options)
    run = run_of(options)  # one for all: sprites are read once
    for name, share in SHARES.items():
        run.minutes = options.minutes and options.minutes * share
        stage(name, options, run)
    for name in ("evaluate", "export", "sheets"):  # the card has the scores
        stage(name, options, run)


def main(words=None):
    options = parser().parse_args(words)
    if options.stage in ("pack", "unpack"):
        from . import parcel

        return getattr(parcel, options.stage)(options.out, options.parts)
    if options.stage == "blueprint":
        from .lora.blueprint import redraw

        return redraw(options.pictures, options.style)
    everything(options) if options.stage == "all" else stage(options.stage, options)


if __name__ == "__main__":
    sys.exit(main())
