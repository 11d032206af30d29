import csv
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.corpus import read_corpus
from stance.errors import InputError
from stance.import_formats import FORMATS, Fields
from stance.importing import ImportOptions, ImportReport, import_corpus
from stance.labels import HEADS
from stance.records import LabelledStatement
from training.split import Split, read_split

TWEETS = [
    f"The {word} of the bridge is my business, says line {n}"
    for n, word in enumerate("toll paint price gate rail arch pier lamp sign road".split())
]


def lines(path: Path, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    return lines(path, *(json.dumps(row, ensure_ascii=False) for row in rows))


def tweets(folder: Path, *, test: bool = True) -> Path:
    """TweetEval's form: two targets, ten training tweets each, codes by mapping.txt."""
    lines(folder / "mapping.txt", "0\tnone", "1\tagainst", "2\tfavor")
    for target in ("hillary", "the bridge"):
        lines(folder / target / "train_text.txt", *(f"{tweet} of {target} " for tweet in TWEETS))
        lines(folder / target / "train_labels.txt", *(str(n % 3) for n in range(10)))
        if test:
            lines(folder / target / "val_text.txt", f"A new voice on {target}", "And another one")
            lines(folder / target / "val_labels.txt", "2", "0")
    return folder


def vast(folder: Path) -> Path:
    """VAST as JSONL: every post on two topics, so that equal texts could fall apart."""
    rows = [
        {"text": f"{t}.", "topic": topic, "label": "con" if n % 2 else "pro", "seen": "1"}
        for n, t in enumerate(TWEETS)
        for topic in ("tolls", "boats")
    ]
    jsonl(folder / "train.jsonl", *rows)
    jsonl(
        folder / "dev.jsonl",
        {"text": "Nobody reads the timetable.", "topic": "ferries", "label": "neutral", "seen": "0"},
        {"text": "The toll feeds the harbour.", "topic": "tolls", "label": "pro", "seen": "1"},
    )
    return folder


def news(path: Path, *polarities: Any) -> Path:
    """NewsMTSC: sentences of two mentions each."""
    rows = []
    for n, polarity in enumerate(polarities or (2, 4.0, 6, 2.0, 4, 6.0)):
        text = f"Mayor Orlin praised Captain Vask in speech number {n}"
        mentions = [
            {"from": 0, "to": 11, "mention": "Mayor Orlin", "polarity": polarity},
            {"from": 20, "to": 32, "mention": "Captain Vask", "polarity": 6.0},
        ]
        rows.append({"primary_gid": f"g{n}", "sentence_normalized": text, "targets": mentions})
    return jsonl(path, *rows)


def imported(form: str, source: Path, out: Path, **options: Any) -> tuple[ImportReport, Split]:
    """Import, and read what was written as training does."""
    report = import_corpus(form, source, out, ImportOptions(**options))
    split = read_split(out)
    assert report.written == len(read_corpus(out)) == sum(part["statements"] for part in report.parts.values())
    assert report.read == report.written + sum(report.dropped.values())
    return report, split


def labels(rows: list[LabelledStatement], head: str = "stance") -> Counter[str | None]:
    return Counter(row.label(head) for row in rows)


def test_tweeteval_keeps_the_files_parts_and_takes_calibration_from_train(tmp_path: Path) -> None:
    report, split = imported("tweeteval", tweets(tmp_path / "set"), tmp_path / "out")
    assert (len(split.train), len(split.calibration), len(split.test)) == (18, 2, 4)
    assert {row.process for row in split.test} == {"hillary-val", "the-bridge-val"}
    assert {row.process for row in split.train} == {"hillary-train", "the-bridge-train"}
    assert all(row.process.endswith("-train-calibration") for row in split.calibration)
    by_id = {row.id: row for row in (*split.train, *split.calibration, *split.test)}
    assert by_id["hillary-val-1"].statement.target == "Hillary Clinton"
    assert by_id["the-bridge-train-3"].statement.target == "the bridge"
    assert by_id["the-bridge-train-3"].statement.text == f"{TWEETS[2]} of the bridge"
    assert [by_id[f"hillary-train-{n}"].stance for n in (1, 2, 3)] == ["skeptical", "critical", "supportive"]
    assert report.lacking == ("relevance", "sentiment")
    assert report.labels["none"] == {"becomes": "skeptical", "rows": 10}


def test_tweeteval_takes_one_target_and_parts_lines_at_line_feeds_only(tmp_path: Path) -> None:
    folder = tmp_path / "bridge"
    lines(folder / "train_text.txt", *TWEETS[:4], "one\u2028tweet\x85still")
    lines(folder / "train_labels.txt", "favor", "against", "none", "favor", "against")
    _, split = imported("tweeteval", folder, tmp_path / "out")
    assert "one\u2028tweet\x85still" in {row.statement.text for row in (*split.train, *split.calibration, *split.test)}
    assert min(len(split.train), len(split.calibration), len(split.test)) >= 1


def test_vast_keeps_equal_texts_together_and_parts_zero_shot_topics(tmp_path: Path) -> None:
    report, split = imported("vast", vast(tmp_path / "set"), tmp_path / "out", calibration_share=0.3)
    assert (len(split.train), len(split.calibration), len(split.test)) == (14, 6, 2)
    assert not {row.statement.text for row in split.train} & {row.statement.text for row in split.calibration}
    assert {(row.process, row.stance) for row in split.test} == {("vast-dev-zero-shot", "skeptical"), ("vast-dev-few-shot", "supportive")}
    assert report.shared == 0


def test_vast_reads_its_csv_with_line_feeds_inside_a_post(tmp_path: Path) -> None:
    with (tmp_path / "vast_train.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["author", "post", "new_topic", "label", "seen?"])
        writer.writerows(["a", f"{text}\nand that, as you know, is that", "tolls", n % 3, 1] for n, text in enumerate(TWEETS))
    _, split = imported("vast", tmp_path / "vast_train.csv", tmp_path / "out")
    rows = {row.id: row for row in (*split.train, *split.calibration, *split.test)}
    assert [rows[f"vast_train-{line}"].stance for line in (2, 4, 6)] == ["critical", "supportive", "skeptical"]
    assert rows["vast_train-2"].statement.text == f"{TWEETS[0]}\nand that, as you know, is that"


def test_newsmtsc_gives_a_row_per_mention_with_its_tone_only(tmp_path: Path) -> None:
    report, split = imported("newsmtsc", news(tmp_path / "train.jsonl"), tmp_path / "out")
    rows = [*split.train, *split.calibration, *split.test]
    assert (report.read, len(rows), report.lacking) == (12, 12, ("relevance", "stance"))
    first = next(row for row in rows if row.id == "newsmtsc-train-1-1")
    assert (first.statement.target, first.sentiment, first.stance, first.relevance) == ("Mayor Orlin", "negative", None, None)
    assert labels(rows, "sentiment") == {"negative": 2, "neutral": 2, "positive": 8}
    for sentence in {row.statement.text for row in rows}:  # both mentions of a sentence are in one part
        assert sum(any(row.statement.text == sentence for row in part) for part in (split.train, split.calibration, split.test)) == 1


def test_jsonl_takes_named_fields_of_a_head_and_keeps_groups_whole(tmp_path: Path) -> None:
    rows = [
        {"id": n, "said": f"{t}!", "of": "the bridge", "mood": "good" if n % 2 else "positive", "who": f"paper {n // 2}"}
        for n, t in enumerate(TWEETS)
    ]
    fields = Fields(text="said", target="of", label="mood", group="who")
    source = jsonl(tmp_path / "mine.jsonl", *rows)
    report, split = imported("jsonl", source, tmp_path / "out", head="sentiment", labels={"good": "neutral"}, fields=fields, test_share=0.2)
    assert (len(split.train), len(split.calibration), len(split.test)) == (6, 2, 2)
    assert len({row.process for row in split.train}) == 3
    assert {row.process[:12] for row in split.test} < {f"mine-paper-{n}" for n in range(5)}
    assert report.lacking == ("relevance", "stance")


def test_jsonl_reads_our_own_form_back(tmp_path: Path, small_corpus: Path, corpus_rows: list[dict[str, Any]]) -> None:
    source = jsonl(tmp_path / "set" / "train.jsonl", *(row for row in corpus_rows if row["stance"]))
    _, split = imported("jsonl", source.parent, tmp_path / "out")
    rows = [*split.train, *split.calibration, *split.test]
    assert {(row.statement.text, row.statement.context, row.statement.speaker, row.stance) for row in rows} == {
        (row.statement.text, row.statement.context, row.statement.speaker, row.stance) for row in read_corpus(small_corpus) if row.stance
    }


def test_labels_go_off_target_or_out_by_the_callers_word(tmp_path: Path) -> None:
    source = tweets(tmp_path / "set")
    report, split = imported("tweeteval", source, tmp_path / "off", labels={"None": "off_target"})
    assert {(row.relevance, row.stance) for row in split.train} == {
        ("on_target", "supportive"),
        ("on_target", "critical"),
        ("off_target", None),
    }
    assert report.lacking == ("sentiment",)
    report, split = imported("tweeteval", source, tmp_path / "out", labels={"none": "drop"})
    assert report.dropped == {"label none": 10}
    assert set(labels(split.train)) == {"supportive", "critical"}


def test_files_go_where_the_caller_says(tmp_path: Path) -> None:
    report, split = imported("tweeteval", tweets(tmp_path / "set"), tmp_path / "out", parts={"val": "calibration"})
    assert {row.process for row in split.calibration} == {"hillary-val", "the-bridge-val"}
    assert split.test
    assert all(row.process.endswith("-train-test") for row in split.test)
    report, _ = imported("tweeteval", tweets(tmp_path / "set"), tmp_path / "without", parts={"val": "drop"})
    assert report.dropped == {"file val": 4}


def test_parts_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = [{"text": text, "topic": "tolls", "label": "pro"} for text in TWEETS * 3]
    mixed = rows[15:] + rows[14::-1]
    _, one = imported("jsonl", jsonl(tmp_path / "a.jsonl", *rows), tmp_path / "one")
    report, other = imported("jsonl", jsonl(tmp_path / "b.jsonl", *mixed), tmp_path / "other")
    for part in ("train", "calibration", "test"):
        assert {row.statement.text for row in getattr(one, part)} == {row.statement.text for row in getattr(other, part)}
    assert report.repeated == 20


def test_repeats_contradictions_and_shared_texts_are_told(tmp_path: Path) -> None:
    same = {"text": "We pay at the gate.", "topic": "tolls"}
    jsonl(
        tmp_path / "train.jsonl",
        *({"text": t, "topic": "tolls", "label": "pro"} for t in TWEETS),
        {**same, "label": "pro"},
        {**same, "label": "con"},
    )
    jsonl(tmp_path / "test.jsonl", {**same, "text": "we pay, at the gate", "label": "pro"})
    report, _ = imported("jsonl", tmp_path, tmp_path / "out")
    assert (report.repeated, report.contradicted, report.shared) == (1, 1, 1)


GOOD = {"text": "We pay at the gate.", "topic": "tolls", "label": "pro", "seen": "1"}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({**GOOD, "text": " "}, ["'text'", "not empty", "' '"]),
        ({**GOOD, "text": 7}, ["'text'", "expected a text", "7"]),
        ({**GOOD, "text": "x" * 10_001}, ["'text'", "at most 10,000", "10,001"]),
        ({**GOOD, "topic": "x" * 501}, ["'topic'", "at most 500", "501"]),
        ({**GOOD, "text": "a\0b"}, ["'text'", r"'\x00'"]),
        ({"topic": "tolls", "label": "pro"}, ["'text'", "no such field"]),
        ({"text": "a", "topic": "tolls"}, ["'label'", "no such field"]),
        ({**GOOD, "label": "maybe"}, ["'label'", "pro", "con", "neutral", "'maybe'", "drop"]),
        ({**GOOD, "label": None}, ["'label'", "'null'"]),
        ({**GOOD, "label": ""}, ["'label'", "''"]),
        ({**GOOD, "seen": "yes"}, ["'seen'", "0 or 1", "'yes'"]),
        (["a"], ["expected a JSON object"]),
    ],
)
def test_a_broken_row_is_told_by_file_line_field_value_or_left_out_and_counted(tmp_path: Path, row: Any, told: list[str]) -> None:
    vast(tmp_path / "set")
    file = jsonl(tmp_path / "set" / "dev.jsonl", GOOD, row)
    with pytest.raises(InputError) as caught:
        import_corpus("vast", tmp_path / "set", tmp_path / "out")
    assert all(part in str(caught.value) for part in [f"{file}:2", *told]), str(caught.value)
    assert not (tmp_path / "out").exists()
    report, _ = imported("vast", tmp_path / "set", tmp_path / "out", skip_broken=True)
    assert report.dropped == {"broken": 1}
    assert str(caught.value) in report.broken


