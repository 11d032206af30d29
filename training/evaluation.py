"""A finished model measured on labelled statements and on a suite of behaviour tests, and what is kept of that."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stance.artifact import Manifest
from stance.corpus import SPLITS_FILE, digest, read_corpus
from stance.errors import InputError
from stance.predictor import Predictor
from stance.records import LabelledStatement
from training import tracking
from training.behaviour import Behaviour, Suite, read_suite, score_behaviour
from training.evaluate import Report, evaluate
from training.loading import load_predictor
from training.split import read_split
from training.tracking import RunSummary

PARTS: Final = ("test", "calibration", "train", "all")
_UNLOGGABLE: Final = re.compile(r"[^\w .-]")

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total) as an evaluation goes on."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured on: a corpus or a part of it ("all" where it is whole); `digest` names the content.

    The digest of a part is that of the whole split, as runs show it.
    """

    path: Path
    part: str
    digest: str
    statements: list[LabelledStatement]

    @property
    def name(self) -> str:
        """FOLDER/PART of a corpus folder, FOLDER/FILE of a file without its ending."""
        path = self.path.resolve()
        return f"{path.parent.name}/{path.stem}" if path.is_file() else f"{path.name}/{self.part}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that is known of a model on some data; `run` is None where the model is a directory.

    `seen` counts the statements whose peace process the model was trained or calibrated on: figures on these flatter.
    """

    model: str
    manifest: Manifest | None
    run: RunSummary | None
    data: Measured
    seen: int
    report: Report
    behaviour: Behaviour | None

    def metrics(self) -> dict[str, float]:
        """Return every figure as a run's metrics: NAME/stance/macro_f1 (NAME as in Measured), behaviour/PHENOMENON."""
        found = {f"{self.data.name}/{name}": value for name, value in self.report.metrics(detailed=True).items()}
        if self.behaviour is not None:
            found |= {f"behaviour/{name}": value for name, value in self.behaviour.metrics().items()}
        return {loggable(name): value for name, value in found.items()}

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        manifest = self.manifest
        about = {"recipe": manifest.recipe, "git_commit": manifest.git_commit, "threshold": manifest.threshold} if manifest else {}
        data = self.data
        return {
            "model": {"name": self.model, "run_id": self.run.run_id if self.run else manifest.run_id if manifest else None, **about},
            "data": {
                "path": str(data.path),
                "name": data.name,
                "part": data.part,
                "digest": data.digest,
                "statements": len(data.statements),
                "statements_of_seen_processes": self.seen,
            },
            **self.report.as_json(),
            "behaviour": self.behaviour.as_json() if self.behaviour else None,
        }


def _silent(stage: str, done: int, total: int) -> None:
    pass


def evaluate_model(
    reference: str, data: Path, *, part: str | None = None, behaviour: Path | None = None, seed: int = 0, on_progress: Progress = _silent
) -> Evaluation:
    """Return the evaluation of a model directory, or of a run ("champion", "last", a run's name or id; see find_run).

    `data` and `part` are as in read_measured, `behaviour` is a suite's folder, `seed` that of the bootstrap. Raises
    CorpusError or InputError where the data can't be used, ArtifactError or RunError where the model can't.
    """
    measured = read_measured(data, part)  # before the model is loaded
    suite = read_suite(behaviour) if behaviour is not None else None
    on_progress("loading the model", 0, 1)
    predictor, run = load_predictor(reference)
    name = run.name if run else reference
    return measure(predictor, measured, suite, model=name, run=run, seed=seed, on_progress=on_progress)


def measure(
    predictor: Predictor,
    data: Measured,
    suite: Suite | None = None,
    *,
    model: str,
    run: RunSummary | None = None,
    seed: int = 0,
    on_progress: Progress = _silent,
) -> Evaluation:
    """Return the evaluation of a loaded predictor, called `model` in what is shown."""
    on_progress("measuring", 0, 1)
    report, _ = evaluate(predictor, data.statements, seed=seed)
    behaviour = None
    if suite is not None:
        on_progress("behaviour", 0, 1)
        behaviour = score_behaviour(predictor, suite)
    known = predictor.manifest.data if predictor.manifest else {}
    processes = {name for part in ("train", "calibration") for name in known.get(part, {}).get("processes", [])}
    seen = sum(statement.process in processes for statement in data.statements)
    return Evaluation(model, predictor.manifest, run, data, seen, report, behaviour)


def read_measured(path: Path, part: str | None = None) -> Measured:
    """Return the statements of a .jsonl file or a corpus folder, or of one part of a folder with a splits.json.

    `part` is one of PARTS; without it, "test" where there is a splits.json, else "all".
    """
    if part is not None and part not in PARTS:
        raise InputError(f"part: expected one of {', '.join(PARTS)}, got {part!r}; name one")
    has_splits = (path / SPLITS_FILE).is_file()
    part = part or ("test" if has_splits else "all")
    if part == "all":
        return Measured(path, part, digest(path), read_corpus(path))
    if not has_splits:
        raise InputError(
            f"{path}: expected a corpus folder with {SPLITS_FILE} to take the part {part!r} of, found none; leave out the part"
        )
    split = read_split(path)
    return Measured(path, part, split.digest, getattr(split, part))


def log_evaluation(evaluation: Evaluation, page: str) -> str:
    """Add the figures to the evaluation's run, with its page as an artifact, and return the artifact's path.

    Raises InputError where the model came from a directory, RunError where the store refuses.
    """
    if evaluation.run is None:
        raise InputError(f"{evaluation.model}: expected a run to log to, got a model directory; name the run instead ('stance runs')")
    path = f"evaluation/{loggable(evaluation.data.name)}.html"
    tracking.add_to_run(evaluation.run, evaluation.metrics(), {path: page})
    return path


def loggable(name: str) -> str:
    """Return a name that MLflow takes: other characters than letters, digits, " ", ".", "-" and "/" as "_", no part empty or all dots."""
    parts = [_UNLOGGABLE.sub("_", part) for part in name.split("/")]
    return "/".join(part if part.strip(".") else "_" for part in parts)
