"""Evaluation: the composer's own pictures are right, other pictures are wrong, and the questions were never trained on."""

import pytest
import torch
from training.data import heldout
from training.data.compose import pixels
from training.evaluate import look, measures, prompts, score

COUNTS = {"style": 12, "background": 9, "colour": 9, "shape": 9, "count": 12, "relation": 8, "size": 6}


@pytest.fixture(scope="module")
def sharp(bank_folder):
    """The bank at a size at which shapes can be told apart."""
    from training.data import bank

    return bank.load(bank_folder, 96)


@pytest.fixture(scope="module")
def asked(words):
    return prompts.ask(words, COUNTS)


def judged(sharp, words, asked, scenes):
    gallery, table = look.Gallery(sharp), {}
    for question, picture in zip(asked, pixels(measures.composed(sharp, words, scenes))):
        for what, right in score.judge(question, picture, gallery, words).items():
            table.setdefault(f"{question.test}.{what}", []).append(bool(right))
    return {key: sum(rights) / len(rights) for key, rights in table.items()}


def test_composed_pictures_are_right(sharp, words, asked):
    table = judged(sharp, words, asked, [q.scene for q in asked])
    assert {"background.object", "colour.colour", "shape.shape", "count.count", "relation.relation", "size.size"} <= set(table)
    assert all(share >= 0.85 for share in table.values()), table


def test_pictures_of_other_questions_are_wrong(sharp, words, asked):
    scenes = [q.scene for q in asked]
    table = judged(sharp, words, asked, scenes[1:] + scenes[:1])
    assert all(table[key] <= 0.5 for key in ("background.object", "colour.object", "shape.shape", "relation.relation")), table


def test_questions_are_the_same_each_time_and_were_held_out(words, asked):
    assert [q.prompt for q in prompts.ask(words, COUNTS)] == [q.prompt for q in asked]
    for q in asked:
        if q.test in ("background", "colour", "shape", "count", "relation"):
            assert heldout.scene_is_held_out(q.scene), q
    assert len({q.prompt for q in asked}) > 0.8 * len(asked)
    # Of few things fewer questions can be asked than one would like.
    assert len(prompts.ask(words)) < sum(prompts.COUNTS.values())


def test_measures():
    generator = torch.Generator().manual_seed(1)
    a = torch.randn(400, 8, generator=generator)
    assert measures.frechet(a, a) == pytest.approx(0, abs=1e-6)
    assert measures.frechet(a, a + 1) == pytest.approx(8, rel=0.01)
    pictures = torch.zeros(3, 3, 16, 16)
    assert measures.spread_of(pictures) == 0
    pictures[1] = 1
    assert measures.spread_of(pictures) == pytest.approx(2 / 3)
    edge = torch.zeros(1, 3, 32, 32)
    edge[..., 16:] = 1
    soft = torch.nn.functional.avg_pool2d(edge, 5, 1, 2)
    assert measures.sharpness(soft) < 0.5 * measures.sharpness(edge)
    assert measures.nearest_distance(edge, torch.cat([edge, soft])) == 0


def test_a_trained_run_is_evaluated_and_its_card_says_so(trained):
    from training import evaluate
    from training.export import card
    from training.evaluate.draw import Painter

    run = trained[0]
    questions = prompts.ask(run.words, {key: 2 for key in COUNTS} | {"count": 4, "relation": 4})
    result = evaluate.evaluate(run, Painter(run, steps=2), questions)
    assert result["prompts"] == len(questions) and result["ceiling"]["ground"][1] == len(questions)
    assert all(0 < result[key] < 20 for key in ("diversity", "sharpness", "nearest_training_picture"))
    text = card.card(run, "unet", run.out / "model")
    assert "Not evaluated" in text and "Microsoft" in text and "| unet |" in text
    assert "| ground |" in evaluate.table_of(result)
