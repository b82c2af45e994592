"""Words, pictures and places that cannot be drawn from: refused with status 2 and a reason, before anything is written."""

import os
import resource
import struct
import zlib

import pytest
from program import PROMPT
from infotexts import write_infotext
from PIL import Image

DRAW = ["generate", PROMPT, "--steps", "2", "-q", "-o", "out.png"]


# ---- flags -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, saying",
    [
        (["--sampler", "nonesuch"], ["sampler", "nonesuch", "euler", "unipc"]),
        (["--schedule", "nonesuch"], ["schedule", "nonesuch", "karras", "plain"]),
        (["--noise", "nonesuch"], ["noise", "nonesuch", "torch", "philox"]),
        (["--dtype", "f8"], ["dtype", "f8", "f32", "bf16"]),
        (["--format", "bmp"], ["format", "bmp", "png", "avif"]),
        (["--tile", "z"], ["tile", "xy"]),
        (["--prompt-syntax", "lisp"], ["prompt_syntax", "a1111"]),
        (["--long-prompt", "nonesuch"], ["long_prompt", "truncate", "chunk"]),
        (["--hires-scale", "2", "--hires-upscaler", "nonesuch"], ["hires_upscaler", "nonesuch"]),
        (["--model", "nonesuch"], ["model", "nonesuch", "limner-tiny"]),
        (["--size", "64"], ["size", "WIDTHxHEIGHT"]),
        (["--size", "axb"], ["not a whole number"]),
        (["--size", "0x64"], ["width", "0", "16384"]),
        (["--size", "64x-64"], ["height", "-64"]),
        (["--size", "100x64"], ["width", "100", "multiple of 8", "96"]),
        (["--size", "99999999999999x64"], ["width"]),
        (["--size", "64x64", "--width", "72"], ["size", "--width"]),
        (["--width", "32768"], ["width", "16384"]),
        (["--cfg", "nan"], ["guidance", "nan"]),
        (["--cfg", "1e999"], ["guidance", "1e999"]),
        (["--cfg", "-1"], ["guidance", "-1", "0 to 100"]),
        (["--cfg", "many"], ["guidance", "many", "number"]),
        (["--cfg", ""], ["guidance"]),
        (["--guidance-start", "0.8", "--guidance-end", "0.2"], ["guidance_start", "0.8"]),
        (["--seed", "-1"], ["seed", "-1"]),
        (["--seed", "1.5"], ["seed", "1.5"]),
        (["--seed", "18446744073709551616"], ["seed"]),
        (["--strength", "0.5"], ["strength", "give init"]),
        (["--clip-skip", "9"], ["clip_skip", "9", "1 to 3"]),
        (["--eta", "inf"], ["eta", "inf"]),
        (["--variation-strength", "0.5"], ["variation_strength", "variation_seed"]),
        (["--variation-seed", "1", "--variation-strength", "1.1"], ["variation_strength", "1.1"]),
        (["--blend", "0.5"], ["blend", "blend_prompt"]),
        (["--hires-scale", "9"], ["hires_scale", "9"]),
        (["--hires-scale", "nan"], ["hires_scale", "nan"]),
        (["--hires-scale", "2", "--hires-strength", "0"], ["hires_strength"]),
        (["-n", "0"], ["n:", "1 to 1000"]),
        (["-n", "99999999999"], ["99999999999"]),
        (["-n", "two"], ["two"]),
        (["--frames", "1", "--to-seed", "1"], ["frames", "2 to 1000"]),
        (["--frames", "3"], ["frames", "--to-prompt"]),
        (["--frames", "3", "--to-seed", "1", "-n", "2"], ["--frames"]),
        (["--to-prompt", "a dog"], ["to_prompt", "--frames"]),
        (["--to-seed", "5"], ["to_seed", "--frames"]),
        (["--threads", "-1"], ["--threads", "-1"]),
        (["--threads", "2000"], ["--threads", "1024"]),
        (["--quality", "0"], ["quality", "1 to 100"]),
        (["--preview", "p.png", "--preview-every", "0"], ["--preview-every"]),
        (["--preview-every", "2"], ["--preview"]),
        (["--no-sign", "--timestamp-url", "http://127.0.0.1:1/"], ["--timestamp-url", "--no-sign"]),
        (["--no-such-flag"], ["--no-such-flag"]),
        (["another", "prompt"], ["another"]),
        (["--control-image", "p.png"], ["control_image"]),
        (["--control-scale", "1"], ["controlnet"]),
        (["--invert-mask"], ["invert_mask", "give mask"]),
        (["--mask-blur", "2"], ["mask_blur", "give mask"]),
        (["--outpaint", "8"], ["outpaint", "give init"]),
    ],
    ids=lambda value: " ".join(value) if value and value[0].startswith("-") else None,
)
def test_flags(limner, words, saying):
    limner.refuses(*DRAW, *words, saying=saying)


