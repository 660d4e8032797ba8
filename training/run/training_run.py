"""Trains a recipe into a run directory."""

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from ...export.evaluation import make_evaluator
from ...zoo.core.progress import write_line
from ...zoo.core.user_paths import user_path
from ...zoo.errors import ArgumentError
from ...zoo.optimization.linear_decay import decay_linearly
from ...zoo.registry import variant_class
from ..callbacks import Checkpoint, Evaluate, MetricsLogger, ProgressBar, TerminateOnNonFinite, TerminateOnSignal
from ..callbacks.evaluate import require_score, was_evaluated
from ..callbacks.metrics_logger import append_row
from ..callbacks.sample_choice import make_sample_writer
from ..callbacks.side_output import SideOutput
from ..callbacks.stopping import SignalReceived, interruptible
from ..config.optimizers import build_optimizer
from ..config.recipe import Recipe
from ..data import load
from .checkpointing import check_space, load_checkpoint, save_checkpoint
from .distribution import describe, make_strategy
from .failures import TRAINING_FAILURES, TrainingError, failure_message, failure_reason, last_good_step
from .folder.run_writer import RunWriter
from .folder.target_checks import require_apart
from .new_process import as_in_new_process
from .pretraining import pretrain
from .restorability import require_restorable
from .run_changes import allowed_changes, replicas_note
from .run_dir import RunError, as_run_dir
from .warm_start import warm_start_from

# What the rows of a source are in messages.
ROW_NAMES = {"image": "images", "translation": "images", "text": "texts"}


class TrainingResult(NamedTuple):
    """The result of a training.

    Attributes:
        model: the trained model, or None if a signal arrived before it was ready to train.
        step: int, generator updates done and saved.
        signal: the `signal.Signals` that ended training, or None.
        best: (score, step) of the best checkpoint, or None without evaluations.
        criterion: str, the name of the score, or None.
    """

    model: Any
    step: int
    signal: Any
    best: tuple | None = None
    criterion: str | None = None


def train(
    recipe: Recipe, run_dir: str | Path, resume: bool = False, overwrite: bool = False,
    init_from: str | Path | None = None, progress: bool = True,
) -> TrainingResult:  # fmt: skip
    """Trains a recipe into a run directory.

    When to use it: to train from Python as `ganzoo train` does. For a loop of your own, use `model.fit` and the
    callbacks.

    Args:
        recipe: `Recipe`.
        run_dir: `RunDir`, or str or path of the run directory.
        resume: bool, continue from the run's last checkpoint instead of starting. Default False.
        overwrite: bool, remove an existing run, unless it holds files that ganzoo did not write. Default False.
        init_from: str or path of another run whose weights initialize this one, in place of pretraining; or None.
        progress: bool, report progress and notes on stderr. Default True.

    Returns:
        A `TrainingResult`.

    Raises:
        UserError: a recipe, data or directory that cannot be used, or a run that another process is writing.
        TrainingError: a non-finite loss or weight, or a failed write; the last good checkpoint remains.

    Example:

        result = train(load_recipe("gan_digits"), "runs/demo")
    """
    run_dir = as_run_dir(run_dir)
    with RunWriter(run_dir) as writer:
        if resume:
            run_dir.require_recipe(recipe)
        else:
            writer.require_empty(overwrite)
            require_apart(run_dir.path, recipe, init_from)
        with TerminateOnSignal() as terminate:
            try:
                with interruptible():
                    prepared = _prepare(recipe, writer, resume, overwrite, init_from, progress)
            except SignalReceived:
                return TrainingResult(None, 0, terminate.received)
            except TRAINING_FAILURES as error:
                raise TrainingError(failure_reason(error, recipe.train.batch_size)) from error
            if isinstance(prepared, TrainingResult):
                return prepared
            return _fit(*prepared, recipe, run_dir, terminate, progress)


def _prepare(recipe, writer, resume, overwrite, init_from, progress):
    """Returns (model, source, evaluator) to train with, or the `TrainingResult` of a run that is finished already."""
    settings, run_dir = recipe.train, writer.run_dir

    def log(*lines):
        for line in lines if progress else ():
            write_line(line)

    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(settings.seed)
    strategy = make_strategy(settings.strategy, settings.batch_size)
    source = run_dir.load_data(recipe) if resume else load(**recipe.data)
    # Sources of files report their notes while they are read.
    notes = source.notes if source.family == "text" else []
    log(str(source), *notes, describe(strategy, settings.batch_size))
    # A run that was killed before its first checkpoint has lost nothing and starts again.
    starts = not resume or not run_dir.has_progress
    if resume:
        init_from = run_dir.read_state().get("init_from")
        log(*_resume_notes(recipe, run_dir, strategy, starts))
    if starts:
        with strategy.scope():
            model = build_model(recipe, source)
        if init_from is not None:
            warm_start_from(model, init_from)
        _check_batch_size(source, settings)
        if recipe.network_modules():
            require_restorable(model, recipe.network_modules())
    else:
        model = _load_model(recipe, writer, strategy, log)
    facts = {"replicas": strategy.num_replicas_in_sync}
    facts |= {} if init_from is None else {"init_from": user_path(as_run_dir(init_from).path)}
    if settings.steps <= model.steps_done and not _lacks_evaluation(recipe, run_dir, model.steps_done):
        writer.record(recipe, source.fingerprint, **facts)
        log(f"{run_dir} is at step {model.steps_done} of {settings.steps} already: nothing to do")
        return TrainingResult(model, model.steps_done, None)
    # Built before the directory, so that an extractor that is refused leaves no files.
    evaluator = _build_evaluator(recipe, source, progress)
    if starts:
        writer.create(recipe, source.fingerprint, overwrite, resume, **facts)
        if recipe.pretrain is not None:
            log(_pretrain(model, source, recipe, run_dir, init_from, progress))
    else:
        writer.record(recipe, source.fingerprint, **facts)
    return model, source, evaluator


