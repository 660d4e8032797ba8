"""Adversarial losses as pure functions on logits.

Conventions: `real_logits` and `fake_logits` have shape (batch, 1), or (batch, height, width, 1) for a patch
discriminator; every function returns the mean as a float32 scalar that its owner minimises. Logits are unbounded
numbers, never probabilities: log D(x) = -softplus(-logit) and log(1 - D(x)) = -softplus(logit) are exact at any size.
"""

import keras
from keras import ops


class AdversarialLoss:
    """A pair of losses that two networks minimise against each other.

    Attributes:
        boundary: float or None, the logit at which the discriminator is undecided; None where it does not classify.
        smooths: bool, whether a one-sided smoothed target for real images has a meaning.
    """

    boundary = 0.0
    smooths = False

    def discriminator(self, real_logits, fake_logits, label_smoothing=0.0):
        """Returns the scalar that the discriminator minimises."""
        raise NotImplementedError

    def rejection(self, fake_logits):
        """Returns the discriminator's part about what it has to reject."""
        raise NotImplementedError

    def generator(self, fake_logits):
        """Returns the scalar that the generator minimises."""
        raise NotImplementedError


class Minimax(AdversarialLoss):
    """The original game: min over G, max over D of E[log D(x)] + E[log(1 - D(G(z)))].

    Both losses are of one value function, so the generator's gradient vanishes where the discriminator is sure.

    Paper: Goodfellow et al. 2014 (arXiv:1406.2661), equation 1; one-sided smoothing: Salimans et al. 2016
    (arXiv:1606.03498), section 3.4.
    """

    smooths = True

    def discriminator(self, real_logits, fake_logits, label_smoothing=0.0):
        """-E[(1-s) log D(x) + s log(1 - D(x))] - E[log(1 - D(G(z)))], with s the smoothing."""
        real = (1.0 - label_smoothing) * ops.softplus(-real_logits) + label_smoothing * ops.softplus(real_logits)
        return ops.mean(real) + self.rejection(fake_logits)

    def rejection(self, fake_logits):
        """-E[log(1 - D(G(z)))]."""
        return ops.mean(ops.softplus(fake_logits))

    def generator(self, fake_logits):
        """E[log(1 - D(G(z)))]."""
        return -ops.mean(ops.softplus(fake_logits))


class NonSaturating(Minimax):
    """The same discriminator; the generator maximises E[log D(G(z))] instead.

    Paper: Goodfellow et al. 2014 (arXiv:1406.2661), section 3, last paragraph.
    """

    def generator(self, fake_logits):
        """-E[log D(G(z))]."""
        return ops.mean(ops.softplus(-fake_logits))


class LeastSquares(AdversarialLoss):
    """Regression to 1 for real and 0 for fake.

    Paper: Mao et al. 2017 (arXiv:1611.04076), equation 9 with a = 0, b = c = 1.
    """

    boundary = 0.5
    smooths = True

    def discriminator(self, real_logits, fake_logits, label_smoothing=0.0):
        """1/2 E[(D(x) - (1-s))^2] + 1/2 E[D(G(z))^2]."""
        real = ops.mean(ops.square(real_logits - (1.0 - label_smoothing)))
        return 0.5 * real + self.rejection(fake_logits)

    def rejection(self, fake_logits):
        """1/2 E[D(G(z))^2]."""
        return 0.5 * ops.mean(ops.square(fake_logits))

    def generator(self, fake_logits):
        """1/2 E[(D(G(z)) - 1)^2]."""
        return 0.5 * ops.mean(ops.square(fake_logits - 1.0))


class Hinge(AdversarialLoss):
    """Margins of one on either side.

    Paper: Lim and Ye 2017, "Geometric GAN" (arXiv:1705.02894); Miyato et al. 2018 (arXiv:1802.05957), equations 16-17.
    """

    def discriminator(self, real_logits, fake_logits, label_smoothing=0.0):
        """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]."""
        return ops.mean(ops.relu(1.0 - real_logits)) + self.rejection(fake_logits)

    def rejection(self, fake_logits):
        """E[max(0, 1 + D(G(z)))]."""
        return ops.mean(ops.relu(1.0 + fake_logits))

    def generator(self, fake_logits):
        """-E[D(G(z))]."""
        return -ops.mean(fake_logits)


class Wasserstein(AdversarialLoss):
    """The critic's two expectations; -loss of the critic estimates the Wasserstein-1 distance up to a constant.

    Paper: Arjovsky et al. 2017 (arXiv:1701.07875), equation 2 and algorithm 1.
    """

    boundary = None

    def discriminator(self, real_logits, fake_logits, label_smoothing=0.0):
        """-(E[D(x)] - E[D(G(z))])."""
        return self.rejection(fake_logits) - ops.mean(real_logits)

    def rejection(self, fake_logits):
        """E[D(G(z))]."""
        return ops.mean(fake_logits)

    def generator(self, fake_logits):
        """-E[D(G(z))]."""
        return -ops.mean(fake_logits)


LOSSES = {
    "minimax": Minimax(),
    "non_saturating": NonSaturating(),
    "least_squares": LeastSquares(),
    "hinge": Hinge(),
    "wasserstein": Wasserstein(),
}


def accuracy(real_logits, fake_logits, boundary):
    """The share of real logits above and fake logits below the boundary: a scalar in [0, 1], 0.5 when undecided."""
    real = ops.mean(ops.cast(real_logits > boundary, "float32"))
    fake = ops.mean(ops.cast(fake_logits < boundary, "float32"))
    return 0.5 * (real + fake)


def regularisation(network):
    """The sum of a network's own regularisers as a float32 scalar, 0 where it has none."""
    return ops.cast(sum(network.losses), "float32") if network.losses else keras.ops.zeros(())
