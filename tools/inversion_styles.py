"""What the corpora lack and datasets are full of: names, tails, goals, answers that are no answer.

Read by `statement_triples.py`; all sentences of this file are the project's own.
"""

import random
from collections import deque
from collections.abc import Iterator, Sequence

from inversion import Clause, Triple, capital

HE = (
    "Tom|the man|the boy|Peter|Mr. Brown|the king|her brother|Ahmed|the old farmer|Jonah|Luis|"
    "the driver|Marta's father|David|the first doctor|his uncle|Professor Lane|Kofi|the hunter"
).split("|")
SHE = (
    "Mary|the woman|the girl|Anna|Mrs. Green|the queen|his sister|Priya|the little girl|Ingrid|"
    "the nurse|Tara's mother|Elena|the teacher|her aunt|Mei|the writer|the narrator|Hilda"
).split("|")
THEY = (
    "the boys|Tom and Mary|the two speakers|the children|the girls|Ana and her brother|"
    "the farmers|the villagers|the three friends|his parents|the players|most people|scientists|"
    "the ducks|the police"
).split("|")
TAILS = (
    "when the phone rang|after the war|at the end of the story|in 1890|if it rains|last night|"
    "before he left|while she was waiting|on Monday|at first|so often|in the story|every day|"
    "when they got home|after lunch|during the storm|because of the rain|in the morning|next time|"
    "if nobody helps|once the snow melts|at the time|before going to bed|according to the text|"
    "to save money|for the first time|as a result|when she was young|the next day|so much|again|"
    "in the passage|with the help of a friend|at night|in winter|by accident|after the meeting|"
    "when the bell rings|in the second half of the century|on the way to school|this year|too"
).split("|")
NOTHING = (
    "not enough information|none of the above|all of the above|unknown|It is not mentioned.|"
    "None of the above choices .|I don't know|no answer|There is not enough information."
).split("|")
THINGS = "the driver|a stone|the red one|Anna|water|a dog|the first|old books|London|glass".split(
    "|"
)
FEELINGS = (
    "happy|tired of it|very proud|angry at them|sad|jealous|like a hero|a kind person|scared|"
    "helpful|grateful for the help|lonely and sad|ready to go|as if nothing had happened|annoyed"
).split("|")
NAMES = "Sydney|Kai|Robin|Alex|Jordan|Casey|Lee|Quinn|Jan|Toni|Morgan|Riley".split("|")


def rename(clause: Clause) -> str | None:
    """A name for a subject that is a pronoun, of the same number."""
    if len(clause.subject) != 1 or clause.chance.random() < 0.3:
        return None
    word = clause.subject[0].lower_
    finite = clause.aux if clause.aux is not None else clause.verb
    one = {"he": HE, "she": SHE}.get(word)
    if word == "i" and (finite.tag_ == "MD" or (finite.tag_ == "VBD" and finite.lower_ != "were")):
        one = clause.chance.choice((HE, SHE))
    if word in ("they", "we"):
        clause.said = "they"
        return clause.chance.choice(THEY)
    if one is None:
        return None
    clause.said = "he" if one is HE else "she"
    return clause.chance.choice(one)


def tailed(triple: Triple, chance: random.Random) -> Triple:
    """The same with one more phrase at the question's end."""
    tail = chance.choice(TAILS)
    accepted = []
    for text in triple.accepted:
        accepted += [f"{text} {tail}", f"{tail}, {text[:1].lower()}{text[1:]}"]
        accepted.append(f"{tail}, {text}")
    question = triple.question.rstrip("?")
    return triple._replace(question=f"{question} {tail}?", accepted=tuple(accepted))


def offered(triple: Triple, chance: random.Random) -> Triple:
    """The same with two choices at the question's end."""
    answer = triple.answer.rstrip(".")
    pair = [answer, chance.choice(THINGS)]
    chance.shuffle(pair)
    question = f"{triple.question.rstrip('?')}, {pair[0]} or {pair[1]}?"
    return triple._replace(question=question, way="offered")


def unanswered(triple: Triple, chance: random.Random) -> Triple:
    """The question with an answer that is none: no sentence made of it is right."""
    answer = chance.choice(NOTHING)
    return triple._replace(answer=answer, accepted=("?",), way="unanswered")


