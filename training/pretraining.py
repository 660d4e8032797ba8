"""Pretraining of text models: what the generator knows before the game begins."""

import math
import sys
import time

import keras
import tensorflow as tf
from tqdm import tqdm

from ..zoo.errors import ArgumentError
from ..zoo.language_model import LanguageModel
from ..zoo.tokens import alive
from .callbacks.guards import DivergenceError

# Held-out texts that the likelihood is measured on, at most.
MOST_MEASURED = 2000


def pretrain(model, source, settings, progress=False):
    """Trains a text model's generator by maximum likelihood, and lets its average begin there.

    Everything hangs on the model's seed: begun again, it ends with the same weights.

    Args:
        model: compiled `TextModel` that has not taken a step.
        source: `TextSource`.
        settings: `Pretrain`, the recipe's section: steps, learning_rate and batch_size.
        progress: bool, a bar on stderr. Default False.

    Returns:
        dict, a row for `metrics.jsonl`: `step` 0, `phase`, `pretrain_steps`, `nll` (nats a token of held-out texts,
        their ends among the tokens) and `pretrain_seconds`.

    Raises:
        ArgumentError: a batch that cannot be divided among the replicas.
        DivergenceError: a likelihood that is no number.
    """
    strategy, start = model.distribute_strategy, time.perf_counter()
    replicas = strategy.num_replicas_in_sync
    if settings.batch_size % replicas:
        raise ArgumentError(
            f"pretrain.batch_size: received {settings.batch_size} for {replicas} replicas, expected a multiple of "
            f"{replicas}"
        )

    def pair(rows):
        tokens = model.as_input("tokens", rows["tokens"])
        return tokens, tokens

    dataset = source.batches(settings.batch_size, model.seed).map(pair).prefetch(2)
    with strategy.scope():
        learner = LanguageModel(model.generator)
        learner.compile(keras.optimizers.Adam(settings.learning_rate), jit_compile=model.jit_compile)
    bar = tqdm(total=settings.steps, desc="pretraining", unit="step", file=sys.stderr, disable=not progress)
    with bar:
        tick = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: bar.update())
        learner.fit(dataset, steps_per_epoch=settings.steps, callbacks=[tick], shuffle=False, verbose=0)
    with strategy.scope():
        model.restart_average()
    nll = nats_a_token(model, source.held_out, settings.batch_size)
    if not math.isfinite(nll):
        raise DivergenceError(f"nll is {nll} after {settings.steps} steps of pretraining")
    row = {"step": 0, "phase": "pretrain", "pretrain_steps": settings.steps, "nll": nll}
    return row | {"pretrain_seconds": round(time.perf_counter() - start, 2)}


def nats_a_token(model, tokens, batch_size=64):
    """Returns the negative log likelihood of real texts under a model's generator, nats a token.

    An end is a token like others; what comes after it does not count.

    Args:
        model: `TextModel`.
        tokens: int array (num, length); of more than 2,000 rows so many are taken, evenly spaced.
        batch_size: int >= 1, rows at a time. Default 64.
    """
    chosen = tokens[:: math.ceil(len(tokens) / MOST_MEASURED)]
    nats, counted = 0.0, 0.0
    for start in range(0, len(chosen), batch_size):
        rows = model.as_input("tokens", tf.constant(chosen[start : start + batch_size]))
        nats -= float(tf.reduce_sum(model.generator.log_probabilities(rows)))
        counted += float(tf.reduce_sum(alive(rows, model.ends)))
    return nats / counted
