"""Texts that are nearly alike, or share a run of words. Words only: case, marks and spaces don't count."""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

SIMILARITY: Final = 0.5  # Jaccard over word 3-grams; half the words in common order reads as the same sentence
_COMMON_GRAM_TEXTS: Final = 200  # a 3-gram in more different texts than this proposes no pair: it would cost a square of them


def words_of(text: str) -> list[str]:
    """Return a text's words in lower case, digits and apostrophes kept, marks dropped."""
    return re.findall(r"\w+(?:'\w+)*", text.lower().replace("’", "'"))


def runs(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    """Yield every run of `length` words in a row."""
    return zip(*(words[start:] for start in range(length)), strict=False)


def near_duplicates(tokens: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Return index pairs of texts whose word 3-grams have a Jaccard similarity of SIMILARITY or more.

    Of texts with the same words, each is paired with the first; other texts only with the first.
    """
    same: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, words in enumerate(tokens):
        same[tuple(words)].append(index)
    pairs = [(indices[0], other) for indices in same.values() for other in indices[1:]]
    grams = {indices[0]: set(runs(words, 3)) or {words} for words, indices in same.items()}
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, found in grams.items():
        for gram in found:
            holders[gram].append(index)
    proposed = {
        pair for indices in holders.values() if len(indices) <= _COMMON_GRAM_TEXTS for pair in itertools.combinations(sorted(indices), 2)
    }
    pairs += [(i, j) for i, j in proposed if len(grams[i] & grams[j]) >= SIMILARITY * len(grams[i] | grams[j])]
    return sorted(pairs)
