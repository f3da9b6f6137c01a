import numpy as np
import pytest

from edgecheck.errors import UnusableError
from edgecheck.runtime.trained.description import TrainedPort
from edgecheck.runtime.trained.onnx_file import scan_onnx
from edgecheck.runtime.trained.refusal import CodeRefused
from edgecheck.runtime.trained.weights import _of_onnx, examine


@pytest.fixture
def helper():
    onnx = pytest.importorskip("onnx", reason="onnx makes the files here")
    pytest.importorskip("onnxruntime", reason="onnxruntime runs the files here")
    return onnx.helper


def tensor(name, values, location=None):
    import onnx

    made = onnx.numpy_helper.from_array(np.asarray(values, np.float32), name)
    if location is not None:
        made.ClearField("raw_data")
        made.data_location = onnx.TensorProto.EXTERNAL
        made.external_data.add(key="location", value=location)
    return made


def saved(path, helper, nodes, tensors=(), *, domains=(), functions=()):
    import onnx

    def port(name):
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 4])

    graph = helper.make_graph(nodes, "g", [port("x")], [port("y")], list(tensors))
    opsets = [helper.make_opsetid("", 13), *(helper.make_opsetid(d, 1) for d in domains)]
    model = helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def test_ports_have_names_open_sizes_and_types(helper, tmp_path):
    path = saved(tmp_path / "m.onnx", helper, [helper.make_node("Relu", ["x"], ["y"])])
    found = examine(path)[0]
    assert found.inputs == (TrainedPort("x", (-1, 4), "float32"),)
    assert found.outputs == (TrainedPort("y", (-1, 4), "float32"),)
    assert found.contract().inputs[0].tensor.shape == (1, 4)
    assert found.contract().outputs[0].tensor.shape_signature == (-1, 4)


def test_operators_of_other_domains_are_refused(helper, tmp_path):
    node = helper.make_node("Evil", ["x"], ["y"], domain="com.evil")
    with pytest.raises(CodeRefused, match=r"'Evil' of the domain 'com\.evil'"):
        scan_onnx(saved(tmp_path / "m.onnx", helper, [node], domains=["com.evil"]))


def test_operators_inside_branches_are_looked_at(helper, tmp_path):
    inner = helper.make_graph([helper.make_node("E", ["x"], ["z"], domain="evil")], "b", [], [])
    condition = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    with pytest.raises(CodeRefused, match="'evil'"):
        scan_onnx(saved(tmp_path / "m.onnx", helper, [condition], domains=["evil"]))


def test_functions_that_the_file_defines_are_its_own(helper, tmp_path):
    body = [helper.make_node("Relu", ["a"], ["b"])]
    function = helper.make_function("own", "F", ["a"], ["b"], body, [helper.make_opsetid("", 13)])
    node = helper.make_node("F", ["x"], ["y"], domain="own")
    scan_onnx(saved(tmp_path / "m.onnx", helper, [node], domains=["own"], functions=[function]))


@pytest.mark.parametrize("location", ["../../x", "/etc/passwd", "a/../../x", "..\\x", "link/x"])
def test_weights_outside_the_folder_are_refused(helper, tmp_path, location):
    (tmp_path / "link").symlink_to(tmp_path.parent)
    node = helper.make_node("Add", ["x", "w"], ["y"])
    path = saved(tmp_path / "m.onnx", helper, [node], [tensor("w", [1, 2, 3, 4], location)])
    with pytest.raises(CodeRefused, match="outside its folder"):
        scan_onnx(path)


def test_weights_outside_are_found_in_attributes_too(helper, tmp_path):
    nodes = [
        helper.make_node("Constant", [], ["w"], value=tensor("w", [1, 2, 3, 4], "../x")),
        helper.make_node("Add", ["x", "w"], ["y"]),
    ]
    with pytest.raises(CodeRefused, match="outside its folder"):
        scan_onnx(saved(tmp_path / "m.onnx", helper, nodes))


def test_weights_beside_the_file_are_read(helper, tmp_path):
    np.arange(4, dtype="<f4").tofile(tmp_path / "w.bin")
    node = helper.make_node("Add", ["x", "w"], ["y"])
    path = saved(tmp_path / "m.onnx", helper, [node], [tensor("w", [0, 0, 0, 0], "w.bin")])
    assert examine(path)[0].inputs[0].name == "x"


