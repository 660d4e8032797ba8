"""Adversarial losses as pure functions on logits.

Conventions: `real_logits` and `fake_logits` have shape (batch, 1), or (batch, height, width, 1) for a patch
discriminator. Every loss is a float32 scalar, the mean over all logits, to be minimized. Logits are unbounded, never
probabilities: log D(x) = -softplus(-logit) and log(1 - D(x)) = -softplus(logit) do not lose precision at any magnitude.
"""

import keras
from keras import ops


class AdversarialLoss:
    """Base class: the losses of the discriminator and the generator.

    Attributes:
        decision_threshold: float or None, the logit at which real and fake are equally likely; None if the
            discriminator is not a classifier.
        supports_label_smoothing: bool, whether one-sided label smoothing of real targets is defined.
        is_relativistic: bool, whether the generator loss compares fake logits with real ones. Otherwise it is called
            with None in their place, and the discriminator is not evaluated on real samples.
        logits_metric: str, the name of the logged metric of the logits.
    """

    decision_threshold = 0.0
    supports_label_smoothing = False
    is_relativistic = False
    logits_metric = "d_accuracy"

    def discriminator_loss(self, real_logits, fake_logits, label_smoothing=0.0):
        """Returns the discriminator loss."""
        raise NotImplementedError

    def fake_loss(self, fake_logits):
        """Returns the term of the discriminator loss for fake logits."""
        raise NotImplementedError

    def generator_loss(self, real_logits, fake_logits):
        """Returns the generator loss; `real_logits` is None unless the loss is relativistic."""
        raise NotImplementedError

    def compute_metric(self, real_logits, fake_logits):
        """Returns the logged metric of the logits: the discriminator's accuracy over real and fake logits."""
        return discriminator_accuracy(real_logits, fake_logits, self.decision_threshold)


class Minimax(AdversarialLoss):
    """The original minimax objective: min over G, max over D of E[log D(x)] + E[log(1 - D(G(z)))].

    Both networks share one value function, so the generator gradient vanishes where the discriminator is confident.

    Paper: Goodfellow et al. 2014 (arXiv:1406.2661), equation 1; one-sided smoothing: Salimans et al. 2016
    (arXiv:1606.03498), section 3.4.
    """

    supports_label_smoothing = True

    def discriminator_loss(self, real_logits, fake_logits, label_smoothing=0.0):
        """-E[(1-s) log D(x) + s log(1 - D(x))] - E[log(1 - D(G(z)))], with label smoothing s."""
        real = (1.0 - label_smoothing) * ops.softplus(-real_logits) + label_smoothing * ops.softplus(real_logits)
        return ops.mean(real) + self.fake_loss(fake_logits)

    def fake_loss(self, fake_logits):
        """-E[log(1 - D(G(z)))]."""
        return ops.mean(ops.softplus(fake_logits))

    def generator_loss(self, real_logits, fake_logits):
        """E[log(1 - D(G(z)))]."""
        return -ops.mean(ops.softplus(fake_logits))


class NonSaturating(Minimax):
    """The discriminator loss of `Minimax`; the generator maximizes E[log D(G(z))].

    Paper: Goodfellow et al. 2014 (arXiv:1406.2661), section 3, last paragraph.
    """

    def generator_loss(self, real_logits, fake_logits):
        """-E[log D(G(z))]."""
        return ops.mean(ops.softplus(-fake_logits))


class LeastSquares(AdversarialLoss):
    """Least-squares regression of the logits to 1 for real and 0 for fake.

    Paper: Mao et al. 2017 (arXiv:1611.04076), equation 9 with a = 0, b = c = 1.
    """

    decision_threshold = 0.5
    supports_label_smoothing = True

    def discriminator_loss(self, real_logits, fake_logits, label_smoothing=0.0):
        """1/2 E[(D(x) - (1-s))^2] + 1/2 E[D(G(z))^2]."""
        real = ops.mean(ops.square(real_logits - (1.0 - label_smoothing)))
        return 0.5 * real + self.fake_loss(fake_logits)

    def fake_loss(self, fake_logits):
        """1/2 E[D(G(z))^2]."""
        return 0.5 * ops.mean(ops.square(fake_logits))

    def generator_loss(self, real_logits, fake_logits):
        """1/2 E[(D(G(z)) - 1)^2]."""
        return 0.5 * ops.mean(ops.square(fake_logits - 1.0))


