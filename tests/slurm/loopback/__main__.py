"""Entry point of `python3 tests/slurm/loopback` and of `python3 -m tests.slurm.loopback`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from loopback.command import main

sys.exit(main())
