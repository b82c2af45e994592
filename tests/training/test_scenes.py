"""Scenes, captions and the pictures of both: the same every time, true, and never one that is held out."""

import collections
import random
import re

import numpy as np
import pytest
import torch
from PIL import Image
from training.data import bank, captions, colours, compose, facts, feed, heldout, recolour, scene, things
from training.evaluate import look
from training.text.tokenizer import Tokenizer

SCENES = 600


def drawn(words, seed=1, count=SCENES, **options):
    rng, composer = random.Random(seed), scene.Composer(words, **options)
    return [composer.scene(rng) for _ in range(count)]


def test_the_table_of_things_is_broad_and_unambiguous():
    table = things.table()
    assert len(table) >= 300
    said = collections.Counter(word for thing in table.values() for word in {thing.name, *thing.synonyms, thing.plural} - {""})
    # A word may be a plural and a singular of the same thing ("sheep"), but never of two.
    assert not [word for word, count in said.items() if count > 1]
    assert not set(said) & set(things.SHAPES)


@pytest.mark.parametrize("line", ["fox | fox | foxes | | sly", "fox | a | b | c | keep | more", "fox\nfox"])
def test_a_wrong_table_is_refused(line):
    with pytest.raises(ValueError, match="line"):
        things.parse(line)


def test_batches_are_the_same_in_every_run_and_process(words):
    recipe = feed.Recipe(words, None, "unet", 7, 16, 1.0, keep=True)
    first, again = recipe.make(3), recipe.make(3)
    assert first.captions == again.captions
    assert torch.equal(first.layers.geometry, again.layers.geometry)
    assert recipe.make(4).captions != first.captions
    ahead = feed.Feed(recipe, first=3, processes=1)
    try:
        assert ahead.take().captions == first.captions
    finally:
        ahead.close()


def test_no_held_out_composition_is_drawn(words):
    assert not any(heldout.scene_is_held_out(s) for s in drawn(words))
    # The rule keeps something out: a composer that ignores it does draw such scenes.
    assert any(heldout.scene_is_held_out(s) for s in drawn(words, keep_out=False))


def test_what_is_held_out_never_changes():
    # Evaluation of an old model stays fair only as long as these stay as they are.
    rows = [heldout.held_out("single", "fox", colour, style) for colour in colours.NAMES for style in ("3d", "flat", "cartoon")]
    assert (sum(rows), rows.index(True)) == HELD_OUT_OF_FOX
    assert 0.05 < np.mean([heldout.held_out("count", f"thing {n}", 3) for n in range(2000)]) < 0.12


HELD_OUT_OF_FOX = (4, 0)  # how many of 42, and the first of them


def test_things_stay_in_the_picture_and_do_not_cover_each_other(words):
    for s in drawn(words):
        for item in s.items:
            half = item.side / 2
            assert -0.04 < item.x - half and item.x + half < 1.04, s
            assert -0.04 < item.y - half and item.y + half < 1.04, s
        for n, a in enumerate(s.items):
            for b in s.items[:n]:
                assert max(abs(a.x - b.x), abs(a.y - b.y)) > 0.75 * (a.side + b.side) / 2, s


def test_captions_say_what_is_so_and_nothing_else(words):
    rng, writer = random.Random(5), captions.Writer(words)
    for s in drawn(words):
        line = writer.caption(s, rng).lower().rstrip(".")
        said_ground = re.search(r"background| on (?!(?:the|top)\b)(?:an? )?(" + "|".join(all_colour_words()) + r")\b", line)
        assert bool(said_ground) == s.ground_said or s.style == "shape", line
        assert ("gradient" in line) == bool(s.gradient), line
        for style, sign in (("3d", "3d"), ("flat", "flat"), ("cartoon", "carto")):
            if sign in line:
                assert s.style == style and s.style_said, line
        for item in s.items:
            thing = words.shapes[item.thing] if s.style == "shape" else words.things[item.thing]
            assert any(word in line for word in (thing.name, thing.plural or thing.name, *thing.synonyms)), line
            if item.colour:
                assert any(word in line for word in (item.colour, *colours.SYNONYMS.get(item.colour, ()))), line
        assert bool(re.search(r"\b(small|tiny|little)\b", line)) == (s.size == "small"), line
        number = next((n for n, ways in captions.NUMBERS.items() if re.search(rf"\b({'|'.join(ways)})\b", line)), 1)
        assert number == (len(s.items) if s.kind == "count" else 1) or thing_says_a_number(line), line


def all_colour_words():
    return [*colours.NAMES, *(w for ways in colours.SYNONYMS.values() for w in ways)]