@pytest.mark.parametrize("steps", ["0", "-3", "1001", "2.5", "ten", "99999999999999999999"])
def test_steps(limner, steps):
    limner.refuses("generate", PROMPT, "--steps", steps, saying=["steps"])


@pytest.mark.parametrize(
    "words", [[], ["nonesuch"], ["model"], ["model", "nonesuch"], ["generate"], ["inspect"]]
)
def test_commands(limner, words):
    limner.refuses(*words)


@pytest.mark.parametrize(
    "words",
    [["--sampler", "nonesuch"], ["--threads", "x"], ["--no-such-flag"], ["--init", "no.png"], ["--model", "/dev/zero"]],
)
def test_errors_as_json(limner, words):
    run = limner(*DRAW, *words, "--json")
    assert run.status == 2 and run.err.startswith("limner: ")
    error = run.json["error"]
    assert error.keys() == {"code", "field", "message", "hint"} and error["message"]
    assert limner.files() == set()


# ---- prompts ---------------------------------------------------------------------------------------------------------


def test_a_prompt_of_a_megabyte(limner):
    # Linux takes 128 KiB an argument, so it comes by a picture's metadata.
    write_infotext(limner.folder / "theirs.png", "apple " * 200_000 + "\nSteps: 2, Seed: 1, Size: 64x64")
    limner.refuses("generate", "--like", "theirs.png", "-o", "out.png")
    limner.refuses("generate", "apple " * 20_000, "-o", "out.png", saying=["prompt", "65536"])


def test_a_prompt_that_is_no_text(limner):
    limner.refuses("generate", b"a \xff\xfe apple", "-o", "out.png", saying=["prompt", "UTF-8"])
    limner.refuses(*DRAW, "--negative", b"\xc0\x80", saying=["negative", "UTF-8"])


@pytest.mark.parametrize(
    "prompt, saying",
    [
        ("(" * 1000, "64"),
        (" AND ".join("a" * 100), "AND"),
        ("(a:99999999)", "1000"),
    ],
)
def test_a1111_syntax_has_bounds(limner, prompt, saying):
    limner.refuses(*DRAW[:1], prompt, *DRAW[2:], "--prompt-syntax", "a1111", saying=["prompt", saying])


def test_and_needs_guidance(limner):
    limner.refuses("generate", "a AND b", "--prompt-syntax", "a1111", "--cfg", "1", saying="AND")
    limner.refuses(*DRAW, "--negative", "a AND b", "--prompt-syntax", "a1111", saying=["negative", "AND"])


# ---- sizes beyond the machine ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["--size", "16384x16384", "--vae-tiling", "off"],
        ["--size", "8192x8192", "--hires-scale", "2", "--vae-tiling", "off"],
        ["--size", "16384x16384", "--hires-scale", "8"],
    ],
)
def test_sizes_beyond_memory(limner, words):
    """What is needed is known before any work, from the sizes alone; 72 GiB are beyond the machines this runs on. Without
    `--vae-tiling off` the first two may fit in tiles, and would be drawn for hours."""
    if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") > 60 << 30:
        pytest.skip("this machine could draw it")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    run = limner.refuses(*DRAW, *words)
    assert "GiB" in run.err or "16384" in run.err
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 10


def test_outpainting_beyond_memory(limner, picture):
    limner.refuses(*DRAW, "--init", picture, "--outpaint", "16000", saying=["outpaint", "32128x32128"])


# ---- pictures --------------------------------------------------------------------------------------------------------


