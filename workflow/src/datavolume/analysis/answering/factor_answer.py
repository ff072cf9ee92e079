"""The answer about factors: two sentences for a reader who has one minute, and a finding a group.

    factor_answer("What matters?", rank(groups(summary, points)))
    {"about": "factors", "question": ..., "answer": two sentences, "findings": [...], "architectures": {},
     "factors": [{"name": ..., "factor": "batch size", "best": "16", "values": [...]}, ...]}

Values are plain JSON; what is not known is null.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from datavolume.analysis.answering.factors import ONE_SEED, Ranked
from datavolume.analysis.answering.groups import EXPERIMENT, Group
from datavolume.analysis.words import factor_words, interval, join, p_value, points, with_interval

__all__ = ["factor_answer"]

_ALPHA = 0.05
Row = pd.Series


def factor_answer(question: str, ranked: Ranked) -> dict[str, Any]:
    """Raises nothing: what the runs cannot say is said."""
    head: dict[str, Any] = {"about": "factors", "question": question, "architectures": {}}
    if not ranked.groups:
        nothing = "There is nothing to compare: no factor has two values with a finite accuracy."
        return {**head, "answer": nothing, "findings": [], "factors": []}
    pairs = list(zip(ranked.groups, ranked.of_group, strict=True))
    tests = ranked.tests.to_dict("records")
    findings = [_finding(group, rows, test) for (group, rows), test in zip(pairs, tests, strict=True)]
    return {
        **head,
        "answer": f"{_best_setting(ranked)}. {_what_matters(ranked)}.",
        "findings": [*findings, _closing(ranked)],
        "factors": [_numbers(group, rows, test) for (group, rows), test in zip(pairs, tests, strict=True)],
    }


def _best_setting(ranked: Ranked) -> str:
    """The best of all values, in the stage that says most of its setting."""
    place = max(range(len(ranked.groups)), key=lambda one: _mean_and_detail(ranked, one))
    group, rows = ranked.groups[place], ranked.of_group[place]
    compared = {frozenset(runs["run"]) for other in ranked.groups for runs in other.values.values()}
    alike = _alike(rows)
    told = f"; {_named(group, join(alike))} cannot be told from it" if alike else ""
    told = told if rows["seeds"].iloc[0] > 1 else f"; {ONE_SEED}"
    setting = _setting(ranked, group, str(rows["value"].iloc[0]))
    return f"The best of {len(compared)} settings is {setting}: {_accuracy(rows.iloc[0])}{told}"


def _mean_and_detail(ranked: Ranked, place: int) -> tuple[float, int]:
    best = ranked.of_group[place].iloc[0]
    return float(best["mean"]), len(ranked.groups[place].settings[best["value"]])


def _named(group: Group, value: str) -> str:
    return value if group.stage in (EXPERIMENT, "architecture") else f"{group.factor} {value}"


def _alike(rows: pd.DataFrame) -> list[str]:
    """The values that were tested against the best, and cannot be told from it."""
    return [str(value) for value in rows.loc[rows["difference_p"] >= _ALPHA, "value"]]


def _setting(ranked: Ranked, group: Group, value: str) -> str:
    """`resnet18 (Ablation) with batch size 16 and weight decay 0.001`."""
    labels = _labels(ranked, group, value)
    name = labels.pop("architecture", group.network)
    if group.stage == EXPERIMENT:
        return " of ".join(filter(None, (value, name)))
    several = len({other.experiment for other in ranked.groups}) > 1 and group.title != name
    parts = [label if path == "recipe" else f"{factor_words(path)} {label}" for path, label in labels.items()]
    name = f"{name} ({group.title})" if several and name else name or group.title
    return f"{name} with {join(parts)}" if parts else name


def _labels(ranked: Ranked, group: Group, value: str) -> dict[str, str]:
    """Of all factors whose value is known: the same runs may be the values of several."""
    runs = set(group.values[value]["run"])
    labels: dict[str, str] = {}
    for other in ranked.groups:
        for label, rows in other.values.items():
            if other.experiment == group.experiment and set(rows["run"]) == runs:
                labels |= other.settings[label]
    return labels


def _what_matters(ranked: Ranked) -> str:
    """Where best and worst lie farthest apart, and where least."""
    pairs = zip(ranked.groups, ranked.of_group, strict=True)
    ranges = [(group, rows, worst) for group, rows in pairs if (worst := _worst(rows)) is not None]
    known = sorted(ranges, key=lambda entry: -float(entry[2]["difference"]))
    if not known:
        return "No other value has a finite accuracy to compare it with"
    group, rows, worst = known[0]
    if len(known) == 1:
        said = _named(group, _apart(rows, worst))
        return said if said.startswith(rows["value"].iloc[0]) else f"{said[0].upper()}{said[1:]}"
    last, _, least = known[-1]
    if len({group.factor for group, *_ in known}) == 1:
        range_ = f"{points(least['difference']).partition(' ')[0]} to {points(worst['difference'])}"
        return f"{_wins([rows for _, rows, _ in known])}; best and worst lie {range_} apart"
    names = len({group.name for group, *_ in known}) > 1
    most = f"{group.factor.capitalize()} changes accuracy most: {_apart(rows, worst)}"
    said = f"{last.factor} least, {points(least['difference'])} between best and worst"
    return f"{most}{_where(group, names)}; {said}{_where(last, names)}"


def _wins(compared: Sequence[pd.DataFrame]) -> str:
    """The same factor in several places: how often which value is best."""
    (first, most), *others = Counter(str(rows["value"].iloc[0]) for rows in compared).most_common()
    parts = [f"{value} {_times(times)}" for value, times in others]
    return f"In {len(compared)} comparisons {join([f'{first} is best {_times(most)}', *parts])}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _where(group: Group, named: bool) -> str:
    return f" ({group.name})" if named else ""


def _apart(rows: pd.DataFrame, worst: Row[Any]) -> str:
    return f"{rows['value'].iloc[0]} is {_lead(worst)} above {worst['value']}"


def _worst(rows: pd.DataFrame) -> Row[Any] | None:
    """The last with a finite accuracy, if that is not the best itself."""
    known = rows[rows["mean"].notna()]
    return known.iloc[-1] if len(known) > 1 else None


def _finding(group: Group, rows: pd.DataFrame, test: dict[Any, Any]) -> str:
    return f"{group.name}, {group.factor}: {'; '.join(_parts(group, rows, test))}."


def _parts(group: Group, rows: pd.DataFrame, test: dict[Any, Any]) -> Iterator[str]:
    best, others = rows.iloc[0], rows[rows["mean"].notna()].iloc[1:]
    if len(others):
        second, worst = others.iloc[0], others.iloc[-1]
        leads = [f"{_lead(second)} above {second['value']}"]
        leads += [f"{_lead(worst)} above {worst['value']}, the worst"] if len(others) > 1 else []
        yield f"{best['value']} is best of {len(rows)} with {_accuracy(best)}, {' and '.join(leads)}"
        yield _told_apart(rows, others)
    else:
        yield f"only {best['value']} has a finite accuracy, {_accuracy(best)}"
    if not math.isnan(test["p"]):
        degrees = f"{test['df1']:.0f}, {test['df2']:.1f}"
        yield f"over all values Welch's F({degrees}) = {test['F']:.1f}, {p_value(test['p'])}, η² = {test['eta2']:.2f}"
    if group.chosen and group.chosen != best["value"]:
        yield f"the design went on with {group.chosen}, by its `choose`"


def _told_apart(rows: pd.DataFrame, others: pd.DataFrame) -> str:
    """Which values cannot be told from the best."""
    if others["difference_p"].isna().all():
        alone = "the best has one seed" if others["seeds"].max() > 1 else "the others have one seed"
        return ONE_SEED if rows["seeds"].max() < 2 else f"{alone}, so nothing can be told from noise"
    alike = _alike(rows)
    return (
        f"{join(alike)} cannot be told from it (Games–Howell, 5 %)"
        if alike
        else "the others differ from it (Games–Howell, 5 %)"
    )


def _closing(ranked: Ranked) -> str:
    seeds = ranked.values["seeds"]
    if seeds.max() < 2:
        return (
            "Every value stands on one training: the order of the values is that of these runs, and how far another "
            "seed would change it is not known. Two seeds or more (`seeds` in the study) give intervals."
        )
    return (
        "Values are ranked on the validation images that they are told of, so the accuracy of the best is somewhat "
        "flattering. Intervals say how far other seeds would scatter, not what other images would give."
    )


def _accuracy(row: Row[Any]) -> str:
    return with_interval(row["mean"], row["lower"], row["upper"], name="95 % interval ")


def _lead(row: Row[Any]) -> str:
    """`1.2 percentage points (0.3 to 2.1)`."""
    if math.isnan(row["difference_lower"]):
        return points(row["difference"])
    bounds = interval(row["difference_lower"], row["difference_upper"]).removesuffix(" %")
    return f"{points(row['difference'])} ({bounds})"


def _numbers(group: Group, rows: pd.DataFrame, test: dict[Any, Any]) -> dict[str, Any]:
    """What `factor_answer` says of a group, for programs."""
    worst = _worst(rows)
    known = rows[rows["mean"].notna()]
    return {
        "name": group.name,
        **{key: getattr(group, key) for key in ("experiment", "title", "stage", "factor", "network", "n")},
        "seeds": int(rows["seeds"].max()),
        "best": str(rows["value"].iloc[0]),
        "runner_up": str(known["value"].iloc[1]) if len(known) > 1 else None,
        "worst": str(worst["value"]) if worst is not None else None,
        "chosen": group.chosen or None,
        "p": _plain(test["p"]),
        "note": test["note"],
        "values": [_value(row) for _, row in rows.iterrows()],
    }


def _value(row: Row[Any]) -> dict[str, Any]:
    lead = ("difference", "difference_lower", "difference_upper")
    parts = ("mean", "lower", "upper")
    return {
        "value": str(row["value"]),
        "top1": {name: _plain(row[name]) for name in parts},
        "difference": {name: _plain(row[column]) for name, column in zip(parts, lead, strict=True)},
    }


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
