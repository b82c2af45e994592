"""Token ids equal those of transformers' CLIPTokenizer, for any text and for the folder layouts found in the wild."""

import json
import os
import random
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest
from transformers import CLIPTokenizer

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("LIMNER_BUILD", ROOT / "build"))
TINY = ROOT / "models" / "limner-tiny" / "tokenizer"
MERGES = ROOT / "models" / "clip-tokenizer" / "merges.txt"
BOS, EOS = "<|startoftext|>", "<|endoftext|>"
STRING_COUNT = 20_000

SCRIPTS = [
    (0x20, 0x7E), (0x20, 0x7E), (0x61, 0x7A), (0x00, 0x1F), (0x7F, 0x24F), (0x250, 0x2AF), (0x300, 0x36F), (0x370, 0x52F),
    (0x530, 0x6FF), (0x900, 0xDFF), (0xE00, 0xFFF), (0x1000, 0x13FF), (0x1AB0, 0x1AFF), (0x1C80, 0x1CBF), (0x1D00, 0x1FFF),
    (0x2000, 0x206F), (0x2070, 0x2BFF), (0x3000, 0x30FF), (0x3400, 0x9FFF), (0xA720, 0xA7FF), (0xAC00, 0xD7A3),
    (0x1100, 0x11FF), (0xF900, 0xFFFD), (0x10000, 0x10FFF), (0x11000, 0x11FFF), (0x16D40, 0x16EFF), (0x1D100, 0x1D7FF),
    (0x1E000, 0x1EFFF), (0x1F000, 0x1FAFF), (0x20000, 0x2FFFF), (0xE0000, 0xE01EF), (0x10FFF0, 0x10FFFF),
]  # fmt: skip
PIECES = [
    "a photo of an astronaut riding a horse", "it's", "I'LL", "we've", "don't", "'re", "'d'", "''s", "2024", "3.14", "½", "Ⅷ", "…",
    "naïve", "nai\u0308ve", "İstanbul", "ΣΊΣΥΦΟΣ", "straße", "ﬁ", "\u1e9b\u0323", "q\u0307\u0323", "각", "\u1100\u1161\u11a8",
    "👩\u200d🎨", "🏳\ufe0f\u200d🌈", "👍🏽", "🇩🇪", "日本語", "ไทย", "हिन्दी", "שָׁלוֹם", "مُحَمَّد", "\u0344", "\u212b",
    BOS, EOS, BOS.upper(), "<|EndOfText|>", "<|startoftext", "!!", "!", "<foo>", "<FOO>", "</w>", "(word:1.2)", "\\(", "--ar",
    " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u0085", "\x00", "\x1c", "\ufffd", "\U00011935\U00011930",
]  # fmt: skip


def random_character(rng: random.Random) -> str:
    first, last = rng.choice(SCRIPTS)
    return chr(rng.randint(first, last))


def random_string(rng: random.Random) -> str:
    def part() -> str:
        kind = rng.random()
        if kind < 0.45:
            return rng.choice(PIECES)
        if kind < 0.6:
            first, last = rng.choice(SCRIPTS)
            return "".join(chr(rng.randint(first, last)) for _ in range(rng.randint(1, 12)))
        if kind < 0.7:
            return unicodedata.normalize("NFD", random_character(rng)) + random_character(rng)
        return random_character(rng)

    return "".join(part() for _ in range(rng.randint(0, 14)))


def without_surrogates(text: str) -> str:
    return "".join(c for c in text if not 0xD800 <= ord(c) <= 0xDFFF)


@pytest.fixture(scope="module")
def strings() -> list[str]:
    rng = random.Random(20240)
    return [without_surrogates(random_string(rng)) for _ in range(STRING_COUNT)]


