"""Before the first step it is known whether what will be saved can be loaded by a new process."""

import importlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from ganzoo.training.callbacks import Checkpoint
from ganzoo.training.cli.command_line import main
from ganzoo.training.run.new_process import as_in_new_process
from ganzoo.training.run.restorability import RestorabilityError, require_restorable
from ganzoo.zoo import GAN
from ganzoo.zoo.errors import ArgumentError

HEAD = """
import keras
register = keras.saving.register_keras_serializable("tests")
def make_discriminator(shape):
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(1)])
def make_generator(latent_dim, shape):
    inputs = keras.Input((latent_dim,))
    outputs = keras.layers.Dense(shape[0] * shape[1])(make_layer()(inputs))
    return keras.Model(inputs, keras.layers.Reshape(shape)(outputs))
"""
SCALE = """
class Scale(keras.layers.Layer):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
    def call(self, inputs):
        return inputs * (self.factor if isinstance(self.factor, float) else 1.0)
"""
REGISTERED = SCALE.replace("class", "@register\nclass")
MAKE = "make_layer = lambda: Scale(3.0)"
ACTIVATION = "make_layer = lambda: keras.layers.Dense(2, activation={})"
# Modules of networks by name: their source, and what is said of those that cannot be restored.
MODULES = {
    "registered": (REGISTERED + MAKE, None),
    "registered_function": ("@register\ndef twice(x): return 2 * x\n" + ACTIVATION.format("twice"), None),
    "layer": (SCALE + MAKE, "layer 'scale.*': the class Scale of the module"),
    "function": (
        "def twice(x): return 2 * x\n" + ACTIVATION.format("twice"),
        "layer 'dense.*': the function twice is not",
    ),
    "lambda_layer": ("make_layer = lambda: keras.layers.Lambda(lambda x: x)", "layer 'lambda.*': received a lambda"),
    "lambda_activation": (ACTIVATION.format("lambda x: x"), "layer 'dense.*': received a lambda"),
    "initializer": (
        "class Halves(keras.initializers.Initializer):\n"
        "    def __call__(self, shape, dtype=None): return 0.5 * keras.ops.ones(shape, dtype)\n"
        "make_layer = lambda: keras.layers.Dense(2, kernel_initializer=Halves())",
        "layer 'dense.*': the class Halves",
    ),
    "constraint": (
        "class Box(keras.constraints.Constraint):\n    def __call__(self, w): return w\n"
        "make_layer = lambda: keras.layers.Dense(2, kernel_constraint=Box())",
        "layer 'dense.*': the class Box",
    ),
    "regularizer": (
        "class Norm(keras.regularizers.Regularizer):\n    def __call__(self, w): return keras.ops.sum(w)\n"
        "make_layer = lambda: keras.layers.Dense(2, kernel_regularizer=Norm())",
        "layer 'dense.*': get_config of Dense fails: .*Norm object",
    ),
    "policy": (
        "class Policy(keras.DTypePolicy): pass\nmake_layer = lambda: keras.layers.Dense(2, dtype=Policy('float32'))",
        "the class Policy",
    ),
    "registered_in_a_call": (
        "def make_layer():" + REGISTERED.replace("\n", "\n    ") + "\n    return Scale(3.0)",
        "this process has it, a new one that imports .* has not",
    ),
    "without_config": (REGISTERED + "make_layer = lambda: Scale(object())", "get_config of Scale fails"),
    "incomplete_config": (
        REGISTERED + "    def get_config(self): return keras.layers.Layer.get_config(self) | {'factor': 1.0}\n" + MAKE,
        "factor is 3.0, and 1.0 when it is loaded",
    ),
    "missing_argument": (
        REGISTERED.replace("=1.0", "") + "    def get_config(self): return {'name': self.name}\n" + MAKE,
        r"Scale cannot be built from its get_config .*expected \['factor'\]",
    ),
    "name_of_keras": (
        "def relu(x): return x - 3\n" + ACTIVATION.format("relu"),
        "other outputs after loading|is not registered",
    ),
}
FAST = ("registered", "layer", "lambda_layer", "registered_in_a_call", "incomplete_config", "name_of_keras")
# Saves a model in one process and loads it in another, as a resumed run does, with the same images.
LOAD = """
import keras, sys, numpy, {name}
from ganzoo.zoo import GAN
model = keras.saving.load_model(sys.argv[1])
numpy.save(sys.argv[2], model.generator(numpy.ones((1, 3), "float32")))
"""


