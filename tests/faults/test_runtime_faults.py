"""What a runtime can do to edgecheck: die, hang, babble, lie. None of it may take edgecheck down."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from command_line import heed_signals
from fake_runtime import doubling_job, write_fake

from edgecheck.errors import CrashFault, LoadFault, TimeoutFault
from edgecheck.runtime.job import job_for
from edgecheck.runtime.session import WorkerSession, empty_feeds, run_rows
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import load_model

CORPUS = os.environ.get("EDGECHECK_CORPUS")
ON_SECOND_ROW = "if value == 2: "


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run rows 1, 2, 3, ... through a fake that misbehaves; gives the results."""

    def run(*, rows=4, timeout=10, **misbehaviour):
        write_fake(tmp_path, **misbehaviour)
        monkeypatch.syspath_prepend(tmp_path)
        values = np.arange(1, rows + 1, dtype=np.float32)[:, None].repeat(2, 1)
        with closing(WorkerSession(doubling_job(), tmp_path, timeout)) as session:
            feeds = empty_feeds({"x": (2,)}, rows, tmp_path)
            session.attach(feeds)
            return run_rows(session, feeds, {"x": values}).outputs["y"][:, 0, 0].tolist()

    return run


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("os.abort()", "signal 6 (SIGABRT)"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "signal 11 (SIGSEGV)"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal 9 (SIGKILL)"),
        ("os._exit(7)", "exit status 7"),
        ("sys.exit(5)", "exit status 5"),
        ("sys.exit(0)", "exit status 0"),
    ],
)
def test_a_death_while_loading_is_a_crash(code, cause, run):
    with pytest.raises(CrashFault) as caught:
        run(at_load=f"sys.stderr.write('last words'); sys.stderr.flush(); {code}")
    fault = caught.value
    assert (fault.cause, fault.phase, fault.row) == (cause, "load", None)
    assert "last words" in fault.words


def test_a_death_while_running_names_the_row(run):
    with pytest.raises(CrashFault) as caught:
        run(at_invoke=ON_SECOND_ROW + "os.abort()")
    assert (caught.value.phase, caught.value.row) == ("run", 1)


def test_a_refusal_while_running_names_the_row(run):
    with pytest.raises(LoadFault, match="Node number 3") as caught:
        run(at_invoke=ON_SECOND_ROW + "raise RuntimeError('Node number 3 failed')")
    assert (caught.value.phase, caught.value.row) == ("run", 1)


def test_a_session_goes_on_after_a_refusal(tmp_path, monkeypatch):
    write_fake(tmp_path, at_invoke="if value == 2: raise RuntimeError('two')")
    monkeypatch.syspath_prepend(tmp_path)
    with closing(WorkerSession(doubling_job(), tmp_path, 10)) as session:
        feeds = empty_feeds({"x": (2,)}, 1, tmp_path)
        session.attach(feeds)
        with pytest.raises(LoadFault, match="two"):
            run_rows(session, feeds, {"x": np.full((1, 2), 2, np.float32)})
        results = run_rows(session, feeds, {"x": np.full((1, 2), 3, np.float32)})
    assert results.outputs["y"].tolist() == [[[6, 6]]]


def test_a_hang_while_loading_times_out(run):
    start = time.monotonic()
    with pytest.raises(TimeoutFault) as caught:
        run(at_load="time.sleep(60)", timeout=0.5)
    assert (caught.value.phase, caught.value.seconds) == ("load", 0.5)
    assert time.monotonic() - start < 5


def test_a_hang_while_running_times_out_and_names_the_row(run):
    with pytest.raises(TimeoutFault) as caught:
        run(at_invoke=ON_SECOND_ROW + "time.sleep(60)", timeout=0.5)
    assert (caught.value.phase, caught.value.row) == ("run", 1)


def test_a_hang_that_ignores_signals_is_ended_all_the_same(run):
    deaf = (
        "for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(s, signal.SIG_IGN)"
    )
    with pytest.raises(TimeoutFault):
        run(at_load=f"{deaf}\nwhile True: pass", timeout=0.5)


def test_the_time_limit_is_for_a_row_not_for_a_page(run):
    assert run(at_invoke="time.sleep(0.3)", rows=6, timeout=0.6) == [2, 4, 6, 8, 10, 12]


def test_the_import_of_a_slow_runtime_is_not_on_the_clock_of_the_model(run):
    assert run(at_import="time.sleep(1.5)", timeout=0.5) == [2, 4, 6, 8]


@pytest.mark.parametrize(
    "noise",
    [
        'print(\'{"fault": "forged"}\', flush=True)',
        "os.write(1, b'\\xff\\x00' * 100000 + b'\\n')",
        "os.write(2, b'warning\\n' * 100000)",
        "os.system('echo from a grandchild')",
        "sys.stdout.close()",
        "os.close(1)",
        "sys.stdin = None",
    ],
)
def test_noise_of_the_runtime_does_not_disturb_the_answers(noise, run):
    assert run(at_load=noise, at_invoke=noise if "close" not in noise else "") == [2, 4, 6, 8]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("self.values[:, :1]", "changes with the data"),
        ("self.values[0]", "changes with the data"),
        ("None", "changes with the data"),
        ("np.array([['a', 'b']])", "could not convert"),
    ],
)
def test_an_answer_of_another_kind_is_a_refusal_not_a_wrong_number(answer, words, run):
    with pytest.raises(LoadFault, match=words):
        run(answer=answer)


