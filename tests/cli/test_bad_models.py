"""Models, adapters and configurations that are damaged, lie, or are of another kind.

Every one is refused with status 2 and a reason that names the file, tensor or key; none crashes, hangs, or draws a picture.
"""

import copy
import os
import struct

import pytest
import tiny_model
from program import PROMPT
from tiny_model import WEIGHTS, config, tensors

NAN = float("nan")


@pytest.fixture
def refuses(limner):
    """Draws with a copy of the default model in which some files are replaced, and expects a refusal."""

    def refuse(files, saying=(), *words):
        model = tiny_model.copy(limner.folder.parent / "model", files)
        return limner.refuses("generate", PROMPT, "-m", model, "--steps", 2, "-q", "-o", "out.png", *words, saying=saying)

    return refuse


def test_a_copy_of_the_model_draws_the_same(limner):
    """The damage below is the only thing that keeps these copies from drawing."""
    model = tiny_model.copy(limner.folder.parent / "model", {})
    own = limner.draw().read_bytes()
    theirs = limner("generate", PROMPT, "-m", model, "--steps", 2, "--seed", 7, "-q", "--bare", "--no-sign",
                    "-o", "theirs.png")
    assert theirs.status == 0 and (limner.folder / "theirs.png").read_bytes() == limner.draw("--bare").read_bytes() != own


# ---- weight files ----------------------------------------------------------------------------------------------------


def first_and_last(header):
    names = [name for name in header if name != "__metadata__"]
    return names[0], names[-1]


def cut_in_header(name, whole, header, data):
    return whole[:100], "cut off"


def cut_in_data(name, whole, header, data):
    return whole[:-1000], "not inside the file"


def longer_than_said(name, whole, header, data):
    return whole + b"\0", "damaged"


def huge_header(name, whole, header, data):
    return struct.pack("<Q", 2**63) + whole[8:], "header of 9223372036854775808 bytes"


def header_beyond_the_file(name, whole, header, data):
    return struct.pack("<Q", 90_000_000) + whole[8:], "90000000"


def no_json(name, whole, header, data):
    return tiny_model.safetensors(b"{nonsense}"), "not valid JSON"


def deep_json(name, whole, header, data):
    return tiny_model.safetensors(b'{"a":' * 100_000), "header"


def offsets_beyond_the_file(name, whole, header, data):
    header[first_and_last(header)[0]]["data_offsets"] = [0, 2**62]
    return tiny_model.safetensors(header, data), first_and_last(header)[0]


def tensors_that_overlap(name, whole, header, data):
    _, last = first_and_last(header)
    header[last]["data_offsets"] = [offset - 2 for offset in header[last]["data_offsets"]]
    return tiny_model.safetensors(header, data), f"'{last}': begins at byte"


def a_shape_that_overflows(name, whole, header, data):
    header[first_and_last(header)[0]]["shape"] = [2**40, 2**40]
    return tiny_model.safetensors(header, data), "overflows"


def a_negative_shape(name, whole, header, data):
    header[first_and_last(header)[0]]["shape"] = [-1, -1]
    return tiny_model.safetensors(header, data), "negative"


def an_unknown_type(name, whole, header, data):
    header[first_and_last(header)[0]]["dtype"] = "F13"
    return tiny_model.safetensors(header, data), "F13"


def a_missing_tensor(name, whole, header, data):
    first, _ = first_and_last(header)
    header[first + ".renamed"] = header.pop(first)
    return tiny_model.safetensors(header, data), f"no tensor '{first}'"


