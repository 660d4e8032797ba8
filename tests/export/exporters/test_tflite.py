"""TFLite files, run by ai-edge-litert and compared with Keras."""

import numpy as np
import pytest
from ganzoo.export import export_tflite
from ganzoo.export.exporters.tflite import PRECISIONS
from ganzoo.export.rewriting import flatbuffer
from ganzoo.zoo import GAN
from ganzoo.zoo.core.prng import sampling_latents
from ganzoo.zoo.errors import ArgumentError
from ganzoo.zoo.networks.mlp import mlp_generator

# Disjoint from those on which the exporter compares or calibrates.
SEEDS = np.arange(900, 924)
# Largest difference from Keras, for a range of 1.
TOLERANCES = {"float32": 1e-5, "float16": 5e-3, "int8": 0.15, "dynamic": 0.15}


def latents(seeds):
    return sampling_latents(np.asarray(seeds, "int32"), 4).numpy()


def keras_images(model, seeds):
    """Returns the images that Keras generates for seeds, in [0, 1]."""
    return np.concatenate([model.generate(1, seed=int(seed)) for seed in seeds]) / 2 + 0.5


def psnr(actual, expected):
    return -10 * np.log10(((actual - expected) ** 2).mean())


@pytest.fixture(scope="module")
def gan(randomize_weights):
    network = {"network": "dcgan", "width": 8}
    model = GAN.create((16, 16, 1), network, network, latent_dim=4)
    # `generate` uses the EMA generator; the generator has other weights.
    randomize_weights(model.ema_generator)
    return model


@pytest.fixture(scope="module")
def files(gan, tmp_path_factory):
    """Precision -> (entry, path) of files with a batch size of 1."""
    folder = tmp_path_factory.mktemp("files")
    paths = {precision: folder / f"{precision}.tflite" for precision in PRECISIONS}
    return {name: (export_tflite(gan, path, name, repeats=0), path) for name, path in paths.items()}


@pytest.fixture(scope="module")
def batched(gan, tmp_path_factory):
    """(Entry, path) of a float32 file with a batch size of 3."""
    path = tmp_path_factory.mktemp("batched") / "three.tflite"
    return export_tflite(gan, path, batch_size=3, repeats=0), path


@pytest.fixture(scope="module")
def parsed(files, batched):
    """Name -> the parsed file, a `schema.ModelT`."""
    paths = {name: path for name, (_, path) in files.items()} | {"batched": batched[1]}
    return {name: flatbuffer.read(path.read_bytes()) for name, path in paths.items()}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_both_signatures_equal_keras(precision, gan, files, run_tflite):
    entry, path = files[precision]
    expected = keras_images(gan, SEEDS)
    assert expected.std(axis=0).mean() > 0.1
    file = run_tflite(path)
    for actual in (file("serving_default", latents=latents(SEEDS)), file("sample", seeds=SEEDS)):
        assert (actual.shape, actual.dtype) == (expected.shape, np.float32)
        assert abs(actual - expected).max() < TOLERANCES[precision]
        assert psnr(actual, expected) > {"float32": 100, "float16": 60}.get(precision, 30)
    assert entry.signatures == ["sample", "serving_default"]
    assert entry.bytes == path.stat().st_size
    assert (entry.file, entry.precision, entry.failure) == (str(path), precision, None)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_reported_differences_are_those_of_the_file(precision, gan, files, run_tflite):
    entry, path = files[precision]
    seeds = np.arange(64)
    for signature, inputs in (("serving_default", {"latents": latents(seeds)}), ("sample", {"seeds": seeds})):
        differences = abs(run_tflite(path)(signature, **inputs) - keras_images(gan, seeds))
        reported = entry.differences[signature]
        # Keras rounds differently in batches of another size.
        assert reported["max_difference"] == pytest.approx(differences.max(), abs=1e-6)
        assert reported["mean_difference"] == pytest.approx(differences.mean(), abs=1e-6)


