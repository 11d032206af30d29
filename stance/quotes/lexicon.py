"""The word lists of lexicon.toml, as sets, with the forms that are derived from them."""

import tomllib
from importlib.resources import files
from typing import Any, Final

_LISTS: Final[dict[str, Any]] = tomllib.loads(files(__package__).joinpath("lexicon.toml").read_text(encoding="utf-8"))


def _words(section: str, name: str) -> frozenset[str]:
    return frozenset(_LISTS[section][name].split())


_IRREGULAR: Final[dict[str, str]] = _LISTS["saying"]["irregular"]


def _forms(verbs: frozenset[str]) -> frozenset[str]:
    return frozenset(form for verb in verbs for form in _forms_of(verb))


def _forms_of(verb: str) -> tuple[str, ...]:
    """Return the third person, the past and the participles of a verb: says, said, saying."""
    if verb in _IRREGULAR:
        return tuple(_IRREGULAR[verb].split())
    if verb.endswith("e"):
        return verb + "s", verb + "d", verb[:-1] + "ing"
    third = verb + "es" if verb.endswith(("s", "sh", "ch", "x")) else verb + "s"
    return third, verb + "ed", verb + "ing"


SAYING_BASE: Final = _words("saying", "verbs")
SAYING: Final = _forms(SAYING_BASE)
# Participles follow another verb's subject ("he said, adding that ..."); only finite forms have one of their own.
FINITE_SAYING: Final = frozenset(form for form in SAYING if not form.endswith("ing"))
DOCUMENT_SAYING: Final = _words("saying", "document_verbs")
NAMING: Final = _forms(_words("saying", "naming_verbs")) | _words("saying", "naming_verbs")
VIEW_NOUNS: Final = _words("saying", "view_nouns")

_PERSONAL: Final = _words("people", "offices")
GROUPS: Final = _words("people", "groups")
DOCUMENTS: Final = _words("people", "documents")
OFFICES: Final = _PERSONAL | GROUPS | DOCUMENTS
PLURAL_OFFICES: Final = frozenset(o + "s" for o in OFFICES) - SAYING | frozenset(o[:-3] + "men" for o in OFFICES if o.endswith("man"))
FEMALE: Final = _words("people", "female")
MALE: Final = _words("people", "male")
TITLES: Final = _PERSONAL | _words("people", "titles")
TITLE_OFFICES: Final[dict[str, str]] = _LISTS["people"]["title_offices"]
ABBREVIATIONS: Final = _words("people", "abbreviations")
JOINERS: Final = _words("people", "joiners")
OF_NAMES: Final = GROUPS | _words("people", "of_names")
SUFFIXES: Final = _words("people", "suffixes")

PRONOUNS: Final = _words("grammar", "pronouns")
POSSESSIVES: Final = {"his": "he", "her": "she", "their": "they", "its": "it", "my": "i"}
DETERMINERS: Final = _words("grammar", "determiners")
PREPOSITIONS: Final = _words("grammar", "prepositions")
NOT_NAMES: Final = _words("grammar", "not_names")
AUXILIARIES: Final = _words("grammar", "auxiliaries") | _words("grammar", "times")
NOUN_MARKERS: Final = _words("grammar", "noun_markers")
APPOSITION_STARTS: Final = _words("grammar", "apposition_starts")

TERM_LEADS: Final = _words("kinds", "term_leads")
SMALL_WORDS: Final = _words("kinds", "small_words")

INDIRECT_BARE: Final = _forms(_words("indirect", "bare_verbs")) | _words("indirect", "bare_verbs")
JUDGING_AS: Final = _forms(_words("indirect", "judging_as"))
JUDGING_OF: Final = _forms(_words("indirect", "judging_of"))
JUDGING_BARE: Final = _forms(_words("indirect", "judging_bare"))
NEVER_TRAILING: Final = _forms(_words("indirect", "never_trailing"))
INDIRECT_PHRASES: Final = frozenset(tuple(phrase.split()) for phrase in _LISTS["indirect"]["judging_phrases"].split(", "))
INDIRECT_NOUNS: Final = _words("indirect", "that_nouns")
MOST_WORDS_BEFORE_THAT: Final[int] = _LISTS["indirect"]["most_words_before_that"]

ASKERS: Final = _words("interviews", "askers")
ANSWERS: Final = _words("interviews", "answers")

_OFFICE_PREFIXES: Final = ("co-", "ex-", "vice-", "deputy-", "sub-")
_OFFICE_ENDINGS: Final = ("man", "woman", "men", "women")
_NO_OFFICES: Final = frozenset("german roman human norman ottoman shaman talisman".split())


def is_office(lower: str) -> bool:
    """True for a lower-cased noun that means somebody by what they are: minister, co-chairman, ferrymen, letter."""
    if lower in OFFICES or lower in PLURAL_OFFICES:
        return True
    if lower.endswith(_OFFICE_ENDINGS):
        return lower not in _NO_OFFICES
    return "-" in lower and lower.startswith(_OFFICE_PREFIXES) and lower.partition("-")[2] in OFFICES


def before_apostrophe(word: str) -> str:
    """Return "he" of "he’d", "monday" of "monday’s"."""
    if word.isalpha():
        return word
    return word.partition("’")[0].partition("'")[0]
