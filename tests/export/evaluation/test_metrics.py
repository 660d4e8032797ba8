"""Every metric on points whose answer is known by hand, or by the definition written out pair by pair."""

from types import SimpleNamespace

import numpy as np
import pytest
from ganzoo.export.evaluation.extractor import Embedded
from ganzoo.export.evaluation.metrics import Comparison, NotComputableError, metric, metric_names
from ganzoo.export.evaluation.metrics.modes import confusions
from ganzoo.zoo.errors import ArgumentError


def seen(points, **logits):
    """Points that are their own features, as an extractor hands them over."""
    points = np.asarray(points, np.float32)
    return Embedded(points, points, {name: np.asarray(rows, np.float32) for name, rows in logits.items()})


def measure(name, real, fake, reference=None):
    real, fake = (rows if isinstance(rows, Embedded) else seen(rows) for rows in (real, fake))
    return metric(name).measure(Comparison(real, fake, reference))


def normal(num, dim=2, seed=0):
    return np.random.default_rng(seed).standard_normal((num, dim))


def line(places):
    """Points of the plane on a line, so that distances can be read off."""
    return np.stack([np.asarray(places, float), np.zeros(len(places))], axis=1)


def said(answers, classes=2):
    """Logits that are sure of the answers."""
    return 10 * np.eye(classes)[answers]


def reading(truth, read, known, values=("A", "B")):
    """A reference with labels `known`, whose held-out images are `truth` and are read as `read`."""
    held_out = seen(normal(len(truth)), label=said(read, len(values)))
    source = SimpleNamespace(name="letters", facts={}, labels=np.array(known), held_out_labels=np.array(truth))
    return SimpleNamespace(
        source=source,
        extractor=SimpleNamespace(name="reader", values={"label": list(values)}),
        held_out=held_out,
        held_out_rows=np.arange(len(truth)),
        rows=np.arange(len(known)),
        searched=seen(normal(len(known))),
    )


def around(centres, std=0.1):
    """A reference of points around known centres."""
    source = SimpleNamespace(name="mixture", facts={"centres": centres, "std": std})
    return SimpleNamespace(source=source, extractor=SimpleNamespace(name="points", values={}), held_out=None)


CORNERS = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])


# What conditional models are asked for is judged in test_asked.py.
ASKED = ("attributes", "gan_test", "gan_train", "intra_fid", "r_precision")


@pytest.mark.parametrize("name", [name for name in metric_names() if name not in ASKED])
def test_every_metric_gives_the_results_it_announces(name):
    answers = np.arange(120) % 2
    real, fake = seen(normal(120), label=said(answers)), seen(normal(120, seed=1), label=said(answers))
    found = metric(name).measure(Comparison(real, fake, reading(answers, answers, answers)))
    announced = metric(name).RESULTS
    # How far a sample lies from a centre is known of points alone.
    assert set(found) == set(announced) - {"high_quality"}
    assert {result.better for result in announced.values()} <= {"higher", "lower", ""}
    assert all(result.meaning for result in announced.values())


def test_points_around_centres_have_every_result_of_the_modes():
    found = measure("modes", CORNERS.repeat(5, 0), CORNERS.repeat(5, 0), around(CORNERS))
    assert set(found) == set(metric("modes").RESULTS)


def test_no_two_metrics_share_a_results_name():
    names = [name for each in metric_names() for name in metric(each).RESULTS]
    assert len(names) == len(set(names))
    assert {"fid", "kid", "inception_score", "precision", "recall", "copies", "missing"} <= set(names)


def test_an_unknown_metric_gets_the_nearest_name():
    with pytest.raises(ArgumentError, match="received 'memorization', expected some of .*did you mean 'memorisation'"):
        metric("memorization")