def spaced(triple: Triple) -> Triple:
    """As a tokeniser writes it: a space before each mark."""
    question = triple.question.replace("n't", " n't").replace(",", " ,").replace("?", " ?")
    answer = triple.answer
    answer = f"{answer[:-1]} ." if answer.endswith(".") else answer
    return triple._replace(question=question, answer=answer)


def goals(verbs: deque[tuple[str, str]], chance: random.Random) -> Iterator[Triple]:
    """A goal and what to do for it; ``verbs``: predicates in base form and with -ing."""
    (goal, _), (act, doing), (more, also) = chance.sample(list(verbs), 3)
    if chance.random() < 0.15:
        stem = f"To {goal}, you can"
        yield Triple(stem, chance.choice((act, f"{act}.")), (f"{stem} {act}",), "goal-stem")
    to: tuple[str, ...] = (f"To {goal}, {act}", f"{act} to {goal}", f"To {goal}, you can {act}")
    answer = chance.choice((capital(act) + ".", act, capital(act)))
    ask = chance.choice(
        (f"To {goal}", f"To {goal}.", f"To {goal},", capital(goal), f"{goal}.", f"How to {goal}")
    )
    by = (f"{capital(goal)} by {doing}", f"You can {goal} by {doing}", f"You {goal} by {doing}")
    yield Triple(ask, answer, (*to, *by), "goal")
    who, do = chance.choice((("you", "do"), ("I", "can"), ("you", "can"), ("people", "do")))
    if chance.random() < 0.2:
        two = f"To {goal}, {act}. {capital(more)}"
        yield Triple(
            f"How {do} {who} {goal}?", f"{capital(act)}. {capital(more)}.", (two,), "goals"
        )
    elif chance.random() < 0.2:
        answer, act = f"{capital(act)} and {more}", f"{act} and {more}"
        to, doing = (f"To {goal}, {act}", f"{act} to {goal}"), f"{doing} and {also}"
    said = f"{who} {do} {goal}" if do != "do" else f"{who} {goal}"
    full = (*to, f"{said} by {doing}", f"{who} can {goal} by {doing}")
    yield Triple(f"How {do} {who} {goal}?", answer, full, "goal-how")


SAYS = (
    "the most likely reason for her silence|the reason for their delay|true of the two sisters|"
    "the relationship between Gail and Ivan|the problem with the old bridge|unusual about the coin|"
    "the main idea of the passage|the result of the experiment|the best evidence for the theory|"
    "the difference between the two plans|the fact that surprised him|wrong with the car|"
    "the author's opinion of the film|the terms of the agreement|the purpose of her call|"
    "most likely true after the storm|the first thing that she noticed|so special about the town"
).split("|")
SHOWS = (
    "shows that the trip was planned|prompted her to write a letter|proves that he was there|"
    "makes the narrator sad|surprised the villagers|suggests that the man is rich|worries Tom|"
    "happens after the rain stops|happened when the bell rang|may happen to the plant in winter|"
    "happens to Lars at the end of the story|will happen after they leave|happens next"
).split("|")
LEARN = (
    ("we", "learn from the conversation"),
    ("we", "infer about the boss"),
    ("the man", "say about the restaurant"),
    ("the woman", "mean"),
    ("the doctor", "tell him about the diet"),
    ("Priya", "believe about her neighbor"),
    ("the passengers", "hear from the captain"),
)


def told(said: deque[str], chance: random.Random) -> Iterator[Triple]:
    """Answers that are sentences of their own: "What is the problem? The roads are icy."."""
    clause = chance.choice(list(said))
    answer = chance.choice((capital(clause) + ".", capital(clause), clause))
    kind = chance.random()
    forms: tuple[str, ...]
    if kind < 0.35:
        thing, be = chance.choice(SAYS), chance.choice(("is", "was"))
        what = thing if thing.startswith("the ") else f"what {be} {thing}"
        full = f"{what} {be} that {clause}"
        yield Triple(f"What {be} {thing}?", answer, (full,), "told-be")
    elif kind < 0.6:
        what = chance.choice(SHOWS)
        forms = (f"what {what} is that {clause}", f"what {what} was that {clause}")
        yield Triple(f"What {what}?", answer, forms, "told-shows")
    elif kind < 0.8:
        who, verb = chance.choice(LEARN)
        aux = chance.choice(("can", "did", "will"))
        bare, _, about = verb.partition(" ")
        forms = tuple(
            f"{who} {aux} {bare}{place}".replace("  ", " ").strip()
            for that in ("that ", "")
            for place in (f" {that}{clause} {about}", f" {about} {that}{clause}")
            if "from" in about or place.startswith(f" {about}")
        )
        forms = tuple(_past(form) for form in forms) if aux == "did" else forms
        yield Triple(f"What {aux} {who} {verb}?", answer, forms or ("?",), "told-learn")
    else:
        who, be = chance.choice((*HE, *SHE)), chance.choice(("is", "was"))
        state = chance.choice(("late", "so worried", "sad", "in a hurry", "angry with the boy"))
        tail = chance.choice(("", "", f" {chance.choice(TAILS)}"))
        full = f"{who} {be} {state}{tail} because {clause}"
        yield Triple(f"Why {be} {who} {state}{tail}?", answer, (full,), "told-why")


