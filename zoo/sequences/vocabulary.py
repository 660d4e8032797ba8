"""The mapping between texts and token ids."""

from collections import Counter
from itertools import chain

import keras
import numpy as np
from keras import layers

from ..errors import ArgumentError
from .tokenization import Tokenizer

PADDING, UNKNOWN = 0, 1
# The token of a vocabulary's first word.
FIRST_WORD = 2
MAX_WORDS = 10_000


def decode_tokens(tokens, vocabulary=None):
    """Decodes token sequences into strings.

    Args:
        tokens: int array (num_samples, length).
        vocabulary: `Vocabulary`, or None to write the token ids as numbers.

    Returns:
        list of str.

    Example:

    >>> decode_tokens([[3, 1, 4]])
    ['3 1 4']
    """
    if vocabulary is None:
        return [" ".join(map(str, row)) for row in np.asarray(tokens).tolist()]
    return vocabulary.decode(tokens)


class Vocabulary:
    """A fixed list of words that encodes texts as token ids and decodes them.

    Token 0 is padding and token 1 stands for every unknown word. Texts of more than `length` words are truncated.

    When to use it: wherever a model reads or writes texts. `encode` runs in NumPy; calling the vocabulary encodes a
    string tensor in the graph. Both give the same tokens, provided that the tensor's texts are in Unicode's normal form
    C (`unicodedata.normalize("NFC", text)`): TensorFlow has no operation that normalizes.

    Args:
        words: list of str, in the order of their tokens, from 2 on. With a tokenizer of characters, a word is one.
        length: int >= 1, tokens per text.
        tokenizer: `Tokenizer`, its config, or None for words in lower case without punctuation. Default None.

    Example:

    >>> vocabulary = Vocabulary(["red", "square"], length=3)
    >>> vocabulary.encode(["A red square!", "Square"])
    array([[1, 2, 3],
           [3, 0, 0]], dtype=int32)
    """

    def __init__(self, words, length, tokenizer=None):
        self.words, self.length, self.tokenizer = list(words), length, Tokenizer.of(tokenizer)
        self.vectorizer = layers.TextVectorization(
            standardize=None,
            split=self.tokenizer.split_in_graph,
            output_sequence_length=length,
            vocabulary=self.words,
            name="vectorizer",
        )

    @classmethod
    def from_texts(cls, texts, max_words=MAX_WORDS, length=None, tokenizer=None):
        """Builds the vocabulary of texts, most frequent words first.

        Args:
            texts: iterable of str.
            max_words: int >= 1, the number of words that are kept, the most frequent ones. Default 10,000.
            length: int >= 1, or None for the length of the longest text.
            tokenizer: as for the constructor.

        Raises:
            ArgumentError: texts without a single word.
        """
        tokenizer = Tokenizer.of(tokenizer)
        return cls.from_words([tokenizer.split(text) for text in texts], max_words, length, tokenizer)

    @classmethod
    def from_words(cls, rows, max_words=MAX_WORDS, length=None, tokenizer=None):
        """Builds the vocabulary of texts that are already split, a list of lists of str; see `from_texts`."""
        counts = Counter(chain.from_iterable(rows))
        if not counts:
            raise ArgumentError(
                "captions: received no words, expected captions with letters or digits: data.keep_punctuation makes "
                "words of symbols"
            )
        # Ties are broken alphabetically, so that the tokens do not depend on the order of the texts.
        words = sorted(counts, key=lambda word: (-counts[word], word))[:max_words]
        return cls(words, length or max(map(len, rows)), tokenizer)

    def __len__(self):
        return len(self.words) + FIRST_WORD

    def unknown(self, texts):
        """Returns the sorted list of the texts' words that are not in the vocabulary."""
        return sorted({word for text in texts for word in self.tokenizer.split(text)} - set(self.words))

    def encode(self, texts):
        """Encodes a list of str in NumPy: int32 array (num_samples, length)."""
        return self.encode_words([self.tokenizer.split(text) for text in texts])

    def encode_words(self, rows):
        """Encodes texts that are already split, a list of lists of str: int32 array (num_samples, length)."""
        token_of = {word: token for token, word in enumerate(self.words, FIRST_WORD)}
        rows = [row[: self.length] for row in rows]
        lengths = np.array([len(row) for row in rows], int)
        tokens = np.full((len(rows), self.length), PADDING, np.int32)
        tokens[np.arange(self.length) < lengths[:, np.newaxis]] = [
            token_of.get(word, UNKNOWN) for word in chain.from_iterable(rows)
        ]
        return tokens

    def decode(self, tokens):
        """Decodes int (num_samples, length) into a list of str, each up to the first padding."""
        words = ["", "<unk>", *self.words]
        rows = [row[: row.index(PADDING)] if PADDING in row else row for row in np.asarray(tokens).tolist()]
        return [self.tokenizer.join([words[token] for token in row]) for row in rows]

    def __call__(self, texts):
        """Encodes a string tensor (batch,) in the graph: int32 (batch, length)."""
        return keras.ops.cast(self.vectorizer(texts), "int32")
