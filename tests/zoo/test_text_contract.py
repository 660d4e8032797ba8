"""What every text variant must hold; `test_contract.py` holds those that draw from latents."""

import contextlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.registry import variant_class, variants
from ganzoo.zoo.text import TextModel

NAMES = [name for name in variants() if issubclass(variant_class(name), TextModel)]
LENGTH, WORDS = 4, 6
VOCABULARY = ["the", "cat", "sat", "down"]
# A variant's tiny arguments, and those of its discriminator.
TINY = {"seqgan": {"rollouts": 2}}
JUDGES = {
    "text_cnn": {"embedding_dim": 8, "filters": 2, "hidden": 4, "widths": (2,)},
    "recurrent": {"embedding_dim": 4, "units": 4},
}
OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def create(name):
    """Builds the variant, not yet compiled."""

    def create(seed=3, dropout=0.1, **arguments):
        cls = variant_class(name)
        judge = JUDGES[cls.default_networks["discriminator"]] | {"dropout": dropout}
        arguments = {"n_critic": 1, "vocabulary": VOCABULARY} | TINY.get(name, {}) | arguments
        return cls.create((LENGTH,), {"embedding_dim": 4, "units": 4}, judge, seed=seed, **arguments)

    return create


@pytest.fixture(scope="module")
def build(create):
    def build(run_eagerly=False, optimizers=(), **arguments):
        model = create(**arguments)
        model.compile(*optimizers, run_eagerly=run_eagerly)
        return model

    return build