def test_precisions_differ_in_what_they_store(files, parsed):
    kinds, types = {}, flatbuffer.schema.TensorType
    for name, model in parsed.items():
        main = model.subgraphs[0]
        weights = [tensor for tensor in main.tensors if len(tensor.shape) > 1 and _data(model, tensor)]
        # Paddings are stored as integers.
        kinds[name] = {tensor.type for tensor in weights} - {types.INT32}
        if name == "int8":
            # Activations too, except for inputs and outputs.
            activations = {main.tensors[i].type for operator in main.operators[:-1] for i in operator.outputs}
            assert activations == {types.INT8}
    assert kinds["float32"] == kinds["batched"] == {types.FLOAT32}
    assert kinds["float16"] == {types.FLOAT16}
    assert kinds["int8"] == {types.INT8}
    assert types.INT8 in kinds["dynamic"]
    # Weights are not most of the file of such a small network; `dynamic` does not quantize small kernels.
    sizes = {name: sum(len(b.data) for b in model.buffers if b.data is not None) for name, model in parsed.items()}
    assert sizes["float32"] > 1.8 * sizes["float16"] > 1.8 * sizes["int8"]
    assert sizes["float32"] > 1.2 * sizes["dynamic"]
    # The precisions are not the same file under other names.
    assert len({path.read_bytes() for _, path in files.values()}) == 4


