"""Write the plan of a study, one row a run, and the study as it was planned."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from datavolume.errors import UserError
from datavolume.files import write_text
from datavolume.scripting import reporting
from datavolume.study import expand, load_study, write_plan
from datavolume.study.without import without


def plan(*, study: Path, scale: str, left_out: Sequence[str], digest: str, plan: Path, snapshot: Path) -> None:
    """Raises UserError where the study is no longer the one whose plan has this digest."""
    loaded = without(load_study(study, scale), left_out)
    expanded = expand(loaded)
    if expanded.digest != digest:
        raise UserError(f"{study}: was changed while Snakemake started; run it again")
    write_text(snapshot, yaml.safe_dump(dict(loaded.text), sort_keys=False, allow_unicode=True))
    write_plan(expanded, plan)


if "snakemake" in globals():
    with reporting(snakemake.log):
        plan(
            study=Path(snakemake.input.study),
            scale=snakemake.params.scale,
            left_out=snakemake.params.left_out,
            digest=snakemake.params.digest,
            plan=Path(snakemake.output.plan),
            snapshot=Path(snakemake.output.study),
        )
