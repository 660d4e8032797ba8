"""GAN-train: the value of samples as training data, as the accuracy of a classifier on held-out real images."""

from ...features.convnet import build_convnet, shuffled_batches, train_convnet
from ...features.trained_extractor import TrainedExtractor, accuracy
from . import Count, NotComputableError, Result, count_samples, require_labels

NEEDS_LABELS = True
RESULTS = {
    "gan_train": Result("higher", "held-out accuracy of a classifier trained on the samples and their labels"),
}


def measure(comparison):
    """Returns the accuracy (Shmelkov et al. 2018, "How good is my GAN?", arXiv:1807.09499).

    The held-out baseline is a classifier trained on the same number of real training images.

    Raises:
        NotComputableError: samples without labels, or no labeled held-out images.
    """
    labels, names = require_labels(comparison)
    held_out = comparison.reference.held_out
    if held_out is None or held_out.labels is None:
        raise NotComputableError("there are no labeled held-out images to test the classifier on")
    if not comparison.reference.source.is_image:
        raise NotComputableError("points have no classifier")
    training = comparison.fake
    # The baseline must not be trained on the images that it is tested on.
    if training.samples is held_out.samples:
        training = comparison.real
        labels = training.labels

    def batches(epoch, batch_size):
        for rows in shuffled_batches(len(training), epoch, min(batch_size, len(training))):
            yield training.samples[rows], {"label": labels[rows]}

    classifier = build_convnet(training.samples.shape[1:], {"label": len(names)})
    train_convnet(classifier, batches, len(training))
    extractor = TrainedExtractor("gan_train", classifier, {"label": names}, {}, "")
    return {"gan_train": accuracy(extractor.embed(held_out.samples).logits["label"], held_out.labels)}


def counts(comparison):
    """Returns the number of samples that the classifier is trained on, and of images that it is tested on."""
    reference = comparison.reference
    tested = Count(len(reference.held_out_rows), len(reference.source.held_out))
    return count_samples(comparison) | {"held-out images": tested}
