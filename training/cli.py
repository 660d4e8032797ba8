"""The command line. People read stderr; with `--json`, programs read one object on stdout.

TensorFlow is imported by the commands that compute, never by `--help` or `list`.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from ..zoo.errors import UserError


def main(arguments=None):
    """Runs a command and returns its exit code: 0, 1 for a failure, 2 for what the user can mend, 128 + signal."""
    options = _parser().parse_args(arguments)
    # A recipe may name networks in a module beside it.
    sys.path.append(os.getcwd())
    try:
        if options.run is not _list:
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
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = _command(commands, "list", _list, "variants and recipes, a line each")

    command = _command(commands, "data", _data, "look at a data source before training on it")
    command.add_argument("source", help="such as digits, mixture:grid, idx:DIR")
    command.add_argument("--resolution", type=int, help="resize images to this many pixels a side")
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="an option of the source")
    command.add_argument("--out", default="data.png", help="where the picture goes (default: %(default)s)")

    command = _command(commands, "train", _train, "train a recipe into a run folder")
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

    command = _command(commands, "evaluate", _evaluate, "judge a run, or any two sets of images")
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

    command = _command(commands, "sample", _sample, "draw samples from a run")
    command.add_argument("run_folder", metavar="RUN", help="a run folder")
    command.add_argument("--checkpoint", default="last", help="last or best (default: %(default)s)")
    command.add_argument("--num", type=int, default=64, help="how many (default: %(default)s)")
    command.add_argument("--seed", type=int, default=0, help="of the first; sample i is that of seed + i (default: 0)")
    command.add_argument(
        "--out", default="samples.png", help=".png: one picture; .npz: an array; else a folder of PNGs"
    )
    return parser


def _command(commands, name, run, summary):
    command = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
    command.add_argument("--json", action="store_true", help="one JSON object on stdout")
    command.set_defaults(run=run)
    return command


def _report(options, facts, text):
    if options.json:
        print(json.dumps(facts))
    else:
        print(text, file=sys.stderr)


def _check_out(path):
    """Refuses a place that cannot be written to before anything is computed for it."""
    parent = Path(path).absolute().parent
    if not parent.is_dir() or not os.access(parent, os.W_OK) or Path(path).is_dir():
        raise UserError(f"--out: received {str(path)!r}, expected a file in a folder that exists and can be written to")


def _list(options):
    from .shelf import catalogue

    found = catalogue()
    if options.json:
        print(json.dumps(found))
        return
    for kind, entries in found.items():
        print(f"{kind}:")
        for name, summary in entries.items():
            print(f"  {name:<20} {summary}")


def _data(options):
    from ..export.pictures import overview, save_png
    from .data import load
    from .recipe import parse_value

    _check_out(options.out)
    chosen = {}
    for item in options.set:
        key, _, value = item.partition("=")
        chosen[key.removeprefix("data.")] = parse_value(value)
    if options.resolution is not None:
        chosen["resolution"] = options.resolution
    source = load(options.source, **chosen)
    samples = source.samples[:2000] if not source.is_image else source.samples[:64]
    save_png(options.out, overview(samples))
    facts = {
        "source": source.name,
        "train": len(source),
        "held_out": len(source.held_out),
        "shape": source.shape,
        "dtype": str(source.samples.dtype),
        "range": [float(source.samples.min()), float(source.samples.max())],
        "classes": source.class_names,
        "fingerprint": source.fingerprint,
        "picture": options.out,
    }
    if source.labels is not None:
        counts = [int((source.labels == number).sum()) for number in range(len(source.class_names))]
        facts["images_per_class"] = dict(zip(source.class_names, counts, strict=True))
    _report(options, facts, "\n".join(f"{key:<18} {value}" for key, value in facts.items()))


def _train(options):
    from .recipe import load_recipe
    from .rundir import RunFolder

    if options.resume and (options.overwrite or options.init_from or options.out):
        raise UserError("--resume: received --overwrite, --init-from or --out beside it, expected --resume RUN alone")
    if not options.resume and not options.recipe:
        raise UserError("train: received no recipe, expected a name (`ganzoo list`), a .toml file, or --resume RUN")
    if options.resume:
        out = options.resume
        RunFolder(out).require_run()
        name = options.recipe or str(RunFolder(out).recipe)
        recipe = RunFolder(out).resume(load_recipe(name, options.set, options.data))
    else:
        recipe = load_recipe(options.recipe, options.set, options.data)
        out = options.out or str(Path("runs") / Path(options.recipe).stem)
    if options.dry_run:
        print(json.dumps(recipe.content()) if options.json else recipe.dumps())
        return None
    if not options.resume:
        RunFolder(out).require_free(options.overwrite)
    from .fit import train

    outcome = train(recipe, out, bool(options.resume), options.overwrite, options.init_from, progress=not options.quiet)
    folder = RunFolder(out)
    facts = {"run": out, "step": outcome.step, "pictures": str(folder.samples), "checkpoints": str(folder.checkpoints)}
    if outcome.signal is not None:
        _report(options, facts | {"signal": outcome.signal.name}, (
            f"stopped by {outcome.signal.name} at step {outcome.step}, all saved: `ganzoo train --resume {out}` goes on"
        ))  # fmt: skip
        return 128 + outcome.signal
    told = f"done at step {outcome.step}: look at the pictures in {folder.samples}/"
    if outcome.best is not None:
        facts["best"] = dict(zip(("fid", "step"), outcome.best, strict=True))
        told += "\nbest FID {:.2f} at step {}: checkpoint `best`".format(*outcome.best)
    _report(options, facts, told)
    return None


def _evaluate(options):
    from .judging import judge_pair, judge_run, save_pictures

    pair = options.real is not None or options.fake is not None
    if pair == (options.run_folder is not None) or (pair and None in (options.real, options.fake)):
        raise UserError("evaluate: expected either RUN, or --real SOURCE and --fake SAMPLES")
    _refuse_beside(options, "RUN" if not pair else "--real", ("resolution", "range") if not pair else ("checkpoint",))
    if pair and options.seeds != 1:
        raise UserError(f"--seeds: received {options.seeds} beside --fake, expected 1: only a run draws more")
    out = Path(options.out or (Path(options.run_folder) / "evaluation.json" if not pair else "evaluation.json"))
    if options.out or pair:
        _check_out(out)
    metrics = options.metrics.split(",") if options.metrics else None
    if pair:
        asked = _range(options.range) if options.range else None
        report = judge_pair(
            options.real, options.fake, options.resolution, asked, options.extractor or "auto", metrics, options.num
        )
    else:
        report = judge_run(
            options.run_folder, options.checkpoint, options.extractor, metrics, options.num, options.seeds
        )
    report.save(out)
    save_pictures(report, out.with_suffix(""))
    _report(options, report.content(), f"{report}\nwritten to {out}")


def _refuse_beside(options, beside, names):
    defaults = {"checkpoint": "last"}
    for name in names:
        value = getattr(options, name)
        if value != defaults.get(name):
            raise UserError(f"--{name}: received {value!r} beside {beside}, expected none: it has no meaning there")


def _range(text):
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--range: received {text!r}, expected LOW,HIGH such as 0,1 or -1,1") from None
    return low, high


def _sample(options):
    import numpy as np

    from ..export.pictures import overview, save_png, save_samples
    from .rundir import load_run

    out = Path(options.out)
    if out.suffix:
        _check_out(out)
    samples = load_run(options.run_folder, options.checkpoint).generate(options.num, seed=options.seed)
    if out.suffix == ".png":
        save_png(out, overview(samples))
    elif out.suffix == ".npz":
        np.savez_compressed(out, samples=samples, seed=options.seed)
    elif out.suffix or samples.ndim != 4:
        raise UserError(f"--out: received {options.out!r}, expected .png, .npz, or (for images) a folder's name")
    else:
        save_samples(out, samples, options.seed)
    _report(options, {"num": options.num, "seed": options.seed, "out": str(out)}, f"{options.num} samples in {out}")


if __name__ == "__main__":
    sys.exit(main())
