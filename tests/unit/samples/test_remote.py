import gc
import io
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.open import open_dataset
from edgecheck.samples.remote import is_url, shown
from edgecheck.spec.model import DatasetSpec, InputSpec

fsspec = pytest.importorskip("fsspec", reason="URLs are read with fsspec")

# Every temporary folder is made below `scratch`.
pytestmark = pytest.mark.usefixtures("scratch")

FILES = ("cat/b.png", "cat/a.PNG", "dog/c.png", "top.png", "notes.txt", ".hid/x.png")
SECRET = "hunter2"


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Where temporary folders are made."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    for name in FILES:
        system.pipe(f"/data/{name}", name.encode())
    system.pipe("/y.csv", b"filename,label\nb,1\n")
    system.pipe("/t.csv", b"a,y\n1,0\n2,1\n")
    buffer = io.BytesIO()
    np.save(buffer, np.arange(6.0).reshape(3, 2))
    system.pipe("/x.npy", buffer.getvalue())
    yield system
    system.rm("/", recursive=True)


def opened(path, kind="image", base=Path(), **fields):
    inputs = {"x": InputSpec(kind=kind)}
    return open_dataset(DatasetSpec(path=path, **fields), base, inputs)


def read(dataset):
    return {
        name: data
        for chunk in dataset.chunks(2)
        for name, data in zip(chunk.ids, chunk.rows["x"], strict=True)
    }


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        ("memory://data", {}, ["top.png"]),
        ("memory://data/top.png", {}, ["top.png"]),
        ("memory://data/cat/*.*", {}, ["a.PNG", "b.png"]),
        ("memory://data/**/*.png", {}, ["cat/b.png", "dog/c.png", "top.png"]),
        ("memory://data/cat", {"labels": "memory://y.csv"}, ["a.PNG", "b.png"]),
    ],
)
def test_remote_files_are_those_that_local_ones_would_be(path, fields, expected):
    dataset = opened(path, **fields)
    found = read(dataset)
    assert sorted(found) == expected
    assert read(dataset) == found
    for name, data in found.items():
        assert data.decode().endswith(name)


def test_remote_class_folders(memory):
    memory.rm("/data/top.png")
    chunk = next(opened("memory://data", labels="folders").chunks(9))
    assert chunk.ids == ("cat/a.PNG", "cat/b.png", "dog/c.png")
    assert chunk.labels.tolist() == [[0], [0], [1]]


@pytest.mark.usefixtures("memory")
def test_remote_tables_and_arrays():
    table = next(opened("memory://t.csv", "table", labels="y").chunks(9))
    assert (table.rows["x"].tolist(), table.labels.tolist()) == ([[1], [2]], [[0], [1]])
    assert next(opened("memory://x.npy", "array").chunks(9)).rows["x"].shape == (3, 2)


def test_a_zip_file_beside_the_spec(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("a/1.png", b"one")
        archive.writestr("a/2.png", b"two")
    assert read(opened("zip://a/*.png::d.zip", base=tmp_path)) == {"1.png": b"one", "2.png": b"two"}


def test_names_that_leave_the_folder_are_never_written(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("a/../../../evil.png", b"one")
        archive.writestr("a/1.png", b"one")
    dataset = opened("zip://**::d.zip", base=tmp_path)
    assert list(read(dataset)) == ["a/1.png"]
    assert [path.name for path in tmp_path.rglob("*.png")] == ["1.png"]
    with zipfile.ZipFile(tmp_path / "d.zip", "a") as archive:
        archive.writestr("a/b\\..\\evil.png", b"one")
    with pytest.raises(DatasetUnreadable, match="evil"):
        opened("zip://**::d.zip", base=tmp_path)


@pytest.mark.usefixtures("memory")
def test_only_what_will_be_read_is_fetched(scratch):
    dataset = opened("memory://data/**/*.png", limit=1, order="file")
    assert [path.name for path in scratch.rglob("*.png")] == ["b.png"]
    assert len(read(dataset)) == len(dataset) == 1


@pytest.mark.usefixtures("memory")
def test_the_folder_goes_with_the_dataset(scratch):
    dataset = opened("memory://data/**/*.png")
    reading = dataset.chunks(1)
    del dataset
    gc.collect()
    assert next(reading).ids == ("cat/b.png",)
    del reading
    gc.collect()
    assert not list(scratch.iterdir())


@pytest.mark.usefixtures("memory")
def test_nothing_is_left_after_an_error(scratch):
    with pytest.raises(DatasetUnreadable, match=r"no column 'nope'"):
        opened("memory://t.csv", "table", labels="nope")
    assert not list(scratch.iterdir())


@pytest.mark.usefixtures("memory")
def test_too_large_a_dataset_is_refused(monkeypatch):
    monkeypatch.setattr("edgecheck.samples.scratch.MAX_REMOTE_BYTES", 10)
    with pytest.raises(DatasetUnreadable, match="larger than 10 bytes"):
        opened("memory://data/**/*.png")


@pytest.mark.parametrize(
    "url",
    [
        f"http://user:{SECRET}@127.0.0.1:9/x.npy?sig={SECRET}",
        f"http://127.0.0.1:9/x.npy?X-Amz-Signature={SECRET}&other=1#{SECRET}",
        f"zip://a.npy::http://user:{SECRET}@127.0.0.1:9/x.zip?sig={SECRET}",
        f"ftp://user:{SECRET}@127.0.0.1:9/x.npy",
    ],
)
def test_secrets_are_never_in_a_message(url):
    pytest.importorskip("aiohttp", reason="fsspec reads http with aiohttp")
    with pytest.raises(DatasetUnreadable) as caught:
        opened(url, "array")
    assert SECRET not in caught.value.message + caught.value.hint
    assert "127.0.0.1:9/x" in caught.value.message


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://data/missing", "no image file|cannot be fetched"),
        ("memory://data/missing.png", "cannot be fetched: FileNotFoundError"),
        ("memory://data/*.txt", "has no image file"),
        ("reference://x.json", "not fetched by 'reference'"),
        ("nosuch://x.png", "not fetched by 'nosuch'"),
    ],
)
def test_urls_that_give_nothing_are_refused(url, message):
    with pytest.raises(DatasetUnreadable, match=message) as caught:
        opened(url)
    assert caught.value.hint


def test_a_missing_fsspec_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(DatasetUnreadable, match="fsspec is not installed") as caught:
        opened("https://example.org/x.npy", "array")
    assert "pip install 'tflite-edgecheck[remote]'" in caught.value.hint


def test_a_missing_package_of_a_protocol_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(DatasetUnreadable, match="s3fs") as caught:
        opened("s3://bucket/x.npy", "array")
    assert "tflite-edgecheck[remote]" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket/x", True),
        ("zip::https://host/x.zip", True),
        ("C:\\data\\x", False),
        ("C:/data/x", False),
        ("c://data", False),
        ("images/*.png", False),
        ("a:b/x.png", False),
    ],
)
def test_what_is_a_url(text, expected):
    assert is_url(text) == expected


def test_shown_keeps_what_is_no_secret():
    assert shown("https://host/a/b.csv") == "https://host/a/b.csv"
    assert shown("zip://*.png::s3://u:p@host/x?y") == "zip://*.png::s3://host/x"
