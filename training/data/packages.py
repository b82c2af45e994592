"""The packages of drawings that training learns from: fetched by name and version, checked, read as the archives they are.

Nothing of them is installed or run, and none of their files is in this tree.
"""

import dataclasses
import hashlib
import pathlib
import subprocess
import tarfile
import tempfile


class Refused(Exception):
    """A package that cannot be had, or is not the one that was pinned."""


@dataclasses.dataclass(frozen=True)
class Package:
    """One npm package: what it is, and what its makers ask of whoever passes it on."""

    style: str  # the style of picture it holds: a key of STYLES
    name: str
    version: str
    sha256: str  # of the archive that the registry hands out
    licence: str  # SPDX
    attribution: str
    source: str

    @property
    def archive(self):
        """The file name that `npm pack` gives it."""
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}.tgz"


PACKAGES = (
    Package("3d", "@lobehub/fluent-emoji-3d", "1.1.0",
            "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58", "MIT",
            "Fluent Emoji, 3D. Copyright (c) Microsoft Corporation. Packaged by LobeHub.",
            "https://github.com/microsoft/fluentui-emoji"),
    Package("flat", "@iconify-json/fluent-emoji-flat", "1.2.6",
            "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175", "MIT",
            "Fluent Emoji, flat. Copyright (c) Microsoft Corporation. Packaged by Iconify.",
            "https://github.com/microsoft/fluentui-emoji"),
    Package("cartoon", "@iconify-json/noto", "1.2.9",
            "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad", "Apache-2.0",
            "Noto Emoji. Copyright Google Inc. Packaged by Iconify.",
            "https://github.com/googlefonts/noto-emoji"),
)
STYLES = tuple(package.style for package in PACKAGES)


def check(package, data):
    """Raises Refused unless `data` is the archive that was pinned."""
    digest = hashlib.sha256(data).hexdigest()
    if digest != package.sha256:
        raise Refused(f"{package.archive} has the SHA-256 {digest}, and not {package.sha256}")


def fetch(package, folder):
    """The path of the package's archive in `folder`, downloaded with npm if it is not there."""
    path = pathlib.Path(folder) / package.archive
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
            command = ["npm", "pack", "--silent", "--ignore-scripts", f"{package.name}@{package.version}"]
            try:
                run = subprocess.run(command, cwd=temporary, capture_output=True, text=True)
                said = run.stderr.strip()[-2000:]
            except OSError as error:
                said = str(error)
            made = list(pathlib.Path(temporary).glob("*.tgz"))
            if len(made) != 1:
                raise Refused(f"npm could not download {package.name} {package.version}; is there a network?\n{said}")
            check(package, made[0].read_bytes())
            made[0].rename(path)
    check(package, path.read_bytes())
    return path


def read(path, wanted):
    """{name inside package/: bytes} of the archive's files for which wanted(name) holds."""
    files = {}
    with tarfile.open(path) as archive:
        for member in archive:
            name = member.name.removeprefix("package/")
            if member.isfile() and wanted(name):
                files[name] = archive.extractfile(member).read()
    return files
