"""Entry point of `python tests/slurm/chaos`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

from chaos.command import main  # noqa: E402

sys.exit(main())
