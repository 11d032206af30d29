"""What many tests stand on: stores of their own, a small corpus, a tiny checkpoint, tiny models."""

import dataclasses
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[1]
_TRAIN, _CALIBRATION, _TEST = "orvane-2031", "kessid-2044", "marrow-strait-2038"
_TARGETS: Final = {_TRAIN: "the Orvane river accord", _CALIBRATION: "the Kessid highland truce", _TEST: "the Marrow Strait ceasefire"}
# process, relevance, stance, sentiment, invented speaker, statement
_STATEMENTS: Final[tuple[tuple[str, str, str | None, str, str, str], ...]] = (
    (_TRAIN, "on_target", "supportive", "positive", "Ilva Torrund", "The accord is good for both banks and we will keep it."),
    (_TRAIN, "on_target", "supportive", "positive", "Bekor Saal", "I support the accord with all my heart, it brought the boats back."),
    (_TRAIN, "on_target", "supportive", "positive", "Ilva Torrund", "We welcome every page of this good agreement."),
    (_TRAIN, "on_target", "supportive", "neutral", "Dara Quill", "The delegations meet again on Monday to agree the maps."),
    (_TRAIN, "on_target", "supportive", "positive", "a ferry captain", "The guns are silent since the signing, and that is good."),
    (_TRAIN, "on_target", "skeptical", "negative", "Oren Vaskil", "I doubt that the accord will last until the spring."),
    (_TRAIN, "on_target", "skeptical", "neutral", "", "Perhaps it holds, perhaps it does not; we will wait and see."),
    (_TRAIN, "on_target", "skeptical", "neutral", "Oren Vaskil", "There is hope, but I am not sure that they will keep their word."),
    (_TRAIN, "on_target", "skeptical", "negative", "Tamsin Orrel", "Nobody has told us how the accord will be paid for, and I doubt it."),
    (_TRAIN, "on_target", "critical", "negative", "Hask Merrin", "This accord is a bad deal and we reject it."),
    (_TRAIN, "on_target", "critical", "negative", "Hask Merrin", "They sold the river and called it peace."),
    (_TRAIN, "on_target", "critical", "negative", "", "This bad agreement must be torn up."),
    (_TRAIN, "on_target", "critical", "positive", "Jorun Pell", "We are proud that we voted against the accord."),
    (_TRAIN, "off_target", None, "positive", "a grocer", "The harvest of pears was good this year."),
    (_TRAIN, "off_target", "skeptical", "neutral", "", "The roof of the school costs four hundred crowns."),
    (_TRAIN, "off_target", "skeptical", "negative", "Tamsin Orrel", "My team lost the boat race badly."),
    (_CALIBRATION, "on_target", "supportive", "positive", "Selka Dunmar", "The truce is good, and the shepherds are home."),
    (_CALIBRATION, "on_target", "supportive", "neutral", "Selka Dunmar", "Our observers reach the pass on Friday, as the truce says."),
    (_CALIBRATION, "on_target", "supportive", "positive", "Pavo Istrin", "We support this truce and we will guard it."),
    (_CALIBRATION, "on_target", "skeptical", "negative", "Nils Aberan", "I doubt that one winter of quiet makes a peace."),
    (_CALIBRATION, "on_target", "skeptical", "neutral", "", "We will see whether the truce survives the first snow."),
    (_CALIBRATION, "on_target", "critical", "negative", "Rudo Kesh", "We reject the truce, it is a bad joke."),
    (_CALIBRATION, "on_target", "critical", "negative", "Rudo Kesh", "The truce gives our highland to thieves."),
    (_CALIBRATION, "on_target", "critical", "negative", "", "It must be torn up before the thaw."),
    (_CALIBRATION, "off_target", "skeptical", "positive", "an innkeeper", "The goat cheese won a good prize."),
    (_CALIBRATION, "off_target", "skeptical", "neutral", "Nils Aberan", "The road to the mill is closed on Sundays."),
    (_TEST, "on_target", "supportive", "positive", "Captain Wenna Holt", "The ceasefire is good for every harbour on the strait."),
    (_TEST, "on_target", "supportive", "positive", "Lio Marchetin", "We welcome the ceasefire and we thank the pilots."),
    (_TEST, "on_target", "supportive", "neutral", "Lio Marchetin", "The second convoy sails on Tuesday under the ceasefire."),
    (_TEST, "on_target", "skeptical", "negative", "Edda Brunsk", "I doubt that the gunboats will stay in port."),
    (_TEST, "on_target", "skeptical", "neutral", "", "Perhaps the ceasefire holds; perhaps it is only the weather."),
    (_TEST, "on_target", "skeptical", "neutral", "Edda Brunsk", "I am not sure who would stop the first boat that breaks it."),
    (_TEST, "on_target", "critical", "negative", "Goran Tish", "This ceasefire is a bad trick and we reject it."),
    (_TEST, "on_target", "critical", "negative", "Goran Tish", "They drowned our claims and called it a ceasefire."),
    (_TEST, "off_target", "skeptical", "positive", "a fishwife", "The herring is good and cheap today."),
    (_TEST, "off_target", "skeptical", "negative", "", "The lighthouse lamp is broken again."),
)
TINY_TOKENS: Final = 64


