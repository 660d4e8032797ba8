"""Tokenization of texts into words."""

import re

import keras


def split_words(text):
    """Splits a text into its words: runs of letters and digits in lower case, without punctuation.

    Args:
        text: str.

    Returns:
        list of str.

    Example:

    >>> split_words("Man’s shoe, black-and-white!")
    ['man', 's', 'shoe', 'black', 'and', 'white']
    """
    return re.findall(r"[^\W_]+", text.lower())


@keras.saving.register_keras_serializable("ganzoo")
def standardize(texts):
    """Standardizes a string tensor in the graph: its words, separated by spaces, are those of `split_words`."""
    import tensorflow as tf

    return tf.strings.regex_replace(tf.strings.lower(texts, encoding="utf-8"), r"[^\p{L}\p{N}]+", " ")
