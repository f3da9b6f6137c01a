"""The life of a session, with a fake runtime in the child."""

import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_runtime import doubling_job, write_fake

from edgecheck.errors import CrashFault, LoadFault
from edgecheck.runtime import worker_process
from edgecheck.runtime.session import WorkerSession, empty_feeds, run_rows


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Installs a fake runtime; call it with the misbehaviour."""

    def install(**misbehaviour):
        write_fake(tmp_path, **misbehaviour)
        monkeypatch.syspath_prepend(tmp_path)

    return install


@pytest.fixture
def opened(tmp_path, fake):
    """(session, feeds) of a fake that doubles, with 4 rows a page."""
    fake()
    with closing(WorkerSession(doubling_job(), tmp_path, 10)) as session:
        feeds = empty_feeds({"x": (2,)}, 4, tmp_path)
        session.attach(feeds)
        yield session, feeds


def test_rows_come_back_doubled_with_positive_latencies(opened):
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    results = run_rows(*opened, {"x": rows})
    assert np.array_equal(results.outputs["y"][:, 0], rows * 2)
    assert results.latencies.shape == (3,)
    assert (results.latencies > 0).all()


def test_results_of_one_page_stay_while_the_other_runs(opened):
    session, feeds = opened
    feeds.pages[0]["x"][:] = 1
    feeds.pages[1]["x"][:] = 10
    session.submit(0, 4)
    first = session.collect()
    session.submit(1, 2)
    second = session.collect()
    assert (first.outputs["y"] == 2).all()
    assert (second.outputs["y"] == 20).all()
    assert (first.outputs["y"].shape, second.outputs["y"].shape) == ((4, 1, 2), (2, 1, 2))


def test_more_rows_than_a_page_are_refused(opened):
    with pytest.raises(ValueError, match="5 rows do not fit a page of 4"):
        run_rows(*opened, {"x": np.zeros((5, 2), np.float32)})


def test_collecting_twice_or_first_is_a_mistake(opened):
    session, feeds = opened
    with pytest.raises(RuntimeError, match="collect before submit"):
        session.collect()
    run_rows(session, feeds, {"x": np.zeros((1, 2), np.float32)})
    with pytest.raises(RuntimeError, match="collect before submit"):
        session.collect()


def test_submitting_before_attaching_is_a_mistake(tmp_path, fake):
    fake()
    with (
        closing(WorkerSession(doubling_job(), tmp_path, 10)) as session,
        pytest.raises(RuntimeError, match="submit before attach"),
    ):
        session.submit(0, 1)


def test_a_process_loads_one_model_after_another_and_outlives_a_refusal(opened):
    session, feeds = opened
    rows = np.ones((1, 2), np.float32)
    run_rows(session, feeds, {"x": rows})
    with pytest.raises(LoadFault, match="no backend"):
        session.load(replace(doubling_job(), backend="no backend"))
    with pytest.raises(RuntimeError, match="submit before attach"):
        session.submit(0, 1)
    session.load(doubling_job())
    session.attach(feeds)
    assert run_rows(session, feeds, {"x": rows}).outputs["y"].tolist() == [[[2, 2]]]


def test_closing_is_quick_and_can_be_repeated(opened):
    session, _ = opened
    start = time.monotonic()
    session.close()
    session.close()
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("name", ["@latency", "latency", "progress", "output:y", "@", "a\nb"])
def test_an_output_may_have_any_name(name, tmp_path, fake):
    fake()
    job = doubling_job()
    output = type(job.outputs[0])(**{**vars(job.outputs[0]), "name": name})
    job = type(job)(**{**vars(job), "outputs": (output,)})
    with closing(WorkerSession(job, tmp_path, 10)) as session:
        feeds = empty_feeds({"x": (2,)}, 1, tmp_path)
        session.attach(feeds)
        results = run_rows(session, feeds, {"x": np.ones((1, 2), np.float32)})
    assert {key: value.tolist() for key, value in results.outputs.items()} == {name: [[[2, 2]]]}


def test_a_session_opens_although_the_path_is_relative_to_the_working_folder(tmp_path):
    """`''` in sys.path means the working folder, as in `python -c`."""
    write_fake(tmp_path)
    script = (
        "import sys; sys.path.insert(0, ''); sys.path += sys.argv[1:]\n"
        "from pathlib import Path\n"
        "from fake_runtime import doubling_job\n"
        "from edgecheck.runtime.session import WorkerSession\n"
        "session = WorkerSession(doubling_job(), Path('.'), 10); session.close()\n"
        "print(dict(session.output_shapes))"
    )
    command = [sys.executable, "-c", script, *filter(None, sys.path)]
    said = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert said.stdout.strip() == "{'y': (1, 2)}", said.stderr


def _descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def _children():
    """Children that run or were not waited for."""
    listed = Path("/proc/self/task").glob("*/children")
    return {child for file in listed for child in file.read_text().split()}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors in /proc")
def test_fifty_sessions_leave_no_descriptor_and_no_process(tmp_path, fake):
    fake(at_load="if 'bad' in model_path: raise RuntimeError('refused')")

    def once(model):
        try:
            with closing(WorkerSession(doubling_job(model), tmp_path, 10)) as session:
                feeds = empty_feeds({"x": (2,)}, 1, tmp_path)
                session.attach(feeds)
                run_rows(session, feeds, {"x": np.ones((1, 2), np.float32)})
        except LoadFault:
            return 1
        return 0

    once("good")
    before, children = _descriptors(), _children()
    refused = sum(once("bad" if number % 5 == 0 else "good") for number in range(50))
    assert refused == 10
    assert _descriptors() <= before + 1
    assert _children() <= children


def test_temporary_files_of_the_child_lie_in_the_folder_of_the_run(tmp_path, monkeypatch):
    leave = "import tempfile, os; tempfile.mkdtemp(); os._exit(3)"
    monkeypatch.setattr(worker_process, "child_command", lambda _: [sys.executable, "-c", leave])
    with pytest.raises(CrashFault):
        WorkerSession(doubling_job(), tmp_path, 10)
    assert len(list(tmp_path.iterdir())) == 1
