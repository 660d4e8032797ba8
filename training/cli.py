"""The command line. People read stderr; with `--json`, programs read one object on stdout.

TensorFlow is imported by the commands that compute, never by `--help` or `list`.
"""

import argparse
import os
import sys

from ..zoo.errors import UserError
from . import commands


def main(arguments=None):
    """Runs a command and returns its exit code: 0, 1 for a failure, 2 for what the user can mend, 128 + signal."""
    options = _parser().parse_args(arguments)
    # A recipe may name networks in a module beside it.
    sys.path.append(os.getcwd())
    try:
        if options.run is not commands.list_catalogue:
            from .quiet import start_tensorflow

            start_tensorflow()
        return options.run(options) or 0
    except UserError as error:
        print(f"ganzoo: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        if type(error).__module__.startswith("ganzoo."):
            print(f"ganzoo: {error}", file=sys.stderr)
            return 1
        raise
    except OSError as error:
        print(f"ganzoo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ganzoo: interrupted", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="ganzoo", description="Train, judge and ship generative adversarial networks."
    )
    parts = parser.add_subparsers(required=True, metavar="COMMAND")

    command = _command(parts, "list", commands.list_catalogue, "variants and recipes, a line each")

    command = _command(parts, "data", commands.look_at_data, "look at a data source before training on it")
    command.add_argument("source", help="such as digits, mixture:grid, idx:DIR, lines:FILE")
    command.add_argument("--resolution", type=int, help="resize images to this many pixels a side")
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="an option of the source")
    command.add_argument("--out", help="where the picture goes (default: data.png); texts have none")

    command = _command(parts, "train", commands.train_run, "train a recipe into a run folder")
    command.add_argument("recipe", nargs="?", help="a shipped recipe's name or a .toml file")
    command.add_argument("--out", help="the run folder (default: runs/RECIPE)")
    command.add_argument("--data", help="another data source than the recipe's")
    command.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="override a recipe's key"
    )
    command.add_argument("--resume", metavar="RUN", help="go on where this run stopped")
    command.add_argument("--overwrite", action="store_true", help="remove the run that is in the folder")
    command.add_argument("--init-from", metavar="RUN", help="start from another run's weights")
    command.add_argument("--dry-run", action="store_true", help="print the resolved recipe and stop")
    command.add_argument("--quiet", action="store_true", help="no progress bar")

    command = _command(parts, "evaluate", commands.judge_samples, "judge a run, or any two sets of images")
    command.add_argument("run_folder", nargs="?", metavar="RUN", help="a run folder, judged against its own data")
    command.add_argument("--checkpoint", default="last", help="of the run: last or best (default: %(default)s)")
    command.add_argument("--real", metavar="SOURCE", help="in place of RUN: a data source such as digits or folder:DIR")
    command.add_argument("--fake", metavar="SAMPLES", help="beside --real: a folder, an .npz or .npy file, or a source")
    command.add_argument("--resolution", type=int, help="beside --real: of both sets (default: the source's own)")
    command.add_argument("--range", metavar="LOW,HIGH", help="beside --fake: of float images in a file")
    command.add_argument("--extractor", help="auto, classifier, rotation, inception[:DIR] or model:PATH[#LAYER]")
    command.add_argument("--metrics", help="comma-separated (default: all)")
    command.add_argument("--num", type=int, default=10_000, help="samples of a seed block (default: %(default)s)")
    command.add_argument("--seeds", type=int, default=1, help="disjoint blocks of seeds (default: %(default)s)")
    command.add_argument(
        "--out", metavar="FILE", help="the JSON file (default: RUN/evaluation.json, or evaluation.json)"
    )

    command = _command(parts, "sample", commands.draw_samples, "draw samples from a run or an exported file")
    command.add_argument("source", metavar="RUN", help="a run folder, or a .tflite file that `ganzoo export` wrote")
    command.add_argument("--checkpoint", default="last", help="last or best (default: %(default)s)")
    command.add_argument("--num", type=int, help="how many (default: 64, as many as there are labels, or 20 texts)")
    command.add_argument("--labels", help="classes to draw, such as 3,3,7, where the model takes labels")
    command.add_argument("--per-class", type=int, metavar="N", help="N samples of each class, in a picture a row each")
    command.add_argument("--text", help="what to draw, where the model takes captions")
    command.add_argument("--text-file", metavar="FILE", help="one image a line, and index.jsonl: file, caption, seed")
    command.add_argument("--temperature", type=float, help="of texts: below 1 likely words are likelier (default: 1)")
    command.add_argument("--seed", type=int, default=0, help="of the first; sample i is that of seed + i (default: 0)")
    command.add_argument(
        "--out",
        help=".png: one picture (default: samples.png); .npz: an array; else a folder of PNGs; of texts .txt, one a "
        "line (default: they are printed)",
    )

    command = _command(parts, "translate", commands.translate_pictures, "translate pictures with a run")
    command.add_argument("run_folder", metavar="RUN", help="a run folder")
    command.add_argument("source", metavar="IN", help="a picture or a folder of pictures, of any size")
    command.add_argument("out", metavar="OUT", help="a .png file, or a folder: names and sizes are kept")
    command.add_argument("--to", default="y", help="the domain: y, or x where the model has it (default: %(default)s)")
    command.add_argument("--checkpoint", default="last", help="last or best (default: %(default)s)")
    command.add_argument("--batch-size", type=int, default=16, help="pictures at a time (default: %(default)s)")

    command = _command(parts, "export", commands.export_files, "write a run's generator for servers and devices")
    command.add_argument("run_folder", metavar="RUN", help="a run folder")
    command.add_argument("--checkpoint", default="last", help="last or best (default: %(default)s)")
    command.add_argument("--formats", help="comma-separated: saved_model, tflite, onnx (default: the recipe's)")
    command.add_argument(
        "--precisions", help="of TFLite files: float32, float16, int8, dynamic (default: the recipe's)"
    )
    command.add_argument("--batch-sizes", help="of TFLite files, such as 1,64 (default: the recipe's)")
    command.add_argument("--int8-io", action="store_true", help="int8 latents in and int8 images out of int8 files")
    command.add_argument("--name", help="of the model (default: the run folder's)")
    command.add_argument("--version", type=int, help="of the SavedModel (default: the next free one)")
    command.add_argument("--out", metavar="DIR", help="where everything goes (default: RUN/export)")
    return parser


def _command(parts, name, run, summary):
    command = parts.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
    command.add_argument("--json", action="store_true", help="one JSON object on stdout")
    command.set_defaults(run=run)
    return command


if __name__ == "__main__":
    sys.exit(main())
