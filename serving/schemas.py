"""What the endpoint takes and gives, as OpenAPI shows it."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from stance.corpus import UNLABELLED_SCHEMA
from stance.statements import DEFAULT_TARGET, MAX_ARTICLE_CHARS, MAX_TARGET_CHARS

MAX_STATEMENTS: Final = 256

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


class ClassifyError(BaseModel):
    """Why one item could not be judged."""

    id: str | None
    error: str


class ClassifyResponse(BaseModel):
    """One result or one error per item, in order."""

    results: list[ClassifyResult | ClassifyError]
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
