"""README.md of a model: what it is, what it was trained on, what it scored. Nothing that was not measured."""

import json

from ..data.packages import PACKAGES
from ..evaluate import table_of

TEXT = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: text-to-image
tags: [text-to-image, stable-diffusion, tiny, emoji]
---

# {name}

A text-to-image latent diffusion model of {millions:.1f} million parameters that draws {side}x{side} pictures of {things} things in
{styles} styles, in named colours, numbers, places and on named backgrounds. It has the format of a Stable Diffusion 1.x pipeline.
Made by `training/` in Limner's tree; `lineage.json` says from what, with hashes.

{settings}

## What it was trained on

{sources}

No photographs, no persons, no scraped text. Scenes and captions are composed by program; one composition in twelve (of relations in
eight) was kept out for scoring.

## What was done

| stage | samples | samples a second | seconds | loss at the end |
|---|---|---|---|---|
{stages}

## Scores

{scores}
"""

SETTINGS = {"unet": "20 steps of DPM++ 2M or 30 of DDIM, guidance 3.", "distil": "4 steps of LCM, guidance 1 (it is distilled in)."}


def card(run, stage, folder):
    """The text of the card of a stage's model."""
    report = json.loads((run.out / "report.json").read_text())
    rows = [f"| {name} | {r['samples']:,} | {r['samples_per_second']} | {r['seconds']} | {r['loss']:.4f} |"
            for name, r in report.items() if r.get("loss") is not None]
    scores = run.out / "evaluation.json"
    results = json.loads(scores.read_text()) if scores.exists() else {}
    weights = sum(path.stat().st_size for path in folder.rglob("*.safetensors")) / 2
    return TEXT.format(
        name=folder.name, millions=weights / 1e6, side=run.size.picture, things=len(run.words.names), styles=len(run.words.styles),
        settings=SETTINGS[stage], stages="\n".join(rows),
        sources="\n".join(f"* {p.attribution} {p.licence}. npm `{p.name}` {p.version}, {p.source}" for p in PACKAGES),
        scores=table_of(results[stage]) if stage in results else "Not evaluated.")
