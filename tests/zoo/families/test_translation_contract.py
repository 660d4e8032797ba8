"""The contract of models that translate images."""

import types

import numpy as np
import pytest
from ganzoo.zoo.families.image_translation_gan import ImageTranslationGAN
from ganzoo.zoo.registry import variant_class

from .contract import ModelContract, ResumesExactly, names_of

SHAPE = (16, 16, 3)
# Tiny arguments of the generator and of the model; the pool is small enough for a few steps to fill it.
TINY = {"cyclegan": ({"blocks": 1}, {"pool_size": 6})}


class TestTranslationModels(ResumesExactly, ModelContract):
    @pytest.fixture(scope="class", params=names_of(ImageTranslationGAN))
    def name(self, request):
        return request.param

    @pytest.fixture(scope="class")
    def build(self, name):
        def build(seed=3, precision="float32", **compile_arguments):
            network, arguments = TINY.get(name, ({}, {}))
            spec = {"width": 4}
            model = variant_class(name).create(SHAPE, spec | network, spec, seed=seed, precision=precision, **arguments)
            model.compile(**compile_arguments)
            return model

        return build

    def data(self, num_samples=16):
        """Random images of two domains; those of the second are dark."""
        x = np.random.default_rng(0).integers(0, 256, (num_samples, *SHAPE), dtype=np.uint8)
        return {"x": x, "y": x // 4}

    def outputs(self, model):
        return model.translate(self.data(2)["x"])

    def check_output_dtypes(self, model):
        assert model.translate(self.data(1)["x"]).dtype == np.float32

    def test_translates_in_every_direction(self, trained):
        model = trained.model
        x = self.data()["x"][:3]
        for to in model.directions:
            translated = model.translate(x, to=to)
            assert translated.shape == (3, *SHAPE)
            assert translated.dtype == np.float32
            assert -1 <= translated.min() < translated.max() <= 1
            np.testing.assert_allclose(translated[1:2], model.translate(x[1:2], to=to), atol=1e-6)
        np.testing.assert_allclose(model.translate(x), model((x / 127.5 - 1).astype("float32")), atol=1e-5)
        with pytest.raises(ValueError, match="to: received 'z'"):
            model.translate(x, to="z")

    def test_a_source_of_one_domain_is_refused(self, name):
        source = types.SimpleNamespace(name="digits", family="image")
        with pytest.raises(ValueError, match="data.source: received 'digits', which has one domain"):
            variant_class(name).arguments_from_source(source)