def test_fid_and_kid_are_those_of_the_features():
    # Two points a side: means 1 apart, equal variances, so all that is left is the shift.
    shifted = measure("fid", normal(50), normal(50) + [1, 0])
    assert shifted == {"fid": pytest.approx(1, rel=1e-5)}
    # k(x, y) = (x.y / 2 + 1)^3 of twice (1, 0) and twice (0, 1): 2 * 1.5^3 - 2 * 1.
    found = measure("kid", [[1, 0], [1, 0]], [[0, 1], [0, 1]])
    assert found == {"kid": pytest.approx(2 * 1.5**3 - 2), "kid_error": None}


def test_fid_of_few_samples_is_noted_with_their_count_and_what_is_needed():
    few, enough = seen(normal(100)), seen(np.zeros((2048, 2)))
    (note,) = metric("fid").warnings(Comparison(enough, few, None))
    assert "100 samples" in note
    assert "2048" in note
    assert metric("fid").warnings(Comparison(enough, enough, None)) == []


def test_the_inception_score_reads_the_samples_classes_alone():
    fake = seen(normal(40), label=100 * np.eye(4)[np.arange(40) % 4])
    found = metric("inception_score").measure(Comparison(seen(normal(3)), fake, None))
    assert found == {"inception_score": pytest.approx(4)}


def by_definition(real, fake):
    """Equations 1 and 2 of Kynkaanniemi et al. and 6 and 7 of Naeem et al., one pair at a time."""

    def distance(one, other):
        return np.sqrt(np.sum((one - other) ** 2))

    def radius(rows, index, k):
        return sorted(distance(rows[index], other) for place, other in enumerate(rows) if place != index)[k - 1]

    def share_inside(rows, others):
        radii = [radius(others, index, 3) for index in range(len(others))]
        inside = [
            any(distance(row, other) <= reach for other, reach in zip(others, radii, strict=True)) for row in rows
        ]
        return np.mean(inside)

    wide = [radius(real, index, 5) for index in range(len(real))]
    within = [[distance(row, sample) <= reach for sample in fake] for row, reach in zip(real, wide, strict=True)]
    return {
        "precision": share_inside(fake, real),
        "recall": share_inside(real, fake),
        "density": np.sum(within) / (5 * len(fake)),
        "coverage": np.mean([any(row) for row in within]),
    }


@pytest.mark.parametrize(("num", "others"), [(40, 40), (50, 20), (20, 50), (6, 6)])
@pytest.mark.parametrize("dim", [2, 7])
def test_precision_recall_density_and_coverage_are_what_their_papers_define(num, others, dim):
    real = normal(num, dim).astype("float32").astype(float)
    fake = (0.7 * normal(others, dim, seed=1) + 0.5).astype("float32").astype(float)
    assert measure("precision_recall", real, fake) == pytest.approx(by_definition(real, fake))


def test_distances_block_by_block_are_those_in_one_piece(monkeypatch):
    real, fake = normal(60), 0.7 * normal(50, seed=1)
    whole = measure("precision_recall", real, fake)
    # A kilobyte or two: some rows of distances at a time.
    monkeypatch.setattr("ganzoo.export.evaluation.neighbours.WORKING_MEMORY_MB", 0.002)
    assert measure("precision_recall", real, fake) == whole


def test_precision_is_of_the_samples_and_recall_of_the_data():
    real, cluster = normal(200), 0.02 * normal(200, seed=1)
    found = measure("precision_recall", real, cluster)
    assert found["precision"] == 1
    assert found["recall"] < 0.1
    assert found["coverage"] < 0.1
    found = measure("precision_recall", cluster, real)
    assert found["precision"] < 0.1
    assert found["recall"] == 1


def test_duplicates_are_nearer_than_all_but_one_in_a_hundred_of_the_real_ones():
    # Of 200 real places four lie 0.1 from another: the hundredth part of them is 0.1.
    real = np.concatenate([np.arange(196.0), [300, 300.1, 400, 400.1]])
    # Ten pairs 0.05 apart are nearer, ten pairs 0.2 apart are not.
    pairs = np.arange(0, 100, 10.0)
    fake = np.concatenate([pairs, pairs + 0.05, 1000 + pairs, 1000 + pairs + 0.2, np.arange(2000, 2160.0)])
    assert measure("duplicates", line(real), line(fake)) == {"duplicates": 20 / 200}


