"""Similarity to a topic as a reward, in a word embedding computed from the training texts."""

from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Ge

from ..core.validation import validated
from ..errors import ArgumentError
from ..sequences.token_sequences import sequence_mask
from ..sequences.tokenization import Tokenizer
from ..sequences.vocabulary import UNKNOWN
from .reward import Reward

# Squared norm below which a vector is 0.
EPSILON = 1e-12
# Distance in tokens up to which two words count as co-occurring.
WINDOW = 5


@keras.saving.register_keras_serializable("ganzoo")
class SemanticReward(Reward):
    """The cosine similarity between a topic vector and the mean word vector of a sequence.

    When to use it: to control the topic of texts. Add it to the discriminator's reward; alone it leads to texts that
    only repeat words of the topic. `make_semantic_reward` computes the vectors from training texts. An unknown word is
    similar to nothing: each one counts like a word at right angles to the topic and to all other words.

    Args:
        vocabulary_size: int >= 1.
        dim: int >= 1, dimension of the word vectors.
        has_eos: bool, whether token 0 ends a sequence.

    Example:

    >>> reward = SemanticReward(vocabulary_size=4, dim=2, has_eos=True)
    >>> vectors, topic = np.array([[0, 0], [0, 0], [1, 0], [0, 1]]), np.array([1, 0])
    >>> reward.set_weights([vectors, topic])
    >>> reward.compute_reward(tf.constant([[2, 2], [3, 0]]), None).numpy().tolist()
    [1.0, 0.0]
    """

    def __init__(self, vocabulary_size: Annotated[int, Ge(1)], dim: Annotated[int, Ge(1)], has_eos: bool, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size, self.dim, self.has_eos = vocabulary_size, dim, has_eos
        self.vectors = self.add_weight((vocabulary_size, dim), "zeros", trainable=False, name="vectors")
        self.topic = self.add_weight((dim,), "zeros", trainable=False, name="topic")

    def compute_reward(self, tokens, discriminate):
        """Returns the cosine similarity of each sequence, 0 for an empty one."""
        mask = sequence_mask(tokens, self.has_eos)
        total = tf.reduce_sum(tf.gather(self.vectors.value, tokens) * mask[:, :, tf.newaxis], axis=1)
        num_unknown = tf.reduce_sum(mask * tf.cast(tf.equal(tokens, UNKNOWN), tf.float32), axis=1)
        squared_norm = tf.reduce_sum(tf.square(total), axis=1) + num_unknown
        # As in `tf.math.l2_normalize`, which would have no unknown words.
        normalized = total * tf.math.rsqrt(tf.maximum(squared_norm, EPSILON))[:, tf.newaxis]
        return tf.reduce_sum(normalized * tf.math.l2_normalize(self.topic.value, epsilon=EPSILON), axis=1)

    def get_config(self):
        """Returns the constructor arguments."""
        config = {"vocabulary_size": self.vocabulary_size, "dim": self.dim, "has_eos": self.has_eos}
        return super().get_config() | config


@validated
def make_semantic_reward(
    corpus, vocabulary_size, has_eos, vocabulary, topic: str, dim: Annotated[int, Ge(1)] = 32, tokenizer=None,
):  # fmt: skip
    """Builds a `SemanticReward` from training texts and a topic.

    Args:
        corpus: int array (num_samples, length), training sequences.
        vocabulary_size: int >= 1.
        has_eos: bool, whether token 0 ends a sequence.
        vocabulary: list of str, words in the order of their tokens, from 2 on, or None.
        topic: str, words of the vocabulary; the topic vector is the mean of their vectors.
        dim: int >= 1, dimension of the word vectors. Default 32.
        tokenizer: dict, the options of the `Tokenizer` of the vocabulary, or None for its defaults. Default None.

    Raises:
        ArgumentError: training texts without co-occurring words, or a topic without known words.
    """
    token_of = {word: token for token, word in enumerate(vocabulary or [], 2)}
    topic_tokens = [token_of[word] for word in Tokenizer.of(tokenizer).split(topic) if word in token_of]
    if not topic_tokens:
        raise ArgumentError(f"model.reward.topic: received {topic!r}, expected words of the training texts")
    vectors = cooccurrence_vectors(corpus, vocabulary_size, has_eos, dim)
    reward = SemanticReward(vocabulary_size, vectors.shape[1], has_eos)
    reward.vectors.assign(vectors)
    reward.topic.assign(vectors[topic_tokens].mean(axis=0))
    return reward


def cooccurrence_vectors(corpus, vocabulary_size, has_eos, dim):
    """Computes a word vector per token from co-occurrences in a corpus.

    Paper: Levy and Goldberg 2014, "Neural word embedding as implicit matrix factorization": singular value
    decomposition of the positive pointwise mutual information (PMI). The EOS and the unknown token get zero vectors.

    Args:
        corpus: int array (num_samples, length).
        vocabulary_size: int >= 1.
        has_eos: bool, whether token 0 ends a sequence and token 1 stands for unknown words.
        dim: int >= 1.

    Returns:
        float32 array (vocabulary_size, n), n <= dim; rows have norm 1, or 0 for tokens that co-occur with none.

    Raises:
        ArgumentError: no two known words co-occur.
    """
    from scipy.sparse import coo_matrix
    from sklearn.decomposition import TruncatedSVD

    corpus = np.asarray(corpus)
    valid = np.cumprod(corpus != 0, axis=1).astype(bool) if has_eos else np.ones(corpus.shape, bool)
    valid &= corpus > 1 if has_eos else True
    pairs = []
    for distance in range(1, WINDOW + 1):
        both = valid[:, distance:] & valid[:, :-distance]
        pairs.append((corpus[:, distance:][both], corpus[:, :-distance][both], np.full(both.sum(), 1 / distance)))
    if not any(len(after) for after, _, _ in pairs):
        raise ArgumentError("model.reward: received texts in which no two known words co-occur, expected longer texts")
    after, before, weights = (np.concatenate(part) for part in zip(*pairs, strict=True))
    size = (vocabulary_size, vocabulary_size)
    counts = coo_matrix((weights, (after, before)), size).tocsr()
    counts = (counts + counts.T).tocoo()
    sums = np.asarray(counts.tocsr().sum(axis=1)).ravel()
    pmi = np.log(counts.data * sums.sum() / (sums[counts.row] * sums[counts.col]))
    positive = coo_matrix((np.maximum(pmi, 0), (counts.row, counts.col)), size).tocsr()
    vectors = TruncatedSVD(min(dim, vocabulary_size - 1), random_state=0).fit_transform(positive)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-9)).astype(np.float32)
