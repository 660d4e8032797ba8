"""Reads what Keras wrote about a model's objects, to find those that a `.keras` file cannot be loaded with."""

import inspect
import json
import warnings
import zipfile

import keras

LAMBDA = "__lambda__"
DECORATOR = '`@keras.saving.register_keras_serializable("my_networks")`'
SHOWN_CHARACTERS = 200


def unloadable_object(config):
    """Returns why an object of a config cannot be loaded again and how to fix it, in one line; or None.

    When to use it: before a model is trained, and after Keras refused a model, to name the layer.

    Args:
        config: nested dict as `keras.saving.serialize_keras_object` returns it.

    Example:

    >>> unloadable_object(keras.saving.serialize_keras_object(keras.layers.Dense(4, activation="relu")))
    """
    return next(_unloadable(config, None), None)


def unloadable_in_file(path):
    """Returns why an object of a `.keras` file cannot be loaded, as `unloadable_object`, or None.

    Args:
        path: str or path; None is returned for a file of another kind.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return unloadable_object(json.loads(archive.read("config.json")))
    except (OSError, ValueError, LookupError, zipfile.BadZipFile):
        return None


def is_foreign(config):
    """Returns whether a config holds objects that neither Keras nor ganzoo defines.

    Args:
        config: nested dict as `keras.saving.serialize_keras_object` returns it.
    """
    if isinstance(config, (list, tuple)):
        return any(map(is_foreign, config))
    if not isinstance(config, dict):
        return False
    registered, module = config.get("registered_name"), config.get("module") or ""
    foreign = registered is not None and not registered.startswith("ganzoo>") and not module.startswith("keras")
    return foreign or any(map(is_foreign, config.values()))


def first_sentence(error):
    """Returns an exception's message in one line of at most 200 characters, without the configs that Keras appends."""
    text = " ".join(str(error).split()) or type(error).__name__
    for appended in (" Full object config:", "config={", " Example:", " Arguments received by"):
        text = text.partition(appended)[0].strip()
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."


def describe_network_failure(network, error):
    """Returns why a network cannot be copied or saved, in one line that names the layer if it is known.

    Args:
        network: `keras.Model`.
        error: the exception that Keras raised.
    """
    unknown = f"{type(network).__name__} {network.name!r} cannot be saved and loaded again: {first_sentence(error)}"
    return failing_layer(network) or unknown


def failing_layer(network):
    """Returns why a layer of a network cannot be built from its own config, in one line, or None if all can."""
    with warnings.catch_warnings():
        # Keras warns of what is refused here.
        warnings.simplefilter("ignore")
        return next(filter(None, (_layer_failure(layer) for layer in saved_layers(network))), None)


def saved_layers(network):
    """Yields the layers that the file of a network describes one by one; a custom layer describes its own."""
    if isinstance(network, keras.Model) and not is_custom(type(network)):
        for layer in network.layers:
            yield from saved_layers(layer)
    else:
        yield network


def _layer_failure(layer):
    """Returns why a layer cannot be built from its own config, or None."""
    try:
        config = layer.get_config()
    except Exception as error:  # noqa: BLE001  A user's `get_config` may raise anything.
        return f"layer {layer.name!r}: get_config of {type(layer).__name__} fails: {first_sentence(error)}"
    reason = unloadable_object({"class_name": None, "config": config})
    if reason is not None:
        return reason
    try:
        type(layer).from_config(config)
    except Exception as error:  # noqa: BLE001  Likewise, any constructor.
        return (
            f"layer {layer.name!r}: {type(layer).__name__} cannot be built from its get_config "
            f"({first_sentence(_innermost(error))}), expected {constructor_arguments(type(layer))} in its result"
        )
    return None


def constructor_arguments(cls):
    """Returns the names of the arguments that a class's own constructor takes, as a list of str."""
    parameters = inspect.signature(cls.__init__).parameters.values()
    return [p.name for p in parameters if p.name != "self" and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def is_custom(cls):
    """Returns whether a class is neither of Keras nor of ganzoo."""
    return cls.__module__.partition(".")[0] not in ("keras", "ganzoo")


def _innermost(error):
    return _innermost(error.__cause__ or error.__context__) if error.__cause__ or error.__context__ else error


def _unloadable(node, owner):
    """Yields the reasons in a config, depth first; `owner` is the name of the closest enclosing layer."""
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from _unloadable(item, owner)
    if not isinstance(node, dict):
        return
    owner = _layer_name(node) or owner
    reason = _reason(node, owner)
    if reason is not None:
        yield reason
    for value in node.values():
        yield from _unloadable(value, owner)


def _layer_name(node):
    """Returns the name of the layer that a config describes, or None for other objects."""
    config = node.get("config")
    if isinstance(config, dict) and "trainable" in config:
        return node.get("name") or config.get("name")
    return node.get("name") if "inbound_nodes" in node else None


def _reason(node, owner):
    class_name, module = node.get("class_name"), node.get("module")
    where = f"layer {owner!r}: " if owner else ""
    if class_name == LAMBDA or _is_dumped_code(node):
        return (
            f"{where}received a lambda, which Keras does not load from a file, expected a function or a layer class "
            f"of a module, decorated with {DECORATOR}"
        )
    if not isinstance(class_name, str) or "registered_name" not in node or _is_found(node):
        return None
    kind, name = ("function", node["config"]) if class_name == "function" else ("class", class_name)
    origin = f" of the module {module}" if module not in (None, "builtins") else ""
    return (
        f"{where}the {kind} {str(name).rpartition('>')[2]}{origin} is not registered with Keras, so that the model "
        f"could not be loaded from its file: decorate it with {DECORATOR} in a module that the networks' module "
        "imports"
    )


def _is_dumped_code(node):
    """Returns whether a config is the code of a lambda, as Keras writes the activation of a layer."""
    value = node.get("value")
    return set(node) == {"value"} and isinstance(value, (list, tuple)) and len(value) == 3 and isinstance(value[0], str)


def _is_found(node):
    """Returns whether Keras finds the class or function of a config: a registered one or its own."""
    if node["class_name"] == "function":
        try:
            return keras.saving.deserialize_keras_object(node) is not None
        except (TypeError, ValueError):
            return False
    module = node.get("module") or ""
    if module.partition(".")[0] == "keras" or node["class_name"] == "__typespec__":
        return True
    return keras.saving.get_registered_object(node["registered_name"]) is not None
