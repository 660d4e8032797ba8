"""Regularizers by name: what a recipe may say, and what is refused."""

import keras
import pytest
from ganzoo.zoo import R1, R2, GradientPenalty, Regularizer
from ganzoo.zoo.regularizers.regularizer_specs import REGULARIZERS, read_regularizers


def test_objects_names_and_tables_are_read():
    given = R2(0.5)
    read = read_regularizers([given, "gradient_penalty", {"name": "r1", "weight": 2, "every": 16}])
    assert read == [R2(0.5), GradientPenalty(10.0), R1(2.0, every=16)]
    assert read[0] is given
    assert R1(2.0) != R1(1.0)
    assert R1(1.0) != R2(1.0)
    assert {R1(1.0), R1(1.0), R1(1.0, every=2)} == {R1(1.0), R1(1.0, every=2)}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("r1", "regularizers: received 'r1', expected a list, such as \\[R1\\(1.0\\)\\]"),
        ([3], "regularizers: received 3, expected a Regularizer, one of \\['gradient_penalty', 'r1', 'r2'\\]"),
        ([{"weight": 1.0}], "regularizers: received {'weight': 1.0}, expected a Regularizer"),
        (["gradientpenalty"], "regularizers.name: received 'gradientpenalty', .*; did you mean 'gradient_penalty'"),
        ([{"name": "r1", "wieght": 1}], "regularizers.wieght: unknown argument of 'r1', .*; did you mean 'weight'"),
        ([{"name": "r1", "weight": -1}], "regularizers.weight: received -1, expected: .*greater than or equal to 0"),
        ([{"name": "r2", "every": 0}], "regularizers.every: received 0, expected: .*greater than or equal to 1"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(wrong, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_regularizers(wrong)
    assert "\n" not in str(caught.value)


def test_defaults_are_the_papers_and_every_step():
    assert (R1().weight, R2().weight, GradientPenalty().weight) == (1.0, 1.0, 10.0)
    assert {cls().every for cls in REGULARIZERS.values()} == {1}
    # A share between real and generated samples for each row; the others need no random numbers.
    assert [cls.numbers_per_row for cls in (GradientPenalty, R1, R2, Regularizer)] == [1, 0, 0, 0]


@pytest.mark.parametrize("cls", REGULARIZERS.values())
def test_objects_are_serialized_and_check_their_arguments(cls):
    regularizer = cls(0.25, every=4)
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(regularizer)) == regularizer
    assert repr(regularizer) == f"{cls.__name__}(weight=0.25, every=4)"
    with pytest.raises(ValueError, match=f"{cls.__name__}: weight: received -1"):
        cls(-1)
