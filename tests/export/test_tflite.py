"""TFLite files, run by ai-edge-litert here and compared with Keras."""

import numpy as np
import pytest
from ganzoo.export import export_tflite, flatbuffer
from ganzoo.export.tflite import PRECISIONS
from ganzoo.zoo import GAN
from ganzoo.zoo.errors import ArgumentError
from ganzoo.zoo.latents import sampling_latents
from ganzoo.zoo.networks.mlp import mlp_generator

# None of those on which the exporter compares or calibrates.
SEEDS = np.arange(900, 924)
# Largest difference from Keras, of a range of 1.
TOLERATED = {"float32": 1e-5, "float16": 5e-3, "int8": 0.15, "dynamic": 0.15}


def latents(seeds):
    return sampling_latents(np.asarray(seeds, "int32"), 4).numpy()


def pictures(model, seeds):
    """What Keras makes of some seeds, in [0, 1]."""
    return np.concatenate([model.generate(1, seed=int(seed)) for seed in seeds]) / 2 + 0.5


def psnr(found, expected):
    return -10 * np.log10(((found - expected) ** 2).mean())


@pytest.fixture(scope="module")
def gan(enliven):
    network = {"network": "dcgan", "width": 8}
    model = GAN.create((16, 16, 1), network, network, latent_dim=4)
    # Users sample the average; the generator itself keeps other weights.
    enliven(model.averaged_generator)
    return model


@pytest.fixture(scope="module")
def files(gan, tmp_path_factory):
    """Precision -> (entry, path) of files of one sample at a time."""
    folder = tmp_path_factory.mktemp("files")
    paths = {precision: folder / f"{precision}.tflite" for precision in PRECISIONS}
    return {name: (export_tflite(gan, path, name, repeats=0), path) for name, path in paths.items()}


@pytest.fixture(scope="module")
def batched(gan, tmp_path_factory):
    """(Entry, path) of a float32 file of three samples at a time."""
    path = tmp_path_factory.mktemp("batched") / "three.tflite"
    return export_tflite(gan, path, batch_size=3, repeats=0), path


@pytest.fixture(scope="module")
def parsed(files, batched):
    """Name -> the file as its schema has it."""
    paths = {name: path for name, (_, path) in files.items()} | {"batched": batched[1]}
    return {name: flatbuffer.read(path.read_bytes()) for name, path in paths.items()}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_both_signatures_give_what_keras_gives(precision, gan, files, run_tflite):
    entry, path = files[precision]
    expected = pictures(gan, SEEDS)
    assert expected.std(axis=0).mean() > 0.1
    file = run_tflite(path)
    for found in (file("serving_default", latents=latents(SEEDS)), file("sample", seeds=SEEDS)):
        assert (found.shape, found.dtype) == (expected.shape, np.float32)
        assert abs(found - expected).max() < TOLERATED[precision]
        assert psnr(found, expected) > {"float32": 100, "float16": 60}.get(precision, 30)
    assert entry.signatures == ["sample", "serving_default"]
    assert entry.bytes == path.stat().st_size
    assert (entry.file, entry.precision, entry.failure) == (str(path), precision, None)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_what_is_told_of_a_file_is_what_it_does(precision, gan, files, run_tflite):
    entry, path = files[precision]
    seeds = np.arange(64)
    for signature, given in (("serving_default", {"latents": latents(seeds)}), ("sample", {"seeds": seeds})):
        apart = abs(run_tflite(path)(signature, **given) - pictures(gan, seeds))
        told = entry.differences[signature]
        # Keras makes other roundings in batches of another size.
        assert told["max_difference"] == pytest.approx(apart.max(), abs=1e-6)
        assert told["mean_difference"] == pytest.approx(apart.mean(), abs=1e-6)


def test_precisions_differ_in_what_they_store(files, parsed):
    kinds, types = {}, flatbuffer.schema.TensorType
    for name, model in parsed.items():
        main = model.subgraphs[0]
        weights = [tensor for tensor in main.tensors if len(tensor.shape) > 1 and _data(model, tensor)]
        # Paddings are stored as integers.
        kinds[name] = {tensor.type for tensor in weights} - {types.INT32}
        if name == "int8":
            # Activations too, apart from what comes in and goes out.
            made = {main.tensors[i].type for operator in main.operators[:-1] for i in operator.outputs}
            assert made == {types.INT8}
    assert kinds["float32"] == kinds["batched"] == {types.FLOAT32}
    assert kinds["float16"] == {types.FLOAT16}
    assert kinds["int8"] == {types.INT8}
    assert types.INT8 in kinds["dynamic"]
    # Of the file of so small a network the weights are not most; `dynamic` leaves kernels of a few hundred numbers.
    sizes = {name: sum(len(b.data) for b in model.buffers if b.data is not None) for name, model in parsed.items()}
    assert sizes["float32"] > 1.8 * sizes["float16"] > 1.8 * sizes["int8"]
    assert sizes["float32"] > 1.2 * sizes["dynamic"]
    # Not merely converted at the same precision under another name.
    assert len({path.read_bytes() for _, path in files.values()}) == 4


def test_a_seed_has_one_picture_in_any_batch(files, batched, run_tflite):
    entry, path = batched
    seeds = np.array([0, 7, 2**31 - 1, 7, 8, 9])
    alone = run_tflite(files["float32"][1])("sample", seeds=seeds)
    together = run_tflite(path)("sample", seeds=seeds)
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(together[1], together[3])
    assert abs(together[4] - together[5]).max() > 0.1
    assert entry.batch_size == 3


