"""What makes the state of a model good enough to be saved: finite numbers within reason."""

import numpy as np

from ...zoo.core.keras_internals import layers_of, own_weights_of

# Trained weights, moving statistics and stored images lie many orders of magnitude below this limit. Above it, the
# products of two layers and of their gradients soon leave the range of float32, which ends at 3e38.
MAX_WEIGHT = 1e12
# Optimizers store squares of gradients.
MAX_SLOT = MAX_WEIGHT**2
# In a layer that computes in float16, a larger weight becomes infinite.
MAX_FLOAT16 = 65504.0
# Loss scales double for as long as all gradients are finite, up to the end of the range, and halve otherwise: one below
# the smallest number of float16 has met nothing but infinite gradients.
MIN_LOSS_SCALE = 2.0**-24


def broken_state(model):
    """Returns which number of a model's state is not good and why, in one line, or None if all are.

    All weights (of the networks, their averages, moving statistics, image pools, rewards) and the variables of both
    optimizers (slots, loss scale, learning rate) must be finite and within reason: weights at most 1e12 in magnitude,
    65504 where a layer computes in float16, variables of optimizers at most 1e24. Counters must not be negative.

    Args:
        model: compiled model of the zoo.
    """
    limits = _float16_limits(model)
    checks = [("weight", weight, limits.get(id(weight), MAX_WEIGHT)) for weight in model.weights]
    for role in ("generator", "discriminator"):
        optimizer = getattr(model, f"{role}_optimizer", None)
        for variable in [] if optimizer is None else optimizer.variables:
            checks.append((f"variable of the {role} optimizer", variable, MAX_SLOT))
    return next(filter(None, (_broken(*check) for check in checks)), None)


def _float16_limits(model):
    layers = [layer for layer in layers_of(model) if layer.compute_dtype == "float16"]
    return {id(weight): MAX_FLOAT16 for layer in layers for weight in own_weights_of(layer)}


def _broken(kind, variable, limit):
    values = variable.numpy()
    if not values.size or values.dtype.kind in "bOSU":
        return None
    title = f"{kind} {variable.path!r}"
    if values.dtype.kind in "iu":
        return f"{title} is {values}, expected no negative count" if values.ndim == 0 and values < 0 else None
    # A NaN makes both NaN. Types that numpy does not know, such as bfloat16, are converted.
    low, high = (float(edge) for edge in (values.min(), values.max()))
    largest = high if high > -low else low
    if not np.isfinite([low, high]).all():
        return f"{title} is NaN or infinite"
    if variable.name == "dynamic_scale":
        return None if low >= MIN_LOSS_SCALE else f"{title} is {low:.3g}: all gradients were infinite"
    if not -limit <= low <= high <= limit:
        return f"{title} reached {largest:.3g}, expected at most {limit:.3g} in magnitude: training diverged"
    return None
