import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stance.errors import InputError
from stance.inputs import shape
from stance.labels import HEADS
from training import learning_curve
from training.fit import fit
from training.learning_curve import TEST, curve_figure, measure, table
from training.remembering import Encoders
from training.split import read_split

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def points(tiny_recipe: Callable[..., Any], small_corpus: Path, tmp_path: Path) -> Callable[..., list[learning_curve.Point]]:
    """points(**changes) -> measure's answer for the tiny quick recipe on small_corpus."""

    def make(**changes: Any) -> list[learning_curve.Point]:
        arguments = {"recipes": [tiny_recipe("quick")], "sizes": [12, 99], "seeds": 2, "also": [], "out": tmp_path / "curve"}
        return measure(**{"data": small_corpus, "on_point": lambda *_: None, **arguments, **changes})

    return make


def test_every_size_and_seed_is_measured_on_every_set(points: Callable[..., list[learning_curve.Point]], small_corpus: Path) -> None:
    found = points(also=[small_corpus / "kessid-2044.jsonl"])
    assert {(p.statements, p.seed, p.measured_on) for p in found} == {
        (n, seed, name) for n in (12, 16) for seed in (0, 1) for name in (TEST, f"{small_corpus.name}/kessid-2044")
    }  # 99 is more than there are: all 16
    assert all(set(p.macro_f1) == set(HEADS) and all(0 <= f <= 1 for f in p.macro_f1.values()) for p in found)


def test_a_run_that_was_cut_goes_on_where_it_was(
    points: Callable[..., list[learning_curve.Point]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = points()
    file = tmp_path / "curve" / "points.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("".join(f"{line}\n" for line in lines[:-1]), encoding="utf-8")
    fitted = []
    monkeypatch.setattr(
        learning_curve, "fit", lambda recipe, train, *rest, **named: fitted.append(len(train)) or fit(recipe, train, *rest, **named)
    )
    assert points() == first
    assert fitted == [16]
    assert [line for line in file.read_text(encoding="utf-8").splitlines() if line != lines[-1][:9]] == lines


def test_another_recipe_or_corpus_is_trained_anew(
    points: Callable[..., list[learning_curve.Point]], tiny_recipe: Callable[..., Any], corpus_copy: Path, tmp_path: Path
) -> None:
    points(sizes=[12], seeds=1)
    points(sizes=[12], seeds=1, recipes=[tiny_recipe("quick", quick={"inverse_regularisation": 1.0})])
    file = next(corpus_copy.glob("*.jsonl"))
    file.write_text(file.read_text(encoding="utf-8").replace("accord", "treaty"), encoding="utf-8")
    points(sizes=[12], seeds=1, data=corpus_copy)
    assert len((tmp_path / "curve" / "points.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_remembered_features_give_the_model_that_quick_gives(tiny_recipe: Callable[..., Any], small_corpus: Path) -> None:
    split, recipe = read_split(small_corpus), tiny_recipe("quick")
    encoders = Encoders()
    for part in (split.train[:12], split.train):  # the second reuses what the first computed
        model = learning_curve._fitted(recipe, part, split.calibration, encoders)
        inputs = [shape(s.statement) for s in split.test]
        expected = fit(recipe, part, split.calibration, lambda _: None, lambda *_: None).logits(inputs)
        for head, values in model.logits(inputs).items():
            np.testing.assert_allclose(values, expected[head], atol=1e-4)


def test_other_labels_to_measure_on_give_other_points(points: Callable[..., list[learning_curve.Point]], corpus_copy: Path) -> None:
    other = corpus_copy / "kessid-2044.jsonl"
    first = points(sizes=[12], seeds=1, also=[other])
    other.write_text(other.read_text(encoding="utf-8").replace('"stance": "supportive"', '"stance": "critical"'), encoding="utf-8")
    again = points(sizes=[12], seeds=1, also=[other])
    assert again[0] == first[0]
    assert again[1].majority != first[1].majority


def test_what_would_be_mixed_up_is_refused(
    points: Callable[..., list[learning_curve.Point]], tiny_recipe: Callable[..., Any], small_corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="'tiny-quick' twice"):
        points(recipes=[tiny_recipe("quick"), tiny_recipe("quick", seed=4)])
    with pytest.raises(InputError, match="kessid-2044' twice"):
        points(also=[small_corpus / "kessid-2044.jsonl"] * 2)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="expected a folder"):
        points(out=tmp_path / "file")


@pytest.mark.parametrize("changes", [{"sizes": []}, {"sizes": [0]}, {"seeds": 0}])
def test_nothing_to_measure_is_refused(points: Callable[..., list[learning_curve.Point]], changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="at least one size and one seed"):
        points(**changes)


@pytest.mark.parametrize("kind", ["baseline", "finetune"])
def test_other_kinds_have_curves_too(points: Callable[..., list[learning_curve.Point]], tiny_recipe: Callable[..., Any], kind: str) -> None:
    found = points(recipes=[tiny_recipe(kind)], sizes=[16], seeds=1)
    assert [p.recipe for p in found] == [f"tiny-{kind}"]


def test_table_and_figure_show_mean_and_range_over_seeds(points: Callable[..., list[learning_curve.Point]]) -> None:
    (point, *_) = points(sizes=[12], seeds=1)
    pair = [dataclasses.replace(point, macro_f1=dict.fromkeys(HEADS, value), seed=seed) for seed, value in enumerate((0.2, 0.6))]
    assert table(pair, "stance") == [("tiny-quick", TEST, 12, pytest.approx(0.4), 0.2, 0.6)]
    figure = curve_figure(pair)
    assert [axis.get_title() for axis in figure.axes] == [f"{head}, {TEST}" for head in HEADS]
    assert all(axis.lines[0].get_ydata() == pytest.approx([0.4]) for axis in figure.axes)
