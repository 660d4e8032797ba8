"""SeqGAN: token rewards by rollouts, policy gradients and pretraining."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import LanguageModel, PlaceboReward, SeqGAN
from ganzoo.zoo.core.prng import training_uniforms_of_rows
from ganzoo.zoo.models.text.seqgan import ROLLOUT_SEED
from ganzoo.zoo.rewards.reward import Reward

LENGTH, WORDS, FAVORITE = 6, 8, 7


class FunctionReward(Reward):
    """A reward defined by a function of tokens, which records its inputs."""

    def __init__(self, function):
        super().__init__()
        self.function, self.inputs = function, []

    def compute_reward(self, tokens, discriminate):
        self.inputs.append(tokens)
        return tf.cast(self.function(tokens), tf.float32)


def built(function=None, reward=None, rollouts=3, length=LENGTH, **arguments):
    reward = FunctionReward(function) if function else reward
    small = {"embedding_dim": 4, "units": 4}, {"filters": 2, "hidden": 2, "embedding_dim": 2, "widths": (2,)}
    model = SeqGAN.create(
        (length,),
        *small,
        vocabulary_size=WORDS,
        has_eos=False,
        reward=reward,
        rollouts=rollouts,
        n_critic=1,
        **arguments,
    )
    model.compile(*(keras.optimizers.Adam(0.02) for _ in range(2)))
    return model


def sequences(num_samples, seed=0):
    return np.random.default_rng(seed).integers(0, WORDS, (num_samples, LENGTH)).astype("int32")


def token_rewards(model, tokens):
    uniforms = model.sample_step_inputs(len(tokens), model.step.value)["uniforms"]
    return model.token_rewards(tf.constant(tokens), uniforms).numpy()


def favorites(tokens):
    return tf.reduce_mean(tf.cast(tokens == FAVORITE, tf.float32), axis=1)


# Token rewards.


def test_a_rollouts_reward_is_assigned_to_the_last_token_of_its_prefix():
    model = built(lambda tokens: tokens[:, 3] == FAVORITE, rollouts=8)
    # The favorite has probability one half at every position, independent of the prefix.
    logits = np.zeros(WORDS, "float32")
    logits[FAVORITE] = np.log(WORDS - 1)
    kernel = model.generator.projection.kernel
    model.generator.projection.set_weights([np.zeros(kernel.shape), logits])
    tokens = sequences(64)
    rewards = token_rewards(model, tokens)
    assert rewards.shape == (64, LENGTH)
    is_favorite = tokens[:, 3] == FAVORITE
    assert 0 < is_favorite.sum() < 64
    np.testing.assert_array_equal(rewards[:, 3:], np.repeat(is_favorite[:, np.newaxis], LENGTH - 3, axis=1))
    # Shorter prefixes do not determine position 3: means of 8 fair coin flips, 1,536 in total.
    np.testing.assert_array_equal(rewards[:, :3] * 8 % 1, 0)
    assert len(np.unique(rewards[:, :3])) > 4
    assert abs(rewards[:, :3].mean() - 0.5) < 5 * 0.5 / np.sqrt(64 * 3 * 8)


def test_rewards_belong_to_their_row_and_are_means_over_its_rollouts():
    model = built(lambda tokens: tokens[:, 0] * WORDS + tokens[:, 1])
    tokens = sequences(5)
    rewards = token_rewards(model, tokens)
    code = tokens[:, 0] * WORDS + tokens[:, 1]
    np.testing.assert_array_equal(rewards[:, 1:], np.repeat(code[:, np.newaxis], LENGTH - 1, axis=1))
    np.testing.assert_array_equal(rewards[:, 0] // WORDS, tokens[:, 0])
    sequences_of_rewards, completed = (tensor.numpy() for tensor in model.reward.inputs)
    np.testing.assert_array_equal(sequences_of_rewards, tokens)
    completed = completed.reshape(5, 3, LENGTH - 1, LENGTH)
    for length in range(1, LENGTH):
        prefixes = np.repeat(tokens[:, np.newaxis, :length], 3, axis=1)
        np.testing.assert_array_equal(completed[:, :, length - 1, :length], prefixes)
    np.testing.assert_allclose(rewards[:, 0], code // WORDS * WORDS + completed[:, :, 0, 1].mean(axis=1), rtol=1e-6)
    # Rollouts of one prefix are sampled independently.
    assert len(np.unique(completed[:, :, 0].reshape(15, LENGTH)[:, 1:], axis=0)) > 10


def test_the_token_of_a_sequence_of_one_gets_its_reward():
    small = {"units": 4}, {"network": "recurrent", "units": 4}
    model = SeqGAN.create((1,), *small, vocabulary_size=WORDS, reward=FunctionReward(lambda tokens: tokens[:, 0]))
    tokens = tf.constant([[3], [5]])
    np.testing.assert_array_equal(
        model.token_rewards(tokens, model.sample_step_inputs(2, model.step.value)["uniforms"]), [[3], [5]]
    )


def test_without_rollouts_every_token_gets_the_reward_of_its_sequence():
    model = built(favorites, rollouts=0)
    tokens = sequences(5)
    rewards = favorites(tokens).numpy()
    np.testing.assert_array_equal(token_rewards(model, tokens), np.repeat(rewards[:, np.newaxis], LENGTH, axis=1))
    assert len(model.reward.inputs) == 1


def test_uniforms_depend_on_the_models_seed_and_the_step():
    model = built(favorites, rollouts=2, seed=4)
    model.step.assign(7)
    expected = training_uniforms_of_rows(ROLLOUT_SEED + 4, 7, tf.range(3), 2 * (LENGTH - 1) * LENGTH)
    np.testing.assert_array_equal(model.sample_step_inputs(3, model.step.value)["uniforms"], expected)


def test_the_mean_token_reward_and_the_entropy_are_logged():
    model = built(favorites, rollouts=0)
    tokens = tf.constant(sequences(5))
    _, logs = model.generator_objective({"uniforms": None}, tokens)
    assert set(logs) == {"reward", "entropy"}
    assert float(logs["reward"]) == pytest.approx(np.mean(tokens.numpy() == FAVORITE))


# Policy gradients.


def gradients(model, steps=1, rows=16):
    """The flattened policy gradients of several steps, each with its own noise; none is applied."""
    variables = model.generator_variables

    @tf.function
    def gradient():
        batch = model.sample_step_inputs(rows, model.step.value)
        with tf.GradientTape() as tape:
            loss, _ = model.generator_objective(batch, model.generate_fakes(batch))
        return tf.concat([tf.reshape(part, [-1]) for part in tape.gradient(loss, [v.value for v in variables])], 0)

    rows_of_gradients = []
    for step in range(steps):
        model.step.assign(step)
        rows_of_gradients.append(gradient().numpy())
    return np.array(rows_of_gradients)


def test_a_constant_reward_gives_no_gradient_unless_the_baseline_is_off():
    assert np.linalg.norm(gradients(built(reward=PlaceboReward(3.0)), steps=5), axis=1).max() < 1e-6
    assert np.linalg.norm(gradients(built(reward=PlaceboReward(3.0), baseline=False)), axis=1).min() > 1e-2


@pytest.mark.thorough
def test_the_baseline_reduces_the_variance_of_gradients():
    def after_warmup(baseline):
        # The first steps initialize the moving average.
        return gradients(built(lambda tokens: 10 + favorites(tokens), baseline=baseline), steps=40)[10:]

    with_baseline, without = after_warmup(True), after_warmup(False)
    assert with_baseline.var(axis=0).sum() < without.var(axis=0).sum() / 100


@pytest.mark.thorough
def test_rollouts_reduce_the_variance_of_the_gradient_and_keep_its_mean():
    def after_warmup(rollouts):
        return gradients(built(favorites, rollouts=rollouts, seed=1), steps=210, rows=128)[10:]

    with_rollouts, without = after_warmup(8), after_warmup(0)
    assert with_rollouts.var(axis=0).sum() < without.var(axis=0).sum()
    means = with_rollouts.mean(axis=0), without.mean(axis=0)
    assert np.linalg.norm(means[0] - means[1]) < 0.25 * np.linalg.norm(means[0])


def test_rewarded_tokens_become_more_likely():
    model = built(favorites, seed=1)

    def probability():
        return np.mean(
            model.generator.sample(model.sample_step_inputs(500, model.step.value)["noise"]).numpy() == FAVORITE
        )

    before = probability()
    model.fit(sequences(64), batch_size=32, steps_per_epoch=50, verbose=0)
    assert before < 0.25
    assert probability() > 0.5


def test_the_moving_average_is_unbiased_from_the_first_step():
    model = built(reward=PlaceboReward(), baseline_decay=0.5)
    tokens = tf.constant(sequences(2))
    for rewards, mean in ((2.0, 2.0), (5.0, (0.25 * 2 + 0.5 * 5) / 0.75)):
        values = tf.fill(tokens.shape, rewards)
        np.testing.assert_allclose(model.advantages(values, tokens), values - mean, atol=1e-6)


def test_each_position_has_a_baseline_over_the_texts_that_reach_it():
    model = SeqGAN.create((3,), {"units": 4}, {"filters": 2, "widths": (2,)}, vocabulary_size=WORDS)
    tokens = tf.constant([[3, 4, 0], [5, 0, 0], [6, 0, 0]])
    rewards = tf.constant([[1.0, 2.0, 3.0], [4.0, 6.0, 50.0], [7.0, 7.0, 70.0]])
    advantages = model.advantages(rewards, tokens).numpy()
    np.testing.assert_allclose(advantages[:, 0], [-3, 0, 3], atol=1e-6)
    np.testing.assert_allclose(advantages[:, 1], [-3, 1, 2], atol=1e-6)
    assert advantages[0, 2] == pytest.approx(0, abs=1e-6)
    assert float(model.mean_of(rewards, tokens)) == pytest.approx((1 + 2 + 3 + 4 + 6 + 7 + 7) / 7)
    # Positions that no text reaches keep their average.
    model.advantages(rewards, tf.constant([[0, 0, 0]] * 3))
    np.testing.assert_allclose(model.mean_rewards / model.reward_weights, [4, 5, 3], atol=1e-6)
    untrained = SeqGAN.create((3,), {"units": 4}, {"filters": 2, "widths": (2,)}, vocabulary_size=WORDS)
    assert np.isfinite(untrained.advantages(rewards, tf.constant([[0, 0, 0]] * 3))).all()


# Pretraining.


def test_pretraining_and_adversarial_training_alternate_without_retracing(monkeypatch):
    traced = []
    for cls in (LanguageModel, SeqGAN):
        original = cls.train_step

        def counted(self, batch, original=original):
            traced.append(type(self).__name__)
            return original(self, batch)

        monkeypatch.setattr(cls, "train_step", counted)
    model, texts = built(reward=PlaceboReward(), length=LENGTH), sequences(32)
    pretraining = LanguageModel(model.generator)
    pretraining.compile("adam")

    def largest_change(fit):
        before = model.generator.get_weights()
        fit()
        return max(abs(a - b).max() for a, b in zip(before, model.generator.get_weights(), strict=True))

    rounds = []
    for _ in range(2):
        assert largest_change(lambda: pretraining.fit(texts, texts, batch_size=16, verbose=0)) > 1e-4
        model.fit(texts, batch_size=16, steps_per_epoch=2, verbose=0)
        rounds.append(list(traced))
    assert rounds[0] == rounds[1] == ["LanguageModel", "SeqGAN"]
    assert model.steps_done == 4


def test_the_averaged_weights_are_reset_after_pretraining():
    model, texts = built(reward=PlaceboReward()), sequences(32)
    pretraining = LanguageModel(model.generator)
    pretraining.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
    pretraining.fit(texts, texts, verbose=0)

    def distance():
        pairs = zip(model.generator.get_weights(), model.ema_generator.get_weights(), strict=True)
        return max(abs(a - b).max() for a, b in pairs)

    assert distance() > 1e-3
    model.reset_ema()
    assert distance() == 0


def test_a_reward_must_be_an_instance():
    model = built(reward=PlaceboReward())
    with pytest.raises(ValueError, match="reward: received 'bleu', expected a Reward"):
        SeqGAN(model.generator, model.discriminator, reward="bleu")
    with pytest.raises(ValueError, match="rollouts: received -1"):
        SeqGAN(model.generator, model.discriminator, rollouts=-1)
