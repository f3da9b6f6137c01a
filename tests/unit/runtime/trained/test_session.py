"""Trained models in worker sessions; ONNX, which starts fast, stands for all of them."""

from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import trained

from edgecheck.errors import LoadFault
from edgecheck.runtime import worker_process
from edgecheck.runtime.discovery import open_session
from edgecheck.runtime.job import job_for, rearranged
from edgecheck.runtime.session import empty_feeds, run_rows
from edgecheck.runtime.trained.weights import examine
from edgecheck.runtime.worker_process import KeptProcess


@pytest.fixture
def onnx():
    pytest.importorskip("onnxruntime", reason="onnxruntime runs the files here")
    return pytest.importorskip("onnx", reason="onnx makes the files here")


def saved(onnx, path, nodes, shape, *, dtype="FLOAT", out=None, stored=()):
    helper = onnx.helper
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", getattr(onnx.TensorProto, dtype), shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, out)],
        list(stored),
    )
    opset = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def job_of(path, shape, description=None, **options):
    description = description or examine(path)[0]
    contract = description.contract()
    bound = {"x": contract.inputs[0]}
    job = job_for(contract, str(path), bound=bound, shapes={"x": shape}, **options)
    return replace(job, backend=description.format, signature=description.signature)


def results(job, rows, folder, page=64, kept=None):
    opened = open_session(job, (), folder=folder, timeout=60, kept=kept)
    with closing(opened.session) as session:
        feeds = empty_feeds({"x": rows.shape[1:]}, page, folder)
        session.attach(feeds)
        found = run_rows(session, feeds, {"x": rows})
        assert (found.latencies > 0).all()
        return found.outputs


def test_rows_of_an_open_batch_axis_stay_apart(onnx, tmp_path, rng):
    nodes = [onnx.helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=1)]
    axes = onnx.numpy_helper.from_array(np.array([1]), "axes")
    path = saved(onnx, tmp_path / "m.onnx", nodes, ["n", 3], out=["n", 1], stored=[axes])
    rows = rng.normal(size=(50, 3)).astype(np.float32)
    found = results(job_of(path, (1, 3)), rows, tmp_path)["y"]
    assert found.shape == (50, 1, 1)
    np.testing.assert_allclose(found[:, 0, 0], rows.sum(axis=1), rtol=1e-5)


def test_questions_and_passes_share_one_process_and_no_model(onnx, tmp_path, rng, monkeypatch):
    started = []
    start = worker_process.child_command
    monkeypatch.setattr(
        worker_process, "child_command", lambda name: started.append(name) or start(name)
    )
    rows = rng.normal(size=(5, 3)).astype(np.float32)
    with closing(KeptProcess()) as kept:
        for sign in ("Relu", "Neg"):
            node = onnx.helper.make_node(sign, ["x"], ["y"])
            path = saved(onnx, tmp_path / "m.onnx", [node], ["n", 3], out=["n", 3])
            job = job_of(path, (1, 3), examine(path, kept=kept)[0])
            found = results(job, rows, tmp_path, kept=kept)["y"][:, 0]
            right = np.maximum(rows, 0) if sign == "Relu" else -rows
            np.testing.assert_array_equal(found, right)
    assert len(started) == 1


def test_a_model_that_mixes_its_batch_is_run_row_by_row(onnx, tmp_path, rng):
    axes = onnx.numpy_helper.from_array(np.array([0]), "axes")
    nodes = [onnx.helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=1)]
    path = saved(onnx, tmp_path / "m.onnx", nodes, ["n", 3], out=[1, 3], stored=[axes])
    rows = rng.normal(size=(7, 3)).astype(np.float32)
    found = results(job_of(path, (1, 3)), rows, tmp_path)["y"]
    np.testing.assert_array_equal(found[:, 0], rows)


def test_rows_that_move_each_other_are_run_row_by_row(onnx, tmp_path, rng):
    node = onnx.helper.make_node("Softmax", ["x"], ["y"], axis=0)  # over the batch
    path = saved(onnx, tmp_path / "m.onnx", [node], ["n", 3], out=["n", 3])
    rows = rng.normal(size=(9, 3)).astype(np.float32)
    found = results(job_of(path, (1, 3)), rows, tmp_path)["y"]
    assert found.ravel().tolist() == [1.0] * 27


