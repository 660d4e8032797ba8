"""Networks of texts: what they hear, what they cannot hear, and how many weights they have."""

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
JUDGES = {
    "text_cnn": lambda **given: text_cnn_discriminator((LENGTH,), WORDS, filters=4, hidden=5, **given),
    "recurrent": lambda **given: recurrent_discriminator((LENGTH,), WORDS, units=4, **given),
}


@pytest.fixture(params=sorted(JUDGES))
def judge(request):
    return JUDGES[request.param]


def test_tokens_and_one_hot_vectors_are_judged_alike(judge):
    discriminator = judge(representations=4) if judge is JUDGES["text_cnn"] else judge()
    logits = discriminator(TOKENS)
    assert logits.shape == (5, *discriminator.output_shape[1:])
    assert np.ptp(logits) > 0.01
    np.testing.assert_allclose(discriminator(tf.one_hot(TOKENS, WORDS)), logits, atol=1e-6)
    # And a blend of two tokens is neither of them.
    between = 0.5 * (tf.one_hot(TOKENS, WORDS) + tf.one_hot((TOKENS + 1) % WORDS, WORDS))
    assert abs(discriminator(between) - logits).numpy().max() > 1e-3


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_logits_are_float32_whatever_they_are_computed_in(judge, dtype):
    discriminator = judge(dtype=dtype)
    assert discriminator.embedding.compute_dtype == dtype.removeprefix("mixed_")
    for given in (TOKENS, tf.one_hot(TOKENS, WORDS)):
        logits = discriminator(given)
        assert logits.dtype == tf.float32
        np.testing.assert_allclose(logits, judge()(TOKENS), atol=0.05)


def test_dropout_is_for_training_only(judge):
    discriminator = judge(dropout=0.5)
    np.testing.assert_array_equal(discriminator(TOKENS), discriminator(TOKENS))
    assert (discriminator(TOKENS, training=True) != discriminator(TOKENS)).numpy().any()
    np.testing.assert_array_equal(judge(dropout=0)(TOKENS, training=True), judge(dropout=0)(TOKENS))


def test_files_and_configurations_give_the_discriminator_back(judge, tmp_path):
    discriminator = judge(seed=4)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(discriminator)))
    fresh = keras.saving.deserialize_keras_object(config)
    np.testing.assert_array_equal(fresh(TOKENS), discriminator(TOKENS))
    discriminator.embedding.embeddings.assign_add(tf.ones((WORDS, 32)) * 0.1)
    discriminator.save(tmp_path / "discriminator.keras")
    loaded = keras.saving.load_model(tmp_path / "discriminator.keras")
    np.testing.assert_array_equal(loaded(TOKENS), discriminator(TOKENS))


def test_a_configuration_is_left_as_it_is():
    config = JUDGES["recurrent"]().get_config()
    keys = set(config)
    JUDGES["recurrent"]().from_config(config)
    assert set(config) == keys


# The recurrent ones.


def test_what_a_recurrent_discriminator_says_of_a_token_hangs_on_those_up_to_it():
    discriminator = JUDGES["recurrent"]()
    other = TOKENS.copy()
    other[:, 3] = (other[:, 3] + 1) % WORDS
    one, two = discriminator(TOKENS).numpy(), discriminator(other).numpy()
    np.testing.assert_array_equal(one[:, :3], two[:, :3])
    assert (one[:, 3:] != two[:, 3:]).all()


def test_a_recurrent_generator_is_a_sequence_generator_of_ones_own_size():
    generator = recurrent_generator((LENGTH,), WORDS, ends=False, cell="gru", embedding_dim=3, units=4, seed=2)
    assert (generator.length, generator.vocabulary_size, generator.ends) == (LENGTH, WORDS, False)
    # Embedding with a row that is no token; a GRU with two biases; logits.
    expected = (WORDS + 1) * 3 + 3 * 4 * (3 + 4 + 2) + (4 + 1) * WORDS
    assert sum(int(np.prod(weight.shape)) for weight in generator.trainable_variables) == expected


# The convolutional one.


def test_a_text_cnn_has_the_papers_parameters():
    discriminator = text_cnn_discriminator((LENGTH,), WORDS, embedding_dim=8, widths=(2, 3), filters=4, hidden=5)
    expected = WORDS * 8 + (2 * 8 * 4 + 4) + (3 * 8 * 4 + 4) + (2 * 4 + 1) * 5 + (5 + 1)
    assert sum(int(np.prod(weight.shape)) for weight in discriminator.trainable_variables) == expected


def test_a_text_cnn_responds_to_the_best_place_by_hand():
    discriminator = text_cnn_discriminator(
        (4,), 3, embedding_dim=2, widths=(2,), filters=1, hidden=1, dropout=0.0, representations=1
    )
    table = np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    # A token 1 and then a token 2 are worth 1 + 2, taken by 10 and moved by 0.5.
    kernel = np.array([[1, 0], [0, 2]], np.float32).reshape(2, 1, 2, 1)
    weights = [kernel, [0.0], [[1.0]], [0.0], [[10.0]], [0.5]]
    discriminator.embedding.set_weights([table])
    discriminator.judge.set_weights([np.asarray(weight, np.float32) for weight in weights])
    logits = discriminator(np.array([[0, 1, 2, 0], [1, 2, 0, 0], [2, 1, 0, 0], [0, 2, 0, 0], [0, 0, 0, 0]]))
    np.testing.assert_allclose(logits[:, 0], [30.5, 30.5, 10.5, 20.5, 0.5], rtol=1e-6)


def test_each_representation_looks_at_its_own_part_of_the_embedding():
    discriminator = JUDGES["text_cnn"](representations=4, dropout=0.0)
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
        JUDGES["text_cnn"](**arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["vocabulary_size", "ends"])
def test_what_the_data_decide_is_no_argument_of_a_recipe(name):
    with pytest.raises(ValueError, match=f"model.generator.{name}: unknown argument"):
        networks.check({"network": "recurrent", name: 5}, "generator")


def test_pictures_have_no_networks_of_texts():
    with pytest.raises(ValueError, match=r"model.discriminator: received no \['vocabulary_size'\]"):
        networks.build("text_cnn", "discriminator", shape=(8, 8, 1), seed=0, dtype="float32")
