"""Claim 2, dropped modes: how many modes of a mixture does each game find after equal generator updates?

    python benchmarks/lecture/modes.py

The 25-point grid and the 8-point ring, each mode a Gaussian of standard deviation 0.02. Every model is made by
`create`, trained by `fit` and sampled by `generate` (the averaged generator, on seeds that training never draws);
networks, optimisers, batch, latents and generator updates are the same for all.

A critic gets five updates for each of the generator's, a discriminator one, as in their papers. So that the game is
not confused with the number of updates, `non_saturating_5` is the non-saturating GAN with five.

The setting was chosen once, on the grid with seed 7, which is not among the reported ones. Of RMSprop 5e-4 with clip
0.1, Adam 1e-3 with clip 0.1 and Adam 5e-4 with clip 0.2, only the first learned as a WGAN (0.20, 0.05 and 0.06 of high
quality after 3,000 updates). For the non-saturating GAN, RMSprop 5e-4, Adam 1e-3 and Adam 3e-4 differ little (0.09,
0.07, 0.07), so all games use RMSprop 5e-4.

On 10,000 samples, after Srivastava et al. 2017 (VEEGAN, arXiv:1705.07761):

- a sample is of high quality if it lies within 3 standard deviations of the nearest centre (0.989 of the data do);
- a mode is covered if it is nearest to at least 20 samples of high quality. VEEGAN asks for a single one,
  which a stray between two modes can meet; 20 is a twentieth of a fair share on the grid. Even so the count means
  nothing alone: points spread evenly over the grid's square would put 28 near every centre, with 0.07 of high quality;
- KL is the divergence, in nats, of the histogram of the high-quality samples over the modes from the uniform one.

The variant `data` measures fresh draws of the mixture itself: what a perfect generator would score.
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from ganzoo.training import load
from ganzoo.training.data.mixture import load_mixture
from ganzoo.zoo import GAN, WGAN
from results import Record, options

LAYOUTS = ("grid", "ring")
SAMPLES, ENOUGH = 10_000, 20
SAMPLING_SEED = 1_000_000
NETWORK = {"network": "mlp", "width": 64}
COMMON = {
    "latent_dim": 2,
    "batch_size": 128,
    "generator": NETWORK,
    "discriminator": NETWORK,
    "optimizer": "rmsprop",
    "learning_rate": 5e-4,
}
SETTINGS = {
    "data": {},
    "minimax": COMMON | {"loss": "minimax", "n_critic": 1},
    "non_saturating": COMMON | {"loss": "non_saturating", "n_critic": 1},
    "non_saturating_5": COMMON | {"loss": "non_saturating", "n_critic": 5},
    "wgan": COMMON | {"clip": 0.1, "n_critic": 5},
}


def build(settings, seed):
    passed = ("latent_dim", "generator", "discriminator", "n_critic", "loss", "clip")
    arguments = {name: settings[name] for name in passed if name in settings}
    model = (WGAN if "clip" in settings else GAN).create((2,), **arguments, seed=seed)
    optimizers = [keras.optimizers.RMSprop(settings["learning_rate"]) for _ in range(2)]
    model.compile(*optimizers, steps_per_execution=50)
    return model


def score(samples, centres, std):
    """Returns the numbers of the docstring for samples (num, 2)."""
    distances = np.linalg.norm(samples[:, np.newaxis] - centres, axis=2)
    good = distances.min(axis=1) <= 3 * std
    counts = np.bincount(distances.argmin(axis=1)[good], minlength=len(centres))
    shares = counts[counts > 0] / max(1, counts.sum())
    return {
        "modes": int((counts >= ENOUGH).sum()),
        "modes_of": len(centres),
        "high_quality": float(good.mean()),
        # Undefined where no sample is of high quality.
        "kl": float((shares * np.log(shares * len(centres))).sum()) if len(shares) else None,
        "counts": counts.tolist(),
    }


def some(samples):
    """Returns [x, y] of the first thousand samples, for a picture."""
    return samples[:1000].T.astype(float).round(3).tolist()


def measure(settings, layout, steps, seed):
    source = load(f"mixture:{layout}")
    facts = source.facts
    if not settings:
        samples = load_mixture(layout, count=2 * SAMPLES, seed=SAMPLING_SEED + seed).samples[:SAMPLES]
        return score(samples, **facts) | {"points": some(samples)}
    keras.utils.set_random_seed(seed)
    model = build(settings, seed)
    history = []
    for _ in range(10):
        model.fit(source, batch_size=settings["batch_size"], steps_per_epoch=steps // 10, verbose=0)
        numbers = score(model.generate(SAMPLES, seed=SAMPLING_SEED, batch_size=1000), **facts)
        history.append({name: numbers[name] for name in ("modes", "high_quality")} | {"steps": model.steps_done})
    samples = model.generate(SAMPLES, seed=SAMPLING_SEED, batch_size=1000)
    return score(samples, **facts) | {"history": history, "points": some(samples)}


def main():
    chosen = options(__doc__, steps=4000)
    if chosen.steps % 500:
        raise SystemExit(f"--steps: received {chosen.steps}, expected a multiple of 500")
    for seed in chosen.seeds:
        for layout in LAYOUTS:
            for variant, settings in SETTINGS.items():
                fixed = settings | {"samples": SAMPLES, "enough": ENOUGH}
                record = Record(chosen.results, "modes", variant, layout, seed, {"steps": chosen.steps}, fixed)
                if record.missing():
                    start = time.perf_counter()
                    numbers = measure(settings, layout, chosen.steps, seed)
                    record.write(numbers, time.perf_counter() - start)


if __name__ == "__main__":
    main()
