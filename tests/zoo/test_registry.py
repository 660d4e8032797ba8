"""The registry: every model has a family, a recipe, a test and a summary."""

from pathlib import Path

import pytest
from ganzoo.training.config.catalog import recipes
from ganzoo.zoo.families.image_gan import ImageGAN
from ganzoo.zoo.families.image_translation_gan import ImageTranslationGAN
from ganzoo.zoo.families.text_gan import TextGAN
from ganzoo.zoo.registry import variant_class, variants

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(variants()))
def test_a_model_has_a_family_a_recipe_a_test_and_a_summary(name):
    assert issubclass(variant_class(name), (ImageGAN, ImageTranslationGAN, TextGAN)), "no contract test covers it"
    assert any(recipe.startswith(f"{name}_") for recipe in recipes()), f"no configs/{name}_<dataset>.toml"
    assert (ROOT / "tests" / "zoo" / "models" / f"test_{name}.py").is_file()
    summary = variants()[name].summary
    assert summary.endswith(".")
    assert len(summary) < 120


def test_an_unknown_model_names_the_nearest_one():
    with pytest.raises(ValueError, match="received 'cycle_gan', .*; did you mean 'cyclegan'"):
        variant_class("cycle_gan")
