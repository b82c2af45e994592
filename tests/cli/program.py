"""Runs the program as people do: a command line in, files, text and an exit status out."""

import dataclasses
import json
import os
import pathlib
import subprocess

from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build")).resolve() / "limner"
PROMPT = "a red apple"

# Far beyond what anything here takes: only a program that hangs runs into it.
PATIENCE = 240


@dataclasses.dataclass
class Run:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Limner:
    """The program in an empty folder of its own, with a home of its own."""

    def __init__(self, folder, home):
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "LIMNER_MODELS": str(ROOT / "models"),
        }

    def command(self, *words):
        return [str(PROGRAM), *(word if isinstance(word, bytes) else str(word) for word in words)]

    def __call__(self, *words, environment=None):
        run = subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=self.environment | (environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
        )
        return Run(run.returncode, run.stdout.decode(), run.stderr.decode())

    def start(self, *words, **options):
        """The program still running, as a Popen."""
        return subprocess.Popen(
            self.command(*words), cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, **options
        )

    def in_shell(self, script, *words):
        """A finished shell script that has the command line in its "$@"."""
        return subprocess.run(
            ["sh", "-c", script, "sh", *self.command(*words)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
        )

    def draw(self, *words, prompt=PROMPT, steps=2, seed=7, out="out.png"):
        """Draws one picture, which must succeed; the path of its file. Unsigned: its bytes are always the same."""
        run = self("generate", prompt, "--no-sign", "--steps", steps, "--seed", seed, "-q", "-o", out, *words)
        assert run.status == 0, run.err
        assert run.out == f"{out}\n"
        return self.folder / out

    def picture(self, *words, **options):
        """The same as pixels."""
        with Image.open(self.draw(*words, **options)) as image:
            return image.convert("RGB")

    def refuses(self, *words, saying=(), status=2):
        """Runs what must be refused as bad input: explained on standard error by each of `saying`, nothing written."""
        before = self.files()
        run = self(*words)
        assert run.status == status, f"status {run.status}\n{run.out}{run.err}"
        for text in [saying] if isinstance(saying, str) else saying:
            assert text in run.err, run.err
        assert run.err.strip(), "nothing was said"
        assert len(run.err) < 4000, "too much was said"
        assert run.out == "", "standard output holds results only"
        assert self.files() == before, "something was written"
        return run

    def files(self):
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}

    def parameters(self, path):
        """What `limner inspect` finds in a file."""
        run = self("inspect", "--json", path)
        assert run.status == 0, run.err
        return run.json["limner"]["parameters"]
