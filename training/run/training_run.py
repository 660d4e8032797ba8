"""Trains a recipe into a run directory."""

import sys
from typing import NamedTuple

import keras
import tensorflow as tf

from ...export.evaluation import SamplesError, make_evaluator
from ...zoo.errors import ArgumentError
from ...zoo.optimization.linear_decay import decay_linearly
from ...zoo.registry import variant_class
from ..callbacks import (
    Checkpoint,
    Evaluate,
    MetricsLogger,
    ProgressBar,
    SampleGrid,
    SampleTexts,
    TerminateOnNonFinite,
    TerminateOnSignal,
    TranslationGrid,
)
from ..callbacks.evaluate import require_score
from ..callbacks.metrics_logger import append_row
from ..callbacks.stopping import DivergenceError
from ..config.optimizers import build_optimizer
from ..data import load
from .checkpointing import CheckpointError, check_space, load_checkpoint, save_checkpoint
from .distribution import describe, make_strategy
from .pretraining import pretrain
from .run_dir import RunError, as_run_dir
from .warm_start import warm_start_from

# Real images next to a grid of samples.
NUM_REAL_IMAGES = 8
# What the rows of a source are in messages.
ROW_NAMES = {"image": "images", "translation": "images", "text": "texts"}
# Errors during training that are not mistakes of the user.
TRAINING_FAILURES = (DivergenceError, SamplesError, CheckpointError, OSError, tf.errors.ResourceExhaustedError)


class TrainingError(RuntimeError):
    """Training failed; the message names the cause, the last good checkpoint and the command that resumes the run."""


class TrainingResult(NamedTuple):
    """The result of a training.

    Attributes:
        model: the trained model.
        step: int, generator updates done.
        signal: the `signal.Signals` that ended training, or None.
        best: (score, step) of the best checkpoint, or None without evaluations.
        criterion: str, the name of the score, or None.
    """

    model: object
    step: int
    signal: object
    best: tuple | None = None
    criterion: str | None = None


def train(recipe, run_dir, resume=False, overwrite=False, init_from=None, progress=True):
    """Trains a recipe into a run directory.

    When to use it: to train from Python as `ganzoo train` does. For a loop of your own, use `model.fit` and the
    callbacks.

    Args:
        recipe: `Recipe`.
        run_dir: `RunDir`, or str or path of the run directory.
        resume: bool, continue from the run's last checkpoint instead of starting. Default False.
        overwrite: bool, remove an existing run. Default False.
        init_from: str or path of another run whose weights initialize this one, in place of pretraining; or None.
        progress: bool, report progress and notes on stderr. Default True.

    Returns:
        A `TrainingResult`.

    Raises:
        UserError: a recipe, data or directory that cannot be used.
        TrainingError: a non-finite loss or weight, or a failed write; the last good checkpoint remains.

    Example:

        result = train(load_recipe("gan_digits"), "runs/demo")
    """
    settings, run_dir = recipe.train, as_run_dir(run_dir)

    def log(text):
        if progress:
            print(text, file=sys.stderr, flush=True)

    if not resume:
        run_dir.require_empty(overwrite)
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(settings.seed)
    strategy = make_strategy(settings.strategy, settings.batch_size)
    source = load(**recipe.data)
    log("\n".join([str(source), *source.notes, describe(strategy, settings.batch_size)]))
    if resume:
        run_dir.require_data(source.fingerprint)
    # A run that was killed during pretraining has no checkpoint and starts again.
    starts = not resume or (recipe.pretrain is not None and not run_dir.has_checkpoint)
    if starts:
        with strategy.scope():
            model = build_model(recipe, source)
        if init_from is not None:
            warm_start_from(model, init_from)
        _check_batch_size(source, settings)
    else:
        model = _load_model(recipe, run_dir, strategy, log)
        if settings.steps <= model.steps_done:
            run_dir.write_state(recipe, source.fingerprint)
            log(f"{run_dir} is at step {model.steps_done} of {settings.steps} already: nothing to do")
            return TrainingResult(model, model.steps_done, None)
    # Built before the directory, so that an extractor that is refused leaves no files.
    evaluator = _build_evaluator(recipe, source, progress)
    if resume:
        run_dir.write_state(recipe, source.fingerprint)
    else:
        run_dir.create(recipe, source.fingerprint)
    if starts and recipe.pretrain is not None:
        log(_pretrain(model, source, recipe, run_dir, init_from, progress))
    return _fit(model, source, recipe, run_dir, evaluator, progress)


def build_model(recipe, source):
    """Builds and compiles the recipe's model for a source.

    Args:
        recipe: `Recipe`.
        source: `DataSource`.

    Returns:
        A compiled `ImageGAN`, `ImageTranslationGAN` or `TextGAN`.

    Raises:
        ArgumentError: a source of another family, or networks that do not fit it.
    """
    arguments = {key: value for key, value in recipe.model.items() if key != "variant"}
    cls = variant_class(recipe.model["variant"])
    model = cls.create(source.shape, seed=recipe.train.seed, **cls.arguments_from_source(source), **arguments)
    model.compile(
        build_optimizer(recipe.optimizers.get("generator")),
        build_optimizer(recipe.optimizers.get("discriminator")),
        jit_compile=recipe.train.jit_compile,
    )
    _schedule(model, recipe.train)
    return model