def thing_says_a_number(line):
    """ "pair of cherries" is one thing."""
    return "pair of cherries" in line


def test_places_and_relations_are_as_said(words):
    for s in drawn(words):
        if s.kind == "relation":
            a, b = s.items
            assert {"left": a.x < b.x - 0.3, "right": a.x > b.x + 0.3, "above": a.y < b.y - 0.3, "below": a.y > b.y + 0.3}[s.relation]
        for side, holds in (("left", lambda i: i.x < 0.4), ("right", lambda i: i.x > 0.6), ("top", lambda i: i.y < 0.4),
                            ("bottom", lambda i: i.y > 0.6)):
            if side in s.place:
                assert holds(s.items[0]), s


def test_facts_differ_where_scenes_do(words):
    known = facts.Facts(words)
    for s in drawn(words, count=100):
        row = known.of(s)
        assert len(row) == len(known.sizes) and all(0 <= value < size for value, size in zip(row, known.sizes))
    pair = next(s for s in drawn(words) if s.kind == "relation")
    before = known.of(pair)
    pair.items.reverse()
    assert known.of(pair) != before


# ---- pictures


def reference(sprites, s, ground):
    """The picture of a scene by Pillow, from the same level of each sprite, without any paint."""
    side = sprites.picture
    canvas = Image.new("RGBA", (side, side), tuple(round(255 * float(c)) for c in ground) + (255,))
    for item in s.items:
        level = max(n for n, level_side in enumerate(sprites.sides) if n == 0 or item.side * side <= level_side)
        texture = sprites.levels[level][sprites.index[item.thing, s.style]].permute(1, 2, 0).numpy()
        a = np.radians(item.angle)
        scale = sprites.sides[level] / (item.side * side)
        cos, sin, flip = np.cos(a) * scale, np.sin(a) * scale, -1 if item.mirrored else 1
        x, y, h = item.x * side, item.y * side, sprites.sides[level] / 2
        data = (flip * cos, flip * sin, h - flip * (cos * x + sin * y), -sin, cos, h + sin * x - cos * y)
        layer = Image.fromarray(texture, "RGBa").transform((side, side), Image.AFFINE, data, Image.BILINEAR)
        rgba = np.asarray(layer).astype(np.float32)
        under = np.asarray(canvas).astype(np.float32)
        out = under[..., :3] * (1 - rgba[..., 3:] / 255) + rgba[..., :3]
        canvas = Image.fromarray(np.dstack([out, under[..., 3]]).round().clip(0, 255).astype(np.uint8))
    return np.asarray(canvas)[..., :3].astype(np.float32)


def test_the_compositor_agrees_with_pillow(small_bank, words):
    plain = [s for s in drawn(words) if not s.gradient and s.style != "shape" and not any(i.colour for i in s.items)][:40]
    layers = compose.pack(plain, words, random.Random(1))
    ours = compose.pixels(compose.compose(small_bank, layers)).astype(np.float32)
    for picture, s, ground in zip(ours, plain, layers.ground[:, 0]):
        theirs = reference(small_bank, s, ground)
        # Pillow treats the outermost half pixel of a sprite otherwise; all sprites are transparent there but for single pixels.
        assert np.abs(picture - theirs).mean() < 1.0, s
        assert np.percentile(np.abs(picture - theirs), 97) < 6, s


def test_chunks_and_halves_change_nothing_that_is_seen(small_bank, words):
    layers = compose.pack(drawn(words, count=24), words, random.Random(1))
    whole = compose.compose(small_bank, layers)
    assert torch.equal(whole, compose.compose(small_bank, layers, chunk=5))
    # What a GPU may compute in.
    assert (compose.compose(small_bank, layers, dtype=torch.bfloat16) - whole).abs().mean() < 0.02


@pytest.mark.parametrize("paint", [p for p in colours.PAINTS if p != "white"])
def test_a_painted_thing_has_the_colour_it_is_said_to_have(small_bank, words, paint):
    for name in words.paintable_names:
        if name in ("cherries", "key"):
            continue
        for style in words.styles:
            s = scene.Scene("single", style, True, ("white",), False, False,
                            [scene.Item(name, 0.5, 0.5, 0.95, colour=paint, colour_said=True)])
            picture = compose.pixels(compose.compose(small_bank, compose.pack([s], words, random.Random(0))))[0]
            seen = look.colour_of(picture, look.mask_of(picture, np.array([255, 255, 255])))
            close = {"red": {"red", "pink", "brown"}, "orange": {"orange", "brown"}, "yellow": {"yellow", "orange"},
                     "brown": {"brown", "gray"}, "black": {"black", "dark blue", "gray"}, "pink": {"pink"}, "purple": {"purple"},
                     "blue": {"blue", "dark blue"}, "green": {"green", "gray"}, "gray": {"gray"}}[paint]
            assert seen in close, (name, style, paint, seen)


