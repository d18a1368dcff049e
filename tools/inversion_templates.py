"""Questions as commonsense, science and reading datasets ask them, filled with phrases.

Read by `statement_triples.py`. A template is the project's own; `{np}` `{np2}` are noun phrases,
`{act}` `{act2}` predicates in base form, `{ing}` `{ing2}` with -ing, `{does}` in -s, `{clause}` a
whole sentence, `{name}` `{he}` a person and the pronoun, `{place}` a place without an article.
"""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from inversion import Triple, capital
from inversion_styles import HE, SHE

from unifiedqa_convert.question_converters.rules.lexicon import inflect

SPOTS = (
    "kitchen|school|office|hospital|drawer|desert|ocean|library|garden|museum|box|closet|garage|zoo|"
    "supermarket|bedroom|forest|bus station|toy store|living room|refrigerator|church|farm|attic|"
    "fire station|post office|park|cupboard|train|basement|hotel room|mountain|pet shop|bathroom"
).split("|")
AMOUNTS = "twice|two hours|three miles|every day|once a week|about 40|fifty feet|10|half an hour"
TIMES = "in spring|at noon|after school|in 1912|every Monday|during the storm|tomorrow".split("|")
_PLACED = (
    "in a",
    "in the",
    "at the",
    "at a",
    "in",
    "on the",
    "on a",
    "in an",
    "at an",
    "inside the",
)
_TO = ("to the", "to a", "to an", "to", "in the", "in a")


class Pools(NamedTuple):
    """Phrases of the sentences read last, by kind."""

    nouns: deque[str]
    acts: deque[tuple[str, str, str]]
    """Base form, -ing, -s."""
    clauses: deque[str]


# (question, answer, accepted …); in an accepted statement [a|b] stands for each of a and b.
TEMPLATES: tuple[tuple[str, ...], ...] = (
    ("Where would you find {np}?", "{place}", "you would find {np} {in} {place}"),
    ("Where would you put {np} {tail}?", "{place}", "you would put {np} {in} {place} {tail}",
     "{tail}, you would put {np} {in} {place}", "you would put {np} {tail} {in} {place}"),
    ("Where might {name} keep {np}?", "{place}", "{name} might keep {np} {in} {place}"),
    ("Where can you see {np}?", "in the {place}", "you can see {np} in the {place}"),
    ("Where do people go to {act}?", "{place}", "people go {to} {place} to {act}",
     "to {act}, people go {to} {place}"),
    ("{name} wanted to {act}, where might {he} go?", "{place}",
     "{name} wanted to {act}, {he} might go {to} {place}"),
    ("If you wanted to {act}, what would you need?", "{np}",
     "if you wanted to {act}, you would need {np}"),
    ("If {clause}, what will {name} do?", "{act}", "if {clause}, {name} will {act}"),
    ("If {clause}, what might happen?", "{clause2}", "if {clause}, {clause2}"),
    ("What is {np} used for?", "{ing}", "{np} is used for {ing}"),
    ("What is {np} used for?", "to {act}", "{np} is used to {act}"),
    ("What do people use {np} for?", "{ing}", "people use {np} for {ing}"),
    ("What could you use to {act}?", "{np}", "you could use {np} to {act}"),
    ("What would {name} use to {act}?", "{np}", "{name} would use {np} to {act}"),
    ("What do people aim to do {tail}?", "{act}", "people aim to {act} {tail}",
     "{tail}, people aim to {act}"),
    ("What is {name} likely to do {tail}?", "{act}", "{name} is likely to {act} {tail}",
     "{tail}, {name} is likely to {act}"),
    ("What does {name} do when {clause}?", "{does}", "{name} {does} when {clause}",
     "when {clause}, {name} {does}"),
    ("What might {name} be doing?", "{ing}", "{name} might be {ing}"),
    ("{name} was {ing} because {he} wanted what?", "{np}",
     "{name} was {ing} because {he} wanted {np}"),
    ("The best way to {act} is to", "{act2}", "the best way to {act} is to {act2}"),
    ("What is the best way to {act}?", "{ing}", "the best way to {act} is {ing}"),
    ("What is the best way to {act}?", "to {act2}", "the best way to {act} is to {act2}"),
    ("What is the best way to {act}?", "by {ing}", "the best way to {act} is by {ing}"),
    ("What is the main purpose of {np}?", "to {act}", "the main purpose of {np} is to {act}"),
    ("What is the main function of {np}?", "{ing}", "the main function of {np} is {ing}"),
    ("What is the name of {np}?", "{title}", "the name of {np} is {title}"),
    ("What is {np} called?", "{title}", "{np} is called {title}"),
    ("Which of these is an example of {ing}?", "{np}", "{np} is an example of {ing}"),
    ("Which is the best example of {np}?", "{np2}", "the best example of {np} is {np2}",
     "{np2} is the best example of {np}"),
    ("Which of the following would most likely {act}?", "{np}", "{np} would most likely {act}"),
    ("Which statement best describes {np}?", "{clause}",
     "the statement that best describes {np} is that {clause}"),
    ("What causes {np} to {act}?", "{np2}", "{np2} causes {np} to {act}"),
    ("What would most likely cause {np}?", "{ing}", "{ing} would most likely cause {np}"),
    ("What can {np} help {name} do?", "{act}", "{np} can help {name} {act}"),
    ("{np} can be used to {act}?", "yes", "{np} can be used to {act}"),
    ("Can {np} help people {act}?", "no", "{np} cannot help people {act}",
     "{np} can not help people {act}", "{np} can't help people {act}"),
    ("How long did {name} wait for {np}?", "{much}", "{name} waited {much} for {np}",
     "{name} waited for {np} {much}", "{name} waited for {np} for {much}",
     "{name} waited for {much} for {np}"),
    ("How often does {name} {act}?", "{much}", "{name} {does} {much}"),
    ("How many times did {name} {act}?", "three", "{name} {did} three times"),
    ("How many people {act}?", "five", "five people {act}"),
    ("How far is {np} from the {place}?", "{much}", "{np} is {much} from the {place}"),
    ("How tall is {np}?", "{much}", "{np} is {much} tall"),
    ("How old was {name} when {clause}?", "nine", "{name} was nine when {clause}",
     "when {clause}, {name} was nine"),
    ("Where was {name} when {clause}?", "in the {place}",
     "{name} was in the {place} when {clause}", "when {clause}, {name} was in the {place}"),
    ("When did {name} decide to {act}?", "{when}", "{name} decided to {act} {when}",
     "{when}, {name} decided to {act}", "{name} decided {when} to {act}"),
    ("Why did {name} decide to {act}?", "{clause}",
     "{name} decided to {act} because {clause}"),
    ("Why did {name} want to {act} so much?", "{clause}",
     "{name} wanted to {act} so much because {clause}"),
    ("What was {name} {ing2} {tail}?", "{np}", "{name} was {ing2} {np} {tail}"),
    ("What was {name} thinking about {tail}?", "{np}",
     "{name} was thinking about {np} {tail}", "{tail}, {name} was thinking about {np}"),
    ("What is {name} complaining about?", "{np}", "{name} is complaining about {np}"),
    ("What does {name} want {name2} to do?", "{act}", "{name} wants {name2} to {act}"),
    ("What did {name} promise to do?", "{act}", "{name} promised to {act}"),
    ("What does {name} have to do before {he} can {act}?", "{act2}",
     "{name} has to {act2} before {he} can {act}", "before {he} can {act}, {name} has to {act2}"),
    ("Who does {name} think will {act}?", "{name2}", "{name} thinks that {name2} will {act}",
     "{name} thinks {name2} will {act}"),
    ("Who did {name} see {tail}?", "{name2}", "{name} saw {name2} {tail}",
     "{tail}, {name} saw {name2}"),
    ("Whose idea was it to {act}?", "{name}", "it was {name}'s idea to {act}"),
    ("What happens to {np} when {clause}?", "it {does}", "{np} {does} when {clause}",
     "when {clause}, {np} {does}", "what happens to {np} when {clause} is that it {does}"),
    ("What happens to {np} {tail}?", "{does}", "{np} {does} {tail}", "{tail}, {np} {does}"),
    ("How would {name} feel if {clause}?", "{mood}", "{name} would feel {mood} if {clause}",
     "if {clause}, {name} would feel {mood}"),
    ("How does {name} feel about {np}?", "{mood}", "{name} feels {mood} about {np}"),
    ("{name} is someone who likes to do what?", "{act}", "{name} is someone who likes to {act}"),
    ("The place where {name} can {act} is called what?", "{place}",
     "the place where {name} can {act} is called {art} {place}",
     "the place where {name} can {act} is called the {place}"),
    ("{name} could not find {np}, so {he} looked in the what?", "{place}",
     "{name} could not find {np}, so {he} looked in the {place}"),
    ("Do all people who {act} {act2}?", "yes", "all people who {act} {act2}"),
    ("What did {name} do first, {act} or {act2}?", "{act}", "{name} {did} first",
     "first, {name} {did}", "{name} first {did}"),
    ("{name} will {act} once {np} is ready. What does {he} need?", "{np}",
     "{name} will {act} once {np} is ready. {he} needs {np}"),
    ("In the story, who wanted to {act}?", "{name}", "in the story, {name} wanted to {act}"),
)  # fmt: skip


