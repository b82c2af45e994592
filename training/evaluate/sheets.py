"""Contact sheets: composed scenes, and what a model draws, with the captions below."""

import textwrap

from PIL import Image, ImageDraw

from ..data.compose import compose, pixels
from . import prompts
from .draw import Painter


def sheet(pictures, lines, columns, path):
    """Writes uint8 pictures with their lines as one picture."""
    side = max(128, pictures.shape[1])
    width, height = side + 8, side + 40
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (columns * width + 8, rows * height + 8), (244, 244, 244))
    pen = ImageDraw.Draw(page)
    for number, (picture, line) in enumerate(zip(pictures, lines)):
        x, y = 8 + number % columns * width, 8 + number // columns * height
        page.paste(Image.fromarray(picture).resize((side, side), Image.NEAREST), (x, y))
        pen.text((x, y + side + 2), "\n".join(textwrap.wrap(line, side // 6)[:3]), fill=(40, 40, 40))
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path, optimize=True)


def composed(run, path, count=48):
    """What training sees."""
    batch = run.feed("sheet", count, keep=True).recipe.make(0)
    sheet(pixels(compose(run.bank, batch.layers, chunk=16)), batch.captions, 8, path)


def run_stage(run):
    """OUT/sheets: scenes.png, and prompts.png and seeds.png where a model has been trained."""
    composed(run, run.out / "sheets" / "scenes.png")
    if not (run.out / "unet").exists():
        return
    painter = Painter(run)
    questions = prompts.ask(run.words)
    lines = [q.prompt for q in questions[:: max(1, len(questions) // 48)]][:48]
    sheet(pixels(painter(lines, [7] * len(lines))), lines, 8, run.out / "sheets" / "prompts.png")
    lines = [line for line in lines[:6] for _ in range(6)]
    sheet(pixels(painter(lines, list(range(6)) * (len(lines) // 6))), lines, 6, run.out / "sheets" / "seeds.png")
