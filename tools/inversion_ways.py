"""The ways in which a statement's clause is inverted to a question and its answer.

Each way yields triples; `statement_triples.py` samples among them.
"""

from __future__ import annotations  # spaCy is needed by none that only imports this

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from inversion import (
    ARTICLES,
    NEAR,
    NOUNS,
    PLACES,
    PRONOUNS,
    Clause,
    Triple,
    answers,
    below,
    capital,
    moved,
    person,
    piece,
    replaced,
    styled,
    whole,
)

from unifiedqa_convert.question_converters.rules.lexicon import inflect

if TYPE_CHECKING:
    from spacy.tokens import Token  # type: ignore[import-not-found,unused-ignore]

Found = Iterator[Triple]
STATES = frozenset("be have like want need seem know own belong resemble contain".split())


def phrases(clause: Clause, *relations: str) -> Iterator[tuple[Token, list[Token]]]:
    """The verb's dependents of these kinds within the predicate, with all their words."""
    inside = {t.i for t in clause.predicate}
    heads = [clause.verb, *(t for t in clause.verb.children if t.dep_ in ("xcomp", "ccomp"))]
    for head in heads:
        for token in head.children:
            words = below(token)
            if token.dep_ in relations and whole(words) and {t.i for t in words} <= inside:
                while words and words[-1].is_punct:
                    words = words[:-1]
                if words and token in words:
                    yield token, words


def subject(clause: Clause) -> Found:  # noqa: C901 (a way after the other)
    verb = piece(clause.predicate)
    single = _singular(clause, verb)
    if clause.name is not None:
        full = clause.statement()
        for text in (styled(clause, clause.name), styled(clause, full)):
            way = "subject" if len(text) < len(full) else "subject-clause"
            yield Triple(capital(f"who {single}?"), text, (full,), way)
        return
    if clause.expl or clause.subject[0].lower_ in PRONOUNS:
        return
    head = next((t for t in clause.subject if t.head.i == clause.verb.i), clause.subject[-1])
    words = [("who" if person(head) else "what")]
    content = [t for t in clause.subject if t.i <= head.i]
    if clause.subject[0].lower_ in (*ARTICLES, "this", "these", "his", "her", "their"):
        noun = piece([t for t in content if t.i > clause.subject[0].i])
        if noun and head.pos_ == "NOUN":
            words += [f"which {head.text}", f"what {noun}"]
    words += [f"what {n}" for n in NOUNS.get(head._.lex, ())[:1] if not clause.plural]
    if not clause.plural:
        words.append(clause.chance.choice(("which", "which of these", "which of the following")))
    for word in words:
        asks = single if word in ("who", "what") else verb
        for text, forms in answers(clause, clause.subject):
            said = tuple(capital(f"{form} {verb}") for form in forms)
            yield Triple(
                capital(f"{word} {asks}?"), text, (*said, *turned(clause, forms)), "subject"
            )
    first = clause.subject[0]
    if first.dep_ == "nummod" and first.head.i == head.i and len(clause.subject) > 1:
        asked = capital(f"how many {piece(clause.subject[1:])} {verb}?")
        for text in (first.text, f"{first.text} {head.text}"):
            yield Triple(asked, styled(clause, text), (clause.statement(),), "how-many")
    text = styled(clause, clause.statement())
    yield Triple(capital(f"{words[0]} {verb}?"), text, (clause.statement(),), "subject-clause")


def _singular(clause: Clause, verb: str) -> str:
    """The predicate with a singular verb: "What was on the cake?" "Five candles."."""
    first, _, rest = verb.partition(" ")
    finite = clause.aux if clause.aux is not None else clause.verb
    plain = finite.i == clause.predicate[0].i and finite.tag_ in ("VBP", "VBD")
    if not plain or not (clause.plural or clause.said == "they"):
        return verb
    one = {"are": "is", "were": "was", "have": "has", "do": "does"}.get(first)
    if one is None and finite.tag_ == "VBP":
        one = inflect(finite.lemma_, "VBZ")
    return f"{one} {rest}".strip() if one else verb


def turned(clause: Clause, forms: Sequence[str]) -> Iterator[str]:
    """ "The best plan is this" beside "This is the best plan": "What is the best plan?"."""
    attr = next((t for t in clause.verb.children if t.dep_ == "attr" and t.i > clause.verb.i), None)
    if clause.verb.lemma_ != "be" or attr is None:
        return
    words = below(attr)
    if clause.verb.i == clause.predicate[0].i and words[-1].i == clause.predicate[-1].i:
        for form in forms:
            yield f"{piece(words)} {clause.verb.lower_} {form}"


