"""The real command line in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "configs" / "digits.yaml"
DIGITS = ROOT / "sample_models" / "digits"
HEALTHY = DIGITS / "int8.tflite"
COLLAPSED = DIGITS / "int8_collapsed.tflite"
RUNTIMES = ("ai_edge_litert", "tflite_runtime", "tensorflow")
_STEERING = ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
_HIDE = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Hidden())
"""
_MAIN = "from edgecheck.cli.main import main; main()"


def environment(**changes):
    """This process's environment, without what steers colours and widths."""
    kept = {key: value for key, value in os.environ.items() if key not in _STEERING}
    path = os.pathsep.join(filter(None, [str(ROOT), changes.pop("PYTHONPATH", "")]))
    return {**kept, "PYTHONPATH": path, **changes}


def heed_signals():
    """In a new child: undo what the tests may have been started with, `&` and nohup ignore some."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)


def command(*arguments, before=""):
    """The command line as a list; `before` is Python that runs first."""
    return [sys.executable, "-c", f"{before}\n{_MAIN}", *map(str, arguments)]


def edgecheck(*arguments, before="", env=None, cwd=None, **options):
    """Run the command line to its end; stdout and stderr are text."""
    return subprocess.run(
        command(*arguments, before=before),
        env=env or environment(),
        cwd=cwd,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def shell(line, **changes):
    """Run a shell line in which $EDGECHECK is the command line; as `edgecheck` returns."""
    start = f"{sys.executable} -m edgecheck"
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        env=environment(EDGECHECK=start, SPEC=str(SPEC), BAD=str(COLLAPSED), **changes),
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )


def hide(folder, names):
    """Write a sitecustomize into `folder` that hides packages; put `folder` on PYTHONPATH."""
    (folder / "sitecustomize.py").write_text(_HIDE.format(names=set(names)))
    return str(folder)
