"""Text files that deviate from Keras are refused."""

import re

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export import ExportError, export_saved_model
from ganzoo.export.signatures import text_signatures
from ganzoo.export.signatures.text_signatures import TextSignatures
from ganzoo.zoo.models.text.seqgan import SeqGAN

from ..text_models import NETWORKS, SIGNATURES, WORDS, tiny_text_models


@pytest.fixture(scope="module")
def signatures():
    return TextSignatures(tiny_text_models()["words"], strings=True)


@pytest.fixture
def outputs(signatures):
    """The outputs of a correct file."""
    arrays = {}
    for name in SIGNATURES:
        inputs = signatures.inputs(name, signatures.seeds).values()
        for output, value in signatures.function(name)[0](*map(tf.constant, inputs)).items():
            array = value.numpy()
            arrays[f"{name}/{output}"] = array.astype("S") if array.dtype == object else array
    return arrays


def with_runner_up(signatures, outputs, rows):
    """Replaces the last token of some texts by the second best one; returns by how many nats it is worse."""
    tokens, worse = outputs["sample/tokens"], []
    full_rows = np.flatnonzero((tokens != 0).all(axis=1))[:rows]
    for row in full_rows:
        alternatives = np.repeat(tokens[[row]], 6, axis=0)
        alternatives[:, -1] = range(6)
        below = signatures._nats_below_best(alternatives, np.full(6, row, np.int32)).numpy()[:, -1]
        tokens[row, -1] = np.argsort(below)[1]
        worse.append(np.sort(below)[1])
    outputs["sample/texts"] = np.array(signatures.decode(tokens)).astype("S")
    assert len(worse) == rows
    return worse


def test_equal_outputs_pass(signatures, outputs):
    for precision in ("float32", "float16", "dynamic"):
        assert signatures.compare_outputs(outputs, precision) == []


def test_files_that_sample_other_tokens_are_refused(signatures, outputs):
    with pytest.raises(ExportError, match=r"sample: samples tokens that score \S+ nats below the best"):
        signatures.compare_outputs(outputs | {"sample/tokens": np.roll(outputs["sample/tokens"], 1, axis=0)}, "dynamic")
    with pytest.raises(ExportError, match="sample_at: samples tokens that score"):
        # The temperature is ignored.
        signatures.compare_outputs(outputs | {"sample_at/tokens": outputs["sample/tokens"]}, "dynamic")
    for wrong in (6, -1):
        with pytest.raises(ExportError, match="sample: returned tokens from"):
            signatures.compare_outputs(outputs | {"sample/tokens": np.full((128, 6), wrong, np.int32)}, "float32")
    with pytest.raises(ExportError, match="sample: returned tokens int64"):
        signatures.compare_outputs(outputs | {"sample/tokens": outputs["sample/tokens"].astype(np.int64)}, "float32")


def test_log_probabilities_may_differ_by_a_ten_thousandth(signatures, outputs):
    name = "serving_default/log_probabilities"
    signatures.compare_outputs(outputs | {name: outputs[name] + np.float32(5e-5)}, "float32")
    with pytest.raises(ExportError, match="serving_default: differs from Keras by 0.0002 nats"):
        signatures.compare_outputs(outputs | {name: outputs[name] + np.float32(2e-4)}, "float32")


def test_strings_are_compared_with_the_tokens(signatures, outputs):
    with pytest.raises(ExportError, match="sample_at: returned texts that do not match its tokens"):
        signatures.compare_outputs(outputs | {"sample_at/texts": outputs["sample_at/texts"][::-1]}, "float32")


def test_rounded_weights_may_prefer_another_token_occasionally(signatures, outputs):
    (worse,) = with_runner_up(signatures, outputs, 1)
    # One text of 128 has it, at one position.
    assert 1e-4 < worse / 128 < 0.1
    assert signatures.compare_outputs(outputs, "dynamic") == [
        "1 of 256 texts differ from Keras': rounded weights prefer another token"
    ]
    with pytest.raises(ExportError, match=re.escape(f"sample: samples tokens that score {worse / 128:.2g} nats below")):
        signatures.compare_outputs(outputs, "float32")


def test_one_text_in_a_hundred_may_depend_on_rounding(signatures, outputs, monkeypatch):
    monkeypatch.setitem(text_signatures.MAX_NATS_BELOW_BEST, "float32", 1.0)
    with_runner_up(signatures, outputs, 2)
    assert signatures.compare_outputs(outputs, "float32") == [
        "2 of 256 texts differ from Keras': two tokens score equally within rounding"
    ]


def test_more_than_one_text_in_a_hundred_may_not(signatures, outputs, monkeypatch):
    monkeypatch.setitem(text_signatures.MAX_NATS_BELOW_BEST, "float32", 1.0)
    with_runner_up(signatures, outputs, 3)
    with pytest.raises(ExportError, match="3 of 256 texts differ from Keras', expected at most 1%"):
        signatures.compare_outputs(outputs, "float32")


def test_broken_generators_are_refused_before_anything_is_written(tmp_path):
    model = SeqGAN.create((6,), *NETWORKS, vocabulary=WORDS)
    bias = model.ema_generator.projection.bias
    bias.assign(bias * np.nan)
    with pytest.raises(ExportError, match="weights that are not finite"):
        export_saved_model(model, tmp_path / "a")
    assert not list(tmp_path.iterdir())
