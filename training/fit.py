"""A run: from a checked recipe to a filled run folder."""

import contextlib
import sys
from typing import NamedTuple

import keras
import tensorflow as tf

from ..export.evaluation import SamplesError, judge_of
from ..zoo.errors import ArgumentError
from ..zoo.registry import variant_class
from ..zoo.schedules import decay_linearly
from .callbacks import (
    Checkpoint,
    Evaluate,
    LogMetrics,
    Progress,
    SampleGrid,
    SampleTexts,
    StopOnNonFinite,
    StopOnSignal,
    TranslationGrid,
)
from .callbacks.guards import DivergenceError
from .callbacks.metrics import append_row
from .checkpoint import CheckpointError, check_space, load_checkpoint, save_checkpoint
from .data import load
from .optimizers import build_optimizer
from .pretraining import pretrain
from .rundir import RunError, RunFolder, import_networks
from .strategy import describe, make_strategy
from .weights import take_weights

STRIP = 8
# What ends a training through no wish of the user's.
REFUSALS = (DivergenceError, SamplesError, CheckpointError, OSError, tf.errors.ResourceExhaustedError)


class TrainingError(RuntimeError):
    """Training ended through no wish of the user's; the message says what is left and how to go on."""


class Outcome(NamedTuple):
    """How a run ended: the model, its step, the signal that ended it or None; `best`'s (score, step) and its name."""

    model: object
    step: int
    signal: object
    best: tuple | None = None
    criterion: str | None = None


def train(recipe, out, resume=False, overwrite=False, init_from=None, progress=True):
    """Trains a recipe into a run folder.

    Args:
        recipe: `Recipe`.
        out: str or path of the run folder.
        resume: bool, go on from the folder's last checkpoint instead of starting. Default False.
        overwrite: bool, remove a run that is in the folder. Default False.
        init_from: str or path of another run whose weights this one starts with, in place of pretraining; or None.
        progress: bool, show a bar and notes on stderr. Default True.

    Returns:
        An `Outcome`.

    Raises:
        UserError: a recipe, data or folder that cannot be used.
        TrainingError: a loss or weight that is no number, or a disk that refuses; the last good checkpoint is left.
    """
    settings, folder = recipe.train, RunFolder(out)

    def say(text):
        if progress:
            print(text, file=sys.stderr, flush=True)

    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(settings.seed)
    strategy = make_strategy(settings.strategy, settings.batch_size)
    source = load(**recipe.data)
    say("\n".join([str(source), *getattr(source, "notes", ()), describe(strategy, settings.batch_size)]))
    if resume:
        folder.require_data(source.fingerprint)
    # A run that was killed while it was pretrained has no checkpoint, and begins again.
    if not resume or (recipe.pretrain is not None and not folder.has_checkpoint):
        with strategy.scope():
            model = build_model(recipe, source)
        if init_from is not None:
            take_weights(model, init_from)
        _check_batch(source, settings)
        pretraining = recipe.pretrain is not None
    else:
        model = _resumed(recipe, folder, strategy, say)
        if settings.steps <= model.steps_done:
            folder.remember(recipe, source.fingerprint)
            say(f"{folder} stands at step {model.steps_done} of {settings.steps} already: nothing to do")
            return Outcome(model, model.steps_done, None)
        pretraining = False
    # Whatever an extractor refuses is told before a folder is made.
    judge = _judge(recipe, source, progress)
    if not resume:
        folder.start(recipe, source.fingerprint, overwrite)
    folder.remember(recipe, source.fingerprint)
    if pretraining:
        say(_pretrain(model, source, recipe, folder, init_from, progress))
    return _fit(model, source, recipe, folder, settings.steps - model.steps_done, judge, progress)


def build_model(recipe, source):
    """Builds and compiles the recipe's model for a source.

    Args:
        recipe: `Recipe`.
        source: `ImageSource`, `TranslationSource` or `TextSource`.

    Returns:
        A compiled `AdversarialModel`, `TranslationModel` or `TextModel`.
    """
    arguments = {key: value for key, value in recipe.model.items() if key != "variant"}
    cls = variant_class(recipe.model["variant"])
    if hasattr(source, "tokens") and not hasattr(cls, "texts"):
        raise ArgumentError(
            f"data.source: received {source.name!r}, which has texts, expected pictures: {cls.__name__} generates those"
        )
    model = cls.create(source.shape, seed=recipe.train.seed, **cls.source_facts(source), **arguments)
    model.compile(
        build_optimizer(recipe.optimizers.get("generator")),
        build_optimizer(recipe.optimizers.get("discriminator")),
        jit_compile=recipe.train.jit_compile,
    )
    _schedule(model, recipe.train)
    return model


def _schedule(model, settings):
    """Lets the learning rates fall; a resumed run may have more steps than it was begun with."""
    if settings.linear_decay:
        decay_linearly(model.generator_optimizer, settings.steps, settings.linear_decay)
        decay_linearly(model.discriminator_optimizer, settings.steps * model.n_critic, settings.linear_decay)