@pytest.mark.parametrize("form", FORMATS)
def test_bytes_that_are_no_utf8_are_told_by_file_and_line(tmp_path: Path, form: str) -> None:
    file = tweets(tmp_path) / "hillary" / "train_text.txt" if form == "tweeteval" else vast(tmp_path) / "train.jsonl"
    file.write_bytes(file.read_bytes().replace(b"toll", b"t\xe9ll"))
    with pytest.raises(InputError, match=r"UTF-8, got byte 0xe9") as caught:
        import_corpus(form, tmp_path if form == "tweeteval" else file, tmp_path / "out")
    assert f"{file}:1:" in str(caught.value)


def test_files_that_do_not_fit_together_are_told(tmp_path: Path) -> None:
    folder = tweets(tmp_path / "set")
    codes = folder / "hillary" / "val_labels.txt"
    lines(codes, "2", "0", "1")
    with pytest.raises(InputError, match=r"val_labels\.txt: expected 2 lines, as many as val_text\.txt has, got 3"):
        import_corpus("tweeteval", folder, tmp_path / "out")
    lines(codes, "2", "9")
    with pytest.raises(InputError, match=r"val_labels\.txt:2: expected a code of mapping\.txt \(0, 1, 2\), got '9'"):
        import_corpus("tweeteval", folder, tmp_path / "out")
    codes.unlink()
    with pytest.raises(InputError, match=r"val_labels\.txt: expected a file beside val_text\.txt"):
        import_corpus("tweeteval", folder, tmp_path / "out")
    lines(tmp_path / "vast_dev.csv", "post,new_topic,label", "one,two")
    with pytest.raises(InputError, match=r"vast_dev\.csv:2: expected 3 fields, as the header has, got 2"):
        import_corpus("vast", tmp_path / "vast_dev.csv", tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"labels": {"none": "indifferent"}}, ["'none'", "supportive, skeptical, critical, off_target, drop", "'indifferent'"]),
        ({"labels": {"neutral": "drop"}}, ["'neutral'", "against, favor, none"]),
        ({"parts": {"dev": "test"}}, ["train, val", "'dev=test'"]),
        ({"parts": {"val": "validation"}}, ["train, calibration, test, drop", "'val=validation'"]),
        ({"parts": {"train": "test"}}, ["rows for train, got none"]),
        ({"calibration_share": 0.0}, ["rows for calibration, got none", "change the shares"]),
        ({"calibration_share": 1.0}, ["less than 1", "1.0"]),
        ({"head": "sentiment"}, ["'tweeteval'", "no head"]),
        ({"fields": Fields(text="said")}, ["'tweeteval'", "no field names"]),
    ],
)
def test_an_option_that_does_not_fit_is_told(tmp_path: Path, options: dict[str, Any], told: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        import_corpus("tweeteval", tweets(tmp_path / "set"), tmp_path / "out", ImportOptions(**options))
    assert all(part in str(caught.value) for part in told), str(caught.value)
    assert not (tmp_path / "out").exists()


def test_places_that_do_not_fit_are_told(tmp_path: Path) -> None:
    source = news(tmp_path / "train.jsonl")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept.txt").write_text("kept", encoding="utf-8")
    with pytest.raises(InputError, match="an empty one"):
        import_corpus("newsmtsc", source, tmp_path / "full")
    with pytest.raises(InputError, match="found nothing"):
        import_corpus("newsmtsc", tmp_path / "absent.jsonl", tmp_path / "out")
    with pytest.raises(InputError, match="tweeteval, vast, newsmtsc, jsonl"):
        import_corpus("stanceosaurus", source, tmp_path / "out")
    with pytest.raises(InputError, match=r"train_text\.txt"):
        import_corpus("tweeteval", tmp_path / "full", tmp_path / "out")
    lines(tmp_path / "two" / "a.jsonl", "{}")
    lines(tmp_path / "two" / "b.jsonl", "{}")
    with pytest.raises(InputError, match="a name that tells its part"):
        import_corpus("jsonl", tmp_path / "two", tmp_path / "out")
    jsonl(tmp_path / "twice.jsonl", {**GOOD, "id": "a"}, {**GOOD, "id": "a"})
    with pytest.raises(InputError, match=r"twice\.jsonl:2: field 'id': .* 'a', which .*twice\.jsonl:1"):
        import_corpus("jsonl", tmp_path / "twice.jsonl", tmp_path / "out")
    (tmp_path / "out").mkdir()
    imported("newsmtsc", source, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["calibration.jsonl", "splits.json", "test.jsonl", "train.jsonl"]


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ROWS = st.lists(
    st.fixed_dictionaries({"text": WORDS, "topic": WORDS, "label": st.sampled_from(["pro", "con", "neutral", "odd"]), "about": WORDS}),
    max_size=30,
)


@settings(deadline=None, max_examples=150)
@given(rows=ROWS, grouped=st.booleans(), calibration=st.floats(0.01, 0.5), test=st.floats(0.01, 0.5))
def test_whatever_rows_hold_what_is_written_is_read_back_and_nothing_is_lost(
    rows: list[dict[str, str]], grouped: bool, calibration: float, test: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, out = jsonl(Path(folder) / "mine.jsonl", *rows), Path(folder) / "out"
        fields = Fields(group="about") if grouped else Fields()
        shares = {"calibration_share": calibration, "test_share": test}
        try:
            report, split = imported("jsonl", source, out, fields=fields, skip_broken=True, **shares)
        except InputError as error:  # too few rows for three parts
            if "got none" not in str(error) or out.exists():
                raise
            return
        assert report.read == len(rows)
        if not grouped:
            texts = [{row.statement.text for row in part} for part in (split.train, split.calibration, split.test)]
            assert len(set.union(*texts)) == sum(map(len, texts))
        assert all(row.label(head) is None for row in split.train for head in HEADS if head != "stance")
