"""Texts that are not those of Keras do not come about."""

import re

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export import ExportError, export_saved_model, texts
from ganzoo.export.texts import TextSignatures
from ganzoo.zoo.seqgan import SeqGAN

from .text_models import NETWORKS, SIGNATURES, WORDS, tiny_texts


@pytest.fixture(scope="module")
def signatures():
    return TextSignatures(tiny_texts()["words"], strings=True)


@pytest.fixture
def given(signatures):
    """What a faultless file gives."""
    answers = {}
    for name in SIGNATURES:
        inputs = signatures.inputs(name, signatures.seeds).values()
        for output, value in signatures.function(name)[0](*map(tf.constant, inputs)).items():
            array = value.numpy()
            answers[f"{name}/{output}"] = array.astype("S") if array.dtype == object else array
    return answers


def with_runner_up(signatures, given, rows):
    """Exchanges the last token of some texts for the next best one; returns by how many nats it is worse."""
    tokens, worse = given["sample/tokens"], []
    chosen = np.flatnonzero((tokens != 0).all(axis=1))[:rows]
    for row in chosen:
        alternatives = np.repeat(tokens[[row]], 6, axis=0)
        alternatives[:, -1] = range(6)
        below = signatures._below(alternatives, np.full(6, row, np.int32)).numpy()[:, -1]
        tokens[row, -1] = np.argsort(below)[1]
        worse.append(np.sort(below)[1])
    given["sample/texts"] = np.array(signatures._written(tokens)).astype("S")
    assert len(worse) == rows
    return worse


def test_what_is_equal_is_judged_so(signatures, given):
    for precision in ("float32", "float16", "dynamic"):
        assert signatures.judge(given, precision) == []


def test_files_that_draw_other_tokens_are_refused(signatures, given):
    with pytest.raises(ExportError, match=r"sample: draws tokens that lie \S+ nats below the best"):
        signatures.judge(given | {"sample/tokens": np.roll(given["sample/tokens"], 1, axis=0)}, "dynamic")
    with pytest.raises(ExportError, match="sample_at: draws tokens that lie"):
        # The temperature went astray.
        signatures.judge(given | {"sample_at/tokens": given["sample/tokens"]}, "dynamic")
    for wrong in (6, -1):
        with pytest.raises(ExportError, match="sample: gave tokens from"):
            signatures.judge(given | {"sample/tokens": np.full((128, 6), wrong, np.int32)}, "float32")
    with pytest.raises(ExportError, match="sample: gave tokens int64"):
        signatures.judge(given | {"sample/tokens": given["sample/tokens"].astype(np.int64)}, "float32")


def test_log_probabilities_are_held_to_a_ten_thousandth(signatures, given):
    name = "serving_default/log_probabilities"
    signatures.judge(given | {name: given[name] + np.float32(5e-5)}, "float32")
    with pytest.raises(ExportError, match="serving_default: differs from Keras by 0.0002 nats"):
        signatures.judge(given | {name: given[name] + np.float32(2e-4)}, "float32")


def test_strings_are_held_against_the_tokens(signatures, given):
    with pytest.raises(ExportError, match="sample_at: gave texts that are not those of its tokens"):
        signatures.judge(given | {"sample_at/texts": given["sample_at/texts"][::-1]}, "float32")


def test_rounded_weights_may_prefer_another_token_now_and_then(signatures, given):
    (worse,) = with_runner_up(signatures, given, 1)
    # One text of 128 has it, at one position.
    assert 1e-4 < worse / 128 < 0.1
    assert signatures.judge(given, "dynamic") == [
        "1 of 256 texts are others than Keras': rounded weights prefer a token"
    ]
    with pytest.raises(ExportError, match=re.escape(f"sample: draws tokens that lie {worse / 128:.2g} nats below")):
        signatures.judge(given, "float32")


def test_one_text_in_a_hundred_may_hang_on_rounding(signatures, given, monkeypatch):
    monkeypatch.setitem(texts.FARTHEST_BELOW, "float32", 1.0)
    with_runner_up(signatures, given, 2)
    assert signatures.judge(given, "float32") == [
        "2 of 256 texts are others than Keras': two tokens are equal within rounding"
    ]


def test_more_than_one_text_in_a_hundred_may_not(signatures, given, monkeypatch):
    monkeypatch.setitem(texts.FARTHEST_BELOW, "float32", 1.0)
    with_runner_up(signatures, given, 3)
    with pytest.raises(ExportError, match="3 of 256 texts differ from Keras', expected at most 1%"):
        signatures.judge(given, "float32")


def test_generators_that_are_broken_are_told_before_anything_is_written(tmp_path):
    model = SeqGAN.create((6,), *NETWORKS, vocabulary=WORDS)
    bias = model.averaged_generator.projection.bias
    bias.assign(bias * np.nan)
    with pytest.raises(ExportError, match="weights that are not finite"):
        export_saved_model(model, tmp_path / "a")
    assert not list(tmp_path.iterdir())
