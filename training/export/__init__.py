"""The stage `export`: what a run has learned, as folders that Limner, diffusers and transformers load."""

from .pipeline import export_model
from .scorer import export_scorer

FOLDERS = {"unet": "model", "distil": "model-lcm"}


def run_stage(run):
    """OUT/model, and OUT/model-lcm and OUT/scorer-model where those stages have been run."""
    for stage, folder in FOLDERS.items():
        if (run.out / stage).exists():
            export_model(run, stage, run.out / folder)
    if (run.out / "scorer").exists():
        export_scorer(run, run.out / "scorer-model")
