"""Measures over many pictures: how seeds differ, how crisp edges are, how near to what was trained on, how far from it on the whole."""

import random

import torch
import torch.nn.functional as F

from ..data import scene
from ..data.compose import compose, pack
from .prompts import asked


def composed(bank, words, scenes, seed=0):
    """The composer's own pictures of scenes, [n, 3, H, W] in -1..1."""
    return compose(bank, pack(scenes, words, random.Random(seed)))


def spread_of(pictures):
    """Mean RMS difference between any two of [n, 3, H, W]."""
    flat = pictures.flatten(1)
    distances = torch.cdist(flat, flat) / flat.shape[1] ** 0.5
    n = len(flat)
    return float(distances.sum() / (n * (n - 1)))


def diversity(run, painter, prompts=24, seeds=6):
    """Difference between seeds of a prompt, as a share of that between the composer's pictures of it."""
    words, rng, ours, theirs = run.words, random.Random(8), [], []
    composer = scene.Composer(words, variety=1.0, keep_out=False)
    for name in rng.sample(words.names, min(prompts, len(words.names))):
        drawn = []
        while len(drawn) < seeds:
            made = composer._single(rng, scene.Scene("single", words.styles[0], False, ("white",), False, False, []))
            made.items[0].thing, made.items[0].colour = name, ""
            if not made.size:
                drawn.append(made)
        ours.append(spread_of(painter([asked(words, drawn[0])] * seeds, list(range(seeds)))))
        theirs.append(spread_of(composed(run.bank, words, drawn)))
    return sum(ours) / sum(theirs)


def sharpness(pictures, share=0.02):
    """How steep the steepest `share` of a picture's slopes are, [n]."""
    grey = pictures.mean(1, keepdim=True)
    steep = (F.pad(grey[..., 1:] - grey[..., :-1], (0, 1)).square() + F.pad(grey[..., 1:, :] - grey[..., :-1, :], (0, 0, 0, 1)).square())
    steep = steep.sqrt().flatten(1)
    return steep.topk(max(1, int(share * steep.shape[1])), 1).values.mean(1)


def frechet(a, b):
    """Frechet distance of two sets of features [n, d], as in FID (Heusel et al. 2017), over whatever network made them."""
    a, b = a.double().cpu(), b.double().cpu()
    covariances = [torch.cov(x.T) for x in (a, b)]
    values = torch.linalg.eigvals(covariances[0] @ covariances[1])
    cross = values.real.clamp_min(0).sqrt().sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + sum(c.trace() for c in covariances) - 2 * cross)


def nearest_distance(pictures, others, side=32):
    """RMS distance of each picture to the nearest of `others`, both shrunk to `side`: small means copied. [n]."""
    small = [F.interpolate(x, size=(side, side), mode="area").flatten(1) for x in (pictures, others)]
    return (torch.cdist(*small) / small[0].shape[1] ** 0.5).min(1).values
