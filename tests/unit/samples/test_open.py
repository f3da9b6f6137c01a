import os
import tracemalloc

import numpy as np
import pytest

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.open import open_dataset
from edgecheck.spec.model import DatasetSpec, InputSpec


def opened(base, path, names=("x",), class_names=(), kind="image", truth="classes", **fields):
    inputs = {name: InputSpec(kind=kind) for name in names}
    return open_dataset(DatasetSpec(path=path, **fields), base, inputs, class_names, truth)


def ids(dataset, size=3):
    return [name for chunk in dataset.chunks(size) for name in chunk.ids]


def joined_rows(dataset, name="x", size=3):
    return np.concatenate([chunk.rows[name] for chunk in dataset.chunks(size)])


@pytest.fixture
def images(tmp_path):
    for name in ("b.png", "a.JPG", "notes.txt", "deep/c.png", "deep/er/d.webp"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("images", ["a.JPG", "b.png"]),
        ("images/", ["a.JPG", "b.png"]),
        ("images/b.png", ["b.png"]),
        ("images/*.png", ["b.png"]),
        ("images/[ab].*", ["a.JPG", "b.png"]),
        ("images/**/*.png", ["b.png", "deep/c.png"]),
        ("images/**", ["a.JPG", "b.png", "deep/c.png", "deep/er/d.webp"]),
        ("images/*/*", ["deep/c.png"]),
        ("./images/deep/../*.png", ["b.png"]),
    ],
)
def test_images_are_sorted_paths_below_the_folder(images, path, expected):
    dataset = opened(images, path)
    assert len(dataset) == len(expected)
    assert ids(dataset) == expected
    for chunk in dataset.chunks(2):
        assert [data.decode() for data in chunk.rows["x"]] == list(chunk.ids)


def test_an_absolute_path_ignores_the_base(images):
    absolute = (images / "images" / "*.png").as_posix()
    assert ids(opened(images / "elsewhere", absolute)) == ["b.png"]


def test_names_with_wildcard_characters_are_found_literally(tmp_path):
    (tmp_path / "a[1].png").write_bytes(b"1")
    (tmp_path / "a1.png").write_bytes(b"2")
    assert ids(opened(tmp_path, "a[1].png")) == ["a[1].png"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing", "not found"),
        ("missing/*.png", "no folder"),
        ("images/*.bmp", "not found in"),
        ("images/*.txt", "none of the 1 entries"),
        ("missing.npy", "does not exist"),
        ("images.npz", "is not a regular file"),
        ("images/a**/x", "not found|cannot be listed"),
        ("ima\0ges", "is not a path"),
        ("x" * 300 + ".png", "not found|cannot be"),
        ("x" * 300 + ".npy", "does not exist|cannot be"),
    ],
)
def test_a_path_that_finds_nothing_says_what_was_looked_for(images, path, message):
    (images / "images.npz").mkdir()
    with pytest.raises(DatasetUnreadable, match=message) as caught:
        opened(images, path)
    assert caught.value.hint
    assert caught.value.exit_code == 3


def test_loops_of_links_end(images):
    (images / "images" / "deep" / "up").symlink_to(images / "images")
    (images / "images" / "self").symlink_to("self")
    assert "deep/c.png" in ids(opened(images, "images/**/*"))


@pytest.mark.parametrize("kind", ["dangling", "loop", "pipe"])
def test_matches_that_are_not_files_are_told_not_skipped(images, kind):
    path = images / "images" / "z.png"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("z.png" if kind == "loop" else "nowhere")
    with pytest.raises(DatasetUnreadable, match=r"z\.png|listed"):
        opened(images, "images")


def test_a_file_that_disappears_is_an_error(images):
    dataset = opened(images, "images")
    (images / "images" / "b.png").unlink()
    with pytest.raises(DatasetUnreadable, match=r"^b\.png cannot be read"):
        ids(dataset)


def test_files_over_the_limit_are_refused(images, monkeypatch):
    monkeypatch.setattr("edgecheck.samples.encoded.MAX_SAMPLE_BYTES", 4)
    with pytest.raises(DatasetUnreadable, match="larger than 4 bytes"):
        ids(opened(images, "images"))


def test_chunks_are_cut_where_files_are_large(images, monkeypatch):
    monkeypatch.setattr("edgecheck.samples.encoded.MAX_CHUNK_BYTES", 11)
    chunks = list(opened(images, "images/**").chunks(10))
    assert [len(chunk.ids) for chunk in chunks] == [2, 1, 1]


def test_image_labels_follow_the_selection(images):
    (images / "y.csv").write_text("b,dog\nc,cat|dog\n")
    dataset = opened(images, "images/**", class_names=("cat", "dog"), labels="y.csv", limit=3)
    found = {
        n: row for c in dataset.chunks(2) for n, row in zip(c.ids, c.labels.tolist(), strict=True)
    }
    truth = {"a.JPG": [-1, -1], "b.png": [1, -1], "deep/c.png": [0, 1], "deep/er/d.webp": [-1, -1]}
    assert len(found) == 3
    assert found == {name: truth[name] for name in found}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"labels": "y.npy"}, r"must be a \.csv"),
        ({"labels": "y.csv"}, "does not exist"),
        ({"labels": "folder"}, "did you mean 'folders'"),
        ({"names": ("x", "z")}, "one input"),
        ({"arrays": {"x": "y"}}, "`arrays` is for"),
    ],
)
def test_what_image_files_cannot_do_is_refused(images, fields, message):
    with pytest.raises(DatasetUnreadable, match=message):
        opened(images, "images", **fields)


