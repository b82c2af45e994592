"""How good a scorer is, on scenes whose compositions were kept from training."""

import random

import torch

from ..data import compose, scene
from ..data.heldout import scene_is_held_out
from .train import BroadWriter, network, prepared
from .wrong import FACTS, changed, facts_of


def held_out_scenes(run, count, wanted=lambda scene: True, seed=3):
    """Scenes of which some composition was held out."""
    rng, composer, made = random.Random(seed), scene.Composer(run.words, run.variety, keep_out=False), []
    for _ in range(1000 * count):  # where there are few things, a kind may have no composition that is held out
        drawn = composer._draw(rng)
        if drawn is not None and scene_is_held_out(drawn) and wanted(drawn):
            made.append(drawn)
            if len(made) == count:
                break
    return made


@torch.no_grad()
def vectors(run, net, scenes, texts, seed=5):
    """(unit vectors of the composed pictures of scenes, of texts)."""
    bank, rng = run.bank.sized(run.size.scorer_side), random.Random(seed)
    seen = [net.picture(prepared(compose.compose(bank, compose.pack(scenes[at : at + 64], run.words, rng)), run.size))
            for at in range(0, len(scenes), 64)]
    said = [net.text(torch.from_numpy(run.tokenizer.batch(texts[at : at + 64])).to(run.device)) for at in range(0, len(texts), 64)]
    return torch.cat(seen), torch.cat(said)


def measure(run, count=300, choices=100):
    """Of held-out scenes: how often the right caption fits better than the same with one fact changed, by fact; `all` of scenes
    and facts as they come; and `of_100`, how often it fits better than those of so many other scenes."""
    net, writer, shares = network(run), BroadWriter(run.words), {}
    for fact in FACTS + ("all",):
        rng = random.Random(f"measure {fact}")
        scenes = held_out_scenes(run, count, lambda s: fact == "all" or fact in facts_of(s))
        if not scenes:
            continue
        right = [writer.caption(s, rng) for s in scenes]
        wrong = [writer.caption(changed(s, run.words, rng, None if fact == "all" else fact), rng) for s in scenes]
        seen, said = vectors(run, net, scenes, right + wrong)
        better = (seen * said[: len(seen)]).sum(1) > (seen * said[len(seen) :]).sum(1)
        shares[fact] = round(float(better.float().mean()), 4)
        if fact == "all":
            found = [float((part @ words.T).argmax(1).eq(torch.arange(len(part), device=part.device)).float().mean())
                     for part, words in zip(seen.split(choices), said[: len(seen)].split(choices))]
            shares[f"of_{choices}"] = round(sum(found) / len(found), 4)
    return shares
