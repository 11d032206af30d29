"""What may be concluded from a comparison, in plain sentences."""

from collections.abc import Iterator
from typing import Final

from training.comparison import Compared, Comparison

_PARTS_TOLD: Final = 3  # of those on which a contender is better, and of those on which it is worse


def conclude(found: Comparison) -> tuple[str, ...]:
    """Return a sentence for each contender beside the reference, which is named in it."""
    return tuple(f"{entry.name}, beside {found.reference.name}: {_told(found, number)}." for number, entry in enumerate(found.others))


def _interval(found: Compared) -> str:
    value = found.difference
    return f"{value.value:+.3f} [{value.low:+.3f}, {value.high:+.3f}]"


def _told(found: Comparison, number: int) -> str:
    differences = {head: measures["macro_f1"].differences[number] for head, measures in found.heads.items()}
    known = {head: difference for head, difference in differences.items() if difference is not None}
    moved = any(_moved(measures["accuracy"].differences[number]) for measures in found.heads.values())
    if not moved and not any(difference.difference.value for difference in known.values()):
        return "right and wrong on the same statements"
    return "; ".join([*_heads(known), *_calibrations(found, number), *_parts(found, number)])


def _moved(found: Compared | None) -> bool:
    return found is not None and bool(found.gained or found.lost)


def _heads(known: dict[str, Compared]) -> Iterator[str]:
    for better in (True, False):
        shown = [f"{head} by {_by(d)}" for head, d in known.items() if d.shown and (d.difference.value > 0) == better]
        if shown:
            yield f"{'better' if better else 'worse'} on {_and(shown)}"
    alike = [f"{head} ({_interval(d)}, p {d.corrected:.2g})" for head, d in known.items() if not d.shown]
    if alike:
        yield f"no difference shown on {_and(alike)}"


def _calibrations(found: Comparison, number: int) -> Iterator[str]:
    known = {head: measures["calibration_error"].differences[number] for head, measures in found.heads.items()}
    for better in (True, False):
        shown = [
            f"{head} by {abs(d.difference.value):.3f}" for head, d in known.items() if d and d.shown and (d.difference.value < 0) == better
        ]
        if shown:
            yield f"{'better' if better else 'worse'} calibrated on {_and(shown)}"


def _by(found: Compared) -> str:
    value = found.difference
    size, low, high = (value.value, value.low, value.high) if value.value > 0 else (-value.value, -value.high, -value.low)
    over = " over statements" if found.over_statements and found.over_seeds else ""
    seeds = found.over_seeds
    more = f" and {seeds.value:+.3f} [{seeds.low:+.3f}, {seeds.high:+.3f}] over seeds" if over and seeds else ""
    return f"{size:.3f} [{low:.3f}, {high:.3f}]{over}{more}"


def _parts(found: Comparison, number: int) -> Iterator[str]:
    shown = sorted(found.parts_shown(number), key=lambda part: part[3].p_value)
    for better in (True, False):
        told = [f"{name} ({head}): {_flipped(d, better=better)}" for _, name, head, d in shown if (d.difference.value > 0) == better]
        if told:
            more = f" and {len(told) - _PARTS_TOLD} more parts" if len(told) > _PARTS_TOLD else ""
            yield f"{'better' if better else 'worse'} on {', '.join(told[:_PARTS_TOLD])}{more}"


def _flipped(found: Compared, *, better: bool) -> str:
    ways = (found.gained, "right", found.lost, "wrong") if better else (found.lost, "wrong", found.gained, "right")
    return f"{ways[0]} of {found.difference.statements} statements flipped to {ways[1]}, {ways[2]} to {ways[3]}"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