def _judge(recipe, source, progress):
    settings = recipe.evaluate
    if settings is None or settings.every == 0:
        return None
    judge = judge_of(source, settings.extractor, settings.metrics, settings.num, progress=progress)
    if judge.criterion not in judge.metrics:
        raise ArgumentError(
            f"evaluate: there is no {judge.criterion} of these data ({judge.reasons[judge.criterion]}), expected more "
            "of them, or no evaluation: --set evaluate.every=0"
        )
    return judge


def _pretrain(model, source, recipe, folder, init_from, progress):
    """Pretrains the generator, unless its weights are another run's, and saves it, so that it is done once."""
    try:
        check_space(model, folder.checkpoints)
        folder.rewind(-1)
        told = f"not pretrained: the weights are those of {init_from}"
        if init_from is None:
            row = pretrain(model, source, recipe.pretrain, progress)
            append_row(folder.metrics, row)
            told = f"pretrained {row['pretrain_steps']} steps: {row['nll']:.2f} nats a token"
        save_checkpoint(model, folder.checkpoints)
    except REFUSALS as error:
        raise TrainingError(_obituary(error, folder, None, recipe.pretrain.batch_size, "pretrain")) from error
    return told


def _fit(model, source, recipe, folder, steps, judge, progress):
    settings = recipe.train
    # First what may refuse to go on, then what writes, last what makes the written state the one to resume from.
    stop = StopOnSignal()
    checkpoint = Checkpoint(folder.checkpoints, settings.save_every)
    bar = Progress(settings.steps, settings.batch_size)
    evaluation = _evaluation(judge, recipe, folder) if judge else None
    callbacks = [
        stop,
        StopOnNonFinite(),
        *([bar] if progress else []),
        LogMetrics(
            folder.metrics, settings.log_every, settings.batch_size, settings.save_every, folder.tensorboard / "train"
        ),
        _drawing(model, source, folder, settings),
        *([evaluation] if judge else []),
        checkpoint,
    ]
    try:
        # One epoch holds the whole run: nothing waits between epochs, and the callbacks count steps.
        model.fit(source, batch_size=settings.batch_size, steps_per_epoch=steps, callbacks=callbacks, verbose=0)
    except REFUSALS as error:
        raise TrainingError(_obituary(error, folder, checkpoint.saved, settings.batch_size)) from error
    finally:
        stop.restore()
        with contextlib.suppress(AttributeError):
            bar.bar.close()
    best = evaluation and (evaluation.lowest, evaluation.lowest_step)
    return Outcome(model, model.steps_done, stop.received, best, judge and judge.criterion)


def _drawing(model, source, folder, settings):
    place = {"folder": folder.samples, "every": settings.sample_every, "tensorboard": folder.tensorboard / "train"}
    if hasattr(model, "translate"):
        # The pictures of few have none held out.
        x, y = (side.held_out if len(side.held_out) else side.samples for side in (source.x, source.y))
        return TranslationGrid(x=x, y=y, **place)
    if hasattr(model, "texts"):
        return SampleTexts(seed=settings.seed, **place)
    return SampleGrid(real=_strip(source), seed=settings.seed, **place)


def _evaluation(judge, recipe, folder):
    return Evaluate(
        judge,
        recipe.evaluate.every,
        folder.metrics,
        recipe.train.batch_size,
        folder.checkpoints,
        recipe.evaluate.patience,
        folder.tensorboard / "train",
    )


def _obituary(error, folder, saved, batch_size, section="train"):
    if isinstance(error, tf.errors.ResourceExhaustedError):
        reason = f"out of memory with batch_size {batch_size}: choose a smaller {section}.batch_size"
    else:
        reason = str(error)
    if saved is None:
        return f"{reason}; nothing was saved in {folder}"
    return (
        f"{reason}; the checkpoint of step {saved} in {folder.checkpoints} is whole: once the cause is "
        f"mended `ganzoo train --resume {folder}` goes on from it"
    )


def _resumed(recipe, folder, strategy, say):
    import_networks(recipe)
    try:
        with strategy.scope():
            model, notes = load_checkpoint(folder.checkpoints)
    except FileNotFoundError as error:
        raise RunError(f"{error}: start again with --overwrite") from None
    for note in notes:
        say(note)
    _schedule(model, recipe.train)
    folder.rewind(model.steps_done)
    say(f"going on from step {model.steps_done}")
    return model


def _check_batch(source, settings):
    if len(source) < settings.batch_size:
        rows = "texts" if hasattr(source, "tokens") else "images"
        raise ArgumentError(
            f"train.batch_size: received {settings.batch_size} for {len(source)} {rows}, expected at most "
            f"{len(source)}: --set train.batch_size={len(source)}"
        )


def _strip(source):
    return source.held_out[:STRIP] if source.is_image else source.held_out
