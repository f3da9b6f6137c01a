"""Which runtimes count as usable, with fakes of ai_edge_litert in the child."""

from importlib import resources
from types import SimpleNamespace

import pytest
from fake_runtime import doubling_job, write_fake
from models import OpDef, TensorDef, build_model

from edgecheck.errors import LoadFault, RuntimeMissing, UsageError
from edgecheck.runtime import discovery
from edgecheck.runtime.backends import BACKENDS, Backend, is_installed
from edgecheck.runtime.discovery import candidates, open_session, probe

LITERT = BACKENDS["litert"]
ABSENT = Backend("absent", "no_such_package", "no_such_package", ("no-such",), "pip install it")
NUMPY_1_WORDS = (
    "A module that was compiled using NumPy 1.x cannot be run in NumPy 2.2.6 as it may crash."
)


@pytest.fixture
def fake(tmp_path, monkeypatch):
    def install(**misbehaviour):
        write_fake(tmp_path, **misbehaviour)
        monkeypatch.syspath_prepend(tmp_path)

    return install


def test_the_bundled_model_is_what_the_tests_build():
    tensors = [TensorDef("x", (1, 2)), TensorDef("y", (1, 2))]
    built = build_model(tensors, [OpDef("ADD", [0, 0], [1])], [0], [1])
    assert resources.files("edgecheck.runtime").joinpath("probe.tflite").read_bytes() == built


def test_a_runtime_that_computes_is_usable(fake):
    fake()
    status = probe(LITERT)
    assert (status.state, status.problem, status.fix) == ("usable", "", "")


def test_a_runtime_that_is_not_there_is_missing():
    status = probe(ABSENT)
    assert (status.state, status.version) == ("missing", None)
    assert (status.problem, status.fix) == ("is not installed", "pip install it")


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_tflite_runtime_cannot_be_installed_from_python_3_12_on(version, monkeypatch):
    monkeypatch.setattr(discovery, "is_installed", lambda _: False)
    monkeypatch.setattr(discovery.sys, "version_info", (*version, 0))
    monkeypatch.setattr(
        discovery.platform, "python_version", lambda: f"{version[0]}.{version[1]}.0"
    )
    status = probe(BACKENDS["tflite-runtime"])
    if version < (3, 12):
        assert status.fix == BACKENDS["tflite-runtime"].install
    else:
        assert f"no wheels for Python 3.{version[1]}.0" in status.problem
        assert LITERT.install in status.fix


@pytest.mark.parametrize(
    "misbehaviour",
    [
        {
            "at_import": f"sys.stderr.write({NUMPY_1_WORDS!r})\n"
            "raise AttributeError('_ARRAY_API not found')"
        },
        {"at_load": "raise ImportError('numpy.core.multiarray failed to import')"},
        {"at_load": "sys.stderr.write('AttributeError: _ARRAY_API not found'); os.abort()"},
    ],
)
def test_a_runtime_built_for_numpy_1_needs_numpy_1(misbehaviour, fake):
    fake(**misbehaviour)
    status = probe(LITERT)
    assert status.state == "broken"
    assert "built for numpy 1" in status.problem
    assert status.fix == "pip install 'numpy<2'"


@pytest.mark.parametrize(
    ("misbehaviour", "problem"),
    [
        ({"answer": "self.values * 3"}, "computes 1+1, 2+2 as [3.0, 6.0]"),
        ({"answer": "self.values * np.nan"}, "computes 1+1, 2+2 as [nan, nan]"),
        ({"answer": "self.values[:, :1] * 2"}, "changes with the data"),
        ({"at_import": "import no_such_dependency"}, "No module named 'no_such_dependency'"),
        ({"at_import": "raise ImportError('libX.so.1: no such file')"}, "libX.so.1"),
        ({"at_load": "raise TypeError()"}, "TypeError"),
        ({"at_load": "os.abort()"}, "signal 6 (SIGABRT)"),
        ({"at_invoke": "sys.exit(3)"}, "exit status 3"),
    ],
)
def test_a_runtime_that_does_not_work_is_broken_and_says_how(misbehaviour, problem, fake):
    fake(**misbehaviour)
    status = probe(LITERT)
    assert status.state == "broken"
    assert problem in status.problem
    assert status.fix == f"reinstall it: {LITERT.install}"


