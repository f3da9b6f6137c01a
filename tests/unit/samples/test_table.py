import contextlib
import csv
import io
import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.open import open_dataset
from edgecheck.samples.selection import select
from edgecheck.spec.model import DatasetSpec, InputSpec

ONE = {"x": InputSpec(kind="table")}


def opened(folder, text, inputs=ONE, class_names=(), truth="classes", **fields):
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "t.csv").write_bytes(data)
    spec = DatasetSpec(path="t.csv", **fields)
    return open_dataset(spec, folder, inputs, class_names, truth)


def whole(dataset, size=3):
    """Everything of a table at once: ids, rows of `x`, labels, targets."""
    chunks = list(dataset.chunks(size))
    assert sum(len(chunk.ids) for chunk in chunks) == len(dataset)
    ids = [name for chunk in chunks for name in chunk.ids]
    rows = np.concatenate([chunk.rows["x"] for chunk in chunks])
    labels = [row for chunk in chunks if chunk.labels is not None for row in chunk.labels.tolist()]
    targets = [chunk.targets for chunk in chunks if chunk.targets is not None]
    return ids, rows, labels, np.concatenate(targets) if targets else None


@pytest.mark.parametrize(
    "text",
    [
        "a,b,y\n1,2,0\n3,4.5,1\n",
        "\ufeffa,b,y\r\n1,2,0\r\n3,4.5,1",
        "a;b;y\n1;2;0\n\n3;4.5;1\n",
        'a\tb\ty\n"1"\t 2\t0\n3\t4.5\t1.0\n\r\n',
    ],
)
def test_columns_and_labels_are_read(tmp_path, text):
    ids, rows, labels, _ = whole(opened(tmp_path, text, labels="y"))
    assert ids[0] == "t.csv:2"
    assert rows.tolist() == [[1, 2], [3, 4.5]]
    assert labels == [[0], [1]]


def test_features_are_fed_in_the_order_of_the_spec(tmp_path):
    text = 'name,a,b\n"x\ny",1,2\nz,3,4\n'
    ids, rows, _, _ = whole(opened(tmp_path, text, features=("b", "a")))
    assert rows.tolist() == [[2, 1], [4, 3]]
    assert ids == ["t.csv:2", "t.csv:4"]


def test_several_inputs_get_their_columns(tmp_path):
    inputs = {"x": InputSpec(kind="table"), "z": InputSpec(kind="table")}
    dataset = opened(tmp_path, "a,b,c\n1,2,3\n", inputs, features={"z": ("a",), "x": ("c", "b")})
    chunk = next(dataset.chunks(1))
    assert chunk.rows["x"].tolist() == [[3, 2]]
    assert chunk.rows["z"].tolist() == [[1]]


def test_missing_and_infinite_cells_are_kept_for_the_checks(tmp_path):
    _, rows, _, _ = whole(opened(tmp_path, "a,b,c\n,nan,inf\n 1 ,NaN,-Infinity\n"))
    np.testing.assert_array_equal(rows, [[np.nan, np.nan, np.inf], [1, np.nan, -np.inf]])


def test_labels_are_names_numbers_sets_or_missing(tmp_path):
    text = "a,y\n1,cat\n2,1\n3,cat|dog\n4,\n5,-1\n"
    _, _, labels, _ = whole(opened(tmp_path, text, labels="y", class_names=("cat", "dog")), 9)
    assert labels == [[0, -1], [1, -1], [0, 1], [-1, -1], [-1, -1]]


def test_values_become_targets(tmp_path):
    text = "a,u,v\n1,0.5,1e60\n2,,-3\n"
    dataset = opened(tmp_path, text, labels=("v", "u"), truth="values")
    _, rows, labels, targets = whole(dataset)
    assert rows.tolist() == [[1], [2]]
    assert not labels
    assert targets.dtype == np.float32
    np.testing.assert_array_equal(targets, np.array([[np.inf, 0.5], [-3, np.nan]], np.float32))


def test_unwanted_labels_are_still_no_features(tmp_path):
    _, rows, labels, targets = whole(opened(tmp_path, "a,y\n1,x\n", labels="y", truth="none"))
    assert rows.tolist() == [[1]]
    assert (labels, targets) == ([], None)


