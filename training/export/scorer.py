"""The scorer as transformers saves a CLIPModel, in f16."""

import json

from ..data.packages import PACKAGES
from ..scorer.train import MEAN, SPREAD, network
from .files import write_json, write_weights
from .pipeline import write_lineage

CARD = """---
license: apache-2.0
library_name: transformers
tags: [clip, tiny, emoji]
---

# {name}

A CLIPModel of {millions:.1f} million parameters that says how well a text fits a picture of drawn things: {things} things in {styles}
styles and geometric shapes, in named colours, numbers, places and on named backgrounds. It knows nothing of photographs, persons, places
or letters. Made by `training/` in Limner's tree; `lineage.json` says from what, with hashes.

```sh
limner score "two green frogs on a pink background" A.png B.png
```

## How good it is

On composed scenes whose compositions were kept out of training (one in twelve; of relations one in eight): how often the cosine of the
right caption is above that of the same scene's caption with one fact changed (chance: 50 %), and above those of {choices} other scenes
(chance: 1 %).

| changed | right caption preferred |
|---|---|
{scores}

## What it was trained on

{sources}

No photographs, no persons, no scraped text. Scenes and captions are composed by program{variety}.

| stage | samples | samples a second | seconds |
|---|---|---|---|
{stages}
"""


def card(run, folder):
    """The text of the scorer's card."""
    report = json.loads((run.out / "report.json").read_text())
    shares = report["scorer"]["prefers_right"]
    rows = [f"| {'a fact by lot' if fact == 'all' else 'one of 100 scenes' if fact == 'of_100' else fact} | {100 * share:.1f} % |"
            for fact, share in shares.items()]
    weights = sum(path.stat().st_size for path in folder.glob("*.safetensors")) / 2
    stages = [f"| {name} | {report[name]['samples']:,} | {report[name]['samples_per_second']} | {report[name]['seconds']} |"
              for name in ("text", "scorer")]
    return CARD.format(
        name=folder.name, millions=weights / 1e6, things=len(run.words.names), styles=len(run.words.styles), choices=99,
        scores="\n".join(rows), variety=f", with poses of variety {run.variety:g}" if run.variety < 1 else "",
        stages="\n".join(stages),
        sources="\n".join(f"* {p.attribution} {p.licence}. npm `{p.name}` {p.version}, {p.source}" for p in PACKAGES))


def export_scorer(run, folder):
    """Writes weights, configs, tokenizer, how pictures are prepared, lineage and card."""
    net = network(run)
    write_json(folder / "config.json", net.config())
    write_weights(folder, "model", net.state_dict())
    side = run.size.scorer_side
    write_json(folder / "preprocessor_config.json", {
        "crop_size": {"height": side, "width": side}, "do_center_crop": True, "do_convert_rgb": True, "do_normalize": True,
        "do_rescale": True, "do_resize": True, "image_mean": list(MEAN), "image_processor_type": "CLIPImageProcessor",
        "image_std": list(SPREAD), "resample": 3, "rescale_factor": 1 / 255, "size": {"shortest_edge": side}})
    run.tokenizer.save(folder)
    write_lineage(run, folder)
    (folder / "README.md").write_text(card(run, folder))
    run.say(f"export: {folder}")