def texts(num=32):
    """Random sequences of 1 to LENGTH words, the end filling what is left."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(1, WORDS, (num, LENGTH)).astype("int32")
    tokens[np.arange(LENGTH) >= rng.integers(1, LENGTH + 1, (num, 1))] = 0
    return tokens


def values(model):
    return [weight.numpy() for weight in model.weights]


def difference(first, second):
    return max(float(abs(a - b).max()) for a, b in zip(first, second, strict=True))


def moved(variables, before):
    return {v.path for v, old in zip(variables, before, strict=True) if (v.numpy() != old).any()}


@pytest.fixture(scope="module")
def trained(build):
    model = build()
    before = [w.numpy() for w in model.trainable_variables]
    history = model.fit(texts(), batch_size=8, steps_per_epoch=3, verbose=0).history
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
    owned = [*model.generator_variables, *model.discriminator_variables]
    assert {w.path for w in owned} == {w.path for w in model.trainable_variables}
    # A relativistic discriminator's last bias cancels in a difference of logits.
    still = {w.path for w in owned} - moved(model.trainable_variables, before)
    assert all(path.endswith("bias") for path in still)
    assert len(still) <= 1
    assert after[0] == 3


def test_samples_are_texts_and_hang_on_their_seed(trained):
    model = trained[0]
    tokens = model.generate(5, seed=11)
    assert tokens.shape == (5, LENGTH)
    assert tokens.dtype == np.int32
    assert 0 <= tokens.min() < tokens.max() < WORDS
    ended = np.cumsum(tokens == 0, axis=1) > 0
    assert not tokens[ended].any()
    np.testing.assert_array_equal(tokens[2], model.generate(1, seed=13)[0])
    assert (model.generate(30, seed=0) != model.generate(30, seed=100)).any()
    with pytest.raises(ValueError, match="num: received 0"):
        model.generate(0)


def test_samples_are_written_in_words(trained):
    model = trained[0]
    known = ["", "<unk>", *VOCABULARY]
    tokens = model.generate(8, seed=5)
    assert model.texts(8, seed=5) == [" ".join(known[token] for token in row if token) for row in tokens]


def test_tokens_without_words_are_written_as_numbers(create):
    model = create(vocabulary=None, vocabulary_size=WORDS, ends=False)
    assert model.texts(3, seed=5) == [" ".join(map(str, row)) for row in model.generate(3, seed=5)]


def test_a_small_temperature_draws_the_likeliest_text(trained):
    model = trained[0]
    cold = model.generate(6, seed=0, temperature=1e-6)
    assert (cold == cold[0]).all()
    first = tf.argmax(model(np.zeros((1, LENGTH), "int32"))[0, 0])
    assert cold[0, 0] == first
    mixed = model.generate(2, seed=0, temperature=[1e-6, 1.0])
    np.testing.assert_array_equal(mixed, [cold[0], model.generate(1, seed=1)[0]])
    np.testing.assert_array_equal(model.generate(6, seed=0, temperature=1), model.generate(6, seed=0))
    for wrong in (0, -1.0, "hot", [1.0, 2.0], float("nan"), True):
        with pytest.raises(ValueError, match="temperature: received .* for 6 samples, expected a number above 0"):
            model.generate(6, seed=0, temperature=wrong)


def test_keras_files_give_the_same_model_back(trained, tmp_path):
    model = trained[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert difference(values(model), values(loaded)) == 0
    assert loaded.texts(4, seed=1) == model.texts(4, seed=1)
    for role in OPTIMIZERS:
        mine, theirs = getattr(model, role), getattr(loaded, role)
        assert type(theirs) is type(mine)
        for a, b in zip(mine.variables, theirs.variables, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.path)


def test_a_resumed_model_goes_on_as_if_it_had_not_stopped(trained, tmp_path):
    model = trained[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        each.fit(texts(), batch_size=8, steps_per_epoch=2, verbose=0)
    assert difference(values(model), values(loaded)) == 0


def test_config_round_trip_gives_equal_fresh_weights(create, name):
    model = create(seed=7, head_start=2)
    twin = variant_class(name).from_config(json.loads(json.dumps(model.get_config())))
    assert difference(values(model), values(twin)) == 0
    assert (twin.head_start, twin.ends, twin.vocabulary.known) == (2, True, VOCABULARY)


def test_eager_and_compiled_steps_agree(build, after):
    eager = build(run_eagerly=True)
    eager.fit(texts(), batch_size=8, steps_per_epoch=3, verbose=0)
    assert difference(values(eager), after[1]) < 1e-3


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision_keeps_float32_where_it_matters(build, precision):
    model = build(precision=precision, run_eagerly=True)
    assert model.generator.cell.compute_dtype == model.discriminator.embedding.compute_dtype == precision
    assert {weight.dtype for weight in model.trainable_variables} == {"float32"}
    assert model(texts(2)).dtype == model.discriminator(texts(2)).dtype == tf.float32
    scaled = isinstance(model.generator_optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (precision == "float16")
    if scaled:
        # Scaling begins high, and first steps may be skipped.
        model.compile(
            *(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(), initial_scale=4.0) for _ in range(2)),
            run_eagerly=True,
        )
    history = model.fit(texts(), batch_size=4, steps_per_epoch=2, verbose=0).history
    assert all(np.isfinite(value).all() for value in history.values())
    for role in OPTIMIZERS:
        assert int(getattr(model, role).iterations) > 0, "every step was skipped"


def test_a_head_start_holds_the_generator_still(build):
    model = build(head_start=2)
    generator, discriminator = model.generator_variables, model.discriminator_variables
    start = [v.numpy() for v in generator], [v.numpy() for v in discriminator]
    model.fit(texts(), batch_size=8, steps_per_epoch=2, verbose=0)
    assert not moved(generator, start[0])
    assert moved(discriminator, start[1])
    # Its optimiser has looked on.
    assert int(model.generator_optimizer.iterations) == 2
    assert any(np.any(v.numpy()) for v in model.generator_optimizer.variables[2:])
    model.fit(texts(), batch_size=8, steps_per_epoch=1, verbose=0)
    assert moved(generator, start[0])


def test_two_replicas_equal_one_of_the_double_batch(build, two_replicas):
    def run(scope):
        with scope:
            # Dropout is each replica's own.
            model = build(dropout=0.0, optimizers=[keras.optimizers.SGD(0.1) for _ in range(2)])
        return model, model.fit(texts(), batch_size=8, steps_per_epoch=2, verbose=0).history

    (one, one_history), (two, two_history) = run(contextlib.nullcontext()), run(two_replicas.scope())
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6, err_msg=a.path)
    for key, value in one_history.items():
        assert two_history[key][0] == pytest.approx(value[0], abs=1e-6), key


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (texts().astype("float32"), r"received tokens of float32 and shape \(4,\), expected integers \(4,\)"),
        (texts()[:, :3], r"received tokens of int32 and shape \(3,\), expected integers \(4,\)"),
        (texts() + 2, f"received tokens from 2 to {WORDS + 1}, expected 0 to {WORDS - 1}"),
        (texts() - 1, f"received tokens from -1 to {WORDS - 2}, expected 0 to {WORDS - 1}"),
    ],
    ids=["float", "length", "above", "below"],
)
def test_wrong_tokens_are_refused_in_one_line(trained, wrong, message):
    with pytest.raises(ValueError, match=message) as caught:
        trained[0].fit(wrong, batch_size=8, verbose=0)
    assert "\n" not in str(caught.value)


def test_a_wrong_token_is_found_in_whatever_row_it_stands(trained):
    tokens = texts(2000)
    tokens[1987, 2] = WORDS
    with pytest.raises(ValueError, match=f"received tokens from 0 to {WORDS}, expected 0 to {WORDS - 1}"):
        trained[0].fit(tokens, batch_size=8, steps_per_epoch=1, verbose=0)


def test_a_step_takes_rows_whose_number_is_known_when_they_arrive(build):
    """As those that workers hand to each other."""
    known, unknown = build(), build()
    tokens = {"tokens": tf.constant(texts(8))}
    known.train_step(tokens)
    step = tf.function(unknown.train_step, input_signature=[{"tokens": tf.TensorSpec((None, LENGTH), tf.int32)}])
    step(tokens)
    assert difference(values(known), values(unknown)) < 1e-5


def test_what_follows_an_end_is_not_looked_at(trained):
    model = trained[0]
    tokens = tf.constant([[3, 0, 5, 2], [1, 2, 3, 4]])
    np.testing.assert_array_equal(model.as_input("tokens", tokens), [[3, 0, 0, 0], [1, 2, 3, 4]])


def test_sources_of_pictures_and_missing_vocabularies_are_refused(name):
    class Source:
        name = "digits"

    with pytest.raises(ValueError, match="data.source: received 'digits', which has no texts"):
        variant_class(name).source_facts(Source())
    with pytest.raises(ValueError, match="vocabulary_size: received nothing, expected a number of tokens"):
        variant_class(name).create((LENGTH,))
