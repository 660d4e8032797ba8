"""The evaluator of images: the samples it generates, the scores, and the samples it rejects."""

import numpy as np
import pytest
from ganzoo.export.evaluation import ExtractorError, SamplesError, evaluate
from ganzoo.export.evaluation.image.image_evaluator import FIRST_SEED
from ganzoo.export.visualization import save_samples
from ganzoo.training.data import ImageSource, load
from ganzoo.zoo.errors import ArgumentError

from .metric_inputs import NUM


def in_color(source):
    """The same images with three equal channels."""
    return ImageSource(
        "color", source.samples.repeat(3, -1), source.held_out.repeat(3, -1), source.labels, source.held_out_labels
    )


def test_blocks_have_disjoint_seeds_far_from_those_of_sample_grids(evaluator, fake_generator):
    generator = fake_generator()
    report = evaluator(metrics=["fid"]).report(generator, seeds=3)
    assert generator.calls == [(NUM, 1_000_000), (NUM, 1_000_000 + NUM), (NUM, 1_000_000 + 2 * NUM)]
    assert report.content()["seeds"] == [seed for _, seed in generator.calls]
    evaluator(metrics=["fid"]).report(generator, seeds=2, first_seed=7)
    assert generator.calls[3:] == [(NUM, 7), (NUM, 7 + NUM)]


def test_score_sets_the_reasons_attribute(evaluator, fake_generator):
    built = evaluator(metrics=["fid", "inception_score"], knows_classes=False)
    assert set(built.score(fake_generator().generate(NUM, 0))) == {"fid"}
    assert set(built.reasons) == {"inception_score"}


def test_an_unknown_metric_is_rejected_with_the_closest_name(evaluator):
    with pytest.raises(ArgumentError, match="metrics: received 'fdi', expected some of .*did you mean 'fid'"):
        evaluator(metrics=["fdi"])


def test_fewer_than_two_samples_are_rejected(evaluator):
    with pytest.raises(ArgumentError, match="num_samples: received 1, expected at least 2"):
        evaluator(num_samples=1)


@pytest.mark.parametrize("seeds", [0, -1])
def test_fewer_than_one_block_is_rejected(evaluator, fake_generator, seeds):
    with pytest.raises(ArgumentError, match=f"seeds: received {seeds}, expected at least 1"):
        evaluator(metrics=["fid"]).report(fake_generator(), seeds=seeds)


def test_several_seeds_of_an_array_are_rejected(evaluator, fake_generator):
    samples = fake_generator().generate(NUM, 0)
    with pytest.raises(ArgumentError, match="seeds: received 3 for an array of samples, expected 1"):
        evaluator(metrics=["fid"]).report(samples, seeds=3)
    assert evaluator(metrics=["fid"]).report(samples).content()["seeds"] is None


def test_a_large_sorted_array_is_subsampled_at_random(evaluator, fake_generator):
    generator = fake_generator()
    sorted_images = np.concatenate(
        [[generator.sample_one(seed) for seed in range(start, 900, 3)] for start in range(3)]
    )
    report = evaluator().report(list(sorted_images))
    assert report.content()["num_samples"] == NUM
    assert report["missing"] == []


def test_a_non_finite_sample_is_reported_before_features_are_extracted(evaluator, fake_generator):
    samples = fake_generator().generate(40 * NUM, 0)
    samples[17, 3, 3] = np.nan
    built = evaluator()
    with pytest.raises(SamplesError, match=r"^fakes\.npz: .* sample 17 \(1 such of 4400\)"):
        built.report(samples, name="fakes.npz")
    assert built.extractor.embedded_counts == []


def test_gray_images_saved_as_color_have_the_same_scores(evaluator, fake_generator, source):
    gray = fake_generator().generate(NUM, 0)
    color = gray.repeat(3, -1)
    assert evaluator().score(color) == evaluator().score(gray)
    assert evaluator(in_color(source)).score(gray) == evaluator(in_color(source)).score(color)


def test_a_gray_copy_of_the_reference_has_distance_zero(evaluator, source):
    built = evaluator(in_color(source), num_samples=300)
    assert built.score(source.samples)["fid"] < 1e-6


def test_color_samples_are_rejected_for_a_gray_reference(evaluator, fake_generator):
    color = fake_generator().generate(NUM, 0).repeat(3, -1)
    color[0, 0, 0] = [1, 0, 0]
    with pytest.raises(SamplesError, match=r"received samples of shape \(8, 8, 3\), expected \(8, 8, 1\)"):
        evaluator().score(color)


@pytest.mark.parametrize("shape", [(NUM, 16, 16, 1), (NUM, 4, 16, 1), (NUM, 2), (NUM, 8, 8, 2)])
def test_samples_of_another_resolution_are_rejected_rather_than_resized(evaluator, shape):
    with pytest.raises(SamplesError, match=r"^fakes: received samples of shape .*, expected \(8, 8, 1\)"):
        evaluator().score(np.zeros(shape), "fakes", (-1, 1))


def test_a_generator_in_memory_and_its_pngs_have_the_same_scores(evaluator, fake_generator, tmp_path, read_png):
    folder = tmp_path / "images"
    save_samples(folder, fake_generator().generate(NUM, FIRST_SEED), FIRST_SEED)
    images = np.stack([read_png(path) for path in sorted(folder.iterdir())])
    # The loader splits off held-out images; together, sorted, they are the same images.
    loaded = load(f"folder:{folder}", 8, channels=1, cache_dir=str(tmp_path / "cache"))
    reloaded = np.concatenate([loaded.samples[:], loaded.held_out[:]])
    assert sorted(map(bytes, reloaded)) == sorted(map(bytes, images))
    in_memory = evaluator(metrics=None).report(fake_generator()).content()["results"]
    assert evaluator(metrics=None).report(images).content()["results"] == in_memory
    assert in_memory["fid"]["mean"] > 0


def test_scores_do_not_depend_on_the_declared_value_range(evaluator, fake_generator):
    samples = fake_generator().generate(NUM, 0)
    expected = evaluator().score(samples)
    assert evaluator().score((samples + 1) / 2, value_range=(0, 1)) == expected
    assert evaluator().score(np.rint((samples + 1) * 127.5).astype(np.uint8)) == expected


def test_non_finite_features_are_reported_as_an_error_of_the_extractor(evaluator, fake_generator, monkeypatch):
    built = evaluator()
    monkeypatch.setattr(built.extractor, "projection", np.full((64, 6), np.inf, np.float32))
    with pytest.raises(ExtractorError, match="shades: received non-finite features"):
        built.score(fake_generator().generate(NUM, 0))


def test_evaluate_scores_points_by_their_known_centers(tmp_path):
    source = load("mixture:ring", count=2000)
    right = source.labels[:200] != 2
    report = evaluate(source.samples[:200][right], source, num_samples=200, cache_dir=str(tmp_path), name="points")
    assert report["missing"] == ["(0.00, 1.00)"]
    assert report["modes_covered"] == 7
    assert report.content()["extractor"]["name"] == "points"
    assert report.content()["num_samples"] == right.sum()
    assert set(report.reasons) == {"inception_score"}
    assert report.images == {}
    assert not list(tmp_path.iterdir()), "points are their own features: nothing is cached"


def test_features_whose_distances_overflow_are_reported_as_an_error_of_the_extractor(
    evaluator, fake_generator, monkeypatch
):
    built = evaluator()
    monkeypatch.setattr(built.extractor, "projection", np.full((64, 6), 1e20, np.float32))
    with pytest.raises(ExtractorError, match="shades: received features up to .*, expected at most 1e"):
        built.score(fake_generator().generate(NUM, 0))
