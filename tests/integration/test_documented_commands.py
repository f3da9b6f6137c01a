"""Every command of the pages is run: here, or where `ELSEWHERE` and `OTHER_PAGES` say."""

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from command_line import HEALTHY, ROOT, SPEC, environment, hide

pytest.importorskip("ai_edge_litert", reason="the commands of the pages run in LiteRT")

PAGES = ("README.md", "configs/ci.md", "configs/coral.md")
OTHER_PAGES = {
    "configs/firmware.md": "tests/integration/test_vectors.py",
    "configs/raspberry-pi.md": "scripts/pi",
}
"""Page -> what runs its commands."""
ELSEWHERE = {
    "scripts/demo": "by .ci/run",
    "scripts/test": "by .ci/run",
    "pip install ": "by .ci/run; that the extras exist is tested below",
    ". .venv/bin/activate": "changes the shell of the reader and nothing else",
    "python scripts/fault_benchmark.py": "reduced, by tests/integration/test_fault_benchmark.py",
    "sudo apt install ": "needs the network and root",
    "edgetpu_compiler ": "is not ours, and not on PyPI",
    "edgecheck validate spec.yaml model_edgetpu.tflite --delegate": "needs an Edge TPU",
    "python3 model.bundle model_edgetpu.tflite --delegate": "needs an Edge TPU",
}
"""Start of a command -> where or why not it is run."""


@dataclass(frozen=True)
class Block:
    """One fenced block; `language` is all that follows the fence."""

    language: str
    lines: list[str]


def _blocks(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(r"^```(\S+)[^\n]*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [Block(language, body.splitlines()) for language, body in found]


def _commands(block):
    """(command, exit code that its comment promises)."""
    for line in block.lines:
        command, _, comment = line.partition(" #")
        code = re.match(r"\s*exit (\d+)", comment)
        yield command.strip(), int(code[1]) if code else 0


@dataclass
class Reader:
    """Somebody who types what the pages say, in a checkout with a model of their own."""

    folder: Path
    env: dict
    printed: dict = field(default_factory=dict)
    """Command -> what it wrote to stdout."""

    def type(self, block):
        """Run the commands of a block; a `cd` holds until its end."""
        place = self.folder
        for command, code in _commands(block):
            if command.startswith("cd "):
                place = place / command[3:]
            elif command and not self._is_done(command):
                self.printed[command] = self._run(command, code, place)

    def _is_done(self, command):
        return command in self.printed or any(command.startswith(start) for start in ELSEWHERE)

    def _run(self, command, code, place):
        program, *arguments = shlex.split(command)
        start = {"edgecheck": [sys.executable, "-m", "edgecheck"], "python": [sys.executable]}
        assert program in start, f"nothing runs {command!r}"
        done = subprocess.run(
            [*start[program], *arguments], cwd=place, env=self.env, text=True, capture_output=True,
            stdin=subprocess.DEVNULL, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Has a newcomer's runtime, LiteRT, alone."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("configs", "sample_models", "tests"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "spec.yaml").write_text(SPEC.read_text().replace("../sample", "sample"))
    for name in ("model.tflite", "model_edgetpu.tflite"):
        (folder / name).symlink_to(HEALTHY)
    hidden = tmp_path_factory.mktemp("hidden")
    return Reader(folder, environment(PYTHONPATH=hide(hidden, ("tensorflow", "tflite_runtime"))))


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_end_as_it_says(reader, page):
    blocks = [block for block in _blocks(page) if block.language == "sh"]
    assert blocks
    for block in blocks:
        reader.type(block)


def test_the_readme_shows_what_is_printed(reader):
    """But for its numbers, which differ between hosts, and where it leaves something out."""
    shown, last = 0, ""
    for block in _blocks("README.md"):
        if block.language == "sh":
            reader.type(block)
            last = [command for command, _ in _commands(block)][-1]
        if block.language == "text":
            lines, command = block.lines, last
            if lines[0].startswith("$ "):
                command, lines = lines[0][2:], lines[1:]
            _assert_shown("\n".join(lines), reader.printed[command])
            shown += 1
    assert shown == 2


def _assert_shown(text, printed):
    place, output = 0, _masked(printed)
    for part in filter(None, map(str.strip, _masked(text).split("..."))):
        place = output.find(part, place)
        assert place >= 0, f"{part!r} is not in {printed}"


def _masked(text):
    return re.sub(r"\d+(\.\d+)?", "0", " ".join(text.split()))


def test_every_page_with_commands_is_run_by_something():
    pages = [ROOT / "README.md", *sorted((ROOT / "configs").glob("*.md"))]
    named = [page.relative_to(ROOT).as_posix() for page in pages]
    with_commands = {name for name in named if any(b.language == "sh" for b in _blocks(name))}
    assert with_commands == {*PAGES, *OTHER_PAGES}
    for page, runner in OTHER_PAGES.items():
        assert page.rpartition("/")[2] in (ROOT / runner).read_text()


def test_what_is_run_elsewhere_is_still_on_a_page():
    typed = [line for page in PAGES for block in _blocks(page) for line in block.lines]
    assert not [start for start in ELSEWHERE if not any(line.startswith(start) for line in typed)]


def test_every_extra_and_every_option_of_the_pages_exists():
    pages = [ROOT / "README.md", *(ROOT / "configs").glob("*.md")]
    text = "\n".join(page.read_text() for page in pages)
    project = (ROOT / "pyproject.toml").read_text()
    extras = set(re.findall(r"\.\[([a-z-]+)\]", text))
    assert extras
    assert not [extra for extra in extras if f"\n{extra} = [" not in project]
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert len(options) > 20
    assert options <= _options() | NOT_OURS


NOT_OURS = {
    "--dump", "--first-seed", "--reduced", "--seeds", "--show_operations", "--show",
    "--system-site-packages",
}  # fmt: skip
"""Of the C test, the benchmark's script, venv and edgetpu_compiler."""


def _options():
    from typer.main import get_command

    from edgecheck.cli.main import app

    group = get_command(app)
    commands = [group, *group.commands.values()]
    found = {"--help"}
    for command in commands:
        for parameter in command.params:
            found.update(parameter.opts)
    return found
