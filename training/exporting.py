"""`ganzoo export`: a run's generator as files for servers and devices, every one compared with Keras."""

import json
import re
import tomllib
from pathlib import Path

from ..export.evaluation import Judge
from ..export.evaluation.asked import asked_of
from ..export.evaluation.judge import FIRST_SEED
from ..export.onnx_file import export_onnx, require_onnx
from ..export.report import Entry, ExportReport
from ..export.sample import draw
from ..export.saved_model import export_saved_model
from ..export.signatures import ExportError
from ..export.texts import IMPOSSIBLE
from ..export.tflite import export_tflite
from ..export.verification import REPEATS
from ..zoo.errors import UserError
from ..zoo.text import TextModel
from ..zoo.translation import TranslationModel
from .data import load
from .recipe import Recipe
from .rundir import RunError, RunFolder, load_run
from .sections import Export

# Precisions that change pictures enough to ask what it does to the FID.
QUANTISED = ("int8", "dynamic")


def export_run(
    path, checkpoint="last", out=None, name=None, version=None, formats=None, precisions=None, batch_sizes=None,
    int8_io=None, repeats=REPEATS,
):  # fmt: skip
    """Writes a run's generator in the asked formats, and `report.json` about them.

    A file that does not hold what Keras gives is not written; the others are, and the report names the reason. Where
    the run has been evaluated (`ganzoo evaluate`), samples of its quantised files are judged too. A translator's TFLite
    files are calibrated and compared on the run's training pictures, where they are still there. Texts have no FID, and
    no file in eight bits: where nobody has named any precisions, the others are written.

    Args:
        path: str or path of a run folder.
        checkpoint: "last" or "best". Default "last".
        out: str or path of a folder, made if need be. Default: `export` in the run folder.
        name: str, letters, digits, '.', '_' and '-': of the SavedModel's folder and of the files. Default: the run
            folder's.
        version: int >= 1 of the SavedModel, or None for the next free one.
        formats, precisions, batch_sizes, int8_io: as in the recipe's `[export]`. Default: the recipe's.
        repeats: int >= 0, calls whose median is a file's time; 0 takes none. Default 50.

    Returns:
        An `ExportReport`; `report.failures` are the files that there are not.

    Raises:
        UserError: no run, or an argument that cannot be used.
    """
    folder = RunFolder(path)
    folder.require_run()
    recipe = Recipe(tomllib.loads(folder.recipe.read_text(encoding="utf-8")), str(folder.recipe))
    asked = {"formats": formats, "precisions": precisions, "batch_sizes": batch_sizes, "int8_io": int8_io}
    settings = (recipe.export or Export()).model_dump() | {k: v for k, v in asked.items() if v is not None}
    settings = Recipe(recipe.content() | {"export": settings}, "ganzoo export").export
    name = name or folder.path.resolve().name
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name, re.ASCII) or name.isdigit():
        raise RunError(f"--name: received {name!r}, expected letters, digits, '.', '_' and '-', not digits alone")
    if int8_io and ("tflite" not in settings.formats or "int8" not in settings.precisions):
        raise RunError("--int8-io: received no int8 file beside it, expected one: --formats tflite --precisions int8")
    model, left_out = load_run(path, checkpoint), []
    writes = isinstance(model, TextModel)
    if writes:
        settings, left_out = _possible(settings, asked)
    if "onnx" in settings.formats:
        require_onnx()
    out = Path(out) if out else folder.export
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"--out: received {str(out)!r}, expected a folder that can be written to ({error})") from None
    translates = isinstance(model, TranslationModel)
    pictures, note = _pictures(model, recipe, folder) if translates and "tflite" in settings.formats else (None, None)
    jobs = _jobs(settings, out, name, version, model.directions if translates else (), pictures)
    entries = [_attempt(*job, model, repeats) for job in jobs]
    files = [entry for entry in entries if entry.kind == "tflite" and not entry.failure]
    for entry in files if note else ():
        entry.notes.append(note)
    for entry in files[:1]:
        entry.notes += left_out
    # Of translations nobody asks by seed: `ganzoo evaluate` judges them. Texts have no FID.
    quantised = [] if translates or writes else [entry for entry in files if entry.precision in QUANTISED]
    try:
        _judge(quantised, model, recipe, folder)
    except UserError as error:
        for entry in quantised:
            entry.notes.append(f"its FID could not be taken: {error}")
    facts = {"run": str(path), "checkpoint": checkpoint, "step": model.steps_done, "folder": str(out)}
    report = ExportReport(entries, facts)
    report.save(out / "report.json")
    return report


