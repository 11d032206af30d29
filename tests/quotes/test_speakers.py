import pytest

from stance.quotes import extract_quotes
from stance.records import Quote


def found(text: str) -> list[tuple[str | None, str | None]]:
    """Return (speaker, rule) of every quotation, each speaker's mention checked to be where it says."""
    return [(_name(text, quote), quote.speaker.rule if quote.speaker else None) for quote in extract_quotes(text)]


def speakers(text: str) -> list[str | None]:
    return [name for name, _ in found(text)]


def _name(text: str, quote: Quote) -> str | None:
    if quote.speaker is None:
        return None
    assert text[quote.speaker.start : quote.speaker.end].strip()
    assert 0 < quote.speaker.confidence <= 1
    return quote.speaker.name


# The verb of saying ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("“The ferry sails on Friday,” Mira Toll said.", "Mira Toll"),
        ("“The ferry sails on Friday,” Mira Toll told the Sarn Courier in a long talk.", "Mira Toll"),
        ("“The ferry sails on Friday,” Mira Toll has repeatedly insisted.", "Mira Toll"),
        ("“Does the ferry sail on Friday?” Mira Toll asked.", "Mira Toll"),
        ("“The ferry sails on Friday!” the captain shouted.", "the captain"),
        ("“A boat with two captains on it”, Mira Toll calls the truce.", "Mira Toll"),
        ("“A boat with two captains on it” is what Mira Toll called the truce.", "Mira Toll"),
        ("“The ferry sails on Friday,” a spokesman for the harbour board said.", "a spokesman"),
    ],
)
def test_subject_and_verb_after_the_quotation(text: str, name: str) -> None:
    assert found(text) == [(name, "verb-after")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("“The ferry sails on Friday,” said Mira Toll.", "Mira Toll"),
        ("“The ferry sails on Friday,” said harbour pilot Osk Bram, who has seen four truces.", "Osk Bram"),
        ("“Does the ferry sail on Friday?” asked the mayor.", "the mayor"),
        ("“The ferry sails on Friday”, says Mira Toll.", "Mira Toll"),
        ("“The ferry sails on Friday,” said 40-year-old baker Osk Bram.", "Osk Bram"),
        ("The truce is “a boat with two captains on it”, warned Mira Toll.", "Mira Toll"),
        ("“The ferry sails on Friday,” said the head of the divers, Ada Rook.", "Ada Rook"),
    ],
)
def test_inverted_verb_after_the_quotation(text: str, name: str) -> None:
    assert found(text) == [(name, "verb-after")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mira Toll said: “The ferry sails on Friday.”", "Mira Toll"),
        ("Mira Toll told reporters that “the ferry sails on Friday.”", "Mira Toll"),
        ("Mira Toll, 54, called the truce “a boat with two captains on it.”", "Mira Toll"),
        ("Mira Toll of the Sarn Ferry Union warned of “a winter without bread and without boats.”", "Mira Toll"),
        ("In a statement, the ministry said “the ferry is to sail on Friday”.", "the ministry"),
        ("But on Sunday Mira Toll wrote on her page: “The ferry sails on Friday.”", "Mira Toll"),
        ("Asked by Ada Rook about the mines, Osk Bram said: “They are still there.”", "Osk Bram"),
        ("When Ada Rook had finished, Osk Bram said: “They are still there.”", "Osk Bram"),
        ("Mira Toll said Osk Bram had told her: “The mines are still there.”", "Osk Bram"),
        ("The truce, Mira Toll says, is “a boat with two captains on it”.", "Mira Toll"),
        ("The Free Piers said they would “sink the first ferry that leaves the quay.”", "Free Piers"),
    ],
)
def test_subject_and_verb_before_the_quotation(text: str, name: str) -> None:
    assert found(text) == [(name, "verb-before")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mira Toll, the director of the ferry company, said: “The ferry sails on Friday.”", "Mira Toll"),
        ("Mira Toll, who lost a son to the mines and a boat to the chain, said: “The ferry sails on Friday.”", "Mira Toll"),
        (
            "Osk Bram, the chair of the pilots and, until last year, the head of the divers in the north, said: “They are still there.”",
            "Osk Bram",
        ),
        ("The spokeswoman of the movement, Ada Rook, on Monday told the press that it was “a paper with nothing on it.”", "Ada Rook"),
        ("Osk Bram, whose brother Finn Bram died in the blockade, said: “They are still there.”", "Osk Bram"),
        ("Ada Rook — the chair of the movement — said: “It is a paper with nothing on it.”", "Ada Rook"),
        ("“They are still there,” Osk Bram, the head of the divers, said.", "Osk Bram"),
        ("“They are still there,” the head of the divers, Osk Bram, said.", "Osk Bram"),
    ],
)
def test_words_in_apposition_do_not_hide_the_speaker(text: str, name: str) -> None:
    assert speakers(text) == [name]


