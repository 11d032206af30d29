"""The three heads and their labels, in the one order that every array and file follows."""

from typing import Final

RELEVANCE: Final = ("on_target", "off_target")
STANCE: Final = ("supportive", "skeptical", "critical")
SENTIMENT: Final = ("positive", "neutral", "negative")

HEADS: Final[dict[str, tuple[str, ...]]] = {
    "relevance": RELEVANCE,
    "stance": STANCE,
    "sentiment": SENTIMENT,
}
