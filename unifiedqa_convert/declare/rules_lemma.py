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


@lru_cache(maxsize=65536)
def lemmas(word: str) -> dict[str, tuple[str, ...]]:
    """Universal part of speech → lemmas; empty for a word the dictionary lacks."""
    from lemminflect import getAllLemmas

    found: dict[str, tuple[str, ...]] = getAllLemmas(word)
    return found


@lru_cache(maxsize=16384)
def inflect(lemma: str, tag: str) -> str:
    """The form of a verb (VBZ, VBD, VBN, VBG) or noun (NNS); a guess for an unknown word."""
    from lemminflect import getInflection

    if (lemma, tag) in _IRREGULAR:
        return _IRREGULAR[lemma, tag]
    forms: tuple[str, ...] = getInflection(lemma, tag)
    return forms[0] if forms else lemma


@lru_cache(maxsize=65536)
def verb_forms(word: str) -> str:
    """The verb forms a word can be, as letters: V base, Z -s, T past, E participle, G -ing."""
    letters = ""
    for lemma in lemmas(word).get("VERB", ()):
        if lemma == word:
            letters += "V"
        for tag, letter in (("VBZ", "Z"), ("VBD", "T"), ("VBN", "E"), ("VBG", "G")):
            if word in _forms(lemma, tag):
                letters += letter
    return "".join(sorted(set(letters)))


@lru_cache(maxsize=16384)
def _forms(lemma: str, tag: str) -> tuple[str, ...]:
    from lemminflect import getInflection

    forms: tuple[str, ...] = getInflection(lemma, tag)
    return forms


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
