"""What people see while it draws, and what Ctrl-C leaves behind."""

import os
import pty
import re
import signal
import subprocess
import time

import pytest
from program import PATIENCE, PROMPT

ENDLESS = ["generate", PROMPT, "--steps", "500", "--size", "512x512"]


def on_terminal(limner, *words):
    """Everything the program writes to a terminal on its standard error."""
    master, slave = pty.openpty()
    process = limner.start(*words, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    seen = b""
    while True:
        try:
            seen += os.read(master, 65536)
        except OSError:  # the other end is closed
            break
    os.close(master)
    assert process.wait(PATIENCE) == 0
    return seen.decode()


def test_a_bar_on_a_terminal(limner):
    seen = on_terminal(limner, "generate", PROMPT, "--steps", 8, "-o", "out.png")
    assert re.search(r"\[[#-]+\] step \d/8  [\d.]+ (it/s|s/it)  \d+:\d\d left", seen), seen
    assert "[" + "#" * 30 + "] step 8/8" in seen
    assert seen.endswith("\r\033[K"), "the bar is wiped"


def test_a_line_a_stage_elsewhere(limner):
    run = limner("generate", PROMPT, "--steps", 8, "-o", "out.png")
    assert 3 <= len(run.err.splitlines()) <= 8, run.err
    assert "loading limner-tiny" in run.err
    assert "\r" not in run.err and "\033" not in run.err


def test_quiet_says_nothing(limner):
    assert limner("generate", PROMPT, "--steps", 2, "-q", "-o", "out.png").err == ""
    assert on_terminal(limner, "generate", PROMPT, "--steps", 2, "-q", "-o", "out.png") == ""


def test_quiet_still_tells_errors(limner):
    limner.refuses("generate", PROMPT, "-q", "--steps", 0, saying="steps")


def wait_for(condition, process):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing(limner, signal_number):
    words = [*ENDLESS, "-o", "out.png", "--preview", "p.png", "--preview-every", "1"]
    process = limner.start(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for((limner.folder / "p.png").exists, process)
    process.send_signal(signal_number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert out == b"" and b"interrupted" in err
    assert limner.files() == {"p.png"}, "only the preview of a finished step stays"


def test_an_interrupt_while_loading(limner):
    process = limner.start(*ENDLESS, "-o", "out.png", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr.readline().startswith(b"loading")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert limner.files() == set()


def test_an_interrupt_is_told_in_json(limner):
    process = limner.start(*ENDLESS, "-o", "out.png", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr.readline().startswith(b"loading")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130 and b'"cancelled"' in out


def test_pictures_finished_before_an_interrupt_stay(limner):
    words = ["generate", PROMPT, "--steps", "20", "-n", "1000", "--seed", "1", "-o", "out.png"]
    process = limner.start(*words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    told = (first + rest).decode().split()
    assert set(told) == limner.files() and told[0] == "out-1.png"


# ---- streams that are full or closed ---------------------------------------------------------------------------------


@pytest.mark.parametrize("redirections", ["2>/dev/full", "2>&-", "0<&- 2>&-"])
def test_nobody_listens_to_progress(limner, redirections):
    limner.draw(out="expected.png")
    run = limner.in_shell(f'exec "$@" {redirections}', "generate", PROMPT, "--no-sign", "--steps", 2, "--seed", 7, "-o",
                          "out.png")
    assert run.returncode == 0
    assert (limner.folder / "out.png").read_bytes() == (limner.folder / "expected.png").read_bytes()
    assert limner.in_shell(f'exec "$@" {redirections}', "generate", PROMPT, "--steps", 0).returncode == 2


def test_results_that_cannot_be_told(limner):
    for words in (["generate", PROMPT, "--steps", 1, "-o", "out.png"], ["samplers"], ["model", "list", "--json"]):
        run = limner.in_shell('exec "$@" >/dev/full', *words)
        assert run.returncode == 1 and b"standard output" in run.stderr, run.stderr
