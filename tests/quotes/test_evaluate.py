import json
from pathlib import Path

import pytest

from stance.errors import InputError
from stance.quotes.evaluate import GoldArticle, GoldQuote, ablations, evaluate_quotes, pair_one_by_one, read_gold, right_by_rule, speed
from stance.quotes.paragraphs import split_paragraphs

TEXT = "“The ferry sails on Friday,” said Mira Toll. “Or on Sunday,” she added. Nobody has read “The Fall of Sarn”."


def gold(text: str, words: str, is_statement: bool = True, speaker: str = "") -> GoldQuote:
    start = text.index(words)
    return GoldQuote(start, start + len(words), is_statement, (), speaker)


WHOLE = GoldArticle(
    TEXT,
    (
        gold(TEXT, "The ferry sails on Friday,", speaker="Mira Toll, pilot"),
        gold(TEXT, "Or on Sunday,", speaker="Mira Toll, pilot"),
        gold(TEXT, "The Fall of Sarn", is_statement=False),
    ),
)


def test_an_article_read_whole_scores_one() -> None:
    scores = evaluate_quotes([WHOLE, WHOLE])
    assert (scores.articles, scores.statements) == (2, 4)
    for share in (scores.precision, scores.recall, scores.f1, scores.rejected, scores.speaker):
        assert (share.value, share.low, share.high) == (1.0, 1.0, 1.0)


def test_every_kind_of_miss_lowers_its_own_share() -> None:
    wrong = GoldArticle(
        TEXT,
        (
            gold(TEXT, "The ferry sails on Friday,", speaker="Osk Bram"),  # another speaker
            gold(TEXT, "Nobody has read", speaker="Osk Bram"),  # no quotation there
            gold(TEXT, "Or on Sunday,", is_statement=False),  # taken for a statement
        ),
    )
    scores = evaluate_quotes([wrong])
    assert scores.precision.value == scores.recall.value == scores.f1.value == 0.5
    assert (scores.rejected.value, scores.speaker.value) == (0.0, 0.0)


def test_a_span_is_found_at_four_fifths_of_the_union() -> None:
    words = "The ferry sails on Friday,"
    start = TEXT.index(words)
    for cut, recall in ((5, 1.0), (6, 0.0)):
        article = GoldArticle(TEXT, (GoldQuote(start + cut, start + len(words), True),))
        assert evaluate_quotes([article]).recall.value == recall


def test_a_gold_mention_counts_by_its_place_and_a_gold_name_as_a_whole() -> None:
    words, she = "Or on Sunday,", TEXT.index("she added")
    start = TEXT.index(words)
    for mention, right in (((she, she + 3), 1.0), ((0, 5), 0.0)):
        article = GoldArticle(TEXT, (GoldQuote(start, start + len(words), True, (mention,)),))
        assert evaluate_quotes([article]).speaker.value == right
    for name, right in (("Mira Toll, pilot", 1.0), ("Ada Toll, pilot", 0.0), ("Toll", 1.0)):
        article = GoldArticle(TEXT, (GoldQuote(start, start + len(words), True, (), name),))
        assert evaluate_quotes([article]).speaker.value == right


def test_each_mechanism_taken_away_costs_something() -> None:
    text = "Foreign Minister Mira Toll came. “It's late, 'pay or swim' late,” she said. “The ferry sails,“ the minister said."
    title = "The film “The Fall of Sarn” opens."
    article = GoldArticle(
        f"{text}\n\n{title}",
        (
            gold(text, "It's late, 'pay or swim' late,", speaker="Mira Toll"),
            gold(text, "The ferry sails,", speaker="Mira Toll"),
            gold(f"{text}\n\n{title}", "The Fall of Sarn", is_statement=False),
        ),
    )
    whole, *others = (evaluate_quotes([article], mechanisms) for mechanisms in ablations().values())
    assert (whole.f1.value, whole.speaker.value, whole.rejected.value) == (1.0, 1.0, 1.0)
    assert all(min(s.f1.value, s.speaker.value, s.rejected.value) < 1.0 for s in others)


def test_simple_pairing_takes_each_mark_as_it_stands() -> None:
    text = "“One,” said A. “Two“ said B. ”Three”"
    spans = pair_one_by_one(text, split_paragraphs(text))
    assert [text[span.start : span.end] for span in spans] == ["One,", "Two“ said B. "]


def test_gold_is_read_from_a_folder_and_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    rows = {"statements": [{"speaker": "Mira Toll", "spans": [[1, 27]]}], "not_statements": [{"span": [89, 105]}], "damage": None}
    (tmp_path / "a.json").write_text(json.dumps(rows), encoding="utf-8")
    (folder,) = read_gold(tmp_path)
    assert folder.group == "sound marks"
    assert [TEXT[q.start : q.end] for q in folder.quotes] == ["The ferry sails on Friday,", TEXT[89:105]]
    segment = {"start": 1, "end": 27, "attributed": True, "source": [[34, 43]]}
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "a", "text": TEXT, "segments": [segment]}), encoding="utf-8")
    (line,) = read_gold(tmp_path / "a.jsonl")
    assert line.quotes == (GoldQuote(1, 27, True, ((34, 43),)),)
    assert evaluate_quotes([line]).speaker.value == 1.0


@pytest.mark.parametrize("row", ['{"id": "a", "text": "b"}', '{"text": "b", "segments": [{"start": 1}]}', "{"])
def test_broken_gold_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    (tmp_path / "a.jsonl").write_text(row + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.jsonl.*1"):
        read_gold(tmp_path / "a.jsonl")


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="empty file"):
        read_gold(tmp_path / "a.jsonl")


def test_a_share_of_nothing_is_null_in_json() -> None:
    scores = evaluate_quotes([GoldArticle(TEXT, (gold(TEXT, "Or on Sunday,"),))]).as_json()
    assert (scores["rejected"], scores["speaker"]) == (None, None)
    assert scores["recall"] == {"value": 1.0, "low": 1.0, "high": 1.0}


def test_a_folder_without_gold_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected articles NAME\.txt"):
        read_gold(tmp_path)


def test_speed_counts_articles_of_a_given_length() -> None:
    assert speed([WHOLE], rounds=1) > 0


def test_rules_are_counted_with_how_often_they_are_right() -> None:
    assert right_by_rule([WHOLE, WHOLE]) == {"verb-after": (4, 4)}
    wrong = GoldArticle(TEXT, (gold(TEXT, "Or on Sunday,", speaker="Osk Bram"), gold(TEXT, "Nobody has read", speaker="Osk Bram")))
    assert right_by_rule([wrong]) == {"verb-after": (1, 0)}
