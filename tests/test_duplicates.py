from stance.duplicates import near_duplicates, words_of


def test_near_duplicates_are_by_words_in_order() -> None:
    texts = [
        "We reject this accord and will fight it in every village.",
        "we reject this accord, and will fight it in every village!",
        "In every village it will fight, and accord this reject we.",
        "Yes.",
        "yes",
        "No.",
    ]
    assert near_duplicates([words_of(text) for text in texts]) == [(0, 1), (3, 4)]


def test_many_copies_and_common_phrases_hide_no_duplicate() -> None:
    copies = ["the sky over the strait was grey that morning"] * 300
    assert len(near_duplicates([words_of(text) for text in copies])) == 299
    phrase = "we take note of the statement of"
    notes = [f"{phrase} minister number{n} from town{n}" for n in range(250)]
    pair = [f"{phrase} the northern council today, and of its long annex", f"{phrase} the northern council today, and of its short annex"]
    assert (250, 251) in near_duplicates([words_of(text) for text in notes + pair])
