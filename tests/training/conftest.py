"""What several tests of commands share."""

import keras
import pytest


@pytest.fixture(scope="session")
def eyes(tmp_path_factory):
    """A `.keras` file of random features of 8x8 grey images: an extractor that needs no training."""
    keras.utils.set_random_seed(4)
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(6, 3, 2), keras.layers.Flatten()])
    path = tmp_path_factory.mktemp("eyes") / "eyes.keras"
    model.save(path)
    return f"model:{path}"
