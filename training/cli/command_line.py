"""The command line. Messages are written to stderr; with `--json`, one object is written to stdout for programs.

TensorFlow is imported by the commands that compute, never by `--help` or `list`.
"""

import argparse
import os
import sys
from os.path import expanduser as path

from ...zoo.errors import UserError
from . import commands


def main(arguments=None):
    """Runs a command.

    Args:
        arguments: list of str, or None for those of the process. Default None.

    Returns:
        The exit code: 0, 1 for a failure, 2 for a user error, or 128 + the number of the signal that ended training.
    """
    options = build_parser().parse_args(arguments)
    # A recipe may name networks in a module of the working directory.
    sys.path.append(os.getcwd())
    try:
        if options.handler is not commands.list_variants:
            from .tensorflow_startup import start_tensorflow

            start_tensorflow()
        return options.handler(options) or 0
    except UserError as error:
        print(f"ganzoo: {error}", file=sys.stderr)
        return 2
    except Exception as error:
        reason = _failure(error)
        if reason is None:
            raise
        print(f"ganzoo: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ganzoo: interrupted", file=sys.stderr)
        return 130


def _failure(error):
    """Returns what failed, in one line, or None for an error in the program."""
    if isinstance(error, RuntimeError) and type(error).__module__.startswith("ganzoo."):
        return str(error)
    from ..run.machine_failures import machine_failure

    return machine_failure(error) or (str(error) if isinstance(error, OSError) else None)


def build_parser():
    """Returns the `argparse.ArgumentParser` of all commands."""
    parser = argparse.ArgumentParser(
        prog="ganzoo", description="Train, evaluate, sample and export generative adversarial networks."
    )
    commands_group = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_list, _add_data, _add_train, _add_evaluate, _add_sample, _add_translate, _add_export):
        add(commands_group)
    return parser


def _add_list(group):
    _add_command(group, "list", commands.list_variants, "list the model variants and the shipped recipes")


def _add_data(group):
    command = _add_command(group, "data", commands.describe_data, "describe a data source and show some of its samples")
    command.add_argument("source", help="such as digits, mixture:grid, idx:DIR, lines:FILE")
    command.add_argument("--resolution", type=int, help="resize images to this height and width in pixels")
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="an option of the source")
    command.add_argument("--out", type=path, help="the image grid to write (default: data.png); not for texts")


def _add_train(group):
    command = _add_command(group, "train", commands.train_run, "train the model of a recipe and write a run folder")
    command.add_argument("recipe", nargs="?", type=path, help="the name of a shipped recipe or a .toml file")
    command.add_argument("--out", type=path, help="the run folder (default: runs/RECIPE)")
    command.add_argument(
        "--data", metavar="SOURCE", help="a data source in place of the recipe's; with --resume: where its data are now"
    )
    command.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="override a key of the recipe"
    )
    command.add_argument("--resume", type=path, metavar="RUN", help="resume this run from its last checkpoint")
    command.add_argument("--overwrite", action="store_true", help="remove an existing run in the folder first")
    command.add_argument(
        "--init-from", type=path, metavar="RUN", help="initialize the networks with the weights of another run"
    )
    command.add_argument("--dry-run", action="store_true", help="print the resolved recipe and exit")
    command.add_argument("--quiet", action="store_true", help="do not report progress")


def _add_evaluate(group):
    command = _add_command(group, "evaluate", commands.evaluate_samples, "evaluate a run, or a set of images")
    command.add_argument(
        "run", nargs="?", type=path, metavar="RUN", help="a run folder, evaluated against its own data"
    )
    command.add_argument("--checkpoint", default="last", help="checkpoint of RUN: last or best (default: %(default)s)")
    command.add_argument("--data", metavar="SOURCE", help="where the data of RUN are now (default: as in its recipe)")
    command.add_argument(
        "--real", metavar="SOURCE", help="in place of RUN: the reference, a data source such as digits, or like --fake"
    )
    command.add_argument(
        "--fake", type=path, metavar="SAMPLES", help="with --real: a folder, an .npz or .npy file, or a data source"
    )
    command.add_argument(
        "--resolution", type=int, help="with --real: resolution of both sets (default: the source's own)"
    )
    command.add_argument("--range", metavar="LOW,HIGH", help="with --fake: the value range of float images in a file")
    command.add_argument(
        "--extractor", help="feature extractor: auto, classifier, rotation, inception[:DIR] or model:PATH[#LAYER]"
    )
    command.add_argument("--metrics", help="comma-separated metric names (default: all)")
    command.add_argument(
        "--num-samples", type=int, help="samples per block of seeds (default: 10000; with --real: all of both sets)"
    )
    command.add_argument(
        "--seeds", type=int, default=1, help="number of disjoint blocks of seeds (default: %(default)s)"
    )
    command.add_argument(
        "--out",
        type=path,
        metavar="FILE",
        help="the JSON file to write (default: RUN/evaluation.json, or evaluation.json)",
    )