def test_eyes_stay_dark_when_a_thing_is_painted(small_bank, words):
    s = [scene.Scene("single", "flat", True, ("white",), False, False, [scene.Item("frog", 0.5, 0.5, 0.95, colour=c)])
         for c in ("", "pink")]
    plain, pink = compose.compose(small_bank, compose.pack(s, words, random.Random(0)))
    dark = (plain.amax(0) < -0.7)
    assert dark.sum() >= 2
    assert (plain - pink).abs()[:, dark].max() < 0.15


def test_what_has_no_main_hue_or_is_kept_is_not_painted(small_bank):
    assert {"fox", "frog", "apple", "cloud"} <= small_bank.paintable
    assert bank.measure(synthetic_stripes())[0] == recolour.NONE


def synthetic_stripes():
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[..., 3] = 255
    for n, colour in enumerate([(220, 30, 30), (30, 200, 30), (30, 60, 220), (190, 40, 230)]):
        pixels[n * 16 : (n + 1) * 16, :, :3] = colour
    return Image.fromarray(pixels)


# ---- words as numbers


@pytest.fixture(scope="module")
def tokenizer(words):
    recipe = feed.Recipe(words, None, "tokenizer", 1, 200, 1.0, keep=True)
    return Tokenizer.train(recipe.make(0).captions, 768, 48)


def test_the_tokenizer_is_clips(tokenizer, words, tmp_path):
    from transformers import CLIPTokenizer

    tokenizer.save(tmp_path)
    theirs = CLIPTokenizer.from_pretrained(tmp_path)
    lines = feed.Recipe(words, None, "test", 1, 60, 1.0, keep=True).make(0).captions
    lines += ["", "A photo of 12 Zebras, it's late!", "under_scored --- (word)", "don't we'll 3d t-rex"]
    ids = theirs(lines, padding="max_length", max_length=48, truncation=True).input_ids
    np.testing.assert_array_equal(tokenizer.batch(lines), ids)
    np.testing.assert_array_equal(Tokenizer.load(tmp_path).batch(lines), ids)


def test_captions_fit_into_the_text_encoder(tokenizer, words):
    lines = feed.Recipe(words, None, "test", 2, 300, 1.0, keep=True).make(0).captions
    assert max(len(tokenizer.encode(line)) for line in lines) <= 46


def test_a_run_may_learn_a_few_things_only(new_run, tmp_path):
    import pytest
    from training.__main__ import things_of

    names = {"fox", "frog", "apple", "whale", "star"}
    (tmp_path / "few.txt").write_text("# a few\n" + "\n".join(sorted(names)) + "\n")
    run = new_run(tmp_path / "run", things=things_of(tmp_path / "few.txt"))
    assert set(run.words.names) == names
    scenes = run.feed("test", 64, keep=True).recipe.make(0).scenes
    assert {item.thing for s in scenes for item in s.items} <= names | set(run.words.shapes)
    (tmp_path / "few.txt").write_text("fox\ndragonfruit salad\n")
    with pytest.raises(SystemExit, match="dragonfruit salad"):
        things_of(tmp_path / "few.txt")


def test_the_list_of_everyday_things_names_things():
    import pathlib

    import training
    from training.__main__ import things_of

    assert len(things_of(pathlib.Path(training.__file__).parent / "lists/everyday.txt")) == 108


def test_a_broad_writer_says_what_is_true_of_a_thing(words):
    import random

    from training.data import scene
    from training.data.things import table
    from training.scorer.train import BroadWriter

    writer = BroadWriter(words)
    writer.things = writer.things | {"cat face": table()["cat face"]}
    item = scene.Item("cat face", 0.5, 0.5, 0.7, colour="blue", colour_said=True)
    rng, said = random.Random(1), set()
    for number in (1, 3):
        drawn = scene.Scene("count" if number > 1 else "single", "flat", True, ("white",), False, False, [item] * number)
        lines = [writer.caption(drawn, rng) for _ in range(60)]
        assert all("blue" in line.lower() for line in lines)
        said |= {word for line in lines for word in line.replace(".", "").replace(",", "").lower().split()}
    assert {"cat", "cats", "face", "faces"} <= said
