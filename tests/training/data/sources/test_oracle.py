"""Oracles: they are distributions, samples follow them, and data depend on the seed alone."""

import itertools

import numpy as np
import pytest
from ganzoo.training import load
from ganzoo.training.data.sources import oracle as oracles
from ganzoo.training.data.sources.oracle import LSTMOracle, MarkovOracle
from scipy.stats import chi2

KINDS = {"markov": MarkovOracle, "lstm": LSTMOracle}


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_sum_to_one(kind):
    oracle = KINDS[kind](3, 4, seed=1)
    assert oracle.enumerable
    np.testing.assert_array_equal(oracle.sequences(), list(itertools.product(range(3), repeat=4)))
    assert oracle.probabilities().min() > 0
    assert oracle.probabilities().sum() == pytest.approx(1, abs=1e-6)


def test_large_oracles_are_not_enumerable():
    assert MarkovOracle(10, 6, 0).enumerable
    assert not MarkovOracle(10, 7, 0).enumerable
    assert not load("oracle:lstm", count=20).oracle.enumerable


@pytest.mark.parametrize("kind", KINDS)
def test_samples_follow_the_probabilities(kind):
    """Pearson's chi-squared test over all 27 sequences, with the rare ones pooled."""
    oracle, count = KINDS[kind](3, 3, seed=2), 20_000
    expected = count * oracle.probabilities()
    indices = oracle.sample(count, seed=5) @ np.array([9, 3, 1])
    observed = np.bincount(indices, minlength=27)
    rare = expected < 5
    cells = [np.append(values[~rare], values[rare].sum()) for values in (observed, expected)]
    statistic = ((cells[0] - cells[1]) ** 2 / np.maximum(cells[1], 1e-9)).sum()
    assert len(cells[0]) > 10
    assert statistic < chi2.ppf(0.999, len(cells[0]) - 1)


def test_the_markov_chain_multiplies_transition_probabilities():
    oracle = MarkovOracle(4, 5, seed=0)
    np.testing.assert_allclose(np.exp(oracle.table).sum(-1), 1)
    start, tokens = 4, [2, 0, 3, 3, 1]
    pairs = [(start, start), (start, 2), (2, 0), (0, 3), (3, 3)]
    by_hand = sum(oracle.table[before, last, token] for (before, last), token in zip(pairs, tokens, strict=True))
    assert oracle.log_probabilities([tokens])[0] == pytest.approx(by_hand)


def softmax(logits):
    masses = np.exp(logits - logits.max())
    return masses / masses.sum()


def test_the_lstm_multiplies_the_softmax_of_each_step():
    """The LSTM written out in NumPy (Hochreiter and Schmidhuber 1997, with a forget gate)."""
    oracle = LSTMOracle(7, 4, seed=3)
    generator = oracle.generator
    table = generator.embedding.get_weights()[0].astype(float)
    kernel, recurrent, bias = (weight.astype(float) for weight in generator.cell.get_weights())
    project, shift = (weight.astype(float) for weight in generator.projection.get_weights())

    def sigmoid(values):
        return 1 / (1 + np.exp(-values))

    for tokens in ([0, 6, 2, 2], [5, 5, 1, 0]):
        hidden, cell, total = np.zeros(32), np.zeros(32), 0.0
        # The start token is the last row of the table.
        for last, token in zip([7, *tokens], tokens, strict=False):
            gates = table[last] @ kernel + hidden @ recurrent + bias
            enter, forget, new, leave = np.split(gates, 4)
            cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(new)
            hidden = sigmoid(leave) * np.tanh(cell)
            total += np.log(softmax(hidden @ project + shift)[token])
        assert oracle.log_probabilities([tokens])[0] == pytest.approx(total, rel=1e-4)


def test_all_weights_of_the_lstm_are_standard_normal():
    weights = np.concatenate([weight.ravel() for weight in LSTMOracle(500, 12, seed=0).generator.get_weights()])
    # Of n standard normals the mean's error is 1/sqrt(n), the standard deviation's 1/sqrt(2n).
    assert abs(weights.mean()) < 4 / np.sqrt(len(weights))
    assert abs(weights.std() - 1) < 4 / np.sqrt(2 * len(weights))


@pytest.mark.parametrize("kind", KINDS)
def test_data_depend_on_the_seed(kind):
    options = {"vocabulary_size": 5, "length": 4, "count": 200}
    first, again, other = (load(f"oracle:{kind}", seed=seed, **options) for seed in (3, 3, 4))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    np.testing.assert_array_equal(first.tokens, again.tokens)
    np.testing.assert_array_equal(
        first.oracle.log_probabilities(first.held_out), again.oracle.log_probabilities(first.held_out)
    )
    # Another seed also gives another distribution.
    assert not np.allclose(
        first.oracle.log_probabilities(first.held_out), other.oracle.log_probabilities(first.held_out)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_tenth_sequence_is_held_out(kind):
    source = load(f"oracle:{kind}", vocabulary_size=5, length=4, count=95)
    tokens = source.oracle.sample(95, 0)
    held_out = np.arange(95) % 10 == 9
    np.testing.assert_array_equal(source.tokens, tokens[~held_out])
    np.testing.assert_array_equal(source.held_out, tokens[held_out])
    assert (source.has_eos, source.vocabulary, source.vocabulary_size) == (False, None, 5)
    assert source.decode([[4, 0, 1, 2]]) == ["4 0 1 2"]


@pytest.mark.parametrize("kind", KINDS)
def test_results_do_not_depend_on_the_chunk_size(kind, monkeypatch):
    oracle = KINDS[kind](5, 4, seed=0)
    sequences = oracle.sample(50, 1)
    likely = oracle.log_probabilities(sequences)
    monkeypatch.setattr(oracles, "CHUNK", 20 * 7)
    np.testing.assert_array_equal(oracle.sample(50, 1), sequences)
    np.testing.assert_allclose(oracle.log_probabilities(sequences), likely, rtol=1e-5)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("oracle", {}, "expected one of .*'oracle:lstm', 'oracle:markov'"),
        ("oracle:markow", {}, "did you mean 'markov'"),
        ("oracle:lstm", {"resolution": 8}, "data.resolution: received 8 .*expected none"),
        ("oracle:lstm", {"vocabulary_size": 1}, "data.vocabulary_size: received 1 .*expected an integer >= 2"),
        ("oracle:markov", {"vocabulary_size": 201}, "received 201 with oracle:markov, .*from 2 to 200"),
        ("oracle:markov", {"length": 2.0}, "data.length: received 2.0"),
        ("oracle:markov", {"count": 19}, "data.count: received 19 .*>= 20"),
        ("oracle:markov", {"seed": True}, "data.seed: received True"),
        ("oracle:markov", {"seed": 2**31}, "data.seed: received 2147483648 .*from 0 to 2147483647"),
    ],
)
def test_invalid_options_are_refused(source, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        load(source, **options)
    assert "\n" not in str(caught.value)
