"""GAN-train: what samples are worth as training data, for a classifier that is then asked about real images."""

from ..convnet import build_convnet, shuffled, train_convnet
from ..trained import TrainedExtractor, accuracy
from . import NotComputableError, Result, require_labels

NEEDS_LABELS = True
RESULTS = {
    "gan_train": Result("higher", "held-out accuracy of a classifier that learned from the samples and their labels"),
}


def measure(comparison):
    """Returns the accuracy (Shmelkov et al. 2018, "How good is my GAN?", arXiv:1807.09499).

    The ceiling beside it is that of a classifier that learned from as many real training images.

    Raises:
        NotComputableError: samples without labels, or no labelled held-out images.
    """
    labels, names = require_labels(comparison)
    held_out = comparison.reference.held_out
    if held_out is None or held_out.labels is None:
        raise NotComputableError("there are no labelled held-out images to ask about")
    if not comparison.reference.source.is_image:
        raise NotComputableError("points have no classifier")
    lesson = comparison.fake
    if lesson.samples is held_out.samples:
        lesson = comparison.real
        labels = lesson.labels

    def batches(epoch, batch_size):
        for rows in shuffled(len(lesson), epoch, min(batch_size, len(lesson))):
            yield lesson.samples[rows], {"label": labels[rows]}

    pupil = build_convnet(lesson.samples.shape[1:], {"label": len(names)})
    train_convnet(pupil, batches, len(lesson))
    logits = TrainedExtractor("pupil", pupil, {"label": names}, {}, "").embed(held_out.samples).logits["label"]
    return {"gan_train": accuracy(logits, held_out.labels)}
