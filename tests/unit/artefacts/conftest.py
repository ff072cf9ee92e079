"""A made-up study, collected and analysed once for all tests of this room."""

from __future__ import annotations

import pandas as pd
import pytest
from unit.artefacts.answers import synthetic

from datavolume.artefacts.results import Results


@pytest.fixture(scope="session")
def results() -> Results:
    return synthetic()


@pytest.fixture
def summary(results: Results) -> pd.DataFrame:
    return results.summary