def _past(text: str) -> str:
    for bare, past in (("learn", "learned"), ("infer", "inferred"), ("say", "said"),
                       ("mean", "meant"), ("tell", "told"), ("believe", "believed"),
                       ("hear", "heard")):  # fmt: skip
        text = text.replace(f" did {bare}", f" {past}")
    return text


def happening(verbs: deque[tuple[str, str]], chance: random.Random) -> Iterator[Triple]:
    """ "What will happen to Tom if …?"."""
    act = chance.choice(list(verbs))[0]
    girl = chance.random() < 0.5
    who = chance.choice(SHE if girl else HE)
    cond = chance.choice(TAILS[:20])
    aux = chance.choice(("will", "might", "may", "would"))
    pronoun = "she" if girl else "he"
    answer = chance.choice((f"{capital(pronoun)} {aux} {act}.", f"{pronoun} {aux} {act}", act))
    full = (f"{who} {aux} {act} {cond}", f"{cond}, {who} {aux} {act}")
    yield Triple(f"What {aux} happen to {who} {cond}?", answer, full, "happening")


def social(verbs: deque[tuple[str, str]], chance: random.Random) -> Iterator[Triple]:
    """Questions about people's reasons, wishes and feelings."""
    name, (act, _) = chance.choice(NAMES), chance.choice(list(verbs))
    made: Sequence[tuple[str, str, tuple[str, ...]]] = (
        (f"What will {name} want to do next?", act, (f"{name} will want to {act} next",)),
        (
            f"What does {name} need to do before this?",
            act,
            (f"{name} needs to {act} before this", f"before this, {name} needs to {act}"),
        ),
        (f"Why did {name} do this?", act, (f"{name} did this to {act}",)),
        (f"Why did {name} do that?", f"to {act}", (f"{name} did that to {act}",)),
        (
            f"How would {name} feel afterwards?",
            chance.choice(FEELINGS),
            (f"{name} would feel {{}} afterwards", f"afterwards, {name} would feel {{}}"),
        ),
        (
            f"How would you describe {name}?",
            chance.choice(FEELINGS),
            (f"you would describe {name} as {{}}", f"I would describe {name} as {{}}"),
        ),
        (f"What will happen to {name}?", f"{name} will {act}", (f"{name} will {act}",)),
        (
            f"What might {name} do differently next time?",
            f"might {act}",
            (f"{name} might {act} next time", f"Next time, {name} might {act}"),
        ),
    )
    question, answer, accepted = chance.choice(made)
    said = tuple(text.format(answer) for text in accepted)
    clean = chance.choice((answer, answer, capital(answer) + "."))
    yield Triple(question, clean, said, "social")


def dressed(clause: Clause, triple: Triple) -> Triple:
    """One of these changes, or none."""
    chance = clause.chance
    asks = triple.question.endswith("?") and triple.way not in ("yes", "no", "in-situ", "either-or")
    kind = chance.random()
    if asks and kind < 0.14 and triple.way not in ("what-happens", "when-clause"):
        triple = tailed(triple, chance)
    elif asks and kind < 0.17 and triple.way in ("subject", "object", "identity", "stranded"):
        triple = offered(triple, chance)
    elif asks and kind < 0.18:
        triple = unanswered(triple, chance)
    if asks and chance.random() < 0.06:
        triple = spaced(triple)
    return triple
