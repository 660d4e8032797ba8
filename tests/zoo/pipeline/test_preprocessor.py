"""Preprocessors: the inputs of each kind of model, the data that they refuse, and how rows are cast."""

import types

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import CGAN, GAN, CycleGAN, Pix2Pix, SeqGAN, TextToImageGAN
from ganzoo.zoo.pipeline.array_dataset import ArrayDataset
from ganzoo.zoo.pipeline.caption_pair_dataset import CaptionPairDataset
from ganzoo.zoo.pipeline.label_checks import validate_labels
from ganzoo.zoo.pipeline.preprocessor import (
    CaptionedImagePreprocessor,
    LabeledImagePreprocessor,
    Preprocessor,
    TokenPreprocessor,
    UnpairedImagePreprocessor,
)
from ganzoo.zoo.pipeline.unpaired_dataset import UnpairedDataset
from ganzoo.zoo.sequences.vocabulary import Vocabulary

SHAPE = (8, 8, 1)
IMAGES = np.full((2, *SHAPE), 255, np.uint8)
CAPTIONS = np.array(["red square", "blue circle"], object)


def refusal(validate, *arguments):
    """Returns the message of the one-line error that a call raises."""
    with pytest.raises(ValueError, match="received") as caught:
        validate(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def captioned():
    return CaptionedImagePreprocessor(SHAPE, Vocabulary(["red", "square", "blue", "circle"], length=3))


@pytest.mark.parametrize(
    ("preprocessor", "input_names"),
    [
        (Preprocessor({"images": SHAPE}), ("images",)),
        (Preprocessor({"x": SHAPE, "y": SHAPE}), ("x", "y")),
        (Preprocessor({"images": SHAPE}, ("images", "depths")), ("images", "depths")),
        (LabeledImagePreprocessor(SHAPE, 3), ("images", "labels")),
        (UnpairedImagePreprocessor({"x": SHAPE, "y": SHAPE}), ("x", "y")),
        (TokenPreprocessor(5, 7, has_eos=True), ("tokens",)),
    ],
    ids=["images", "pairs", "further_input", "labels", "unpaired", "tokens"],
)
def test_input_names_are_in_the_order_of_the_data(preprocessor, input_names):
    assert preprocessor.input_names == input_names
    assert preprocessor.owner == "the model"


def test_models_return_the_preprocessor_of_their_data(tiny):
    small = {"width": 2}
    conditional = CGAN.create(SHAPE, small, small, latent_dim=2, num_classes=3)
    paired = Pix2Pix.create((16, 16, 1), small, small, target_shape=(16, 16, 3))
    unpaired = CycleGAN.create((16, 16, 1), small | {"blocks": 1}, small)
    text = SeqGAN.create((4,), {"units": 2}, {"filters": 2}, vocabulary_size=5)
    encoder = {"units": 4, "embedding_dim": 4}
    with_text = TextToImageGAN.create(SHAPE, small, small, latent_dim=4, captions=list(CAPTIONS), text_encoder=encoder)
    for model, kind, shapes in (
        (tiny(GAN), Preprocessor, {"images": SHAPE}),
        (conditional, LabeledImagePreprocessor, {"images": SHAPE}),
        (paired, Preprocessor, {"x": (16, 16, 1), "y": (16, 16, 3)}),
        (unpaired, UnpairedImagePreprocessor, {"x": (16, 16, 1), "y": (16, 16, 1)}),
        (text, TokenPreprocessor, {"tokens": (4,)}),
        (with_text, CaptionedImagePreprocessor, {"images": SHAPE}),
    ):
        preprocessor = model.make_preprocessor()
        assert type(preprocessor) is kind
        assert preprocessor.shapes == shapes
        assert preprocessor.owner == type(model).__name__
    assert conditional.make_preprocessor().num_classes == 3
    assert text.make_preprocessor().vocabulary_size == 5
    assert with_text.make_preprocessor().vocabulary is with_text.vocabulary


def test_images_are_cast_to_floats_in_minus_one_to_one():
    preprocessor = Preprocessor({"images": SHAPE}, ("images", "depths"))
    depths = tf.constant([3, 4], tf.int64)
    pixels = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1) * np.ones((1, *SHAPE), np.uint8)
    batch = preprocessor({"images": tf.constant(pixels), "depths": depths, "ignored": depths})
    assert list(batch) == ["images", "depths"]
    assert batch["images"].dtype == tf.float32
    np.testing.assert_array_equal(batch["images"][:, 0, 0, 0], [-1, 1])
    # An input without a shape is passed on as it is.
    assert batch["depths"] is depths
    floats = preprocessor.cast("images", tf.constant([0.25], tf.float64))
    assert floats.dtype == tf.float32
    assert float(floats[0]) == 0.25


@pytest.mark.parametrize(
    ("name", "images", "message"),
    [
        ("images", np.zeros((2, 8, 8, 3), np.uint8), "samples of shape (8, 8, 3), expected (8, 8, 1), the shape that "
         "the generator produces"),
        ("x", np.zeros((2, 4, 8, 1), np.uint8), "x of shape (4, 8, 1), expected (8, 8, 1), the shape that the "
         "generator was built for"),
        ("x", np.full((2, *SHAPE), np.inf, np.float32), "x that are NaN or infinite, expected finite values"),
        ("images", np.full((2, *SHAPE), 200.0), "float images in [200, 200], expected [-1, 1] (or uint8 in [0, 255]): "
         "rescale them with images / 127.5 - 1"),
    ],
)  # fmt: skip
def test_invalid_images_are_refused(name, images, message):
    preprocessor = Preprocessor({"images": SHAPE, "x": SHAPE})
    assert refusal(preprocessor.validate, name, images) == f"fit: received {message}"


