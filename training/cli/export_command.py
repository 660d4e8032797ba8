"""`ganzoo export`: exports a run's generator to files for servers and devices, each compared with Keras."""

import json
import re
import sys
import unicodedata
from pathlib import Path

from ...export.evaluation import ImageEvaluator
from ...export.evaluation.image.image_evaluator import FIRST_SEED
from ...export.evaluation.image.sample_conditions import conditions_for
from ...export.exporters.export_errors import ExportError
from ...export.exporters.onnx import export_onnx, require_onnx
from ...export.exporters.saved_model import export_saved_model
from ...export.exporters.tflite import export_tflite
from ...export.runtime.sample import sample_file
from ...export.signatures.text_signatures import UNSUPPORTED
from ...export.verification.export_report import ExportedFile, ExportReport
from ...export.verification.verify_file import REPEATS
from ...zoo.errors import UserError
from ..config.recipe import Recipe
from ..config.schema import Export
from ..run.run_dir import RunError, as_run_dir
from .output_paths import check_output_folder, claim_folder

# The kind of folder that exports are in.
KIND = "export"
MAX_NAME = 100
PATTERN_CHARACTERS = "[\\"
# Precisions that change samples enough to affect the FID.
QUANTIZED = ("int8", "dynamic")


def export_run(
    run, checkpoint="last", out=None, name=None, version=None, formats=None, precisions=None, batch_sizes=None,
    int8_io=None, repeats=REPEATS, data=None,
):  # fmt: skip
    """Exports a run's generator in the requested formats, and writes `report.json`.

    Files that deviate from Keras are not written; the others are, and the report gives the reason. If the run has been
    evaluated (`ganzoo evaluate`), the FID of its quantized files is computed as well. TFLite files of translation
    models are calibrated and compared on the run's training images, if these are still available. Text models have
    neither an FID nor int8 files: unless precisions are given, the others are written.

    Args:
        run: str or path of a run directory, or a `RunDir`.
        checkpoint: "last" or "best". Default "last".
        out: str or path of a folder, created if missing. Default: `export` in the run directory.
        name: str of letters, digits, '.', '_' and '-': name of the SavedModel's folder and of the files. Default: of
            `derive_name`.
        version: int >= 1 of the SavedModel, or None for the next free one. Default None.
        formats, precisions, batch_sizes, int8_io: as in the recipe's `[export]`. Default: the recipe's.
        repeats: int >= 0, timed calls per file, of which the median is reported; 0 disables timing. Default 50.
        data: str, a data source that now holds the run's data, or None for the recipe's. Default None.

    Returns:
        An `ExportReport`; `report.failures` are the files that were not written.

    Raises:
        UserError: no run, or an argument that cannot be used.
    """
    run_dir = as_run_dir(run)
    recipe = run_dir.load_recipe(source=data)
    arguments = {"formats": formats, "precisions": precisions, "batch_sizes": batch_sizes, "int8_io": int8_io}
    settings = _merge_settings(recipe, arguments)
    if name is None:
        name = derive_name(run_dir.path.resolve().name)
    elif not _is_name(name):
        raise RunError(
            f"--name: received {name!r}, expected letters, digits, '.', '_' and '-', not digits alone and at most "
            f"{MAX_NAME} characters"
        )
    if int8_io and ("tflite" not in settings.formats or "int8" not in settings.precisions):
        raise RunError("--int8-io: received no int8 file with it, expected one: --formats tflite --precisions int8")
    if out:
        check_output_folder(out, KIND, recipe.data)
    if "saved_model" in settings.formats:
        _check_loadable(out or run_dir.export)
    if data:
        run_dir.load_data(recipe)
    model, skipped = run_dir.load_model(checkpoint), []
    if model.data_family == "text":
        settings, skipped = _text_settings(settings, arguments)
    if "onnx" in settings.formats:
        require_onnx()
    try:
        out = claim_folder(out or run_dir.export, KIND)
    except OSError as error:
        raise RunError(f"--out: received {str(out)!r}, expected a folder that can be written to ({error})") from None
    calibration, note, directions = None, None, (None,)
    if model.data_family == "translation":
        directions = model.directions
        if "tflite" in settings.formats:
            calibration, note = _calibration_images(model, recipe, run_dir)
    jobs = _jobs(settings, out, name, version, directions, calibration)
    entries = [_run_job(*job, model, repeats) for job in jobs]
    tflite_entries = [entry for entry in entries if entry.kind == "tflite" and not entry.failure]
    for entry in tflite_entries if note else ():
        entry.notes.append(note)
    for entry in tflite_entries[:1]:
        entry.notes += skipped
    # Translation models do not generate from seeds, and texts have no FID.
    has_fid = model.data_family == "image"
    quantized = [entry for entry in tflite_entries if has_fid and entry.precision in QUANTIZED]
    try:
        _evaluate_quantized(quantized, model, recipe, run_dir)
    except UserError as error:
        for entry in quantized:
            entry.notes.append(f"its FID could not be computed: {error}")
    facts = {"run": str(run_dir), "checkpoint": checkpoint, "step": model.steps_done, "folder": str(out)}
    report = ExportReport(entries, facts)
    report.save(out / "report.json")
    return report


