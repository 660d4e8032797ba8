"""Tables and numbers of the pages on text: the exact chain, the LSTM oracle, and real texts."""

from collections import Counter

from .record_reader import lookup
from .tables import Row, cell, comparison, pooled_spread
from .template import require

EXACT = {
    "seqgan": "SeqGAN, reward -log(1 - D)",
    "seqgan-probability": "SeqGAN, reward D",
    "placebo-seqgan-settings": "placebo, settings of SeqGAN",
    "placebo-seqgan-settings-without-baseline": "placebo, settings of SeqGAN, no baseline",
    "placebo": "placebo, single clipped sequences",
    "placebo-without-baseline": "placebo, single clipped sequences, no baseline",
    "relgan": "RelGAN, minimax",
    "relgan-relativistic": "RelGAN, relativistic",
    "relgan-unblended": "RelGAN, minimax, no token interpolation",
    "scratchgan": "ScratchGAN, without pretraining",
    "maligan": "MaliGAN, after one epoch of likelihood",
}
EXACT_COLUMNS = {"js": ".3f", "kl_forward": ".2f", "nll_oracle": ".2f", "entropy": ".2f"}
EXACT_REFERENCES = {
    "maximum likelihood": "likelihood",
    "likelihood, best temperature": "best_temperature",
    "best first-order chain": "optimum",
}
ORACLE_COLUMNS = {
    "nll_oracle": ".2f",
    "nll_held_out": ".3f",
    "entropy": ".2f",
    "two_sample": ".3f",
    "frechet_local": ".4f",
}
# Title -> (configuration whose record has the row, where).
ORACLE_ROWS = {
    "maximum likelihood": ("seqgan", "likelihood"),
    "SeqGAN, reward D": ("seqgan", "last"),
    "maximum likelihood, entropy of SeqGAN": ("seqgan", "likelihood_of_equal_entropy"),
    "placebo": ("placebo", "last"),
    "placebo without a baseline": ("placebo-without-baseline", "last"),
    "maximum likelihood, entropy of that placebo": ("placebo-without-baseline", "likelihood_of_equal_entropy"),
    "held-out sequences": ("seqgan", "held_out"),
    "maximum likelihood, 32 units": ("seqgan-32-units", "likelihood"),
    "SeqGAN, 32 units": ("seqgan-32-units", "last"),
    "maximum likelihood, 32 units, entropy of that SeqGAN": ("seqgan-32-units", "likelihood_of_equal_entropy"),
}
LINES = {
    "likelihood": "maximum likelihood",
    "seqgan": "SeqGAN",
    "relgan": "RelGAN",
    "scratchgan": "ScratchGAN, without pretraining",
    "seqgan-bleu": "SeqGAN, reward BLEU",
}
LINES_COLUMNS = {
    "bleu_2": ".3f",
    "bleu_3": ".3f",
    "self_bleu_2": ".3f",
    "self_bleu_3": ".3f",
    "nll_held_out": ".2f",
    "frechet_local": ".4f",
    "two_sample": ".3f",
}


def repeats(reader, folder, column):
    """Returns the results of repeated maximum-likelihood trainings: one list per seed.

    Every configuration of a seed trains its own maximum likelihood. Configurations measured in one process share one
    training, which shows in equal results everywhere: it counts once.
    """
    groups = {}
    for record in reader.read(f"{folder}/*-seed*"):
        likelihood = lookup(record, "numbers/likelihood")
        units = lookup(record, "recipe/generator/units")
        groups.setdefault((record["seed"], units), {})[str(likelihood)] = likelihood.get(column)
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def repeat_row(reader, folder, columns):
    """Returns the cells of the row "repeated training": the standard deviation within seeds of each result."""
    groups = {column: repeats(reader, folder, column) for column in columns}
    return [f"{pooled_spread(groups[column]):{form}}" if groups[column] else "0" for column, form in columns.items()]


def with_repeats(text, reader, folder, columns, empty_cells):
    """Returns a table with the row of repeated training below it."""
    cells = ["*spread of repeated likelihood training*", *empty_cells, *repeat_row(reader, folder, columns)]
    return f"{text}\n| {' | '.join(cells)} |"


def largest_difference(reader, folder, column, form):
    """Returns the largest difference between two trainings of one seed."""
    return f"{max(max(group) - min(group) for group in repeats(reader, folder, column)):{form}}"


def exact_table(reader):
    """Returns the table of the exact chain; the last row is the noise of repeating one training."""
    references = reader.read("text_exact/seqgan-seed*")
    rows = [Row(title, references, f"numbers/{key}", ["", ""]) for title, key in EXACT_REFERENCES.items()]
    for name, title in EXACT.items():
        if list(reader.folder.glob(f"text_exact/{name}-seed*.json")):
            records = reader.read(f"text_exact/{name}-seed*")
            closed = cell([record["numbers"]["closed"] for record in records], ".2f")
            rows.append(Row(title, records, cells=[str(len(records)), closed]))
    text = comparison(rows, EXACT_COLUMNS, ("", "seeds", "gap closed"))
    return with_repeats(text, reader, "text_exact", EXACT_COLUMNS, ["", ""])


