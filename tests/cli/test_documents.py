"""The README's commands run, and the documents name what the program has."""

import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build"))


def readme_commands():
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S)
    return [line for block in blocks for line in block.splitlines() if line]


# These two are what a person types first: the first builds everything, the second is what runs this test.
FIRST_COMMANDS = ['./dev draw "a red apple on a blue background"', "./dev test"]


def test_readme_runs_from_top_to_bottom(tmp_path):
    commands = readme_commands()
    assert all(command in commands for command in FIRST_COMMANDS)
    for name in ("models", "dev", "tests", "tools", "src", "CMakeLists.txt"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "build").symlink_to(BUILD)
    env = dict(os.environ, XDG_DATA_HOME=str(tmp_path / "data"))
    for command in commands:
        if command in FIRST_COMMANDS:
            continue
        run = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=600)
        assert run.returncode == 0, f"{command}\n{run.stderr}"


@pytest.mark.parametrize("command", ["samplers", "schedules"])
def test_every_name_is_in_the_document(command):
    run = subprocess.run([BUILD / "limner", command, "--json"], capture_output=True, text=True, check=True)
    document = (ROOT / "docs" / "samplers.md").read_text()
    missing = [entry["name"] for entry in json.loads(run.stdout) if f"`{entry['name']}`" not in document]
    assert not missing
