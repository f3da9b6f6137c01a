import numpy as np
import pytest

from edgecheck.compare.inputs import InputTracker
from edgecheck.compare.stream import Side, SideFault, compare
from edgecheck.compare.tracker import Tracker
from edgecheck.compare.watching import WatchedOutput
from edgecheck.errors import CrashFault, DatasetUnreadable, LoadFault
from edgecheck.runtime.session import Results, empty_feeds
from edgecheck.samples.chunk import Chunk


class FakeSession:
    """Doubles its input on collect, from the page as it then is; results live in two pages too."""

    def __init__(self, feeds, log, who, factor=2.0, fault_at=None, fault=None):
        self.feeds, self.log, self.who, self.factor = feeds, log, who, factor
        self.pending, self.count, self.fault_at, self.fault = None, 0, fault_at, fault
        self.pages = [np.full((feeds.layout.rows, 1, 2), np.nan, np.float32) for _ in range(2)]

    def submit(self, page, rows):
        assert self.pending is None, "submitted before the results were collected"
        self.log.append(("submit", self.who, page, rows))
        self.pages[page][:] = np.nan  # views handed out for this page are no longer valid
        self.pending = page, rows

    def collect(self):
        page, rows = self.pending
        self.pending = None
        self.log.append(("collect", self.who, page, rows))
        if self.fault_at == self.count:
            raise self.fault
        self.count += 1
        self.pages[page][:rows, 0] = self.feeds.pages[page]["x"][:rows] * self.factor
        return Results({"y": self.pages[page][:rows]}, np.full(rows, 1e-3))


class FakeDataset:
    """`count` samples of (number, -number)."""

    def __init__(self, count, shape=(2,)):
        self.count, self.shape = count, shape

    def __len__(self):
        return self.count

    def chunks(self, size):
        for start in range(0, self.count, size):
            numbers = np.arange(start, min(start + size, self.count), dtype=np.float32) + 1
            rows = np.broadcast_to(
                numbers.reshape(-1, *[1] * len(self.shape)), (len(numbers), *self.shape)
            )
            yield Chunk(tuple(f"s{n:g}" for n in numbers), {"x": rows.copy()}, None)


class Recorder(Tracker):
    """A tracker that also keeps what it was given."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.given = []

    def add_outputs(self, chunk, results):
        sides = {who: found.outputs["y"].copy() for who, found in results.items()}
        self.given.append((chunk, sides))
        super().add_outputs(chunk, results)


def stream(tmp_path, count, *, rows=3, faults=None, shape=(2,), width=2):
    feeds, log, told = empty_feeds({"x": (width,)}, rows, tmp_path), [], []
    sides = [
        Side(who, FakeSession(feeds, log, who, factor, **(faults or {}).get(who, {})))
        for who, factor in (("reference", 2.0), ("candidate", 3.0))
    ]
    output = WatchedOutput("y", "y", None, None, is_primary=True)
    tracker = Recorder({"x": InputTracker("x", None, is_whole=False)}, [output], seed=0)
    pipelines = {"x": lambda values, _ids: values}
    run = lambda: compare(  # noqa: E731  (called inside `raises`)
        FakeDataset(count, shape), pipelines, feeds, sides, tracker, lambda *n: told.append(n)
    )
    return run, tracker, log, told


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 7, 20])
@pytest.mark.parametrize("rows", [1, 3])
def test_results_belong_to_their_chunk_though_pages_are_reused(tmp_path, count, rows):
    run, tracker, _, told = stream(tmp_path, count, rows=rows)
    found = run()
    ids = [name for chunk, _ in tracker.given for name in chunk.ids]
    assert ids == [f"s{n}" for n in range(1, count + 1)]
    for chunk, sides in tracker.given:
        np.testing.assert_array_equal(sides["reference"][:, 0], chunk.rows["x"] * 2)
        np.testing.assert_array_equal(sides["candidate"][:, 0], chunk.rows["x"] * 3)
    assert (found.samples, found.inputs[0].samples, found.inputs[0].high) == (count, count, count)
    assert told[-1] == (count, count)
    assert found.outputs[0].pair.sqnr_db == pytest.approx(20 * np.log10(2))


def test_models_run_while_the_next_chunk_is_prepared(tmp_path):
    run, _, log, _ = stream(tmp_path, 7)
    run()
    steps = [(what, page, rows) for what, who, page, rows in log if who == "candidate"]
    assert steps == [
        ("submit", 0, 3), ("collect", 0, 3), ("submit", 1, 3), ("collect", 1, 3),
        ("submit", 0, 1), ("collect", 0, 1),
    ]  # fmt: skip


def test_an_empty_dataset_runs_nothing(tmp_path):
    run, _, log, told = stream(tmp_path, 0)
    assert run().samples == 0
    assert (log, told) == ([], [])


@pytest.mark.parametrize("who", ["reference", "candidate"])
@pytest.mark.parametrize(
    ("at", "row", "sample"),
    [(0, 0, "s1"), (0, 2, "s3"), (1, 1, "s5"), (2, 0, "s7"), (2, 1, None), (1, None, None)],
)
def test_a_fault_names_model_and_sample(tmp_path, who, at, row, sample):
    fault = CrashFault("signal 11", "words", phase="run", row=row)
    run, tracker, _, _ = stream(tmp_path, 7, faults={who: {"fault_at": at, "fault": fault}})
    with pytest.raises(SideFault) as caught:
        run()
    assert (caught.value.who, caught.value.sample, caught.value.fault) == (who, sample, fault)
    assert len(tracker.given) == at


def test_the_last_chunk_can_fault_too(tmp_path):
    fault = LoadFault("no", phase="run", row=0)
    run, _, _, _ = stream(tmp_path, 2, faults={"candidate": {"fault_at": 0, "fault": fault}})
    with pytest.raises(SideFault, match="no") as caught:
        run()
    assert caught.value.sample == "s1"


@pytest.mark.parametrize("shape", [(1,), (3,), (2, 2), ()])
def test_a_sample_of_another_shape_is_refused_not_repeated(tmp_path, shape):
    run, _, log, _ = stream(tmp_path, 2, shape=shape)
    with pytest.raises(DatasetUnreadable, match=r"s1: shape .* the model takes \(2,\)"):
        run()
    assert log == []
