import errno
import os
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.errors import UnusableError
from edgecheck.runtime import exchange as module
from edgecheck.runtime.exchange import Exchange, Layout, shared_folder

DTYPES = st.sampled_from(["float32", "float64", "int8", "int64"])
SHAPES = st.lists(st.integers(0, 4), max_size=3).map(tuple)
LAYOUTS = st.builds(
    Layout,
    st.integers(1, 5),
    st.integers(1, 3),
    st.dictionaries(st.text(max_size=3), st.tuples(DTYPES, SHAPES), max_size=4),
)


def _all_arrays(exchange):
    return [array for page in exchange.pages for array in page.values()]


@given(LAYOUTS)
def test_arrays_have_their_shape_and_never_overlap(layout):
    exchange = Exchange.create(Path(module.tempfile.gettempdir()), layout)
    exchange.path.unlink()
    for page in exchange.pages:
        for name, (dtype, shape) in layout.arrays.items():
            assert (page[name].dtype, page[name].shape) == (dtype, (layout.rows, *shape))
    for first, second in combinations(_all_arrays(exchange), 2):
        assert not np.shares_memory(first, second)


@given(LAYOUTS)
def test_a_layout_survives_its_dict(layout):
    assert Layout.from_dict(layout.to_dict()) == layout


def test_what_one_side_writes_the_other_reads(tmp_path):
    layout = Layout(3, 2, {"a": ("float32", (2,)), "b": ("int64", ())})
    created = Exchange.create(tmp_path, layout)
    opened = Exchange.open(created.path, layout)
    for number, array in enumerate(_all_arrays(created)):
        assert not array.any()
        array[...] = number + 1
    for number, array in enumerate(_all_arrays(opened)):
        assert (array == number + 1).all()


@pytest.mark.parametrize("shape", [(2**40, 2**40), (2**62,), (2**31, 2**31, 4)])
def test_a_shape_too_large_for_any_machine_is_unusable(shape, tmp_path):
    with pytest.raises(UnusableError, match=r"no space for [0-9]+ bytes") as caught:
        Exchange.create(tmp_path, Layout(1, 2, {"x": ("float32", shape)}))
    assert "shapes" in caught.value.hint


def test_a_full_disk_is_unusable_and_closes_its_handle(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.os, "posix_fallocate", full)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(UnusableError, match="No space left on device"):
        Exchange.create(tmp_path, Layout(1, 1, {"x": ("float32", (4,))}))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def _temporary_folder_of(monkeypatch, tmp_path):
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    return shared_folder()


def test_a_missing_memory_folder_falls_back_to_temporary_files(monkeypatch, tmp_path):
    monkeypatch.setattr(module.os, "access", lambda *_: False)
    assert _temporary_folder_of(monkeypatch, tmp_path).parent == tmp_path


def test_a_full_memory_folder_falls_back_to_temporary_files(monkeypatch, tmp_path):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    assert _temporary_folder_of(monkeypatch, tmp_path).parent == tmp_path


def test_the_shared_folder_is_private():
    folder = shared_folder()
    try:
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        folder.rmdir()
