"""SeqGAN: which token a rollout's reward lands on, and what the policy gradient makes of rewards."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import LanguageModel, PlaceboReward, SeqGAN
from ganzoo.zoo.rewards import Reward

LENGTH, WORDS, FAVOURITE = 6, 8, 7


class Worth(Reward):
    """A reward by a function of tokens, which remembers what it was asked about."""

    def __init__(self, function):
        super().__init__()
        self.function, self.asked = function, []

    def worth(self, tokens, discriminate):
        self.asked.append(tokens)
        return tf.cast(self.function(tokens), tf.float32)


def built(function=None, reward=None, rollouts=3, length=LENGTH, **arguments):
    reward = Worth(function) if function else reward
    small = {"embedding_dim": 4, "units": 4}, {"filters": 2, "hidden": 2, "embedding_dim": 2, "widths": (2,)}
    model = SeqGAN.create(
        (length,), *small, vocabulary_size=WORDS, ends=False, reward=reward, rollouts=rollouts, n_critic=1, **arguments
    )
    model.compile(*(keras.optimizers.Adam(0.02) for _ in range(2)))
    return model


def sequences(num, seed=0):
    return np.random.default_rng(seed).integers(0, WORDS, (num, LENGTH)).astype("int32")


def earned(model, tokens):
    uniforms = model.drawn(len(tokens))["uniforms"]
    return model.token_rewards(tf.constant(tokens), uniforms).numpy()


def favourites(tokens):
    return tf.reduce_mean(tf.cast(tokens == FAVOURITE, tf.float32), axis=1)


# Where rewards land.


def test_a_rollouts_reward_lands_on_the_token_it_went_on_from():
    model = built(lambda tokens: tokens[:, 3] == FAVOURITE, rollouts=8)
    # Every position draws the favourite half of the time, whatever came before.
    logits = np.zeros(WORDS, "float32")
    logits[FAVOURITE] = np.log(WORDS - 1)
    kernel = model.generator.projection.kernel
    model.generator.projection.set_weights([np.zeros(kernel.shape), logits])
    tokens = sequences(64)
    rewards = earned(model, tokens)
    assert rewards.shape == (64, LENGTH)
    there = tokens[:, 3] == FAVOURITE
    assert 0 < there.sum() < 64
    np.testing.assert_array_equal(rewards[:, 3:], np.repeat(there[:, np.newaxis], LENGTH - 3, axis=1))
    # Shorter prefixes do not know: means of 8 fair coins, of which 1,536 together show one half.
    np.testing.assert_array_equal(rewards[:, :3] * 8 % 1, 0)
    assert len(np.unique(rewards[:, :3])) > 4
    assert abs(rewards[:, :3].mean() - 0.5) < 5 * 0.5 / np.sqrt(64 * 3 * 8)


def test_rewards_belong_to_their_row_and_are_means_over_its_rollouts():
    model = built(lambda tokens: tokens[:, 0] * WORDS + tokens[:, 1])
    tokens = sequences(5)
    rewards = earned(model, tokens)
    code = tokens[:, 0] * WORDS + tokens[:, 1]
    np.testing.assert_array_equal(rewards[:, 1:], np.repeat(code[:, np.newaxis], LENGTH - 1, axis=1))
    np.testing.assert_array_equal(rewards[:, 0] // WORDS, tokens[:, 0])
    whole, completed = (asked.numpy() for asked in model.reward.asked)
    np.testing.assert_array_equal(whole, tokens)
    completed = completed.reshape(5, 3, LENGTH - 1, LENGTH)
    for given in range(1, LENGTH):
        kept = np.repeat(tokens[:, np.newaxis, :given], 3, axis=1)
        np.testing.assert_array_equal(completed[:, :, given - 1, :given], kept)
    np.testing.assert_allclose(rewards[:, 0], code // WORDS * WORDS + completed[:, :, 0, 1].mean(axis=1), rtol=1e-6)
    # Rollouts of one prefix are drawn apart.
    assert len(np.unique(completed[:, :, 0].reshape(15, LENGTH)[:, 1:], axis=0)) > 10


def test_a_sequence_of_one_token_earns_what_it_is_worth():
    small = {"units": 4}, {"network": "recurrent", "units": 4}
    model = SeqGAN.create((1,), *small, vocabulary_size=WORDS, reward=Worth(lambda tokens: tokens[:, 0]))
    tokens = tf.constant([[3], [5]])
    np.testing.assert_array_equal(model.token_rewards(tokens, model.drawn(2)["uniforms"]), [[3], [5]])


def test_without_rollouts_every_token_earns_what_its_sequence_is_worth():
    model = built(favourites, rollouts=0)
    tokens = sequences(5)
    worth = favourites(tokens).numpy()
    np.testing.assert_array_equal(earned(model, tokens), np.repeat(worth[:, np.newaxis], LENGTH, axis=1))
    assert len(model.reward.asked) == 1


# What the gradient makes of them.


def gradients(model, steps=1, rows=16):
    """The flat policy gradients of several steps' own noise, none of which is applied."""
    variables = model.generator_variables

    @tf.function
    def gradient():
        batch = model.drawn(rows)
        with tf.GradientTape() as tape:
            loss, _ = model.generator_objective(batch, model.synthesise(batch))
        return tf.concat([tf.reshape(part, [-1]) for part in tape.gradient(loss, [v.value for v in variables])], 0)

    found = []
    for step in range(steps):
        model.step.assign(step)
        found.append(gradient().numpy())
    return np.array(found)


