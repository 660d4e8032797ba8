"""What a report on images says about its scores: what they were computed from, and what to read before them."""

from ..evaluation_report import block_count, share
from ..few_samples import small_set_notes
from ..metric_registry import result_counts
from .metrics import count_both_sides

# How the report names the rows of the reference.
SPLITS = {"train": "train", "all": "all rows, training and held out"}


def describe_scores(evaluator, comparison, results, settings):
    """Returns arguments of `EvaluationReport`.

    Args:
        evaluator: `ImageEvaluator`.
        comparison: `ImageComparison` of the first block of samples.
        results: dict, the results of that block.
        settings: dict: `subject`, `num_samples`, `available` (of the samples) and `seeds`.

    Returns:
        dict: `facts`, `counts`, `warnings`, `provenance`, `baseline_key` and `baseline_title`.
    """
    modules = {
        name: module for name, module in evaluator.metrics.items() if not results.keys().isdisjoint(module.RESULTS)
    }
    reference = evaluator.reference
    facts = settings | {"reference": _reference_facts(evaluator), "extractor": evaluator.extractor.identity}
    if evaluator.extractor.training:
        facts["extractor_training"] = evaluator.extractor.training
    for module in modules.values():
        facts |= _optional(module, "facts", comparison, {})
    notes = [note for module in modules.values() for note in _optional(module, "warnings", comparison, [])]
    return {
        "facts": facts,
        "counts": result_counts(modules.values(), comparison, count_both_sides),
        "warnings": [*_size_notes(facts, reference, "fid" in modules), *evaluator.extractor.warnings, *notes],
        "provenance": _provenance(facts),
        "baseline_key": reference.baseline_key,
        "baseline_title": reference.baseline_title,
    }


def _optional(module, function, comparison, default):
    return getattr(module, function)(comparison) if hasattr(module, function) else default


def _reference_facts(evaluator):
    source, reference = evaluator.source, evaluator.reference
    facts = {
        "name": source.name,
        "fingerprint": source.fingerprint,
        "split": reference.split,
        "num_samples": len(reference.rows),
        "available": len(reference.source.samples),
        "shape": list(source.shape),
    }
    if reference.split == "all":
        return facts | {"half": len(reference.rows) // 2}
    return facts | {"held_out": len(reference.held_out_rows), "held_out_available": len(source.held_out)}


def _size_notes(facts, reference, has_fid):
    """Returns notes on the sizes of all sets of images."""
    num_samples, described = facts["num_samples"], facts["reference"]
    sizes = {"samples": num_samples, "reference images": described["num_samples"], **reference.baseline_sizes}
    notes = small_set_notes(sizes)
    if num_samples < facts["available"]:
        notes.append(f"{num_samples} of {facts['available']} samples were evaluated, a random subset (num_samples)")
    if reference.split == "all":
        used, available = described["num_samples"], described["available"]
        if used < available:
            notes.append(
                f"{used} of {available} images of {described['name']} were compared, a random subset (num_samples)"
            )
        trained = facts.get("extractor_training")
        if trained:
            notes.append(
                f"{facts['extractor']['name']}: trained on {trained['images']} of the {available} images of "
                f"{described['name']}: a set of unseen images scores slightly worse than the random halves"
            )
    smallest = min(reference.baseline_sizes.values(), default=num_samples)
    if has_fid and smallest < num_samples:
        notes.append(
            f"fid: the baseline is computed from {smallest} images, that of the samples from {num_samples}: fewer "
            "images increase the distance"
        )
    return notes


def _provenance(facts):
    reference, extractor = facts["reference"], facts["extractor"]
    real = share(reference["num_samples"], reference["available"])
    parts = [
        f"{block_count(len(facts['seeds'] or [None]))}{facts['num_samples']} samples against {real} of "
        f"{reference['name']} ({SPLITS[reference['split']]})",
        f"features of {extractor['name']} {extractor.get('weights', '')}",
        f"resizer {extractor.get('resizer', 'none')}",
    ]
    if "inception_score" in facts:
        score = facts["inception_score"]
        parts.append(f"Inception Score of {score['classes']} classes in {score['splits']} split")
    return ", ".join(parts)
