"""Dumps in every format, as they should be and as strangers write them."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest

from edgecheck.device.dump import is_part, open_dump
from edgecheck.errors import DumpUnreadable, InputMissing, UsageError

CODES = np.array([[1, -2, 3], [4, 5, -128]], np.int8)


def describe(folder, *tensors, **more):
    folder.mkdir(exist_ok=True)
    (folder / "dump.json").write_text(json.dumps({"version": 1, "tensors": tensors, **more}))
    return folder


def entry(**changes):
    found = {"name": "x", "dtype": "int8", "shape": [2, 3], "file": "x.bin", **changes}
    return {key: value for key, value in found.items() if value is not None}


def read(path, count=9, **options):
    (tensor,) = open_dump(path, **options)
    return tensor, tensor.read(count)


def test_npz_tensors_keep_name_type_and_ids(tmp_path):
    path = tmp_path / "dump.npz"
    np.savez(path, x=CODES, ids=np.array(["a.png", "b/c.png"]))
    tensor, values = read(path)
    assert (tensor.name, tensor.dtype, tensor.shape) == ("x", "int8", (2, 3))
    assert tensor.ids == ("a.png", "b/c.png")
    np.testing.assert_array_equal(values, CODES)
    np.testing.assert_array_equal(tensor.read(1), CODES[:1])


def test_ids_may_be_bytes(tmp_path):
    path = tmp_path / "dump.npz"
    np.savez(path, x=CODES, ids=np.array([b"a.png", b"b.png"]))
    assert read(path)[0].ids == ("a.png", "b.png")


@pytest.mark.parametrize("order", ["little", "big"])
def test_raw_bytes_are_read_in_their_order(tmp_path, order):
    folder = describe(tmp_path / "dump", entry(dtype="int16", byte_order=order, ids=["a", "b"]))
    sign = {"little": "<", "big": ">"}[order]
    (folder / "x.bin").write_bytes(struct.pack(f"{sign}6h", 1, -2, 3, 400, 5, -600))
    tensor, values = read(folder)
    assert (tensor.ids, values.dtype) == (("a", "b"), np.dtype("int16"))
    assert values.tolist() == [[1, -2, 3], [400, 5, -600]]
    assert read(folder / "dump.json", 1)[1].tolist() == [[1, -2, 3]]


def test_values_in_json_may_be_nested_and_not_finite(tmp_path):
    text = '{"version": 1, "ids": ["a"], "tensors": [{"name": "x", "dtype": "float32",'
    (tmp_path / "d.json").write_text(text + '"shape": [1, 2, 1], "values": [[[NaN], [1e300]]]}]}')
    tensor, values = read(tmp_path / "d.json")
    assert (tensor.ids, values.shape, values.dtype) == (("a",), (1, 2, 1), np.dtype("float32"))
    assert np.isnan(values[0, 0, 0])
    assert np.isinf(values[0, 1, 0])


def test_csv_columns_go_to_their_elements(tmp_path):
    (tmp_path / "d.csv").write_text("id,y[1],y[0]\na.png,-1,2\nb.png,3,4\n")
    tensor, values = read(tmp_path / "d.csv")
    assert (tensor.name, tensor.dtype, tensor.ids) == ("y", "int64", ("a.png", "b.png"))
    assert values.tolist() == [[2, -1], [4, 3]]


@pytest.mark.parametrize(
    ("text", "dtype"), [("1,2\n3,4\n", "int64"), ("1.0,2\n3,4\n", "float64"), ("p,q\n1,2\n3,4\n", "int64")]
)  # fmt: skip
def test_csv_without_names_takes_the_one_that_is_given(tmp_path, text, dtype):
    (tmp_path / "d.csv").write_text(text)
    tensor, values = read(tmp_path / "d.csv", name="y")
    assert (tensor.name, tensor.dtype, tensor.ids) == ("y", dtype, None)
    assert values.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(UsageError, match="does not say which tensor"):
        open_dump(tmp_path / "d.csv")


def test_npy_needs_a_name_and_npz_refuses_one(tmp_path):
    np.save(tmp_path / "d.npy", CODES)
    assert read(tmp_path / "d.npy", name="x")[1].tolist() == CODES.tolist()
    np.savez(tmp_path / "d.npz", x=CODES)
    with pytest.raises(UsageError, match="without names"):
        open_dump(tmp_path / "d.npz", "x")


def npz_of(**members):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return target.getvalue()


def npy(descr, shape, data=b""):
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (118 - len(header)) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


HOSTILE_NPZ = {
    "objects": (npz_of(x=npy("|O", (2,), bytes(16))), "real numbers"),
    "huge": (npz_of(x=npy("<f4", (1 << 40, 4), bytes(8))), "cannot be right"),
    "huge ids": (npz_of(x=npy("|i1", (1,), b"\1"), ids=npy("<U1000000", (1,))), "cannot be right"),
    "many ids": (npz_of(x=npy("|i1", (1,), b"\1"), ids=npy("<U1", (1 << 40,))), "cannot be right"),
    "numbers as ids": (npz_of(x=npy("|i1", (1,), b"\1"), ids=npy("|i1", (1,), b"\1")), "list of text"),
    "bad characters": (npz_of(x=npy("|i1", (1,), b"\1"), ids=npy("<U1", (1,), b"\xff" * 4)), "cannot be read"),
    "bad bytes": (npz_of(x=npy("|i1", (1,), b"\1"), ids=npy("|S1", (1,), b"\xff")), "cannot be read"),
    "only ids": (npz_of(ids=npy("|S1", (1,), b"a")), "no tensors"),
    "text": (b"not a zip", "cannot be read"),
    "empty": (npz_of(x=npy("|i1", (0, 3))), "no samples"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "words"), HOSTILE_NPZ.values(), ids=HOSTILE_NPZ)
def test_hostile_npz_is_refused(tmp_path, data, words):
    (tmp_path / "d.npz").write_bytes(data)
    with pytest.raises(DumpUnreadable, match=words) as caught:
        open_dump(tmp_path / "d.npz")
    assert caught.value.exit_code == 3


HOSTILE_JSON = {
    "outside": (entry(file="../secret.bin"), "outside the folder"),
    "absolute": (entry(file="/etc/passwd"), "outside the folder"),
    "missing": (entry(file="no.bin"), "does not exist"),
    "folder": (entry(file="."), "not a regular file"),
    "NUL": (entry(file="a\0b"), "not a path"),
    "short": (entry(shape=[3, 3]), "needs 9 bytes, x.bin has 6"),
    "long": (entry(shape=[1, 3]), "needs 3 bytes, x.bin has 6"),
    "huge": (entry(shape=[1, 1 << 40]), "larger than any sample"),
    "huge count": (entry(shape=[1 << 60, 3]), "bytes, x.bin has 6"),
    "negative": (entry(shape=[-2, 3]), "above 0"),
    "bool": (entry(shape=[True, 3]), "above 0"),
    "axes": (entry(shape=[1] * 9), "1 to 8 sizes"),
    "no shape": (entry(shape=None), "1 to 8 sizes"),
    "dtype": (entry(dtype="object"), "`dtype` must be"),
    "list as dtype": (entry(dtype=["int8"]), "`dtype` must be"),
    "order": (entry(byte_order="middle"), "little or big"),
    "both": (entry(values=[1]), "either `file` or `values`"),
    "neither": (entry(file=None), "either `file` or `values`"),
    "number as file": (entry(file=3), "name of a file"),
    "range": (entry(file=None, values=[0, 0, 0, 0, 0, 300]), "no int8"),
    "fraction": (entry(file=None, values=[0, 0, 0, 0, 0, 0.5]), "no int8"),
    "huge integer": (entry(file=None, values=[0, 0, 0, 0, 0, 10**400]), "no number that fits|no int8"),
    "true value": (entry(file=None, values=[0, 0, 0, 0, 0, True]), "must hold numbers"),
    "text value": (entry(file=None, values=["1"] * 6), "must hold numbers"),
    "count": (entry(file=None, values=[1]), "there are 1"),
    "ids": (entry(ids=[1, 2]), "list texts"),
    "name": (entry(name=""), "no `name`"),
    "field": (entry(dtyp="int8"), "no field 'dtyp'"),
    "entry": ("x", "no object"),
}  # fmt: skip


@pytest.mark.parametrize(("tensor", "words"), HOSTILE_JSON.values(), ids=HOSTILE_JSON)
def test_hostile_descriptions_are_refused(tmp_path, tensor, words):
    (tmp_path / "secret.bin").write_bytes(bytes(6))
    folder = describe(tmp_path / "dump", tensor)
    (folder / "x.bin").write_bytes(bytes(6))
    with pytest.raises(DumpUnreadable, match=words) as caught:
        open_dump(folder)
    assert caught.value.hint


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "secret.bin").write_bytes(bytes(6))
    folder = describe(tmp_path / "dump", entry())
    (folder / "x.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(DumpUnreadable, match="outside the folder"):
        open_dump(folder)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 2, "tensors": []}', '{"version": 1, "tensors": []}', "[" * 100_000,
     '{"version": 1, "tensors": [' + '"x",' * 300 + '"x"]}', "9" * 100_000],
)  # fmt: skip
def test_what_is_no_description_is_refused(tmp_path, text):
    (tmp_path / "d.json").write_text(text)
    with pytest.raises(DumpUnreadable):
        open_dump(tmp_path / "d.json")


def test_two_tensors_of_one_name_are_refused(tmp_path):
    folder = describe(tmp_path / "dump", *[entry(file=None, values=[0] * 6)] * 2)
    with pytest.raises(DumpUnreadable, match="there twice"):
        open_dump(folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "is empty"), ("x[0],x[1]\n", "header only"), ("id\na\n", "no values"),
     ("x[0],y[1]\n1,2\n", "several tensors"), ("x[0],x[2]\n1,2\n", r"x\[0\] to x\[1\]"),
     ("x[0],x[1]\n1\n", "line 2: 1 cells"), ("x[0],x[1]\n1,b\n", "line 2, column 2"),
     ("id,x[0]\na,1_000\n", "not a number"), ("1,2\n3\n", "line 2: 1 cells")],
)  # fmt: skip
def test_broken_tables_are_refused_with_the_line(tmp_path, text, words):
    (tmp_path / "d.csv").write_text(text)
    with pytest.raises(DumpUnreadable, match=words):
        open_dump(tmp_path / "d.csv", "x")


def test_a_folder_without_description_and_other_files_are_refused(tmp_path):
    with pytest.raises(InputMissing):
        open_dump(tmp_path / "no.npz")
    with pytest.raises(DumpUnreadable, match=r"dump\.json does not exist"):
        open_dump(tmp_path)
    (tmp_path / "d.bin").write_bytes(b"1")
    with pytest.raises(DumpUnreadable, match="no dump that is known"):
        open_dump(tmp_path / "d.bin")


def test_text_in_a_table_is_told_as_what_a_dump_needs(tmp_path):
    (tmp_path / "d.csv").write_text("x[0],x[1]\n1,b\n")
    with pytest.raises(DumpUnreadable, match="line 2, column 2") as caught:
        open_dump(tmp_path / "d.csv")
    assert "features" not in caught.value.hint


def test_what_belongs_to_a_dump_is_known_whatever_its_description_says(tmp_path):
    (tmp_path / "b.bin").write_bytes(b"1")
    (tmp_path / "other").write_bytes(b"1")
    names = ["b.bin", "a" * 5000, "x\0y", "", 3]
    (tmp_path / "d.json").write_text(json.dumps({"tensors": [{"file": each} for each in names]}))
    there = [is_part(tmp_path / "d.json", tmp_path / each) for each in ("b.bin", "d.json", "other")]
    assert there == [True, True, False]
    (tmp_path / "d.json").write_text("[")
    assert is_part(tmp_path / "d.json", tmp_path / "d.json")
    assert not is_part(tmp_path / "d.json", tmp_path / "b.bin")
    assert is_part(tmp_path, tmp_path / "other")
    assert not is_part(tmp_path, tmp_path / ("c" * 5000))
