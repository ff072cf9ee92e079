"""How long `snakemake --dry-run` takes, and its memory, for studies of 60, 1 000 and 10 000 runs, one job each.

    python benchmarks/dry_run.py

Each study is made up (mlp and small_cnn, sizes and seeds on digits), planned in a folder of its own and thrown away.
Wall seconds and the peak memory of Snakemake's process; the ratio is to the smallest study of the same call.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
STUDY = """
title: Made up
question: How long does a dry run take?
dataset: {{name: digits}}
experiments:
  grid: {{architectures: [mlp, small_cnn], sizes: {sizes}, seeds: {seeds}}}
"""


def dry_run(sizes: int, seeds: int) -> tuple[float, float]:
    """Wall seconds and peak memory in MB of a dry run of 2 x sizes x seeds runs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(REPOSITORY / "config", folder / "config")
        text = STUDY.format(sizes=[20 + i for i in range(sizes)], seeds=seeds)
        (folder / "config/studies/made_up.yaml").write_text(text)
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "workflow/Snakefile")]
        command += ["--cores", "1", "--dry-run", "--quiet", "rules", "--config", "study=made_up"]
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
    # The largest of the children so far: studies are timed from small to large.
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    print("| runs = jobs | seconds | ratio | peak memory |")
    print("|---:|---:|---:|---:|")
    first = None
    for sizes, seeds in ((6, 5), (50, 10), (50, 100)):
        seconds, megabytes = dry_run(sizes, seeds)
        first = first or seconds
        print(f"| {2 * sizes * seeds} | {seconds:.1f} | {seconds / first:.1f} | {megabytes:.0f} MB |", flush=True)


if __name__ == "__main__":
    main()
