"""The words that tie a quotation to who says it: data to read and extend, and how they match.

Verbs are given by their base form; regular forms are derived, irregular ones listed.
"""

import re
from typing import Final

SAYING_VERBS: Final = frozenset(
    """
    accuse acknowledge add address admit advise affirm agree allege announce answer appeal argue ask assert assure
    blame blast boast brag call caution challenge characterize charge cite claim comment compare complain
    concede conclude condemn confess confirm continue contend counter criticize criticise cry declare decry defend demand
    denounce deny describe dismiss disclose dub echo elaborate emphasize emphasise encourage estimate exclaim explain
    express finish forecast gush hail hint identify implore indicate inform insist interject intone invite joke justify
    lament label laugh lecture liken list mention mock mumble muse mutter note object observe offer opine order
    pledge point portray post praise predict press proclaim promise pronounce propose protest question quip quote rail
    react reaffirm reason reassure recall recite recommend recount refer reflect refute reiterate reject remark
    remember remind repeat reply report respond retort reveal say scoff scold shoot shout signal slam sneer speak
    specify speculate state stress suggest summarize summarise surmise swear talk tease tell term testify think
    threaten tout tweet underline underscore urge view voice volunteer vow warn welcome whisper wonder worry write yell
    """.split()
)  # fmt: skip

_IRREGULAR: Final = {
    "say": ("says", "said", "saying"), "tell": ("tells", "told", "telling"), "write": ("writes", "wrote", "written", "writing"),
    "speak": ("speaks", "spoke", "spoken", "speaking"), "think": ("thinks", "thought", "thinking"),
    "swear": ("swears", "swore", "sworn", "swearing"), "shoot": ("shot back",), "quip": ("quips", "quipped", "quipping"),
    "admit": ("admits", "admitted", "admitting"), "cry": ("cries", "cried", "crying"), "decry": ("decries", "decried", "decrying"),
    "deny": ("denies", "denied", "denying"), "reply": ("replies", "replied", "replying"), "brag": ("brags", "bragged", "bragging"),
    "refer": ("refers", "referred", "referring"), "slam": ("slams", "slammed", "slamming"), "yell": ("yells", "yelled", "yelling"),
    "dub": ("dubs", "dubbed", "dubbing"), "worry": ("worries", "worried", "worrying"), "testify": ("testifies", "testified", "testifying"),
    "identify": ("identifies", "identified", "identifying"), "specify": ("specifies", "specified", "specifying"),
    "justify": ("justifies", "justified", "justifying"), "label": ("labels", "labeled", "labelled", "labeling"),
    "signal": ("signals", "signaled", "signalled", "signaling"), "recall": ("recalls", "recalled", "recalling"),
}  # fmt: skip


def _forms(verb: str) -> tuple[str, ...]:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("e"):
        return verb + "s", verb + "d", verb[:-1] + "ing"
    third = verb + "es" if verb.endswith(("s", "sh", "ch", "x")) else verb + "s"
    return third, verb + "ed", verb + "ing"


SAYING_FORMS: Final = frozenset(form for verb in SAYING_VERBS for form in _forms(verb))
# Participles follow another verb's subject ("he said, adding that ..."); only finite forms have one of their own.
_FINITE: Final = frozenset(f for f in SAYING_FORMS if not f.endswith("ing"))

PRONOUNS: Final = frozenset({"he", "she", "they", "it", "we", "who"})
POSSESSIVES: Final = {"his": "he", "her": "she", "their": "they", "its": "it"}
VIEW_NOUNS: Final = frozenset({"opinion", "view", "words", "account", "telling", "statement", "message", "remarks", "speech"})

_NAME: Final = r"[A-Z][\w.’'\-]*"
_WHO: Final = rf"(?:he|she|they|{_NAME}(?:\s+{_NAME}){{0,4}}|(?:the|a|an)(?:\s+[\w’'\-]+){{1,4}}?)"
_VERB: Final = "(?:" + "|".join(sorted(_FINITE, key=len, reverse=True)) + ")"
_ADVERB: Final = r"(?:(?:has|have|had|also|then|later|once|recently|repeatedly|\w+ly)\s+)?"
_ATTRIBUTION: Final = re.compile(rf"\s*,?\s*(?:{_WHO}\s+{_ADVERB}{_VERB}\b|{_VERB}\s+{_WHO}\b|according to\b)")
# "talks", "reports" and their like before a mark are mostly nouns.
_LEADING_VERBS: Final = "|".join(sorted((f for f in _FINITE if not f.endswith("s")), key=len, reverse=True))
_LEAD: Final = re.compile(rf"(?:[,:]|\b(?:that|as|says|adds|writes|asks|{_LEADING_VERBS}|saying|adding|telling|calling|writing))\s*$")
_LOOK_BACK: Final = 24
_LOOK_AHEAD: Final = 90


def follows_as_attribution(text: str, position: int) -> bool:
    """True where the words right after `position` say who spoke ("Lavrov added", "said the minister")."""
    return _ATTRIBUTION.match(text[position : position + _LOOK_AHEAD]) is not None


def leads_into_quote(text: str, position: int) -> bool:
    """True where the words right before `position` announce a quotation ("said that", a colon)."""
    return _LEAD.search(text[max(0, position - _LOOK_BACK) : position]) is not None
