"""What the endpoint takes and gives, as OpenAPI shows it."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.limits import MAX_BODY_BYTES
from stance.corpus import UNLABELLED_SCHEMA
from stance.explain import MAX_SPANS
from stance.statements import DEFAULT_TARGET, MAX_ARTICLE_CHARS, MAX_TARGET_CHARS

MAX_STATEMENTS: Final = 256
# To explain a statement the model reads it once, and once without each span. So that such a call costs no more than the largest plain
# one, it may hold that much less: statements, and characters, as a long context is read anew each time too.
MAX_EXPLAINED: Final = MAX_STATEMENTS // (1 + MAX_SPANS)
MAX_EXPLAINED_CHARS: Final = MAX_BODY_BYTES // (1 + MAX_SPANS)

_ARTICLE_EXAMPLE: Final = (
    "The envoy of the northern council, Ilse Marrow, said on Monday that the truce was “the best day of her life.”\n\n"
    "“We were not asked, and we will not keep it,” General Oto Brandt told reporters."
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AnalyzeRequest(_Strict):
    """An article and the deal its statements are judged against."""

    article: str = Field(max_length=MAX_ARTICLE_CHARS, description="The article's text.", examples=[_ARTICLE_EXAMPLE])
    target: str = Field(
        DEFAULT_TARGET, max_length=MAX_TARGET_CHARS, description="The deal, as a reader would name it.", examples=["the northern truce"]
    )
    indirect: bool = Field(False, description="Also what speakers are reported to have said, without quotation marks.")


class ClassifyRequest(_Strict):
    """Statements to judge; each item fails or succeeds on its own."""

    statements: list[Annotated[Any, Field(json_schema_extra=UNLABELLED_SCHEMA)]] = Field(
        max_length=MAX_STATEMENTS,
        examples=[[{"id": "1", "target": "the northern truce", "statement": "We will not keep it.", "speaker": "General Oto Brandt"}]],
    )
    explain: bool = Field(
        False,
        description=f"Also which words carried each stance (`explanation`). At most {MAX_EXPLAINED} statements of together "
        f"{MAX_EXPLAINED_CHARS:,} characters (with their contexts) a call then: the model reads each up to {1 + MAX_SPANS} times.",
    )


class Head(BaseModel):
    """A head's label and its calibrated probabilities by label."""

    label: str
    probabilities: dict[str, float]


class StanceHead(Head):
    """The stance; `abstained` where no probability reaches the model's threshold."""

    label: Literal["supportive", "skeptical", "critical"]
    abstained: bool


class SpeakerOut(BaseModel):
    """Who spoke: the article's fullest name, the local mention, and how sure the attribution is."""

    name: str
    mention: str
    confidence: float


class StatementOut(BaseModel):
    """One speaker's quotes in one paragraph; spans are character offsets into the article as sent."""

    id: str
    spans: list[tuple[int, int]]
    text: str
    kind: Literal["statement", "fragment", "indirect"]
    speaker: SpeakerOut | None
    context: str
    relevance: Head
    stance: StanceHead
    sentiment: Head


class SpeakerSummary(BaseModel):
    """A speaker's statements, each counted once: under its stance, as abstained, or as off target."""

    name: str
    statements: int
    stances: dict[str, int]
    abstained: int
    off_target: int


class ModelName(BaseModel):
    """Which model answered."""

    name: str
    version: str
    run_id: str


class AnalyzeResponse(BaseModel):
    """An article's statements and speakers."""

    target: str
    statements: list[StatementOut]
    speakers: list[SpeakerSummary]
    model: ModelName


class ClassifyResult(BaseModel):
    """One item's labels."""

    id: str | None
    relevance: Head
    stance: StanceHead
    sentiment: Head


class SpanOut(BaseModel):
    """A word of a statement, or neighbouring words, and how much it speaks for the predicted stance."""

    start: int = Field(description="Offset of its first character in the statement as sent.")
    end: int = Field(description="Offset behind its last character.")
    text: str
    weight: float = Field(
        description="By how much the log-odds ln(p / (1 - p)) of the predicted stance fall where the words are left out, in nats; "
        "negative where they speak against it."
    )


class ExplainedResult(ClassifyResult):
    """One item's labels, and the statement's words in order, each weighted for the stance."""

    explanation: list[SpanOut] = Field(
        description=f"At most {MAX_SPANS} spans; in a longer statement neighbouring words share one. Punctuation is in none."
    )


class ClassifyError(BaseModel):
    """Why one item could not be judged."""

    id: str | None
    error: str


class ClassifyResponse(BaseModel):
    """One result or one error per item, in order."""

    results: list[ExplainedResult | ClassifyResult | ClassifyError]
    model: ModelName


class ModelResponse(ModelName):
    """What the model is, what it was trained on, and how well it did."""

    kind: str
    recipe: dict[str, Any]
    base: dict[str, Any]
    data: dict[str, Any]
    metrics: dict[str, float]
    labels: dict[str, list[str]]
    input_format: str
    threshold: float
    target_precision: float
    git_commit: str
    versions: dict[str, str]


class ErrorDetail(BaseModel):
    """What went wrong, and where."""

    type: str
    message: str
    field: str | None = None
    request_id: str


class ErrorResponse(BaseModel):
    """The one shape of every error."""

    error: ErrorDetail