def a_tensor_of_another_shape(name, whole, header, data):
    first, _ = first_and_last(header)
    shape = header[first]["shape"]
    header[first]["shape"] = [shape[0] // 2, 2, *shape[1:]]
    return tiny_model.safetensors(header, data), f"'{first}' is [{shape[0] // 2}, 2"


def empty(name, whole, header, data):
    return b"", "0 bytes"


DAMAGES = [
    empty, cut_in_header, cut_in_data, longer_than_said, huge_header, header_beyond_the_file, no_json, deep_json,
    offsets_beyond_the_file, tensors_that_overlap, a_shape_that_overflows, a_negative_shape, an_unknown_type,
    a_missing_tensor, a_tensor_of_another_shape,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("component", WEIGHTS)
def test_damaged_weights(refuses, component, damage):
    header, data = tiny_model.read(component)
    whole = (tiny_model.TINY / WEIGHTS[component]).read_bytes()
    content, saying = damage(component, whole, copy.deepcopy(header), bytes(data))
    refuses({WEIGHTS[component]: content}, [saying, WEIGHTS[component]])


def test_a_shape_is_compared_with_the_expected_one(refuses):
    header, data = tiny_model.read("unet")
    header["conv_in.bias"]["shape"] = [2, 32]
    refuses({WEIGHTS["unet"]: tiny_model.safetensors(header, bytes(data))}, ["'conv_in.bias' is [2, 32]", "expected [64]"])


@pytest.mark.parametrize("bits", [b"\x00\x7e", b"\x00\x7c"], ids=["nan", "infinity"])
@pytest.mark.parametrize("dtype", ["f32", "bf16"])
@pytest.mark.parametrize(
    "component, tensor",
    [
        ("unet", "conv_in.weight"),
        ("unet", "up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight"),
        ("vae", "decoder.layers.0.weight"),
        ("text_encoder", "text_model.embeddings.token_embedding.weight"),
        ("text_encoder", "text_model.final_layer_norm.bias"),
    ],
)
def test_weights_that_are_no_numbers(limner, refuses, component, tensor, dtype, bits):
    """A single one, which would otherwise end as a black picture or in nothing but one prompt in thousands."""
    if dtype == "bf16" and "bf16" in limner("generate", "x", "--steps", 1, "--dtype", "bf16", "-q").err:
        pytest.skip("this processor has no bf16")
    header, data = tiny_model.read(component)
    assert header[tensor]["dtype"] == "F16"
    middle = sum(header[tensor]["data_offsets"]) // 4 * 2
    data[middle : middle + 2] = bits
    refuses({WEIGHTS[component]: tiny_model.safetensors(header, bytes(data))}, [tensor, "not finite"], "--dtype", dtype)


def test_finite_weights_that_overflow(refuses):
    """Weights may all be finite and the picture not."""
    header, data = tiny_model.read("vae")
    begin, end = header["decoder.layers.0.weight"]["data_offsets"]
    for name, entry in header.items():
        if name.startswith("decoder") and name.endswith("weight"):
            begin, end = entry["data_offsets"]
            data[begin:end] = b"\xff\x7b" * ((end - begin) // 2)
    refuses({WEIGHTS["vae"]: tiny_model.safetensors(header, bytes(data))}, "not numbers", "--dtype", "f32")


@pytest.mark.parametrize("component", WEIGHTS)
def test_a_pickle_is_never_read(refuses, component):
    name = WEIGHTS[component]
    pickle = name.replace(".safetensors", ".bin").replace("/model.", "/pytorch_model.")
    run = refuses({name: None, pickle: b"\x80\x02cos\nsystem\n(S'touch ran'\ntR."}, ["pickle", "safetensors"])
    assert "convert" in run.err


@pytest.mark.parametrize("name", ["model.ckpt", "model.pt", "model.bin", "model.safetensors"])
def test_a_pickled_checkpoint_is_never_read(limner, name):
    path = limner.folder.parent / name
    path.write_bytes(b"PK\x03\x04" + bytes(1000))
    limner.refuses("generate", PROMPT, "-m", path, "-o", "out.png", saying=name)


@pytest.mark.parametrize("what", ["FIFO", "/dev/zero", "folder", "loop"])
@pytest.mark.parametrize("name", ["model_index.json", "unet/config.json", "tokenizer/vocab.json", *WEIGHTS.values()])
def test_what_is_no_file(limner, name, what):
    model = tiny_model.copy(limner.folder.parent / "model", {name: None})
    if what == "FIFO":
        os.mkfifo(model / name)
    elif what == "folder":
        (model / name).mkdir()
    else:
        (model / name).symlink_to("/dev/zero" if what == "/dev/zero" else model / name)
    limner.refuses("generate", PROMPT, "-m", model, "-o", "out.png")


def test_shards_stay_in_their_folder(refuses):
    name = WEIGHTS["unet"]
    index = b'{"weight_map": {"conv_in.weight": "../../../../etc/passwd"}}'
    refuses({name: None, f"{name}.index.json": index}, "weight_map")


# ---- configurations --------------------------------------------------------------------------------------------------

UNET, VAE, TEXT = (f"{part}/config.json" for part in ("unet", "vae", "text_encoder"))
SCHEDULER, INDEX, DEFAULTS = "scheduler/scheduler_config.json", "model_index.json", "limner.json"

ABSURD = [
    (UNET, "block_out_channels", [2**31] * 3),
    (UNET, "block_out_channels", [64] * 1000),
    (UNET, "block_out_channels", [0, 0, 0]),
    (UNET, "block_out_channels", []),
    (UNET, "block_out_channels", "many"),
    (UNET, "layers_per_block", 0),
    (UNET, "layers_per_block", 10**9),
    (UNET, "transformer_layers_per_block", 10**9),
    (UNET, "norm_num_groups", 0),
    (UNET, "norm_num_groups", 7),
    (UNET, "attention_head_dim", -3),
    (UNET, "cross_attention_dim", 10**12),
    (UNET, "in_channels", 5),
    (UNET, "out_channels", 3),
    (UNET, "act_fn", "nonesuch"),
    (UNET, "down_block_types", ["Nonesuch"] * 3),
    (UNET, "sample_size", 10**9),
    (UNET, "sample_size", 65536),
    (UNET, "norm_eps", "small"),
    (UNET, "_class_name", "Nonesuch"),
    (VAE, "decoder_block_out_channels", [48] * 40),
    (VAE, "latent_channels", 0),
    (VAE, "latent_channels", 10**10),
    (VAE, "latent_channels", 8),
    (VAE, "scaling_factor", 0),
    (VAE, "scaling_factor", "large"),
    (VAE, "num_decoder_blocks", [10**9] * 4),
    (VAE, "num_decoder_blocks", [1]),
    (VAE, "upsampling_scaling_factor", 1000),
    (VAE, "act_fn", "nonesuch"),
    (VAE, "_class_name", "Nonesuch"),
    (VAE, "_class_name", 3),
    (TEXT, "hidden_size", 0),
    (TEXT, "hidden_size", 2**40),
    (TEXT, "num_hidden_layers", 0),
    (TEXT, "num_hidden_layers", 10**9),
    (TEXT, "num_attention_heads", 5),
    (TEXT, "vocab_size", 10),
    (TEXT, "vocab_size", 2**60),
    (TEXT, "max_position_embeddings", 0),
    (TEXT, "max_position_embeddings", 2),
    (TEXT, "max_position_embeddings", 10**9),
    (TEXT, "hidden_act", "nonesuch"),
    (TEXT, "intermediate_size", -1),
    (TEXT, "model_type", "bert"),
    (SCHEDULER, "num_train_timesteps", 0),
    (SCHEDULER, "num_train_timesteps", 10**9),
    (SCHEDULER, "beta_start", -1),
    (SCHEDULER, "beta_start", "small"),
    (SCHEDULER, "beta_end", 5),
    (SCHEDULER, "beta_schedule", "nonesuch"),
    (SCHEDULER, "prediction_type", "nonesuch"),
    (SCHEDULER, "timestep_spacing", "nonesuch"),
    (SCHEDULER, "steps_offset", 10**6),
    (SCHEDULER, "trained_betas", [1] * 10),
    (INDEX, "_class_name", "Nonesuch"),
    (INDEX, "_class_name", ...),
    (INDEX, "unet", ...),
    (INDEX, "unet", ["a"]),
    (INDEX, "unet", [1, 2]),
    (INDEX, "unet", [None, None]),
    (INDEX, "vae", ["diffusers", "Nonesuch"]),
    (INDEX, "scheduler", ["diffusers", "Nonesuch"]),
    (INDEX, "tokenizer", ["transformers", "T5Tokenizer"]),
    (INDEX, "text_encoder", ...),
    (INDEX, "transformer", ["diffusers", "FluxTransformer2DModel"]),
    (DEFAULTS, "defaults", {"steps": 0}),
    (DEFAULTS, "defaults", {"steps": "30"}),
    (DEFAULTS, "defaults", {"width": 1e9}),
    (DEFAULTS, "defaults", {"nonesuch": 1}),
    (DEFAULTS, "defaults", 3),
    (DEFAULTS, "nonesuch", 1),
    ("tokenizer/tokenizer_config.json", "model_max_length", "long"),
    ("tokenizer/vocab.json", "a</w>", -1),
    ("tokenizer/vocab.json", "a</w>", 10**15),
    ("tokenizer/vocab.json", "a</w>", "b"),
    ("tokenizer/vocab.json", "a</w>", ...),
]


@pytest.mark.parametrize("name, key, value", ABSURD, ids=lambda value: str(value)[:40])
def test_absurd_configurations(refuses, name, key, value):
    refuses({name: config(name, **{key: value})})


def test_a_configuration_names_file_key_and_limits(refuses):
    refuses({UNET: config(UNET, layers_per_block=99)}, ["unet/config.json: layers_per_block: 99", "between 1 and 16"])


BROKEN_JSON = [b"", b"{", b"[]", b"3", b"null", b"\xff\xfe", b'{"a":' * 3000, b'{"a": 1' + b"0" * 400 + b"}"]


@pytest.mark.parametrize("content", BROKEN_JSON)
@pytest.mark.parametrize("name", [UNET, VAE, TEXT, SCHEDULER, INDEX, "tokenizer/tokenizer_config.json"])
def test_broken_json(limner, name, content):
    model = tiny_model.copy(limner.folder.parent / "model", {name: content})
    run = limner("generate", PROMPT, "-m", model, "--steps", 1, "-q", "-o", "out.png")
    if run.status == 0:
        assert name.startswith("tokenizer"), "a tokenizer's settings all have defaults"
        return
    assert run.status == 2 and name in run.err and limner.files() == set()


@pytest.mark.parametrize("name", [UNET, VAE, TEXT, SCHEDULER, INDEX, "tokenizer/vocab.json", "tokenizer/merges.txt"])
def test_a_missing_file(refuses, name):
    refuses({name: None}, name)


@pytest.mark.parametrize("content", [b"{", b"a b c\n", b"\xff\xfe", b"a nonesuch\n", b"x" * 100_000])
def test_broken_merges(refuses, content):
    refuses({"tokenizer/merges.txt": content}, "merges")


def test_a_strangers_text_does_not_steer_the_terminal(refuses):
    run = refuses({INDEX: config(INDEX, _class_name="\x1b]0;owned\x07\x9b2J")}, "_class_name")
    assert not any(c in run.err for c in "\x1b\x07\x9b")


# ---- files beside the model ------------------------------------------------------------------------------------------

QUERY = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"


def lora(module=QUERY, up=128, down=128, value=0.01, **more):
    parts = {
        f"{module}.lora_A.weight": ([2, down], [value] * 2 * down),
        f"{module}.lora_B.weight": ([up, 2], [value] * 2 * up),
    }
    return tensors(parts | more)


def embedding(count=2, width=192, value=0.1, name="emb_params"):
    return tensors({name: ([count, width], [value] * count * width)})


BAD_FILES = [
    ("--lora", lora(value=NAN), "not finite"),
    ("--lora", lora(value=1e30), "not finite"),
    ("--lora", lora(up=64), "shape"),
    ("--lora", lora(module="unet.nonesuch"), "none of the 1 keys"),
    ("--lora", tensors({f"{QUERY}.lora_A.weight": ([2, 128], [0.1] * 256)}), "lacks"),
    ("--lora", lora(**{f"{QUERY}.alpha": ([], [NAN])}), "alpha"),
    ("--lora", tensors({}), "no LoRA"),
    ("--embedding", embedding(width=768), "width 192"),
    ("--embedding", embedding(value=NAN), "not finite"),
    ("--embedding", embedding(count=80), "[80, 192]"),
    ("--embedding", embedding(count=0), "[0, 192]"),
    ("--embedding", embedding(name=""), "0 characters"),
    ("--embedding", embedding(name="x" * 5000), "5000 characters"),
    ("--embedding", lora(), "2 tensors"),
    ("--vae", lora(), "extra.safetensors"),
    ("--controlnet", lora(), "extra.safetensors"),
    ("--hires-upscaler", lora(), "extra.safetensors"),
]


@pytest.mark.parametrize("flag, content, saying", BAD_FILES, ids=lambda value: value if isinstance(value, str) else "")
def test_files_beside_the_model(limner, flag, content, saying):
    path = limner.folder.parent / "extra.safetensors"
    path.write_bytes(content)
    limner.draw(out="in.png", steps=1)
    more = {"--controlnet": ["--control-image", "in.png"], "--hires-upscaler": ["--hires-scale", "2"]}.get(flag, [])
    limner.refuses("generate", PROMPT, "--steps", 2, "-q", "-o", "out.png", flag, path, *more, saying=saying)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(100), tiny_model.safetensors(b"[]"), struct.pack("<Q", 2**62)])
@pytest.mark.parametrize("flag", ["--lora", "--embedding", "--vae", "--controlnet", "--hires-upscaler", "--model"])
def test_files_that_are_no_weights(limner, flag, content):
    path = limner.folder.parent / "extra.safetensors"
    path.write_bytes(content)
    limner.draw(out="in.png", steps=1)
    more = {"--controlnet": ["--control-image", "in.png"], "--hires-upscaler": ["--hires-scale", "2"]}.get(flag, [])
    limner.refuses("generate", PROMPT, "--steps", 2, "-q", "-o", "out.png", flag, path, *more, saying="extra.safetensors")


@pytest.mark.parametrize("place", ["nonesuch", "fifo", "/dev/zero", "/dev/null", "."])
@pytest.mark.parametrize("flag", ["--lora", "--embedding", "--vae", "--controlnet", "--hires-upscaler", "--model"])
def test_places_that_hold_no_weights(limner, flag, place):
    os.mkfifo(limner.folder / "fifo")
    limner.draw(out="in.png", steps=1)
    more = {"--controlnet": ["--control-image", "in.png"], "--hires-upscaler": ["--hires-scale", "2"]}.get(flag, [])
    limner.refuses("generate", PROMPT, "--steps", 2, "-q", "-o", "out.png", flag, place, *more)


@pytest.mark.parametrize("weight", ["nan", "inf", "1e999", "-101"])
def test_lora_weights(limner, weight):
    path = limner.folder.parent / "extra.safetensors"
    path.write_bytes(lora())
    limner.refuses("generate", PROMPT, "-o", "out.png", "--lora", f"{path}:{weight}", saying="lora")


def test_good_files_beside_the_model(limner):
    """What the above are broken copies of."""
    path = limner.folder.parent / "style.safetensors"
    path.write_bytes(lora(value=0.3))
    plain = limner.draw("--bare").read_bytes()
    assert limner.draw("--bare", "--lora", path).read_bytes() != plain
    assert limner.draw("--bare", "--lora", f"{path}:0").read_bytes() == plain
    path.write_bytes(embedding())
    assert limner.draw("--bare", "--embedding", path).read_bytes() == plain
    spoken = [limner.draw("--bare", *words, prompt="a style apple").read_bytes() for words in ([], ["--embedding", path])]
    assert spoken[0] != spoken[1]
