import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.class_names import ClassNames, read_class_names
from edgecheck.samples.label_arrays import check_labels, class_numbers
from edgecheck.samples.label_table import read_label_table
from edgecheck.samples.npy import open_rows

IDS = ("cats/a.png", "cats/b.png", "dogs/a.png", "dogs/c.tar.png")
NAMES = ("cat", "dog", "bird")


def table(tmp_path, text, ids=IDS, names=NAMES):
    path = tmp_path / "labels.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_label_table(path, ids, names).tolist()


@pytest.mark.parametrize(
    "text",
    [
        "filename,label\ncats/a.png,0\nb.png,dog\nc.tar,2\n",
        "cats/a.png,0\r\nb.png,dog\r\nc.tar,2\r\n",
        "\ufeffFilename,Label\ncats/a.png,cat\n\ncats\\b.png,1\n./dogs/c.tar.png,bird",
        'id,label,filename\n1,0,cats/a.png\n2,"dog",b\n3,bird,c.tar.png\n',
        "image,class\ncats/a.png,0\nb.png,dog\nc.tar,2\n",
        "name,y\ncats/a.png,0\nb,dog\nc.tar,2\n",
    ],
)
def test_files_are_found_by_path_name_or_stem(tmp_path, text):
    assert table(tmp_path, text) == [[0], [1], [-1], [2]]


def test_several_classes_are_padded(tmp_path):
    assert table(tmp_path, "b,cat|2\ncats/a.png, 1 \n") == [[1, -1], [0, 2], [-1, -1], [-1, -1]]


def test_an_empty_label_is_unlabelled(tmp_path):
    assert table(tmp_path, "b,\ncats/a.png,-1\n") == [[-1]] * 4


def test_names_with_commas_and_quotes(tmp_path):
    names = ('a "big", cat', "dog")
    assert table(tmp_path, 'b,"a ""big"", cat"\n', names=names)[1] == [0]


REFUSED_TABLES = {
    "unknown file": ("filename,label\nx.png,0\n", "line 2.*'x.png' is not a file"),
    "missing file first": ("x.png,cat\nb.png,0\n", "line 1.*'x.png' is not a file"),
    "missing stem first": ("x,0\nb.png,0\n", "line 1.*'x' is not a file"),
    "no file at all": ("image,class\nx.png,0\n", "line 1.*'image' is not a file"),
    "ambiguous": ("b,0\na.png,0\n", "line 2.*names 2 files"),
    "twice": ("b,0\ncats/b.png,0\n", "line 2.*is listed already"),
    "unknown class": ("b,horse\n", "line 1.*'horse' is not a class"),
    "number too large": ("b,3\n", "line 1.*'3' is not a class"),
    "negative": ("b,-2\n", "'-2' is not a class"),
    "half empty set": ("b,1|\n", "'' is not a class"),
    "fraction": ("b,1.5\n", "'1.5' is not a class"),
    "exotic digits": ("b,\u0661\n", "is not a class"),
    "three columns": ("b,0,1\n", "first line has 3 cells"),
    "one column": ("filename,label\nb\n", r"line 2: 1 cell"),
    "open quote": ('b,"0\n', "line 1"),
    "stray quote": ('b,"0"1\n', "line 1"),
    "NUL": (b"b,0\ncats/a.png,\x001\n", "line 2.*NUL"),
    "latin-1": (b"b,0\ncaf\xe9,1\n", "line 2.*not UTF-8"),
    "utf-16": ("b,0\n".encode("utf-16"), "line 1.*not UTF-8"),
    "huge cell": ("b," + "9" * 200_000, "line 1"),
    "traversal": ("../../etc/passwd,0\n", "is not a file of the dataset"),
}


@pytest.mark.parametrize("case", REFUSED_TABLES)
def test_bad_tables_are_refused_with_their_line(tmp_path, case):
    text, message = REFUSED_TABLES[case]
    with pytest.raises(DatasetUnreadable, match=f"(?s){message}") as caught:
        table(tmp_path, text)
    assert caught.value.hint


