"""Text GANs beside maximum likelihood on real one-line texts: what they say against how varied they are.

    python benchmarks/synopses.py synopses.txt
    python benchmarks/text_lines.py --lines synopses.txt

BLEU to held-out texts and Self-BLEU of each model, and of maximum likelihood at several temperatures: a curve that a
model has to get below. One JSON a (game, seed); what is there is skipped.
"""

import functools
import time
from pathlib import Path

import keras
from ganzoo.export.evaluation.text_judge import TextJudge
from ganzoo.training import load
from ganzoo.zoo import LanguageModel, RelGAN, ScratchGAN, SeqGAN
from ganzoo.zoo.schedules import decay_linearly
from records import measured, run_games, save_record

FOLDER = Path(__file__).parent / "results" / "text_lines"
DATA = {"words": 2000, "length": 10, "drop_unknown": True}
NUM, FIRST_SEED = 2000, 1_000_000
TEMPERATURES = (1.0, 0.9, 0.8, 0.7)
GENERATOR = {"cell": "lstm", "embedding_dim": 64, "units": 128}
CNN = {"network": "text_cnn", "widths": (2, 3, 4), "filters": 64}
SHARED = {"average_half_life": 5.0}
# Of each game: the variant, its arguments, the discriminator, batch size, both learning rates, steps, and whether its
# generator begins with maximum likelihood.
GAMES = {
    "likelihood": (SeqGAN, {}, CNN, 64, (1e-4, 1e-3), 0, True),
    "seqgan": (
        SeqGAN,
        {"rollouts": 2, "head_start": 100, "reward": {"kind": "discriminator", "form": "log"}},
        CNN, 64, (5e-4, 1e-3), 400, True,
    ),
    "relgan": (
        RelGAN, {"loss": "minimax", "n_critic": 2, "head_start": 150, "anneal_steps": 40},
        CNN, 64, (3e-4, 1e-3), 450, True,
    ),
    "scratchgan": (
        ScratchGAN, {}, {"network": "recurrent", "embedding_dim": 64}, 256, (1e-3, 1e-3), 1000, False,
    ),
    "seqgan-bleu": (SeqGAN, {"rollouts": 2, "reward": "bleu", "n_critic": 1}, CNN, 64, (1e-3, 1e-3), 300, True),
}  # fmt: skip


def main():
    """Trains, judges and writes what is missing."""
    run_games(
        __doc__,
        FOLDER,
        GAMES,
        measure,
        arguments={"--lines": {"required": True, "metavar": "FILE", "help": "a text a line"}},
    )


def measure(name, seed, options):
    """Measures one game with one seed, unless its JSON is there."""
    path = options.results / f"{name}-seed{seed}.json"
    cls, arguments, discriminator, batch_size, rates, steps, begins = GAMES[name]
    told = {
        "variant": cls.__name__, **SHARED, **arguments, "data": DATA, "generator": GENERATOR,
        "discriminator": {key: str(value) for key, value in discriminator.items()}, "batch_size": batch_size,
        "learning_rates": list(rates), "steps": steps,
    }  # fmt: skip
    if measured(path, told):
        return
    source, judge = data(options.lines)
    model = cls.create(
        source.shape, GENERATOR, discriminator, seed=seed, **SHARED, **arguments, **cls.source_facts(source)
    )  # fmt: skip
    if begins:
        model.generator.set_weights(likelihood(options.lines, seed))
        model.restart_average()
    begun = time.perf_counter()
    if steps:
        model.compile(*(keras.optimizers.Adam(rate, beta_1=0.5, global_clipnorm=5.0) for rate in rates))
        decay_linearly(model.generator_optimizer, steps, 0.5)
        model.fit(source, batch_size=batch_size, steps_per_epoch=steps, verbose=0)
    seconds = time.perf_counter() - begun
    numbers = {"last": judge.score(*judge.draw(model, FIRST_SEED)), "held_out": judge.ceiling()[0]}
    if name == "likelihood":
        for temperature in TEMPERATURES[1:]:
            tokens = model.generate(NUM, FIRST_SEED, 256, temperature=temperature)
            numbers[f"temperature {temperature}"] = judge.score(tokens)
    head = {
        "variant": name,
        "seed": seed,
        "command": f"python benchmarks/text_lines.py --lines FILE --games {name} --seeds {seed}",
        "recipe": told,
        "data": {"fingerprint": source.fingerprint, "train": len(source), "held_out": len(source.held_out)},
        "seconds_of_training": round(seconds),
        "texts": model.texts(10, seed=0),
    }
    save_record(path, head, numbers)
    print(f"{path.name}:", *(f"{key} {numbers['last'][key]:.3f}" for key in ("bleu_3", "self_bleu_3")), flush=True)


@functools.cache
def data(path):
    """Returns the texts of a file, and their judge."""
    source = load(f"lines:{path}", **DATA)
    return source, TextJudge(source, num=NUM)


@functools.cache
def likelihood(path, seed):
    """Returns a generator's weights after maximum likelihood has converged."""
    source, _ = data(path)
    model = SeqGAN.create(source.shape, GENERATOR, CNN, seed=seed, **SeqGAN.source_facts(source))
    learner = LanguageModel(model.generator)
    for rate in (3e-3, 5e-4):
        learner.compile(keras.optimizers.Adam(rate))
        stop = keras.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True)
        learner.fit(
            source.tokens, source.tokens, batch_size=64, epochs=12, verbose=0, callbacks=[stop],
            validation_data=(source.held_out, source.held_out),
        )  # fmt: skip
    return model.generator.get_weights()


if __name__ == "__main__":
    main()