def _schedule(model, settings):
    """Sets the learning rate schedules, which depend on `steps`: a resumed run may have more than before."""
    if settings.linear_decay:
        decay_linearly(model.generator_optimizer, settings.steps, settings.linear_decay)
        decay_linearly(model.discriminator_optimizer, settings.steps * model.n_critic, settings.linear_decay)


def _build_evaluator(recipe, source, progress):
    settings = recipe.evaluate
    if settings is None or settings.every == 0:
        return None
    evaluator = make_evaluator(source, settings.extractor, settings.metrics, settings.num_samples, progress=progress)
    require_score(evaluator, evaluator.metrics)
    return evaluator


def _pretrain(model, source, recipe, run_dir, init_from, progress):
    """Pretrains the generator, unless its weights are another run's, saves it, and returns a message."""
    try:
        check_space(model, run_dir.checkpoints)
        run_dir.truncate_after(-1)
        message = f"not pretrained: the weights are those of {init_from}"
        if init_from is None:
            row = pretrain(model, source, recipe.pretrain, progress)
            append_row(run_dir.metrics, row)
            message = f"pretrained {row['pretrain_steps']} steps: {row['nll']:.2f} nats per token"
        save_checkpoint(model, run_dir.checkpoints)
    except TRAINING_FAILURES as error:
        raise TrainingError(_failure_message(error, run_dir, None, recipe.pretrain.batch_size, "pretrain")) from error
    return message


def _fit(model, source, recipe, run_dir, evaluator, progress):
    settings = recipe.train
    terminate = TerminateOnSignal()
    checkpoint = Checkpoint(run_dir.checkpoints, settings.save_every)
    bar = ProgressBar(settings.steps, settings.batch_size, settings.log_every)
    evaluate = _evaluate_callback(evaluator, recipe, run_dir) if evaluator else None
    logger = MetricsLogger(
        run_dir.metrics, settings.log_every, settings.batch_size, settings.save_every, run_dir.tensorboard / "train"
    )
    # The order matters: first what may stop, then what writes, last the checkpoint, which makes the other files final.
    callbacks = [
        terminate,
        TerminateOnNonFinite(),
        *([bar] if progress else []),
        logger,
        SAMPLE_CALLBACKS[model.data_family](source, run_dir, settings),
        *([evaluate] if evaluate else []),
        checkpoint,
    ]
    steps = settings.steps - model.steps_done
    try:
        # The run is one epoch: there is no pause between epochs, and the callbacks count steps.
        model.fit(source, batch_size=settings.batch_size, steps_per_epoch=steps, callbacks=callbacks, verbose=0)
    except TRAINING_FAILURES as error:
        raise TrainingError(_failure_message(error, run_dir, checkpoint.saved_step, settings.batch_size)) from error
    finally:
        terminate.restore()
        bar.close()
    best = evaluate and (evaluate.best_score, evaluate.best_step)
    return TrainingResult(model, model.steps_done, terminate.received, best, evaluator and evaluator.criterion)


def _sample_grid(source, run_dir, settings):
    real = source.held_out[:NUM_REAL_IMAGES] if source.is_image else source.held_out
    return SampleGrid(**_sample_arguments(run_dir, settings), real=real, seed=settings.seed)


def _translation_grid(source, run_dir, settings):
    # A domain of few images has none held out.
    x, y = (domain.held_out if len(domain.held_out) else domain.samples for domain in (source.x, source.y))
    return TranslationGrid(**_sample_arguments(run_dir, settings), x=x, y=y)


def _sample_texts(source, run_dir, settings):
    return SampleTexts(**_sample_arguments(run_dir, settings), seed=settings.seed)


SAMPLE_CALLBACKS = {"image": _sample_grid, "translation": _translation_grid, "text": _sample_texts}


def _sample_arguments(run_dir, settings):
    return {
        "directory": run_dir.samples,
        "every_n_steps": settings.sample_every,
        "tensorboard": run_dir.tensorboard / "train",
    }


def _evaluate_callback(evaluator, recipe, run_dir):
    return Evaluate(
        evaluator,
        recipe.evaluate.every,
        run_dir.metrics,
        recipe.train.batch_size,
        run_dir.checkpoints,
        recipe.evaluate.patience,
        run_dir.tensorboard / "train",
    )


def _failure_message(error, run_dir, saved_step, batch_size, section="train"):
    reason = str(error)
    if isinstance(error, tf.errors.ResourceExhaustedError):
        reason = f"out of memory with batch_size {batch_size}: choose a smaller {section}.batch_size"
    if saved_step is None:
        return f"{reason}; nothing was saved in {run_dir}"
    return (
        f"{reason}; the last good checkpoint is step {saved_step} in {run_dir.checkpoints}; fix the cause, then resume "
        f"with `ganzoo train --resume {run_dir}`"
    )


def _load_model(recipe, run_dir, strategy, log):
    recipe.import_classes()
    try:
        with strategy.scope():
            model, notes = load_checkpoint(run_dir.checkpoints)
    except FileNotFoundError as error:
        raise RunError(f"{error}: start again with --overwrite") from None
    for note in notes:
        log(note)
    _schedule(model, recipe.train)
    run_dir.truncate_after(model.steps_done)
    log(f"resuming from step {model.steps_done}")
    return model


def _check_batch_size(source, settings):
    if len(source) < settings.batch_size:
        raise ArgumentError(
            f"train.batch_size: received {settings.batch_size} for {len(source)} {ROW_NAMES[source.family]}, expected "
            f"at most {len(source)}: --set train.batch_size={len(source)}"
        )