# Other ways to name the speaker --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("According to Mira Toll, the truce is “a boat with two captains on it.”", "Mira Toll"),
        ("The ferry, according to the envoy Osk Bram, “will sail on Friday at the latest.”", "Osk Bram"),
        ("“The ferry will sail on Friday,” according to Mira Toll.", "Mira Toll"),
        ("The ferry, according to the commissioner, is to “sail on Friday at the latest.”", "the commissioner"),
    ],
)
def test_according_to(text: str, name: str) -> None:
    assert found(text) == [(name, "according-to")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("“The ferry sails on Friday.” - Mira Toll", "Mira Toll"),
        ("“The ferry sails on Friday.” — Osk Bram, pilot", "Osk Bram"),
        ("“The ferry sails on Friday.” – Ada Rook\n\n“It does not.” – Osk Bram", "Ada Rook"),
    ],
)
def test_signed_quotation(text: str, name: str) -> None:
    assert found(text)[0] == (name, "signed")


@pytest.mark.parametrize(
    "text",
    [
        "Mira Toll said:\n\n“The ferry sails on Friday.”",
        "Mira Toll, who runs the ferry, made this promise to the crowd:\n\n“The ferry sails on Friday.”",
        "On Sunday Mira Toll wrote to the crews:\n“The ferry sails on Friday.”",
    ],
)
def test_colon_announces_the_next_paragraph(text: str) -> None:
    assert found(text) == [("Mira Toll", "announced")]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("“The ferry,” Mira Toll said, “sails on Friday.”", ["verb-after", "verb-before"]),
        ("“The ferry,” said Mira Toll, “sails on Friday and on every Friday until the spring.”", ["verb-after", "same-sentence"]),
        ("“The ferry sails,” Mira Toll said, adding that “nobody is going to stop it now.”", ["verb-after", "same-sentence"]),
    ],
)
def test_split_quotation_has_one_speaker(text: str, rules: list[str]) -> None:
    assert speakers(text) == ["Mira Toll"] * 2
    assert found(text)[0][1] == rules[0]


@pytest.mark.parametrize(
    "text",
    [
        "“The ferry sails on Friday,” said Mira Toll. “And the chain falls on Sunday.”",
        "“Listen to me.” “The ferry sails on Friday,” said Mira Toll.",
        "“The ferry sails on Friday,” said Mira Toll. “The chain falls on Sunday. “",
    ],
)
def test_bare_quotation_belongs_to_the_speaker_beside_it(text: str) -> None:
    assert speakers(text) == ["Mira Toll", "Mira Toll"]


def test_quotation_over_paragraphs_has_one_speaker() -> None:
    said_first = "Mira Toll said: “The ferry sails.\n\n“The chain falls.\n\n“The town eats again.”"
    said_last = "“The ferry sails.\n\n“The chain falls.\n\n“The town eats again,” said Mira Toll."
    assert speakers(said_first) == ["Mira Toll"] * 3
    assert speakers(said_last) == ["Mira Toll"] * 3


def test_two_speakers_of_one_paragraph_are_kept_apart() -> None:
    text = "Mira Toll and Osk Bram disagreed. “The truce is fair,” Toll said. “It is a trap,” Bram replied."
    assert speakers(text) == ["Mira Toll", "Osk Bram"]