@given(data=st.binary(max_size=60))
def test_any_bytes_are_labels_or_a_clear_error(tmp_path_factory, data):
    with contextlib.suppress(DatasetUnreadable):
        assert len(table(tmp_path_factory.mktemp("csv"), data)) == len(IDS)


def test_a_huge_table_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("edgecheck.samples.files.MAX_TEXT_BYTES", 3)
    with pytest.raises(DatasetUnreadable, match="larger than 3 bytes"):
        table(tmp_path, "b,0\n")


def test_numbers_are_not_classes_where_names_are_other_numbers():
    classes = ClassNames(("1", "2", "3"))
    assert classes.number("1", "here") == 0
    with pytest.raises(DatasetUnreadable, match="'0' is not a class"):
        classes.number("0", "here")


def test_digit_names_that_count_from_zero_agree_with_numbers():
    classes = ClassNames(tuple("0123456789"))
    assert [classes.number(text, "here") for text in ("0", "9", "-1")] == [0, 9, -1]


def test_a_repeated_class_name_means_nobody():
    with pytest.raises(DatasetUnreadable):
        ClassNames(("a", "b", "a")).number("a", "here")


def test_without_names_any_class_number_is_taken():
    assert ClassNames(()).number("1234", "here") == 1234
    with pytest.raises(DatasetUnreadable) as caught:
        ClassNames(()).number("cat", "here")
    assert "model: labels" in caught.value.hint


def test_class_names_come_from_a_list_or_a_file(tmp_path):
    (tmp_path / "labels.txt").write_bytes(b"\xef\xbb\xbfcat \r\ndog\r\n\r\nbird\r\n\r\n")
    assert read_class_names("labels.txt", tmp_path) == ("cat", "dog", "", "bird")
    assert read_class_names(NAMES, tmp_path) == NAMES
    assert read_class_names(None, tmp_path) == ()
    with pytest.raises(DatasetUnreadable, match="does not exist"):
        read_class_names("missing.txt", tmp_path)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float32", ">i2"])
def test_array_labels_become_int64_columns(dtype):
    found = class_numbers(np.array([0, 3, 2], dtype), "y", 4)
    assert found.dtype == np.int64
    assert found.tolist() == [[0], [3], [2]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.5, 1], "holds fractions"),
        ([np.nan, 1], "holds fractions"),
        ([np.inf, 1], "labels from 1.0 to inf"),
        ([0, 4], "from 0 to 4 for 4 class names"),
        ([-2, 1], "from -2 to 1"),
    ],
)
def test_array_labels_that_are_no_classes_are_refused(values, message):
    with pytest.raises(DatasetUnreadable, match=message):
        class_numbers(np.array(values), "y", 4)


@pytest.mark.parametrize("count", [2, 10])
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_one_hot_labels_are_refused_with_the_way_out(tmp_path, count, dtype):
    np.save(tmp_path / "y.npy", np.eye(count, dtype=dtype)[[0, 1, 1, 0]])
    with pytest.raises(DatasetUnreadable, match="one-hot") as caught:
        check_labels(open_rows(tmp_path / "y.npy"), None)
    assert "argmax" in caught.value.hint


def test_sets_of_classes_are_not_taken_for_one_hot(tmp_path):
    np.save(tmp_path / "y.npy", np.array([[0, 1], [1, -1], [0, -1]]))
    check_labels(open_rows(tmp_path / "y.npy"), 2)


def test_labels_of_images_are_refused(tmp_path):
    np.save(tmp_path / "y.npy", np.zeros((3, 4, 4)))
    with pytest.raises(DatasetUnreadable, match=r"\(n,\) or \(n, k\)"):
        check_labels(open_rows(tmp_path / "y.npy"), None)
