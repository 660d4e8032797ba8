"""The private parts of Keras and TensorFlow: they exist, do what is expected, and are used in one module only."""

import ast
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.core import keras_internals as internals
from ganzoo.zoo.registry import variant_class, variants

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("zoo", "export", "training", "configs", "benchmarks")
MODULE = ROOT / "zoo" / "core" / "keras_internals.py"
# Private names of other libraries.
OTHERS = {
    "_mmap": "the mapping of np.memmap, to release its pages",
    "_asdict": "the fields of a named tuple",
    "_active": "TensorFlow Datasets",
    "_data_dir_root": "TensorFlow Datasets",
}


@pytest.fixture
def network():
    dropout = keras.layers.Dropout(0.5, seed=1)
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="inner"), dropout])
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.ReLU(name="last")(inner(inputs)))


def test_layers_at_any_depth(network):
    names = [layer.name for layer in internals.layers_of(network)]
    assert {"inner", "last", network.name} < set(names)
    assert network not in internals.layers_of(network, include_self=False)


def test_seed_generators_and_own_weights(network):
    (generator,) = internals.seed_generators_of(network)
    np.testing.assert_array_equal(generator.state.numpy(), [1, 0])
    dense = next(layer for layer in internals.layers_of(network) if layer.name == "inner")
    assert internals.own_weights_of(dense) == [dense.kernel, dense.bias]
    assert internals.own_weights_of(network) == []


def test_calls_and_outputs(network):
    nodes, outputs = internals.calls_of(network)
    assert [node.operation.name for node in nodes if node.operation.name == "last"] == ["last"]
    assert [operation.name for operation in outputs] == ["last"]
    (inner,) = (layer for layer in network.layers if isinstance(layer, keras.Sequential))
    assert "inner" in {node.operation.name for node in internals.calls_of(inner)[0]}
    assert internals.calls_of(keras.layers.ReLU()) == ([], set())


def test_learning_rates_as_they_were_set():
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, 10)
    adam = keras.optimizers.Adam(schedule)
    assert internals.learning_rate_of(adam) is schedule
    assert internals.learning_rate_of(keras.optimizers.LossScaleOptimizer(adam)) is schedule
    assert float(internals.learning_rate_of(keras.optimizers.SGD(0.5))) == 0.5


def test_one_process_is_not_multi_worker(two_replicas):
    assert not internals.is_multi_worker()
    assert not internals.is_multi_worker(two_replicas)
    # With several workers the same method answers; see test_multi_worker.py.
    from_workers = type("Extended", (), {"_in_multi_worker_mode": lambda self: True})()
    assert internals.is_multi_worker(type("Strategy", (), {"extended": from_workers})())


def test_inputs_of_a_dataset():
    rows = tf.data.Dataset.range(5)
    assert internals.inputs_of_dataset(rows.batch(2)) == [rows]


def test_executions_of_fit_are_replaced():
    seen = []

    class Model(keras.Model):
        def train_step(self, data):
            return {"value": tf.reduce_sum(data)}

        def _maybe_symbolic_build(self, iterator=None, data_batch=None):
            seen.append(list(internals.dataset_of(iterator)))
            internals.replace_executions(iterator, lambda: iter([(0, 0, [tf.constant([7])])]))

    model = Model()
    model.compile(run_eagerly=True)
    history = model.fit(tf.data.Dataset.range(2).batch(2), shuffle=False, verbose=0).history
    assert history["value"] == [7]
    assert [batch.numpy().tolist() for batch in seen[0]] == [[0, 1]]


def test_the_restored_epoch_is_taken_once(network):
    assert internals.restored_epoch(network) is None
    network._initial_epoch = 3
    assert internals.restored_epoch(network) == 3
    assert internals.take_restored_epoch(network) == 3
    assert internals.restored_epoch(network) is None


def test_overridden_methods_are_those_that_are_named():
    classes = {
        cls for name in variants() for cls in variant_class(name).__mro__ if cls.__module__.startswith("ganzoo.")
    }
    overridden = {
        name
        for cls in classes
        for name in vars(cls)
        if name.startswith("_")
        and not name.startswith("__")
        and not name.startswith("_abc")
        and hasattr(keras.Model, name)
    }
    assert overridden == set(internals.OVERRIDDEN)


def own_names(trees):
    """The private names that the project defines: functions, classes, class variables, attributes of `self`."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                yield node.name
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in targets:
                for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                    if isinstance(part, ast.Name):
                        yield part.id
                    elif isinstance(part, ast.Attribute) and getattr(part.value, "id", None) in ("self", "cls"):
                        yield part.attr


def private_uses(tree):
    """The private names that a module reads or sets on any object, and those in strings of `getattr`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Call) and getattr(node.func, "id", None) in ("getattr", "hasattr", "setattr"):
            yield from ((a.value, node.lineno) for a in node.args[1:2] if isinstance(a, ast.Constant))
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from ((part, node.lineno) for part in node.module.split("."))
            if node.module.startswith(("keras.src", "tensorflow.python")):
                yield f"_{node.module}", node.lineno


def foreign_private_uses(trees):
    own = set(own_names(trees.values())) | set(OTHERS)
    return [
        f"{path}:{line}: {name}"
        for path, tree in trees.items()
        if path != MODULE
        for name, line in private_uses(tree)
        if str(name).startswith("_") and not str(name).startswith("__") and name not in own
    ]


def test_no_other_module_uses_private_names_of_keras_or_tensorflow():
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 100
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}
    found = foreign_private_uses(trees)
    assert not found, found


@pytest.mark.parametrize(
    "source",
    ["model._flatten_layers()", "getattr(model, '_initial_epoch')", "from keras.src import tree", "x._functional = 1"],
)
def test_a_private_use_is_found(source):
    assert len(foreign_private_uses({Path("some.py"): ast.parse(source)})) == 1
    assert foreign_private_uses({Path("own.py"): ast.parse("self._own = 1\nself._own.x")}) == []
