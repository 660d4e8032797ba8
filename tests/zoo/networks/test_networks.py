import keras
import numpy as np
import pytest
from ganzoo.zoo import GAN, networks
from ganzoo.zoo.networks.dcgan import dcgan_discriminator, dcgan_generator, resolution_schedule


@pytest.mark.parametrize("resolution", [8, 9, 16, 28, 32, 33, 48, 64, 100, 127, 128])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_dcgan_fits_any_resolution_and_channel_count(resolution, channels):
    shape = (resolution, resolution, channels)
    assert dcgan_generator(8, shape, width=2).output_shape == (None, *shape)
    assert dcgan_discriminator(shape, width=2).output_shape == (None, 1)
    assert 4 <= resolution_schedule(resolution)[-1] <= 7


def test_dcgan_has_the_papers_parameters():
    # Generator 32x32x1, width 64: dense 64*4096 + BN 2*256; 4*4*256*128 + BN 2*128; 4*4*128*64 + BN 2*64; 4*4*64*1 + 1.
    generator = dcgan_generator(64, (32, 32, 1), width=64)
    trainable = sum(int(np.prod(w.shape)) for w in generator.trainable_variables)
    assert trainable == 64 * 4096 + 512 + 16 * 256 * 128 + 256 + 16 * 128 * 64 + 128 + 16 * 64 + 1
    discriminator = dcgan_discriminator((32, 32, 1), width=64, normalization="none")
    trainable = sum(int(np.prod(w.shape)) for w in discriminator.trainable_variables)
    assert trainable == 16 * 64 + 64 + 16 * 64 * 128 + 128 + 16 * 128 * 256 + 256 + 4096 + 1


@pytest.mark.parametrize("shape", [(7, 7, 1), (129, 129, 1), (16, 32, 1), (2,)])
def test_shapes_that_cannot_be_built_are_refused(shape):
    for build in (lambda: dcgan_generator(8, shape), lambda: dcgan_discriminator(shape)):
        with pytest.raises(ValueError, match="expected square images"):
            build()


@pytest.mark.parametrize(
    ("name", "role"), [(name, role) for role in ("generator", "discriminator") for name in networks.names(role)]
)
def test_weights_depend_on_the_seed_only(name, role):
    # Text networks have a vocabulary instead of a width.
    is_text = "vocabulary_size" in networks.arguments(name, role)
    arguments = {"embedding_dim": 4} if is_text else {"width": 4}
    derived = {"shape": (5,), "vocabulary_size": 6} if is_text else {"shape": (16, 16, 3)}

    def weights(seed):
        others = {"latent_dim": 4, "num_classes": 3, "text_dim": 5, "seed": seed}
        built = networks.build({"network": name} | arguments, role, dtype="float32", **derived, **others)
        return [weight.numpy() for weight in built.weights]

    assert all((a == b).all() for a, b in zip(weights(1), weights(1), strict=True))
    assert any((a != b).any() for a, b in zip(weights(1), weights(2), strict=True))


def test_names_are_those_of_the_role():
    assert set(networks.names("generator")) | set(networks.names("discriminator")) == set(networks.names())
    assert "unet" in networks.names("generator")
    assert "unet" not in networks.names("discriminator")
    for name, role in (("unet", "discriminator"), ("patch", "generator")):
        with pytest.raises(ValueError, match=f"model.{role}.network: received '{name}', expected one of .*'dcgan'"):
            networks.builder(name, role)


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("dcgam", "did you mean 'dcgan'"),
        ({"network": "dcgan", "widht": 3}, "model.generator.widht: unknown argument.*did you mean 'width'"),
        ({"network": "dcgan", "width": "broad"}, "model.generator.width: received 'broad'"),
        ({"network": "dcgan", "width": 0}, "model.generator.width: received 0, expected: .*greater than or equal to 1"),
        ({"network": "dcgan", "shape": [8, 8, 1]}, "model.generator.shape: unknown argument"),
        ({"width": 3}, "model.generator.network: received None"),
        ("no_such_module:build", "expected an importable"),
        ("json:no_such_function", "expected an importable"),
    ],
)
def test_bad_specifications_are_refused(specification, message):
    with pytest.raises(ValueError, match=message):
        networks.build(specification, "generator", shape=(8, 8, 1), latent_dim=4, seed=0, dtype="float32")


def test_custom_networks_are_built_by_import_path(tmp_path, monkeypatch):
    (tmp_path / "my_networks.py").write_text(
        "import keras\n"
        "def build(latent_dim, shape, units):\n"
        "    size = shape[0] * shape[1] * shape[2]\n"
        "    dense = [keras.layers.Dense(units, 'relu'), keras.layers.Dense(size, 'tanh')]\n"
        "    return keras.Sequential([keras.Input((latent_dim,)), *dense, keras.layers.Reshape(shape)])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    generator = {"network": "my_networks:build", "units": 5}
    model = GAN.create((8, 8, 1), generator, {"network": "mlp", "width": 4}, latent_dim=3)
    assert model.generator.layers[0].units == 5
    assert model.generate(2, seed=0).shape == (2, 8, 8, 1)
    with pytest.raises(ValueError, match=r"received no \['units'\]"):
        GAN.create((8, 8, 1), "my_networks:build")


def test_a_subclassed_generator_must_define_its_shapes(images):
    flat = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    discriminator = keras.Sequential(flat)
    latents = keras.Input((4,))
    with pytest.raises(ValueError, match="wrap it as keras.Model"):
        GAN(Halving(4), discriminator)
    model = GAN(keras.Model(latents, Halving(4)(latents)), discriminator)
    model.compile()
    model.fit(images, batch_size=8, steps_per_epoch=1, verbose=0)
    assert model.generate(3, seed=0).shape == (3, 8, 8, 1)


@keras.saving.register_keras_serializable("tests")
class Halving(keras.Model):
    """A generator as a user-defined subclass."""

    def __init__(self, latent_dim, **kwargs):
        super().__init__(**kwargs)
        self.latent_dim = latent_dim
        self.dense = keras.layers.Dense(64, "tanh")

    def call(self, latents):
        return keras.ops.reshape(self.dense(latents), (-1, 8, 8, 1))

    def get_config(self):
        return super().get_config() | {"latent_dim": self.latent_dim}
