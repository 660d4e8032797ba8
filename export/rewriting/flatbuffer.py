"""Reads, writes and merges TFLite files by their schema.

A file with a `sample` signature is merged from two conversions: seeds to latents in exact integer and float operations,
and latents to samples in any precision. A single conversion would quantize the random numbers, and would store the
weights once per signature.
"""

from collections import Counter

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

IDENTIFIER = b"TFL3"


def read(content):
    """Parses the bytes of a file into a `schema.ModelT`."""
    return schema.ModelT.InitFromPackedBuf(bytearray(content), 0)


def write(model):
    """Serializes a `schema.ModelT` into the bytes of a file."""
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def operations(model):
    """Returns a Counter of a model's operations; Flex and custom operations have their own names."""
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    counts = Counter()
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
            custom = builtin == schema.BuiltinOperator.CUSTOM
            counts[code.customCode.decode() if custom else names[builtin]] += 1
    return counts


def add_sampling(network, latents, sample):
    """Adds a signature that takes seeds to a network's file.

    Its subgraph runs the operators of `latents`, followed by those of `network`, whose weights it shares.

    Args:
        network: `schema.ModelT` with one subgraph and one signature, which takes `latents`; modified in place.
        latents: `schema.ModelT` with one subgraph, seeds -> latents in float32.
        sample: str, name of the new signature.

    Returns:
        The network.
    """
    main, prelude = network.subgraphs[0], latents.subgraphs[0]
    (serving,) = network.signatureDefs
    # The converter may reorder inputs, so they are identified by the signature's names.
    inputs = {entry.name.decode(): entry.tensorIndex for entry in serving.inputs}
    latents_input = inputs.pop("latents")
    _raise_min_runtime(network, latents)
    codes, buffers = len(network.operatorCodes), len(network.buffers)
    network.operatorCodes += latents.operatorCodes
    network.buffers += latents.buffers
    for tensor in prelude.tensors:
        tensor.buffer += buffers
    for operator in prelude.operators:
        operator.opcodeIndex += codes
    first, sampled = len(prelude.tensors), int(prelude.outputs[0])
    # The new subgraph has the tensors of both graphs, the network's last; its latents are those that were sampled.
    bridge = []
    new_index = {index: index + first if index >= 0 else index for index in range(-1, len(main.tensors))}
    if main.tensors[latents_input].type == schema.TensorType.INT8:
        bridge = [_quantize(network, sampled, new_index[latents_input])]
    else:
        new_index[latents_input] = sampled

    def renumber(indices):
        return np.array([new_index[int(index)] for index in indices], np.int32)

    graph = schema.SubGraphT()
    graph.name = sample.encode()
    # Schema objects are plain data: the new subgraph's tensors share buffers and options with the first one's.
    graph.tensors = [*prelude.tensors, *main.tensors]
    graph.operators = [*prelude.operators, *bridge, *(_renumbered(operator, renumber) for operator in main.operators)]
    inputs = {"seeds": int(prelude.inputs[0])} | {name: new_index[index] for name, index in inputs.items()}
    outputs = {entry.name.decode(): new_index[entry.tensorIndex] for entry in serving.outputs}
    graph.inputs = np.array(list(inputs.values()), np.int32)
    graph.outputs = np.array(list(outputs.values()), np.int32)
    network.subgraphs.append(graph)
    network.signatureDefs.append(_signature(sample, len(network.subgraphs) - 1, inputs, outputs))
    return network


def add_alias(network, name, alias):
    """Adds a second name for a signature, the first one in the file's order; nothing is stored twice.

    Args:
        network: `schema.ModelT`; modified in place.
        name: str, an existing signature.
        alias: str, the additional name.
    """
    (signature,) = (each for each in network.signatureDefs if each.signatureKey == name.encode())
    copy = schema.SignatureDefT()
    copy.__dict__.update(signature.__dict__)
    copy.signatureKey = alias.encode()
    network.signatureDefs.insert(0, copy)


def _raise_min_runtime(network, latents):
    """Sets the network's minimum runtime to the newer one of both: devices check it before they run a file."""
    versions = [
        next(model.buffers[entry.buffer] for entry in model.metadata if entry.name == b"min_runtime_version")
        for model in (network, latents)
    ]
    versions[0].data = max((buffer.data for buffer in versions), key=_version)


def _version(data):
    return [int(part) for part in bytes(data).rstrip(b"\0").split(b".")]


def _renumbered(operator, renumber):
    copy = schema.OperatorT()
    copy.__dict__.update(operator.__dict__)
    copy.inputs, copy.outputs = renumber(operator.inputs), renumber(operator.outputs)
    return copy


def _quantize(network, source, target):
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
