"""Pictures as other programs leave them."""

from PIL import Image, PngImagePlugin


def write_infotext(path, text):
    """A PNG with `text` where AUTOMATIC1111 puts its parameters."""
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", text)
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
