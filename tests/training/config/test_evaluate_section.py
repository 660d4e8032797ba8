"""The `[evaluate]` section of a recipe, for images and texts."""

import pytest
from ganzoo.training.config.recipe import Recipe, RecipeError


def recipe_of(variant, **evaluate):
    texts = variant == "maligan"
    data = {"source": "oracle:markov"} if texts else {"source": "digits"}
    content = {"data": data, "model": {"variant": variant}, "train": {"steps": 10}}
    return Recipe(content | {"evaluate": {"every": 5} | evaluate})


def test_the_defaults_depend_on_the_family():
    assert recipe_of("gan").content()["evaluate"] == {
        "every": 5, "num_samples": 5000, "extractor": "auto", "metrics": ["fid", "precision_recall"],
    }  # fmt: skip
    assert recipe_of("maligan").content()["evaluate"] == {"every": 5, "num_samples": 2000}
    assert Recipe(recipe_of("maligan").content()).content() == recipe_of("maligan").content()


def test_the_metrics_of_both_families_are_accepted_by_name():
    from ganzoo.export.evaluation.image.metrics import metric_names as of_images
    from ganzoo.export.evaluation.text.metrics import metric_names as of_texts

    assert recipe_of("maligan", metrics=of_texts()).evaluate.metrics == of_texts()
    assert recipe_of("gan", metrics=of_images()).evaluate.metrics == of_images()
    for names in (["frechet_local", "kid"], ["bleu"]):
        with pytest.raises(RecipeError, match="evaluate.metrics: received .*'bleu'.*'frechet_local' among them"):
            recipe_of("maligan", metrics=names)
    with pytest.raises(RecipeError, match="evaluate.metrics: received .*'kid'.*'fid' among them"):
        recipe_of("gan", metrics=["fid", "frechet_local"])
    with pytest.raises(RecipeError, match="'fid' among them: it decides which checkpoint is the best"):
        recipe_of("gan", metrics=["kid"])


@pytest.mark.parametrize("extractor", ["auto", "classifier"])
def test_texts_have_no_extractor(extractor):
    with pytest.raises(
        RecipeError,
        match=f"evaluate.extractor: received '{extractor}', expected: none: texts are evaluated without one",
    ):
        recipe_of("maligan", extractor=extractor)