class Hinge(AdversarialLoss):
    """Hinge loss with a margin of 1.

    Paper: Lim and Ye 2017, "Geometric GAN" (arXiv:1705.02894); Miyato et al. 2018 (arXiv:1802.05957), equations 16-17.
    """

    def discriminator_loss(self, real_logits, fake_logits, label_smoothing=0.0):
        """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]."""
        return ops.mean(ops.relu(1.0 - real_logits)) + self.fake_loss(fake_logits)

    def fake_loss(self, fake_logits):
        """E[max(0, 1 + D(G(z)))]."""
        return ops.mean(ops.relu(1.0 + fake_logits))

    def generator_loss(self, real_logits, fake_logits):
        """-E[D(G(z))]."""
        return -ops.mean(fake_logits)


class Wasserstein(AdversarialLoss):
    """Wasserstein loss: the negative critic loss estimates the Wasserstein-1 distance up to a constant factor.

    Paper: Arjovsky et al. 2017 (arXiv:1701.07875), equation 2 and algorithm 1.
    """

    decision_threshold = None
    logits_metric = "wasserstein"

    def discriminator_loss(self, real_logits, fake_logits, label_smoothing=0.0):
        """-(E[D(x)] - E[D(G(z))])."""
        return self.fake_loss(fake_logits) - ops.mean(real_logits)

    def fake_loss(self, fake_logits):
        """E[D(G(z))]."""
        return ops.mean(fake_logits)

    def generator_loss(self, real_logits, fake_logits):
        """-E[D(G(z))]."""
        return -ops.mean(fake_logits)

    def compute_metric(self, real_logits, fake_logits):
        """Returns the critic's estimate of the Wasserstein distance, in units of its Lipschitz constant."""
        return ops.mean(real_logits) - ops.mean(fake_logits)


class Relativistic(AdversarialLoss):
    """Relativistic pairing loss: the discriminator estimates how much more real a real sample is than a fake one.

    Row i of the real logits is paired with row i of the fake logits. Neither loss can be reduced by moving all logits
    alike, and the generator has to move real and fake logits past each other, so it cannot drop modes as easily.

    Paper: Jolicoeur-Martineau 2019, "The relativistic discriminator" (arXiv:1807.00734), equations 4 and 5 with the
    sigmoid; Huang et al. 2024, "The GAN is dead; long live the GAN!" (arXiv:2501.05441), equation 2.
    """

    is_relativistic = True

    def discriminator_loss(self, real_logits, fake_logits, label_smoothing=0.0):
        """-E[log sigmoid(D(x) - D(G(z)))]."""
        return ops.mean(ops.softplus(fake_logits - real_logits))

    def generator_loss(self, real_logits, fake_logits):
        """-E[log sigmoid(D(G(z)) - D(x))]."""
        return ops.mean(ops.softplus(real_logits - fake_logits))

    def compute_metric(self, real_logits, fake_logits):
        """Returns the share of pairs in which the real logit is the larger one."""
        return ops.mean(ops.cast(real_logits > fake_logits, "float32"))


LOSSES = {
    "minimax": Minimax(),
    "non_saturating": NonSaturating(),
    "least_squares": LeastSquares(),
    "hinge": Hinge(),
    "wasserstein": Wasserstein(),
    "relativistic": Relativistic(),
}


def discriminator_accuracy(real_logits, fake_logits, decision_threshold):
    """Returns the accuracy of a discriminator: the mean of the accuracies on real and on fake logits.

    Args:
        real_logits, fake_logits: float tensors of any shape.
        decision_threshold: float, of the loss; greater logits are classified as real.

    Returns:
        float32 scalar in [0, 1].
    """
    real_accuracy = ops.mean(ops.cast(real_logits > decision_threshold, "float32"))
    fake_accuracy = ops.mean(ops.cast(fake_logits < decision_threshold, "float32"))
    return 0.5 * (real_accuracy + fake_accuracy)


def layer_losses(network):
    """Returns the sum of the losses that a network's layers add, such as regularizers: float32 scalar, 0 if none."""
    return ops.cast(sum(network.losses), "float32") if network.losses else keras.ops.zeros(())