def objects(clause: Clause) -> Found:
    for token, words in phrases(clause, "dobj", "attr", "pobj"):
        if words[0].i < clause.verb.i or words[0].tag_ in ("WP", "WDT"):
            continue
        word = "who" if person(token) else "what"
        leads = [word, f"what {clause.chance.choice(NOUNS.get(token._.lex, ('thing',)))}"]
        nouns = [t for t in words if t.i <= token.i and t.pos_ in ("NOUN", "PROPN", "ADJ")]
        if token.pos_ == "NOUN" and words[0].lower_ in (*ARTICLES, "his", "her", "their"):
            leads.append(f"{clause.chance.choice(('which', 'what'))} {token.text}")
        for lead in leads:
            for text, forms in answers(clause, words):
                said = tuple(clause.statement(replaced(clause, words, f)) for f in forms)
                if token.dep_ == "attr":
                    said += tuple(f"{form} {clause.verb.lower_} {clause.named()}" for form in forms)
                yield Triple(clause.asked(lead, words), text, said, "object")
        full = clause.statement()
        yield Triple(clause.asked(word, words), pronoun_clause(clause), (full,), "object-clause")
        yield from _modified(clause, token, words, nouns)
        if token.i == clause.predicate[-1].i or words[-1].i == clause.predicate[-1].i:
            before = [t for t in clause.predicate if t.i < words[0].i]
            yield Triple(
                capital(clause.statement(f"{piece(before)} what?")),
                piece(words),
                (full,),
                "in-situ",
            )


def _modified(
    clause: Clause, token: Token, words: Sequence[Token], nouns: Sequence[Token]
) -> Found:
    """ "What kind of house did they buy?" "an old one" and similar."""
    full = clause.statement()
    kind = clause.chance.choice(("kind of", "type of", "sort of"))
    adjectives = [t for t in nouns if t.dep_ in ("amod", "compound") and t.head.i == token.i]
    if len(adjectives) == 1 and words[-1].i == token.i:
        made = clause.asked(f"what {kind} {token.text}", words)
        for text in (adjectives[0].text, f"{adjectives[0].text} {token.text}", piece(words)):
            yield Triple(made, styled(clause, text), (full,), "kind-of")
    for child in token.children:
        if child.dep_ == "nummod" and child.i == words[0].i and token.tag_ == "NNS":
            rest = piece([t for t in words if t.i > child.i])
            made = clause.asked(f"how many {rest}", words)
            yield Triple(made, styled(clause, child.text), (full,), "how-many")
            yield Triple(made, styled(clause, f"{child.text} {token.text}"), (full,), "how-many")
        if child.dep_ == "poss" and child.i == words[0].i and len(list(child.children)) == 1:
            owner = piece([*child.lefts, child, *child.rights])
            rest = piece([t for t in words if t.i > max(child.i, below(child)[-1].i)])
            made = clause.asked(f"whose {rest}", words)
            yield Triple(made, styled(clause, owner), (full,), "whose")


def prepositions(clause: Clause) -> Found:
    for token, words in phrases(clause, "prep", "agent"):
        pobj = next((t for t in token.children if t.dep_ == "pobj"), None)
        if pobj is None or token.i != words[0].i or words[0].i < clause.verb.i:
            continue
        thing = [t for t in words if t.i > token.i]
        if not whole(thing):
            continue
        when = pobj._.lex == "noun.time" or pobj.ent_type_ in ("DATE", "TIME")
        name = token.lower_
        word = "who" if person(pobj) else "what"
        yield from _prepositional(clause, token, words, thing, word)
        full = moved(clause, words, piece(words))
        if when or (name in PLACES and not person(pobj)):
            lead = "when" if when else "where"
            asked = clause.asked(lead, words)
            yield Triple(asked, styled(clause, piece(words)), tuple(full), lead)
            for text, forms in answers(clause, thing):
                near = (name, "in", "on", "at") if when else (name, *NEAR)
                said = [s for n in near for f in forms for s in moved(clause, words, f"{n} {f}")]
                yield Triple(asked, text, tuple(said), f"{lead}-bare")
            yield Triple(asked, pronoun_clause(clause), tuple(full), f"{lead}-clause")
            before = [t for t in clause.predicate if t.i < words[0].i]
            if lead == "where" and words[-1].i == clause.predicate[-1].i:
                situ = capital(clause.statement(f"{piece(before)} {lead}?"))
                yield Triple(situ, piece(words), (clause.statement(),), "in-situ")
        if name in ("by", "with", "through") and not person(pobj):
            yield Triple(clause.asked("how", words), piece(words), tuple(full), "how")
        if name in ("because", "for", "due"):
            asked = clause.asked("why", words)
            yield Triple(asked, styled(clause, piece(words)), tuple(full), "why")
        if name == "for" and when:
            asked = clause.asked("how long", words)
            yield Triple(asked, styled(clause, piece(words)), tuple(full), "how-long")
            yield Triple(asked, styled(clause, piece(thing)), tuple(full), "how-long")