def test_a_collapsed_generator_is_all_duplicates():
    one = np.repeat(normal(1, dim=16), 200, axis=0)
    assert measure("duplicates", normal(200, dim=16), one) == {"duplicates": 1}


def test_equal_features_lie_at_no_distance_however_a_product_of_matrices_rounds():
    for seed in range(4):
        real = normal(200, 64, seed)
        twins = np.concatenate([real[:10], real])[:200]
        one = np.repeat(5 + normal(1, 64, seed + 100), 200, axis=0)
        assert measure("duplicates", twins, one) == {"duplicates": 1}
        assert measure("duplicates", twins, normal(200, 64, seed + 200)) == {"duplicates": 0}


def test_copies_of_images_that_the_data_hold_several_times_are_within_their_reach():
    # Five others equal to it: the neighbourhood is the image itself, and a copy lies in it.
    for seed in range(4):
        real, fake = 5 + normal(20, 64, seed), 9 + normal(20, 64, seed + 100)
        found = measure("precision_recall", real.repeat(6, 0), np.concatenate([real[:10], fake[10:]]).repeat(6, 0))
        assert found == {"precision": 0.5, "recall": 0.5, "density": 0.6, "coverage": 0.5}


@pytest.mark.parametrize(("num", "others"), [(100, 2000), (2000, 100)])
def test_duplicates_do_not_hang_on_how_many_samples_there_are(num, others):
    random = np.random.default_rng(0)
    found = [
        measure("duplicates", line(random.uniform(size=num)), line(random.uniform(size=others)))["duplicates"]
        for _ in range(12)
    ]
    # Uncut, twenty times as many on a line would lie twenty times as near: a fifth of them, or none.
    assert 0.003 < np.mean(found) < 0.04


def test_copies_of_training_images_are_found_out():
    training, held_out = normal(300), normal(200, seed=1)
    reference = SimpleNamespace(searched=seen(training), held_out=seen(held_out))
    assert measure("memorisation", training, training[:150], reference) == {"copies": 1, "nearness": 1}
    fresh = measure("memorisation", training, normal(200, seed=2), reference)
    assert fresh["copies"] < 0.05
    assert fresh["nearness"] == pytest.approx(0.5, abs=0.1)
    # The held-out images themselves: the tie that chance is, and the two of 200 that are the hundredth part.
    assert measure("memorisation", training, held_out, reference) == pytest.approx({"copies": 0.01, "nearness": 0.5})
    # Half copies, half nothing like the data, which alone would pass for novelty.
    half = np.concatenate([training[:100], training[:100] + 1000])
    assert measure("memorisation", training, half, reference) == pytest.approx({"copies": 0.5, "nearness": 0.5})


def test_data_with_twins_across_the_split_do_not_hide_copies():
    # More than a hundredth of the held-out images lie at distance 0 from training images, and so do copies.
    training = normal(300)
    held_out = np.concatenate([training[:5], normal(195, seed=1)])
    reference = SimpleNamespace(searched=seen(training), held_out=seen(held_out))
    assert measure("memorisation", training, training[100:250], reference)["copies"] == 1


def test_copies_are_looked_for_among_all_training_images_not_the_reference_alone():
    training = normal(400)
    reference = SimpleNamespace(searched=seen(training), held_out=seen(normal(200, seed=1)))
    assert measure("memorisation", training[:200], training[200:], reference)["copies"] == 1


