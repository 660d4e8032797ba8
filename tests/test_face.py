"""`import ganzoo`: its names, what it imports, oneDNN, and what a type checker sees of it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import ganzoo
import pytest

ROOT = Path(__file__).parents[1]


def run(program, **environment):
    """Runs a program in a new process; returns what it printed and its warnings."""
    environment = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"} | environment
    process = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return process.stdout, process.stderr


def test_all_names_are_listed_and_exist():
    listed = dir(ganzoo)
    expected = {
        "GAN",
        "WGANGP",
        "ImageGAN",
        "R1",
        "DiffAugment",
        "load",
        "load_run",
        "train",
        "evaluate",
        "export_tflite",
    }
    assert expected | {"SampleWriter", "ImageEvaluator", "ArgumentError", "__version__"} <= set(listed)
    for name in listed:
        assert getattr(ganzoo, name) is not None
    assert re.fullmatch(r"\d+\.\d+\.\d+", ganzoo.__version__)
    from ganzoo.zoo import GAN

    assert ganzoo.GAN is GAN


def test_a_misspelled_name_is_corrected():
    with pytest.raises(AttributeError, match="module 'ganzoo' has no attribute 'load_rum'; did you mean 'load_run'"):
        ganzoo.load_rum  # noqa: B018


def test_importing_it_imports_neither_tensorflow_nor_keras():
    output, _ = run(
        "import sys, ganzoo; dir(ganzoo); ganzoo.__version__; print({'tensorflow', 'keras'} & {*sys.modules})"
    )
    assert output.strip() == "set()"


# Only x86 has a choice.
CHOOSE = """
import platform, sys, types, warnings
from pathlib import Path
platform.machine = lambda: "x86_64"
sys.modules["{loaded}"] = types.ModuleType("{loaded}")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import ganzoo
    ganzoo._choose_onednn(Path("{cpu}"))
import os
print(len([each for each in caught if "oneDNN" in str(each.message)]), os.environ["TF_ENABLE_ONEDNN_OPTS"])
"""


@pytest.mark.parametrize(("loaded", "least", "most"), [("tensorflow", 0, 1), ("other", 0, 0)])
def test_onednn_is_chosen_and_a_tensorflow_that_was_loaded_before_gives_at_most_one_warning(
    loaded, least, most, tmp_path
):
    output, _ = run(CHOOSE.format(loaded=loaded, cpu=tmp_path / "missing"))
    warned, choice = output.split()
    assert least <= int(warned) <= most
    assert choice == "1"


def test_the_warning_depends_on_the_processor_and_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr("platform.machine", lambda: "AMD64")
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    flags = tmp_path / "cpuinfo"
    for content, warns in (("flags: avx2 avx512f", False), ("flags: avx2", True)):
        monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
        flags.write_text(content)
        if warns:
            with pytest.warns(RuntimeWarning, match="convolutions take about twice as long: import ganzoo first"):
                ganzoo._choose_onednn(flags)
        else:
            ganzoo._choose_onednn(flags)
        assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"
    # A value that the user set is kept, without a warning.
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    ganzoo._choose_onednn(flags)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    ganzoo._choose_onednn(flags)
    assert "TF_ENABLE_ONEDNN_OPTS" not in os.environ


def test_the_stub_is_current():
    check = [sys.executable, str(ROOT / "docs" / "generate_stubs.py"), "--check"]
    assert subprocess.run(check, capture_output=True).returncode == 0, "run `make generate`"