def _possible(settings, asked):
    """Returns settings without what texts cannot have, and notes of what that was; what somebody named is refused."""
    for key in ("formats", "precisions"):
        given = getattr(settings, key)
        # A run folder's recipe has the defaults as well.
        named = given if asked[key] or given != getattr(Export(), key) else []
        for each in IMPOSSIBLE.keys() & named:
            raise RunError(f"export.{key}: received {each!r} for a run of texts, expected others: {IMPOSSIBLE[each]}")
    if settings.int8_io:
        raise RunError(f"export.int8_io: received true for a run of texts, expected false: {IMPOSSIBLE['int8']}")
    precisions = [each for each in settings.precisions if each not in IMPOSSIBLE]
    notes = [f"{each} was left out: {IMPOSSIBLE[each]}" for each in settings.precisions if each in IMPOSSIBLE]
    return settings.model_copy(update={"precisions": precisions}), notes


def _pictures(model, recipe, folder):
    """The training pictures of the domains that a translator reads, or None and the reason why there are none."""
    try:
        source = load(**recipe.data)
        folder.require_data(source.fingerprint)
    except UserError as error:
        return None, f"compared and calibrated on random pictures, since the run's own are not to be had: {error}"
    return {"x": source.x.samples} | ({"y": source.y.samples} if "x" in model.directions else {}), None


def _jobs(settings, out, name, version, directions, pictures):
    """Yields (exporter, place, how to make it, what it will be) of each file; only translators have directions."""
    if "saved_model" in settings.formats:
        yield export_saved_model, out / name, {"version": version}, Entry("saved_model")
    if "tflite" in settings.formats:
        for batch_size in settings.batch_sizes:
            for precision in settings.precisions:
                many = f"-batch{batch_size}" if batch_size > 1 else ""
                how = {"precision": precision, "batch_size": batch_size, "calibration": pictures}
                how |= {"int8_io": settings.int8_io} if precision == "int8" else {}
                place = out / f"{name}-{precision}{many}.tflite"
                yield export_tflite, place, how, Entry("tflite", precision, batch_size)
    if "onnx" in settings.formats:
        for to in directions or (None,):
            way = {"y": "-xy", "x": "-yx", None: ""}[to]
            yield export_onnx, out / f"{name}{way}.onnx", {"to": to}, Entry("onnx")


def _attempt(exporter, place, how, entry, model, repeats):
    try:
        return exporter(model, place, repeats=repeats, **how)
    except ExportError as error:
        entry.file, entry.failure = str(place), str(error)
        return entry


def _judge(entries, model, recipe, folder):
    """What quantisation does to the FID, where the run has been evaluated at all."""
    if not entries:
        return
    if folder.evaluation.is_file():
        num = json.loads(folder.evaluation.read_text(encoding="utf-8"))["num"]
    elif recipe.evaluate is not None and recipe.evaluate.every:
        num = recipe.evaluate.num
    else:
        return
    source = load(**recipe.data)
    folder.require_data(source.fingerprint)
    judge = Judge(source, recipe.evaluate.extractor if recipe.evaluate else "auto", ["fid"], num, progress=True)
    before = judge.score(*judge.draw(model, FIRST_SEED))["fid"]
    asked = asked_of(model, source, FIRST_SEED, num)
    for entry in entries:
        samples = draw(entry.file, num, FIRST_SEED, **asked.conditions)
        after = judge.score(samples, value_range=(0, 1) if source.is_image else None)["fid"]
        entry.fid = {"keras": before, "file": after, "change": after - before, "num": num}
        entry.fid["extractor"] = judge.extractor.identity
