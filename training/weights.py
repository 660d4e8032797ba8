"""Weights of another run, to begin with."""

import keras

from ..zoo.errors import ArgumentError
from .rundir import load_run


def take_weights(model, init_from):
    """Gives a model the weights of another run's networks and averages, in place.

    Args:
        model: `AdversarialModel`, `TranslationModel` or `TextModel`.
        init_from: str or path of a run folder.

    Raises:
        UserError: no run, or one of other networks or words.
    """
    other = load_run(init_from)
    if _words(model) != _words(other):
        raise ArgumentError(
            f"--init-from: received {init_from} with another vocabulary, expected the same words: use the same data"
        )
    mine, theirs = _networks(model), _networks(other)
    if set(mine) != set(theirs):
        raise ArgumentError(
            f"--init-from: received {init_from} of {type(other).__name__} with networks {list(theirs)}, expected "
            f"{list(mine)}: {type(model).__name__} has these"
        )
    for role, network in mine.items():
        shapes = [[tuple(weight.shape) for weight in each.weights] for each in (network, theirs[role])]
        if shapes[0] != shapes[1]:
            raise ArgumentError(
                f"--init-from: received {init_from} whose {role} has weights {shapes[1]}, expected {shapes[0]}: "
                "use the same networks" + (" and data" if hasattr(model, "texts") else ", resolution and latent_dim")
            )
        network.set_weights(theirs[role].get_weights())


def _words(model):
    """The words that a model reads or writes, or None."""
    vocabulary = getattr(model, "reader", None) or getattr(model, "vocabulary", None)
    return vocabulary and vocabulary.known


def _networks(model):
    """Every network of a model by name, averages too; a reward is none."""
    parts = {role: getattr(model, role) for role in model.network_roles}
    networks = {role: part for role, part in parts.items() if isinstance(part, keras.Model)}
    roles = {id(network): role for role, network in networks.items()}
    averages = {f"averaged {roles[id(network)]}": average for average, network in model.averaged_networks()}
    return networks | averages