def derive_name(folder):
    """Returns the name of the model of a run: that of its folder, as far as servers and programs accept it.

    Args:
        folder: str, such as "my run (1)", which yields "my_run_1". Accents are dropped and other characters become "_".
    """
    if _is_name(folder):
        return folder
    plain = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", plain).strip("_.-")[:MAX_NAME]
    name = name if _is_name(name) else f"model_{name}".rstrip("_")
    print(f"the model is named {name!r} after the folder {folder!r}; --name gives it another name", file=sys.stderr)
    return name


def _check_loadable(out):
    """Refuses folders from which TensorFlow cannot load a SavedModel: it reads their paths as patterns."""
    characters = sorted(set(PATTERN_CHARACTERS) & set(str(Path(out).resolve())))
    if characters:
        raise RunError(
            f"--out: received {str(out)!r}, expected a path without {' '.join(characters)}: TensorFlow cannot load a "
            "SavedModel from there; choose another folder, or leave saved_model out of --formats"
        )


def _is_name(name):
    return len(name) <= MAX_NAME and re.fullmatch(r"[A-Za-z0-9][\w.-]*", name, re.ASCII) and not name.isdigit()


def _merge_settings(recipe, arguments):
    """Returns the validated `[export]` section of a recipe, overridden by the arguments that are not None."""
    overrides = {key: value for key, value in arguments.items() if value is not None}
    settings = (recipe.export or Export()).model_dump() | overrides
    return Recipe(recipe.content() | {"export": settings}, "ganzoo export").export


def _text_settings(settings, arguments):
    """Returns settings without what text models do not support, and notes about it; explicit requests are refused."""
    for key in ("formats", "precisions"):
        values = getattr(settings, key)
        # The recipe of a run contains the defaults as well.
        explicit = values if arguments[key] or values != getattr(Export(), key) else []
        for value in UNSUPPORTED.keys() & explicit:
            raise RunError(f"export.{key}: received {value!r} for a text run, expected others: {UNSUPPORTED[value]}")
    if settings.int8_io:
        raise RunError(f"export.int8_io: received true for a text run, expected false: {UNSUPPORTED['int8']}")
    precisions = [value for value in settings.precisions if value not in UNSUPPORTED]
    notes = [f"{value} was skipped: {UNSUPPORTED[value]}" for value in settings.precisions if value in UNSUPPORTED]
    return settings.model_copy(update={"precisions": precisions}), notes


def _calibration_images(model, recipe, run_dir):
    """Returns (dict of domain -> training images that a translation model reads, or None; reason why not, or None)."""
    try:
        source = run_dir.load_data(recipe)
    except UserError as error:
        return None, f"compared and calibrated on random images, because the run's own are not available: {error}"
    return {"x": source.x.samples} | ({"y": source.y.samples} if "x" in model.directions else {}), None


def _jobs(settings, out, name, version, directions, calibration):
    """Yields (exporter, path, keyword arguments, `ExportedFile` in case of failure) for each file.

    Args:
        directions: target domains of a translation model, or (None,).
    """
    if "saved_model" in settings.formats:
        yield export_saved_model, out / name, {"version": version}, ExportedFile("saved_model")
    if "tflite" in settings.formats:
        for batch_size in settings.batch_sizes:
            for precision in settings.precisions:
                arguments = {"precision": precision, "batch_size": batch_size, "calibration": calibration}
                arguments |= {"int8_io": settings.int8_io} if precision == "int8" else {}
                suffix = f"-batch{batch_size}" if batch_size > 1 else ""
                path = out / f"{name}-{precision}{suffix}.tflite"
                yield export_tflite, path, arguments, ExportedFile("tflite", precision, batch_size)
    if "onnx" in settings.formats:
        for to in directions:
            suffix = {"y": "-xy", "x": "-yx", None: ""}[to]
            yield export_onnx, out / f"{name}{suffix}.onnx", {"to": to}, ExportedFile("onnx")


def _run_job(exporter, path, arguments, entry, model, repeats):
    try:
        return exporter(model, path, repeats=repeats, **arguments)
    except ExportError as error:
        entry.file, entry.failure = str(path), str(error)
        return entry


def _evaluate_quantized(entries, model, recipe, run_dir):
    """Records how quantization changes the FID, if the run has been evaluated."""
    if not entries:
        return
    if run_dir.evaluation.is_file():
        num_samples = json.loads(run_dir.evaluation.read_text(encoding="utf-8"))["num_samples"]
    elif recipe.evaluate is not None and recipe.evaluate.every:
        num_samples = recipe.evaluate.num_samples
    else:
        return
    source = run_dir.load_data(recipe)
    extractor = recipe.evaluate.extractor if recipe.evaluate else "auto"
    evaluator = ImageEvaluator(source, extractor, ["fid"], num_samples, progress=True)
    keras_fid = evaluator.score(*evaluator.sample(model, FIRST_SEED))["fid"]
    conditions = conditions_for(model, source, FIRST_SEED, num_samples).conditions
    for entry in entries:
        samples = sample_file(entry.file, num_samples, FIRST_SEED, **conditions)
        file_fid = evaluator.score(samples, value_range=(0, 1) if source.is_image else None)["fid"]
        entry.fid = {
            "keras": keras_fid,
            "file": file_fid,
            "change": file_fid - keras_fid,
            "num_samples": num_samples,
            "extractor": evaluator.extractor.identity,
        }
