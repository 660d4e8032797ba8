"""The handlers of the commands: each receives the parsed options of `command_line.py`."""

import json
import sys
from pathlib import Path

from ...zoo.core.user_paths import shell_path
from ...zoo.errors import UserError

DEFAULT_DATA_IMAGE = "data.png"
# How messages spell a criterion.
CRITERION_TITLES = {"fid": "FID"}


def _report(options, facts, text):
    """Prints the facts as JSON to stdout, or the text to stderr."""
    if options.json:
        print(json.dumps(facts))
    else:
        print(text, file=sys.stderr)


def list_variants(options):
    """Prints the variants and the shipped recipes."""
    from ..config.catalog import list_catalog

    catalog = list_catalog()
    if options.json:
        print(json.dumps(catalog))
        return
    for kind, entries in catalog.items():
        print(f"{kind}:")
        for name, summary in entries.items():
            print(f"  {name:<20} {summary}")


def describe_data(options):
    """Prints what a data source holds, and writes a grid of its images or prints some of its texts."""
    from ...export.visualization import save_png
    from ..config.recipe import parse_value
    from ..data import load
    from .data_overview import source_overview
    from .output_paths import check_output_file

    arguments = {}
    for item in options.set:
        key, _, value = item.partition("=")
        arguments[key.removeprefix("data.")] = parse_value(value)
    if options.resolution is not None:
        arguments["resolution"] = options.resolution
    out = options.out or DEFAULT_DATA_IMAGE
    content = {"source": options.source} | {key: value for key, value in arguments.items() if key == "data_dir"}
    if options.out:
        check_output_file(out, content)
    source = load(options.source, **arguments)
    facts = source.describe()
    if source.family == "text":
        if options.out:
            raise UserError(f"--out: received {options.out!r} with {source.name}, expected none: texts have no image")
    else:
        facts["image"] = out
        check_output_file(out, content, default=not options.out)
        save_png(out, source_overview(source))
    _report(options, facts, "\n".join(f"{key:<18} {value}" for key, value in _lines(facts)))


def _lines(facts, prefix=""):
    """Yields (key, value) of facts: those of a domain with its prefix, texts one by one."""
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
    from ..config.recipe import load_recipe
    from ..run.run_dir import RunDir

    if options.resume and (options.overwrite or options.init_from or options.out):
        raise UserError("--resume: received --overwrite, --init-from or --out with it, expected --resume RUN alone")
    if not options.resume and not options.recipe:
        raise UserError("train: received no recipe, expected a name (`ganzoo list`), a .toml file, or --resume RUN")
    run_dir = RunDir(options.resume or options.out or Path("runs") / Path(options.recipe).stem)
    if options.resume and not options.recipe:
        recipe = run_dir.load_recipe(options.set, options.data)
    else:
        recipe = load_recipe(options.recipe, options.set, options.data)
    if options.dry_run:
        if options.resume:
            run_dir.require_recipe(recipe)
        print(json.dumps(recipe.content()) if options.json else recipe.dumps())
        return None
    from ..run.training_run import train

    result = train(recipe, run_dir, bool(options.resume), options.overwrite, options.init_from, not options.quiet)
    facts = {"run": str(run_dir), "step": result.step}
    facts |= {"samples": str(run_dir.samples), "checkpoints": str(run_dir.checkpoints)}
    if result.signal is not None:
        _report(options, facts | {"signal": result.signal.name}, _signal_message(result, run_dir))
        return 128 + result.signal
    message = f"finished at step {result.step}: the samples are in {run_dir.samples}/"
    if result.best is not None:
        score, step = result.best
        facts["best"] = {result.criterion: score, "step": step}
        title = CRITERION_TITLES.get(result.criterion, result.criterion)
        computed_from = f"computed from at most {recipe.evaluate.num_samples} samples"
        message += f"\nbest {title} {score:.4g} at step {step}, {computed_from}: checkpoint `best`"
    _report(options, facts, message)
    return None


