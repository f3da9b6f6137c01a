"""Truth about files: class folders, values in tables; truth in arrays."""

import numpy as np
import pytest

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.open import open_dataset
from edgecheck.spec.model import DatasetSpec, InputSpec

FILES = ("dog/1.wav", "cat/1.wav", "cat/deep/2.wav", "10/1.wav", ".hidden/1.wav")


@pytest.fixture
def folder(tmp_path):
    for name in FILES:
        path = tmp_path / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (tmp_path / "train" / "2").mkdir()
    return tmp_path


def opened(folder, path="train", class_names=(), truth="classes", kind="audio", **fields):
    inputs = {"x": InputSpec(kind=kind)}
    return open_dataset(DatasetSpec(path=path, **fields), folder, inputs, class_names, truth)


def labels(dataset):
    chunk = next(dataset.chunks(99))
    return dict(zip(chunk.ids, chunk.labels[:, 0].tolist(), strict=True))


def test_folders_are_classes_in_sorted_order_as_training_numbers_them(folder):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is the oracle here")
    rate = np.zeros((8, 1), np.float32)
    for name in FILES[:4]:
        tf.io.write_file(str(folder / "train" / name), tf.audio.encode_wav(rate, 8000))
    trained = tf.keras.utils.audio_dataset_from_directory(
        folder / "train", output_sequence_length=8, batch_size=1, shuffle=False
    )
    by_name = {name: number for number, name in enumerate(trained.class_names)}
    found = labels(opened(folder, labels="folders"))
    assert sorted(found) == sorted(FILES[:4])
    assert found == {name: by_name[name.split("/")[0]] for name in found}


def test_the_order_of_class_names_wins(folder):
    names = ("dog", "10", "cat", "bird")
    found = labels(opened(folder, labels="folders", class_names=names))
    assert found == {name: names.index(name.split("/")[0]) for name in found}


@pytest.mark.parametrize("path", ["train", "train/cat", "train/cat/*.wav"])
def test_a_named_folder_holds_the_classes(folder, path):
    found = labels(opened(folder, path, labels="train", class_names=("10", "cat", "dog")))
    assert {name: number for name, number in found.items() if name.endswith("1.wav")}
    assert set(found.values()) == ({0, 1, 2} if path == "train" else {1})


def test_links_to_class_folders_are_followed(folder):
    (folder / "other").mkdir()
    (folder / "other" / "cat").symlink_to(folder / "train" / "cat")
    assert sorted(labels(opened(folder, "other", labels="folders"))) == [
        "cat/1.wav",
        "cat/deep/2.wav",
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"class_names": ("cats", "dog", "10")}, "'cat' is not a class; did you mean 'cats'"),
        ({"path": "train/cat"}, r"1 of 2 files lie in no class folder: 1\.wav"),
        ({"truth": "values"}, "the task needs values"),
        ({"path": "train/**", "labels": ("a", "b")}, "names 2 things"),
        ({"path": "train/**", "labels": "nowhere.txt"}, r"must be a \.csv file or `folders`"),
        ({"features": ("a",)}, "`features` is for"),
    ],
)
def test_folders_that_are_no_classes_are_refused(folder, fields, message):
    with pytest.raises(DatasetUnreadable, match=message) as caught:
        opened(folder, **{"labels": "folders", **fields})
    assert caught.value.hint


def test_files_outside_the_folder_of_the_labels_are_refused(folder):
    (folder / "else").mkdir()
    with pytest.raises(DatasetUnreadable, match="does not lie below"):
        opened(folder, labels="else")


def test_audio_labels_come_from_a_table(folder):
    (folder / "y.csv").write_text("cat/1.wav,cat\ncat/deep/2,0|1\ndog/1.wav,1.0\n")
    names = ("cat", "dog")
    chunk = next(opened(folder, "train/**", names, labels="y.csv").chunks(9))
    assert chunk.labels.tolist() == [[-1, -1], [0, -1], [0, 1], [1, -1]]


@pytest.mark.parametrize("header", ["", "filename,u,v\n"])
def test_values_come_from_a_table(folder, header):
    (folder / "y.csv").write_text(f"{header}cat/1,0.5,-1\ndog/1,,1e39\n")
    chunk = next(opened(folder, "train/**", truth="values", labels="y.csv").chunks(9))
    nan, inf = np.nan, np.inf
    assert chunk.targets.dtype == np.float32
    np.testing.assert_array_equal(chunk.targets, [[nan, nan], [0.5, -1], [nan, nan], [nan, inf]])
    assert chunk.labels is None


def test_values_that_are_text_are_refused_with_their_line(folder):
    (folder / "y.csv").write_text("filename,u\ncat/1,x\n")
    with pytest.raises(DatasetUnreadable, match=r"y\.csv, line 2: 'x' is not a number"):
        opened(folder, "train/**", truth="values", labels="y.csv")


@pytest.fixture
def arrays(tmp_path):
    rng = np.random.default_rng(0)
    stored = {
        "x": rng.random((7, 2)),
        "one": rng.random(7),
        "two": rng.random((7, 2)),
        "maps": rng.integers(0, 5, (7, 3, 4)).astype(np.uint8),
    }
    np.savez(tmp_path / "d.npz", **stored)
    np.save(tmp_path / "maps.npy", stored["maps"])
    return tmp_path, stored


@pytest.mark.parametrize("key", ["one", "two", "maps", "maps.npy"])
def test_values_of_an_array_are_targets(arrays, key):
    folder, stored = arrays
    dataset = opened(folder, "d.npz", truth="values", kind="array", labels=key)
    found = np.concatenate([chunk.targets for chunk in dataset.chunks(3)])
    expected = stored[key.removesuffix(".npy")].astype(np.float32)
    np.testing.assert_array_equal(found, expected.reshape(7, 1) if key == "one" else expected)


def test_several_arrays_are_joined_along_the_last_axis(arrays):
    folder, stored = arrays
    keys = ("two", "one")
    dataset = opened(
        folder, "d.npz", truth="values", kind="array", labels=keys, limit=4, order="file"
    )
    found = np.concatenate([chunk.targets for chunk in dataset.chunks(3)])
    expected = np.column_stack([stored["two"], stored["one"]])[:4]
    np.testing.assert_array_equal(found, expected.astype(np.float32))


@pytest.mark.parametrize(
    ("truth", "keys", "message"),
    [
        ("values", ("one", "maps"), "cannot be joined"),
        ("classes", ("one", "two"), "names 2 arrays"),
        ("classes", "maps", "class labels are"),
        ("values", "nope", "neither an array"),
    ],
)
def test_arrays_that_are_no_truth_are_refused(arrays, truth, keys, message):
    with pytest.raises(DatasetUnreadable, match=message):
        opened(arrays[0], "d.npz", truth=truth, kind="array", labels=keys, arrays={"x": "x"})


def test_unwanted_labels_are_not_taken_for_the_input(tmp_path):
    np.savez(tmp_path / "d.npz", data=np.zeros((3, 2)), y=np.array(["a", "b", "c"]))
    dataset = opened(tmp_path, "d.npz", truth="none", kind="array", labels="y")
    chunk = next(dataset.chunks(9))
    assert (chunk.labels, chunk.targets) == (None, None)
    assert chunk.rows["x"].shape == (3, 2)