def test_confusions_are_shares_of_each_true_class():
    read, truth = np.array([0, 0, 0, 0, 1, 1, 1]), np.array([0, 0, 0, 0, 0, 1, 1])
    np.testing.assert_allclose(confusions(read, truth, 2), [[0.8, 0], [0.2, 1]])
    # Of a class without examples nothing is known; it is taken to be read right.
    np.testing.assert_allclose(confusions(read, truth, 3), [[0.8, 0, 0], [0.2, 1, 0], [0, 0, 1]])


def test_a_class_that_is_never_drawn_is_missing_although_another_is_taken_for_it():
    # A fifth of A is read as B; what is drawn is A alone.
    truth, read = np.repeat([0, 1], 10), np.repeat([0, 1], [8, 12])
    reference = reading(truth, read, np.repeat([0, 1], 50))
    fake = seen(normal(100), label=said(np.repeat([0, 1], [80, 20])))
    found = measure("modes", normal(100), fake, reference)
    assert found["missing"] == ["B"]
    assert (found["modes_covered"], found["modes"]) == (1, 2)
    assert found["shares"] == {"A": [1, 0.5], "B": [0, 0.5]}
    # 1 ln(1 / 0.5) + 0.
    assert found["modes_kl"] == pytest.approx(np.log(2), abs=1e-6)


def test_the_confusions_of_both_classes_are_taken_out():
    # Drawn 3 to 1: read as A are 0.8 * 0.75 + 0.1 * 0.25 = 0.625 of them.
    truth, read = np.repeat([0, 1], 10), np.repeat([0, 1, 0, 1], [8, 2, 1, 9])
    fake = seen(normal(1000), label=said(np.repeat([0, 1], [625, 375])))
    found = measure("modes", normal(100), fake, reading(truth, read, np.repeat([0, 1], [50, 50])))
    assert found["shares"] == {"A": [0.75, 0.5], "B": [0.25, 0.5]}
    assert found["modes_kl"] == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5), abs=1e-6)


@pytest.mark.parametrize(("drawn", "missing"), [(4, ["B"]), (6, [])])
def test_a_mode_is_covered_from_a_tenth_of_its_share(drawn, missing):
    answers = np.repeat([0, 1], 50)
    fake = seen(normal(100), label=said(np.repeat([0, 1], [100 - drawn, drawn])))
    assert measure("modes", normal(100), fake, reading(answers, answers, answers))["missing"] == missing


def test_what_the_reference_does_not_hold_is_no_mode():
    answers = np.repeat([0, 1], 50)
    fake = seen(normal(100), label=said(answers, 3))
    found = measure("modes", normal(100), fake, reading(answers, answers, answers, ("A", "B", "C")))
    assert (found["modes"], found["modes_covered"], found["missing"]) == (2, 2, [])
    assert found["modes_kl"] == pytest.approx(0, abs=1e-9)


def test_modes_of_further_factors_carry_the_factors_name():
    answers = np.arange(60) % 2
    reference = reading(answers, answers, answers)
    reference.extractor.values["colour"] = ["red", "green", "blue"]
    reference.source.factors = reference.source.held_out_factors = {"colour": np.arange(60) % 3}
    reference.held_out.logits["colour"] = said(np.arange(60) % 3, 3)
    fake = seen(normal(60), label=said(answers), colour=said(np.arange(60) % 2 + 1, 3))
    found = measure("modes", normal(60), fake, reference)
    assert found["missing"] == ["colour red"]
    assert (found["modes"], found["modes_covered"]) == (5, 4)
    assert list(found["shares"]) == ["A", "B", "colour red", "colour green", "colour blue"]


def test_a_class_that_is_read_as_nothing_known_leaves_the_plain_counts():
    # Every held-out B is read as A, so that nothing explains samples that are read as B.
    truth, read = np.repeat([0, 1], 10), np.zeros(20, int)
    fake = seen(normal(10), label=said(np.ones(10, int)))
    found = measure("modes", normal(20), fake, reading(truth, read, truth))
    assert found["shares"] == {"A": [0, 0.5], "B": [1, 0.5]}


