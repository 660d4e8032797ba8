"""A matcher of images and captions that is independent of all generators, for R-precision."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from ....zoo.core.cache import building, cache_entry, digest, read_manifest
from ....zoo.core.image_scaling import from_uint8
from ....zoo.core.progress import track_progress
from ....zoo.sequences.text_encoder import gru_encoder
from ....zoo.sequences.tokenization import word_bag
from ....zoo.sequences.vocabulary import Vocabulary
from .convnet import BATCH, LEARNING_RATE, build_convnet, num_epochs, shuffled_batches
from .extractor import hash_files

MODEL = "model.keras"
# Part of the cache key: increase it when the same data would give another network.
VERSION = 2
UNITS = 128
# Scale of the cosine similarities, gamma in AttnGAN's equation 11.
SHARPNESS = 10.0


class ImageTextMatcher:
    """Encodes images and captions as unit vectors; their cosine similarity measures how well they match.

    When to use it: to evaluate text-to-image models on captions without attribute annotations. It is trained on the
    training images only, and no generator is trained with it.

    Paper: Xu et al. 2018, "AttnGAN" (arXiv:1711.10485), equations 11 and 12, for complete sentences: each image has to
    retrieve its caption among those of the batch, and each caption its image. Captions of the batch with the same words
    as the right one do not count as wrong.

    Args:
        source: the reference, with captions of its training rows.
        cache_dir: str or None.
        title: bool-like, whether progress is shown on stderr.

    Attributes:
        vocabulary: `Vocabulary`, the words of the training captions.
    """

    def __init__(self, source, cache_dir=None, title=None):
        captions = np.asarray(source.captions, object).reshape(len(source.samples), -1)
        tokenizer = getattr(source, "tokenizer", None)
        self.vocabulary = Vocabulary.from_texts(sorted(set(captions.reshape(-1))), tokenizer=tokenizer)
        entry = cache_entry(cache_dir, "extractors", "matcher", "matcher", source.fingerprint)
        inputs = digest([VERSION, keras.__version__, UNITS, SHARPNESS])
        manifest = read_manifest(entry, inputs)
        # A file of the right size may still be damaged.
        if manifest is not None and hash_files([entry / MODEL]) == manifest["hash"]:
            self.model = keras.saving.load_model(entry / MODEL, compile=False)
        else:
            self.model = build_matcher(source.shape, self.vocabulary)
            train_matcher(self.model, source.samples, captions, self.vocabulary, title)
            with building(entry, inputs) as (folder, manifest):
                self.model.save(folder / MODEL)
                manifest["hash"] = hash_files([folder / MODEL])
        self._encoders = {
            name: tf.function(keras.Model(self.model.input[name], self.model.output[name]), autograph=False)
            for name in ("images", "tokens")
        }

    def encode_images(self, images):
        """Returns unit vectors (num_samples, 128) of uint8 images (num_samples, height, width, channels)."""
        return self._encode("images", lambda rows: from_uint8(images[rows]), len(images))

    def encode_texts(self, texts):
        """Returns unit vectors (num_samples, 128) of a list of str."""
        tokens = self.vocabulary.encode(texts)
        return self._encode("tokens", lambda rows: tokens[rows], len(texts))

    def _encode(self, name, load_rows, num_samples):
        # A constant batch shape avoids retracing; the last batch is padded with rows from the start.
        rows = np.resize(np.arange(num_samples), -(-num_samples // BATCH) * BATCH)
        batches = [
            self._encoders[name](tf.constant(load_rows(rows[start : start + BATCH]))).numpy()
            for start in range(0, len(rows), BATCH)
        ]
        return np.concatenate(batches)[:num_samples]


def build_matcher(shape, vocabulary, seed=0):
    """Builds both encoders as one network.

    Args:
        shape: (height, width, channels) of an image.
        vocabulary: `Vocabulary` of the captions.
        seed: int >= 0. Default 0.

    Returns:
        `keras.Model`, dict of `images` in [-1, 1] and `tokens` -> dict of unit vectors (batch, 128) by the same names.
    """
    convnet = build_convnet(shape, {"vector": UNITS}, seed)
    encoder = gru_encoder(len(vocabulary), vocabulary.length, seed=seed + 100)
    projected = layers.Dense(UNITS, kernel_initializer=keras.initializers.GlorotUniform(seed + 200))(encoder.output)
    vectors = {"images": convnet.output["vector"], "tokens": projected}
    vectors = {name: layers.UnitNormalization(name=f"unit_{name}")(vector) for name, vector in vectors.items()}
    return keras.Model({"images": convnet.input, "tokens": encoder.input}, vectors, name="matcher")


def train_matcher(model, images, captions, vocabulary, title=None):
    """Trains the encoders on images and captions; the learning rate decays to zero by a cosine schedule.

    Args:
        model: from `build_matcher`.
        images: uint8 array (num_images, height, width, channels).
        captions: object array (num_images, captions_per_image) of str.
        vocabulary: `Vocabulary`.
        title: bool-like, whether a progress bar is shown on stderr.
    """
    num_images, batch_size = len(images), min(BATCH, len(images))
    sentences, sentence_ids = np.unique(captions.astype(str), return_inverse=True)
    sentence_ids = sentence_ids.reshape(captions.shape)
    tokens = vocabulary.encode(sentences.tolist())
    meanings = np.unique([word_bag(sentence) for sentence in sentences], return_inverse=True)[1]
    epochs = num_epochs(num_images)
    steps = epochs * max(1, num_images // batch_size)
    similarities = layers.Lambda(_similarities, output_shape=(None,))([model.output["images"], model.output["tokens"]])
    trainable = keras.Model(model.input, similarities)
    trainable.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)),
        loss=contrastive_loss,
        jit_compile=False,
    )
    with track_progress(None, "training the matcher", steps, "steps", bool(title), leave=False) as bar:
        for epoch in range(epochs):
            generator = np.random.default_rng((11, epoch))
            for rows in shuffled_batches(num_images, epoch, batch_size):
                selected = sentence_ids[rows, generator.integers(captions.shape[1], size=len(rows))]
                same = meanings[selected][:, np.newaxis] == meanings[selected]
                inputs = {"images": from_uint8(images[rows]), "tokens": tokens[selected]}
                trainable.train_on_batch(inputs, same.astype(np.float32))
                bar.update()


def contrastive_loss(same, similarities):
    """Returns the mean of -log P(caption | image) - log P(image | caption), a scalar.

    Args:
        same: (batch, batch), 1 where the captions of row and column have the same words. The diagonal is the positive
            pair; all other entries of 1 are excluded.
        similarities: (batch, batch), images by captions.
    """
    excluded = ops.cast(same, similarities.dtype) - ops.eye(ops.shape(similarities)[0], dtype=similarities.dtype)
    logits = similarities - 1e9 * excluded
    positives = ops.diagonal(logits)
    return -ops.mean(2 * positives - ops.logsumexp(logits, axis=0) - ops.logsumexp(logits, axis=1))


def _similarities(vectors):
    images, texts = vectors
    return SHARPNESS * ops.matmul(images, ops.transpose(texts))
