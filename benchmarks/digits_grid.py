"""Ten seeds x 20 epochs of small_cnn on the digits, through Snakemake from nothing: yardstick, exact tier, fast tier.

    python benchmarks/digits_grid.py --rounds 3

The yardstick's data stand ready for it; datavolume plans, indexes and draws the subset within its time. Both write all
metrics on both splits at ten points of each run. `--try-settings 4` first tries several
thread settings of the yardstick.
"""

from __future__ import annotations

from harness.command import compare, parser
from harness.work import Work

DIGITS = Work(
    name="digits",
    dataset={"name": "digits", "validation": 0.2},
    architecture="small_cnn",
    batch_size=32,
    learning_rate=0.002,
    weight_decay=0.01,
    cosine=True,
    epochs=20,
    evaluate_every=2,
    seeds=10,
    through_snakemake=True,
)


def main() -> None:
    compare(DIGITS, parser(__doc__).parse_args())


if __name__ == "__main__":
    main()