def test_a_mode_of_points_without_samples_is_named_by_its_centre():
    # Ten at each of three corners; 2.9 standard deviations belong, 3.1 do not.
    drawn = np.concatenate([CORNERS[[0, 2, 3]].repeat(9, 0), CORNERS[[0, 2, 3]] + [0.29, 0], CORNERS + [0, 0.31]])
    found = measure("modes", CORNERS.repeat(25, 0), drawn, around(CORNERS))
    assert found["missing"] == ["(1.00, -1.00)"]
    assert (found["modes"], found["modes_covered"]) == (4, 3)
    assert found["modes_kl"] == pytest.approx(np.log(4 / 3))
    assert found["high_quality"] == pytest.approx(30 / 34)
    assert found["shares"]["(1.00, 1.00)"] == [0.3333, 0.25]


def test_samples_in_no_mode_at_all_have_no_divergence_that_would_pass_for_a_perfect_one():
    found = measure("modes", CORNERS.repeat(5, 0), np.full((20, 2), 9.0), around(CORNERS))
    assert found["modes_kl"] is None
    assert found["modes_covered"] == found["high_quality"] == 0
    assert len(found["missing"]) == 4


@pytest.mark.parametrize(
    ("name", "num", "dim", "reason"),
    [
        ("fid", 8, 8, "8 real and 8 judged samples, at least 9 are needed: a covariance of 8 features"),
        ("kid", 1, 2, "at least 2 are needed"),
        ("precision_recall", 5, 2, "at least 6 are needed"),
        ("duplicates", 99, 2, "at least 100 are needed"),
        ("memorisation", 99, 2, "at least 100 are needed"),
    ],
)
def test_too_few_samples_are_the_reason(name, num, dim, reason):
    enough = normal(200, dim)
    reference = SimpleNamespace(held_out=seen(enough), searched=seen(enough))
    for real, fake in ((enough[:num], enough[:num]), (enough, enough[:num]), (enough[:num], enough)):
        expected = reason if len(real) == len(fake) else reason[reason.index("at least") :]
        with pytest.raises(NotComputableError, match=expected):
            measure(name, real, fake, reference)
    assert measure(name, enough[: num + 1], enough[: num + 1], reference)


@pytest.mark.parametrize("held_out", [None, seen(normal(99))])
def test_without_held_out_images_nothing_tells_copies_from_likeness(held_out):
    reference = SimpleNamespace(held_out=held_out, searched=seen(normal(200)))
    with pytest.raises(NotComputableError, match="fewer than 100 held-out images"):
        measure("memorisation", normal(200), normal(200, seed=1), reference)


def test_without_classes_there_is_neither_a_score_of_them_nor_a_mode():
    answers = np.arange(20) % 2
    reference = reading(answers, answers, answers)
    reference.extractor.values = {}
    with pytest.raises(NotComputableError, match="the extractor reader knows no classes"):
        measure("inception_score", normal(20), normal(20), reference)
    with pytest.raises(NotComputableError, match="the extractor reader does not know the classes of letters"):
        measure("modes", normal(20), normal(20), reference)


def test_one_class_is_no_variety_and_no_mode_among_others():
    alone = np.zeros(20, int)
    fake = seen(normal(20), label=np.ones((20, 1)))
    with pytest.raises(NotComputableError, match="one class"):
        measure("inception_score", normal(20), fake, None)
    with pytest.raises(NotComputableError, match="one class"):
        measure("modes", normal(20), fake, reading(alone, alone, alone, ["A"]))


@pytest.mark.parametrize("lacking", ["labels", "held_out_labels", "held_out"])
def test_modes_need_labels_to_count_against(lacking):
    answers = np.arange(20) % 2
    reference = reading(answers, answers, answers)
    setattr(reference if lacking == "held_out" else reference.source, lacking, None)
    with pytest.raises(NotComputableError, match="letters has no labelled .*held-out images"):
        measure("modes", normal(20), seen(normal(20), label=said(answers)), reference)
