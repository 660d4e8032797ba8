"""Text GANs and maximum likelihood on real one-line texts: quality against diversity.

    python benchmarks/synopses.py synopses.txt
    python benchmarks/text_lines.py --lines synopses.txt

Measures BLEU to held-out texts and Self-BLEU of each model. Maximum likelihood at several temperatures gives the curve
that a model has to get below. Writes one JSON record per (configuration, seed); existing records are skipped.
"""

import functools
import time
from pathlib import Path

import keras
from ganzoo.export.evaluation.text.text_evaluator import TextEvaluator
from ganzoo.training import load
from ganzoo.zoo import LanguageModel, RelGAN, ScratchGAN, SeqGAN
from ganzoo.zoo.optimization.linear_decay import decay_linearly
from support.records import is_recorded, run_configurations, save_record

FOLDER = Path(__file__).parent / "results" / "text_lines"
DATA = {"max_words": 2000, "length": 10, "drop_oov": True}
NUM_SAMPLES, FIRST_SEED = 2000, 1_000_000
TEMPERATURES = (1.0, 0.9, 0.8, 0.7)
GENERATOR = {"cell": "lstm", "embedding_dim": 64, "units": 128}
CNN = {"network": "text_cnn", "widths": (2, 3, 4), "filters": 64}
SHARED = {"ema_halflife_kimg": 5.0}
# Variant, its arguments, the discriminator, batch size, both learning rates, steps, and whether the generator starts
# from maximum likelihood.
CONFIGURATIONS = {
    "likelihood": (SeqGAN, {}, CNN, 64, (1e-4, 1e-3), 0, True),
    "seqgan": (
        SeqGAN,
        {"rollouts": 2, "discriminator_warmup_steps": 100, "reward": {"kind": "discriminator", "transform": "log"}},
        CNN, 64, (5e-4, 1e-3), 400, True,
    ),
    "relgan": (
        RelGAN, {"loss": "minimax", "n_critic": 2, "discriminator_warmup_steps": 150, "anneal_steps": 40},
        CNN, 64, (3e-4, 1e-3), 450, True,
    ),
    "scratchgan": (
        ScratchGAN, {}, {"network": "recurrent", "embedding_dim": 64}, 256, (1e-3, 1e-3), 1000, False,
    ),
    "seqgan-bleu": (SeqGAN, {"rollouts": 2, "reward": "bleu", "n_critic": 1}, CNN, 64, (1e-3, 1e-3), 300, True),
}  # fmt: skip


def main():
    """Trains, evaluates and records what is missing."""
    run_configurations(
        __doc__,
        FOLDER,
        CONFIGURATIONS,
        measure,
        arguments={"--lines": {"required": True, "metavar": "FILE", "help": "text file, one text per line"}},
    )


def measure(name, seed, options):
    """Measures one configuration with one seed, unless it is recorded."""
    path = options.results / f"{name}-seed{seed}.json"
    cls, arguments, discriminator, batch_size, rates, steps, pretrained = CONFIGURATIONS[name]
    settings = {
        "variant": cls.__name__, **SHARED, **arguments, "data": DATA, "generator": GENERATOR,
        "discriminator": {key: str(value) for key, value in discriminator.items()}, "batch_size": batch_size,
        "learning_rates": list(rates), "steps": steps,
    }  # fmt: skip
    if is_recorded(path, settings):
        return
    source, evaluator = data(options.lines)
    model = cls.create(
        source.shape, GENERATOR, discriminator, seed=seed, **SHARED, **arguments, **cls.arguments_from_source(source)
    )  # fmt: skip
    if pretrained:
        model.generator.set_weights(likelihood_weights(options.lines, seed))
        model.reset_ema()
    begin = time.perf_counter()
    if steps:
        model.compile(*(keras.optimizers.Adam(rate, beta_1=0.5, global_clipnorm=5.0) for rate in rates))
        decay_linearly(model.generator_optimizer, steps, 0.5)
        model.fit(source, batch_size=batch_size, steps_per_epoch=steps, verbose=0)
    seconds = time.perf_counter() - begin
    numbers = {
        "last": evaluator.score(*evaluator.sample(model, FIRST_SEED)),
        "held_out": evaluator.held_out_baseline()[0],
    }
    if name == "likelihood":
        for temperature in TEMPERATURES[1:]:
            tokens = model.generate(NUM_SAMPLES, FIRST_SEED, 256, temperature=temperature)
            numbers[f"temperature {temperature}"] = evaluator.score(tokens)
    head = {
        "configuration": name,
        "seed": seed,
        "command": f"python benchmarks/text_lines.py --lines FILE --configurations {name} --seeds {seed}",
        "recipe": settings,
        "data": {"fingerprint": source.fingerprint, "train": len(source), "held_out": len(source.held_out)},
        "seconds_of_training": round(seconds),
        "texts": model.texts(10, seed=0),
    }
    save_record(path, head, numbers)
    print(f"{path.name}:", *(f"{key} {numbers['last'][key]:.3f}" for key in ("bleu_3", "self_bleu_3")), flush=True)


@functools.cache
def data(path):
    """Returns the texts of a file, and their evaluator."""
    source = load(f"lines:{path}", **DATA)
    return source, TextEvaluator(source, num_samples=NUM_SAMPLES)


@functools.cache
def likelihood_weights(path, seed):
    """Returns a generator's weights after maximum likelihood has converged."""
    source, _ = data(path)
    model = SeqGAN.create(source.shape, GENERATOR, CNN, seed=seed, **SeqGAN.arguments_from_source(source))
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
