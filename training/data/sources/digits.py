"""Handwritten digits bundled with scikit-learn: a real dataset that needs no download."""

import numpy as np

from ..data_error import DataError
from ..image_source import split_source
from ..resizing import resize


def load_digits(argument, resolution=None):
    """Loads 1,797 digits by 43 writers (Alpaydin and Kaynak 1998, UCI), 8x8 pixels, ten classes.

    Args:
        argument: str, must be empty.
        resolution: int or None for 8.
    """
    from sklearn.datasets import load_digits as load_sklearn_digits

    if argument:
        raise DataError(f"data.source: received 'digits:{argument}', expected 'digits': it takes no argument")
    digits = load_sklearn_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    return split_source("digits", resize(images, resolution or 8), digits.target)
