"""The private parts of Keras and TensorFlow that ganzoo depends on, each with the reason."""


def seed_generators_of(network):
    """Returns the seed generators of a network's layers, such as those of dropout, in the order of the layers.

    Keras does not save their counters, and has no public way to them.
    """
    return [generator for layer in network._flatten_layers() for generator in layer._seed_generators]
