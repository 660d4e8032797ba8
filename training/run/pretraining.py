"""Maximum-likelihood pretraining of text generators, before adversarial training."""

import math
import time

import keras

from ...zoo.core.progress import track_progress
from ...zoo.sequences.language_model import LanguageModel
from ...zoo.sequences.log_likelihood import log_likelihoods, nats_per_token
from ..callbacks.stopping import DivergenceError
from .distribution import require_divisible

# The likelihood is measured on at most so many held-out texts.
MAX_EVALUATED_TEXTS = 2000


def pretrain(model, source, settings, progress=False):
    """Pretrains a text model's generator by maximum likelihood, and resets its average to the result.

    When to use it: before the first adversarial step of a text GAN. The result is a function of the model's seed: a
    pretraining that was interrupted and started again gives the same weights.

    Args:
        model: compiled `TextGAN` at step 0.
        source: `TextSource`.
        settings: `Pretrain`, the recipe's section: steps, learning_rate and batch_size.
        progress: bool, whether progress is reported on stderr. Default False.

    Returns:
        dict, a row for `metrics.jsonl`: `step` 0, `phase`, `pretrain_steps`, `nll` (nats per token of held-out texts,
        end tokens included) and `pretrain_seconds`.

    Raises:
        ArgumentError: a batch size that is not a multiple of the number of replicas.
        DivergenceError: a non-finite likelihood.
    """
    strategy, start = model.distribute_strategy, time.perf_counter()
    require_divisible(settings.batch_size, strategy, "pretrain.batch_size")

    def pair(rows):
        tokens = model.make_preprocessor().cast("tokens", rows["tokens"])
        return tokens, tokens

    dataset = source.batches(settings.batch_size, model.seed).map(pair).prefetch(2)
    with strategy.scope():
        language_model = LanguageModel(model.generator)
        language_model.compile(keras.optimizers.Adam(settings.learning_rate), jit_compile=model.jit_compile)
    with track_progress(None, "pretraining", settings.steps, "steps", progress) as report:
        update = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: report.update())
        language_model.fit(dataset, steps_per_epoch=settings.steps, callbacks=[update], shuffle=False, verbose=0)
    with strategy.scope():
        model.reset_ema()
    nll = held_out_nll(model, source.held_out, settings.batch_size)
    if not math.isfinite(nll):
        raise DivergenceError(f"nll is {nll} after {settings.steps} steps of pretraining")
    row = {"step": 0, "phase": "pretrain", "pretrain_steps": settings.steps, "nll": nll}
    return row | {"pretrain_seconds": round(time.perf_counter() - start, 2)}


def held_out_nll(model, tokens, batch_size=64):
    """Returns the negative log-likelihood of held-out texts under a model's generator, in nats per token.

    An end token counts like any other; the padding after it does not.

    Args:
        model: `TextGAN`.
        tokens: int array (num_texts, length); of more than 2,000 rows a subset of at most 2,000, evenly spaced, is
            evaluated.
        batch_size: int >= 1. Default 64.
    """
    subset = tokens[:: math.ceil(len(tokens) / MAX_EVALUATED_TEXTS)]
    return nats_per_token(log_likelihoods(model.generator, subset, batch_size), subset, model.has_eos)
