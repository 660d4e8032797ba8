"""Training rows of images with captions: each row has one caption of its image and one that does not match it."""

import numpy as np
import tensorflow as tf

from ..errors import ArgumentError
from ..sequences.characters import normalize
from ..sequences.tokenization import word_bag
from .array_dataset import ArrayDataset

# Sentences sampled per row as candidates for its wrong caption. Nearly always one of so many does not match the image;
# otherwise the row takes the wrong caption that was found for its image in advance.
NUM_CANDIDATES = 8


class CaptionPairDataset:
    """A source of shuffled batches of images, each with one of its captions and one that is wrong for it.

    When to use it: to train a model whose discriminator checks that image and caption match, such as `TextToImageGAN`,
    which needs mismatched pairs of a real image and a wrong caption.

    A sentence matches an image if it means the same as one of the image's own captions. Known meanings decide that,
    such as the complete set of a rendered shape's attributes; without them, two sentences mean the same if they have
    the same words. A wrong caption never matches its image.

    Captions are a function of (seed, batch number), so a resumed run gets the captions of an uninterrupted one.

    Args:
        images: uint8 array (num_samples, height, width, channels).
        captions: object array (num_samples,) or (num_samples, captions per image) of str.
        meanings: int array (num_samples, captions per image), equal for captions that mean the same; None compares
            words. Default None.

    Raises:
        ArgumentError: all captions match some image, which leaves no wrong one for it.

    Example:

    >>> images = np.zeros((2, 8, 8, 3), "uint8")
    >>> dataset = CaptionPairDataset(images, np.array(["a red square", "a blue circle"], object))
    >>> batch = next(iter(dataset.batches(2, seed=0)))
    >>> sorted(batch), bool((batch["captions"] != batch["wrong_captions"]).numpy().all())
    (['captions', 'images', 'wrong_captions'], True)
    """

    def __init__(self, images, captions, meanings=None):
        captions = np.asarray(captions, object)
        captions = captions[:, np.newaxis] if captions.ndim == 1 else captions
        self.images = images
        self.sentences, caption_ids = np.unique(captions.astype(str), return_inverse=True)
        # The sentence of each caption, and the meanings of captions and of sentences.
        self.caption_ids = caption_ids.reshape(captions.shape).astype(np.int32)
        if meanings is None:
            word_bags = [word_bag(sentence) for sentence in self.sentences]
            sentence_meanings = np.unique(word_bags, return_inverse=True)[1]
            meanings = sentence_meanings[self.caption_ids]
        else:
            meanings = np.asarray(meanings)
            sentence_meanings = np.zeros(len(self.sentences), np.int64)
            sentence_meanings[self.caption_ids.reshape(-1)] = meanings.reshape(-1)
        self.meanings = meanings.astype(np.int32)
        self.sentence_meanings = sentence_meanings.astype(np.int32)
        self.fallback_ids = self._find_wrong_sentences()

    def __len__(self):
        return len(self.images)

    def _find_wrong_sentences(self):
        """Returns one sentence per image that is wrong for it: int32 array (num_samples,)."""
        _, first_of_meaning = np.unique(self.sentence_meanings, return_index=True)
        wrong_ids = np.full(len(self), -1, np.int32)
        # Of any k + 1 different meanings, at least one is wrong for an image with k meanings.
        for sentence in first_of_meaning[: self.meanings.shape[1] + 1]:
            is_wrong = (self.meanings != self.sentence_meanings[sentence]).all(axis=1)
            wrong_ids[(wrong_ids < 0) & is_wrong] = sentence
        if (wrong_ids < 0).any():
            raise ArgumentError(
                "captions: received captions that all mean the same to some image, expected some that are wrong for "
                "it: without them nothing can be learned from captions"
            )
        return wrong_ids

    def batches(self, batch_size, seed, start_step=0):
        """Returns an endless dataset of dicts of batches, beginning with batch number `start_step`.

        Args:
            batch_size: int >= 1, rows of a batch.
            seed: int >= 0, of the order of rows and of the choice of captions.
            start_step: int >= 0. Default 0.

        Returns:
            A `tf.data.Dataset` of `images` (batch, height, width, channels), and `captions` and `wrong_captions`,
            string tensors (batch,).
        """
        rows = ArrayDataset({"images": self.images, "rows": np.arange(len(self), dtype=np.int32)})
        # The graph, which splits them into words, cannot normalize them.
        sentences = tf.constant([normalize(sentence, keep_case=True) for sentence in self.sentences.tolist()])
        caption_ids = tf.constant(self.caption_ids)
        meanings, sentence_meanings = tf.constant(self.meanings), tf.constant(self.sentence_meanings)
        fallback_ids = tf.constant(self.fallback_ids)

        def add_captions(number, batch):
            key = tf.stack([tf.cast(seed, tf.int64), number])
            columns = tf.random.stateless_uniform((batch_size,), key, 0, self.caption_ids.shape[1], tf.int32)
            right_ids = tf.gather(tf.gather(caption_ids, batch["rows"]), columns, batch_dims=1)
            candidates = tf.random.stateless_uniform(
                (batch_size, NUM_CANDIDATES), key + [1, 0], 0, len(self.sentences), tf.int32
            )
            own_meanings = tf.gather(meanings, batch["rows"])
            candidate_meanings = tf.gather(sentence_meanings, candidates)
            is_wrong = tf.reduce_all(candidate_meanings[:, :, tf.newaxis] != own_meanings[:, tf.newaxis], axis=2)
            first_wrong = tf.argmax(is_wrong, axis=1, output_type=tf.int32)
            wrong_ids = tf.where(
                tf.reduce_any(is_wrong, axis=1),
                tf.gather(candidates, first_wrong, batch_dims=1),
                tf.gather(fallback_ids, batch["rows"]),
            )
            return {
                "images": batch["images"],
                "captions": tf.gather(sentences, right_ids),
                "wrong_captions": tf.gather(sentences, wrong_ids),
            }

        return rows.batches(batch_size, seed, start_step).enumerate(start_step).map(add_captions)
