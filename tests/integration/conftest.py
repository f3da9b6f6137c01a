from contextlib import closing

import pytest

from edgecheck.runtime.worker_process import KeptProcess


@pytest.fixture(scope="module")
def lender():
    with closing(KeptProcess()) as process:
        yield process


@pytest.fixture
def one_process(lender, monkeypatch):
    """All runs of a file borrow one process for trained models: to import TensorFlow takes seconds.

    Without it, each run starts its own, and ends it. Models are loaded anew either way.
    """
    take, give_back = KeptProcess.take, KeptProcess.give_back
    monkeypatch.setattr(KeptProcess, "take", lambda _: take(lender))
    monkeypatch.setattr(KeptProcess, "give_back", lambda _, process: give_back(lender, process))
    monkeypatch.setattr(KeptProcess, "close", lambda _: None)