def _prepositional(
    clause: Clause,
    token: Token,
    words: Sequence[Token],
    thing: Sequence[Token],
    word: str,
) -> Found:
    leads = [word]
    head = next((t for t in token.children if t.dep_ == "pobj"), thing[-1])
    if head.pos_ == "NOUN":
        leads += [f"which {head.text}", f"what {NOUNS.get(head._.lex, ('thing',))[0]}"]
    for lead in leads:
        for text, forms in answers(clause, thing):
            said = [s for f in forms for s in moved(clause, words, f"{token.lower_} {f}")]
            asked = clause.asked(lead, thing)
            yield Triple(asked, text, tuple(said), "stranded")
            front = f"{token.lower_} {'whom' if lead == 'who' else lead}"
            yield Triple(clause.asked(front, words), text, tuple(said), "fronted")
            if clause.chance.random() < 0.3:
                full = tuple(moved(clause, words, piece(words)))
                asked = clause.asked(front, words)
                yield Triple(asked, styled(clause, piece(words)), full, "fronted-full")


def adverbials(clause: Clause) -> Found:
    for token, words in phrases(clause, "advcl", "advmod", "npadvmod", "acomp", "oprd"):
        if words[0].i < clause.verb.i and token.dep_ != "advmod":
            continue
        said = tuple(moved(clause, words, piece(words)))
        text = styled(clause, piece(words))
        first = words[0].lower_
        if token.dep_ == "advcl":
            yield from _clausal(clause, token, words, said)
        elif token.dep_ == "advmod" and token.lower_.endswith("ly") and len(words) < 3:
            yield Triple(clause.asked("how", words), text, said, "how")
        elif token.dep_ == "oprd" and clause.verb.lemma_ in ("call", "name", "title"):
            yield Triple(clause.asked("what", words), text, said, "called")
        elif token.dep_ == "acomp":
            asked = clause.asked("how", words)
            yield Triple(asked, text, said, "how-be")
            yield Triple(asked, pronoun_clause(clause), said, "how-clause")
            if clause.verb.lemma_ == "be" and words[-1].i == clause.predicate[-1].i:
                other = clause.chance.choice(("small", "open", "warm", "cheap", "old", "alone"))
                one, two = clause.chance.sample((piece(words), other), 2)
                asked = clause.asked("", words, f"{one} or {two}")
                yield Triple(asked, text, said, "either-or")
        elif token.dep_ == "npadvmod" or first in ("yesterday", "today", "now", "tomorrow"):
            yield Triple(clause.asked("when", words), text, said, "when")
        elif first in ("here", "there", "home", "everywhere", "upstairs", "outside"):
            yield Triple(clause.asked("where", words), text, said, "where")


def _clausal(clause: Clause, token: Token, words: Sequence[Token], said: tuple[str, ...]) -> Found:
    first, text = words[0].lower_, styled(clause, piece(words))
    bare = piece(words[1:])
    main = clause.statement(replaced(clause, words, ""))
    if first in ("because", "since", "as") and any(t.dep_.startswith("nsubj") for t in token.lefts):
        asked = clause.asked("why", words)
        said = tuple(s for s in said if s.rstrip(".").endswith(piece(words)))
        both = (f"{main} {first} {bare}", f"{main} because {bare}")
        yield Triple(asked, text, both, "why")
        yield Triple(asked, styled(clause, bare), both, "why-clause")
    elif first == "to":
        asked = clause.asked("why", words)
        yield Triple(asked, text, said, "why-to")
        yield Triple(asked, styled(clause, bare), said, "why-to")
        yield Triple(clause.asked("what", words, "for"), text, said, "what-for")
    elif first in ("when", "after", "before", "while", "if", "until", "once"):
        lead = "when" if first != "if" else "under what condition"
        yield Triple(clause.asked(lead, words), text, said, "when-clause")
        if first != "until":
            both = (f"{piece(words)}, {main}", f"{main} {piece(words)}")
            happens = "happened" if clause.verb.tag_ == "VBD" else "happens"
            asked = f"What {happens} {piece(words)}?"
            yield Triple(asked, styled(clause, main), both, "what-happens")
            asked = clause.asked(f"{piece(words)}, what", ())
            yield from _done(clause, words)
    elif token.tag_ == "VBG" and first in ("by", token.lower_):
        yield Triple(clause.asked("how", words), text, said, "how-ing")


