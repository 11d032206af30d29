import numpy as np
import pytest

from stance.decision import decide
from stance.labels import HEADS


def one(stance: list[float], threshold: float = 0.5):
    return decide({"relevance": np.array([[0.3, 0.7]]), "stance": np.array([stance]), "sentiment": np.array([[0.2, 0.2, 0.6]])}, threshold)[
        0
    ]


def test_each_head_gets_its_most_probable_label_under_its_own_name() -> None:
    found = one([0.1, 0.2, 0.7])
    assert (found.relevance.label, found.stance.label, found.sentiment.label) == ("off_target", "critical", "negative")
    assert found.relevance.probabilities == {"on_target": 0.3, "off_target": 0.7}
    assert found.stance.probabilities == {"supportive": 0.1, "skeptical": 0.2, "critical": 0.7}
    assert list(found.sentiment.probabilities) == list(HEADS["sentiment"])


@pytest.mark.parametrize(("threshold", "abstained"), [(0.0, False), (0.69, False), (0.7, False), (0.71, True), (1.0, True)])
def test_it_abstains_under_the_threshold_and_still_gives_a_label(threshold: float, abstained: bool) -> None:
    found = one([0.1, 0.2, 0.7], threshold)
    assert found.abstained is abstained
    assert found.stance.label == "critical"


def test_only_the_stance_decides_on_abstaining() -> None:
    unsure = np.array([[0.5, 0.5]])
    found = decide({"relevance": unsure, "stance": np.array([[0.9, 0.05, 0.05]]), "sentiment": np.array([[0.34, 0.33, 0.33]])}, 0.8)
    assert not found[0].abstained


def test_a_tie_goes_to_the_first_label_every_time() -> None:
    assert one([0.4, 0.2, 0.4]).stance.label == "supportive"


def test_rows_stay_in_order_and_none_gives_none() -> None:
    rows = np.eye(3)
    found = decide({"relevance": rows[:, :2], "stance": rows, "sentiment": rows}, 0.5)
    assert [p.stance.label for p in found] == list(HEADS["stance"])
    assert decide({head: np.zeros((0, len(labels))) for head, labels in HEADS.items()}, 0.5) == []


def test_probabilities_are_plain_numbers() -> None:
    assert all(type(p) is float for p in one([0.1, 0.2, 0.7]).stance.probabilities.values())
