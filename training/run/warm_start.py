"""Initial weights from another run."""

import keras

from ...zoo.errors import ArgumentError
from .run_dir import load_run

# What must match for two models of a family to have networks of the same shapes.
SHAPE_SETTINGS = {
    "image": "networks, resolution and latent_dim",
    "translation": "networks, resolution and latent_dim",
    "text": "networks and data",
}


def warm_start_from(model, init_from):
    """Copies the weights of another run's networks and averages into a model.

    When to use it: to train further with another objective, reward or optimizer. Optimizer states and the step are not
    copied.

    Args:
        model: `ImageGAN`, `ImageTranslationGAN` or `TextGAN`; modified in place.
        init_from: str or path of a run directory, or a `RunDir`.

    Raises:
        UserError: no run, or a run with other networks or another vocabulary.
    """
    other = load_run(init_from)
    if _vocabulary_words(model) != _vocabulary_words(other):
        raise ArgumentError(
            f"--init-from: received {init_from} with another vocabulary, expected the same words: use the same data"
        )
    networks, other_networks = _networks(model), _networks(other)
    if set(networks) != set(other_networks):
        raise ArgumentError(
            f"--init-from: received {init_from} of {type(other).__name__} with networks {list(other_networks)}, "
            f"expected {list(networks)}: choose a run of {type(model).__name__}"
        )
    for role, network in networks.items():
        expected, received = ([tuple(w.shape) for w in each.weights] for each in (network, other_networks[role]))
        if received != expected:
            raise ArgumentError(
                f"--init-from: received {init_from} whose {role} has weights {received}, expected {expected}: "
                f"use the same {SHAPE_SETTINGS[model.data_family]}"
            )
        network.set_weights(other_networks[role].get_weights())


def _vocabulary_words(model):
    """Returns the words that a model reads or writes and how texts are split into them, or None."""
    vocabulary = getattr(model, "vocabulary", None)
    return vocabulary and (vocabulary.words, vocabulary.tokenizer)


def _networks(model):
    """Returns all networks of a model by name, averages included, rewards excluded."""
    parts = {role: getattr(model, role) for role in model.network_roles}
    networks = {role: part for role, part in parts.items() if isinstance(part, keras.Model)}
    roles = {id(network): role for role, network in networks.items()}
    averages = {f"averaged {roles[id(network)]}": average for average, network in model.ema_networks()}
    return networks | averages
