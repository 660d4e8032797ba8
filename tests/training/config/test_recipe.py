"""Validation of recipes."""

import keras
import pytest
from ganzoo.training.config.catalog import recipes
from ganzoo.training.config.optimizers import build_optimizer
from ganzoo.training.config.recipe import Recipe, differences, load_recipe


def content(**sections):
    base = {"data": {"source": "digits"}, "model": {"variant": "gan"}, "train": {"steps": 10}}
    return {key: base.get(key, {}) | sections.get(key, {}) for key in {*base, *sections}}


@pytest.mark.parametrize("name", sorted(recipes()))
def test_every_shipped_recipe_is_valid_and_equals_its_own_dump(name, tmp_path):
    recipe = load_recipe(name)
    path = tmp_path / "again.toml"
    path.write_text(recipe.dumps())
    assert load_recipe(str(path)).content() == recipe.content()
    assert recipe.description
    for role in ("generator", "discriminator"):
        assert isinstance(build_optimizer(recipe.optimizers[role]), keras.optimizers.Optimizer)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"lerning_rate": {}}, "lerning_rate: unknown key.*did you mean 'optimizers.generator.learning_rate'"),
        ({"trian": {}}, "trian: unknown key, .*did you mean 'train'"),
        ({"model": {"n_critics": 3}}, "model.n_critics: unknown key.*did you mean 'n_critic'"),
        ({"model": {"variant": "wgann"}}, "model.variant: received 'wgann'.*did you mean 'wgan'"),
        ({"model": {"clip_value": 0.1}}, "model.clip_value: unknown key"),
        ({"model": {"loss": "hing"}}, "model.loss: received 'hing', expected: .*'hinge'"),
        ({"model": {"label_smoothing": 0.9}}, "model.label_smoothing: received 0.9, expected: .*less than 0.5"),
        ({"model": {"precision": "int4"}}, "model.precision: received 'int4'"),
        ({"model": {"precision": "float32"}, "train": {"precision": "float16"}}, "they are the same setting"),
        ({"model": {"generator": {"network": "dcgan", "depht": 2}}}, "model.generator.depht: unknown argument"),
        ({"train": {"batch_size": "large"}}, "train.batch_size: received 'large', expected: .*integer"),
        ({"train": {"batch_size": 0}}, "train.batch_size: received 0, expected: .*greater than or equal to 1"),
        ({"train": {"strategy": "gpu"}}, "train.strategy: received 'gpu'"),
        ({"train": {"save_evry": 3}}, "train.save_evry: unknown key.*did you mean 'save_every'"),
        ({"train": {"deterministic": True, "jit_compile": True}}, "train.jit_compile: received true with"),
        ({"data": {"resolution": 7}}, "data.resolution: received 7, expected an integer from 8 to 128"),
        ({"data": {"source": "digit"}}, "data.source: received 'digit'.*did you mean 'digits'"),
        ({"data": {"color": 1}}, "data.color: unknown key"),
        ({"optimizers": {"critic": {}}}, "optimizers.critic: unknown key"),
        ({"optimizers": {"generator": {"name": "adamm"}}}, "optimizers.generator.name: received 'adamm'"),
        (
            {"optimizers": {"generator": {"name": "adam", "learning_rte": 1e-3}}},
            "optimizers.generator.learning_rte: unknown key.*did you mean 'learning_rate'",
        ),
        (
            {"optimizers": {"generator": {"name": "adam", "learning_rate": -1.0}}},
            "learning_rate: received -1.0, expected a number above 0",
        ),
        (
            {"optimizers": {"generator": {"name": "adam", "learning_rate": "fast"}}},
            "learning_rate: received 'fast', expected a number",
        ),
    ],
)
def test_mistakes_name_the_key_the_value_and_the_fix(sections, message):
    with pytest.raises(ValueError, match=message) as caught:
        Recipe(content(**sections))
    assert "\n" not in str(caught.value)


def test_precision_may_be_set_in_either_section():
    assert Recipe(content(train={"precision": "bfloat16"})).model["precision"] == "bfloat16"
    assert Recipe(content(model={"precision": "bfloat16"})).model["precision"] == "bfloat16"


def test_overrides_are_toml_values_and_bare_words():
    overrides = ["train.steps=7", "model.loss=hinge", "model.label_smoothing=0", "optimizers.generator.amsgrad=true"]
    recipe = load_recipe("gan_digits", overrides)
    assert recipe.train.steps == 7
    assert recipe.model["loss"] == "hinge"
    assert recipe.optimizers["generator"]["amsgrad"] is True


def test_another_source_drops_the_options_of_the_recipes_source():
    recipe = load_recipe("gan_fashion_mnist", source="digits")
    assert recipe.data == {"source": "digits", "resolution": 32}


def test_differences_name_each_leaf():
    old = {"a": {"b": 1, "c": [1, 2]}, "d": 3}
    assert differences(old, {"a": {"b": 2, "c": [1, 2]}, "e": 3}) == ["a.b: 1 -> 2", "d: 3 -> None", "e: None -> 3"]


def test_a_recipe_that_is_not_toml_is_refused(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("[data\nsource = 1")
    with pytest.raises(ValueError, match="not valid TOML"):
        load_recipe(str(path))