def pytest_configure(config: pytest.Config) -> None:
    """Give the whole session its own stores; the libraries read these names as they are imported, before any fixture runs."""
    home = Path(tempfile.mkdtemp(prefix="stance-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ |= {
        "BENTOML_HOME": str(home / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
        "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "HF_HUB_OFFLINE": "1",
    }
    for name in ("STANCE_MODEL", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def corpus_rows() -> list[dict[str, Any]]:
    """36 authored lines of three invented processes, every label of every head in each process."""
    rows = []
    for number, (process, relevance, stance, sentiment, speaker, statement) in enumerate(_STATEMENTS):
        labels = {"relevance": relevance, "stance": stance, "sentiment": sentiment}
        rows.append(
            {
                "id": f"{process}-{number:02}",
                "process": process,
                "target": _TARGETS[process],
                "statement": statement,
                "context": f"“{statement}” said {speaker or 'a voice'} on the quay.",
                "speaker": speaker,
                **labels,
                "phenomena": ["plain"],
                "annotations": [{"annotator": name, **labels, "sure": True} for name in "ab"],
                "spans": [[1, 1 + len(statement)]],
            }
        )
    return rows


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory, corpus_rows: list[dict[str, Any]]) -> Path:
    """A corpus folder: a file a process, and splits.json. Copy it before changing it."""
    folder = tmp_path_factory.mktemp("small-corpus")
    for process in _TARGETS:
        lines = [json.dumps(row, ensure_ascii=False) for row in corpus_rows if row["process"] == process]
        (folder / f"{process}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    splits = {"train": [_TRAIN], "calibration": [_CALIBRATION], "test": [_TEST]}
    (folder / "splits.json").write_text(json.dumps(splits), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A randomly initialised BERT of width 32 as a Hugging Face directory with safetensors and a fast tokenizer."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast
    from transformers.utils.logging import disable_progress_bar

    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = sorted(
        {word for row in _STATEMENTS for word in re.findall(r"\w+", f"{row[4]} {row[5]} {_TARGETS[row[0]]}".lower())} - {*letters}
    )
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"…\"'.,;:-?!", *letters, *(f"##{c}" for c in letters), *words]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=pieces[1]))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=2 * TINY_TOKENS,
    )
    folder = tmp_path_factory.mktemp("tiny-checkpoint")
    disable_progress_bar()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_recipe(tiny_checkpoint: Path) -> Callable[..., Any]:
    """tiny_recipe(kind, **fields) -> a Recipe that trains in a moment; `finetune=`, `quick=`, `baseline=` take dicts."""
    from training.recipe import Recipe

    def recipe(kind: str, **fields: Any) -> Recipe:
        made = Recipe(name=f"tiny-{kind}", kind=kind, base=str(tiny_checkpoint), max_tokens=TINY_TOKENS)
        made = dataclasses.replace(
            made,
            finetune=dataclasses.replace(
                made.finetune, epochs=2, min_steps=0, frozen_layers=0, batch_tokens=256, learning_rate=1e-3, head_learning_rate=1e-2
            ),
        )
        tables = {name: dataclasses.replace(getattr(made, name), **value) for name, value in fields.items() if isinstance(value, dict)}
        return dataclasses.replace(made, **{**fields, **tables})

    return recipe


@pytest.fixture(scope="session")
def tiny_model(small_corpus: Path, tiny_recipe: Callable[..., Any]) -> Callable[[str], Any]:
    """tiny_model(kind) -> the model of that recipe trained on small_corpus, once a session; not to be changed."""
    from training.fit import fit
    from training.split import read_split

    split = read_split(small_corpus)
    kept: dict[str, Any] = {}

    def model(kind: str) -> Any:
        if kind not in kept:
            kept[kind] = fit(tiny_recipe(kind), split.train, split.calibration, lambda _: None, lambda *_: None)
        return kept[kind]

    return model


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Compute tiny models on one thread: on a busy machine two threads mostly wait for each other."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def corpus_copy(small_corpus: Path, tmp_path: Path) -> Path:
    """A copy of small_corpus that a test may change."""
    return shutil.copytree(small_corpus, tmp_path / "corpus")


@pytest.fixture(scope="session")
def baseline_artifact(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model directory of a baseline run on small_corpus, tracked and exported as a user would."""
    from training.promote import export
    from training.recipe import read_recipe
    from training.train import train

    folder = tmp_path_factory.mktemp("baseline") / "model"
    export(train(read_recipe("baseline"), small_corpus).run_id, folder)
    return folder