def limner_ids(path: Path, strings: list[str]) -> list[list[int]]:
    program = BUILD / "tests" / "tools" / "tokenize"
    lines = "".join(json.dumps(s, ensure_ascii=False) + "\n" for s in strings)
    done = subprocess.run([program, path], input=lines.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def reference_ids(folder: Path, strings: list[str]) -> list[list[int]]:
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    return tokenizer(strings, add_special_tokens=False).input_ids


def assert_same(folder: Path, strings: list[str], ours_from: Path | None = None) -> None:
    ours = limner_ids(ours_from or folder, strings)
    for text, got, expected in zip(strings, ours, reference_ids(folder, strings), strict=True):
        assert got == expected, ascii(text)


def token(content: str, **flags: bool) -> dict:
    return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False} | flags


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def derived_vocabulary(merges: list[str]) -> dict[str, int]:
    """The rule of the published vocabularies: byte symbols, byte symbols that end a word, merges, special tokens."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    symbols = [chr(b) for b in printable] + [chr(0x100 + i) for i in range(256 - len(printable))]
    tokens = symbols + [s + "</w>" for s in symbols] + [m.replace(" ", "") for m in merges] + [BOS, EOS]
    return {t: i for i, t in enumerate(tokens)}


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    shutil.copy(MERGES, folder)
    vocabulary = derived_vocabulary(MERGES.read_text(encoding="utf-8").splitlines()[1:])
    assert len(vocabulary) == 49408
    write_json(folder / "vocab.json", vocabulary)
    write_json(folder / "special_tokens_map.json", {"bos_token": token(BOS), "eos_token": token(EOS)})
    return folder


def test_tiny(strings):
    assert_same(TINY, strings)


def test_clip(strings, clip_folder):
    assert_same(clip_folder, strings)


def test_clip_from_merges_alone(strings, clip_folder):
    assert_same(clip_folder, strings[:4000], ours_from=MERGES)


def test_every_code_point(clip_folder):
    """Alone, between letters and after marks of a high class: classes, case, composition and order of each."""
    scalars = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    alone = ["".join(f"x{c} {c}" for c in scalars[i : i + 64]) for i in range(0, len(scalars), 64)]
    marked = ["".join(f"a\u0345{c}\u0334{c} " for c in scalars[i : i + 64]) for i in range(0, len(scalars), 64)]
    assert_same(clip_folder, alone + marked)


TOKENS_OF_SD2 = {"bos_token": token(BOS), "eos_token": token(EOS), "unk_token": token(EOS), "pad_token": "!"}
DECODER = {
    "0": token("!", normalized=False, special=True),
    "4094": token(BOS, special=True),
    "4095": token(EOS, special=True),
}
LAYOUTS = {
    "bare": {},
    "sd2": {"special_tokens_map.json": TOKENS_OF_SD2},
    "sdxl": {
        "special_tokens_map.json": TOKENS_OF_SD2,
        "tokenizer_config.json": {"added_tokens_decoder": DECODER, "bos_token": BOS, "pad_token": "!", "unk_token": EOS},
    },
    "added": {
        "special_tokens_map.json": TOKENS_OF_SD2 | {"mask_token": "mm", "extra_special_tokens": ["zz", "YY"]},
        "added_tokens.json": {"<foo>": 4096, "Astro": 4097, "it": 4},
    },
    "stripping": {
        "tokenizer_config.json": {
            "added_tokens_decoder": DECODER
            | {"9000": token("<foo>", lstrip=True), "9001": token("'s", rstrip=True), "9002": token("of", rstrip=True, lstrip=True)}
        }
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_folder_layouts(layout, strings, tmp_path):
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(TINY / name, tmp_path)
    for name, content in LAYOUTS[layout].items():
        write_json(tmp_path / name, content)
    assert_same(tmp_path, strings[:4000])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tokenizer_json(layout, strings, tmp_path):
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(TINY / name, tmp_path)
    for name, content in LAYOUTS[layout].items():
        write_json(tmp_path / name, content)
    saved = tmp_path / "saved"
    CLIPTokenizer.from_pretrained(tmp_path).save_pretrained(saved)
    assert (saved / "tokenizer.json").exists()
    assert_same(saved, strings[:4000])