@pytest.fixture
def arrays(tmp_path):
    x, z, y = np.arange(20.0).reshape(10, 2), np.arange(10), np.arange(10) % 3
    np.savez(tmp_path / "d.npz", x=x, z=z, y=y)
    np.savez(tmp_path / "one.npz", data=x, y=y)
    np.savez(tmp_path / "two.npz", a=x, b=y)
    np.savez(tmp_path / "uneven.npz", x=x, z=z[:9])
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    np.save(tmp_path / "short.npy", y[:9])
    return tmp_path


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("x.npy", {"labels": "y.npy"}),
        ("d.npz", {"labels": "y"}),
        ("d.npz", {"labels": "y.npy"}),
        ("one.npz", {"labels": "y"}),
        ("two.npz", {"labels": "b", "arrays": {"x": "a"}}),
    ],
)
def test_arrays_and_labels_are_bound(arrays, path, fields):
    dataset = opened(arrays, path, **fields)
    assert ids(dataset)[:2] == [f"{path}[0]", f"{path}[1]"]
    np.testing.assert_array_equal(joined_rows(dataset), np.arange(20.0).reshape(10, 2))
    labels = np.concatenate([chunk.labels for chunk in dataset.chunks(4)])
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels[:, 0], np.arange(10) % 3)


def test_several_inputs_travel_together(arrays):
    dataset = opened(arrays, "d.npz", ("first", "z"), arrays={"first": "x"}, limit=4, seed=3)
    assert len(dataset) == 4
    for chunk in dataset.chunks(3):
        assert chunk.labels is None
        np.testing.assert_array_equal(chunk.rows["first"][:, 0], chunk.rows["z"] * 2)
        assert chunk.ids == tuple(f"d.npz[{row}]" for row in chunk.rows["z"])


@pytest.mark.parametrize("order", ["file", "seeded"])
def test_limit_draws_or_takes_the_first(arrays, order):
    found = ids(opened(arrays, "d.npz", ("z",), limit=3, order=order))
    assert (found == ["d.npz[0]", "d.npz[1]", "d.npz[2]"]) == (order == "file")


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ("two.npz", {}, "no array 'x' for input 'x'; it holds 'a', 'b'"),
        ("d.npz", {"arrays": {"x": "q"}}, "no array 'q'"),
        ("d.npz", {"arrays": {"w": "x"}}, "`arrays` names input 'w'"),
        ("x.npy", {"names": ("x", "z")}, "holds one array"),
        ("uneven.npz", {"names": ("x", "z")}, "differ: x 10, z 9"),
        ("x.npy", {"labels": "short.npy"}, "differ: x 10, labels 9"),
        ("x.npy", {"labels": "two.npz"}, "holds 2 arrays"),
        ("x.npy", {"labels": "y.csv"}, "neither an array"),
        ("x.npy", {"labels": "no.npy"}, "does not exist"),
        ("d.npz", {"labels": "y", "class_names": ("a", "b")}, "from 0 to 2 for 2 class names"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, path, fields, message):
    with pytest.raises(DatasetUnreadable, match=message) as caught:
        opened(arrays, path, **fields)
    assert caught.value.hint


def test_chunks_of_arrays_are_cut_where_rows_are_large(arrays, monkeypatch):
    monkeypatch.setattr("edgecheck.samples.arrays.MAX_CHUNK_BYTES", 48)
    dataset = opened(arrays, "d.npz", labels="y")
    assert [len(chunk.ids) for chunk in dataset.chunks(8)] == [2] * 5


def peak_bytes(dataset):
    tracemalloc.start()
    try:
        count = sum(len(chunk.ids) for chunk in dataset.chunks(64))
        assert count == len(dataset)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_memory_does_not_grow_with_the_number_of_samples(tmp_path, save):
    peaks = []
    for count in (1_000, 20_000):
        rows = np.random.default_rng(0).integers(0, 9, (count, 500)).astype(np.float32)
        save(tmp_path / "d.npz", x=rows, y=np.zeros(count, int))
        dataset = opened(tmp_path, "d.npz", labels="y")
        peak_bytes(dataset)  # first use fills caches of the interpreter
        peaks.append(peak_bytes(dataset))
    # The data grow from 2 MB to 40 MB.
    assert peaks[0] > 64 * 500 * 4
    assert peaks[1] < peaks[0] + 100_000


def test_a_pattern_of_arrays_is_told_that_arrays_are_one_file(arrays):
    with pytest.raises(DatasetUnreadable, match="is a pattern") as caught:
        opened(arrays, "*.npy", kind="array")
    assert "np.stack" in caught.value.hint