def test_a_child_killed_from_outside_is_a_crash(tmp_path, monkeypatch):
    write_fake(tmp_path, at_invoke="time.sleep(60)")
    monkeypatch.syspath_prepend(tmp_path)
    with closing(WorkerSession(doubling_job(), tmp_path, 30)) as session:
        session.attach(empty_feeds({"x": (2,)}, 1, tmp_path))
        session.submit(0, 1)
        os.kill(session._child.process.pid, signal.SIGKILL)
        with pytest.raises(CrashFault) as caught:
            session.collect()
    assert caught.value.cause == "signal 9 (SIGKILL)"


def test_closing_a_busy_session_is_quick(tmp_path, monkeypatch):
    write_fake(tmp_path, at_invoke="time.sleep(60)")
    monkeypatch.syspath_prepend(tmp_path)
    session = WorkerSession(doubling_job(), tmp_path, 30)
    session.attach(empty_feeds({"x": (2,)}, 1, tmp_path))
    session.submit(0, 1)
    start = time.monotonic()
    session.close()
    assert time.monotonic() - start < 1
    assert session._child.process.poll() is not None


PARENT = """
import os, sys, time
sys.path[:0] = sys.argv[2:]
import numpy as np
from pathlib import Path
from contextlib import ExitStack
from shutil import rmtree
from fake_runtime import doubling_job
from edgecheck.runtime.session import WorkerSession, empty_feeds
with ExitStack() as stack:
    folder = Path(sys.argv[1]); folder.mkdir()
    stack.callback(rmtree, folder)
    session = WorkerSession(doubling_job(), folder, 60)
    stack.callback(session.close)
    session.attach(empty_feeds({"x": (2,)}, 1, folder))
    session.submit(0, 1)
    print(session._child.process.pid, flush=True)
    session.collect()
"""


@pytest.fixture
def parent(tmp_path):
    """A parent process whose child hangs in invoke: (process, pid of the child, its folder)."""
    write_fake(tmp_path, at_invoke="time.sleep(60)")
    folder = tmp_path / "exchange"
    command = [sys.executable, "-c", PARENT, str(folder), str(tmp_path), *filter(None, sys.path)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,
    ) as process:
        yield process, int(process.stdout.readline()), folder
        process.kill()


def _is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _dies_within(pid, seconds):
    deadline = time.monotonic() + seconds
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _is_alive(pid)


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")


@needs_proc
def test_the_child_goes_away_when_the_parent_is_killed_in_the_middle_of_a_run(parent):
    process, child, _ = parent
    assert _is_alive(child)
    process.kill()
    process.wait()
    assert _dies_within(child, 5)


@needs_proc
def test_an_interrupted_parent_leaves_no_child_and_no_files(parent):
    process, child, folder = parent
    assert any(folder.iterdir())
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=10)[1]
    assert not _is_alive(child)
    assert not folder.exists()


def _corpus_rows(name, folder, backend, rows=3):
    """Outputs of zeros through one file of the corpus."""
    path = Path(CORPUS) / "loading" / name
    contract = contract_of(load_model(path)[1])
    bound = {port.name: port for port in contract.inputs}
    shapes = {name: port.tensor.shape for name, port in bound.items()}
    job = job_for(contract, str(path), bound=bound, shapes=shapes)
    with closing(
        WorkerSession(type(job)(**{**vars(job), "backend": backend}), folder, 20)
    ) as session:
        feeds = empty_feeds(shapes, rows, folder)
        session.attach(feeds)
        zeros = {name: np.zeros((rows, *shape), np.float32) for name, shape in shapes.items()}
        return run_rows(session, feeds, zeros).outputs


@pytest.mark.skipif(CORPUS is None, reason="EDGECHECK_CORPUS names no folder")
def test_a_published_file_that_kills_the_runtime_is_a_crash(tmp_path):
    pytest.importorskip("ai_edge_litert", reason="the file kills this runtime")
    with pytest.raises(CrashFault) as caught:
        _corpus_rows("blockwise_quantized.tflite", tmp_path, "litert")
    assert caught.value.cause == "signal 6 (SIGABRT)"


@pytest.mark.skipif(CORPUS is None, reason="EDGECHECK_CORPUS names no folder")
def test_a_published_file_that_corrupts_memory_does_not_take_edgecheck_down(tmp_path):
    """It dies at once, at its first run, or only at its end, as the heap happens to lie."""
    pytest.importorskip("ai_edge_litert", reason="the file corrupts this runtime")
    found = []
    try:
        outputs = _corpus_rows("keyword_scrambled_8bit.tflite", tmp_path, "litert")
        found = [array.shape for array in outputs.values()]
    except CrashFault as fault:
        found = [fault.cause.split()[0]]
    assert found in ([(3, 1, 2)], ["signal"])
