"""The one place that knows lemminflect: word → possible lemmas, lemma → inflected form.

lemminflect carries its dictionary (the SPECIALIST lexicon) in its wheel. It has been frozen since
2023, so everything else here goes through these functions and it can be replaced. It is imported on
first use, because loading its tables takes a second.
"""

from functools import lru_cache

_IRREGULAR = {
    ("be", "VBZ"): "is",
    ("be", "VBP"): "are",
    ("be", "VBD"): "was",
    ("be", "VBG"): "being",
    ("have", "VBZ"): "has",
    ("do", "VBZ"): "does",
    ("lie", "VBD"): "lay",
    ("lie", "VBN"): "lain",
    ("find", "VBD"): "found",
}
_PAST = (("VBD", "T"), ("VBN", "E"))
_UNCHANGED = {
    **dict.fromkeys(
        "bet burst cast cost cut hit hurt let put quit read rid set shed shut split spread".split(),
        "ETV",
    ),
    **dict.fromkeys("become come overcome run".split(), "EV"),
}


@lru_cache(maxsize=65536)
def lemmas(word: str) -> dict[str, tuple[str, ...]]:
    """Universal part of speech → lemmas; empty for a word the dictionary lacks."""
    from lemminflect import getAllLemmas

    found: dict[str, tuple[str, ...]] = getAllLemmas(word)
    return found


@lru_cache(maxsize=65536)
def inflect(lemma: str, tag: str) -> str:
    """The form of a verb (VBZ, VBD, VBN, VBG) or noun (NNS); a guess for an unknown word."""
    if (lemma, tag) in _IRREGULAR:
        return _IRREGULAR[lemma, tag]
    forms = _forms(lemma, tag)
    return forms[0] if forms else lemma


@lru_cache(maxsize=65536)
def verb_forms(word: str) -> str:
    """The verb forms a word can be, as letters: V base, Z -s, T past, E participle, G -ing."""
    letters = ""
    for lemma in lemmas(word).get("VERB", ()):
        if lemma == word:
            letters += _UNCHANGED.get(word, "V")
        elif word.endswith("ing"):
            letters += "G"
        elif word.endswith("ed"):
            letters += "ET"
        elif word.endswith("s"):
            letters += "Z"
        else:
            found = _all_forms(lemma)
            letters += "".join(letter for tag, letter in _PAST if word in found.get(tag, ()))
    return "".join(sorted(set(letters)))


def _forms(lemma: str, tag: str) -> tuple[str, ...]:
    known = _all_forms(lemma).get(tag)
    if known:
        return known
    from lemminflect import getInflection

    forms: tuple[str, ...] = getInflection(lemma, tag)
    return forms


@lru_cache(maxsize=65536)
def _all_forms(lemma: str) -> dict[str, tuple[str, ...]]:
    """Tag → forms: one look into the dictionary, which copies what it returns, for all tags."""
    from lemminflect import getAllInflections

    found: dict[str, tuple[str, ...]] = getAllInflections(lemma)
    return found


def verb_lemma(word: str) -> str:
    """The base form of a verb form, or the word itself."""
    found = lemmas(word).get("VERB", ()) or lemmas(word).get("AUX", ())
    return found[0] if found else word


@lru_cache(maxsize=65536)
def noun_number(word: str) -> str:
    """``singular`` (takes an article), ``mass`` (needs none), ``plural``, or ``unknown``."""
    nouns = lemmas(word).get("NOUN", ())
    if not nouns:
        return "unknown"
    if word not in nouns:
        return "plural"
    plurals = _forms(word, "NNS")
    # The lexicon gives an uncountable noun itself as a plural: "energy" is one of its "plurals".
    return "mass" if word in plurals else "singular"
