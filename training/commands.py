"""What each command does with its options; `cli.py` has the options."""

import json
import sys
from pathlib import Path

from ..zoo.errors import UserError
from .places import require_place

# Where the picture of a data source goes.
PICTURE = "data.png"


def _report(options, facts, text):
    if options.json:
        print(json.dumps(facts))
    else:
        print(text, file=sys.stderr)


def list_catalogue(options):
    """Prints variants and recipes."""
    from .shelf import catalogue

    found = catalogue()
    if options.json:
        print(json.dumps(found))
        return
    for kind, entries in found.items():
        print(f"{kind}:")
        for name, summary in entries.items():
            print(f"  {name:<20} {summary}")


def look_at_data(options):
    """Prints what a source holds and draws a picture of it; of texts some are printed."""
    from ..export.pictures import save_png
    from .data import load
    from .looking import facts_of, picture_of
    from .recipe import parse_value

    if options.out:
        require_place(options.out)
    chosen = {}
    for item in options.set:
        key, _, value = item.partition("=")
        chosen[key.removeprefix("data.")] = parse_value(value)
    if options.resolution is not None:
        chosen["resolution"] = options.resolution
    source = load(options.source, **chosen)
    facts = facts_of(source)
    if hasattr(source, "tokens"):
        if options.out:
            raise UserError(f"--out: received {options.out!r} with {source.name}, expected none: texts have no picture")
    else:
        facts["picture"] = options.out or PICTURE
        require_place(facts["picture"])
        save_png(facts["picture"], picture_of(source))
    _report(options, facts, "\n".join(f"{key:<18} {value}" for key, value in _lines(facts)))


def _lines(facts, prefix=""):
    """Yields (key, value) of facts, those of a part of them under its name, and texts one by one."""
    for key, value in facts.items():
        if prefix == "" and key in ("x", "y"):
            yield from _lines(value, f"{key}.")
        elif key in ("notes", "examples"):
            for number, text in enumerate(value):
                yield "" if number else key, text
        else:
            yield f"{prefix}{key}", value


def train_run(options):
    """Trains a recipe into a run folder."""
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
    samples = "texts" if hasattr(outcome.model, "texts") else "pictures"
    facts = {"run": out, "step": outcome.step, samples: str(folder.samples), "checkpoints": str(folder.checkpoints)}
    if outcome.signal is not None:
        _report(options, facts | {"signal": outcome.signal.name}, (
            f"stopped by {outcome.signal.name} at step {outcome.step}, all saved: `ganzoo train --resume {out}` goes on"
        ))  # fmt: skip
        return 128 + outcome.signal
    told = f"done at step {outcome.step}: look at the {samples} in {folder.samples}/"
    if outcome.best is not None:
        score, step = outcome.best
        facts["best"] = {outcome.criterion: score, "step": step}
        name = {"fid": "FID"}.get(outcome.criterion, outcome.criterion)
        told += f"\nbest {name} {score:.4g} at step {step}: checkpoint `best`"
    _report(options, facts, told)
    return None


def judge_samples(options):
    """Judges a run, or two sets of images."""
    from .judging import judge_pair, judge_run, save_pictures

    pair = options.real is not None or options.fake is not None
    if pair == (options.run_folder is not None) or (pair and None in (options.real, options.fake)):
        raise UserError("evaluate: expected either RUN, or --real SOURCE and --fake SAMPLES")
    _refuse_beside(options, "RUN" if not pair else "--real", ("resolution", "range") if not pair else ("checkpoint",))
    if pair and options.seeds != 1:
        raise UserError(f"--seeds: received {options.seeds} beside --fake, expected 1: only a run draws more")
    out = Path(options.out or (Path(options.run_folder) / "evaluation.json" if not pair else "evaluation.json"))
    if options.out or pair:
        require_place(out)
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


def draw_samples(options):
    """Draws samples from a run or from an exported file; texts are printed, unless they have a file to go to."""
    from .sampling import sample

    if options.out and Path(options.out).suffix:
        require_place(options.out)
    if Path(options.source).suffix == ".tflite":
        _refuse_beside(options, "a .tflite file", ("checkpoint",))
    facts = sample(options)
    if "out" not in facts and not options.json:
        print("\n".join(facts["texts"]))
    else:
        _report(options, facts, f"{facts['num']} samples in {facts.get('out')}")


def translate_pictures(options):
    """Translates pictures with a run, and tells which ones it could not."""
    from .translating import translate

    facts = translate(options)
    for file, why in facts["skipped"].items():
        print(f"skipped {file}: {why}", file=sys.stderr)
    left_out = f", {len(facts['skipped'])} skipped" if facts["skipped"] else ""
    _report(options, facts, f"{facts['translated']} pictures translated to {options.to} in {options.out}{left_out}")


def export_files(options):
    """Writes the files of an export, and tells how each one fared."""
    from .exporting import export_run

    report = export_run(
        options.run_folder,
        checkpoint=options.checkpoint,
        out=options.out,
        name=options.name,
        version=options.version,
        formats=_listed(options.formats),
        precisions=_listed(options.precisions),
        batch_sizes=_listed(options.batch_sizes),
        int8_io=options.int8_io or None,
    )
    _report(options, report.content(), f"{report}\nwritten to {report.facts['folder']}")
    return 1 if report.failures else None


def _listed(text):
    return None if text is None else [int(part) if part.isdigit() else part for part in text.split(",")]
