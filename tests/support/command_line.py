"""The real command line in a process of its own.

To start Python and to import everything takes longer than most commands: where nothing about the
start is asked for, a process that has imported it all is forked instead.
"""

import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
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
_IMPORTED = ("validation", "match", "repair", "convert", "record", "replay", "rejudge", "rules.catalogue",
             "diagnosis.diagnose", "checks.table", "report.destinations")  # fmt: skip
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["edgecheck.cli.main", "PIL.Image", *(f"edgecheck.{name}" for name in _IMPORTED)]
)
_SECONDS = 120
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
    """Run the command line to its end; stdout and stderr are text.

    With code to run before, with an environment or with streams of its own it is a new Python.
    """
    if not (before or env or options):
        return _forked([str(argument) for argument in arguments], str(cwd or Path.cwd()))
    return subprocess.run(
        command(*arguments, before=before),
        env=env or environment(),
        cwd=cwd,
        text=True,
        timeout=_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def _forked(arguments, cwd):
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("out", "err")]
        places = [str(stream) for stream in streams]
        process = _FORKS.Process(target=_run, args=(arguments, environment(), cwd, places))
        process.start()
        process.join(_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(arguments, _SECONDS)
        texts = [stream.read_text() for stream in streams]
        ended = subprocess.CompletedProcess(arguments, process.exitcode, *texts)
        process.close()
        return ended


def _run(arguments, env, cwd, places):
    """In the fork: become the process that a shell would have started."""
    for number, place in enumerate(places, 1):
        file = os.open(place, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["edgecheck", *arguments]
    from edgecheck.cli.main import main

    try:
        main()
    finally:
        atexit._run_exitfuncs()  # which forks leave out


def shell(line, **changes):
    """Run a shell line in which $EDGECHECK is the command line; as `edgecheck` returns."""
    start = f"{sys.executable} -m edgecheck"
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        env=environment(EDGECHECK=start, SPEC=str(SPEC), BAD=str(COLLAPSED), **changes),
        text=True,
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )


def hide(folder, names):
    """Write a sitecustomize into `folder` that hides packages; put `folder` on PYTHONPATH."""
    (folder / "sitecustomize.py").write_text(_HIDE.format(names=set(names)))
    return str(folder)