@pytest.fixture
def picture(limner):
    Image.effect_noise((128, 128), 60).convert("RGB").save(limner.folder / "in.png")
    return "in.png"


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width, height):
    """A small PNG that says it is large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def cut_in_half(limner, name, **options):
    image = Image.effect_noise((128, 128), 60).convert("RGB")
    image.save(limner.folder / name, **options)
    data = (limner.folder / name).read_bytes()
    (limner.folder / name).write_bytes(data[: len(data) // 2])


NO_PICTURES = ["missing", "folder", "FIFO", "device", "endless", "empty", "text", "bomb", "png", "jpg", "webp", "avif"]


@pytest.fixture(params=NO_PICTURES)
def no_picture(request, limner):
    """The path of something that is no readable picture."""
    path = limner.folder / f"bad.{request.param}"
    if request.param == "folder":
        path.mkdir()
    elif request.param == "FIFO":
        os.mkfifo(path)
    elif request.param == "device":
        return "/dev/null"
    elif request.param == "endless":
        return "/dev/zero"
    elif request.param == "empty":
        path.write_bytes(b"")
    elif request.param == "text":
        path.write_bytes(b"P6 what is this\n" * 100)
    elif request.param == "bomb":
        path.write_bytes(bomb(60000, 60000))
    elif request.param != "missing":
        cut_in_half(limner, path.name)
    return path.name


@pytest.mark.parametrize(
    "words", [[*DRAW, "--init"], [*DRAW, "--init", "in.png", "--mask"], ["inspect"], ["generate", "--like"]]
)
def test_no_picture(limner, picture, no_picture, words):
    limner.refuses(*words, no_picture)


def test_no_picture_to_enlarge(limner, no_picture):
    limner.refuses("upscale", no_picture, "--upscaler", "nonesuch.safetensors")


@pytest.mark.parametrize("words, saying", [([], "bad.png"), (["--json"], "bad.png")])
def test_the_picture_is_named(limner, words, saying):
    run = limner(*DRAW, "--init", "bad.png", *words)
    assert "init" in run.err and saying in run.err


@pytest.mark.parametrize("size", [(20000, 8), (8, 20000)])
def test_pictures_larger_than_can_be_drawn(limner, size):
    Image.new("RGB", size).save(limner.folder / "long.png")
    limner.refuses(*DRAW, "--init", "long.png", saying="16384")


def test_a_mask_of_another_size(limner, picture):
    Image.new("L", (64, 128), 255).save(limner.folder / "mask.png")
    limner.refuses(*DRAW, "--init", picture, "--mask", "mask.png", saying=["mask", "64x128", "128x128"])


def test_a_mask_alone(limner, picture):
    limner.refuses(*DRAW, "--mask", picture, saying=["mask", "give init"])


@pytest.mark.parametrize("margins", ["0", "-8", "1,2,3", "1,2,3,4,5", "8,8,8,x", "99999999999999", "8;8;8;8"])
def test_margins(limner, picture, margins):
    limner.refuses(*DRAW, "--init", picture, "--outpaint", margins, saying="outpaint")


@pytest.mark.parametrize(
    "words", [["--mask-blur", "nan"], ["--mask-blur", "-1"], ["--mask-blur", "1e9"], ["--outpaint", "8"]]
)
def test_what_does_not_go_with_a_mask(limner, picture, words):
    limner.refuses(*DRAW, "--init", picture, "--mask", picture, *words)


@pytest.mark.parametrize("strength", ["0", "-0.1", "1.5", "nan", "x"])
def test_strength(limner, picture, strength):
    limner.refuses(*DRAW, "--init", picture, "--strength", strength, saying="strength")


# ---- places to write -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place, saying",
    [
        ("nonesuch/out.png", "folder"),
        ("folder.png", "folder"),
        ("file.txt/out.png", ""),
        ("out.bmp", "bmp"),
        ("out", "png, jpeg, webp"),
        ("/dev/full", ""),
        ("/proc/out.png", ""),
        ("loop.png", ""),
        ("x" * 300 + ".png", ""),
        ("fifo.png", "FIFO"),
    ],
)
@pytest.mark.parametrize("flag", ["-o", "--preview"])
def test_places(limner, flag, place, saying):
    """Noticed before drawing: these steps would take minutes."""
    (limner.folder / "folder.png").mkdir()
    (limner.folder / "file.txt").touch()
    (limner.folder / "loop.png").symlink_to("loop.png")
    os.mkfifo(limner.folder / "fifo.png")
    words = ["-o", place] if flag == "-o" else ["-o", "out.png", "--preview", place]
    limner.refuses("generate", PROMPT, "--steps", "1000", "--size", "512x512", "-q", *words, saying=saying)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk(limner):
    full = limner.folder / "full"
    full.mkdir()
    if os.system(f"mount -t tmpfs -o size=16k,nr_inodes=2 none {full} 2>/dev/null") != 0:
        pytest.skip("mounting is not allowed here")
    try:
        (full / "last inode").write_bytes(bytes(8))
        run = limner("generate", PROMPT, "--steps", "2", "-q", "-o", "full/out.png")
        assert run.status in (1, 2) and "full/out.png" in run.err
        assert sorted(path.name for path in full.iterdir()) == ["last inode"]
    finally:
        os.system(f"umount {full}")


def test_a_picture_that_does_not_fit_leaves_nothing(limner):
    """RLIMIT_FSIZE is a disk that becomes full while the file is written."""
    (limner.folder / "out.png").write_bytes(b"old")
    run = limner.in_shell(
        "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "generate", PROMPT, "--steps", 2, "-q", "-o", "out.png"
    )
    assert run.returncode in (1, 2) and b"out.png" in run.stderr
    assert limner.files() == {"out.png"} and (limner.folder / "out.png").read_bytes() == b"old"


def test_a_place_that_may_not_be_written(limner):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (limner.folder / "closed").mkdir(mode=0o555)
    limner.refuses(*DRAW[:-1], "closed/out.png", saying="closed")
