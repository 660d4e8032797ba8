"""Closeness to a topic as a reward, in an embedding that is made of the training texts."""

from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Ge

from .arguments import validated
from .captions import words
from .errors import ArgumentError
from .rewards import Reward
from .tokens import alive

# Tokens on either side that a token is counted with.
WINDOW = 5


@keras.saving.register_keras_serializable("ganzoo")
class SemanticReward(Reward):
    """The cosine between a topic and the mean vector of a sequence's words.

    When to use it: to steer what texts are about; beside the discriminator's reward, or they will be the topic's words.

    Args:
        vocabulary_size: int >= 1.
        dim: int >= 1, of the vectors.
        ends: bool, whether token 0 ends a sequence.
    """

    def __init__(self, vocabulary_size: Annotated[int, Ge(1)], dim: Annotated[int, Ge(1)], ends: bool, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size, self.dim, self.ends = vocabulary_size, dim, ends
        self.vectors = self.add_weight((vocabulary_size, dim), "zeros", trainable=False, name="vectors")
        self.topic = self.add_weight((dim,), "zeros", trainable=False, name="topic")

    def worth(self, tokens, discriminate):
        """Returns the cosine of each sequence; of an empty one 0."""
        said = alive(tokens, self.ends)[:, :, tf.newaxis]
        mean = tf.reduce_sum(tf.gather(self.vectors.value, tokens) * said, axis=1)
        return tf.reduce_sum(tf.math.l2_normalize(mean, axis=1) * tf.math.l2_normalize(self.topic.value), axis=1)

    def get_config(self):
        """Returns the constructor arguments."""
        own = {"vocabulary_size": self.vocabulary_size, "dim": self.dim, "ends": self.ends}
        return super().get_config() | own


@validated
def make_semantic_reward(corpus, vocabulary_size, ends, vocabulary, topic: str, dim: Annotated[int, Ge(1)] = 32):
    """Makes a `SemanticReward` of training texts and a topic in words.

    Args:
        corpus: int array (num, length), training sequences.
        vocabulary_size: int.
        ends: bool, whether token 0 ends a sequence.
        vocabulary: list of str, words in the order of their tokens, from 2 on.
        topic: str, words that the texts know; the topic is their mean vector.
        dim: int >= 1. Default 32.

    Raises:
        ArgumentError: texts without words, or a topic of which they know none.
    """
    number = {word: token for token, word in enumerate(vocabulary or [], 2)}
    known = [number[word] for word in words(topic) if word in number]
    if not known:
        raise ArgumentError(f"model.reward.topic: received {topic!r}, expected words that the training texts have")
    vectors = cooccurrence_vectors(corpus, vocabulary_size, ends, dim)
    reward = SemanticReward(vocabulary_size, vectors.shape[1], ends)
    reward.vectors.assign(vectors)
    reward.topic.assign(vectors[known].mean(axis=0))
    return reward


def cooccurrence_vectors(corpus, vocabulary_size, ends, dim):
    """Returns a vector for each token: float32 (vocabulary_size, at most dim), of length 1 or, of rare tokens, 0.

    Paper: Levy and Goldberg 2014, "Neural word embedding as implicit matrix factorization": the singular value
    decomposition of positive pointwise mutual information. The end and unknown words have no vector.
    """
    from scipy.sparse import coo_matrix
    from sklearn.decomposition import TruncatedSVD

    corpus = np.asarray(corpus)
    going_on = np.cumprod(corpus != 0, axis=1).astype(bool) if ends else np.ones(corpus.shape, bool)
    going_on &= corpus > 1 if ends else True
    pairs = []
    for apart in range(1, min(WINDOW, corpus.shape[1] - 1) + 1):
        both = going_on[:, apart:] & going_on[:, :-apart]
        pairs.append((corpus[:, apart:][both], corpus[:, :-apart][both], np.full(both.sum(), 1 / apart)))
    if not any(len(after) for after, _, _ in pairs):
        raise ArgumentError(
            "model.reward: received texts in which no two known words stand together, expected longer ones"
        )
    after, before, weights = (np.concatenate(part) for part in zip(*pairs, strict=True))
    size = (vocabulary_size, vocabulary_size)
    counts = coo_matrix((weights, (after, before)), size).tocsr()
    counts = (counts + counts.T).tocoo()
    sums = np.asarray(counts.tocsr().sum(axis=1)).ravel()
    information = np.log(counts.data * sums.sum() / (sums[counts.row] * sums[counts.col]))
    positive = coo_matrix((np.maximum(information, 0), (counts.row, counts.col)), size).tocsr()
    vectors = TruncatedSVD(min(dim, vocabulary_size - 1), random_state=0).fit_transform(positive)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-9)).astype(np.float32)
