"""Pictures with captions as training rows: for each picture one of its captions, and one that is wrong for it."""

import re

import numpy as np
import tensorflow as tf

from .errors import ArgumentError
from .feed import ArrayRows

# Of so many sentences drawn at random one is nearly always wrong for a picture; beyond them one is looked up.
CANDIDATES = 8


def words(text):
    """Returns the words of a text as captions are compared and read: small letters and digits, no punctuation.

    Example:

    >>> words("Man’s shoe, black-and-white!")
    ['man', 's', 'shoe', 'black', 'and', 'white']
    """
    return re.findall(r"[^\W_]+", text.lower())


class CaptionedRows:
    """Images with captions as a source of shuffled batches, each row with a caption that is wrong for it.

    A sentence is right for an image if it means what one of the image's own captions means. Where meanings are known
    (the full set of a drawing's attributes) they decide; otherwise two sentences mean the same if they have the same
    words. A wrong caption is never one that is right.

    Args:
        images: uint8 array (num, height, width, channels).
        captions: object array (num, each) of str.
        meanings: int array (num, each), equal for captions that say the same; None to compare words.

    Raises:
        ArgumentError: every caption is right for some image, so that there is none that is wrong for it.
    """

    def __init__(self, images, captions, meanings=None):
        captions = np.asarray(captions, object)
        captions = captions[:, np.newaxis] if captions.ndim == 1 else captions
        self.images = images
        sentences, indices = np.unique(captions.astype(str), return_inverse=True)
        self.indices = indices.reshape(captions.shape).astype(np.int32)
        if meanings is None:
            said = [" ".join(sorted(words(sentence))) for sentence in sentences]
            of_sentence = np.unique(said, return_inverse=True)[1]
            meanings = of_sentence[self.indices]
        else:
            meanings = np.asarray(meanings)
            of_sentence = np.zeros(len(sentences), np.int64)
            of_sentence[self.indices.reshape(-1)] = meanings.reshape(-1)
        self.sentences, self.meanings = sentences, meanings.astype(np.int32)
        self.sentence_meanings = of_sentence.astype(np.int32)
        self.fallback = self._certainly_wrong()

    def __len__(self):
        return len(self.images)

    def _certainly_wrong(self):
        """For each image the first sentence, in an order of its own, that is wrong for it."""
        _, first = np.unique(self.sentence_meanings, return_index=True)
        chosen = np.full(len(self), -1, np.int32)
        # An image with k meanings has one wrong among any k + 1 different ones.
        for sentence in first[: self.meanings.shape[1] + 1]:
            wrong = (self.meanings != self.sentence_meanings[sentence]).all(axis=1)
            chosen[(chosen < 0) & wrong] = sentence
        if (chosen < 0).any():
            raise ArgumentError(
                "captions: received captions that all mean the same to some image, expected some that are wrong for "
                "it: without them nothing can be learned from captions"
            )
        return chosen

    def batches(self, batch_size, seed, start_step=0):
        """Returns an endless dataset of dicts of `images`, `captions` and `wrong_captions` (strings, (batch,))."""
        rows = ArrayRows({"images": self.images, "rows": np.arange(len(self), dtype=np.int32)})
        sentences, indices = tf.constant(self.sentences.tolist()), tf.constant(self.indices)
        meanings, of_sentence = tf.constant(self.meanings), tf.constant(self.sentence_meanings)
        fallback = tf.constant(self.fallback)

        def tell(number, batch):
            key = tf.stack([tf.cast(seed, tf.int64), number])
            chosen = tf.random.stateless_uniform((batch_size,), key, 0, self.indices.shape[1], tf.int32)
            right = tf.gather(tf.gather(indices, batch["rows"]), chosen, batch_dims=1)
            drawn = tf.random.stateless_uniform(
                (batch_size, CANDIDATES), key + [1, 0], 0, len(self.sentences), tf.int32
            )
            own = tf.gather(meanings, batch["rows"])
            wrong = tf.reduce_all(tf.gather(of_sentence, drawn)[:, :, tf.newaxis] != own[:, tf.newaxis], axis=2)
            first = tf.argmax(wrong, axis=1, output_type=tf.int32)
            picked = tf.gather(drawn, first, batch_dims=1)
            other = tf.where(tf.reduce_any(wrong, axis=1), picked, tf.gather(fallback, batch["rows"]))
            return {
                "images": batch["images"],
                "captions": tf.gather(sentences, right),
                "wrong_captions": tf.gather(sentences, other),
            }

        return rows.batches(batch_size, seed, start_step).enumerate(start_step).map(tell)
