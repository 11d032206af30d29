"""The `stance` command: with the other cli modules and console, the part of the core that stands above training and serving.

What a command needs is imported inside it, so that `stance --help` is there at once.
"""

import os
import socket
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from stance import __version__, console
from stance.cli_champion import champion_app
from stance.cli_compare import compare_app
from stance.cli_data import data_app
from stance.cli_runs import JsonOption, runs_app
from stance.cli_tune import tune_app
from stance.corpus import read_unlabelled
from stance.errors import InputError, StanceError
from stance.jsonl import Line, check_file, read_lines, write_line
from stance.output import analysis_fields, explained_fields, explanation_fields, prediction_fields, quote_fields
from stance.quotes import extract_quotes
from stance.statements import DEFAULT_TARGET, check_article, check_characters, check_target

if TYPE_CHECKING:
    from stance.predictor import Predictor

app: Final = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Who stands where on a peace deal: quotes, speakers, stance and sentiment of a news article.",
)
app.add_typer(runs_app)
app.add_typer(tune_app)
app.add_typer(champion_app)
app.add_typer(compare_app)
app.add_typer(data_app, name="data")
# The libraries ask nobody outside, and leave the terminal to us; errors still come.
_LIBRARY_SETTINGS: Final = {
    "BENTOML_DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}
_CHUNK = 256
_PARTLY_FAILED = 1
_BAD_INPUT = 2

ModelOption = Annotated[
    Path | None, typer.Option("--model", envvar="STANCE_MODEL", help="A model directory; without it, the promoted model.")
]
IndirectOption = Annotated[bool, typer.Option("--indirect", help="Also what is reported without quotation marks: NAME said that ...")]
InOption = Annotated[Path, typer.Argument(metavar="IN.jsonl", help="A JSON object a line.")]
OutOption = Annotated[Path, typer.Option("--out", metavar="OUT.jsonl", help="Where the results go, a line each, in order.")]


def main() -> None:
    """Run the command line; every expected failure is one line on standard error and exit code 2."""
    for name, value in _LIBRARY_SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        app()
    except StanceError as error:
        console.show_error(str(error))
        sys.exit(_BAD_INPUT)
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_PARTLY_FAILED)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