def _done(clause: Clause, kept: Sequence[Token]) -> Found:
    """ "What did she do when …?"."""
    gone = {t.i for t in kept}
    verb = [t for t in clause.predicate if t.i >= clause.verb.i and t.i not in gone]
    lead = [t for t in clause.predicate if t.i < clause.verb.i]
    if clause.verb.lemma_ in STATES or not verb or clause.verb.tag_ == "VBN":
        return
    tail = piece(kept)
    said = [clause.statement(f"{piece([*lead, *verb])} {tail}".strip())]
    if kept:
        said.append(f"{tail}, {clause.statement(piece([*lead, *verb]))}")
    base = f"{clause.verb.lemma_} {piece(verb[1:])}".strip()
    if clause.aux is None:
        do = {"VBD": "did", "VBZ": "does"}.get(clause.verb.tag_, "do")
        asked = f"What {do} {clause.named()} do {tail}".strip() + "?"
        forms = [base, piece(verb)]
    else:
        doing = "doing" if clause.verb.tag_ == "VBG" else "do"
        aux = piece(lead)
        if clause.aux.i != clause.predicate[0].i or len(lead) != 1:
            return
        asked = f"What {aux.lower()} {clause.named()} {doing} {tail}".strip() + "?"
        forms = [piece(verb)]
    for form in forms:
        yield Triple(asked, styled(clause, form), tuple(said), "what-do")
    text = joined_pronoun(clause, piece([*lead, *verb]))
    yield Triple(asked, text, tuple(said), "what-do-clause")


def actions(clause: Clause) -> Found:  # noqa: C901 (a way after the other)
    yield from _done(clause, ())
    last = [w for t, w in phrases(clause, "prep", "npadvmod") if w[-1].i == clause.predicate[-1].i]
    if last and last[0][0].i > clause.verb.i:
        yield from _done(clause, last[0])
    named = clause.named()
    happened = "happened" if clause.verb.tag_ == "VBD" else "happens"
    full = (clause.statement(),)
    if not clause.expl and clause.chance.random() < 0.3:
        asked = f"What {happened} to {named}?"
        yield Triple(asked, pronoun_clause(clause), full, "happens-clause")
    for token, words in phrases(clause, "ccomp", "xcomp"):
        if token.head.i != clause.verb.i:
            continue
        if token.dep_ == "ccomp":
            yield from _extracted(clause, token, words)
        if words[-1].i != clause.predicate[-1].i or words[0].i < clause.verb.i:
            continue
        text, bare = piece(words), piece(words[1:]) if words[0].lower_ == "that" else piece(words)
        if token.dep_ == "ccomp" and any(t.dep_.startswith("nsubj") for t in token.lefts):
            if words[0].tag_ in ("WP", "WRB", "WDT"):
                continue
            said = tuple(
                clause.statement(replaced(clause, words, t)) for t in (bare, f"that {bare}")
            )
            yield Triple(clause.asked("what", words), styled(clause, bare), said, "say")
            yield Triple(clause.asked("what", words), styled(clause, text), said, "say")
        elif words[0].lower_ == "to" and len(words) > 1:
            gone = [t for t in words if t.i > words[0].i]
            asked = clause.asked("what", gone)[:-1] + " do?"
            text = piece(gone)
            for answer in (text, f"to {text}", pronoun_clause(clause)):
                yield Triple(asked, styled(clause, answer), full, "want-to")
            yield Triple(clause.asked("what", words), styled(clause, f"to {text}"), full, "want")


def _extracted(clause: Clause, token: Token, words: Sequence[Token]) -> Found:
    """ "Who does she think stole it?"."""
    inner = [t for t in token.lefts if t.dep_ in ("nsubj", "nsubjpass")]
    if not inner or words[-1].i != clause.predicate[-1].i or words[0].i < clause.verb.i:
        return
    thing = below(inner[0])
    if not whole(thing) or thing[0].lower_ in PRONOUNS or thing[0].tag_ in ("WP", "WDT", "WRB"):
        return
    that = [t for t in words if t.lower_ == "that" and t.dep_ == "mark"]
    word = "who" if person(inner[0]) else "what"
    asked = clause.asked(word, [*that, *thing])
    for text, forms in answers(clause, thing):
        rest = piece([t for t in words if t not in thing and t not in that])
        lead = piece([t for t in clause.predicate if t.i < words[0].i])
        said = [f"{lead} {that}{form} {rest}" for form in forms for that in ("", "that ")]
        yield Triple(asked, text, tuple(clause.statement(s) for s in said), "extracted")


