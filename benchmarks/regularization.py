"""Discriminators that are kept smooth in different ways, on Fashion-MNIST at equal kimg.

    python benchmarks/regularization.py --data DIR --work DIR

Batch normalization alone, gradient penalty, spectral normalization, R1, and the relativistic loss with R1 and R2. DIR
of `--data` holds the four IDX files of Fashion-MNIST. Writes one JSON record per (configuration, seed); existing
records are skipped, so an interrupted benchmark can be restarted.
"""

import functools
from pathlib import Path

from fashion_mnist import ARGUMENTS, measure
from support.records import run_configurations

FOLDER = Path(__file__).parent / "results" / "regularization"
PLAIN = 'model.discriminator={network="dcgan", width=32, normalization="none"}'
# Lazy penalties: once in four steps.
R1 = '{name="r1", weight=%s, every=4}'
R2 = '{name="r2", weight=%s, every=4}'
RATES = [
    f"optimizers.{network}.{name}={value}"
    for network in ("generator", "discriminator")
    for name, value in (("learning_rate", 1.6e-3), ("beta_1", 0.0), ("beta_2", 0.99))
]
PROJECTION = 'model.discriminator={network="projection_dcgan", width=32, normalization="%s", pooling="%s"}'
CONFIGURATIONS = {
    "gan": ("gan_fashion_mnist", []),
    "wgan_gp": ("wgan_gp_fashion_mnist", []),
    "sngan": ("sngan_fashion_mnist", []),
    "gan-r1": ("gan_fashion_mnist", [PLAIN, f"model.regularizers=[{R1 % 0.15}]", *RATES]),
    "gan-relativistic-r1-r2": (
        "gan_fashion_mnist",
        [PLAIN, 'model.loss="relativistic"', f"model.regularizers=[{R1 % 0.15}, {R2 % 0.15}]", *RATES],
    ),
    # The projection discriminator: which layers are normalized, and how features are pooled.
    **{
        f"projection-{normalization}-{pooling}": (
            "projection_gan_fashion_mnist",
            [PROJECTION % (normalization, pooling)],
        )
        for normalization in ("spectral_convolutions", "spectral")
        for pooling in ("flat", "sum")
    },
}


def main():
    """Trains, evaluates and records what is missing."""
    measured = functools.partial(measure, configurations=CONFIGURATIONS, script="regularization")
    run_configurations(__doc__, FOLDER, CONFIGURATIONS, measured, seeds="0", arguments=ARGUMENTS)


if __name__ == "__main__":
    main()
