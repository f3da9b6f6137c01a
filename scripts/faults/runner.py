"""Make a case, run the real command line on it, and keep what came out."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from faults.bases.build import base_of
from faults.case import Deployment, Inject, deploy
from faults.measure import BENIGN, Healthy, alarms_of, harm_of, is_same_run, parity_of
from faults.plan import Planned
from faults.prepare import write_spec
from faults.score import Answer, named

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 300.0
"""A command that takes longer has failed."""


@dataclass(frozen=True)
class Left:
    """A case that could not be made, or that turned out to be no case."""

    id: str
    reason: str


@dataclass(frozen=True)
class _Made:
    """A case that is ready to be run."""

    planned: Planned
    site: Deployment
    harm: float | None
    is_benign: bool
    alarms: dict[str, bool]


class Runner:
    """Cases one after the other, their command lines side by side."""

    def __init__(self, cache: Path, jobs: int, tell: Callable[[str], None]) -> None:
        """Work below `cache`, with so many command lines at a time."""
        self._cache = cache
        self._runs = cache / f"runs-{_digest()}"
        self._tool = _copied(self._runs / "tool")
        self._jobs = jobs
        self._tell = tell
        self._healthy: dict[tuple[str, int], Healthy] = {}

    def run(self, cases: Iterable[Planned]) -> Iterator[Answer | Left]:
        """The answers, in the order of the cases; what was run before is read from the cache."""
        with ThreadPoolExecutor(self._jobs) as pool:
            waiting: list[Future[Answer] | Left] = []
            for planned in cases:
                waiting.append(self._begin(planned, pool))
                while len(waiting) > 2 * self._jobs:
                    yield self._ended(waiting.pop(0))
            yield from map(self._ended, waiting)

    def _begin(self, planned: Planned, pool: ThreadPoolExecutor) -> "Future[Answer] | Left":
        folder = self._runs / planned.id
        kept = folder / "answer.json"
        if kept.exists():
            return pool.submit(_read_answer, kept)
        shutil.rmtree(folder, ignore_errors=True)
        made = self._make(planned, folder)
        return made if isinstance(made, Left) else pool.submit(_answer, made, kept, self._tool)

    def _ended(self, one: "Future[Answer] | Left") -> Answer | Left:
        answer = one if isinstance(one, Left) else one.result()
        self._tell(f"{answer.id}: {_told(answer)}")
        return answer

    def _make(self, planned: Planned, folder: Path) -> _Made | Left:
        """The faulted deployment, and how much harm is done; its files are in `folder`."""
        try:
            healthy = self._base(planned.base, planned.seed)
            if planned.control is not None:
                return self._make_control(planned, healthy, folder)
            return self._make_faulted(planned, healthy, folder)
        except Exception as error:  # noqa: BLE001  (whatever an injection raises is told)
            return Left(planned.id, f"not made: {type(error).__name__}: {error}"[-800:])

    def _base(self, name: str, seed: int) -> Healthy:
        if (name, seed) not in self._healthy:
            self._healthy[name, seed] = Healthy(base_of(name, seed, self._cache))
        return self._healthy[name, seed]

    def _make_control(self, planned: Planned, healthy: Healthy, folder: Path) -> _Made | Left:
        control = planned.control
        assert control is not None
        site = _injected(planned, healthy, folder, [control.make])
        parity = parity_of(site)
        if parity < control.must_agree:
            return Left(planned.id, f"no control: candidate and reference agree on {parity:.3f}")
        return _Made(planned, site, parity, is_benign=False, alarms=alarms_of(site, healthy))

    def _make_faulted(self, planned: Planned, healthy: Healthy, folder: Path) -> _Made | Left:
        injections = [fault.inject for fault in planned.faults]
        site = _injected(planned, healthy, folder, injections)
        if len(planned.faults) == 1:
            harm = harm_of(site, planned.faults[0].harm, healthy)
            is_benign = harm is not None and harm >= BENIGN
            return _Made(planned, site, harm, is_benign, alarms_of(site, healthy))
        alone = [
            _injected(planned, healthy, folder / f"alone-{n}", [inject])
            for n, inject in enumerate(injections)
        ]
        left = [harm_of(one, f.harm, healthy) for one, f in zip(alone, planned.faults, strict=True)]
        if any(harm is None or harm >= BENIGN for harm in left):
            return Left(planned.id, f"no pair: alone they agree on {left}")
        if any(is_same_run(site, one) for one in alone):
            return Left(planned.id, "no pair: one of them alone gives the very same run")
        return _Made(planned, site, None, is_benign=False, alarms={})


def _injected(
    planned: Planned, healthy: Healthy, folder: Path, injections: list[Inject]
) -> Deployment:
    """The deployment with its spec written; `rng` depends on the case alone."""
    rng = np.random.default_rng([planned.seed, *f"{planned.base} {planned.variant}".encode()])
    site = deploy(healthy.base, folder)
    for inject in injections:
        site = inject(site, rng)
    write_spec(folder / "spec.yaml", site.spec)
    return site


def _answer(made: _Made, kept: Path, tool: Path) -> Answer:
    """Run the command line; the answer is kept beside the report, unless the run failed."""
    planned, site = made.planned, made.site
    control, faults = planned.control, planned.faults
    kind = "control" if control else ("fault", "pair")[len(faults) - 1]
    known = Answer(
        id=planned.id,
        kind=kind,  # type: ignore[arg-type]
        base=planned.base,
        seed=planned.seed,
        variant=planned.variant,
        area=faults[0].area if kind == "fault" else "",
        command=control.command if control else faults[0].command,
        expected=tuple(fault.expected for fault in faults),
        is_note=kind == "fault" and faults[0].is_note,
        harm=made.harm,
        is_benign=made.is_benign,
        alarms=made.alarms,
    )
    answer = replace(known, **_run(known.command, site, tool))
    if not answer.failure:
        kept.write_text(json.dumps(asdict(answer)))
    return answer


def _run(command: str, site: Deployment, tool: Path) -> dict[str, Any]:
    """What the command line says, as fields of an answer."""
    report = site.folder / "report.json"
    files = [site.folder / "spec.yaml", site.candidate, *filter(None, [site.dump])]
    argv = [sys.executable, "-m", "edgecheck", command, *map(str, files), *site.options]
    begun = time.monotonic()
    try:
        done = subprocess.run(
            [*argv, "--quiet", "--output", f"json:{report}"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            env=_environment(tool),
            cwd=tool,  # which `-m` searches first
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failure": f"no end after {SECONDS:g} s", "seconds": SECONDS}
    said = _said(report, done.returncode, done.stderr)
    return {"exit_code": done.returncode, "seconds": round(time.monotonic() - begun, 2), **said}


def _said(report: Path, exit_code: int, stderr: str) -> dict[str, Any]:
    """Causes and findings of a report, or why there are none."""
    if exit_code not in {0, 1, 2, 3} or not report.exists():
        return {"failure": f"exit {exit_code}: {stderr.strip()[-500:]}"}
    found = json.loads(report.read_text())
    crashed = [check["name"] for check in found.get("checks", ()) if check["status"] == "crashed"]
    return {
        "failure": f"crashed: {', '.join(crashed)}" if crashed else "",
        "causes": tuple((c["rule"], c["confidence"]) for c in found.get("causes", ())),
        "findings": tuple((f["rule"], f["severity"], f["role"]) for f in found["findings"]),
    }


def _read_answer(path: Path) -> Answer:
    found = json.loads(path.read_text())
    found["expected"] = tuple(map(tuple, found["expected"]))
    found["causes"] = tuple(map(tuple, found["causes"]))
    found["findings"] = tuple(map(tuple, found["findings"]))
    return Answer(**found)


def _told(answer: Answer | Left) -> str:
    if isinstance(answer, Left):
        return answer.reason.splitlines()[-1]
    names = ", ".join(named(answer)[:3]) or "nothing named"
    return answer.failure or f"exit {answer.exit_code}, {names}, {answer.seconds:.1f} s"


def _copied(tool: Path) -> Path:
    """Edgecheck as it is now: all cases are judged by the same, even if somebody edits it meanwhile.

    Raises:
        CalledProcessError: it cannot be imported.
    """
    if not tool.exists():
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "edgecheck", tool / "edgecheck", ignore=left_out)
        shutil.copytree(ROOT / "configs" / "devices", tool / "configs" / "devices")
    argv, env = [sys.executable, "-m", "edgecheck", "doctor"], _environment(tool)
    subprocess.run(argv, check=True, env=env, cwd=tool, capture_output=True, timeout=SECONDS)
    return tool


def _environment(tool: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tool), *filter(None, sys.path)])}


def _digest() -> str:
    """Of everything that an answer depends on: the tool, and the benchmark."""
    sources = [
        *sorted(ROOT.glob("edgecheck/**/*.py")),
        *sorted(ROOT.glob("scripts/faults/**/*.py")),
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