def test_points_may_have_any_finite_value():
    preprocessor = Preprocessor({"images": (2,)})
    preprocessor.validate("images", np.array([[-50.0, 50.0]]))
    assert "NaN or infinite" in refusal(preprocessor.validate, "images", np.array([[np.nan, 0.0]]))


def test_labels_out_of_range_are_refused_and_passed_on_otherwise():
    preprocessor = LabeledImagePreprocessor(SHAPE, 3)
    preprocessor.validate("labels", np.array([0, 2]))
    preprocessor.validate("images", IMAGES)
    message = "labels: received 3 in row 1, expected integers from 0 to 2"
    assert refusal(preprocessor.validate, "labels", np.array([0, 3])) == message
    assert "samples of shape (4, 4, 1)" in refusal(preprocessor.validate, "images", np.zeros((2, 4, 4, 1), np.uint8))
    batch = preprocessor({"images": tf.constant(IMAGES), "labels": tf.constant([0, 2])})
    assert list(batch) == ["images", "labels"]
    np.testing.assert_array_equal(batch["labels"], [0, 2])
    np.testing.assert_array_equal(batch["images"], np.ones((2, *SHAPE)))


def test_a_single_label_is_repeated():
    labels = validate_labels(2, num_classes=3, num_samples=4)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, [2, 2, 2, 2])
    assert "received 2 for 3 samples, expected one per sample" in refusal(validate_labels, [0, 1], 3, 3)
    assert "expected integers from 0 to 2" in refusal(validate_labels, [0.5], 3, 1)


def test_captions_become_token_ids():
    preprocessor = captioned()
    assert preprocessor.input_names == ("images", "captions", "wrong_captions")
    rows = {"images": tf.constant(IMAGES), "captions": tf.constant(CAPTIONS), "wrong_captions": tf.constant(["x", ""])}
    batch = preprocessor(rows)
    assert list(batch) == ["images", "tokens", "wrong_tokens"]
    np.testing.assert_array_equal(batch["images"], np.ones((2, *SHAPE)))
    np.testing.assert_array_equal(batch["tokens"], [[2, 3, 0], [4, 5, 0]])
    np.testing.assert_array_equal(batch["wrong_tokens"], [[1, 0, 0], [0, 0, 0]])


def test_images_with_captions_are_paired_with_wrong_captions():
    preprocessor = captioned()
    arrays = preprocessor.make_dataset({"images": IMAGES, "captions": CAPTIONS})
    source = types.SimpleNamespace(samples=IMAGES, captions=CAPTIONS, meanings=np.array([[0], [1]]))
    for data in (arrays, source):
        dataset = preprocessor.adapt(data)
        assert isinstance(dataset, CaptionPairDataset)
        batch = next(iter(dataset.batches(2, seed=0)))
        assert set(batch) == set(preprocessor.input_names)
    without_captions = types.SimpleNamespace(captions=None)
    assert preprocessor.adapt(without_captions) is without_captions


def test_only_unpaired_domains_may_have_different_lengths():
    shapes = {"x": SHAPE, "y": SHAPE}
    arrays = {"x": IMAGES, "y": IMAGES[:1]}
    dataset = UnpairedImagePreprocessor(shapes).make_dataset(arrays)
    assert isinstance(dataset, UnpairedDataset)
    assert len(dataset) == 2
    assert "arrays of different lengths" in refusal(Preprocessor(shapes).make_dataset, arrays)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (np.zeros((2, 4), int), "tokens of int64 and shape (4,), expected integers (3,)"),
        (np.zeros((2, 3), np.float32), "tokens of float32 and shape (3,), expected integers (3,)"),
        (np.array([[0, 1, 2], [0, 1, 5]]), "tokens from 0 to 5 in row 1, expected 0 to 4"),
        (np.array([[0, 1, -1]]), "tokens from -1 to 1 in row 0, expected 0 to 4"),
    ],
)
def test_invalid_tokens_are_refused(tokens, message):
    preprocessor = TokenPreprocessor(3, 5, has_eos=False)
    assert refusal(preprocessor.validate, "tokens", tokens) == f"fit: received {message}"


@pytest.mark.parametrize(("has_eos", "expected"), [(True, [[2, 0, 0]]), (False, [[2, 0, 3]])])
def test_tokens_after_the_end_of_a_sequence_are_masked(has_eos, expected):
    preprocessor = TokenPreprocessor(3, 5, has_eos)
    arrays = {"tokens": np.array([[2, 0, 3]])}
    assert isinstance(preprocessor.make_dataset(arrays), ArrayDataset)
    tokens = preprocessor({"tokens": tf.constant(arrays["tokens"])})["tokens"]
    assert tokens.dtype == tf.int32
    np.testing.assert_array_equal(tokens, expected)
