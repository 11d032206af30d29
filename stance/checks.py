"""One question to a corpus, as a value; knows neither files nor what is asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["ok", "warning", "error"]
_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the corpus: what was found, what is expected, and what to do where it falls short."""

    group: str
    name: str
    found: str
    expected: str
    severity: Severity
    advice: str = ""
    examples: tuple[str, ...] = ()


def new_check(
    group: str, name: str, found: object, expected: str, severity: Severity, advice: str = "", examples: Iterable[str] = ()
) -> Check:
    """Return a check with `found` as text and its first examples."""
    shown = list(examples)
    more = [f"and {len(shown) - _EXAMPLES} more"] if len(shown) > _EXAMPLES else []
    return Check(group, name, str(found), expected, severity, advice, (*shown[:_EXAMPLES], *more))


def share_of(flags: Iterable[bool]) -> float:
    """Return the share of flags that are true, 0 of none."""
    found = list(flags)
    return sum(found) / len(found) if found else 0.0