def test_pixel_columns_fill_the_shape_of_the_input(tmp_path):
    inputs = {"x": InputSpec(kind="table", shape=(2, 2, 1))}
    _, rows, _, _ = whole(opened(tmp_path, "p0,p1,p2,p3\n0,1,2,3\n", inputs))
    assert rows.tolist() == [[[[0], [1]], [[2], [3]]]]


REFUSED = {
    "ragged": ("a,b\n1,2\n3\n", {}, "line 3: 1 cell.*2 columns"),
    "ragged after a quoted newline": ('a,b\n"1\n",2\n3\n', {}, "line 4: 1 cell"),
    "not a number": ("a,b\n1,2\n3,four\n", {}, "line 3, column 'b': 'four' is not a number"),
    "underscores": ("a\n1\n1_000\n", {}, "line 3, column 'a': '1_000'"),
    "exotic digits": ("a\n1\n\u0661\n", {}, "line 3, column 'a'"),
    "decimal comma": ('a;b\n1;"2,5"\n', {}, "'2,5' is not a number"),
    "unknown label": ("a,label\n1,0\n", {"labels": "lable"}, "no column 'lable'; did you mean"),
    "unknown feature": ("a,b\n1,0\n", {"features": ("a", "q")}, "line 1: no column 'q'"),
    "duplicate": ("a,b,a\n1,2,3\n", {}, "line 1: 2 columns are named 'a'"),
    "unnamed index": (",a\n0,1\n", {}, "column 1 has no name"),
    "no header": ("1,2\n3,4\n", {}, "line 1: found numbers"),
    "only a header": ("a,b\n", {}, "no samples"),
    "empty": ("", {}, "no samples"),
    "labels only": ("y\n1\n", {"labels": "y"}, "labels only"),
    "leak": ("a,y\n1,0\n", {"labels": "y", "features": ("y",)}, "a feature.*and a label"),
    "unknown class": ("a,y\n1,0\n2,horse\n", {"labels": "y"}, "line 3, column 'y': 'horse'"),
    "two class columns": ("a,y,z\n1,0,0\n", {"labels": ("y", "z")}, "names 2 columns"),
    "wrong input": ("a\n1\n", {"features": {"xx": ("a",)}}, "names input 'xx'.*did you mean 'x'"),
    "latin-1": (b"a,b\n1,2\n\xe9,3\n", {}, "line 3: not UTF-8"),
    "utf-16": ("a,b\n1,2\n".encode("utf-16"), {}, "line 1: not UTF-8"),
    "open quote": ('a,b\n1,2\n"3,4\n5,6\n', {}, "line 3: a quote is never closed"),
    "stray quotes": ('a,b\n1,2\n3x"y,"4\n5,6\n', {}, "line 3"),
    "text after a quote": ('a,b\n"1"2,3\n', {}, "line 2"),
    "old Mac lines": ("a,b\r1,2\r", {}, "line 1"),
    "NUL": ("a\n1\n\0\n", {}, "line 3"),
    "arrays": ("a\n1\n", {"arrays": {"x": "a"}}, "`arrays` is for"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_tables_are_refused_with_line_and_column(tmp_path, case):
    text, fields, message = REFUSED[case]
    with pytest.raises(DatasetUnreadable, match=f"(?s){message}") as caught:
        opened(tmp_path, text, **fields)
    assert caught.value.hint


@pytest.mark.parametrize(
    "step",
    [
        {"normalize": {"mean": (1.0, 2.0), "std": 1.0}},
        {"minmax": {"min": (0.0, 0.0), "max": (1.0, 1.0)}},
    ],
)
def test_constants_for_other_columns_are_told_with_the_names_of_the_columns(tmp_path, step):
    inputs = {"x": InputSpec.model_validate({"kind": "table", "steps": (step,)})}
    with pytest.raises(DatasetUnreadable, match=r"2 entries.*3 columns: 'id', 'a', 'b'") as caught:
        opened(tmp_path, "id,a,b\n0,1,2\n", inputs)
    assert "`dataset: features`" in caught.value.hint
    assert len(opened(tmp_path, "id,a,b\n0,1,2\n", inputs, features=("a", "b"))) == 1


def test_several_inputs_need_to_be_told_their_columns(tmp_path):
    inputs = {"x": InputSpec(kind="table"), "z": InputSpec(kind="table")}
    with pytest.raises(DatasetUnreadable, match="does not say which columns"):
        opened(tmp_path, "a,b\n1,2\n", inputs)


def test_a_table_does_not_feed_images(tmp_path):
    with pytest.raises(DatasetUnreadable, match="kind image") as caught:
        opened(tmp_path, "filename,label\na.png,0\n", {"x": InputSpec(kind="image")})
    assert "`labels`" in caught.value.hint


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p.csv")
    with pytest.raises(DatasetUnreadable, match="not a regular file"):
        open_dataset(DatasetSpec(path="p.csv"), tmp_path, ONE)


def test_a_table_that_shrinks_is_an_error(tmp_path):
    dataset = opened(tmp_path, "a\n1\n2\n3\n")
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(DatasetUnreadable, match="became shorter"):
        list(dataset.chunks(2))


def test_chunks_are_cut_where_rows_are_large(tmp_path, monkeypatch):
    monkeypatch.setattr("edgecheck.samples.table.MAX_CHUNK_BYTES", 32)
    dataset = opened(tmp_path, "a,b\n" + "1,2\n" * 5)
    assert [len(chunk.ids) for chunk in dataset.chunks(9)] == [2, 2, 1]


cells = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=6)


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(cells, st.floats(width=64), cells), min_size=1, max_size=30),
    separator=st.sampled_from(",;\t"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 40),
    block=st.integers(1, 60),
)
def test_what_the_csv_module_writes_is_read_back(
    tmp_path_factory, rows, separator, line_end, size, block
):
    buffer = io.StringIO(newline="")
    writer = csv.writer(
        buffer, delimiter=separator, lineterminator=line_end, quoting=csv.QUOTE_NONNUMERIC
    )
    writer.writerows([("t", "a", "u"), *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgecheck.samples.stored_table.BLOCK_BYTES", block)
        dataset = opened(tmp_path_factory.mktemp("csv"), buffer.getvalue(), features=("a",))
        _, found, _, _ = whole(dataset, size)
    np.testing.assert_array_equal(found[:, 0], [value for _, value, _ in rows])


@settings(max_examples=50, deadline=None)
@given(
    blank=st.lists(st.booleans(), min_size=1, max_size=60),
    limit=st.integers(1, 70),
    seed=st.integers(0, 5),
    size=st.integers(1, 20),
)
def test_a_draw_reads_the_rows_that_a_slow_reader_would(tmp_path_factory, blank, limit, seed, size):
    lines = ["a,b", *("" if is_blank else f"{i},{i}" for i, is_blank in enumerate(blank)), "7,7"]
    samples = [(number, line) for number, line in enumerate(lines, 1) if line][1:]
    wanted = [samples[i] for i in select(len(samples), limit, seed, in_file_order=False)]
    folder = tmp_path_factory.mktemp("csv")
    dataset = opened(folder, "\n".join(lines), limit=limit, seed=seed)
    ids, rows, _, _ = whole(dataset, size)
    assert ids == [f"t.csv:{number}" for number, _ in wanted]
    assert rows[:, 0].tolist() == [float(line.partition(",")[0]) for _, line in wanted]


@given(data=st.binary(max_size=80))
def test_any_bytes_are_a_table_or_a_clear_error(tmp_path_factory, data):
    with contextlib.suppress(DatasetUnreadable):
        dataset = opened(tmp_path_factory.mktemp("csv"), data)
        assert sum(len(chunk.ids) for chunk in dataset.chunks(7)) == len(dataset)


def test_memory_does_not_grow_with_the_number_of_rows(tmp_path):
    peaks = []
    for count in (60_000, 600_000):
        dataset = opened(tmp_path, "a,b\n" + "1.25,2.5\n" * count)
        tracemalloc.start()
        try:
            assert sum(len(chunk.ids) for chunk in dataset.chunks(4096)) == count
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    # The files have 0.5 MB and 5.4 MB: two blocks and more.
    assert peaks[1] < peaks[0] + 500_000
