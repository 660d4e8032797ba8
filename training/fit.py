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
    StopOnNonFinite,
    StopOnSignal,
    TranslationGrid,
)
from .callbacks.guards import DivergenceError
from .checkpoint import CheckpointError, load_checkpoint
from .data import load
from .optimizers import build_optimizer
from .rundir import RunError, RunFolder, import_networks, load_run
from .strategy import describe, make_strategy

STRIP = 8


class TrainingError(RuntimeError):
    """Training ended through no wish of the user's; the message says what is left and how to go on."""


class Outcome(NamedTuple):
    """How a run ended: the model, its step, the signal that ended it or None, and (FID, step) of `best` or None."""

    model: object
    step: int
    signal: object
    best: tuple | None = None


def train(recipe, out, resume=False, overwrite=False, init_from=None, progress=True):
    """Trains a recipe into a run folder.

    Args:
        recipe: `Recipe`.
        out: str or path of the run folder.
        resume: bool, go on from the folder's last checkpoint instead of starting. Default False.
        overwrite: bool, remove a run that is in the folder. Default False.
        init_from: str or path of another run whose weights this one starts with, or None.
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
    say(f"{source}\n{describe(strategy, settings.batch_size)}")
    if resume:
        folder.require_data(source.fingerprint)
        model = _resumed(recipe, folder, strategy, say)
        if settings.steps <= model.steps_done:
            folder.remember(recipe, source.fingerprint)
            say(f"{folder} stands at step {model.steps_done} of {settings.steps} already: nothing to do")
            return Outcome(model, model.steps_done, None)
    else:
        with strategy.scope():
            model = build_model(recipe, source)
        if init_from is not None:
            _take_weights(model, init_from)
        _check_batch(source, settings)
    # Whatever an extractor refuses is told before a folder is made.
    judge = _judge(recipe, source, progress)
    if not resume:
        folder.start(recipe, source.fingerprint, overwrite)
    folder.remember(recipe, source.fingerprint)
    return _fit(model, source, recipe, folder, settings.steps - model.steps_done, judge, progress)


def build_model(recipe, source):
    """Builds and compiles the recipe's model for a source.

    Args:
        recipe: `Recipe`.
        source: `ImageSource` or `TranslationSource`.

    Returns:
        A compiled `AdversarialModel` or `TranslationModel`.
    """
    arguments = {key: value for key, value in recipe.model.items() if key != "variant"}
    cls = variant_class(recipe.model["variant"])
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
    return judge_of(source, settings.extractor, settings.metrics, settings.num, progress=progress)


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
    except (DivergenceError, SamplesError, CheckpointError, OSError, tf.errors.ResourceExhaustedError) as error:
        raise TrainingError(_obituary(error, folder, checkpoint, settings)) from error
    finally:
        stop.restore()
        with contextlib.suppress(AttributeError):
            bar.bar.close()
    return Outcome(model, model.steps_done, stop.received, evaluation and (evaluation.lowest, evaluation.lowest_step))


def _drawing(model, source, folder, settings):
    place = {"folder": folder.samples, "every": settings.sample_every, "tensorboard": folder.tensorboard / "train"}
    if hasattr(model, "translate"):
        # The pictures of few have none held out.
        x, y = (side.held_out if len(side.held_out) else side.samples for side in (source.x, source.y))
        return TranslationGrid(x=x, y=y, **place)
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


def _obituary(error, folder, checkpoint, settings):
    if isinstance(error, tf.errors.ResourceExhaustedError):
        reason = f"out of memory with batch_size {settings.batch_size}: choose a smaller train.batch_size"
    else:
        reason = str(error)
    if checkpoint.saved is None:
        return f"{reason}; nothing was saved in {folder}"
    return (
        f"{reason}; the checkpoint of step {checkpoint.saved} in {folder.checkpoints} is whole: once the cause is "
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


def _take_weights(model, init_from):
    other = load_run(init_from)
    words = [reader and reader.known for reader in (getattr(each, "reader", None) for each in (model, other))]
    if words[0] != words[1]:
        raise ArgumentError(f"--init-from: received {init_from}, which reads other words, expected the same captions")
    mine, theirs = _networks(model), _networks(other)
    if set(mine) != set(theirs):
        raise ArgumentError(
            f"--init-from: received {init_from} of {type(other).__name__} with networks {list(theirs)}, expected "
            f"{list(mine)}: {type(model).__name__} has these"
        )
    for role, network in mine.items():
        shapes = [[tuple(weight.shape) for weight in each.weights] for each in (network, theirs[role])]
        if shapes[0] != shapes[1]:
            raise ArgumentError(
                f"--init-from: received {init_from} whose {role} has weights {shapes[1]}, expected {shapes[0]}: "
                "use the same networks, resolution and latent_dim"
            )
        network.set_weights(theirs[role].get_weights())


def _networks(model):
    """Every network of a model by name, averages too."""
    networks = {role: getattr(model, role) for role in model.network_roles}
    roles = {id(network): role for role, network in networks.items()}
    averages = {f"averaged {roles[id(network)]}": average for average, network in model.averaged_networks()}
    return networks | averages


def _check_batch(source, settings):
    if len(source) < settings.batch_size:
        raise ArgumentError(
            f"train.batch_size: received {settings.batch_size} for {len(source)} images, expected at most "
            f"{len(source)}: --set train.batch_size={len(source)}"
        )


def _strip(source):
    return source.held_out[:STRIP] if source.is_image else source.held_out
