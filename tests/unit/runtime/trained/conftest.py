from contextlib import closing

import pytest

from edgecheck.runtime.worker_process import KeptProcess


@pytest.fixture(scope="module")
def kept():
    """One process for all questions of a file: to import TensorFlow takes seconds."""
    with closing(KeptProcess()) as process:
        yield process
