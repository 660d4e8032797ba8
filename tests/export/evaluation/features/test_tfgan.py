"""TF-GAN's functions against closed forms, its own compositions of them, NumPy and SciPy."""

import importlib
import sys
import tracemalloc
import types
from importlib import metadata

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.evaluation.features import tfgan
from ganzoo.export.evaluation.features.tfgan import (
    Gaussian,
    TFGANError,
    classifier_metrics,
    frechet_distance,
    gaussian,
    inception_score,
    kernel_blocks,
    kernel_distance,
)
from scipy import linalg
from scipy.special import softmax

STUBS = ("tensorflow_gan", "tensorflow_gan.python")


@pytest.fixture
def unloaded(monkeypatch):
    """TF-GAN as in a new process: never imported."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "tensorflow_gan"]:
        monkeypatch.delitem(sys.modules, name)
    classifier_metrics.cache_clear()
    yield
    classifier_metrics.cache_clear()


def normal(num_samples, dim, seed=0, mean=0.0, std=1.0):
    return mean + std * np.random.default_rng(seed).standard_normal((num_samples, dim))


def scipy_frechet(real, fake):
    """The textbook formula in float64; `sqrtm` without `disp`, which SciPy 1.18 removed."""
    covariances = [np.cov(rows.astype(np.float64), rowvar=False) for rows in (real, fake)]
    means = [rows.astype(np.float64).mean(0) for rows in (real, fake)]
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    return np.sum((means[0] - means[1]) ** 2) + np.trace(covariances[0] + covariances[1] - 2 * root)


def numpy_kernel_distance(real, fake):
    """The unbiased estimate, pair by pair."""
    dim = real.shape[1]

    def kernel(left, right):
        return (left @ right / dim + 1) ** 3

    def mean_of_pairs(rows):
        return np.mean([kernel(rows[i], rows[j]) for i in range(len(rows)) for j in range(len(rows)) if i != j])

    across = np.mean([kernel(mine, theirs) for mine in real for theirs in fake])
    return mean_of_pairs(real) + mean_of_pairs(fake) - 2 * across


def test_the_evaluation_functions_are_imported_and_no_stub_remains(unloaded):
    assert classifier_metrics().__name__ == tfgan.MODULE
    assert not set(STUBS) & set(sys.modules)
    assert classifier_metrics() is classifier_metrics()


def test_a_changed_version_of_tfgan_is_detected():
    # The import without `__init__` and all values below were verified with this version only.
    assert metadata.version("tensorflow-gan") == "2.1.0"
    module = classifier_metrics()
    divergence = module.kl_divergence(tf.constant([[0.5, 0.5]]), tf.zeros((1, 2)), tf.constant([0.25, 0.75]))
    assert float(divergence[0]) == pytest.approx(0.5 * np.log(2) + 0.5 * np.log(2 / 3), abs=1e-6)
    # The root of a product of diagonal matrices is diagonal: sqrt(4 * 1) + sqrt(9 * 4).
    root = module.trace_sqrt_product(tf.constant(np.diag([4.0, 9.0])), tf.constant(np.diag([1.0, 4.0])))
    assert float(root) == pytest.approx(8, abs=1e-9)
    # k(x, y) = (xy + 1)^3: k(0, 1) + k(1, 2) - 2 (1 + 1 + 8 + 27) / 4 = 1 + 27 - 18.5.
    distance = module.kernel_classifier_distance_from_activations(
        tf.constant([[0.0], [1.0]]), tf.constant([[1.0], [2.0]]), max_block_size=1024, dtype=tf.float64
    )
    assert float(distance) == pytest.approx(9.5, abs=1e-9)
    assert set(tfgan.NEEDED) <= set(dir(module))


@pytest.mark.parametrize("error", [ImportError("no estimator"), AttributeError("no estimator")])
def test_a_failed_import_names_the_package_its_version_and_that_of_tensorflow(unloaded, monkeypatch, error):
    imported = importlib.import_module

    def broken(name, *package):
        if name == tfgan.MODULE:
            raise error
        return imported(name, *package)

    with monkeypatch.context() as patched:
        patched.setattr(importlib, "import_module", broken)
        with pytest.raises(TFGANError, match=f"tensorflow-gan 2.1.0: .*tensorflow {tf.__version__} .*no estimator"):
            classifier_metrics()
    assert not set(STUBS) & set(sys.modules)
    assert classifier_metrics().__name__ == tfgan.MODULE, "a failure must not be cached"


def test_a_missing_package_is_reported_with_the_install_command(unloaded, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TFGANError, match="pip install tensorflow-gan==2.1.0"):
        classifier_metrics()


def test_a_missing_function_is_named(unloaded, monkeypatch):
    other = types.SimpleNamespace(kl_divergence=None, kernel_classifier_distance_from_activations=None)
    monkeypatch.setattr(importlib, "import_module", lambda name: other)
    with pytest.raises(TFGANError, match=r"tensorflow-gan 2.1.0: .*\['trace_sqrt_product'\]"):
        classifier_metrics()


@pytest.mark.parametrize("dim", [1, 3, 64])
def test_the_frechet_distance_of_known_gaussians(dim):
    standard = Gaussian(np.zeros(dim), np.eye(dim), 1000)
    wide = Gaussian(np.ones(dim), 4 * np.eye(dim), 1000)
    # |0 - 1|^2 + tr(I + 4 I - 2 * 2 I) = d + d.
    assert frechet_distance(standard, wide) == pytest.approx(2 * dim, rel=1e-9)
    assert frechet_distance(standard, standard._replace(mean=np.full(dim, 3.0))) == pytest.approx(9 * dim, rel=1e-9)
    # A point mass: the root vanishes, the traces remain.
    assert frechet_distance(standard, Gaussian(np.zeros(dim), np.zeros((dim, dim)), 9)) == pytest.approx(dim, rel=1e-9)


def test_two_point_masses_are_as_far_apart_as_their_means():
    first, second = (Gaussian(mean, np.zeros((3, 3)), 9) for mean in (np.zeros(3), np.array([1.0, 2.0, 2.0])))
    assert frechet_distance(first, second) == 9


def test_blocks_have_the_size_of_tfgan_by_default():
    assert (kernel_blocks(1024, 1024), kernel_blocks(1025, 1025)) == ((1, 1024, 1024), (2, 1025, 1025))


def test_the_larger_side_determines_the_blocks_and_the_default_seed_their_rows():
    large, small = normal(1100, 1), normal(600, 1, seed=1)
    values = [kernel_distance(large, small), kernel_distance(small, large)]
    assert all(error is not None for _, error in values)
    assert values[0] == kernel_distance(large, small, seed=0) != kernel_distance(large, small, seed=1)


def test_a_gaussian_has_the_mean_and_covariance_of_numpy_over_all_chunks(monkeypatch):
    monkeypatch.setattr(tfgan, "CHUNK", 7)
    rows = normal(30, 4, mean=5.0).astype("float32")
    fitted = gaussian(rows)
    np.testing.assert_allclose(fitted.mean, rows.astype(np.float64).mean(0), rtol=1e-12)
    np.testing.assert_allclose(fitted.covariance, np.cov(rows.astype(np.float64), rowvar=False), rtol=1e-12)
    assert fitted.num_samples == 30
    assert fitted.covariance.dtype == np.float64


@pytest.mark.parametrize("dim", [2, 16])
def test_the_frechet_distance_equals_those_of_tfgan_and_scipy(dim):
    real, fake = normal(400, dim), normal(300, dim, seed=1, mean=0.3, std=1.5) @ np.diag(np.linspace(0.5, 2, dim))
    actual = frechet_distance(gaussian(real), gaussian(fake))
    tfgan_value = classifier_metrics().frechet_classifier_distance_from_activations(
        tf.constant(real), tf.constant(fake)
    )
    assert actual == pytest.approx(float(tfgan_value), rel=1e-6)
    assert actual == pytest.approx(scipy_frechet(real, fake), rel=1e-6)


def test_the_distance_of_a_set_to_itself_is_zero_and_never_negative():
    for seed in range(5):
        rows = normal(500, 16, seed, mean=2.0).astype("float32")
        for other in (rows, rows[np.random.default_rng(seed).permutation(500)], rows + np.float32(1e-6)):
            assert 0 <= frechet_distance(gaussian(rows), gaussian(other)) < 1e-3


def test_the_frechet_distance_is_symmetric():
    real, fake = gaussian(normal(200, 16)), gaussian(normal(200, 16, seed=1, std=0.3) + 0.1)
    assert frechet_distance(real, fake) == pytest.approx(frechet_distance(fake, real), rel=1e-6)


@pytest.mark.parametrize("scale", [1e-4, 1e-2, 1e3])
def test_the_frechet_distance_grows_with_the_square_of_the_features_scale(scale):
    # TF-GAN sets roots of eigenvalues below 1e-10 to 0, which would affect all small features.
    real, fake = normal(500, 8), normal(500, 8, seed=1, mean=0.5)
    expected = frechet_distance(gaussian(real), gaussian(fake))
    actual = frechet_distance(gaussian(scale * real), gaussian(scale * fake))
    assert actual / scale**2 == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(gaussian(scale * real), gaussian(scale * real)) / scale**2 < 1e-6


def test_a_large_mean_costs_no_precision():
    real = normal(3000, 64, mean=1e3, std=1e-2).astype("float32")
    fake = normal(3000, 64, seed=1, mean=1e3 + 1e-2, std=1e-2).astype("float32")
    assert frechet_distance(gaussian(real), gaussian(fake)) == pytest.approx(scipy_frechet(real, fake), rel=0.01)


@pytest.mark.parametrize("dim", [64, 160])
def test_a_hundred_samples_per_side_have_a_finite_distance_even_with_a_singular_covariance(dim):
    real, fake = normal(100, dim), normal(100, dim, seed=1, mean=0.2)
    centered = [(rows - rows.mean(0)) / np.sqrt(99) for rows in (real, fake)]
    # tr (A'A B'B)^(1/2) is the nuclear norm of A B', which requires no root of a singular matrix.
    root = np.linalg.svd(centered[0] @ centered[1].T, compute_uv=False).sum()
    expected = np.sum((real.mean(0) - fake.mean(0)) ** 2) + np.sum(np.square(centered)) - 2 * root
    assert frechet_distance(gaussian(real), gaussian(fake)) == pytest.approx(expected, rel=1e-4)


def test_one_row_has_no_covariance():
    with pytest.raises(ValueError, match="received 1 rows, expected at least 2"):
        gaussian(np.zeros((1, 4), "float32"))


def test_the_features_are_never_copied_to_float64_at_once():
    features = np.ones((40_000, 32), np.float32)
    peaks = []
    # The second function shows the peak of a complete copy.
    for work in (gaussian, lambda rows: rows.astype(np.float64).mean(0)):
        tracemalloc.start()
        work(features)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] < features.nbytes / 2
    assert peaks[1] >= 2 * features.nbytes


def test_the_inception_score_equals_those_of_tfgan_and_numpy(monkeypatch):
    monkeypatch.setattr(tfgan, "CHUNK", 64)
    logits = normal(300, 5, std=2.0)
    tfgan_value = classifier_metrics().classifier_score_from_logits(tf.constant(logits))
    probabilities = softmax(logits, axis=1)
    divergence = (probabilities * np.log(probabilities / probabilities.mean(0))).sum(1)
    assert inception_score(logits) == pytest.approx(float(tfgan_value), rel=1e-6)
    assert inception_score(logits) == pytest.approx(np.exp(divergence.mean()), rel=1e-9)


@pytest.mark.parametrize("classes", [2, 7, 10])
def test_the_inception_score_is_one_for_uniform_predictions_and_the_class_count_for_perfect_ones(classes):
    assert inception_score(np.full((30, classes), 3.0)) == pytest.approx(1, abs=1e-9)
    # Confident predictions of a single class have no diversity either.
    assert inception_score(np.eye(classes)[np.zeros(30, int)] * 1e4) == pytest.approx(1, abs=1e-9)
    balanced = np.tile(np.eye(classes), (6, 1))
    for certainty in (100, 1e4):
        assert inception_score(certainty * balanced) == pytest.approx(classes, rel=1e-9)


@pytest.mark.parametrize("classes", [2, 3, 7, 10])
def test_the_inception_score_is_always_in_its_range(classes):
    for num_samples in (1, 3, 7, 10, 100):
        logits = normal(num_samples, classes, seed=num_samples)
        for scaled_logits in (
            0 * logits,
            1e-8 * logits,
            logits,
            1e4 * logits,
            np.eye(classes)[np.arange(num_samples) % classes] * 1e3,
        ):
            assert 1 <= inception_score(scaled_logits) <= classes


@pytest.mark.parametrize(("num_samples", "num_fake"), [(20, 20), (30, 12)])
def test_the_kernel_distance_of_one_block_equals_that_of_numpy(num_samples, num_fake):
    real, fake = normal(num_samples, 3).astype("float32"), normal(num_fake, 3, seed=1, mean=0.5).astype("float32")
    expected = numpy_kernel_distance(real.astype(np.float64), fake.astype(np.float64))
    actual, error = kernel_distance(real, fake)
    assert actual == pytest.approx(expected, rel=1e-6)
    assert error is None


def test_several_blocks_agree_with_a_single_one_within_their_error():
    real, fake = normal(400, 3), normal(300, 3, seed=1, mean=0.5)
    single_block, _ = kernel_distance(real, fake)
    actual, error = kernel_distance(real, fake, block=50)
    assert abs(actual - single_block) < 3 * error
    assert 0 < error < single_block / 2


def test_the_order_of_the_rows_does_not_matter():
    # Two clusters in opposite orders: blocks of consecutive rows would compare each cluster with the other one.
    clusters = np.repeat([-2.0, 2.0], 100)[:, np.newaxis]
    real, fake = normal(200, 1, std=0.1) + clusters, normal(200, 1, seed=1, std=0.1) - clusters
    single_block, _ = kernel_distance(real, fake)
    # k is about 125 for equal signs, -27 for opposite ones: such a block would have a distance of 2 * (125 + 27).
    actual, error = kernel_distance(real, fake, block=50)
    assert abs(actual - single_block) < 3 * error
    assert abs(actual) < 60


def test_the_kernel_distance_of_equal_distributions_is_around_zero_on_average():
    values = np.array([kernel_distance(normal(20, 2, seed), normal(20, 2, 1000 + seed))[0] for seed in range(60)])
    error = values.std(ddof=1) / np.sqrt(len(values))
    # With its diagonal, which a biased estimate has, it would be 2 (E k(x,x) - E k(x,x')) / 20 > 1 on average.
    assert abs(values.mean()) < 3 * error < 0.7
    assert values.min() < 0 < values.max()


def test_few_samples_against_many_have_a_kernel_distance_too():
    actual, _ = kernel_distance(normal(90, 2), normal(3, 2, seed=1), block=10)
    assert np.isfinite(actual)
    actual, error = kernel_distance(normal(60, 2), normal(12, 2, seed=1, mean=3.0), block=10)
    assert actual > 1
    assert error > 0
