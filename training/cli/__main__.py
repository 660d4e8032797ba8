"""Runs the command line as `python -m ganzoo.training.cli`."""

import sys

from .command_line import main

sys.exit(main())
