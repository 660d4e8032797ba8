"""Reads and joins TFLite files by their schema.

A file with a `sample` signature is made of two conversions: seeds to latents in exact integer and float operations, and
latents to samples in any precision. Converting both at once would quantise the random numbers, and would store the
weights once for each signature.
"""

from collections import Counter

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

IDENTIFIER = b"TFL3"


def read(content):
    """Parses a file's bytes into a `schema.ModelT`."""
    return schema.ModelT.InitFromPackedBuf(bytearray(content), 0)


def write(model):
    """Packs a `schema.ModelT` into a file's bytes."""
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def operations(model):
    """Returns a Counter of the operations of a model; Flex and custom ones have their own names."""
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    used = Counter()
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
            custom = builtin == schema.BuiltinOperator.CUSTOM
            used[code.customCode.decode() if custom else names[builtin]] += 1
    return used


def add_sampling(network, latents, sample):
    """Gives a network's file a second signature that begins with seeds.

    The second subgraph runs the operators of `latents` and then those of `network`, whose weights it shares.

    Args:
        network: `schema.ModelT` with one subgraph and one signature, which takes `latents`; changed in place.
        latents: `schema.ModelT` with one subgraph, seeds -> latents in float32.
        sample: name of the new signature.

    Returns:
        The network.
    """
    main, prelude = network.subgraphs[0], latents.subgraphs[0]
    (serving,) = network.signatureDefs
    # The converter orders inputs as it likes; their names are the signature's.
    inputs = {entry.name.decode(): entry.tensorIndex for entry in serving.inputs}
    entrance = inputs.pop("latents")
    _raise_runtime(network, latents)
    codes, buffers = len(network.operatorCodes), len(network.buffers)
    network.operatorCodes += latents.operatorCodes
    network.buffers += latents.buffers
    for tensor in prelude.tensors:
        tensor.buffer += buffers
    for operator in prelude.operators:
        operator.opcodeIndex += codes
    first, drawn = len(prelude.tensors), int(prelude.outputs[0])
    # Tensors of the new graph are those of both, the network's behind the others; its latents are what was drawn.
    bridge = []
    moved = {index: index + first if index >= 0 else index for index in range(-1, len(main.tensors))}
    if main.tensors[entrance].type == schema.TensorType.INT8:
        bridge = [_quantise(network, drawn, moved[entrance])]
    else:
        moved[entrance] = drawn

    def renumbered(indices):
        return np.array([moved[int(index)] for index in indices], np.int32)

    graph = schema.SubGraphT()
    graph.name = sample.encode()
    # The schema's objects are plain: tensors of the new graph share the first one's buffers and options.
    graph.tensors = [*prelude.tensors, *main.tensors]
    graph.operators = [*prelude.operators, *bridge, *(_copied(operator, renumbered) for operator in main.operators)]
    asked = {"seeds": int(prelude.inputs[0])} | {name: moved[index] for name, index in inputs.items()}
    given = {entry.name.decode(): moved[entry.tensorIndex] for entry in serving.outputs}
    graph.inputs = np.array(list(asked.values()), np.int32)
    graph.outputs = np.array(list(given.values()), np.int32)
    network.subgraphs.append(graph)
    network.signatureDefs.append(_signature(sample, len(network.subgraphs) - 1, asked, given))
    return network


def add_alias(network, name, alias):
    """Gives a signature of a file a second name, the first in the file's order; nothing is stored twice.

    Args:
        network: `schema.ModelT`; changed in place.
        name: str, of a signature.
        alias: str.
    """
    (known,) = (each for each in network.signatureDefs if each.signatureKey == name.encode())
    copy = schema.SignatureDefT()
    copy.__dict__.update(known.__dict__)
    copy.signatureKey = alias.encode()
    network.signatureDefs.insert(0, copy)


def _raise_runtime(network, latents):
    """Lets the network's file name the newer of both runtimes: devices read there whether they can run it."""
    held = [
        next(model.buffers[entry.buffer] for entry in model.metadata if entry.name == b"min_runtime_version")
        for model in (network, latents)
    ]
    held[0].data = max((buffer.data for buffer in held), key=_version)


def _version(data):
    return [int(part) for part in bytes(data).rstrip(b"\0").split(b".")]


def _copied(operator, renumbered):
    copy = schema.OperatorT()
    copy.__dict__.update(operator.__dict__)
    copy.inputs, copy.outputs = renumbered(operator.inputs), renumbered(operator.outputs)
    return copy


def _quantise(network, source, target):
    code = schema.OperatorCodeT()
    code.deprecatedBuiltinCode = code.builtinCode = schema.BuiltinOperator.QUANTIZE
    code.version = 1
    network.operatorCodes.append(code)
    operator = schema.OperatorT()
    operator.opcodeIndex = len(network.operatorCodes) - 1
    operator.inputs, operator.outputs = np.array([source], np.int32), np.array([target], np.int32)
    return operator


def _signature(key, subgraph, inputs, outputs):
    definition = schema.SignatureDefT()
    definition.signatureKey = key.encode()
    definition.subgraphIndex = subgraph
    definition.inputs = [_entry(name, index) for name, index in inputs.items()]
    definition.outputs = [_entry(name, index) for name, index in outputs.items()]
    return definition


def _entry(name, index):
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name.encode(), int(index)
    return entry
