"""Writes the model table of README.md; with `--check`, exits with 1 if the table is not current.

A new model needs no edit here: its class, summary and paper come from the docstring, its recipes from `configs/`, its
sample image from `docs/images/models/NAME.png` if there is one, and its measured figure from the records that
`model_figures.toml` names. TensorFlow is not imported.
"""

import argparse
import ast
import json
import re
import statistics
import sys
import tomllib
from pathlib import Path

from ganzoo.zoo.registry import variants

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
FIGURES = ROOT / "docs" / "model_figures.toml"
IMAGES = Path("docs/images/models")
RESULTS = ROOT / "benchmarks" / "results"
START, END = "<!-- models -->", "<!-- /models -->"
HEADER = ("Model", "Samples", "What it is", "Recipes", "Measured")
# From the simplest task to the most specialized one; families that are not named here follow.
FAMILIES = ("image", "conditional", "translation", "text")
MISSING = "—"


def table():
    """Returns the table as Markdown, one row per model."""
    figures = tomllib.loads(FIGURES.read_text(encoding="utf-8"))
    rows = [HEADER, ["---"] * len(HEADER), *(row(info, figures.get(info.name)) for info in ordered_models())]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def ordered_models():
    """Returns the models by family, the plain `gan` first."""
    rank = {family: position for position, family in enumerate(FAMILIES)}
    return sorted(variants().values(), key=lambda info: (rank.get(info.family, len(rank)), info.family, info.name))


def row(info, figure):
    """Returns the cells of a model."""
    return [
        f"[`{info.class_name}`](zoo/models/{info.family}/{info.name}.py)",
        samples(info, figure),
        f"{info.summary} {paper(info)}".strip(),
        " ".join(f"`{name}`" for name in recipes(info.name)) or MISSING,
        measured(figure) if figure else MISSING,
    ]


def samples(info, figure):
    """Returns the sample image of a model, or the first text of a record."""
    image = IMAGES / f"{info.name}.png"
    if (ROOT / image).exists():
        return f'<img src="{image.as_posix()}" alt="{info.class_name} samples" height="48">'
    if figure and "texts" in figure:
        return f"*{json.loads((RESULTS / figure['texts']).read_text())['texts'][0]}*"
    return MISSING


def paper(info):
    """Returns authors and year of the docstring's line "Paper: ...", linked to the paper where an address is given."""
    path = ROOT / "zoo" / "models" / info.family / f"{info.name}.py"
    classes = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)]
    docstring = next(ast.get_docstring(node) for node in classes if node.name == info.class_name) or ""
    match = re.search(r"Paper: (.+? \d{4}), \"[^\"]+\" \(([^)]+)\)", " ".join(docstring.split()))
    if not match:
        return ""
    authors, reference = match.groups()
    if arxiv := re.search(r"arXiv:([\d.]+)", reference):
        return f"([{authors}](https://arxiv.org/abs/{arxiv[1]}))"
    if address := re.search(r"https://\S+", reference):
        return f"([{authors}]({address[0]}))"
    return f"({authors}, {reference})"


def recipes(name):
    """Returns the names of the recipes that train a model."""
    paths = sorted((ROOT / "configs").glob("*.toml"))
    return [path.stem for path in paths if tomllib.loads(path.read_text())["model"]["variant"] == name]


def measured(figure):
    """Returns the figure of a model: mean and standard deviation over the seeds that were recorded."""
    paths = sorted(RESULTS.glob(figure["records"]))
    if not paths:
        raise SystemExit(f"{FIGURES.name}: found no record {figure['records']!r} below benchmarks/results")
    seeds = [
        statistics.fmean(value_at(json.loads(path.read_text())["numbers"], key) for key in figure["values"])
        for path in paths
    ]
    form = f".{figure['digits']}f"
    value = f"{statistics.fmean(seeds):{form}}"
    if len(seeds) > 1:
        value += f" ± {statistics.stdev(seeds):{form}}"
    return f"{figure['text'].format(value)} ([{figure['data']}]({figure['page']}))"


def value_at(numbers, path):
    """Returns the number at a dotted path of nested dicts."""
    for key in path.split("."):
        numbers = numbers[key]
    return numbers


def main():
    """Reads the command line, and writes or checks README.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the table is not current")
    options = parser.parse_args()
    current = README.read_text(encoding="utf-8")
    before, _, rest = current.partition(START)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"README.md: found no {START} ... {END}, expected both markers around the model table")
    generated = f"{before}{START}\n{table()}\n{END}{after}"
    if options.check:
        if generated != current:
            print("README.md: the model table is not current: run `make generate`", file=sys.stderr)
        return int(generated != current)
    README.write_text(generated, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
