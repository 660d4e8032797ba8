"""The contract of models from latents to images, class-conditional and captioned ones included."""

import io
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export import export_saved_model, export_tflite
from ganzoo.export.runtime.sample import sample_file
from ganzoo.zoo.families.class_conditional_gan import ClassConditionalGAN
from ganzoo.zoo.families.image_gan import ImageGAN
from ganzoo.zoo.registry import variant_class

from .contract import ModelContract, names_of, thorough_except

CAPTIONS = ["a red square", "one blue circle", "green"]
# Tiny arguments of models whose defaults would be slow to compile.
TINY = {"wgan": {"n_critic": 2}, "text_to_image_gan": {"text_encoder": {"units": 4, "embedding_dim": 4}}}
# The data-dependent argument of a model that takes a condition.
CONDITIONED = {"labels": {"num_classes": len(CAPTIONS)}, "tokens": {"captions": CAPTIONS}}
# The condition of one sample by its name in `condition_names`: (argument of `generate`, value).
REQUESTED = {"labels": ("labels", np.array([2], np.int32)), "tokens": ("texts", ["one red circle"])}


class TestImageModels(ModelContract):
    steps = 2
    tolerance = 1e-5

    @pytest.fixture(scope="class", params=names_of(ImageGAN))
    def name(self, request):
        return request.param

    @pytest.fixture(scope="class")
    def build(self, name):
        def build(precision="float32", seed=3, network="mlp", **compile_arguments):
            cls = variant_class(name)
            if cls.default_networks["generator"] != "dcgan":
                # Only the default networks take the model's condition.
                network = None
            spec = {"width": 4} | ({"network": network} if network else {}) | ({"depth": 1} if network == "mlp" else {})
            arguments = dict(TINY.get(name, {}))
            if name == "text_to_image_gan":
                arguments |= CONDITIONED["tokens"]
            elif issubclass(cls, ClassConditionalGAN):
                arguments |= CONDITIONED["labels"]
            model = cls.create((8, 8, 1), spec, spec, latent_dim=4, seed=seed, precision=precision, **arguments)
            model.compile(**compile_arguments)
            return model

        return build

    def build_for_training(self, build, **arguments):
        return build(network="dcgan", **arguments)

    def data(self, num_samples=16):
        """Random images with labels and captions; a model takes those that it uses."""
        images = np.random.default_rng(0).integers(0, 256, (num_samples, 8, 8, 1), dtype=np.uint8)
        labels = np.arange(num_samples) % len(CAPTIONS)
        return {"images": images, "labels": labels, "captions": np.array(CAPTIONS, object)[labels]}

    def outputs(self, model):
        return model.generate(2, seed=1)

    def check_output_dtypes(self, model):
        assert model.generate(1, seed=0).dtype == np.float32
        inputs = [tf.zeros((1, *tensor.shape[1:]), tensor.dtype) for tensor in model.discriminator.inputs]
        logits = model.discriminator(inputs if len(inputs) > 1 else inputs[0])
        assert {output.dtype for output in tf.nest.flatten(logits)} == {tf.float32}

    def test_samples_depend_on_their_seed_alone(self, trained):
        model = trained.model
        images = model.generate(5, seed=11)
        assert images.shape == (5, 8, 8, 1)
        assert images.dtype == np.float32
        assert -1 <= images.min() < images.max() <= 1
        np.testing.assert_allclose(images[2], model.generate(1, seed=13)[0], atol=1e-5)
        # Five samples are computed in a batch of eight.
        np.testing.assert_array_equal(images[2], model.generate(1, seed=13, batch_size=8)[0])
        assert (images[0] != images[1]).any()
        with pytest.raises(ValueError, match="num_samples: received 0"):
            model.generate(0)
        with pytest.raises(ValueError, match="seed: received -1"):
            model.generate(1, seed=-1)
        # Without a seed, each call samples fresh latents.
        assert (model.generate(1) != model.generate(1)).any()

    def test_keras_files_contain_each_part_once(self, trained, tmp_path):
        model = trained.model
        model.save(tmp_path / "model.keras")
        with zipfile.ZipFile(tmp_path / "model.keras") as archive, archive.open("model.weights.h5") as weights:
            groups = set(h5py.File(io.BytesIO(weights.read())))
        # Keras saves every attribute: a property that returned networks would be written as another part.
        parts = {
            "generator",
            "ema_generator",
            "discriminator",
            "vars",
            "generator_optimizer",
            "discriminator_optimizer",
        }
        # Other networks of a model are kept among its layers.
        assert parts <= groups <= parts | {"layers", "ema_text_encoder"}
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        # Compiled steps are tested elsewhere, and tracing one would dominate the time of this test.
        loaded.run_eagerly = True
        history = loaded.fit(self.data(), batch_size=4, steps_per_epoch=1, verbose=0).history
        assert np.isfinite(history["g_loss"]).all()
        assert loaded.steps_done == model.steps_done + 1

    @thorough_except(["gan"], names_of(ImageGAN))
    def test_saved_models_and_tflite_files_equal_keras(self, trained, tmp_path):
        model = trained.model
        # The exporters compare each file with Keras in a fresh process before they publish it.
        served = export_saved_model(model, tmp_path / "served", repeats=0)
        file = export_tflite(model, tmp_path / "file.tflite", repeats=0)
        assert {"serving_default", "sample"} <= set(served.differences) & set(file.differences)
        for entry in (served, file):
            assert entry.worst["max_difference"] < 1e-5, entry.kind
        # This compares the files with `generate` itself.
        conditions = dict(REQUESTED[name] for name in model.condition_names)
        sample = tf.saved_model.load(served.file).signatures["sample"]
        images = sample(seeds=tf.constant([13], tf.int32), **{k: tf.constant(v) for k, v in conditions.items()})
        expected = model.generate(1, seed=13, **conditions)
        np.testing.assert_allclose(images["images"] * 2 - 1, expected, atol=1e-5)
        np.testing.assert_allclose(sample_file(file.file, 1, 13, **conditions) * 2 - 1, expected, atol=1e-5)

    @thorough_except(["wgan"], names_of(ImageGAN))
    def test_two_replicas_train(self, build, two_replicas):
        with two_replicas.scope():
            model = build()
        history = model.fit(self.data(), batch_size=4, steps_per_epoch=2, verbose=0).history
        assert all(np.isfinite(value).all() for value in history.values())
        for weight in model.trainable_variables:
            copies = [copy.numpy() for copy in weight.value.values]
            np.testing.assert_array_equal(*copies)