def _lacks_evaluation(recipe, run_dir, step):
    """Returns whether the last evaluation of a run was abandoned on a signal."""
    evaluates = recipe.evaluate is not None and recipe.evaluate.every > 0
    return evaluates and not was_evaluated(run_dir.metrics, step)


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
    # A file of the user's has to be loadable by `ganzoo evaluate`, too.
    is_file = (settings.extractor or "").startswith("model:")
    with as_in_new_process(recipe.network_modules()) if is_file else contextlib.nullcontext():
        evaluator = make_evaluator(
            source, settings.extractor, settings.metrics, settings.num_samples, progress=progress
        )
    require_score(evaluator, evaluator.metrics)
    return evaluator


def _pretrain(model, source, recipe, run_dir, init_from, progress):
    """Pretrains the generator, unless its weights are another run's, saves it, and returns a message."""
    try:
        check_space(model, run_dir.checkpoints)
        message = f"not pretrained: the weights are those of {init_from}"
        if init_from is None:
            row = pretrain(model, source, recipe.pretrain, progress)
            SideOutput(str(run_dir.metrics)).write(lambda: append_row(run_dir.metrics, row))
            message = f"pretrained {row['pretrain_steps']} steps: {row['nll']:.2f} nats per token"
        save_checkpoint(model, run_dir.checkpoints)
    except TRAINING_FAILURES as error:
        raise TrainingError(failure_message(error, run_dir, None, recipe.pretrain.batch_size, "pretrain")) from error
    return message


def _fit(model, source, evaluator, recipe, run_dir, terminate, progress):
    settings = recipe.train
    checkpoint = terminate.checkpoint = Checkpoint(run_dir.checkpoints, settings.save_every, proven=True)
    bar = ProgressBar(settings.steps, settings.batch_size, settings.log_every)
    evaluate = _evaluate_callback(evaluator, recipe, run_dir) if evaluator else None
    logger = MetricsLogger(
        run_dir.metrics, settings.log_every, settings.batch_size, settings.save_every, run_dir.tensorboard / "train"
    )
    # The order matters: first what may stop, then the means that end at a checkpoint, then the checkpoint. What follows
    # it takes long and is repeated on resume if it is missing.
    callbacks = [
        terminate,
        TerminateOnNonFinite(),
        *([bar] if progress else []),
        logger,
        checkpoint,
        make_sample_writer(source, run_dir.samples, run_dir.tensorboard / "train", settings),
        *([evaluate] if evaluate else []),
    ]
    steps = settings.steps - model.steps_done
    try:
        # The run is one epoch, without pauses. Without steps, only the last evaluation is missing.
        model.fit(
            source, batch_size=settings.batch_size, initial_epoch=int(steps == 0), steps_per_epoch=max(steps, 1),
            callbacks=callbacks, verbose=0,
        )  # fmt: skip
    except SignalReceived:
        return TrainingResult(model, checkpoint.saved_step or 0, terminate.received)
    except TRAINING_FAILURES as error:
        saved_step = last_good_step(error, checkpoint)
        raise TrainingError(failure_message(error, run_dir, saved_step, settings.batch_size)) from error
    finally:
        bar.close()
    best = evaluate and (evaluate.best_score, evaluate.best_step)
    return TrainingResult(model, model.steps_done, terminate.received, best, evaluator and evaluator.criterion)


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


def _resume_notes(recipe, run_dir, strategy, starts):
    """Yields lines about what differs from the run so far."""
    yield from allowed_changes(run_dir.trained_recipe(), recipe)
    if starts:
        yield f"{run_dir} has no step yet: it starts from its recipe"
    else:
        yield from replicas_note(run_dir.read_state().get("replicas"), strategy.num_replicas_in_sync)


def _load_model(recipe, writer, strategy, log):
    recipe.import_classes()
    try:
        with strategy.scope():
            model, notes = load_checkpoint(writer.run_dir.checkpoints, expected=variant_class(recipe.model["variant"]))
    except FileNotFoundError as error:
        raise RunError(f"{error}: start again with --overwrite") from None
    log(*notes)
    _schedule(model, recipe.train)
    writer.truncate_after(model.steps_done)
    log(f"resuming from step {model.steps_done}")
    return model


def _check_batch_size(source, settings):
    if len(source) < settings.batch_size:
        raise ArgumentError(
            f"train.batch_size: received {settings.batch_size} for {len(source)} {ROW_NAMES[source.family]}, expected "
            f"at most {len(source)}: --set train.batch_size={len(source)}"
        )