def test_a_seed_yields_the_same_image_in_any_batch(files, batched, run_tflite):
    entry, path = batched
    seeds = np.array([0, 7, 2**31 - 1, 7, 8, 9])
    single = run_tflite(files["float32"][1])("sample", seeds=seeds)
    in_batches = run_tflite(path)("sample", seeds=seeds)
    np.testing.assert_allclose(in_batches, single, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(in_batches[1], in_batches[3])
    assert abs(in_batches[4] - in_batches[5]).max() > 0.1
    assert entry.batch_size == 3


def test_a_batch_of_another_size_is_an_error(files, batched, run_tflite):
    for (entry, path), size in ((files["float32"], 1), (batched, 3)):
        runners = run_tflite(path).runners
        for runner in runners.values():
            (detail,) = runner.get_input_details().values()
            assert detail["shape"][0] == entry.batch_size == size
        # Each call needs a fresh interpreter, since the error leaves it unusable.
        for signature in runners:
            other = np.arange(size + 1)
            inputs = {"latents": latents(other)} if signature == "serving_default" else {"seeds": other.astype("int32")}
            with pytest.raises(RuntimeError, match="reshape|num_input_elements"):
                run_tflite(path).runners[signature](**inputs)


def test_only_built_in_operations_on_static_shapes(files, parsed):
    for model in parsed.values():
        operations = flatbuffer.operations(model)
        assert all(name in vars(flatbuffer.schema.BuiltinOperator) for name in operations)
        assert not {"CUSTOM", "SHAPE", "PACK", "TRANSPOSE_CONV", "RANDOM_STANDARD_NORMAL"} & set(operations)
        assert not [name for name in operations if "Flex" in name]
        for graph in model.subgraphs:
            for tensor in graph.tensors:
                signature = [] if tensor.shapeSignature is None else tensor.shapeSignature
                assert all(length > 0 for length in (*tensor.shape, *signature))
    for name, (entry, _) in files.items():
        assert entry.operations == dict(flatbuffer.operations(parsed[name]))
        assert entry.notes == []


def test_a_file_requires_the_runtime_of_its_newest_operation(parsed):
    # Shifts were added in 2.13; with an older minimum a device would fail only when it runs `sample`.
    for model in parsed.values():
        assert "RIGHT_SHIFT" in flatbuffer.operations(model)
        (buffer,) = (each.buffer for each in model.metadata if each.name == b"min_runtime_version")
        version = bytes(model.buffers[buffer].data).rstrip(b"\0").decode()
        assert tuple(int(part) for part in version.split(".")) >= (2, 13)


@pytest.mark.thorough
def test_a_batch_larger_than_the_examples_is_timed_in_full(randomize_weights, tmp_path):
    entry = export_tflite(
        randomize_weights(mlp_generator(4, (4, 4, 1), width=4)), tmp_path / "a.tflite", batch_size=100, repeats=1
    )
    assert entry.milliseconds["all"] > 0
    assert entry.images_per_second("1") == pytest.approx(100 * 1000 / entry.milliseconds["1"])


def test_random_numbers_are_never_quantized(parsed):
    for model in parsed.values():
        graph = model.subgraphs[1]
        float_operations = set()
        for operator in graph.operators:
            name = _name(model, operator)
            if name in ("LOG", "COS", "SIN", "SQRT"):
                float_operations.add(name)
                kinds = {graph.tensors[i].type for i in (*operator.inputs, *operator.outputs)}
                assert kinds == {flatbuffer.schema.TensorType.FLOAT32}
        assert float_operations == {"LOG", "COS", "SIN", "SQRT"}


def test_weights_are_stored_once(parsed):
    for model in parsed.values():
        of_main, of_sample = (
            {t.buffer for t in graph.tensors if len(t.shape) > 1 and _data(model, t)} for graph in model.subgraphs
        )
        assert len(of_main) >= 3
        assert of_main <= of_sample
        large = [bytes(b.data) for b in model.buffers if b.data is not None and len(b.data) > 256]
        assert len(large) == len(set(large))


def test_a_file_is_unchanged_after_reading_and_writing(files, run_tflite, tmp_path):
    _, path = files["int8"]
    copy = tmp_path / "copy.tflite"
    copy.write_bytes(flatbuffer.write(flatbuffer.read(path.read_bytes())))
    actual, expected = (run_tflite(each)("sample", seeds=SEEDS) for each in (copy, path))
    np.testing.assert_array_equal(actual, expected)


def test_int8_io_has_int8_inputs_and_outputs_and_reports_their_scales(gan, tmp_path, run_tflite):
    path = tmp_path / "int8.tflite"
    entry = export_tflite(gan, path, "int8", int8_io=True, repeats=0)
    assert set(entry.quantization) == {"latents", "images"}
    file = run_tflite(path)
    scales = {}
    for name, details in (("latents", "get_input_details"), ("images", "get_output_details")):
        detail = getattr(file.runners["serving_default"], details)()[name]
        assert detail["dtype"] == np.int8
        scales[name] = entry.quantization[name]
        assert (scales[name]["scale"], scales[name]["zero_point"]) == pytest.approx(detail["quantization"])
    # 512 latents of 4 normals reach about 3.5; images cover [0, 1].
    assert 5 < 255 * scales["latents"]["scale"] < 10
    assert 255 * scales["images"]["scale"] == pytest.approx(1, abs=0.05)
    steps = np.rint(latents(SEEDS) / scales["latents"]["scale"]) + scales["latents"]["zero_point"]
    for actual in (file("serving_default", latents=np.clip(steps, -128, 127)), file("sample", seeds=SEEDS)):
        assert actual.dtype == np.int8
        images = (actual.astype("float32") - scales["images"]["zero_point"]) * scales["images"]["scale"]
        assert psnr(images, keras_images(gan, SEEDS)) > 30


@pytest.mark.parametrize("precision", ["float32", "float16", "dynamic"])
def test_int8_io_is_refused_with_other_precisions(precision, gan, tmp_path):
    with pytest.raises(ArgumentError, match=f"int8_io: received True with precision '{precision}'"):
        export_tflite(gan, tmp_path / "a.tflite", precision, int8_io=True, repeats=0)
    assert not list(tmp_path.iterdir())


def _name(model, operator):
    code = model.operatorCodes[operator.opcodeIndex]
    value = max(code.builtinCode, code.deprecatedBuiltinCode)
    return next(name for name, number in vars(flatbuffer.schema.BuiltinOperator).items() if number == value)


def _data(model, tensor):
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0
