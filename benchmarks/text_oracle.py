"""SeqGAN beside maximum likelihood on Yu's synthetic oracle, 500 tokens at 12 positions, with a placebo as the control.

    python benchmarks/text_oracle.py

The generator has 8 units and the oracle 32: no model is of the family of what it learns, and likelihood has to
compromise (one game has a generator that need not). The likelihood of samples under the oracle alone proves nothing: a
lower temperature lowers it. So beside each game stand maximum likelihood as it is and at the temperature whose entropy
is the game's, and fresh classifiers are asked about all of them. One JSON a (game, seed), each seed with an oracle of
its own; what is there is skipped.
"""

import functools
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from ganzoo.export.evaluation.text_judge import TextJudge
from ganzoo.training import load
from ganzoo.zoo import LanguageModel, SeqGAN
from ganzoo.zoo.schedules import decay_linearly
from records import measured, run_games, save_record

FOLDER = Path(__file__).parent / "results" / "text_oracle"
COUNT, NUM = 50_000, 25_000
# Classifiers differ by what they happen to learn: every number is the mean over three blocks of samples.
FIRST_SEEDS = (1_000_000, 2_000_000, 3_000_000)
UNITS = 8
DISCRIMINATOR = {"widths": [2, 3, 4], "embedding_dim": 64, "filters": 128, "dropout": 0.25}
# The noise of a policy gradient falls with the number of sequences: large batches, one update of each network a step.
RATES, BATCH, STEPS, DECAY = (4e-3, 4e-3), 1024, 650, 0.3
SHARED = {"head_start": 150, "average_half_life": 15.0, "n_critic": 1}
GAMES = {
    "seqgan": {"reward": {"kind": "discriminator", "form": "probability"}, "rollouts": 1},
    "placebo": {"reward": "placebo", "rollouts": 0},
    "placebo-without-baseline": {"reward": "placebo", "baseline": False, "rollouts": 0},
    "seqgan-32-units": {
        "reward": {"kind": "discriminator", "form": "probability"},
        "rollouts": 1,
        "units": 32,
    },
}
METRICS = ["likelihood", "nll_oracle", "two_sample", "frechet_local", "copies"]


def main():
    """Trains, judges and writes what is missing."""
    run_games(__doc__, FOLDER, GAMES, measure)


def measure(name, seed, options):
    """Measures one game with one seed, unless its JSON is there."""
    path = options.results / f"{name}-seed{seed}.json"
    arguments = GAMES[name].copy()
    units = arguments.pop("units", UNITS)
    told = {
        **SHARED, **arguments, "generator": generator(units), "discriminator": DISCRIMINATOR,
        "learning_rates": list(RATES), "batch_size": BATCH, "steps": STEPS, "linear_decay": DECAY, "count": COUNT,
    }  # fmt: skip
    if measured(path, told):
        return
    source, judge = data(seed)
    likely, nll = likelihood(seed, units)
    model = fresh(seed, units, **SHARED, **arguments)
    model.generator.set_weights(likely.generator.get_weights())
    model.restart_average()
    begun = time.perf_counter()
    model.compile(*(keras.optimizers.Adam(rate, beta_1=0.5, global_clipnorm=5.0) for rate in RATES))
    decay_linearly(model.generator_optimizer, STEPS, DECAY)
    model.fit(source, batch_size=BATCH, steps_per_epoch=STEPS, verbose=0)
    seconds = time.perf_counter() - begun
    temperature = temperature_of(likely, entropy(model, 1.0))
    numbers = {
        "likelihood": judged_likelihood(seed, units),
        "likelihood_of_equal_entropy": {"temperature": temperature, **judged(judge, likely, temperature)},
        "last": judged(judge, model),
        "held_out": judge.ceiling()[0],
    }
    head = {
        "variant": name,
        "seed": seed,
        "command": f"python benchmarks/text_oracle.py --games {name} --seeds {seed}",
        "recipe": told,
        "likelihood_held_out_nll": nll,
        "seconds_of_training": round(seconds),
    }
    save_record(path, head, numbers)
    print(f"{path.name}:", *(f"{key} {numbers['last'][key]:.3f}" for key in ("nll_oracle", "two_sample")), flush=True)


def judged(judge, model, temperature=None):
    """Returns the means of what blocks of samples score; at a temperature, of what hangs on the samples alone."""
    if temperature is None:
        scores = [judge.score(*judge.draw(model, seed)) for seed in FIRST_SEEDS]
    else:
        scores = [judge.score(model.generate(NUM, seed, 256, temperature=temperature)) for seed in FIRST_SEEDS]
    # The interval of one classifier is not that of a mean.
    names = [name for name in scores[0] if not name.endswith(("_low", "_high"))]
    return {name: float(np.mean([score[name] for score in scores])) for name in names}


@functools.cache
def judged_likelihood(seed, units):
    """Returns what maximum likelihood scores."""
    return judged(data(seed)[1], likelihood(seed, units)[0])


@functools.cache
def data(seed):
    """Returns the sequences of a seed's oracle, and their judge."""
    source = load("oracle:lstm", seed=seed, count=COUNT)
    return source, TextJudge(source, metrics=METRICS, num=NUM)


def generator(units):
    """Returns what a generator of so many units is built by."""
    return {"cell": "lstm", "embedding_dim": max(16, units), "units": units}


def fresh(seed, units, **arguments):
    """Returns an untrained model."""
    source, _ = data(seed)
    return SeqGAN.create(
        source.shape, generator(units), DISCRIMINATOR, seed=seed, **arguments, **SeqGAN.source_facts(source)
    )  # fmt: skip


@functools.cache
def likelihood(seed, units):
    """Returns a model whose generator has converged by maximum likelihood, and its held-out nats a token."""
    source, _ = data(seed)
    model = fresh(seed, units)
    learner = LanguageModel(model.generator)
    for rate in (5e-3, 1e-3, 2e-4):
        learner.compile(keras.optimizers.Adam(rate))
        stop = keras.callbacks.EarlyStopping("val_loss", min_delta=0.005, patience=2, restore_best_weights=True)
        history = learner.fit(
            source.tokens, source.tokens, batch_size=128, epochs=20, verbose=0, callbacks=[stop],
            validation_data=(source.held_out, source.held_out), validation_batch_size=500,
        ).history  # fmt: skip
    model.restart_average()
    return model, min(history["val_loss"]) / source.length


def entropy(model, temperature, num=4000):
    """Returns the entropy of a model's samples at a temperature under what they were drawn from, nats a token."""
    tokens = model.generate(num, FIRST_SEEDS[0], 500, temperature=temperature)
    logs = tf.nn.log_softmax(model.averaged_generator.predict(tokens, batch_size=500, verbose=0) / temperature)
    return float(-tf.reduce_mean(tf.gather(logs, tokens, batch_dims=2)))


def temperature_of(model, wanted):
    """Returns the temperature at which a model's samples have an entropy, by bisection."""
    low, high = 0.3, 1.5
    for _ in range(9):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if entropy(model, middle) < wanted else (low, middle)
    return float(np.sqrt(low * high))


if __name__ == "__main__":
    main()
