"""What text GANs descend, exactly: a first-order chain learns from an oracle of second order that can be enumerated.

    python benchmarks/text_exact.py

No first-order chain is right, so each way of learning settles on a compromise of its own, and every divergence is an
exact sum over all 7,776 sequences. One JSON a (game, seed), each seed with an oracle of its own; what is there is
skipped. Beside each game stand maximum likelihood, the best temperature of it, and the best chain there is.
"""

import time
from pathlib import Path

import keras
from exact_chain import Exact
from ganzoo.training import load
from ganzoo.zoo import LanguageModel, MaliGAN, RelGAN, ScratchGAN, SeqGAN
from ganzoo.zoo.schedules import decay_linearly
from records import measured, run_games, save_record

FOLDER = Path(__file__).parent / "results" / "text_exact"
CHAIN = {"cell": "none", "embedding_dim": 16}
CNN = {"network": "text_cnn", "widths": (2, 3, 4, 5), "filters": 64, "dropout": 0.0}
RELAXED = {"inverse_temperature": 10.0, "anneal_steps": 40, "n_critic": 2, "head_start": 100}
# Of each game: the variant, its arguments, the discriminator, batch size, both learning rates, steps, what its
# generator has learned before (by maximum likelihood to convergence, for one epoch of 10,000 sequences, or nothing),
# and the norm that gradients are clipped to, if they are.
GAMES = {
    "seqgan": (
        SeqGAN,
        {"reward": {"kind": "discriminator", "form": "jensen_shannon"}, "head_start": 100},
        CNN, 256, (3e-3, 1e-3), 500, "converged",
    ),
    "seqgan-probability": (
        SeqGAN,
        {"reward": {"kind": "discriminator", "form": "probability"}, "head_start": 100},
        CNN, 256, (3e-3, 1e-3), 500, "converged",
    ),
    # In expectation the gradient of a constant reward is zero, but not that of single sequences clipped to one norm:
    # rare sequences have longer gradients and lose more of them, so the generator drifts to what is frequent.
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
        RELAXED | {"loss": "minimax", "blended": False},
        CNN | {"filters": 128, "representations": 1}, 512, (3e-3, 1e-3), 600, "converged",
    ),
    "scratchgan": (
        ScratchGAN,
        {"n_critic": 1},
        {"network": "recurrent", "units": 64, "dropout": 0.0}, 512, (5e-3, 3e-3), 1000, "nothing",
    ),
    "maligan": (
        MaliGAN,
        {"most_real": 0.999, "n_critic": 2, "head_start": 50},
        CNN, 1024, (3e-3, 1e-3), 600, "one epoch",
    ),
}  # fmt: skip
HALF_LIFE = 50.0


def main():
    """Trains, judges and writes what is missing."""
    run_games(__doc__, FOLDER, GAMES, measure)


def measure(name, seed, options):
    """Measures one game with one seed, unless its JSON is there."""
    path = options.results / f"{name}-seed{seed}.json"
    cls, arguments, discriminator, batch_size, rates, steps, start, *clipped = GAMES[name]
    told = {
        "variant": cls.__name__, **arguments, "discriminator": {k: str(v) for k, v in discriminator.items()},
        "batch_size": batch_size, "learning_rates": list(rates), "steps": steps, "start": start,
        **({"clipnorm": clipped[0]} if clipped else {}),
    }  # fmt: skip
    if measured(path, told):
        return
    source = load("oracle:markov", seed=seed)
    exact, begun = Exact(source.oracle), time.perf_counter()
    model = cls.create(
        source.shape, CHAIN, discriminator, seed=seed, average_half_life=HALF_LIFE, **arguments,
        **cls.source_facts(source),
    )  # fmt: skip
    learned = cls.create(source.shape, CHAIN, discriminator, seed=seed, **cls.source_facts(source))
    likelihood(learned.generator, source, "converged")
    likely = exact.table(learned.generator)
    likelihood(model.generator, source, start)
    model.restart_average()
    first = exact.scores(exact.table(model.averaged_generator))
    clip = {"global_clipnorm": clipped[0]} if clipped else {}
    model.compile(*(keras.optimizers.Adam(rate, beta_1=0.5, **clip) for rate in rates))
    decay_linearly(model.generator_optimizer, steps, 0.5)
    model.fit(source, batch_size=batch_size, steps_per_epoch=steps, verbose=0)
    numbers = {
        "likelihood": exact.scores(likely),
        "best_temperature": exact.best_temperature(likely),
        "optimum": exact.optimum(likely),
        "start": first,
        "last": exact.scores(exact.table(model.averaged_generator)),
    }
    gap = numbers["likelihood"]["js"] - numbers["optimum"]["js"]
    numbers["closed"] = (numbers["likelihood"]["js"] - numbers["last"]["js"]) / gap
    save_record(
        path,
        {
            "variant": name,
            "seed": seed,
            "command": f"python benchmarks/text_exact.py --games {name} --seeds {seed}",
            "recipe": told,
            "seconds": round(time.perf_counter() - begun),
        },
        numbers,
    )
    print(f"{path.name}: JS {numbers['last']['js']:.4f}, {numbers['closed']:.0%} of the gap closed", flush=True)


def likelihood(generator, source, start):
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
