"""Package exports that are imported on first use."""

import subprocess
import sys

import pytest
from ganzoo import zoo
from ganzoo.zoo.core.lazy_loading import lazy_exports

EXPORTS = {"threefry": "core.prng", "GAN": "models.image.gan"}


def test_dir_lists_every_exported_name():
    _, list_names, names = lazy_exports("ganzoo.zoo", EXPORTS)
    assert list_names() == names == ["GAN", "threefry"]
    assert {"GAN", "WGAN", "CycleGAN"} <= set(dir(zoo)) == set(zoo.__all__)


def test_names_come_from_their_modules():
    get_attribute, _, _ = lazy_exports("ganzoo.zoo", EXPORTS)
    assert get_attribute("GAN") is zoo.GAN
    assert get_attribute("GAN").__module__ == "ganzoo.zoo.models.image.gan"


def test_an_unknown_name_is_refused_in_one_line():
    get_attribute, _, _ = lazy_exports("ganzoo.zoo", EXPORTS)
    with pytest.raises(
        AttributeError, match="module 'ganzoo.zoo' has no attribute 'GANN'; did you mean 'GAN'"
    ) as caught:
        get_attribute("GANN")
    assert "\n" not in str(caught.value)
    assert not hasattr(zoo, "VAE")


def test_every_exported_name_exists():
    for name in zoo.__all__:
        assert getattr(zoo, name).__name__ == name


def test_importing_the_package_does_not_import_tensorflow():
    program = "import sys, ganzoo.zoo; dir(ganzoo.zoo); sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