def _add_sample(group):
    command = _add_command(group, "sample", commands.generate_samples, "generate samples of a run or an exported file")
    command.add_argument(
        "source", type=path, metavar="RUN", help="a run folder, or a .tflite file that `ganzoo export` wrote"
    )
    command.add_argument("--checkpoint", default="last", help="checkpoint to load: last or best (default: %(default)s)")
    command.add_argument(
        "--num-samples", type=int, help="number of samples (default: 64 images, one per given label, or 20 texts)"
    )
    command.add_argument("--labels", help="comma-separated labels for a class-conditional model, such as 3,3,7")
    command.add_argument(
        "--per-class", type=int, metavar="N", help="N samples of each class; an image grid has one row per class"
    )
    command.add_argument("--text", help="caption for a text-to-image model")
    command.add_argument(
        "--text-file",
        type=path,
        metavar="FILE",
        help="one caption per line; also writes index.jsonl with file, caption and seed",
    )
    command.add_argument(
        "--temperature", type=float, help="sampling temperature of texts; below 1 favors likely words (default: 1)"
    )
    command.add_argument(
        "--condition", action="append", metavar="NAME=VALUE", help="any condition of the model by name; repeatable"
    )
    command.add_argument(
        "--seed", type=int, default=0, help="seed of the first sample; sample i has seed + i (default: 0)"
    )
    command.add_argument(
        "--out",
        type=path,
        help=".png: an image grid (default: samples.png); .npz: an array; otherwise a folder of PNGs. Texts: .txt, "
        "one per line (default: print them)",
    )


def _add_translate(group):
    command = _add_command(group, "translate", commands.translate_images, "translate images with a run")
    command.add_argument("run", type=path, metavar="RUN", help="a run folder")
    command.add_argument("source", type=path, metavar="IN", help="an image or a folder of images, of any size")
    command.add_argument(
        "out", type=path, metavar="OUT", help="a .png file, or a folder; names and sizes are preserved"
    )
    command.add_argument(
        "--to", default="y", help="the target domain: y, or x if the model supports it (default: %(default)s)"
    )
    command.add_argument("--checkpoint", default="last", help="checkpoint to load: last or best (default: %(default)s)")
    command.add_argument("--batch-size", type=int, default=16, help="images per batch (default: %(default)s)")


def _add_export(group):
    command = _add_command(group, "export", commands.export_files, "export a run's generator for servers and devices")
    command.add_argument("run", type=path, metavar="RUN", help="a run folder")
    command.add_argument("--checkpoint", default="last", help="checkpoint to load: last or best (default: %(default)s)")
    command.add_argument("--data", metavar="SOURCE", help="where the data of RUN are now (default: as in its recipe)")
    command.add_argument("--formats", help="comma-separated: saved_model, tflite, onnx (default: the recipe's)")
    command.add_argument(
        "--precisions", help="of TFLite files, comma-separated: float32, float16, int8, dynamic (default: the recipe's)"
    )
    command.add_argument("--batch-sizes", help="of TFLite files, comma-separated, such as 1,64 (default: the recipe's)")
    command.add_argument("--int8-io", action="store_true", help="give int8 files int8 inputs and outputs")
    command.add_argument("--name", help="name of the exported model (default: the run folder's)")
    command.add_argument("--version", type=int, help="version of the SavedModel (default: the next free one)")
    command.add_argument("--out", type=path, metavar="DIR", help="the folder to write to (default: RUN/export)")


def _add_command(group, name, handler, summary):
    command = group.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
    command.add_argument("--json", action="store_true", help="write one JSON object to stdout")
    command.set_defaults(handler=handler)
    return command


if __name__ == "__main__":
    sys.exit(main())
