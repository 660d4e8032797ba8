"""The benchmark pages follow from their records: same text, one feature extractor per table, no unused record."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
# Records that no page reads -> why they are kept.
UNUSED = {"mutation.json": "the record of `make mutants`, a check of the tests"}


@pytest.fixture
def load_module(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.fixture
def generate_pages(load_module):
    return load_module("generate_pages")


def record(weights, **last):
    return {"evaluation": {"extractor": {"name": "classifier", "weights": weights}}, "numbers": {"last": last}}


def test_pages_equal_what_their_records_give(generate_pages):
    pages, _, _ = generate_pages.generate()
    for name, text in pages.items():
        page = generate_pages.DOCS / f"{name}.md"
        assert page.read_text(encoding="utf-8") == text, f"{page.name}: run `python benchmarks/generate_pages.py`"


def test_there_is_a_template_and_a_page_of_every_name(generate_pages):
    assert {path.stem for path in generate_pages.TEMPLATES.glob("*.md")} == set(generate_pages.PAGES)
    assert {path.stem for path in generate_pages.DOCS.glob("*.md")} == set(generate_pages.PAGES)
    index = (generate_pages.DOCS / "index.md").read_text(encoding="utf-8")
    assert all(f"({name}.md)" in index for name in set(generate_pages.PAGES) - {"index"})


def test_no_placeholder_is_left_in_a_page(generate_pages):
    pages, _, _ = generate_pages.generate()
    assert not [name for name, text in pages.items() if "{{" in text or "}}" in text]


def test_every_record_is_read_by_a_page_or_has_a_reason(generate_pages):
    _, _, used = generate_pages.generate()
    records = {path.relative_to(generate_pages.RESULTS).as_posix() for path in generate_pages.RESULTS.rglob("*.json")}
    assert records - used == set(UNUSED)


def test_every_record_that_a_template_names_exists(generate_pages):
    _, missing, _ = generate_pages.generate()
    assert not missing


def test_pages_are_generated_without_tensorflow():
    code = "import sys, generate_pages; generate_pages.generate(); sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=BENCHMARKS, check=True)


def test_a_table_refuses_rows_of_different_extractors(load_module):
    tables = load_module("pages.tables")
    rows = [tables.Row("GAN", [record("bb9b66", fid=30.0)]), tables.Row("CGAN", [record("b48ac2", fid=16.0)])]
    with pytest.raises(tables.MixedExtractorsError, match=r"b48ac2 \(CGAN\), bb9b66 \(GAN\); expected one"):
        tables.comparison(rows, {"fid": ".1f"})


def test_a_table_refuses_seeds_of_different_extractors_in_one_row(load_module):
    tables = load_module("pages.tables")
    row = tables.Row("GAN", [record("bb9b66", fid=30.0), record("b48ac2", fid=31.0)])
    with pytest.raises(tables.MixedExtractorsError):
        tables.comparison([row], {"fid": ".1f"})


def test_a_table_has_means_and_spreads_of_one_extractor(load_module):
    tables = load_module("pages.tables")
    rows = [
        tables.Row("GAN", [record("bb9b66", fid=30.0), record("bb9b66", fid=32.0)], cells=["2"]),
        tables.Row("CGAN", [record("bb9b66", fid=16.0, gan_test=0.5)], cells=["1"]),
    ]
    assert tables.comparison(rows, {"fid": ".1f", "gan_test": ".2f"}).splitlines() == [
        "|  | seeds | fid | gan_test |",
        "| --- | --- | --- | --- |",
        "| GAN | 2 | 31.0 ± 1.4 |  |",
        "| CGAN | 1 | 16.0 | 0.50 |",
    ]


def test_a_page_changes_with_its_record(load_module, tmp_path):
    reader, template = load_module("pages.record_reader"), load_module("pages.template")
    text = "Speed: {{ value speed results/ratio .2f }}."
    for ratio in (1.5, 2.5):
        (tmp_path / "speed.json").write_text(json.dumps({"results": {"ratio": ratio}}))
        assert template.fill(text, reader.RecordReader(tmp_path)) == (f"Speed: {ratio:.2f}.\n", [])


def test_a_paragraph_without_its_record_is_left_out_and_named(load_module, tmp_path):
    reader, template = load_module("pages.record_reader"), load_module("pages.template")
    text = "# Speed\n\nThe ratio is {{ value speed results/ratio .2f }}.\n\nThe end."
    page, missing = template.fill(text, reader.RecordReader(tmp_path))
    assert page == "# Speed\n\nThe end.\n"
    assert missing == ["speed.json"]


def test_a_claim_that_the_records_do_not_support_is_an_error(load_module):
    template = load_module("pages.template")
    template.require(True, "CGAN has the lowest FID")
    with pytest.raises(template.ClaimError, match="CGAN has the lowest FID"):
        template.require(False, "CGAN has the lowest FID")


def test_repeated_trainings_of_one_seed_give_the_noise(load_module, tmp_path):
    reader, text_fields = load_module("pages.record_reader"), load_module("pages.text_fields")
    scores = {"seqgan": 0.60, "placebo": 0.62, "other": 0.62}
    for name, score in scores.items():
        content = {"seed": 0, "recipe": {}, "numbers": {"likelihood": {"two_sample": score}}}
        (tmp_path / f"{name}-seed0.json").write_text(json.dumps(content))
    # "placebo" and "other" share one training.
    groups = text_fields.repeats(reader.RecordReader(tmp_path), ".", "two_sample")
    assert [sorted(group) for group in groups] == [[0.60, 0.62]]