def test_a_fixed_batch_of_one_is_run_row_by_row(onnx, tmp_path, rng):
    nodes = [onnx.helper.make_node("Relu", ["x"], ["y"])]
    path = saved(onnx, tmp_path / "m.onnx", nodes, [1, 3], out=[1, 3])
    rows = rng.normal(size=(5, 3)).astype(np.float32)
    found = results(job_of(path, (1, 3)), rows, tmp_path)["y"]
    np.testing.assert_array_equal(found[:, 0], np.maximum(rows, 0))


def test_whole_inputs_are_rounded_and_clipped(onnx, tmp_path):
    nodes = [onnx.helper.make_node("Cast", ["x"], ["y"], to=onnx.TensorProto.FLOAT)]
    path = saved(onnx, tmp_path / "m.onnx", nodes, ["n", 4], dtype="UINT8", out=["n", 4])
    rows = np.array([[-3.0, 0.6, 254.4, 300.0]], np.float32)
    found = results(job_of(path, (1, 4)), rows, tmp_path)["y"]
    assert found.ravel().tolist() == [0, 1, 254, 255]


@pytest.mark.parametrize("batch", ["n", 1])
def test_other_layouts_are_transposed_in_and_out(onnx, tmp_path, rng, batch):
    nodes = [onnx.helper.make_node("Relu", ["x"], ["y"])]
    shape = [batch, 3, 2, 4]
    path = saved(onnx, tmp_path / "m.onnx", nodes, shape, out=shape)
    rows = rng.normal(size=(6, 2, 4, 3)).astype(np.float32)
    shown = replace_shapes(examine(path)[0], (-1 if batch == "n" else 1, 2, 4, 3))
    job = job_of(path, (1, 2, 4, 3), shown)
    job = rearranged(job, {"x": (0, 3, 1, 2)}, {"y": (0, 2, 3, 1)})
    assert job.inputs[0].shape == (1, 3, 2, 4)
    found = results(job, rows, tmp_path)["y"]
    np.testing.assert_array_equal(found[:, 0], np.maximum(rows, 0))


def replace_shapes(description, shape):
    def moved(ports):
        return tuple(replace(port, shape=shape) for port in ports)

    return replace(
        description, inputs=moved(description.inputs), outputs=moved(description.outputs)
    )


def test_what_the_library_refuses_is_a_fault_of_the_model(onnx, tmp_path):
    nodes = [onnx.helper.make_node("Relu", ["x"], ["y"])]
    path = saved(onnx, tmp_path / "m.onnx", nodes, ["n", 3], out=["n", 3])
    job = job_of(path, (1, 3))
    path.write_bytes(b"damaged")
    with pytest.raises(LoadFault) as fault:
        open_session(job, (), folder=tmp_path, timeout=60)
    assert fault.value.runtime == "onnx"
    assert fault.value.version[0].isdigit()


@pytest.fixture(scope="module")
def recurrent(tmp_path_factory):
    if find_spec("tensorflow") is None:
        pytest.skip("tensorflow makes the model here")
    folder = tmp_path_factory.mktemp("recurrent")
    code = (
        "x = keras.Input(batch_shape=(1, 1, 2), name='x')\n"
        "y = keras.layers.SimpleRNN(1, stateful=True, activation='linear', name='y',\n"
        "    kernel_initializer='ones', recurrent_initializer='ones')(x)\n"
        "keras.Model(x, y).save('stateful.keras')\n"
    )
    trained.script(folder, code)
    return folder / "stateful.keras"


@pytest.mark.parametrize(("keeps_state", "expected"), [(False, [2, 2, 2, 2]), (True, [2, 4, 6, 8])])
def test_the_state_of_a_recurrent_layer_is_reset_or_streamed(
    recurrent, tmp_path, keeps_state, expected, kept
):
    description = examine(recurrent, kept=kept)[0]
    assert description.has_state
    job = job_of(recurrent, (1, 1, 2), description, keeps_state=keeps_state)
    found = results(job, np.ones((4, 1, 2), np.float32), tmp_path, kept=kept)
    (values,) = found.values()
    assert values.ravel().tolist() == expected
