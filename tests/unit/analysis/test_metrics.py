from __future__ import annotations

from datavolume.analysis.collect import COLUMNS
from datavolume.analysis.metrics import LAST_BATCH, METRICS
from datavolume.training.measuring import last_batch, outputs, predictions


def test_the_table_has_the_metrics_that_training_logs() -> None:
    assert set(METRICS) == set(predictions.METRICS)
    assert last_batch.LAST_BATCH == LAST_BATCH


def test_collect_asks_for_the_columns_that_training_writes() -> None:
    assert set(COLUMNS["metrics"]) == set(outputs.METRICS_COLUMNS)
    assert set(COLUMNS["timing"]) == set(outputs.TIMING_COLUMNS)
    assert set(COLUMNS["summary"]) == set(outputs.SUMMARY_COLUMNS)


def test_labels_say_the_unit() -> None:
    assert METRICS["top1"].axis == "top-1 accuracy (%)"
    assert METRICS["loss"].axis == "cross-entropy loss (nats)"
    assert METRICS["margin_wrong"].axis == "confidence margin, wrong predictions"
    assert [name for name, metric in METRICS.items() if metric.sign < 0] == ["loss", "margin_wrong", "ece"]
