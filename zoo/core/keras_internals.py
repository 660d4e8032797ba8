"""The private parts of Keras and TensorFlow that ganzoo depends on, each with the reason.

Nothing else in the project uses a private name of Keras or TensorFlow; a test reads the sources. Each function is
tested on the installed versions, so that a new one that lacks a part fails there and not in a training.
"""

import tensorflow as tf

# Private methods of `keras.Model` that ganzoo overrides.
OVERRIDDEN = {
    "_maybe_symbolic_build": "Keras reads a batch there to build layers, which fails with several workers; it is also "
    "the only place where `fit` and `evaluate` hand out their epoch iterator before they use it",
}


def layers_of(network, include_self=True):
    """Returns a network and all layers inside it, at any depth; `layers` has those of the first level only."""
    return list(network._flatten_layers(include_self=include_self))


def own_weights_of(layer):
    """Returns the trainable weights that a layer made itself, not those of layers inside it."""
    return layer._trainable_variables


def seed_generators_of(network):
    """Returns the seed generators of a network's layers, such as those of dropout, in the order of the layers.

    Keras does not save their counters, and has no public way to them.
    """
    return [generator for layer in layers_of(network) for generator in layer._seed_generators]


def calls_of(network):
    """Returns the recorded calls (nodes) of a functional or sequential network, and the operations of its outputs.

    Export rewrites networks, and has to know which layer consumes whose output.
    """
    # A sequential network stores its graph in a functional one.
    function = getattr(network, "_functional", None) or network
    nodes = [node for level in getattr(function, "_nodes_by_depth", {}).values() for node in level]
    outputs = {tensor._keras_history.operation for tensor in tf.nest.flatten(function.outputs)} if nodes else set()
    return nodes, outputs


def learning_rate_of(optimizer):
    """Returns an optimizer's learning rate as it was set, a schedule or a variable; the public one is a number."""
    return getattr(optimizer, "inner_optimizer", optimizer)._learning_rate


def is_multi_worker(strategy=None):
    """Returns whether a strategy, by default the current one, has several workers.

    Keras reduces their logs over axis 0 and asks the strategy in this way.
    """
    return getattr((strategy or tf.distribute.get_strategy()).extended, "_in_multi_worker_mode", bool)()


def inputs_of_dataset(dataset):
    """Returns the datasets that a `tf.data.Dataset` is computed from: what was batched has a known number of rows."""
    return dataset._inputs()


def dataset_of(epoch_iterator):
    """Returns the dataset of Keras' epoch iterator, distributed over the replicas."""
    return epoch_iterator._get_iterator()


def replace_executions(epoch_iterator, executions):
    """Makes Keras' epoch iterator take the executions of an epoch from a generator function.

    It yields (first step, last step, iterator). Keras itself would end an iterator with each pass, which costs seconds.
    """
    epoch_iterator._enumerate_iterator = executions


def take_restored_epoch(model):
    """Returns the epoch that `BackupAndRestore` restored, or None, and forgets it: Keras would use it later on."""
    epoch, model._initial_epoch = model._initial_epoch, None
    return epoch


def restored_epoch(model):
    """Returns the epoch that `BackupAndRestore` restored, or None."""
    return model._initial_epoch