def exact_repeats(reader):
    """Returns how many records repeat the likelihood training of a seed with the same result."""
    largest = max((max(group) - min(group) for group in repeats(reader, "text_exact", "js")), default=0.0)
    require(largest < 1e-6, "repeated likelihood trainings of the chain agree within 1e-6 nats")
    counts = Counter(record["seed"] for record in reader.read("text_exact/*-seed*"))
    return f"{min(counts.values())}"


def beats_likelihood(reader, name, reference="likelihood"):
    """Returns how many seeds of a configuration have a lower divergence than maximum likelihood, of how many."""
    records = reader.read(f"text_exact/{name}-seed*")
    lower = [r for r in records if r["numbers"]["last"]["js"] < r["numbers"][reference]["js"]]
    return f"{len(lower)} of {len(records)}"


def fall_of_nll_oracle(reader, folder, name):
    """Returns by how much `nll_oracle` is below maximum likelihood's, seed by seed."""
    records = reader.read(f"{folder}/{name}-seed*")
    falls = [r["numbers"]["likelihood"]["nll_oracle"] - r["numbers"]["last"]["nll_oracle"] for r in records]
    require(min(falls) > 0, f"nll_oracle of {name} falls in every seed")
    return enumeration(f"{fall:.2f}" for fall in falls)


def placebo_is_still(reader, name):
    """Returns what a constant reward with a baseline does to the divergence, after checking that it is negligible."""
    records = reader.read(f"text_exact/{name}-seed*")
    change = max(abs(r["numbers"]["last"]["js"] - r["numbers"]["likelihood"]["js"]) for r in records)
    require(change < 1e-3, f"{name} leaves the divergence unchanged")
    return f"changes the divergence by at most {change:.0e} nats" if change else "does not change the divergence at all"


def collapsed_seeds(reader, name):
    """Returns the number of seeds whose entropy is nearly zero."""
    entropies = reader.values(f"text_exact/{name}-seed*", "numbers/last/entropy")
    return f"{sum(entropy < 0.01 for entropy in entropies)}"


def largest_gap(reader, name):
    """Returns the largest difference to the Jensen-Shannon divergence of maximum likelihood."""
    records = reader.read(f"text_exact/{name}-seed*")
    gaps = [abs(r["numbers"]["last"]["js"] - r["numbers"]["likelihood"]["js"]) for r in records]
    return f"{max(gaps):.3f}"


def oracle_table(reader):
    """Returns the table of the LSTM oracle; the last row is the noise of repeating one training."""
    rows = []
    for title, (name, key) in ORACLE_ROWS.items():
        records = reader.read(f"text_oracle/{name}-seed*")
        rows.append(Row(title, records, f"numbers/{key}", [str(len(records))]))
    return with_repeats(comparison(rows, ORACLE_COLUMNS), reader, "text_oracle", ORACLE_COLUMNS, [""])


def oracle_scores(reader, key, form=".3f"):
    """Returns a result of SeqGAN's records seed by seed."""
    return enumeration(f"{score:{form}}" for score in reader.values("text_oracle/seqgan-seed*", f"numbers/{key}"))


def oracle_advantage(reader):
    """Returns by how much SeqGAN's `two_sample` is below that of likelihood of equal entropy, seed by seed."""
    pairs = zip(
        reader.values("text_oracle/seqgan-seed*", "numbers/likelihood_of_equal_entropy/two_sample"),
        reader.values("text_oracle/seqgan-seed*", "numbers/last/two_sample"),
        strict=True,
    )
    differences = [likelihood - seqgan for likelihood, seqgan in pairs]
    require(min(differences) > 0, "SeqGAN's sequences are harder to classify in every seed")
    return enumeration(f"{difference:.3f}" for difference in differences)


def oracle_divergence(reader, key):
    """Returns the mean of `nll_oracle` minus `entropy`, the reverse divergence in nats per token."""
    results = reader.values("text_oracle/seqgan-seed*", f"numbers/{key}")
    return f"{sum(each['nll_oracle'] - each['entropy'] for each in results) / len(results):.2f}"


def lines_groups(reader):
    """Returns title -> `Row` of the real texts, with the temperatures of maximum likelihood and the held-out texts."""
    rows = {}
    for name, title in LINES.items():
        records = reader.read(f"text_lines/{name}-seed*")
        rows[title] = Row(title, records, cells=[str(len(records))])
        if name == "likelihood":
            keys = [key for key in records[0]["numbers"] if key.startswith("temperature ")]
            for key in keys:
                rows[f"{title}, {key}"] = Row(f"{title}, {key}", records, f"numbers/{key}", [str(len(records))])
            rows["held-out texts"] = Row("held-out texts", records, "numbers/held_out", [""], once=True)
    return rows


def lines_table(reader):
    """Returns the table of real texts."""
    return comparison(list(lines_groups(reader).values()), LINES_COLUMNS)


def collapsed_text(reader, seed):
    """Returns the text to which SeqGAN with BLEU as its reward collapses."""
    (record,) = reader.read(f"text_lines/seqgan-bleu-seed{seed}")
    return Counter(record["texts"]).most_common(1)[0][0]


def enumeration(items):
    """Returns "a, b and c"."""
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last
