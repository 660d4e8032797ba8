"""Writes one-line descriptions of software packages, as Debian's package manager knows them, into a text file.

    python benchmarks/synopses.py synopses.txt

They are read with `apt-cache dumpavail` on a Debian or Ubuntu machine whose package lists are up to date, and are not
part of this project. Equal ones are written once, in alphabetical order.
"""

import argparse
import re
import subprocess
from pathlib import Path


def synopses():
    """Returns the sorted, distinct synopses."""
    told = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^Description(?:-en)?: (.+)$", told, re.MULTILINE)
    # Variants of one package differ in a bracket: "(development files)".
    return sorted({re.sub(r"\s*\([^)]*\)", "", text).strip() for text in found} - {""})


def main():
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, metavar="FILE")
    options = parser.parse_args()
    lines = synopses()
    if not lines:
        raise SystemExit("apt-cache dumpavail told of no packages: run `apt-get update` first")
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} synopses in {options.out}")


if __name__ == "__main__":
    main()
