"""What a type checker sees of the package, in the layout of a wheel: editable installs are not followed."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = """\
import ganzoo

model = ganzoo.GAN.create((32, 32, 1), loss="hinge", regularizers=[ganzoo.R1(1.0, every=16)])
reveal_type(model)
model.compile()
ganzoo.WGANGP.create((8, 8, 1), seed=1)
reveal_type(ganzoo.train(ganzoo.load_recipe("gan_digits"), "runs/first"))
reveal_type(ganzoo.evaluate(model, ganzoo.load("digits"), num_samples=100))
reveal_type(ganzoo.export_tflite(model, "model.tflite"))
reveal_type(ganzoo.__version__)

ganzoo.GAN("x")
ganzoo.GAN.create("x")
ganzoo.R1(weight="large")
ganzoo.DiffAugment(shifts=1)
ganzoo.load_run(3)
ganzoo.train("gan_digits", "runs/first")
ganzoo.load_recipes("gan_digits")
"""
REVEALED = ["GAN", "TrainingResult", "EvaluationReport", "ExportedFile", "str"]
# The line of each wrong use, and its error.
WRONG = {12: "call-arg", 13: "arg-type", 14: "arg-type", 15: "call-arg", 16: "arg-type", 17: "arg-type",
         18: "attr-defined"}  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the packages and their data as a wheel installs them."""
    folder = tmp_path_factory.mktemp("site")
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    folders = dict(line.split(" = ") for line in parser["options"]["package_dir"].split("\n") if line)
    for package in parser["options"]["packages"].split():
        parts = package.split(".")
        source = ROOT / folders[".".join(parts[:2])] / Path(*parts[2:])
        target = folder / Path(*parts)
        target.mkdir(parents=True, exist_ok=True)
        patterns = parser["options.package_data"].get(package, "").split(", ")
        for pattern in ("*.py", *filter(None, patterns)):
            for path in source.glob(pattern):
                shutil.copy(path, target)
    return folder


def test_right_uses_have_types_and_wrong_ones_are_errors(installed, tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "mypy.ini").write_text(
        # The package itself is checked for what its signatures say; its bodies call untyped libraries.
        f"[mypy]\nmypy_path = {installed}\nignore_missing_imports = True\n[mypy-ganzoo.*]\nfollow_imports = silent\n"
    )
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), "program.py"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    lines = [line for line in process.stdout.splitlines() if line.startswith("program.py")]
    revealed = [line.split('"')[1] for line in lines if "Revealed type" in line]
    assert len(revealed) == len(REVEALED), process.stdout + process.stderr
    assert all(map(str.__contains__, revealed, REVEALED)), revealed
    errors = {int(line.split(":")[1]): line.rpartition("[")[2].rstrip("]") for line in lines if ": error:" in line}
    assert errors == WRONG, process.stdout