# Pronouns ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mira Toll spoke to the crews.\n\n“The ferry sails on Friday,” she said.", "Mira Toll"),
        ("Mira Toll came late. She said: “The ferry sails on Friday.”", "Mira Toll"),
        ("Osk Bram said the mines were gone. The bay is nine miles wide. “The ferry sails on Friday,” he added.", "Osk Bram"),
        ("Spokesman Osk Bram met the press. Spokeswoman Ada Rook was late. “The ferry sails on Friday,” he said.", "Osk Bram"),
        ("Mrs Mira Toll had doubts. Mr Osk Bram had none. “The ferry never sails,” she said.", "Mira Toll"),
        ("Osk Bram left. Finn Lode stayed. “The ferry sails on Friday,” he said.", "Finn Lode"),
        ("The Free Piers gave their answer. “The ferry will be stopped,” it said in a statement.", "Free Piers"),
        ("Osk Bram, who said that “the ferry sails on Friday at dawn”, left.", "Osk Bram"),
        ("Osk Bram was not convinced. In his opinion, the truce is “a boat with two captains on it.”", "Osk Bram"),
        ("Ada Rook was not convinced. The truce, in her view, “names a price for every boat but the biggest.”", "Ada Rook"),
    ],
)
def test_pronoun_means_the_last_speaker_it_fits(text: str, name: str) -> None:
    assert speakers(text) == [name]


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("The talks went on in Ellisund. “The ferry sails on Friday,” he said.", "he"),
        ("“The ferry sails on Friday,” she said.", "she"),
    ],
)
def test_pronoun_that_fits_nobody_is_not_given_to_a_place(text: str, mention: str) -> None:
    assert speakers(text) == [mention]


# One person, several names ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mira Toll came on Monday. “The ferry sails,” Toll said.", "Mira Toll"),
        ("Toll came on Monday. Mira Toll runs the ferry. “The ferry sails,” said Toll.", "Mira Toll"),
        ("Mira Toll came on Monday. “The ferry sails,” said Mrs Toll.", "Mira Toll"),
        ("Captain Osk Bram came on Monday. “The ferry sails,” captain Bram said.", "Osk Bram"),
        ("Mira Toll-Hayen came on Monday. “The ferry sails,” said Toll-Hayen.", "Mira Toll-Hayen"),
        ("Élise Ørbæk came on Monday. “The ferry sails,” said Ørbæk.", "Élise Ørbæk"),
        ("Osk O’Bram came on Monday. “The ferry sails,” said O’Bram.", "Osk O’Bram"),
        ("Lt. Gen. Osk Bram came on Monday. Gen. Bram said: “The ferry sails.”", "Osk Bram"),
    ],
)
def test_surname_is_joined_to_the_full_name(text: str, name: str) -> None:
    assert speakers(text) == [name]


@pytest.mark.parametrize(
    ("first", "second"),
    [("Matvei Orlin", "Matvey Orlin"), ("Katarina Holm", "Katharina Holm"), ("Oleksandr Vint", "Olexander Vint"), ("Osk Bram", "O. Bram")],
)
def test_spellings_of_one_first_name_are_one_person(first: str, second: str) -> None:
    text = f"“The ferry sails on Friday,” said {first}.\n\n“The chain falls on Sunday,” {second} added."
    assert speakers(text) == [first, first]


def test_people_of_one_surname_are_told_apart_by_their_first_names() -> None:
    text = "“The ferry sails,” said Osk Bram. “It does not,” Finn Bram replied."
    assert speakers(text) == ["Osk Bram", "Finn Bram"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Foreign Minister Matvei Orlin came on Monday.\n\n“The ferry sails,” the minister said.", "Matvei Orlin"),
        ("The envoy, Osk Bram, came on Monday. The envoy said: “The ferry sails on Friday.”", "Osk Bram"),
        ("Osk Bram, the harbour commissioner, came on Monday. “The ferry sails,” the commissioner said.", "Osk Bram"),
        ("Minister Matvei Orlin met envoy Osk Bram. According to the envoy, the truce is “a boat with two captains on it.”", "Osk Bram"),
    ],
)
def test_office_means_the_one_person_who_holds_it(text: str, name: str) -> None:
    assert speakers(text) == [name]


