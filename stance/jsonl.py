"""Files of one JSON object a line, read and written as a stream."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from stance.errors import InputError, shortened

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its place, and either its object or why it has none."""

    where: str
    value: dict[str, Any] | None
    error: str = ""

    @property
    def id(self) -> str | None:
        """The object's "id", where it has one that can be written."""
        return writable_id(self.value)


def writable_id(row: object) -> str | None:
    """Return row["id"] where the row is an object and its id a text that UTF-8 can hold."""
    found = row.get("id") if isinstance(row, dict) else None
    return found if isinstance(found, str) and not _SURROGATE.search(found) else None


def check_file(path: Path) -> Path:
    """Return the path; raise InputError where no file is there."""
    if not path.is_file():
        raise InputError(f"{path}: expected a file of one JSON object a line, found no such file; check the path")
    return path


def read_lines(path: Path) -> Iterator[Line]:
    """Yield every line of a file that is not blank; a line that is no JSON object comes with its error."""
    with check_file(path).open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            if raw.strip():
                yield parse_line(raw, f"{path}:{number}")


def parse_line(raw: bytes, where: str) -> Line:
    """Return a line read from its bytes."""
    try:
        value = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Line(where, None, f"{where}: expected UTF-8, got byte {raw[error.start]:#04x} at offset {error.start}; save it as UTF-8")
    except json.JSONDecodeError as error:
        text = shortened(raw.decode("utf-8").strip())
        return Line(where, None, f"{where}: expected a JSON object, got {text} ({error.msg} at column {error.colno}); mend the line")
    except (ValueError, RecursionError) as error:
        return Line(where, None, f"{where}: expected a JSON object, got a line that can't be read ({type(error).__name__}); mend the line")
    if not isinstance(value, dict):
        return Line(where, None, f"{where}: expected a JSON object, got {shortened(value)}; write one object a line")
    return Line(where, value)


def write_line(stream: TextIO, row: dict[str, Any]) -> None:
    """Write one object as one line."""
    stream.write(json.dumps(row, ensure_ascii=False) + "\n")
