"""SeqGAN and maximum likelihood on Yu's synthetic oracle (500 tokens, 12 positions), with placebo rewards as controls.

    python benchmarks/text_oracle.py

The generator has 8 units and the oracle 32: the model cannot represent the oracle, so likelihood has to compromise (in
one configuration the generator has 32 units too). The likelihood of samples under the oracle alone proves nothing,
because a lower temperature lowers it. Every record therefore also has maximum likelihood as trained and at the
temperature with the entropy of the configuration's samples, and fresh classifiers score all of them. Writes one JSON
record per (configuration, seed), with one oracle per seed; existing records are skipped.
"""

import functools
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from ganzoo.export.evaluation.text.text_evaluator import TextEvaluator
from ganzoo.training import load
from ganzoo.zoo import LanguageModel, SeqGAN
from ganzoo.zoo.optimization.linear_decay import decay_linearly
from support.records import is_recorded, run_configurations, save_record

FOLDER = Path(__file__).parent / "results" / "text_oracle"
COUNT, NUM_SAMPLES = 50_000, 25_000
# Trained classifiers vary: every number is the mean over three blocks of samples.
FIRST_SEEDS = (1_000_000, 2_000_000, 3_000_000)
UNITS = 8
DISCRIMINATOR = {"widths": [2, 3, 4], "embedding_dim": 64, "filters": 128, "dropout": 0.25}
# The noise of a policy gradient falls with the number of sequences: large batches, one update of each network per step.
RATES, BATCH, STEPS, DECAY = (4e-3, 4e-3), 1024, 650, 0.3
SHARED = {"discriminator_warmup_steps": 150, "ema_halflife_kimg": 15.0, "n_critic": 1}
CONFIGURATIONS = {
    "seqgan": {"reward": {"kind": "discriminator", "transform": "probability"}, "rollouts": 1},
    "placebo": {"reward": "placebo", "rollouts": 0},
    "placebo-without-baseline": {"reward": "placebo", "baseline": False, "rollouts": 0},
    "seqgan-32-units": {
        "reward": {"kind": "discriminator", "transform": "probability"},
        "rollouts": 1,
        "units": 32,
    },
}
METRICS = ["likelihood", "nll_oracle", "two_sample", "frechet_local", "copies"]


def main():
    """Trains, evaluates and records what is missing."""
    run_configurations(__doc__, FOLDER, CONFIGURATIONS, measure)


def measure(name, seed, options):
    """Measures one configuration with one seed, unless it is recorded."""
    path = options.results / f"{name}-seed{seed}.json"
    arguments = CONFIGURATIONS[name].copy()
    units = arguments.pop("units", UNITS)
    settings = {
        **SHARED, **arguments, "generator": generator(units), "discriminator": DISCRIMINATOR,
        "learning_rates": list(RATES), "batch_size": BATCH, "steps": STEPS, "linear_decay": DECAY, "count": COUNT,
    }  # fmt: skip
    if is_recorded(path, settings):
        return
    source, evaluator = data(seed)
    baseline, nll = likelihood(seed, units)
    model = untrained(seed, units, **SHARED, **arguments)
    model.generator.set_weights(baseline.generator.get_weights())
    model.reset_ema()
    begin = time.perf_counter()
    model.compile(*(keras.optimizers.Adam(rate, beta_1=0.5, global_clipnorm=5.0) for rate in RATES))
    decay_linearly(model.generator_optimizer, STEPS, DECAY)
    model.fit(source, batch_size=BATCH, steps_per_epoch=STEPS, verbose=0)
    seconds = time.perf_counter() - begin
    temperature = temperature_for(baseline, entropy(model, 1.0))
    numbers = {
        "likelihood": likelihood_scores(seed, units),
        "likelihood_of_equal_entropy": {"temperature": temperature, **scores_of(evaluator, baseline, temperature)},
        "last": scores_of(evaluator, model),
        "held_out": evaluator.held_out_baseline()[0],
    }
    head = {
        "configuration": name,
        "seed": seed,
        "command": f"python benchmarks/text_oracle.py --configurations {name} --seeds {seed}",
        "recipe": settings,
        "likelihood_held_out_nll": nll,
        "seconds_of_training": round(seconds),
    }
    save_record(path, head, numbers)
    print(f"{path.name}:", *(f"{key} {numbers['last'][key]:.3f}" for key in ("nll_oracle", "two_sample")), flush=True)


def scores_of(evaluator, model, temperature=None):
    """Returns mean scores over blocks of samples; at a temperature, only scores that need samples alone."""
    if temperature is None:
        scores = [evaluator.score(*evaluator.sample(model, seed)) for seed in FIRST_SEEDS]
    else:
        scores = [
            evaluator.score(model.generate(NUM_SAMPLES, seed, 256, temperature=temperature)) for seed in FIRST_SEEDS
        ]
    # The confidence interval of one classifier is not that of the mean.
    names = [name for name in scores[0] if not name.endswith(("_low", "_high"))]
    return {name: float(np.mean([score[name] for score in scores])) for name in names}


@functools.cache
def likelihood_scores(seed, units):
    """Returns the scores of maximum likelihood."""
    return scores_of(data(seed)[1], likelihood(seed, units)[0])


@functools.cache
def data(seed):
    """Returns the sequences of a seed's oracle, and their evaluator."""
    source = load("oracle:lstm", seed=seed, count=COUNT)
    return source, TextEvaluator(source, metrics=METRICS, num_samples=NUM_SAMPLES)


def generator(units):
    """Returns the network arguments of a generator."""
    return {"cell": "lstm", "embedding_dim": max(16, units), "units": units}


def untrained(seed, units, **arguments):
    """Returns an untrained model."""
    source, _ = data(seed)
    return SeqGAN.create(
        source.shape, generator(units), DISCRIMINATOR, seed=seed, **arguments, **SeqGAN.arguments_from_source(source)
    )  # fmt: skip


@functools.cache
def likelihood(seed, units):
    """Returns a model trained by maximum likelihood to convergence, and its held-out nats per token."""
    source, _ = data(seed)
    model = untrained(seed, units)
    learner = LanguageModel(model.generator)
    for rate in (5e-3, 1e-3, 2e-4):
        learner.compile(keras.optimizers.Adam(rate))
        stop = keras.callbacks.EarlyStopping("val_loss", min_delta=0.005, patience=2, restore_best_weights=True)
        history = learner.fit(
            source.tokens, source.tokens, batch_size=128, epochs=20, verbose=0, callbacks=[stop],
            validation_data=(source.held_out, source.held_out), validation_batch_size=500,
        ).history  # fmt: skip
    model.reset_ema()
    return model, min(history["val_loss"]) / source.length


def entropy(model, temperature, num_samples=4000):
    """Returns the entropy of a model's sampling distribution at a temperature, in nats per token."""
    tokens = model.generate(num_samples, FIRST_SEEDS[0], 500, temperature=temperature)
    logs = tf.nn.log_softmax(model.ema_generator.predict(tokens, batch_size=500, verbose=0) / temperature)
    return float(-tf.reduce_mean(tf.gather(logs, tokens, batch_dims=2)))


def temperature_for(model, target):
    """Returns the temperature at which a model's samples have the entropy `target`, by bisection."""
    low, high = 0.3, 1.5
    for _ in range(9):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if entropy(model, middle) < target else (low, middle)
    return float(np.sqrt(low * high))


if __name__ == "__main__":
    main()
