"""Real handwritten digits that come with scikit-learn: the source that is always there."""

import numpy as np

from .pixels import resize
from .source import DataError, split_source


def load_digits(argument, resolution=None):
    """Loads 1,797 digits of 43 writers (Alpaydin and Kaynak 1998, UCI), 8x8 pixels, ten classes.

    Args:
        argument: str, must be empty.
        resolution: int or None for 8.
    """
    from sklearn.datasets import load_digits as read

    if argument:
        raise DataError(f"data.source: received 'digits:{argument}', expected 'digits': it takes no argument")
    digits = read()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    return split_source("digits", resize(images, resolution or 8), digits.target)