@pytest.fixture
def networks(tmp_path, monkeypatch):
    """Writes a module of networks and returns its name and a compiled model of them: `networks("layer")`."""
    monkeypatch.syspath_prepend(tmp_path)

    def build(name):
        module = f"networks_{name}"
        (tmp_path / f"{module}.py").write_text(HEAD + MODULES[name][0])
        networks = f"{module}:make_generator", f"{module}:make_discriminator"
        model = GAN.create((4, 4, 1), *networks, latent_dim=3)
        model.compile()
        return module, model

    yield build
    for name in [name for name in sys.modules if name.startswith("networks_")]:
        del sys.modules[name]


def reason_against(networks, name):
    """Returns why a module's networks are refused, when they are built or proven, or None."""
    try:
        module, model = networks(name)
        require_restorable(model, [module])
    except (ArgumentError, RestorabilityError) as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.thorough) for name in MODULES]
)
def test_what_cannot_be_loaded_again_is_refused_by_name(name, networks):
    reason, expected = reason_against(networks, name), MODULES[name][1]
    if expected is None:
        assert reason is None
    else:
        assert re.search(expected, reason)
        assert "\n" not in reason


@pytest.mark.thorough
@pytest.mark.parametrize("name", list(MODULES))
def test_the_proof_agrees_with_a_new_process(name, networks, tmp_path):
    reason = reason_against(networks, name)
    try:
        module, model = networks(name)
        model.save(tmp_path / "model.keras")
    except (ArgumentError, NotImplementedError):
        assert reason is not None
        return
    command = [sys.executable, "-c", LOAD.format(name=module), tmp_path / "model.keras", tmp_path / "out.npy"]
    process = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True)
    loaded = process.returncode == 0
    if loaded:
        loaded = np.allclose(np.load(tmp_path / "out.npy"), model.generator(np.ones((1, 3), "float32")), atol=1e-5)
    assert loaded == (reason is None), (reason, process.stderr[-500:])


def test_registered_classes_and_modules_are_as_before(networks):
    module, model = networks("registered")
    before, loaded = dict(keras.saving.get_custom_objects()), sys.modules[module]
    with as_in_new_process([module]):
        assert sys.modules[module] is not loaded
        assert keras.saving.get_custom_objects()["tests>Scale"] is not before["tests>Scale"]
    assert sys.modules[module] is loaded is importlib.import_module(module)
    assert keras.saving.get_custom_objects() == before


def test_a_class_that_only_the_program_registers_is_refused(networks):
    _, model = networks("registered")
    require_restorable(model)
    with pytest.raises(RestorabilityError, match=r"this process has it, a new one that imports \[\] has not"):
        require_restorable(model, [])


def test_a_recipe_is_refused_before_any_file_is_written(networks, tmp_path, capsys):
    networks("layer")
    (tmp_path / "recipe.toml").write_text(
        '[data]\nsource = "digits"\nresolution = 8\n[model]\nvariant = "gan"\nlatent_dim = 3\n'
        'generator = "networks_layer:make_generator"\ndiscriminator = "networks_layer:make_discriminator"\n'
        "[train]\nsteps = 1\nbatch_size = 8\n"
    )
    assert main(["train", str(tmp_path / "recipe.toml"), "--out", str(tmp_path / "run"), "--quiet"]) == 2
    assert "the class Scale of the module networks_layer is not registered with Keras" in capsys.readouterr().err
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_the_callback_proves_networks_of_others_before_the_first_step(networks, tmp_path):
    _, model = networks("layer")
    with pytest.raises(RestorabilityError, match="the class Scale"):
        model.fit(
            keras.ops.convert_to_numpy(keras.ops.zeros((16, 4, 4, 1))), batch_size=8, verbose=0,
            callbacks=[Checkpoint(tmp_path / "checkpoints", every_n_steps=1)],
        )  # fmt: skip
    assert model.steps_done == 0
