"""The only place where text is shaped for a model: Statement -> ModelInput.

INPUT_FORMAT names the shape, with a number that rises whenever `shape` gives other texts. It is
kept in every artifact; a model is never fed another shape than it was trained on.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from stance.errors import ArtifactError
from stance.records import SPAN_JOINER, Statement

INPUT_FORMAT: Final = "2: target|statement|context without the statement, the speaker unnamed"
_SPACES: Final = re.compile(r"\s+")
_GAP: Final = re.compile(r"""\s*["']*\s*…[\s,.;]*["']*[,.;]*\s*""")
_UNNAMED: Final = "the speaker"
_SHORTEST_NAME: Final = 3
_PLAIN_MARKS: Final = str.maketrans({**dict.fromkeys("“”„‟«»＂″", '"'), **dict.fromkeys("‘’‚‛‹›", "'"), "\xa0": " "})


@dataclass(frozen=True, slots=True)
class ModelInput:
    """The pair of texts a model reads: what is asked about, and what was said (then its context)."""

    target: str
    statement: str
    context: str


def shape(statement: Statement) -> ModelInput:
    """Return the texts a model reads of a statement.

    Control characters and lone surrogates are dropped, marks made straight and white space
    folded, so that typography never changes a label. Who speaks is only told by what the context says of
    "the speaker": the same words mean the same whatever the name.
    """
    said = clean(statement.text)
    context = _GAP.sub(" … ", _without(said, clean(statement.context))).strip()
    return ModelInput(clean(statement.target), said, _unnamed(clean(statement.speaker), context))


def shape_without(statement: Statement, cuts: Sequence[Sequence[tuple[int, int]]]) -> list[ModelInput]:
    """Return, per item of `cuts`, what a model would read had these spans of the statement not been said.

    Spans are offsets into statement.text, in order and apart. Target and context stay those of the whole
    statement: shaped anew, the context would no longer hold the statement's words, and would give back what was cut.
    """
    whole = shape(statement)
    return [replace(whole, statement=clean(_cut(statement.text, spans))) for spans in cuts]


def _unnamed(speaker: str, context: str) -> str:
    """Return the context with "the speaker" for their name: as given, without what follows a comma or bracket, and the surname."""
    name = re.split(r",| \(", speaker, maxsplit=1)[0].strip()
    *others, last = name.split(" ")
    forms = [speaker, name, last if others and last[:1].isupper() else ""]
    for form in dict.fromkeys(form for form in forms if len(form) >= _SHORTEST_NAME):
        context = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", _UNNAMED, context)
    return context


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return the text with each span as a space: what stood on either side never grows into one word."""
    starts, ends = [0, *(end for _, end in spans)], [*(start for start, _ in spans), len(text)]
    return " ".join(text[start:end] for start, end in zip(starts, ends, strict=True))


def _without(said: str, context: str) -> str:
    """Return the context with the statement's own words as an ellipsis: nothing is read twice."""
    for span in said.split(SPAN_JOINER):
        words = span.strip(" ,.;")
        start = _find_whole(words, context) if words else -1
        if start >= 0:
            context = f"{context[:start]}…{context[start + len(words) :]}"
    return context


def _find_whole(words: str, context: str) -> int:
    """Return where `words` stand in `context` as whole words, or -1."""
    start = context.find(words)
    while start >= 0:
        end = start + len(words)
        before, after = context[start - 1 : start] if start else "", context[end : end + 1]
        if not before.isalnum() and not after.isalnum():
            break
        start = context.find(words, start + 1)
    return start


def clean(text: str) -> str:
    """Return `text` as a tokenizer can take it: valid Unicode (NFC), plain marks, single spaces."""
    text = "".join(c for c in text.translate(_PLAIN_MARKS) if c.isspace() or unicodedata.category(c)[0] != "C")
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def check_format(input_format: str, where: str) -> None:
    """Raise ArtifactError unless `input_format` is the one this version shapes."""
    if input_format != INPUT_FORMAT:
        raise ArtifactError(
            f"{where}: the model reads input format {input_format!r}, this version shapes {INPUT_FORMAT!r}; "
            "train it again, or use the version of the product that made it"
        )
