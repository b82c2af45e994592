"""From packages to a bank of sprites and its manifest: the stage `data`."""

import hashlib
import io
import json
import pathlib

from PIL import Image

from . import bank, packages
from .things import TABLE, table


def drawing(icons, name, side=2 * bank.SPRITE):
    """An icon of an Iconify set, rasterised; None if the set has none of that name."""
    import resvg_py  # only this stage needs it

    aliases = icons.get("aliases", {})
    seen = set()
    while name in aliases and name not in icons["icons"] and name not in seen:
        seen.add(name)
        name = aliases[name]["parent"]
    icon = icons["icons"].get(name)
    if icon is None:
        return None
    left, top = icon.get("left", icons.get("left", 0)), icon.get("top", icons.get("top", 0))
    width, height = (icon.get(k, icons.get(k, 16)) for k in ("width", "height"))
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
           f'viewBox="{left} {top} {width} {height}" width="{side}" height="{side}">{icon["body"]}</svg>')
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)))).convert("RGBA")


def renders(files, characters):
    """{icon name: bytes} of a package of renders named by code point; `characters`: code point -> icon name."""
    plain = {pathlib.PurePosixPath(name).stem.lower().replace("-fe0f", ""): name for name in files}
    found = {}
    for code, icon in characters.items():
        file = plain.get(code.lower().replace("-fe0f", ""))
        if file:
            found.setdefault(icon, files[file])
    return found


def build(downloads, out, wanted=None, say=print):
    """Fetches the packages into `downloads` and writes the bank and manifest.json into `out`; of the things in `wanted` only."""
    things = [thing for thing in table().values() if wanted is None or thing.name in wanted]
    archives = {package.style: packages.fetch(package, downloads) for package in packages.PACKAGES}
    sets = {style: {name: json.loads(data) for name, data in
                    packages.read(path, lambda n: n in ("icons.json", "chars.json")).items()}
            for style, path in archives.items() if style != "3d"}
    rendered = renders(packages.read(archives["3d"], lambda n: n.endswith(".webp")), sets["flat"]["chars.json"])

    def sprites_of(thing):
        made = {}
        if thing.icon in rendered:
            made["3d"] = Image.open(io.BytesIO(rendered[thing.icon])).convert("RGBA")
        for style in sets:
            image = drawing(sets[style]["icons.json"], thing.icon)
            if image is not None:
                made[style] = image
        return {(thing.name, style): bank.tidy(image) for style, image in made.items()}

    sprites, missing = {}, []
    for number, thing in enumerate(things, 1):
        made = sprites_of(thing)
        if len(made) == len(packages.STYLES):
            sprites |= made
        else:
            missing.append(thing.name)
        if number % 100 == 0:
            say(f"{number} of {len(things)} things drawn")
    if missing:
        raise packages.Refused(f"the packages lack, in some style: {', '.join(missing)}")
    manifest = manifest_of(sprites, len(things))
    bank.write(out, sprites, {"sources": [vars(p) for p in packages.PACKAGES]})
    manifest["sprites_sha256"] = json.loads((pathlib.Path(out) / "index.json").read_text())["sprites_sha256"]
    (pathlib.Path(out) / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    say(f"{len(things)} things in {len(packages.STYLES)} styles: {len(sprites)} sprites in {out}")


def manifest_of(sprites, things):
    """What the model was trained on: packages with their hashes, licences and makers; the code that composed from them."""
    return {
        "format": 1,
        "sources": [{"package": p.name, "version": p.version, "registry": "npm", "sha256": p.sha256, "licence": p.licence,
                     "attribution": p.attribution, "source": p.source, "style": p.style} for p in packages.PACKAGES],
        "things": things, "styles": list(packages.STYLES), "sprites": len(sprites),
        "table_sha256": hashlib.sha256(TABLE.read_bytes()).hexdigest(),
        "recipe_sha256": recipe_digest(),
        "holds": "drawings and renders of things, and shapes drawn by program; no photographs, no persons, no scraped text",
    }


def recipe_digest():
    """SHA-256 over the code and tables that make scenes and captions."""
    digest = hashlib.sha256()
    root = pathlib.Path(__file__).parent
    for path in sorted(p for p in root.rglob("*") if p.suffix in (".py", ".txt")):
        digest.update(f"{path.relative_to(root).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()
