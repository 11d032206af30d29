"""One recipe under several seeds: is a figure the recipe's, or its luck?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.stats import t as student

from stance.errors import InputError
from training import tracking
from training.recipe import Recipe
from training.train import DEFAULT_DATA, Progress, carry_out, plan_training

_PREFIX: Final = "test/"


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric over seeds: its mean with a 95 % interval (Student's t; nan for one seed) and each seed's value."""

    mean: float
    low: float
    high: float
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SeedGroup:
    """The runs of one recipe, a seed each, and every test metric's spread over them."""

    recipe: str
    runs: tuple[tracking.RunSummary, ...]
    metrics: dict[str, Spread]

    def as_json(self) -> dict[str, Any]:
        """Return recipe, runs (name, id, seed) and metrics as plain values."""
        runs = [{"name": run.name, "run_id": run.run_id, "seed": int(run.seed)} for run in self.runs]
        return {"recipe": self.recipe, "runs": runs, "metrics": {name: asdict(found) for name, found in self.metrics.items()}}


def train_seeds(
    recipe: Recipe,
    data: Path = DEFAULT_DATA,
    *,
    count: int,
    init_from: str = "",
    fresh: bool = False,
    on_progress: Progress = lambda *_: None,
) -> SeedGroup:
    """Return the runs of `recipe` under `count` seeds from its own on, each a run of its own.

    Seeds that are trained already (same recipe, data, beginning and code) are taken as they are, unless all is to be `fresh`.
    Raises InputError for fewer than one seed, and what `train` raises.
    """
    if count < 1:
        raise InputError(f"seeds: expected at least one, got {count}")
    runs = []
    for seed in range(recipe.seed, recipe.seed + count):
        plan = plan_training(recipe.with_seed(seed), data, init_from)
        found = None if fresh else tracking.finished_run(plan.key)
        if found is None:
            told = _prefixed(on_progress, f"seed {seed}: ")
            found = tracking.find_run(carry_out(plan, fresh=fresh, on_progress=told).run_id)
        runs.append(found)
    names = set.intersection(*({name for name in run.metrics if name.startswith(_PREFIX)} for run in runs))
    return SeedGroup(recipe.name, tuple(runs), {n.removeprefix(_PREFIX): spread([r.metrics[n] for r in runs]) for n in sorted(names)})


def spread(values: Sequence[float]) -> Spread:
    """Return the mean of independent values with its 95 % t interval."""
    mean, n = float(np.mean(values)), len(values)
    margin = float(student.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    return Spread(mean, mean - margin, mean + margin, tuple(values))


def _prefixed(on_progress: Progress, prefix: str) -> Progress:
    return lambda stage, done, total: on_progress(prefix + stage, done, total)
