import pytest

from datavolume.estimate.words import count, duration, hours, size


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "0 s"), (45, "45 s"), (720, "12 min"), (12_240, "3.4 h"), (219_600, "61 h (2.5 days)")],
)
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told


@pytest.mark.parametrize(("value", "told"), [(0, "0"), (0.0471, "0.047"), (3.44, "3.4"), (12.6, "13"), (5266, "5 266")])
def test_hours(value: float, told: str) -> None:
    assert hours(value) == told


@pytest.mark.parametrize(
    ("number", "told"), [(4e5, "0.4 MB"), (12.4e6, "12 MB"), (3.42e9, "3.4 GB"), (1.4e12, "1.4 TB")]
)
def test_sizes(number: float, told: str) -> None:
    assert size(number) == told


def test_things_are_counted_with_their_plural() -> None:
    assert [count(number, "run") for number in (0, 1, 20_000)] == ["0 runs", "1 run", "20 000 runs"]
