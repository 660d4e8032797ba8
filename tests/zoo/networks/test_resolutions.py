"""The resolutions of networks and recipes: each limit is enforced where it is declared."""

import pytest
from ganzoo.training.config.recipe_checks import RecipeError, check_data
from ganzoo.training.data import DataError, load
from ganzoo.zoo import networks
from ganzoo.zoo.networks.resolutions import CYCLE_RESNET, DATA, DCGAN, UNET, Resolutions

BUILDERS = [("dcgan", "generator", DCGAN), ("dcgan", "discriminator", DCGAN), ("unet", "generator", UNET)]
BUILDERS += [("cycle_resnet", "generator", CYCLE_RESNET)]


def test_a_range_contains_its_ends_and_its_multiples():
    inside = [size for size in range(20) if size in Resolutions(8, 16, 4)]
    assert inside == [8, 12, 16]
    assert 10_000 in Resolutions(16, None)
    assert (str(Resolutions(8, 16)), str(Resolutions(16, None, 4))) == ("8 to 16", "at least 16")


@pytest.mark.parametrize(("name", "role", "limits"), BUILDERS)
def test_networks_are_built_within_their_limits_only(name, role, limits):
    derived = {"latent_dim": 2, "seed": 0, "dtype": "float32"}

    def build(size):
        return networks.build({"network": name, "width": 1}, role, shape=(size, size, 1), **derived)

    build(limits.lowest)
    outside = [limits.lowest // 2, *([2 * limits.highest] if limits.highest else [limits.lowest + 1])]
    for size in outside:
        with pytest.raises(ValueError, match=f"received samples of shape .*{limits}"):
            build(size)


def test_recipes_and_sources_have_the_limits_of_the_default_networks():
    assert DATA == DCGAN
    for resolution in (DATA.lowest - 1, DATA.highest + 1):
        with pytest.raises(DataError, match=f"received {resolution}, expected {DATA}"):
            load("digits", resolution)
        with pytest.raises(RecipeError, match=f"received {resolution}, expected an integer from {DATA}"):
            check_data({"source": "digits", "resolution": resolution}, "recipe")
    with pytest.raises(DataError, match=f"expected a sum of at most {DATA.highest}"):
        load("unpaired:digits,shapes", DATA.highest, crop=1)