def test_office_that_two_people_hold_is_not_guessed() -> None:
    text = "Ambassador Mira Toll came on Monday. Ambassador Osk Bram came on Tuesday.\n\n“The ferry sails,” the ambassador said."
    assert speakers(text) == ["the ambassador"]


def test_words_around_a_name_are_not_part_of_it() -> None:
    text = "“The ferry sails on Friday,” said Tolgra’s Interior Minister Matvei Orlin on Monday."
    (quote,) = extract_quotes(text)
    assert quote.speaker is not None
    assert quote.speaker.name == "Matvei Orlin"
    assert text[quote.speaker.start : quote.speaker.end].endswith("Minister Matvei Orlin")


# Nobody ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["“The ferry sails on Friday.”", "“The ferry sails.” It rained all day. “The ferry does not sail.”"])
def test_quotation_that_nobody_is_said_to_say_has_no_speaker(text: str) -> None:
    assert set(speakers(text)) == {None}


def test_surer_rules_have_the_higher_confidence() -> None:
    text = "“The ferry sails on Friday,” said Mira Toll. “The chain falls on Sunday.”"
    said, bare = (quote.speaker for quote in extract_quotes(text))
    assert said is not None
    assert bare is not None
    assert said.confidence > bare.confidence


# What news writes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The pilot, “furious”, said: “The ferry is lost for good.”", [None, "the pilot"]),
        ("Rep. Mira Toll, R-Sarn, called the toll “a gift to nobody but the owners”.", ["Mira Toll"]),
        ("State television quoted Captain Osk Bram as saying: “The ferry sails at dawn.”", ["Osk Bram"]),
        ("The toll was described by Mira Toll as “a gift to nobody”.", ["Mira Toll"]),
        ("“The ferry is lost,” Mira Toll was told by Osk Bram.", ["Osk Bram"]),
        ("“We agree,” Mira Toll and Osk Bram said in a joint statement.", ["Mira Toll and Osk Bram"]),
        ("Mrs. Toll met Osk Bram. “It is safe,” Mrs. Toll said. “We tested it,” he added.", ["Toll", "Osk Bram"]),
        ("Mira Toll said on Jan. 5 that “the ferry was lost and gone”.", ["Mira Toll"]),
        ("The plan was, in Mira Toll’s words, “a gift to nobody at all”.", ["Mira Toll"]),
        ("“We are ready,” a US official said.", ["a US official"]),
        ("A Western diplomat was hopeful. “They are close,” the diplomat said.", ["a Western diplomat"]),
        ("“They are close,” said one of them, Mira Toll.", ["Mira Toll"]),
        ("A statement issued by the Sarn Front read: “The ferry sails at dawn.”", ["Sarn Front"]),
        ("The Front of the Free Piers (FFP) met. “We sail,” the FFP said.", ["Front of the Free Piers"]),
        ("Mira van der Meer came. “We sail,” Van der Meer said.", ["Mira van der Meer"]),
        ("Yusuf al-Rashid came. “We sail,” al-Rashid said.", ["Yusuf al-Rashid"]),
        ("J. Toll came. “We sail,” said Jonas Toll. “And soon,” Toll added.", ["Jonas Toll", "Jonas Toll"]),
        ("By Ada Rook\n\nOsk Bram met me on the quay. “Where is the ferry?” I asked.", ["Ada Rook"]),
        ("Osk Bram met me on the quay. “Where is the ferry?” I asked.", ["the author"]),
        ("“Come to my wedding, both of you. There is one table.”\n\nMira Toll\nMayor of Sarn", ["Mira Toll"]),
    ],
)
def test_speaker_as_news_names_them(text: str, names: list[str | None]) -> None:
    assert speakers(text) == names


def test_nothing_is_carried_over_from_another_article() -> None:
    text = "“We sail,” said Toll."
    before = found(text)
    found("Mrs. Mira Toll, the mayor, came.")
    assert found(text) == before == [("Toll", "verb-after")]
