"""Writes the pages of `docs/benchmarks` from the records in `benchmarks/results`.

    python benchmarks/generate_pages.py            # writes the pages
    python benchmarks/generate_pages.py --check    # fails if a page differs from its records
    python benchmarks/generate_pages.py --plots    # draws the plots too; needs matplotlib

Each page has a template in `benchmarks/pages/templates`; its tables and numbers come from the functions of a module in
`benchmarks/pages`. A paragraph whose record does not exist yet is left out, and the record is named on stderr.
"""

import argparse
import sys
from pathlib import Path

from pages import image_fields, lecture_fields, speed_fields, text_fields
from pages.record_reader import RESULTS, RecordReader
from pages.template import fill

TEMPLATES = Path(__file__).parent / "pages" / "templates"
DOCS = Path(__file__).parents[1] / "docs" / "benchmarks"
# Page -> modules with the functions of its placeholders.
PAGES = {
    "index": (),
    "lecture": (lecture_fields,),
    "fashion_mnist": (image_fields,),
    "class_conditional": (image_fields,),
    "text_to_image": (image_fields,),
    "translation": (image_fields, speed_fields),
    "text_exact_chain": (text_fields,),
    "text_oracle": (text_fields,),
    "text_lines": (text_fields,),
    "throughput": (speed_fields,),
    "sampling": (speed_fields,),
    "export": (speed_fields,),
    "evaluation": (speed_fields,),
    "data_loading": (speed_fields,),
}


def generate(folder=RESULTS):
    """Returns (pages, missing, used).

    Args:
        folder: path of the records.

    Returns:
        pages: dict of page -> Markdown. missing: dict of page -> list of records that do not exist yet, for pages with
        paragraphs that were left out. used: set of the records' paths that some page reads, relative to the folder.
    """
    reader, pages, missing = RecordReader(folder), {}, {}
    for name, modules in PAGES.items():
        template = (TEMPLATES / f"{name}.md").read_text(encoding="utf-8")
        pages[name], left_out = fill(template, reader, *modules)
        if left_out:
            missing[name] = left_out
    return pages, missing, reader.used


def main():
    """Writes or checks the pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is out of date")
    parser.add_argument("--plots", action="store_true", help="draw the plots as well (needs matplotlib)")
    options = parser.parse_args()
    pages, missing, _ = generate()
    for name, records in missing.items():
        print(f"{name}.md: without paragraphs of the missing records {', '.join(records)}", file=sys.stderr)
    paths = {DOCS / f"{name}.md": text for name, text in pages.items()}
    if options.check:
        stale = [path.name for path, text in paths.items() if not path.exists() or path.read_text("utf-8") != text]
        if stale:
            raise SystemExit(f"{', '.join(stale)}: out of date: run `python benchmarks/generate_pages.py`")
        return
    DOCS.mkdir(parents=True, exist_ok=True)
    for path, text in paths.items():
        path.write_text(text, encoding="utf-8")
    if options.plots:
        from pages.plots import draw_all

        draw_all(RecordReader())


if __name__ == "__main__":
    main()
