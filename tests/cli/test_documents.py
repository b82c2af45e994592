"""The README's commands run, and the documents name what the program has."""

import json
import os
import pathlib
import re
import subprocess
import sys
import threading

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


def blocks_of(section, language):
    text = (ROOT / "README.md").read_text()
    body = text.split(f"## {section}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", body, re.S)


def test_readme_serves(tmp_path):
    """The server as the README starts it, curl, OpenAI's client and a stream as it calls them; on a free port."""
    for name in ("models", "dev", "tests", "tools", "src", "CMakeLists.txt"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "build").symlink_to(BUILD)
    serve, calls = blocks_of("Serve it", "bash")
    (program,) = blocks_of("Serve it", "python")
    env = dict(os.environ, LIMNER_SERVER_PORT="0", LIMNER_MODELS=str(ROOT / "models"))
    server = subprocess.Popen(["bash", "-c", "exec " + serve], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        key = next(found[0] for line in server.stderr if (found := re.search(r"lim_\S+", line)))
        threading.Thread(target=server.stderr.read, daemon=True).start()
        url = server.stdout.readline().strip()
        assert url, "the server did not start"
        env["LIMNER_KEY"] = key
        for words in (["bash", "-ec", calls], [sys.executable, "-c", program]):
            words[-1] = words[-1].replace("http://127.0.0.1:8080", url)
            run = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240)
            assert run.returncode == 0, f"{words[-1]}\n{run.stderr}"
        assert "image_generation.completed" in run.stdout
        assert (tmp_path / "cats.png").stat().st_size > 1000 and (tmp_path / "car.png").stat().st_size > 1000
    finally:
        server.terminate()
        assert server.wait(60) == 0


@pytest.mark.parametrize("command", ["samplers", "schedules"])
def test_every_name_is_in_the_document(command):
    run = subprocess.run([BUILD / "limner", command, "--json"], capture_output=True, text=True, check=True)
    document = (ROOT / "docs" / "samplers.md").read_text()
    missing = [entry["name"] for entry in json.loads(run.stdout) if f"`{entry['name']}`" not in document]
    assert not missing
