"""A StableDiffusionPipeline as diffusers saves one, in f16."""

import hashlib
import json

from ..autoencoder import train as autoencoder_stage
from ..config import BETA_FIRST, BETA_LAST, GUIDANCE, NOISE_STEPS
from ..unet.train import networks
from .card import card
from .files import write_json, write_weights

SCHEDULE = {"_diffusers_version": "0.42.1", "beta_end": BETA_LAST, "beta_schedule": "scaled_linear", "beta_start": BETA_FIRST,
            "clip_sample": False, "num_train_timesteps": NOISE_STEPS, "prediction_type": "v_prediction",
            "set_alpha_to_one": False, "steps_offset": 1, "timestep_spacing": "leading", "trained_betas": None}
SCHEDULERS = {"unet": SCHEDULE | {"_class_name": "DDIMScheduler"},
              "distil": SCHEDULE | {"_class_name": "LCMScheduler", "original_inference_steps": 50, "timestep_scaling": 10.0}}
DEFAULTS = {"unet": {"steps": 20, "guidance": GUIDANCE}, "distil": {"steps": 4, "guidance": 1.0}}
INDEX = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.42.1", "feature_extractor": [None, None],
         "image_encoder": [None, None], "requires_safety_checker": False, "safety_checker": [None, None],
         "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
         "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderTiny"]}


def export_model(run, stage, folder):
    """Writes the model of a stage: `unet` or `distil`."""
    text, unet = networks(run, stage)
    autoencoder = autoencoder_stage.network(run)
    scaling = run.noted("autoencoder")["scaling"]
    scheduler = SCHEDULERS[stage]
    write_json(folder / "model_index.json", INDEX | {"scheduler": ["diffusers", scheduler["_class_name"]]})
    write_json(folder / "scheduler" / "scheduler_config.json", scheduler)
    write_json(folder / "limner.json", {"defaults": DEFAULTS[stage]})
    for name, net, stem, config in (
            ("text_encoder", text, "model", text.config()),
            ("unet", unet, "diffusion_pytorch_model", unet.config()),
            ("vae", autoencoder, "diffusion_pytorch_model", autoencoder.config(scaling))):
        write_json(folder / name / "config.json", config)
        write_weights(folder / name, stem, net.state_dict())
    run.tokenizer.save(folder / "tokenizer")
    write_lineage(run, folder)
    (folder / "README.md").write_text(card(run, stage, folder))
    size = sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
    run.say(f"export: {folder}, {size / 1e6:.1f} MB of weights")


def write_lineage(run, folder):
    """lineage.json: the data set's manifest, what each stage did, and a hash of every file of weights."""
    manifest = run.out / "bank" / "manifest.json"
    if not manifest.exists():  # a run on sprites of one's own
        return
    report = run.out / "report.json"
    weights = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
               for path in sorted(folder.rglob("*.safetensors"))}
    write_json(folder / "lineage.json", {"format": 1, "data": json.loads(manifest.read_text()), "size": run.size.name,
                                         "stages": json.loads(report.read_text()), "weights_sha256": weights})
