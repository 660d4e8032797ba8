"""Text networks: the inputs that determine their outputs, and their numbers of weights."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import networks
from ganzoo.zoo.networks.recurrent import recurrent_discriminator, recurrent_generator
from ganzoo.zoo.networks.text_cnn import text_cnn_discriminator

LENGTH, WORDS = 6, 9
TOKENS = np.random.default_rng(0).integers(0, WORDS, (5, LENGTH)).astype("int32")
DISCRIMINATORS = {
    "text_cnn": lambda **arguments: text_cnn_discriminator((LENGTH,), WORDS, filters=4, hidden=5, **arguments),
    "recurrent": lambda **arguments: recurrent_discriminator((LENGTH,), WORDS, units=4, **arguments),
}


@pytest.fixture(params=sorted(DISCRIMINATORS))
def build_discriminator(request):
    return DISCRIMINATORS[request.param]


def test_tokens_and_one_hot_vectors_get_equal_logits(build_discriminator):
    discriminator = (
        build_discriminator(representations=4)
        if build_discriminator is DISCRIMINATORS["text_cnn"]
        else build_discriminator()
    )
    logits = discriminator(TOKENS)
    assert logits.shape == (5, *discriminator.output_shape[1:])
    assert np.ptp(logits) > 0.01
    np.testing.assert_allclose(discriminator(tf.one_hot(TOKENS, WORDS)), logits, atol=1e-6)
    # The average of two tokens gets other logits than either of them.
    between = 0.5 * (tf.one_hot(TOKENS, WORDS) + tf.one_hot((TOKENS + 1) % WORDS, WORDS))
    assert abs(discriminator(between) - logits).numpy().max() > 1e-3


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_logits_are_float32_in_any_precision(build_discriminator, dtype):
    discriminator = build_discriminator(dtype=dtype)
    assert discriminator.embedding.compute_dtype == dtype.removeprefix("mixed_")
    for inputs in (TOKENS, tf.one_hot(TOKENS, WORDS)):
        logits = discriminator(inputs)
        assert logits.dtype == tf.float32
        np.testing.assert_allclose(logits, build_discriminator()(TOKENS), atol=0.05)


def test_dropout_is_for_training_only(build_discriminator):
    discriminator = build_discriminator(dropout=0.5)
    np.testing.assert_array_equal(discriminator(TOKENS), discriminator(TOKENS))
    assert (discriminator(TOKENS, training=True) != discriminator(TOKENS)).numpy().any()
    np.testing.assert_array_equal(
        build_discriminator(dropout=0)(TOKENS, training=True), build_discriminator(dropout=0)(TOKENS)
    )


def test_files_and_configurations_restore_the_discriminator(build_discriminator, tmp_path):
    discriminator = build_discriminator(seed=4)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(discriminator)))
    fresh = keras.saving.deserialize_keras_object(config)
    np.testing.assert_array_equal(fresh(TOKENS), discriminator(TOKENS))
    discriminator.embedding.embeddings.assign_add(tf.ones((WORDS, 32)) * 0.1)
    discriminator.save(tmp_path / "discriminator.keras")
    loaded = keras.saving.load_model(tmp_path / "discriminator.keras")
    np.testing.assert_array_equal(loaded(TOKENS), discriminator(TOKENS))


def test_from_config_does_not_change_the_configuration():
    config = DISCRIMINATORS["recurrent"]().get_config()
    keys = set(config)
    DISCRIMINATORS["recurrent"]().from_config(config)
    assert set(config) == keys


# Recurrent networks.


def test_the_logit_of_a_token_depends_on_the_tokens_up_to_it():
    discriminator = DISCRIMINATORS["recurrent"]()
    other = TOKENS.copy()
    other[:, 3] = (other[:, 3] + 1) % WORDS
    one, two = discriminator(TOKENS).numpy(), discriminator(other).numpy()
    np.testing.assert_array_equal(one[:, :3], two[:, :3])
    assert (one[:, 3:] != two[:, 3:]).all()


def test_a_recurrent_generator_is_a_sequence_generator_of_the_specified_size():
    generator = recurrent_generator((LENGTH,), WORDS, has_eos=False, cell="gru", embedding_dim=3, units=4, seed=2)
    assert (generator.length, generator.vocabulary_size, generator.has_eos) == (LENGTH, WORDS, False)
    # Embedding with a row for the start token; a GRU with two biases; logits.
    expected = (WORDS + 1) * 3 + 3 * 4 * (3 + 4 + 2) + (4 + 1) * WORDS
    assert sum(int(np.prod(weight.shape)) for weight in generator.trainable_variables) == expected


# Convolutional discriminator.


def test_a_text_cnn_has_the_papers_parameters():
    discriminator = text_cnn_discriminator((LENGTH,), WORDS, embedding_dim=8, widths=(2, 3), filters=4, hidden=5)
    expected = WORDS * 8 + (2 * 8 * 4 + 4) + (3 * 8 * 4 + 4) + (2 * 4 + 1) * 5 + (5 + 1)
    assert sum(int(np.prod(weight.shape)) for weight in discriminator.trainable_variables) == expected


def test_a_text_cnn_responds_to_the_best_position_by_hand():
    discriminator = text_cnn_discriminator(
        (4,), 3, embedding_dim=2, widths=(2,), filters=1, hidden=1, dropout=0.0, representations=1
    )
    table = np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    # Token 1 followed by token 2 gives 1 + 2, multiplied by 10 and shifted by 0.5.
    kernel = np.array([[1, 0], [0, 2]], np.float32).reshape(2, 1, 2, 1)
    weights = [kernel, [0.0], [[1.0]], [0.0], [[10.0]], [0.5]]
    discriminator.embedding.set_weights([table])
    discriminator.network.set_weights([np.asarray(weight, np.float32) for weight in weights])
    logits = discriminator(np.array([[0, 1, 2, 0], [1, 2, 0, 0], [2, 1, 0, 0], [0, 2, 0, 0], [0, 0, 0, 0]]))
    np.testing.assert_allclose(logits[:, 0], [30.5, 30.5, 10.5, 20.5, 0.5], rtol=1e-6)


def test_each_representation_depends_on_its_own_part_of_the_embedding():
    discriminator = DISCRIMINATORS["text_cnn"](representations=4, dropout=0.0)
    before = discriminator(TOKENS).numpy()
    assert before.shape == (5, 4)
    table = discriminator.embedding.embeddings.numpy()
    # The third of four parts of 8.
    table[:, 16:24] *= -1
    discriminator.embedding.set_weights([table])
    changed = abs(discriminator(TOKENS).numpy() - before).max(axis=0) > 1e-6
    np.testing.assert_array_equal(changed, [False, False, True, False])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widths": (2, 7)}, r"widths: received \(2, 7\) for sequences of 6, expected none wider"),
        ({"representations": 5}, "embedding_dim: received 32 for 5 representations, expected a multiple"),
        ({"dropout": 1.0}, "dropout: received 1.0"),
        ({"widths": (0,)}, "widths.0: received 0"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        DISCRIMINATORS["text_cnn"](**arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["vocabulary_size", "has_eos"])
def test_arguments_derived_from_the_data_cannot_be_set_in_a_recipe(name):
    with pytest.raises(ValueError, match=f"model.generator.{name}: unknown argument"):
        networks.check({"network": "recurrent", name: 5}, "generator")


def test_images_have_no_text_networks():
    with pytest.raises(ValueError, match=r"model.discriminator: received no \['vocabulary_size'\]"):
        networks.build("text_cnn", "discriminator", shape=(8, 8, 1), seed=0, dtype="float32")
