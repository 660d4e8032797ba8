"""A judge of pictures and captions that no generator was trained with: which of them belong together."""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from tqdm import tqdm

from ...zoo.cache import building, cache_entry, digest, read_manifest
from ...zoo.captions import words
from ...zoo.images import from_uint8
from ...zoo.text_encoder import Vocabulary, gru_encoder
from .convnet import BATCH, LEARNING_RATE, build_convnet, schooling, shuffled
from .extractor import hash_files

MODEL = "model.keras"
# Raised whenever the same data would give another network.
VERSION = 1
UNITS = 128
# Similarities are cosines times it, as in AttnGAN's equation 11.
SHARPNESS = 10.0


class Matcher:
    """Pictures and captions as vectors whose cosine tells how well they fit each other.

    When to use it: to judge text-to-image models where nobody knows what a caption's words mean. It learns from the
    training pictures alone, and nothing of it reaches a generator.

    Paper: Xu et al. 2018, "AttnGAN" (arXiv:1711.10485), equations 11 and 12, for whole sentences: each picture has to
    find its caption among the batch's, and each caption its picture. Captions of the batch that mean the same as the
    right one (have the same words) are no wrong answers.

    Args:
        source: the reference, with captions of its training rows.
        cache_dir: str or None.
        title: bool-like, whether progress is shown on stderr.

    Attributes:
        vocabulary: `Vocabulary`, the words of the training captions.
    """

    def __init__(self, source, cache_dir=None, title=None):
        captions = np.asarray(source.captions, object).reshape(len(source.samples), -1)
        self.vocabulary = Vocabulary.of(sorted(set(captions.reshape(-1))))
        entry = cache_entry(cache_dir, "extractors", "matcher", "matcher", source.fingerprint)
        inputs = digest([VERSION, keras.__version__, UNITS, SHARPNESS])
        known = read_manifest(entry, inputs)
        # A file may be damaged though its size is right.
        if known is not None and hash_files([entry / MODEL]) == known["hash"]:
            self.model = keras.saving.load_model(entry / MODEL, compile=False)
        else:
            self.model = build_matcher(source.shape, self.vocabulary)
            train_matcher(self.model, source.samples, captions, self.vocabulary, title)
            with building(entry, inputs) as (folder, known):
                self.model.save(folder / MODEL)
                known["hash"] = hash_files([folder / MODEL])
        self._embed = {
            name: tf.function(keras.Model(self.model.input[name], self.model.output[name]), autograph=False)
            for name in ("images", "tokens")
        }

    def see(self, images):
        """Returns unit vectors (num, 128) of uint8 images (num, height, width, channels)."""
        return self._vectors("images", lambda rows: from_uint8(images[rows]), len(images))

    def hear(self, texts):
        """Returns unit vectors (num, 128) of a list of str."""
        tokens = self.vocabulary.tokens(texts)
        return self._vectors("tokens", lambda rows: tokens[rows], len(texts))

    def _vectors(self, name, rows_of, num):
        # Every batch has one shape; the last is filled up with rows from the start.
        rows = np.resize(np.arange(num), -(-num // BATCH) * BATCH)
        parts = [
            self._embed[name](tf.constant(rows_of(rows[start : start + BATCH]))).numpy()
            for start in range(0, len(rows), BATCH)
        ]
        return np.concatenate(parts)[:num]


def build_matcher(shape, vocabulary, seed=0):
    """Builds the two encoders as one network.

    Args:
        shape: (height, width, channels) of an image.
        vocabulary: `Vocabulary` of the captions.
        seed: int >= 0. Default 0.

    Returns:
        `keras.Model`, dict of `images` in [-1, 1] and `tokens` -> dict of unit vectors (batch, 128) by the same names.
    """
    convnet = build_convnet(shape, {"vector": UNITS}, seed)
    encoder = gru_encoder(len(vocabulary), vocabulary.length, seed=seed + 100)
    told = layers.Dense(UNITS, kernel_initializer=keras.initializers.GlorotUniform(seed + 200))(encoder.output)
    unit = {"images": convnet.output["vector"], "tokens": told}
    unit = {name: layers.UnitNormalization(name=f"unit_{name}")(vector) for name, vector in unit.items()}
    return keras.Model({"images": convnet.input, "tokens": encoder.input}, unit, name="matcher")


def train_matcher(model, images, captions, vocabulary, title=None):
    """Trains the encoders on pictures and captions, the learning rate falling to zero.

    Args:
        model: from `build_matcher`.
        images: uint8 array (num, height, width, channels).
        captions: object array (num, each) of str.
        vocabulary: `Vocabulary`.
        title: bool-like, whether a progress bar is shown on stderr.
    """
    num, batch = len(images), min(BATCH, len(images))
    sentences, numbers = np.unique(captions.astype(str), return_inverse=True)
    numbers = numbers.reshape(captions.shape)
    tokens = vocabulary.tokens(sentences.tolist())
    meanings = np.unique([" ".join(sorted(words(sentence))) for sentence in sentences], return_inverse=True)[1]
    epochs = schooling(num)
    steps = epochs * max(1, num // batch)
    similarities = layers.Lambda(_similarities, output_shape=(None,))([model.output["images"], model.output["tokens"]])
    learner = keras.Model(model.input, similarities)
    learner.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)),
        loss=contrastive,
        jit_compile=False,
    )
    with tqdm(total=steps, desc="training the matcher", file=sys.stderr, disable=not title, leave=False) as bar:
        for epoch in range(epochs):
            choices = np.random.default_rng((11, epoch))
            for rows in shuffled(num, epoch, batch):
                chosen = numbers[rows, choices.integers(captions.shape[1], size=len(rows))]
                same = meanings[chosen][:, np.newaxis] == meanings[chosen]
                inputs = {"images": from_uint8(images[rows]), "tokens": tokens[chosen]}
                learner.train_on_batch(inputs, same.astype(np.float32))
                bar.update()


def contrastive(same, similarities):
    """Returns the mean of -log P(caption | picture) - log P(picture | caption), a scalar.

    Args:
        same: (batch, batch), 1 where row and column mean the same; the diagonal is the right answer, the others of
            them are left out.
        similarities: (batch, batch), pictures by captions.
    """
    others = ops.cast(same, similarities.dtype) - ops.eye(ops.shape(similarities)[0], dtype=similarities.dtype)
    logits = similarities - 1e9 * others
    right = ops.diagonal(logits)
    return -ops.mean(2 * right - ops.logsumexp(logits, axis=0) - ops.logsumexp(logits, axis=1))


def _similarities(vectors):
    seen, heard = vectors
    return SHARPNESS * ops.matmul(seen, ops.transpose(heard))
