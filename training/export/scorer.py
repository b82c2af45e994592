"""The scorer as transformers saves a CLIPModel, in f16."""

from ..scorer.train import MEAN, SPREAD, network
from .files import write_json, write_weights


def export_scorer(run, folder):
    """Writes weights, configs, tokenizer and how pictures are prepared."""
    net = network(run)
    write_json(folder / "config.json", net.config())
    write_weights(folder, "model", net.state_dict())
    side = run.size.scorer_side
    write_json(folder / "preprocessor_config.json", {
        "crop_size": {"height": side, "width": side}, "do_center_crop": True, "do_convert_rgb": True, "do_normalize": True,
        "do_rescale": True, "do_resize": True, "image_mean": list(MEAN), "image_processor_type": "CLIPImageProcessor",
        "image_std": list(SPREAD), "resample": 3, "rescale_factor": 1 / 255, "size": {"shortest_edge": side}})
    run.tokenizer.save(folder)
    run.say(f"export: {folder}")
