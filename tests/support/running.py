"""Models that run in sessions, for tests that run many."""

from dataclasses import replace

from edgecheck.runtime.job import job_for
from edgecheck.runtime.session import WorkerSession, empty_feeds, run_rows
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import load_model

ROWS = 5
"""Rows of a page."""


class WarmSession(WorkerSession):
    """Another model in the process of a session that has its runtime loaded (TensorFlow: 5 s)."""

    def __init__(self, warm, job):
        self.__dict__.update(warm.__dict__)
        self.load(job)

    def close(self):
        """The process stays."""


class Running:
    """A model in a session, and its contract."""

    def __init__(
        self, backend, path, folder, *, warm=None, signature=None, shapes=None, names=None
    ):
        self.contract = contract_of(load_model(path)[1], signature)
        ports = {port.name: port for port in self.contract.inputs}
        bound = {name: ports[name] for name in names or ports}
        stored = {name: port.tensor.shape for name, port in bound.items()}
        self.shapes = {**stored, **(shapes or {})}
        job = job_for(self.contract, str(path), bound=bound, shapes=self.shapes)
        job = replace(job, backend=backend.name)
        self.session = WarmSession(warm, job) if warm else WorkerSession(job, folder, 60)
        self.feeds = None
        self.folder = folder

    def __call__(self, **feeds):
        """Outputs (n, *shape of one run) of rows (n, *shape without batch)."""
        if self.feeds is None:
            sizes = {name: values.shape[1:] for name, values in feeds.items()}
            self.feeds = empty_feeds(sizes, ROWS, self.folder)
            self.session.attach(self.feeds)
        results = run_rows(self.session, self.feeds, feeds)
        assert (results.latencies > 0).all()
        assert results.latencies.shape == (len(next(iter(feeds.values()))),)
        return results.outputs
