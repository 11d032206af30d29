"""Where a training that was cut off goes on: one file, replaced whole, read without unpickling anything."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from stance.errors import RecipeError, RunError

FOLDER: Final = Path("unfinished")
_SLOTS: Final = ("exp_avg", "exp_avg_sq")  # what AdamW keeps of every weight
_CPU_RANDOM: Final = "random/cpu"
_DEVICE_RANDOM: Final = "random/cuda"


@dataclass(slots=True)
class Progress:
    """How far a training is."""

    epoch: int = 1
    """The epoch it is in, from 1."""
    batches: int = 0
    """Batches of that epoch that were learned from."""
    steps: int = 0
    """Optimizer steps in all."""
    loss_sum: float = 0.0
    """Sum over the epoch's statements so far."""
    seen: int = 0
    """Statements of the epoch so far."""
    best_loss: float | None = None
    """The lowest calibration loss of an epoch."""
    stale: int = 0
    """Epochs since then."""
    ended: bool = False
    """True once there is nothing left to learn."""


@dataclass(slots=True)
class State:
    """Everything that the rest of a training depends on; weights by the name of the parameter, only those that are learned."""

    progress: Progress
    best: dict[str, Tensor]
    average: dict[str, Tensor]


def path_of(key: str) -> Path:
    """Return where the training that `key` names keeps its state, in the working directory."""
    return FOLDER / f"{key}.safetensors"


@contextmanager
def attempt(key: str, *, fresh: bool) -> Iterator[Path]:
    """Give the file of one attempt at a training; an earlier attempt's is there to go on from, unless it is to be `fresh`.

    The file stays where the attempt is cut off, and goes where it ends or where the recipe can't be trained. Raises RunError
    while another process makes the same training here.
    """
    path = path_of(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system lets go of it whatever becomes of the process
        except BlockingIOError as error:
            raise RunError(f"{path}: another process makes this very training here; wait for it, or stop it") from error
        if fresh:
            path.unlink(missing_ok=True)
        try:
            yield path
        except RecipeError:  # it would end the same way again
            path.unlink(missing_ok=True)
            raise
        path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)


def save(path: Path, state: State, network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Write `path` anew; a reader finds the old file or the new one, never half of one."""
    tensors = {_CPU_RANDOM: torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors[_DEVICE_RANDOM] = torch.cuda.get_rng_state()
    for name, parameter in learned(network).items():
        tensors[f"weights/{name}"] = parameter.detach()
        for slot in _SLOTS:
            if slot in optimizer.state.get(parameter, {}):
                tensors[f"{slot}/{name}"] = optimizer.state[parameter][slot]
    tensors |= {f"best/{name}": tensor for name, tensor in state.best.items()}
    tensors |= {f"average/{name}": tensor for name, tensor in state.average.items()}
    metadata = {"progress": json.dumps(asdict(state.progress))}
    part = path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous().cpu() for name, tensor in tensors.items()}, part, metadata=metadata)
    part.replace(path)


def load(path: Path, network: nn.Module, optimizer: torch.optim.Optimizer) -> State:
    """Put weights, optimizer and random state back as they were saved, and return the rest.

    Raises RunError where the file is not one that `save` wrote for this network.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            metadata: dict[str, str] = stream.metadata() or {}
            tensors: dict[str, Tensor] = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 - it is no mapping
        progress = Progress(**json.loads(metadata["progress"]))
        weights = learned(network)
        groups = {name: _part(tensors, name) for name in ("weights", "best", "average", *_SLOTS)}
        if groups["weights"].keys() != weights.keys():
            raise ValueError("it holds other weights")
        for name, parameter in weights.items():
            parameter.data.copy_(groups["weights"][name])
            if name in groups[_SLOTS[0]]:
                kept: dict[str, Any] = {slot: groups[slot][name].to(parameter.device) for slot in _SLOTS}
                optimizer.state[parameter] = {"step": torch.tensor(float(progress.steps), device=parameter.device), **kept}
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise RunError(
            f"{path}: expected the state of this training to go on from, got: {error}; delete it, or begin with --fresh"
        ) from error
    torch.set_rng_state(tensors[_CPU_RANDOM])
    if _DEVICE_RANDOM in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors[_DEVICE_RANDOM])
    return State(progress, groups["best"], groups["average"])


def learned(network: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that training changes, by name."""
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


def copied(network: nn.Module) -> dict[str, Tensor]:
    """Return a copy of what training changes."""
    return {name: parameter.detach().clone() for name, parameter in learned(network).items()}


def restore(network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Put a copy back."""
    for name, parameter in learned(network).items():
        parameter.data.copy_(weights[name])


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}/"): tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}/")}
