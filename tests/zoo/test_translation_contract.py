"""What every translation variant must hold; `test_contract.py` holds those that draw from latents."""

import json

import keras
import numpy as np
import pytest
from ganzoo.zoo.registry import variant_class, variants
from ganzoo.zoo.translation import TranslationModel

NAMES = [name for name in variants() if issubclass(variant_class(name), TranslationModel)]
SHAPE = (16, 16, 3)
# A variant's tiny arguments; a full pool is reached in the tests' few steps.
TINY = {"cyclegan": ({"blocks": 1}, {"pool_size": 6})}


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def build(name):
    def build(seed=3, precision="float32", **compiling):
        network, arguments = TINY.get(name, ({}, {}))
        small = {"width": 4}
        model = variant_class(name).create(SHAPE, small | network, small, seed=seed, precision=precision, **arguments)
        model.compile(**compiling)
        return model

    return build


def pictures(num=16):
    """Random pictures of two domains, the second one dark."""
    x = np.random.default_rng(0).integers(0, 256, (num, *SHAPE), dtype=np.uint8)
    return {"x": x, "y": x // 4}


def values(model):
    return [weight.numpy() for weight in model.weights]


def difference(first, second):
    return max(float(abs(a - b).max()) for a, b in zip(first, second, strict=True))


@pytest.fixture(scope="module")
def trained(build):
    model = build()
    before = [w.numpy() for w in model.trainable_variables]
    history = model.fit(pictures(), batch_size=4, steps_per_epoch=3, verbose=0).history
    # Kept now: one of the tests goes on with the model, and workers may take them in any order.
    return model, before, history, (model.steps_done, values(model))


@pytest.fixture(scope="module")
def after(trained):
    """The steps done and the values after them, before any test goes on with the model."""
    return trained[3]


def test_trains_and_logs_finite_values(trained, after):
    model, before, history, _ = trained
    assert set(model.metric_names) == set(history)
    assert all(np.isfinite(value).all() for value in history.values())
    moved = {w.path for a, w in zip(before, model.trainable_variables, strict=True) if (a != w.numpy()).any()}
    owned = {w.path for w in (*model.generator_variables, *model.discriminator_variables)}
    assert owned == {w.path for w in model.trainable_variables}
    # A bias before a normalisation has no gradient.
    assert {path for path in owned if not path.endswith("bias")} <= moved
    assert after[0] == 3


def test_translates_every_direction(trained):
    model = trained[0]
    x = pictures()["x"][:3]
    for to in model.directions:
        answer = model.translate(x, to=to)
        assert answer.shape == (3, *SHAPE)
        assert answer.dtype == np.float32
        assert -1 <= answer.min() < answer.max() <= 1
        np.testing.assert_allclose(answer[1:2], model.translate(x[1:2], to=to), atol=1e-6)
    np.testing.assert_allclose(model.translate(x), model((x / 127.5 - 1).astype("float32")), atol=1e-5)
    with pytest.raises(ValueError, match="to: received 'z'"):
        model.translate(x, to="z")


def test_keras_files_give_the_same_model_back(trained, tmp_path):
    model = trained[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert difference(values(model), values(loaded)) == 0
    assert len(values(model)) == len(values(loaded))
    for role in ("generator_optimizer", "discriminator_optimizer"):
        mine, theirs = getattr(model, role), getattr(loaded, role)
        for a, b in zip(mine.variables, theirs.variables, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.path)


def test_a_resumed_model_goes_on_as_if_it_had_not_stopped(trained, tmp_path):
    model = trained[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        each.fit(pictures(), batch_size=4, steps_per_epoch=2, verbose=0)
    assert difference(values(model), values(loaded)) == 0


def test_config_round_trip_gives_equal_fresh_weights(build, name):
    model = build(seed=7)
    twin = variant_class(name).from_config(json.loads(json.dumps(model.get_config())))
    assert difference(values(model), values(twin)) == 0


def test_eager_and_compiled_steps_agree(build, after):
    eager = build(run_eagerly=True)
    eager.fit(pictures(), batch_size=4, steps_per_epoch=3, verbose=0)
    assert difference(values(eager), after[1]) < 1e-3


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision_keeps_float32_where_it_matters(build, precision):
    model = build(precision=precision, run_eagerly=True)
    assert any(layer.compute_dtype == precision for layer in model.generators()[0].layers)
    assert {weight.dtype for weight in model.trainable_variables} == {"float32"}
    assert model.translate(pictures()["x"][:1]).dtype == np.float32
    scaled = isinstance(model.generator_optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (precision == "float16")
    if scaled:
        # Scaling begins high, and the first steps of a loss with large weights would be skipped.
        low = [keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(), initial_scale=4.0) for _ in range(2)]
        model.compile(*low, run_eagerly=True)
    history = model.fit(pictures(), batch_size=2, steps_per_epoch=2, verbose=0).history
    assert all(np.isfinite(value).all() for value in history.values())
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        assert int(optimizer.iterations) > 0, "every step was skipped"


def test_a_source_of_one_domain_is_refused(name):
    class Source:
        name = "digits"

    with pytest.raises(ValueError, match="data.source: received 'digits', which has one domain"):
        variant_class(name).source_facts(Source())
