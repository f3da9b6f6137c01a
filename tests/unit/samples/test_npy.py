import io
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib import format as npy_format

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.npy import member_names, open_rows


def npy_bytes(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def fake_header(shape, descr="<f4", fortran="False", data=b"\0" * 64):
    text = f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()
    return npy_format.magic(1, 0) + len(text).to_bytes(2, "little") + text + data


def write(tmp_path, data):
    path = tmp_path / "x.npy"
    path.write_bytes(data)
    return path


def zipped(tmp_path, data, compression=zipfile.ZIP_DEFLATED, name="a.npy"):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr(name, data)
    return path


def read(rows, *batches):
    return list(rows.read(iter(batches)))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", ">i4", "float16", ">f4", "float64"])
def test_rows_equal_those_of_numpy(tmp_path, save, dtype):
    array = np.random.default_rng(0).integers(0, 2, (9, 3, 2)).astype(dtype)
    np.save(tmp_path / "x.npy", array)
    save(tmp_path / "x.npz", a=array)
    for rows in (open_rows(tmp_path / "x.npy"), open_rows(tmp_path / "x.npz", "a")):
        assert len(rows) == 9
        for found, numbers in zip(read(rows, [0, 1], [4, 5, 8]), ([0, 1], [4, 5, 8]), strict=True):
            assert found.dtype.isnative
            np.testing.assert_array_equal(found, array[numbers])


@settings(max_examples=40, deadline=None)
@given(picked=st.sets(st.integers(0, 199), min_size=1), size=st.integers(1, 50))
def test_any_ascending_choice_in_any_batches(tmp_path_factory, picked, size):
    array = np.arange(600, dtype=np.int16).reshape(200, 3)
    path = tmp_path_factory.mktemp("rows") / "x.npz"
    np.savez_compressed(path, a=array)
    numbers = sorted(picked)
    batches = [numbers[start : start + size] for start in range(0, len(numbers), size)]
    found = np.concatenate(read(open_rows(path, "a"), *batches))
    np.testing.assert_array_equal(found, array[numbers])


def test_rows_can_be_read_again(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(4))
    rows = open_rows(tmp_path / "x.npy")
    assert [part.tolist() for part in read(rows, [0, 3]) + read(rows, [0, 3])] == [[0, 3], [0, 3]]


def test_fortran_order_is_refused_with_the_way_out(tmp_path):
    np.save(tmp_path / "x.npy", np.asfortranarray(np.zeros((3, 4))))
    with pytest.raises(DatasetUnreadable, match="Fortran order") as caught:
        open_rows(tmp_path / "x.npy")
    assert "ascontiguousarray" in caught.value.hint


def test_one_sample_in_fortran_order_is_read_right(tmp_path):
    array = np.asfortranarray(np.arange(12).reshape(1, 3, 4))
    np.save(tmp_path / "x.npy", array)
    np.testing.assert_array_equal(read(open_rows(tmp_path / "x.npy"), [0])[0], array)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


REFUSED_ARRAYS = {
    "objects": np.array([Bomb()], dtype=object),
    "strings": np.array(["a"]),
    "bytes": np.array([b"a"]),
    "complex": np.zeros(3, np.complex64),
    "records": np.zeros(3, [("a", "f4")]),
    "dates": np.zeros(3, "M8[s]"),
    "scalar": np.float32(1),
    "no samples": np.zeros((0, 3)),
    "empty samples": np.zeros((3, 0)),
}


@pytest.mark.parametrize("case", REFUSED_ARRAYS)
@pytest.mark.parametrize("is_zip", [False, True])
def test_arrays_that_are_not_samples_are_refused(tmp_path, case, is_zip):
    data = npy_bytes(REFUSED_ARRAYS[case])
    with pytest.raises(DatasetUnreadable) as caught:
        open_rows(zipped(tmp_path, data), "a") if is_zip else open_rows(write(tmp_path, data))
    assert caught.value.hint


FAKE_HEADERS = {
    "larger than the data": fake_header("(17,)"),
    "enormous": fake_header("(1000000000000, 1000000)"),
    "overflowing": fake_header(f"({2**63}, {2**63})"),
    "endless empty rows": fake_header("(1000000000000000, 0)"),
    "negative": fake_header("(-1, -4)"),
    "boolean": fake_header("(True, 4)"),
    "not a tuple": fake_header("[4]"),
    "object": fake_header("(4,)", descr="|O"),
    "unknown type": fake_header("(4,)", descr="<q99"),
    "long double": fake_header("(2,)", descr="<f16"),
    "call": fake_header("__import__('os').getcwd()"),
    "deep": fake_header("(" * 4000),
    "subarray": fake_header("(4,)", descr="(2,)f4"),
    "huge header": npy_format.magic(2, 0) + b"\xff\xff\xff\x7f" + b" " * 64,
    "version 3": npy_format.magic(3, 0) + b"\x10\0\0\0" + b" " * 64,
    "version 9": b"\x93NUMPY\x09\0" + b" " * 64,
    "only magic": b"\x93NUMPY",
    "magic and version": b"\x93NUMPY\x01\0",
    "pickle": b"\x80\x04\x95\x10" + b"." * 64,
    "empty": b"",
    "text": b"1,2,3\n",
}


@pytest.mark.parametrize("case", FAKE_HEADERS)
@pytest.mark.parametrize("is_zip", [False, True])
def test_fake_headers_are_refused_without_large_allocations(tmp_path, case, is_zip):
    data = FAKE_HEADERS[case]
    path = zipped(tmp_path, data) if is_zip else write(tmp_path, data)
    tracemalloc.start()
    try:
        with pytest.raises(DatasetUnreadable) as caught:
            open_rows(path, "a" if is_zip else None)
        assert tracemalloc.get_traced_memory()[1] < 5 << 20
    finally:
        tracemalloc.stop()
    assert len(caught.value.message) < 500


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_is_an_error_not_a_traceback(tmp_path, compression):
    array = np.random.default_rng(0).random((200, 50))
    path = zipped(tmp_path, npy_bytes(array), compression)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = b"\xa5" * 64
    path.write_bytes(bytes(data))
    rows = open_rows(path, "a")
    with pytest.raises(DatasetUnreadable, match=r"x\.npz"):
        read(rows, range(200))


def test_a_file_that_shrinks_while_it_is_read_is_an_error(tmp_path):
    path = write(tmp_path, npy_bytes(np.zeros((100, 10))))
    rows = open_rows(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DatasetUnreadable, match="ends before"):
        read(rows, range(100))


def test_a_lying_zip_directory_is_an_error(tmp_path):
    path = zipped(tmp_path, fake_header("(1000000,)"), zipfile.ZIP_STORED)
    honest = len(fake_header("(1000000,)")).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(honest, (5_000_000).to_bytes(4, "little")))
    with pytest.raises(DatasetUnreadable):
        open_rows(path, "a")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_that_numpy_never_uses_is_refused(tmp_path, compression):
    path = zipped(tmp_path, npy_bytes(np.zeros(3)), compression)
    with pytest.raises(DatasetUnreadable, match="compressed in a way"):
        open_rows(path, "a")


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06", b"PK\x03\x04" + b"\0" * 99, b"text"])
def test_files_that_are_no_zip_are_refused(tmp_path, data):
    path = tmp_path / "x.npz"
    path.write_bytes(data)
    with pytest.raises(DatasetUnreadable, match=r"x\.npz"):
        member_names(path)


def test_member_names_that_are_paths_touch_no_file(tmp_path):
    path = zipped(tmp_path, npy_bytes(np.arange(3)), name="../../evil.npy")
    assert member_names(path) == ("../../evil",)
    assert read(open_rows(path, "../../evil"), [1])[0].tolist() == [1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.npz"]


def test_an_archive_without_arrays_is_refused(tmp_path):
    with pytest.raises(DatasetUnreadable, match="holds no arrays"):
        member_names(zipped(tmp_path, b"x", name="readme.txt"))


def test_a_sample_larger_than_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("edgecheck.samples.npy.MAX_SAMPLE_BYTES", 79)
    np.save(tmp_path / "x.npy", np.zeros((2, 10)))
    with pytest.raises(DatasetUnreadable, match="one sample has 80 bytes"):
        open_rows(tmp_path / "x.npy")
