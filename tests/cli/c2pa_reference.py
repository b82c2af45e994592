"""The reference implementation of C2PA, as a reader and a writer of manifests."""

import io
import json

import c2pa
from PIL import Image

TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}


def context(*roots):
    """The reference with these roots' PEM files trusted."""
    anchors = "".join(root.read_text() for root in roots)
    settings = {"builder": {"thumbnail": {"enabled": False}}}
    if anchors:
        settings["trust"] = {"user_anchors": anchors}
    return c2pa.Context(settings=c2pa.Settings.from_dict(settings))


class Read:
    """What the reference finds in a file."""

    def __init__(self, path, *roots, content=None):
        with io.BytesIO(content or path.read_bytes()) as stream:
            self.whole = json.loads(c2pa.Reader(TYPES[path.suffix[1:]], stream, context=context(*roots)).json())
        self.state = self.whole["validation_state"]
        self.failures = [one["code"] for one in self.whole["validation_results"]["activeManifest"]["failure"]]
        self.manifest = self.whole["manifests"][self.whole["active_manifest"]]

    def assertion(self, label):
        return next(one["data"] for one in self.manifest["assertions"] if one["label"] == label)


def signed(chain, path, algorithm="es256", picture=None, parent=None):
    """Writes a picture that the reference signed with the chain in a folder."""
    picture = picture or Image.effect_noise((48, 32), 40).convert("RGB")
    ending = path.suffix[1:]
    plain, out = io.BytesIO(), io.BytesIO()
    picture.save(plain, {"jpg": "jpeg"}.get(ending, ending))
    plain.seek(0)
    action = {
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    }
    manifest = {
        "claim_generator_info": [{"name": "Somebody else", "version": "1"}],
        "title": path.name,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}, "created": True}],
    }
    if parent:
        manifest["assertions"] = []
    builder = c2pa.Builder(json.dumps(manifest), context=context())
    if parent:
        builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
        with parent.open("rb") as stream:
            ingredient = {"title": parent.name, "relationship": "parentOf"}
            builder.add_ingredient(json.dumps(ingredient), TYPES[parent.suffix[1:]], stream)
    signer = c2pa.Signer.from_info(
        c2pa.C2paSignerInfo(
            alg=algorithm.encode(),
            sign_cert=(chain / "chain.pem").read_bytes(),
            private_key=(chain / "key.pem").read_bytes(),
            ta_url=None,
        )
    )
    builder.sign(signer, TYPES[ending], plain, out)
    path.write_bytes(out.getvalue())
    return path