def identity(clause: Clause) -> Found:
    attr = next((t for t in clause.verb.children if t.dep_ == "attr" and t.i > clause.verb.i), None)
    if clause.verb.lemma_ != "be" or attr is None:
        return
    be, words = clause.verb.lower_, below(attr)
    other = piece(words)
    if clause.expl:
        rest = piece([t for t in clause.predicate if t.i > words[-1].i])
        asked = capital(f"what {be} there {rest}".strip() + "?")
        if rest:
            yield Triple(asked, styled(clause, other), (clause.statement(),), "there")
            asked = capital(f"what {be} {rest}?")
            yield Triple(
                asked, styled(clause, other), (clause.statement(), f"{other} {be} {rest}"), "there"
            )
        return
    subject_text = clause.named()
    both = (clause.statement(), capital(f"{other} {be} {subject_text}"))
    if words[-1].i == clause.predicate[-1].i and words[0].lower_ == "the":
        word = "who" if person(attr) else "what"
        asked = capital(f"{word} {be} {other}?")
        yield Triple(asked, styled(clause, subject_text), both, "identity")
    word = "who" if person(attr) else "what"
    asked = clause.asked(word, words)
    text = styled(clause, f"{clause.pronoun()} {piece(clause.predicate)}")
    yield Triple(asked, text, (clause.statement(),), "identity-clause")


def polar(clause: Clause) -> Found:
    asked, full = clause.asked(""), clause.statement()
    if clause.chance.random() < 0.2:
        asked = capital(full) + "?"
    yield Triple(asked, clause.chance.choice(("yes", "Yes", "Yes.")), (full,), "yes")
    if any(t.dep_ == "neg" for t in clause.verb.children) or len(clause.predicate) < 2:
        return
    if clause.aux is not None:
        rest = [t for t in clause.predicate if t.i != clause.aux.i]
        lead = [t for t in rest if t.i < clause.aux.i]
        if lead:
            return
        said = f"{clause.aux.lower_} not {piece(rest)}"
    else:
        do = {"VBD": "did", "VBZ": "does"}.get(clause.verb.tag_, "do")
        if clause.predicate[0].i != clause.verb.i:
            return
        said = f"{do} not {clause.verb.lemma_} {piece(clause.predicate[1:])}".strip()
    yield Triple(asked, clause.chance.choice(("no", "No", "No.")), (clause.statement(said),), "no")


def replies(clause: Clause) -> Found:
    """ "No, it was built by monks": the statement is what comes after the "no"."""
    if clause.expl:
        return
    full = clause.statement()
    text = joined_pronoun(clause, piece(clause.predicate))
    text = text[:1].lower() + text[1:] if not text.startswith("I ") else text
    other = piece(clause.predicate[:1]) if clause.aux is not None else "did"
    asked = f"{capital(other)} {clause.named()} ever do anything else?"
    reply = f"{clause.chance.choice(('No', 'Yes'))}, {text}"
    yield Triple(asked, reply, (text.rstrip("."), full), "reply")


def stems(clause: Clause) -> Found:
    full, words = clause.statement(), clause.predicate
    cuts = [n for n, t in enumerate(words) if n and t.i > clause.verb.i and t.i == t.left_edge.i]
    cuts += [
        n + 1 for n, t in enumerate(words[:-1]) if t.dep_ in ("prep", "aux") or t.lower_ in ARTICLES
    ]
    for at in clause.chance.sample(cuts, min(2, len(cuts))):
        stem = capital(clause.statement(piece(words[:at]))) + clause.chance.choice(
            ("", "", ":", "...")
        )
        yield Triple(stem, styled(clause, piece(words[at:])), (full,), "stem")


def pronoun_clause(clause: Clause) -> str:
    return joined_pronoun(clause, piece(clause.predicate))


def joined_pronoun(clause: Clause, predicate: str) -> str:
    said = f"{clause.pronoun()} {predicate}"
    return capital(said) + "." if clause.chance.random() < 0.8 else said


WAYS = (
    subject,
    objects,
    prepositions,
    adverbials,
    actions,
    identity,
    polar,
    stems,
    replies,
)
