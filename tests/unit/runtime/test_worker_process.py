"""A worker process that is kept between its uses, with a fake runtime in it."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from fake_runtime import doubling_job, write_fake

from edgecheck.errors import CrashFault, LoadFault, TimeoutFault
from edgecheck.runtime.session import WorkerSession, empty_feeds, run_rows
from edgecheck.runtime.worker_process import KeptProcess, WorkerProcess


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """One whose runtime dies of 13, hangs over 17, and refuses files named bad."""
    write_fake(
        tmp_path,
        at_load="if 'bad' in model_path: raise RuntimeError('refused')",
        at_invoke="if value == 13: os.abort()\nif value == 17: time.sleep(60)",
    )
    monkeypatch.syspath_prepend(tmp_path)
    with closing(KeptProcess()) as kept:
        yield kept


def doubled(kept, folder, value=1.0, model="model.tflite", timeout=10):
    """The output for rows of a value, and the number of the process."""
    with closing(WorkerSession(doubling_job(model), folder, timeout, kept)) as session:
        feeds = empty_feeds({"x": (2,)}, 1, folder)
        session.attach(feeds)
        found = run_rows(session, feeds, {"x": np.full((1, 2), value, np.float32)})
        return found.outputs["y"].ravel().tolist(), session._child.process.pid


def test_sessions_one_after_the_other_run_in_one_process(kept, tmp_path):
    first, process = doubled(kept, tmp_path, 1)
    second, same = doubled(kept, tmp_path, 2)
    assert (first, second) == ([2, 2], [4, 4])
    assert process == same


def test_a_refused_model_costs_no_process(kept, tmp_path):
    _, process = doubled(kept, tmp_path)
    with pytest.raises(LoadFault, match="refused"):
        doubled(kept, tmp_path, model="bad.tflite")
    assert doubled(kept, tmp_path) == ([2, 2], process)


@pytest.mark.parametrize(("value", "fault"), [(13, CrashFault), (17, TimeoutFault)])
def test_a_death_or_a_hang_is_followed_by_another_process(kept, tmp_path, value, fault):
    _, process = doubled(kept, tmp_path)
    with pytest.raises(fault):
        doubled(kept, tmp_path, value, timeout=1)
    found, other = doubled(kept, tmp_path)
    assert found == [2, 2]
    assert other != process


def test_two_at_once_are_two_processes_and_a_second_close_ends_neither(kept, tmp_path):
    first = WorkerSession(doubling_job(), tmp_path, 10, kept)
    first.close()
    second = WorkerSession(doubling_job(), tmp_path, 10, kept)
    first.close()  # what it had runs for another now
    third = WorkerSession(doubling_job(), tmp_path, 10, kept)
    processes = [each._child.process for each in (second, third)]
    assert processes[0].pid != processes[1].pid
    assert [process.poll() for process in processes] == [None, None]
    second.close()
    third.close()
    assert processes[0].poll() is None
    assert processes[1].poll() == 0


def test_closing_ends_the_process_and_its_files_and_a_later_use_starts_anew(
    kept, tmp_path, monkeypatch
):
    places = tmp_path / "places"
    places.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(places))
    doubled(kept, tmp_path)
    process = kept.take()
    kept.give_back(process)
    assert len(list(places.iterdir())) == 1
    kept.close()
    kept.close()
    assert process.process.poll() == 0
    assert list(places.iterdir()) == []
    assert doubled(kept, tmp_path)[0] == [2, 2]


def test_a_given_back_process_holds_no_model(kept, tmp_path):
    session = WorkerSession(doubling_job(), tmp_path, 10, kept)
    session.close()
    process = kept.take()
    process.ask({"do": "run", "page": 0, "rows": 1})
    with pytest.raises(LoadFault, match="run before load"):
        process.wait("run", 10)
    process.close()


def test_a_process_that_is_busy_is_ended_when_given_back(kept, tmp_path):
    process = WorkerProcess(Path(tmp_path))
    process.ask({"do": "rehearse"})
    kept.give_back(process)
    assert process.process.poll() is not None
