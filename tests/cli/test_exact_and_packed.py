"""What trades exactness for speed can be switched off, and packed weights that are kept change nothing but the start."""

import pathlib

import pytest
from program import PROMPT


def drawn(limner, out, *words, environment=None):
    run = limner("generate", PROMPT, "--steps", 2, "--seed", 7, "--json", "-q", "--no-sign", "-o", out, *words,
                 environment=environment)
    if run.status == 2 and "processor" in run.err:
        pytest.skip("this processor has no bf16")
    assert run.status == 0, run.err
    return run.json["model"]["dtype"], (limner.folder / out).read_bytes()


def test_exact_is_f32_where_nothing_else_is_said(limner):
    dtype, picture = drawn(limner, "a.png", "--exact")
    assert dtype == "f32"
    assert picture == drawn(limner, "b.png", "--dtype", "f32")[1]


def test_exact_bf16_convolves_directly(limner):
    dtype, picture = drawn(limner, "a.png", "--exact", "--dtype", "bf16")
    assert dtype == "bf16-direct"
    assert picture == drawn(limner, "b.png", "--dtype", "bf16-direct")[1]
    assert picture != drawn(limner, "c.png", "--dtype", "bf16")[1]


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
def test_kept_weights_draw_the_same_picture(limner, tmp_path, dtype):
    cache = {"XDG_CACHE_HOME": str(tmp_path)}
    before = drawn(limner, "before.png", "--dtype", dtype, environment=cache)
    run = limner("model", "pack", "limner-tiny", "--dtype", dtype, "--json", environment=cache)
    assert run.status == 0, run.err
    files = sorted((tmp_path / "limner" / "packed").iterdir())
    assert run.json["folder"] == str(files[0].parent) and run.json["bytes"] > 1 << 20
    assert len(files) == 3, "text encoder, UNet and autoencoder"
    assert drawn(limner, "mapped.png", "--dtype", dtype, environment=cache) == before
    for file in files:  # damaged ones are as good as none
        file.write_bytes(file.read_bytes()[:-100])
    assert drawn(limner, "damaged.png", "--dtype", dtype, environment=cache) == before
    for file in files:
        file.unlink()
    assert drawn(limner, "deleted.png", "--dtype", dtype, environment=cache) == before


@pytest.mark.skipif("amx_bf16" not in pathlib.Path("/proc/cpuinfo").read_text(), reason="this processor has no AMX")
def test_a_library_kept_from_amx_keeps_limner_from_it(limner, tmp_path):
    """The kernels are those of a processor without, and so are the weights that are kept."""
    packed = tmp_path / "limner" / "packed"
    for number, (cap, kernels) in enumerate([("DEFAULT", "amx"), ("AVX512_CORE_BF16", "avx512bf16")], 1):
        environment = {"XDG_CACHE_HOME": str(tmp_path), "ONEDNN_MAX_CPU_ISA": cap}
        run = limner("model", "show", "limner-tiny", "--json", environment=environment)
        assert run.json["backend"].split()[0] == kernels
        assert limner("model", "pack", "limner-tiny", "--dtype", "bf16", environment=environment).status == 0
        assert len(list(packed.iterdir())) == 3 * number


def test_weights_that_no_file_holds_are_not_kept(limner):
    run = limner("model", "pack", "nowhere")
    assert run.status == 2 and "nowhere" in run.err