def test_a_probe_that_hangs_is_broken(fake, monkeypatch):
    monkeypatch.setattr(discovery, "PROBE_SECONDS", 0.5)
    fake(at_load="time.sleep(60)")
    status = probe(LITERT)
    assert (status.state, status.problem) == ("broken", "no answer within 0.5 s")


@pytest.fixture
def installed(monkeypatch):
    """Makes exactly these runtimes installed."""

    def install(*names):
        monkeypatch.setattr(discovery, "is_installed", lambda backend: backend.name in names)

    return install


@pytest.mark.parametrize(
    ("target", "order"),
    [
        (None, ["litert", "tflite-runtime", "tensorflow"]),
        ("tflite-runtime==2.14.0", ["tflite-runtime", "litert", "tensorflow"]),
        ("tensorflow", ["tensorflow", "litert", "tflite-runtime"]),
    ],
)
def test_auto_tries_the_runtime_of_the_target_first(target, order, installed):
    installed(*BACKENDS)
    assert [backend.name for backend in candidates("auto", target)] == order


def test_auto_takes_only_what_is_installed(installed):
    installed("tensorflow")
    assert [backend.name for backend in candidates("auto", "tflite-runtime")] == ["tensorflow"]


def test_a_runtime_asked_for_is_the_only_one(installed):
    installed(*BACKENDS)
    assert candidates("tensorflow", "litert") == (BACKENDS["tensorflow"],)


def test_no_runtime_at_all_says_what_to_install(installed):
    installed()
    with pytest.raises(RuntimeMissing, match="litert, tflite-runtime, tensorflow") as caught:
        candidates("auto", None)
    assert LITERT.install in caught.value.hint


def test_a_runtime_asked_for_and_missing_is_no_other_one(installed):
    installed("tensorflow")
    with pytest.raises(RuntimeMissing, match="the runtime litert is not installed") as caught:
        candidates("litert", None)
    assert caught.value.hint == LITERT.install


def test_an_unknown_runtime_is_a_usage_error():
    with pytest.raises(UsageError, match="no runtime 'tflight'") as caught:
        candidates("tflight", None)
    assert "tflite-runtime" in caught.value.hint


def test_a_broken_runtime_is_passed_over_and_named(fake, tmp_path):
    if not is_installed(BACKENDS["tflite-runtime"]):
        pytest.skip("tflite-runtime is not installed")
    fake(at_load="raise RuntimeError('out of order')")
    model = tmp_path / "probe.tflite"
    model.write_bytes(resources.files("edgecheck.runtime").joinpath("probe.tflite").read_bytes())
    pair = (LITERT, BACKENDS["tflite-runtime"])
    opened = open_session(doubling_job(str(model)), pair, folder=tmp_path, timeout=20)
    opened.session.close()
    assert opened.backend.name == "tflite-runtime"
    assert "litert" in opened.passed_over[0]
    assert "out of order" in opened.passed_over[0]


def test_a_working_runtime_blames_the_model(fake, tmp_path):
    fake(at_load="raise RuntimeError('bad operator')", spares_probe=True)
    with pytest.raises(LoadFault, match="bad operator") as caught:
        open_session(doubling_job(), (LITERT,), folder=tmp_path, timeout=10)
    assert caught.value.runtime == "litert"
    assert caught.value.version


def test_when_every_runtime_is_broken_the_fix_of_the_first_is_the_hint(fake, tmp_path):
    fake(at_load="raise ImportError('numpy.core.multiarray failed to import')")
    with pytest.raises(RuntimeMissing, match="no installed runtime works: litert") as caught:
        open_session(doubling_job(), (LITERT,), folder=tmp_path, timeout=10)
    assert caught.value.hint == "pip install 'numpy<2'"


def test_a_full_memory_folder_does_not_make_a_runtime_broken(fake, monkeypatch):
    full = SimpleNamespace(free=0)
    monkeypatch.setattr("edgecheck.runtime.exchange.shutil.disk_usage", lambda _: full)
    fake()
    assert probe(LITERT).state == "usable"
