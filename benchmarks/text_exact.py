"""Text GANs with exact divergences: a first-order chain learns from a second-order oracle that can be enumerated.

    python benchmarks/text_exact.py

No first-order chain can match the oracle, so each objective settles on its own compromise, and every divergence is an
exact sum over all 7,776 sequences. Writes one JSON record per (configuration, seed), with one oracle per seed; existing
records are skipped. Every record also has maximum likelihood, its best temperature, and the best chain there is.
"""

import time
from pathlib import Path

import keras
from ganzoo.training import load
from ganzoo.zoo import LanguageModel, MaliGAN, RelGAN, ScratchGAN, SeqGAN
from ganzoo.zoo.optimization.linear_decay import decay_linearly
from support.exact_chain import ExactChain
from support.records import is_recorded, run_configurations, save_record

FOLDER = Path(__file__).parent / "results" / "text_exact"
CHAIN = {"cell": "none", "embedding_dim": 16}
CNN = {"network": "text_cnn", "widths": (2, 3, 4, 5), "filters": 64, "dropout": 0.0}
RELAXED = {"inverse_temperature": 10.0, "anneal_steps": 40, "n_critic": 2, "discriminator_warmup_steps": 100}
# SeqGAN's settings, with which one control runs too.
SEQGAN = (CNN, 256, (3e-3, 1e-3), 500, "converged")
# Variant, its arguments, the discriminator, batch size, both learning rates, steps, how far maximum likelihood has
# trained the generator ("converged", "one epoch" of 10,000 sequences, or "nothing"), and the norm to which gradients
# are clipped, if they are.
CONFIGURATIONS = {
    "seqgan": (
        SeqGAN,
        {"reward": {"kind": "discriminator", "transform": "jensen_shannon"}, "discriminator_warmup_steps": 100},
        *SEQGAN,
    ),
    "seqgan-probability": (
        SeqGAN,
        {"reward": {"kind": "discriminator", "transform": "probability"}, "discriminator_warmup_steps": 100},
        *SEQGAN,
    ),
    # The controls "placebo" reward every sequence alike. The expected gradient of a constant reward is zero, but not if
    # the gradients of single sequences are clipped to one norm: rare sequences have longer gradients and lose more of
    # them, so the generator drifts to frequent sequences.
    "placebo-without-baseline": (
        SeqGAN,
        {"reward": "placebo", "baseline": False, "n_critic": 1, "rollouts": 1},
        CNN, 1, (1e-3, 1e-3), 3000, "converged", 0.5,
    ),
    "placebo": (
        SeqGAN,
        {"reward": "placebo", "n_critic": 1, "rollouts": 1},
        CNN, 1, (1e-3, 1e-3), 3000, "converged", 0.5,
    ),
    # The control at SeqGAN's own settings: large batches, no clipping.
    "placebo-seqgan-settings": (
        SeqGAN,
        {"reward": "placebo", "discriminator_warmup_steps": 100},
        *SEQGAN,
    ),
    "placebo-seqgan-settings-without-baseline": (
        SeqGAN,
        {"reward": "placebo", "baseline": False, "discriminator_warmup_steps": 100},
        *SEQGAN,
    ),
    "relgan": (
        RelGAN,
        RELAXED | {"loss": "minimax"},
        CNN | {"filters": 128, "representations": 1}, 512, (3e-3, 1e-3), 600, "converged",
    ),
    "relgan-relativistic": (
        RelGAN,
        RELAXED,
        CNN | {"filters": 128, "representations": 1}, 512, (3e-3, 1e-3), 600, "converged",
    ),
    "relgan-unblended": (
        RelGAN,
        RELAXED | {"loss": "minimax", "interpolate_tokens": False},
        CNN | {"filters": 128, "representations": 1}, 512, (3e-3, 1e-3), 600, "converged",
    ),
    "scratchgan": (
        ScratchGAN,
        {"n_critic": 1},
        {"network": "recurrent", "units": 64, "dropout": 0.0}, 512, (5e-3, 3e-3), 1000, "nothing",
    ),
    "maligan": (
        MaliGAN,
        {"max_real_probability": 0.999, "n_critic": 2, "discriminator_warmup_steps": 50},
        CNN, 1024, (3e-3, 1e-3), 600, "one epoch",
    ),
}  # fmt: skip
HALF_LIFE = 50.0


def main():
    """Trains, evaluates and records what is missing."""
    run_configurations(__doc__, FOLDER, CONFIGURATIONS, measure)


def measure(name, seed, options):
    """Measures one configuration with one seed, unless it is recorded."""
    path = options.results / f"{name}-seed{seed}.json"
    cls, arguments, discriminator, batch_size, rates, steps, start, *clipnorm = CONFIGURATIONS[name]
    settings = {
        "variant": cls.__name__, **arguments, "discriminator": {k: str(v) for k, v in discriminator.items()},
        "batch_size": batch_size, "learning_rates": list(rates), "steps": steps, "start": start,
        **({"clipnorm": clipnorm[0]} if clipnorm else {}),
    }  # fmt: skip
    if is_recorded(path, settings):
        return
    source = load("oracle:markov", seed=seed)
    exact, begin = ExactChain(source.oracle), time.perf_counter()
    model = cls.create(
        source.shape, CHAIN, discriminator, seed=seed, ema_halflife_kimg=HALF_LIFE, **arguments,
        **cls.arguments_from_source(source),
    )  # fmt: skip
    reference = cls.create(source.shape, CHAIN, discriminator, seed=seed, **cls.arguments_from_source(source))
    maximize_likelihood(reference.generator, source, "converged")
    likelihood = exact.logits(reference.generator)
    maximize_likelihood(model.generator, source, start)
    model.reset_ema()
    first = exact.scores(exact.logits(model.ema_generator))
    clip = {"global_clipnorm": clipnorm[0]} if clipnorm else {}
    model.compile(*(keras.optimizers.Adam(rate, beta_1=0.5, **clip) for rate in rates))
    decay_linearly(model.generator_optimizer, steps, 0.5)
    model.fit(source, batch_size=batch_size, steps_per_epoch=steps, verbose=0)
    numbers = {
        "likelihood": exact.scores(likelihood),
        "best_temperature": exact.best_temperature(likelihood),
        "optimum": exact.optimum(likelihood),
        "start": first,
        "last": exact.scores(exact.logits(model.ema_generator)),
    }
    gap = numbers["likelihood"]["js"] - numbers["optimum"]["js"]
    numbers["closed"] = (numbers["likelihood"]["js"] - numbers["last"]["js"]) / gap
    save_record(
        path,
        {
            "configuration": name,
            "seed": seed,
            "command": f"python benchmarks/text_exact.py --configurations {name} --seeds {seed}",
            "recipe": settings,
            "seconds": round(time.perf_counter() - begin),
        },
        numbers,
    )
    print(f"{path.name}: JS {numbers['last']['js']:.4f}, {numbers['closed']:.0%} of the gap closed", flush=True)


def maximize_likelihood(generator, source, start):
    """Trains a generator by maximum likelihood."""
    model = LanguageModel(generator)
    for rate, batch_size, steps in {
        "converged": ((1e-2, 512, 600), (1e-3, 512, 400)),
        "one epoch": ((1e-3, 64, 156),),
        "nothing": (),
    }[start]:
        model.compile(keras.optimizers.Adam(rate))
        rows = source.batches(batch_size, seed=0).map(lambda batch: (batch["tokens"], batch["tokens"]))
        model.fit(rows, steps_per_epoch=steps, shuffle=False, verbose=0)


if __name__ == "__main__":
    main()