def test_another_batch_than_the_files_own_is_an_error(files, batched, run_tflite):
    for (entry, path), size in ((files["float32"], 1), (batched, 3)):
        runners = run_tflite(path).runners
        for runner in runners.values():
            (detail,) = runner.get_input_details().values()
            assert detail["shape"][0] == entry.batch_size == size
        # An error, not fewer or wrong pictures: a fresh interpreter each, since this one is left unusable.
        for signature in runners:
            other = np.arange(size + 1)
            given = {"latents": latents(other)} if signature == "serving_default" else {"seeds": other.astype("int32")}
            with pytest.raises(RuntimeError, match="reshape|num_input_elements"):
                run_tflite(path).runners[signature](**given)


def test_only_built_in_operations_on_static_shapes(files, parsed):
    for model in parsed.values():
        used = flatbuffer.operations(model)
        assert all(name in vars(flatbuffer.schema.BuiltinOperator) for name in used)
        assert not {"CUSTOM", "SHAPE", "PACK", "TRANSPOSE_CONV", "RANDOM_STANDARD_NORMAL"} & set(used)
        assert not [name for name in used if "Flex" in name]
        for graph in model.subgraphs:
            for tensor in graph.tensors:
                signature = [] if tensor.shapeSignature is None else tensor.shapeSignature
                assert all(length > 0 for length in (*tensor.shape, *signature))
    for name, (entry, _) in files.items():
        assert entry.operations == dict(flatbuffer.operations(parsed[name]))
        assert entry.notes == []


def test_a_file_names_the_runtime_that_its_newest_operation_needs(parsed):
    # Shifts came with 2.13; a device that reads 2.1 would find out only when it runs `sample`.
    for model in parsed.values():
        assert "RIGHT_SHIFT" in flatbuffer.operations(model)
        (buffer,) = (each.buffer for each in model.metadata if each.name == b"min_runtime_version")
        version = bytes(model.buffers[buffer].data).rstrip(b"\0").decode()
        assert tuple(int(part) for part in version.split(".")) >= (2, 13)


def test_a_batch_larger_than_what_is_compared_is_timed_whole(enliven, tmp_path):
    entry = export_tflite(
        enliven(mlp_generator(4, (4, 4, 1), width=4)), tmp_path / "a.tflite", batch_size=100, repeats=1
    )
    assert entry.milliseconds["all"] > 0
    assert entry.images_per_second("1") == pytest.approx(100 * 1000 / entry.milliseconds["1"])


def test_random_numbers_are_never_quantised(parsed):
    for model in parsed.values():
        graph = model.subgraphs[1]
        seen = set()
        for operator in graph.operators:
            name = _name(model, operator)
            if name in ("LOG", "COS", "SIN", "SQRT"):
                seen.add(name)
                kinds = {graph.tensors[i].type for i in (*operator.inputs, *operator.outputs)}
                assert kinds == {flatbuffer.schema.TensorType.FLOAT32}
        assert seen == {"LOG", "COS", "SIN", "SQRT"}


def test_weights_are_stored_once(parsed):
    for model in parsed.values():
        of_main, of_sample = (
            {t.buffer for t in graph.tensors if len(t.shape) > 1 and _data(model, t)} for graph in model.subgraphs
        )
        assert len(of_main) >= 3
        assert of_main <= of_sample
        large = [bytes(b.data) for b in model.buffers if b.data is not None and len(b.data) > 256]
        assert len(large) == len(set(large))


def test_a_file_read_and_written_again_does_the_same(files, run_tflite, tmp_path):
    _, path = files["int8"]
    copy = tmp_path / "copy.tflite"
    copy.write_bytes(flatbuffer.write(flatbuffer.read(path.read_bytes())))
    found, expected = (run_tflite(each)("sample", seeds=SEEDS) for each in (copy, path))
    np.testing.assert_array_equal(found, expected)


def test_int8_io_takes_and_gives_int8_and_tells_its_steps(gan, tmp_path, run_tflite):
    path = tmp_path / "whole.tflite"
    entry = export_tflite(gan, path, "int8", int8_io=True, repeats=0)
    assert set(entry.quantisation) == {"latents", "images"}
    file = run_tflite(path)
    steps = {}
    for name, details in (("latents", "get_input_details"), ("images", "get_output_details")):
        detail = getattr(file.runners["serving_default"], details)()[name]
        assert detail["dtype"] == np.int8
        told = entry.quantisation[name]
        assert (told["scale"], told["zero_point"]) == pytest.approx(detail["quantization"])
        steps[name] = told
    # 512 latents of 4 normals reach about 3.5; images fill [0, 1].
    assert 5 < 255 * steps["latents"]["scale"] < 10
    assert 255 * steps["images"]["scale"] == pytest.approx(1, abs=0.05)
    given = np.clip(np.rint(latents(SEEDS) / steps["latents"]["scale"]) + steps["latents"]["zero_point"], -128, 127)
    for found in (file("serving_default", latents=given), file("sample", seeds=SEEDS)):
        assert found.dtype == np.int8
        images = (found.astype("float32") - steps["images"]["zero_point"]) * steps["images"]["scale"]
        assert psnr(images, pictures(gan, SEEDS)) > 30


@pytest.mark.parametrize("precision", ["float32", "float16", "dynamic"])
def test_int8_io_is_refused_beside_other_precisions(precision, gan, tmp_path):
    with pytest.raises(ArgumentError, match=f"int8_io: received True beside precision '{precision}'"):
        export_tflite(gan, tmp_path / "a.tflite", precision, int8_io=True, repeats=0)
    assert not list(tmp_path.iterdir())


def _name(model, operator):
    code = model.operatorCodes[operator.opcodeIndex]
    value = max(code.builtinCode, code.deprecatedBuiltinCode)
    return next(name for name, number in vars(flatbuffer.schema.BuiltinOperator).items() if number == value)


def _data(model, tensor):
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0
