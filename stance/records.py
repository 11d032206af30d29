"""The values that travel through the product; plain, frozen, and free of any model.

Offsets are characters of the article as it was given, half-open.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

SPAN_JOINER: Final = " … "
"""Stands between the quoted spans that make up one statement."""

QuoteKind = Literal["statement", "fragment", "title_or_term", "indirect"]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who a quote is attributed to.

    `name` is the fullest form the article uses for the person; `start`/`end` locate the local
    mention ("he", "the minister", "Lavrov") that led there. `rule` (a key of quotes.rules.RULES) says
    how it was found, `cue` which word decided, `resolved` how the mention became the name ("name",
    "office", "pronoun", "as it stands"), and `confidence` (0 to 1) how sure the rule is.
    """

    name: str
    start: int
    end: int
    rule: str
    confidence: float
    cue: str = ""
    resolved: str = "name"


@dataclass(frozen=True, slots=True)
class Quote:
    """One quoted span of an article, without its marks: article[start:end] == text."""

    start: int
    end: int
    text: str
    paragraph: int
    kind: QuoteKind
    speaker: Speaker | None
    kind_rule: str = ""
    """Which rule decided its kind: a key of quotes.kinds.KIND_RULES."""

    @property
    def is_statement(self) -> bool:
        """True for words somebody says; false for titles, terms and scare quotes."""
        return self.kind != "title_or_term"


@dataclass(frozen=True, slots=True)
class Statement:
    """One speaker's quotes in one paragraph, with the target they are judged against.

    `spans` are the quotes' offsets in the article, for a corpus's statement in its context (empty where there are none).
    `context` is the paragraph, empty where it is unknown. `kind` is "indirect" for words that are reported without
    marks, "fragment" where all its quotes are a few words in somebody else's sentence.
    """

    target: str
    text: str
    context: str = ""
    speaker: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    mention: str = ""
    confidence: float | None = None
    kind: QuoteKind = "statement"


@dataclass(frozen=True, slots=True)
class HeadPrediction:
    """One head's label and its calibrated probabilities, in the order of labels.HEADS."""

    label: str
    probabilities: dict[str, float]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one statement.

    `abstained` is true where the stance's probability lies under the artifact's threshold; the
    label is given all the same.
    """

    relevance: HeadPrediction
    stance: HeadPrediction
    sentiment: HeadPrediction
    abstained: bool


@dataclass(frozen=True, slots=True)
class WeightedSpan:
    """A word of a statement, or neighbouring words, and how much it speaks for the predicted stance.

    `start` and `end` are offsets into the statement's text as it was given. `weight` is in nats: by how much the
    calibrated log-odds of the predicted stance, ln(p / (1 - p)), fall where the span is left out; negative where it
    speaks against that stance.
    """

    start: int
    end: int
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotator's labels of a statement, made without sight of anybody else's."""

    annotator: str
    relevance: str | None
    stance: str | None
    sentiment: str | None
    sure: bool = True

    def label(self, head: str) -> str | None:
        """Return the annotator's label of `head` (a key of labels.HEADS), or None where it lacks."""
        return str(label) if (label := getattr(self, head)) is not None else None


@dataclass(frozen=True, slots=True)
class LabelledStatement:
    """A statement of a corpus with its gold labels; a label may be None where a set lacks it.

    The statement's `spans` are offsets in its context. `annotations` are what the gold labels were settled from.
    """

    id: str
    process: str
    statement: Statement
    relevance: str | None
    stance: str | None
    sentiment: str | None
    phenomena: tuple[str, ...] = field(default=())
    annotations: tuple[Annotation, ...] = field(default=())

    def label(self, head: str) -> str | None:
        """Return the gold label of `head` (a key of labels.HEADS), or None where it lacks."""
        return str(label) if (label := getattr(self, head)) is not None else None
