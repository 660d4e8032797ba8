"""Writes the one-line descriptions of Debian packages into a text file.

    python benchmarks/synopses.py synopses.txt

Reads them with `apt-cache dumpavail`, on a Debian or Ubuntu machine with current package lists. The texts are not part
of this project. Duplicates are removed; the order is alphabetical.
"""

import argparse
import re
import subprocess
from pathlib import Path


def read_synopses():
    """Returns the sorted, distinct synopses."""
    output = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
    synopses = re.findall(r"^Description(?:-en)?: (.+)$", output, re.MULTILINE)
    # Packages of one source differ only in a parenthesis: "(development files)".
    return sorted({re.sub(r"\s*\([^)]*\)", "", text).strip() for text in synopses} - {""})


def main():
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, metavar="FILE")
    options = parser.parse_args()
    lines = read_synopses()
    if not lines:
        raise SystemExit(
            "apt-cache dumpavail: received no packages, expected package lists: run `apt-get update` first"
        )
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} synopses in {options.out}")


if __name__ == "__main__":
    main()
