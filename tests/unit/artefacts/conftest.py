"""A made-up study, collected and analysed once for all tests of this room."""

from __future__ import annotations

import pandas as pd
import pytest
from unit.analysis.synthetic import collected_of, make_plan

from datavolume.analysis.testing.regression import log_linear
from datavolume.artefacts.results import Results


def results_of(**plan: object) -> Results:
    collected = collected_of(make_plan(**plan))  # type: ignore[arg-type]
    return Results(collected.metrics, collected.summary, log_linear(collected.summary, metrics=["top1"]))


@pytest.fixture(scope="session")
def results() -> Results:
    return results_of()


@pytest.fixture
def summary(results: Results) -> pd.DataFrame:
    return results.summary