def test_a_constant_reward_teaches_nothing_unless_the_baseline_is_off():
    assert np.linalg.norm(gradients(built(reward=PlaceboReward(3.0)), steps=5), axis=1).max() < 1e-6
    assert np.linalg.norm(gradients(built(reward=PlaceboReward(3.0), baseline=False)), axis=1).min() > 1e-2


def test_the_baseline_makes_gradients_quieter_and_leaves_their_direction():
    def found(baseline):
        # The first steps fill the moving mean.
        return gradients(built(lambda tokens: 10 + favourites(tokens), baseline=baseline), steps=40)[10:]

    with_it, without = found(True), found(False)
    assert with_it.var(axis=0).sum() < without.var(axis=0).sum() / 100


def test_rollouts_make_the_gradient_quieter_and_leave_it_what_it_is():
    def found(rollouts):
        return gradients(built(favourites, rollouts=rollouts, seed=1), steps=210, rows=128)[10:]

    with_them, without = found(8), found(0)
    assert with_them.var(axis=0).sum() < without.var(axis=0).sum()
    means = with_them.mean(axis=0), without.mean(axis=0)
    assert np.linalg.norm(means[0] - means[1]) < 0.25 * np.linalg.norm(means[0])


def test_what_earns_more_becomes_likelier():
    model = built(favourites, seed=1)

    def probability():
        return np.mean(model.generator.sample(model.drawn(500)["noise"]).numpy() == FAVOURITE)

    before = probability()
    model.fit(sequences(64), batch_size=32, steps_per_epoch=50, verbose=0)
    assert before < 0.25
    assert probability() > 0.5


def test_the_moving_mean_is_unbiased_from_the_first_step_on():
    model = built(reward=PlaceboReward(), baseline_decay=0.5)
    tokens = tf.constant(sequences(2))
    for rewards, mean in ((2.0, 2.0), (5.0, (0.25 * 2 + 0.5 * 5) / 0.75)):
        values = tf.fill(tokens.shape, rewards)
        np.testing.assert_allclose(model.advantages(values, tokens), values - mean, atol=1e-6)


def test_positions_have_baselines_of_their_own_of_texts_that_get_there():
    model = SeqGAN.create((3,), {"units": 4}, {"filters": 2, "widths": (2,)}, vocabulary_size=WORDS)
    tokens = tf.constant([[3, 4, 0], [5, 0, 0], [6, 0, 0]])
    rewards = tf.constant([[1.0, 2.0, 3.0], [4.0, 6.0, 50.0], [7.0, 7.0, 70.0]])
    gained = model.advantages(rewards, tokens).numpy()
    np.testing.assert_allclose(gained[:, 0], [-3, 0, 3], atol=1e-6)
    np.testing.assert_allclose(gained[:, 1], [-3, 1, 2], atol=1e-6)
    assert gained[0, 2] == pytest.approx(0, abs=1e-6)
    assert float(model.mean_of(rewards, tokens)) == pytest.approx((1 + 2 + 3 + 4 + 6 + 7 + 7) / 7)
    # Nobody comes to the end: what was usual there stays as it was.
    model.advantages(rewards, tf.constant([[0, 0, 0]] * 3))
    np.testing.assert_allclose(model.mean_rewards / model.reward_weights, [4, 5, 3], atol=1e-6)
    unknown = SeqGAN.create((3,), {"units": 4}, {"filters": 2, "widths": (2,)}, vocabulary_size=WORDS)
    assert np.isfinite(unknown.advantages(rewards, tf.constant([[0, 0, 0]] * 3))).all()


# Pretraining.


def test_pretraining_and_the_game_take_turns_without_retracing(monkeypatch):
    traced = []
    for cls in (LanguageModel, SeqGAN):
        usual = cls.train_step

        def counted(self, batch, usual=usual):
            traced.append(type(self).__name__)
            return usual(self, batch)

        monkeypatch.setattr(cls, "train_step", counted)
    model, texts = built(reward=PlaceboReward(), length=LENGTH), sequences(32)
    pretraining = LanguageModel(model.generator)
    pretraining.compile("adam")

    def moved(fit):
        before = model.generator.get_weights()
        fit()
        return max(abs(a - b).max() for a, b in zip(before, model.generator.get_weights(), strict=True))

    rounds = []
    for _ in range(2):
        assert moved(lambda: pretraining.fit(texts, texts, batch_size=16, verbose=0)) > 1e-4
        model.fit(texts, batch_size=16, steps_per_epoch=2, verbose=0)
        rounds.append(list(traced))
    assert rounds[0] == rounds[1] == ["LanguageModel", "SeqGAN"]
    assert model.steps_done == 4


def test_the_average_starts_again_where_pretraining_ended():
    model, texts = built(reward=PlaceboReward()), sequences(32)
    pretraining = LanguageModel(model.generator)
    pretraining.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
    pretraining.fit(texts, texts, verbose=0)

    def apart():
        pairs = zip(model.generator.get_weights(), model.averaged_generator.get_weights(), strict=True)
        return max(abs(a - b).max() for a, b in pairs)

    assert apart() > 1e-3
    model.restart_average()
    assert apart() == 0


def test_a_reward_must_be_one():
    model = built(reward=PlaceboReward())
    with pytest.raises(ValueError, match="reward: received 'bleu', expected a Reward"):
        SeqGAN(model.generator, model.discriminator, reward="bleu")
    with pytest.raises(ValueError, match="rollouts: received -1"):
        SeqGAN(model.generator, model.discriminator, rollouts=-1)