@pytest.mark.usefixtures("helper")
@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02", b"\x08\x08" * 50, b"not onnx"])
def test_damaged_files_are_unusable(tmp_path, data):
    path = tmp_path / "m.onnx"
    path.write_bytes(data)
    with pytest.raises(UnusableError, match=r"m\.onnx cannot be used"):
        examine(path)


def test_a_refusal_says_how_to_allow_it(helper, tmp_path):
    node = helper.make_node("Evil", ["x"], ["y"], domain="evil")
    path = saved(tmp_path / "m.onnx", helper, [node], domains=["evil"])
    with pytest.raises(UnusableError, match="would run code") as refused:
        examine(path)
    assert "--allow-code" in refused.value.hint


def test_weights_have_the_output_channel_first(helper, tmp_path):
    random = np.random.default_rng(0)
    plain, apart, dense, turned = (
        random.normal(size=shape) for shape in [(5, 2, 3, 3), (5, 1, 3, 3), (6, 7), (7, 6)]
    )
    nodes = [
        helper.make_node("Conv", ["x", "plain"], ["a"]),
        helper.make_node("Conv", ["a", "apart"], ["b"], group=5),
        helper.make_node("Gemm", ["b", "dense"], ["c"], transB=1),
        helper.make_node("MatMul", ["c", "turned"], ["y"]),
    ]
    stored = {"plain": plain, "apart": apart, "dense": dense, "turned": turned}
    tensors = [tensor(name, values) for name, values in stored.items()]
    path = saved(tmp_path / "m.onnx", helper, nodes, tensors)
    found = {name.partition(";")[0]: (op, values) for name, op, values in _of_onnx(path)}
    assert [op for op, _ in found.values()] == [
        "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "FULLY_CONNECTED",
    ]  # fmt: skip
    for out, row, column in np.ndindex(5, 3, 3):
        assert found["plain"][1][out, row, column, 1] == np.float32(plain[out, 1, row, column])
        assert found["apart"][1][out, row, column] == np.float32(apart[out, 0, row, column])
    np.testing.assert_array_equal(found["dense"][1], dense.astype(np.float32))
    np.testing.assert_array_equal(found["turned"][1], turned.T.astype(np.float32))


def test_weights_cross_from_the_child(helper, tmp_path):
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    path = saved(
        tmp_path / "m.onnx",
        helper,
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [tensor("w", values)],
    )
    _, (weight,) = examine(path)
    np.testing.assert_array_equal(weight.values, values.T)
    assert (weight.name, weight.operator, weight.op) == ("w;y", 0, "FULLY_CONNECTED")


@pytest.mark.parametrize(("before", "is_kept"), [("Relu", False), ("GlobalAveragePool", True)])
def test_a_dense_layer_behind_a_flattened_picture_is_left_out(helper, tmp_path, before, is_kept):
    nodes = [
        helper.make_node(before, ["x"], ["a"]),
        helper.make_node("Flatten", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "w"], ["y"]),
    ]
    path = saved(tmp_path / "m.onnx", helper, nodes, [tensor("w", np.ones((4, 2)))])
    assert len(list(_of_onnx(path))) == is_kept


def test_values_that_are_turned_into_codes_and_back_are_counted(helper, tmp_path):
    import onnx

    scale, zero = tensor("s", 0.5), onnx.numpy_helper.from_array(np.array(0, np.int8), "z")
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["codes"]),
        helper.make_node("DequantizeLinear", ["codes", "s", "z"], ["back"]),
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["weights"]),
        helper.make_node("Add", ["back", "weights"], ["y"]),
    ]
    weights = onnx.numpy_helper.from_array(np.ones((1, 4), np.int8), "w")
    path = saved(tmp_path / "q.onnx", helper, nodes, [scale, zero, weights])
    assert examine(path)[0].fake_quantizers == 1
    assert examine(path, allow_code=True)[0].fake_quantizers == 1
    plain = saved(tmp_path / "m.onnx", helper, [helper.make_node("Relu", ["x"], ["y"])])
    assert examine(plain)[0].fake_quantizers == 0
