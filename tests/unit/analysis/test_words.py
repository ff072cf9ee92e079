from __future__ import annotations

from datavolume.analysis.words import about, degrees


def test_degrees_of_freedom_have_no_exponent() -> None:
    assert [degrees(df) for df in (1.0, 20.0, 2.4567, 123.4, 9900.0)] == ["1", "20", "2.46", "123", "9900"]


def test_an_estimated_number_of_images_has_three_digits() -> None:
    assert [about(n) for n in (0.4, 7.6, 442.3, 11427, 144_000)] == ["0", "8", "442", "11,400", "144,000"]