@app.command(epilog='Example: stance analyze report.txt --target "the US-Taliban peace deal"')
def analyze(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The article's text, UTF-8; - reads standard input.")],
    target: Annotated[str, typer.Option(help="The deal, as a reader would name it.")] = DEFAULT_TARGET,
    model: ModelOption = None,
    indirect: IndirectOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show an article's statements: who says what, and where they stand on the deal."""
    article, target = check_article(_read_text(file)), check_target(target)  # before the model is loaded
    analysed = _predictor(model).analyze(article, target, indirect=indirect)
    if as_json:
        console.show_json(analysis_fields(target, analysed))
    else:
        console.show_analysis(target, analysed)


@app.command(epilog="Example: stance quotes report.txt --explain; stance quotes articles.jsonl --out quotes.jsonl")
def quotes(
    source: Annotated[str, typer.Argument(metavar="FILE|-", help="An article's text; with --out, a JSON object a line.")],
    out: Annotated[Path | None, typer.Option(metavar="OUT.jsonl", help="Read many articles; a line each goes here, in order.")] = None,
    indirect: IndirectOption = False,
    explain: Annotated[bool, typer.Option("--explain", help="Which rule and which word decided each kind and each speaker.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Find an article's quotes with their speakers; with --out, of many: {"id", "text"} in, {"id", "quotes"} out.

    One article is shown with its titles and terms; with --out they are left out.

    A line that can't be read becomes {"id", "error"}; the others are all read, and the exit code is 1.
    """
    if out is not None and (as_json or source == "-"):
        raise InputError("--out: expected a file of articles and no --json (its lines are JSON), got another; leave one out")
    fields = explained_fields if explain else quote_fields
    if out is None:
        article = check_article(_read_text(source))
        found = extract_quotes(article, indirect=indirect)
        if as_json:
            console.show_json([fields(quote) for quote in found])
        else:
            console.show_quotes(article, found, explain=explain)
        return

    def result(line: Line) -> dict[str, Any]:
        text = (line.value or {}).get("text")
        if not isinstance(text, str):
            raise InputError(line.error or f"{line.where}: field 'text': expected the article's text; add it")
        if line.id is None:
            raise InputError(f"{line.where}: field 'id': expected a text that names the article; add it")
        check_characters(text, f"{line.where}: field 'text'")
        return {"id": line.id, "quotes": [fields(q) for q in extract_quotes(text, indirect=indirect) if q.is_statement]}

    def answer(lines: list[Line]) -> Iterator[dict[str, Any]]:
        for line in lines:
            try:
                yield result(line)
            except InputError as error:
                yield {"id": line.id, "error": str(error)}

    _stream(Path(source), out, answer)


@app.command(epilog="Example: stance classify statements.jsonl --out labels.jsonl")
def classify(
    source: InOption,
    out: OutOption,
    model: ModelOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Which words carried each stance; each statement is read up to 32 times.")
    ] = False,
) -> None:
    """Label many statements: {"id", "target", "statement", "context"?, "speaker"?} in, relevance, stance and sentiment out.

    A line that can't be read becomes {"id", "error"}; the others are all labelled, and the exit code is 1. With --explain, each has
    "explanation": {"start", "end", "text", "weight"} of its words, the weight being what the word adds to the stance's log-odds.
    """
    check_file(source)  # before the model is loaded
    predictor = _predictor(model)
    from stance.explain import explain_stance

    def answer(lines: list[Line]) -> Iterator[dict[str, Any]]:
        rows: list[dict[str, Any]] = [{"id": line.id} for line in lines]
        good = []
        for row, line in zip(rows, lines, strict=True):
            try:
                if line.value is None:
                    raise InputError(line.error)
                good.append((row, read_unlabelled(line.value, line.where)))
            except InputError as error:
                row["error"] = str(error)
        for (row, statement), prediction in zip(good, predictor.predict([s for _, s in good]), strict=True):
            row.update(prediction_fields(prediction))
            if explain:
                row["explanation"] = explanation_fields(explain_stance(predictor, statement, prediction))
        yield from rows

    _stream(source, out, answer)


@app.command(epilog="Example: stance serve --port 8080")
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 3000,
    model: ModelOption = None,
) -> None:
    """Serve the promoted model: the page, the endpoints and their documentation."""
    from stance.artifact import verify_artifact

    if model is not None:
        os.environ["STANCE_MODEL"] = str(model.resolve())
    verify_artifact(_model_directory(model))
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(
                f"can't listen on {host}:{port}: {error.strerror}; choose another --port, or stop what listens there"
            ) from error
    address = f"http://{host}:{port}"
    console.OUT.print(
        f"Page      {address}/ui/\nAPI docs  {address}/docs\nHealth    {address}/readyz\nRuns      make ui  (MLflow)", highlight=False
    )
    sys.stdout.flush()
    command = [sys.executable, "-m", "bentoml", "serve", "serving.service:StanceService", "--host", host, "--port", str(port)]
    os.execv(sys.executable, command)


def _model_directory(model: Path | None) -> Path:
    if model is not None:
        return model
    from serving.store import champion_directory

    return champion_directory()


def _predictor(model: Path | None) -> "Predictor":
    from stance.predictor import Predictor

    return Predictor.load(_model_directory(model))


def _read_text(file: str) -> str:
    """Return a file's text; raise InputError where it is not there or not UTF-8."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"{file}: expected a readable file, got: {error.strerror}; check the path") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: expected UTF-8, got byte {raw[error.start]:#04x} at offset {error.start:,}; save it as UTF-8") from error


def _stream(source: Path, out: Path, answer: Any) -> None:
    """Write answer(lines) for every chunk of lines as it comes; exit with 1 where a line failed."""
    lines, failed, first_error, total = read_lines(check_file(source)), 0, "", 0
    if out.resolve() == source.resolve():
        raise InputError(f"{out}: expected another file than IN.jsonl to write to, got the same; name another")
    part = out.with_name(f"{out.name}.part")
    try:
        stream = part.open("w", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out}: expected a file that can be written, got: {error.strerror}; check the path") from error
    with stream:
        while chunk := list(islice(lines, _CHUNK)):
            for row in answer(chunk):
                write_line(stream, row)
                total += 1
                if "error" in row:
                    failed, first_error = failed + 1, first_error or row["error"]
    part.replace(out)  # whole, or not there
    if failed:
        console.show_error(f"{failed} of {total} lines failed, the others are in {out}; the first: {first_error}")
        raise typer.Exit(_PARTLY_FAILED)
