"""The README does what it says: its code runs as it stands, its commands are those that are run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = dict(enumerate(re.findall(r"```python\n(.*?)```", README, re.DOTALL)))
COMMANDS = [
    line.split("  #")[0].removeprefix("python -m dynana ")
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("python -m dynana ")
]


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("block", BLOCKS)
def test_python_blocks_run_as_they_stand_without_a_warning(block: int, tmp_path: Path) -> None:
    # a file of its own, because a model is read from its source
    script = tmp_path / "block.py"
    script.write_text(BLOCKS[block], encoding="utf-8")
    done = run(["-W", "error::UserWarning", script.name], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    if block == 0:
        assert "proved complete" in done.stdout
        assert (tmp_path / "decision.png").stat().st_size > 0


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run_as_they_stand(command: str, tmp_path: Path) -> None:
    (tmp_path / "FILE.ode").write_text("dx/dt = y\ndy/dt = -x\ninit x=1\npar a=1\n@ total=5\ndone\n", encoding="utf-8")
    done = run(["-m", "dynana", *shlex.split(command)], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_two_commands_are_those_of_a_fresh_machine() -> None:
    lines = README.splitlines()
    assert "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/python -m dynana demo" in lines
    assert [line for line in lines if line.endswith("-m pytest")] == [
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/python -m pytest"
    ]


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
