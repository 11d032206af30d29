"""ModelInputs -> token ids: [CLS] target [SEP] statement [SEP] context [SEP].

The context is cut first and the target next; the statement is cut only where it alone is longer
than the model can read.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Self

from tokenizers import Tokenizer

from stance.inputs import ModelInput

TOKENIZER_FILE: Final = "tokenizer.json"
SETTINGS_FILE: Final = "tokens.json"


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """The ids of the special tokens, and how many tokens a row may have: in all, of the target, of the context."""

    cls_id: int
    sep_id: int
    pad_id: int
    max_tokens: int
    max_target_tokens: int = 32
    max_context_tokens: int = 100_000


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One input's token ids; ids[said_start:said_end] are those of the statement."""

    ids: list[int]
    said_start: int
    said_end: int


class InputTokenizer:
    """A fast tokenizer with our own layout of the three texts."""

    def __init__(self, tokenizer: Tokenizer, settings: TokenSettings) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self.settings = settings

    def limit(self, *, max_target_tokens: int, max_context_tokens: int) -> None:
        """Read no more tokens of target and context than these; 0 leaves the text unread."""
        self.settings = replace(self.settings, max_target_tokens=max_target_tokens, max_context_tokens=max_context_tokens)

    def rows(self, inputs: Sequence[ModelInput]) -> list[TokenRow]:
        """Return a row of ids per input, each of at most settings.max_tokens tokens."""
        texts = [text for item in inputs for text in (item.target, item.statement, item.context)]
        encoded = [e.ids for e in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        return [self._row(*encoded[i : i + 3]) for i in range(0, len(encoded), 3)]

    def _row(self, target: list[int], said: list[int], context: list[int]) -> TokenRow:
        s = self.settings
        room = s.max_tokens - 4
        said = said[:room]
        target = target[: min(s.max_target_tokens, room - len(said))]
        context = context[: min(s.max_context_tokens, room - len(said) - len(target))]
        start = len(target) + 2
        ids = [s.cls_id, *target, s.sep_id, *said, s.sep_id]
        if context:
            ids += [*context, s.sep_id]
        return TokenRow(ids, start, start + len(said))

    def save(self, directory: Path) -> None:
        """Write tokenizer.json and tokens.json into `directory`."""
        self._tokenizer.save(str(directory / TOKENIZER_FILE))
        (directory / SETTINGS_FILE).write_text(json.dumps(asdict(self.settings), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the saved tokenizer."""
        settings = TokenSettings(**json.loads((directory / SETTINGS_FILE).read_text(encoding="utf-8")))
        return cls(Tokenizer.from_file(str(directory / TOKENIZER_FILE)), settings)