def asked(pools: Pools, tails: Sequence[str], chance: random.Random) -> Iterator[Triple]:
    """A template filled by chance, with the accepted statements in all of its variants."""
    question, answer, *accepted = chance.choice(TEMPLATES)
    (act, ing, does), (act2, ing2, _) = chance.sample(list(pools.acts), 2)
    girl = chance.random() < 0.5
    place = chance.choice(SPOTS)
    nouns = chance.sample(list(pools.nouns), 2)
    slots = {
        "np": nouns[0], "np2": nouns[1], "act": act, "act2": act2, "ing": ing, "does": does,
        "ing2": ing2.partition(" ")[0], "did": _past(act),
        "clause": chance.choice(pools.clauses), "clause2": chance.choice(pools.clauses),
        "name": chance.choice(SHE if girl else HE), "name2": chance.choice(HE if girl else SHE),
        "he": "she" if girl else "he", "place": place, "tail": chance.choice(tails),
        "title": chance.choice(("Old Tom", "Pepper", "the Blue Star", "Arlen", "a cub", "frost")),
        "much": chance.choice(AMOUNTS.split("|")), "when": chance.choice(TIMES),
        "mood": chance.choice(("sad", "proud", "very angry", "tired of it", "jealous", "happy")),
        "art": "an" if place[0] in "aeiou" else "a",
    }  # fmt: skip
    said = []
    for text in accepted:
        for near in _PLACED if "{in}" in text else _TO if "{to}" in text else ("",):
            said.append(text.replace("{in}", near).replace("{to}", near).format(**slots))
    given = answer.format(**slots)
    kind = chance.random()
    given = capital(given) if kind < 0.25 else capital(given) + "." if kind < 0.4 else given
    yield Triple(capital(question.format(**slots)), given, tuple(said), "template")


def _past(act: str) -> str:
    verb, _, rest = act.partition(" ")
    return f"{inflect(verb, 'VBD')} {rest}"
