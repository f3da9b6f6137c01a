import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.open import open_dataset
from edgecheck.samples.pairing import pair_by_stem
from edgecheck.spec.model import DatasetSpec, InputSpec

TWO = {"left": InputSpec(kind="image"), "right": InputSpec(kind="audio")}
MIXED = {"image": InputSpec(kind="image"), "meta": InputSpec(kind="table")}
BOTH = {"left": "l", "right": "r/**/*.wav"}

stems = st.sets(st.sampled_from(["a", "b", "c", "d/a", "d/e", "f.g"]))


@given(left=stems, right=stems)
def test_files_pair_exactly_if_their_stems_are_equal(left, right):
    names = {"x": [f"{stem}.png" for stem in left], "y": [f"{stem}.wav" for stem in right]}
    if left != right:
        with pytest.raises(DatasetUnreadable, match="not every file has a partner"):
            pair_by_stem(names)
        return
    ids, paired = pair_by_stem(names)
    assert list(ids) == sorted(left)
    assert paired == {"x": tuple(f"{i}.png" for i in ids), "y": tuple(f"{i}.wav" for i in ids)}


def test_unmatched_files_are_counted_and_named_for_each_side():
    names = {"x": ["a.png", "b.png", "c.png"], "y": ["a.png", "d.png"]}
    with pytest.raises(DatasetUnreadable) as caught:
        pair_by_stem(names)
    assert "2 of 3 of 'x' (b, c)" in caught.value.message
    assert "1 of 2 of 'y' (d)" in caught.value.message


def test_two_files_of_one_stem_are_refused():
    with pytest.raises(DatasetUnreadable, match=r"a\.jpg and a\.png have the same stem"):
        pair_by_stem({"x": ["a.jpg", "a.png"], "y": ["a.png"]})


@pytest.fixture
def folder(tmp_path):
    for name in ("l/a.png", "l/b.png", "l/c.v2.png", "r/a.wav", "r/b.wav", "r/c.v2.wav"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def opened(folder, path, inputs=TWO, class_names=(), truth="classes", **fields):
    return open_dataset(DatasetSpec(path=path, **fields), folder, inputs, class_names, truth)


def test_files_of_one_stem_travel_together(folder):
    chunks = list(opened(folder, BOTH).chunks(2))
    assert [chunk.ids for chunk in chunks] == [("a", "b"), ("c.v2",)]
    assert chunks[0].rows == {"left": (b"l/a.png", b"l/b.png"), "right": (b"r/a.wav", b"r/b.wav")}


def test_labels_of_pairs_are_found_by_stem_or_by_either_file(folder):
    (folder / "y.csv").write_text("filename,label\na.png,0\nb,1\nc.v2.wav,2\n")
    dataset = opened(folder, BOTH, labels="y.csv")
    assert next(dataset.chunks(9)).labels.tolist() == [[0], [1], [2]]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ({"left": "l"}, "says nothing about input 'right'"),
        ({**BOTH, "lef": "l"}, "names input 'lef'.*did you mean 'left'"),
        ("l", "can feed one input, there are 2"),
        ({"left": "l", "right": "x.npy"}, "beside inputs from other files"),
        ({"left": "l", "right": "x.csv"}, "kind audio cannot be read"),
    ],
)
def test_paths_that_do_not_fit_the_inputs_are_refused(folder, path, message):
    with pytest.raises(DatasetUnreadable, match=message) as caught:
        opened(folder, path)
    assert caught.value.hint


def test_arrays_of_several_files_pair_by_row(folder):
    np.save(folder / "x.npy", np.arange(4))
    np.savez(folder / "y.npz", k=np.arange(4) * 2, labels=np.arange(4))
    inputs = {"p": InputSpec(kind="array"), "q": InputSpec(kind="array")}
    dataset = opened(folder, {"p": "x.npy", "q": "y.npz"}, inputs, arrays={"q": "k"})
    chunk = next(dataset.chunks(9))
    assert chunk.rows["q"].tolist() == [0, 2, 4, 6]
    assert chunk.rows["p"].tolist() == [0, 1, 2, 3]


def test_a_table_with_file_names_feeds_beside_images(folder):
    (folder / "m.csv").write_text("u,filename,y,v\n3,c.v2,1,4\n1,a.png,0,2\n,b.png,1,6\n")
    path = {"image": "l", "meta": "m.csv"}
    chunk = next(opened(folder, path, MIXED, labels="y").chunks(9))
    assert chunk.rows["image"][0] == b"l/a.png"
    np.testing.assert_array_equal(chunk.rows["meta"], [[1, 2], [np.nan, 6], [3, 4]])
    assert chunk.labels.tolist() == [[0], [1], [1]]
    chosen = opened(folder, path, MIXED, labels="y", truth="values", features=("v",))
    assert next(chosen.chunks(9)).rows["meta"].tolist() == [[2], [6], [4]]
    assert next(chosen.chunks(9)).targets.tolist() == [[0], [1], [1]]


def test_a_file_that_the_table_does_not_know_is_an_error(folder):
    (folder / "m.csv").write_text("filename,u\na.png,1\n")
    with pytest.raises(DatasetUnreadable, match=r"no line for 2 of 3 files, such as b\.png"):
        opened(folder, {"image": "l", "meta": "m.csv"}, MIXED)