def _signal_message(result, run_dir):
    if not run_dir.state.is_file():
        return f"stopped by {result.signal.name} before the run was created; start it again with the same command"
    where = f"at step {result.step}; everything is saved" if result.model else "before training began; nothing is lost"
    return f"stopped by {result.signal.name} {where}, resume with `ganzoo train --resume {shell_path(run_dir.path)}`"


def evaluate_samples(options):
    """Evaluates a run, or a set of images against a reference."""
    from .evaluate_command import check_report_path, evaluate_pair, evaluate_run, save_images

    pair = options.real is not None or options.fake is not None
    if pair == (options.run is not None) or (pair and None in (options.real, options.fake)):
        raise UserError("evaluate: expected either RUN, or --real SOURCE and --fake SAMPLES")
    if pair:
        _refuse_options(options, "--real", ("checkpoint", "data"))
    else:
        _refuse_options(options, "RUN", ("resolution", "range"))
    if pair and options.seeds != 1:
        raise UserError(f"--seeds: received {options.seeds} with --fake, expected 1: only a run generates more samples")
    out = Path(options.out or (Path(options.run) / "evaluation.json" if not pair else "evaluation.json"))
    if options.out or pair:
        check_report_path(out, options)
    metrics = options.metrics.split(",") if options.metrics else None
    if pair:
        report = evaluate_pair(
            options.real,
            options.fake,
            options.resolution,
            _parse_range(options.range) if options.range else None,
            options.extractor or "auto",
            metrics,
            options.num_samples,
        )
    else:
        report = evaluate_run(
            options.run, options.checkpoint, options.extractor, metrics, options.num_samples, options.seeds,
            data=options.data,
        )  # fmt: skip
    report.save(out)
    save_images(report, out.with_suffix(""))
    _report(options, report.content(), f"{report}\nwritten to {out}")


def _refuse_options(options, condition, names):
    """Refuses options that have no effect in combination with another."""
    defaults = {"checkpoint": "last"}
    for name in names:
        value = getattr(options, name)
        if value != defaults.get(name):
            raise UserError(f"--{name}: received {value!r} with {condition}, expected none: it has no effect there")


def _parse_range(text):
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--range: received {text!r}, expected LOW,HIGH such as 0,1 or -1,1") from None
    return low, high


def generate_samples(options):
    """Generates samples of a run or an exported file, and writes them, or prints texts without --out."""
    from .sample_command import sample

    if Path(options.source).suffix == ".tflite" and not Path(options.source).is_dir():
        _refuse_options(options, "a .tflite file", ("checkpoint",))
    facts = sample(options)
    if "out" not in facts and not options.json:
        print("\n".join(facts["texts"]))
    else:
        removed = facts.get("removed")
        note = f"; removed {removed} samples of an earlier call from it" if removed else ""
        _report(options, facts, f"{facts['num_samples']} samples in {facts.get('out')}{note}")


def translate_images(options):
    """Translates images with a run, and reports those that were skipped."""
    from .translate_command import translate

    facts = translate(options)
    for file, reason in facts["skipped"].items():
        print(f"skipped {file}: {reason}", file=sys.stderr)
    skipped = f", {len(facts['skipped'])} skipped" if facts["skipped"] else ""
    removed = f"; removed {facts['removed']} translations of an earlier call" if facts["removed"] else ""
    _report(
        options, facts, f"{facts['translated']} images translated to {options.to} in {options.out}{skipped}{removed}"
    )


def export_files(options):
    """Exports a run's generator, and reports the verification of each file."""
    from .export_command import export_run

    report = export_run(
        options.run,
        checkpoint=options.checkpoint,
        out=options.out,
        name=options.name,
        version=options.version,
        formats=_parse_list(options.formats),
        precisions=_parse_list(options.precisions),
        batch_sizes=_parse_list(options.batch_sizes),
        int8_io=options.int8_io or None,
        data=options.data,
    )
    _report(options, report.content(), f"{report}\nwritten to {report.facts['folder']}")
    return 1 if report.failures else None


def _parse_list(text):
    return None if text is None else [int(part) if part.isdigit() else part for part in text.split(",")]
