"""Wrong golds planted in adapters of many forms: the contract tells each, once, and no right one.

Each adapter is a whole package of its own, as a stranger's; `test_contract.py` breaks the promises
one by one in the documentation's example.
"""

import importlib
import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from planting import (
    ADAPTER,
    ASKED,
    HEAD,
    OPTIONS,
    Planted,
    apart,
    choices,
    choose,
    closed,
    gold,
    judge,
    judged,
    keyed,
    lettered,
    marked,
    own,
    verdict,
)

from unifiedqa_convert.contract import Breach, breaches, cases, told_once
from unifiedqa_convert.contract.labels import counting

NUMBERS = count()
MEAN, USED = "labels_mean_what_they_say", "used_fields_change_something"
UNUSED, HIDDEN = "unused_fields_change_nothing", "hidden_answers_are_kept"
CALLED = "texts_are_what_they_are_called"
LETTERS = closed("ABC", '("ABC".index(row.answer),)')
VOTE = 'note: Literal["A", "B", "C"] = Field(description="not used: the first vote")'
OPEN_VOTE = 'note: Text = Field(description="not used: the first vote")'
PLANTED = {
    # Labels that count in other ways than A, B or 0, 1.
    "option1": closed(("option1", "option2", "option3"), "(int(row.answer[-1]) % 3,)", MEAN),
    "answerA": closed(("answerA", "answerB"), "(1 - (row.answer[-1] == 'B'),)", MEAN),
    "(A)": closed(("(A)", "(B)", "(C)"), '(2 - "ABC".index(row.answer[1]),)', MEAN),
    "first": closed(
        ("first", "second", "third"), '(("third", "second", "first").index(row.answer),)', MEAN
    ),
    "circled": closed("①②③", '("③②①".index(row.answer),)', MEAN),
    "stems": closed("甲乙丙", '("丙乙甲".index(row.answer),)', MEAN),
    "cyrillic": closed("АБВ", '("ВБА".index(row.answer),)', MEAN),
    "small letters": closed("abc", '((ord(row.answer) - ord("A")) % 3,)', MEAN),
    "int or text": own(
        "(0, 1, 2)", "(2 - int(row.answer),)", [0, 1, 2] * 2, MEAN, kind="int | Text"
    ),
    "float": own(
        "(0.0, 1.0, 2.0)", "((int(row.answer) + 1) % 3,)", [0.0, 1.0, 2.0] * 2, MEAN, kind="float"
    ),
    "any float": Planted(
        [ASKED, OPTIONS, gold("float")],
        choose("(min(int(row.answer), 2),)"),
        choices([0.0, 1.0, 2.0] * 2),
        "no_field_is_guessed: answer = 0.125",
    ),
    "a list of labels": Planted(
        [ASKED, OPTIONS, gold("list[Annotated[Literal[1, 2, 3], NotBool]]")],
        choose("tuple(sorted({label % 3 for label in row.answer}))"),
        choices([[1], [2], [3]] * 2),
        f"{MEAN}: answer.0: the labels 1, 2, 3",
    ),
    # Words that say yes or no.
    "entailment": verdict(
        ("entailment", "contradiction"), 'row.answer == "contradiction"', f"{MEAN}: answer = 'ent"
    ),
    "T": verdict("TF", 'row.answer == "F"', f"{MEAN}: answer = 'T' gives the answer no"),
    "oui": verdict(("oui", "non"), 'row.answer == "non"', MEAN),
    "0 is yes": verdict(
        (0, 1),
        "row.answer == 1",
        f"{MEAN}: answer = 0 gives the answer no, but",
        "answer; 0 is yes",
    ),
    "reversed": closed(
        "ABC", '("ABC".index(row.answer),)', f"{MEAN}: answer: the labels A, B, C", "gold, reversed"
    ),
    "maybe is no": verdict(("yes", "no", "maybe"), 'row.answer == "yes"', f"{MEAN}: answer: 'no'"),
    "maybe": Planted(
        [ASKED, gold('Literal["yes", "no", "maybe"]')],
        choose('(("yes", "maybe", "no").index(row.answer),)', texts='("yes", "no", "maybe")'),
        judged(["yes", "no", "maybe"] * 2),
        MEAN,
    ),
    "a truth value takes 1": Planted(
        [ASKED, gold("Literal[True, False]", "answer")],
        judge("bool(row.answer)"),
        judged([True, False] * 3),
        "unknown_labels_are_refused: answer: 1 is accepted",
    ),
    # Hidden answers that are read.
    "null is no": Planted(
        [ASKED, gold("bool | None", "answer", "None, ")],
        judge("bool(row.answer)"),
        judged([True, False] * 3),
        f"{HIDDEN}: answer = null gives the gold False",
        judged([None] * 6),
    ),
    "null is 0": Planted(
        [ASKED, OPTIONS, gold("Annotated[Literal[0, 1, 2] | None, NotBool]", "gold", "None, ")],
        choose("(row.answer or 0,)"),
        choices([0, 1, 2] * 2),
        f"{HIDDEN}: answer = null gives the gold (0,)",
        choices([None]),
    ),
    "empty is A": own('"ABC"', '("ABC".index(row.answer),)', "ABCABC", f"{HIDDEN}: answer = ''"),
    # The wrong one of two columns.
    "closed vote": Planted(
        [ASKED, OPTIONS, gold('Literal["A", "B", "C"]'), VOTE],
        choose('("ABC".index(row.note),)'),
        choices("ABCABC", note="BCABCA"),
        f"{UNUSED}: note",
    ),
    "open vote": Planted(
        [ASKED, OPTIONS, gold("Text"), OPEN_VOTE],
        [
            *('if row.note not in ("A", "B", "C"):', '    raise FieldError("note", "unknown")'),
            *choose('("ABC".index(row.note),)'),
        ],
        choices("ABCABC", note="BCABCA"),
        f"{UNUSED}: note",
    ),
    "vote by text": Planted(
        [ASKED, OPTIONS, gold("Text"), OPEN_VOTE],
        [
            *("if row.note not in row.options:", '    raise FieldError("note", "is no option")'),
            *choose("(row.options.index(row.note),)"),
        ],
        choices("ABCABC", note=[f"{'rst'[n % 3]}{n}" for n in range(6)]),
        f"{UNUSED}: note",
    ),
    "nothing said of the vote": Planted(
        [ASKED, OPTIONS, gold("Text"), VOTE.replace("not used: the", "the")],
        choose('("ABC".index(row.note),)'),
        choices("ABCABC", note="BCABCA"),
        f"{USED}: answer is described as the gold",
    ),
    "a choice twice": Planted(
        [
            ASKED,
            *(f'{n}: Text = Field(description="choice")' for n in "ab"),
            gold('Literal["A", "B"]'),
        ],
        choose('("AB".index(row.answer),)', texts="(row.a, row.a)"),
        [
            {"question": f"{n}?", "a": f"x{n}", "b": f"y{n}", "answer": "AB"[n % 2]}
            for n in range(5)
        ],
        f"{USED}: b is described as the choice",
    ),
    "another answer": Planted(
        [ASKED, gold("Text", "answer"), 'note: Text = Field(description="a note")'],
        ["yield FreeText(question=row.question, answers=(row.note,))"],
        [{"question": f"{n}?", "answer": f"a{n}", "note": f"b{n}"} for n in range(4)],
        f"{USED}: answer is described as the answer",
    ),
    # What is not used, in the context.
    **{
        f"unused {kind}": Planted(
            [*LETTERS.fields, f'note: {kind} = Field(description="not used")'],
            choose('("ABC".index(row.answer),)', f", context={text}"),
            choices("ABCABC", note=values),
            f"{UNUSED}: note",
        )
        for kind, text, values in (
            ("int | Text", "str(row.note)", range(6)),
            ("dict[str, Text]", 'row.note["a"]', [{"a": f"n{n}"} for n in range(6)]),
            ("bool", "str(row.note)", [True, False] * 3),
        )
    },
    # Marks, keys and texts of the choices.
    "marks turned": marked("tuple(n for n in range(3) if n not in right)", f"{MEAN}: choices"),
    "the next one": marked(
        "((right[0] + 1) % 3,)", f"{MEAN}: choices: the row marks 'r0' as right"
    ),
    "keys by letter": keyed('("ABC".index(row.answer),)', f"{MEAN}: answer = 'A' means 'a0', but"),
    "keys of an object": lettered('("ABC".index(row.answer),)', f"{MEAN}: answer = 'A' means 'a0'"),
    "the next text": own(
        "row.options",
        "((row.options.index(row.answer) + 1) % 3,)",
        [f"{'rst'[n % 3]}{n}" for n in range(6)],
        f"{MEAN}: answer = 'r0' gives another choice",
    ),
    "a wrong choice": apart("(1,)", f"{CALLED}: "),
    "sentences turned": Planted(
        LETTERS.fields,
        choose(
            '("ABC".index(row.answer),)',
            ', sentences=tuple(f"It is {o}." for o in (*row.options[1:], row.options[0]))',
        ),
        LETTERS.rows,
        f"{CALLED}: options.0 is choice 0, but in the ready sentence 2",
    ),
    "empty ones dropped": Planted(
        [ASKED, OPTIONS, gold("Annotated[Literal[0, 1, 2], NotBool]")],
        [
            "kept = tuple(o for o in row.options if o)",
            "if row.answer >= len(kept):",
            '    raise FieldError("answer", "names no choice")',
            *choose("(row.answer,)", texts="kept"),
        ],
        choices([0, 1, 2] * 2),
        f"{CALLED}: options.0 = '' makes 't",
    ),
    "two labels a row": Planted(
        [
            *(f'{n}: Text = Field(description="question")' for n in ("one", "two")),
            *(f'{n}: bool = Field(description="the answer to it")' for n in ("froze", "thawed")),
        ],
        [
            "yield YesNo(question=row.one, answer=row.froze)",
            "yield YesNo(question=row.two, answer=not row.thawed)",
        ],
        [
            {"one": f"Is it {n}?", "two": f"Was it {n}?", "froze": n % 2 > 0, "thawed": n % 3 > 0}
            for n in range(6)
        ],
        f"{MEAN}: thawed = ",
    ),
}
RIGHT = {
    "letters": LETTERS,
    "option1": closed(("option1", "option2", "option3"), "(int(row.answer[-1]) - 1,)"),
    "circled": closed("①②③", '("①②③".index(row.answer),)'),
    "stems": closed("甲乙丙", '("甲乙丙".index(row.answer),)'),
    "arabic": closed("أبج", '("أبج".index(row.answer),)'),
    "reversed": closed("ABC", '("CBA".index(row.answer),)', about="gold, reversed"),
    "0 is yes": verdict((0, 1), "row.answer == 0", about="answer; 0 is yes"),
    "maybe is not known": verdict(
        ("yes", "no", "maybe"), 'None if row.answer == "maybe" else row.answer == "yes"'
    ),
    "int or text": own("(0, 1, 2)", "(int(row.answer),)", [0, 1, 2] * 2, kind="int | Text"),
    "float": own("(0.0, 1.0, 2.0)", "(int(row.answer),)", [0.0, 1.0, 2.0] * 2, kind="float"),
    "marks": marked("tuple(right)"),
    "keys": keyed("(keys.index(row.answer),)"),
    "keys of an object": lettered("(list(row.options).index(row.answer),)"),
    "text": own(
        "row.options",
        "(row.options.index(row.answer),)",
        [f"{'rst'[n % 3]}{n}" for n in range(6)],
    ),
    "gold in a field of its own": apart("(2,)"),
    "the gold in one of two fields": Planted(
        [
            *(ASKED, OPTIONS, gold('Literal["A", "B", "C"] | None', "gold", "None, ")),
            'other: Literal["A", "B", "C"] | None = Field(None, description="gold of new rows")',
        ],
        [
            "label = row.answer or row.other",
            *choose('None if label is None else ("ABC".index(label),)'),
        ],
        [
            {"question": f"{n}?", "options": [f"r{n}", f"s{n}", f"t{n}"]}
            | {"answer" if n % 2 else "other": "ABC"[n % 3]}
            for n in range(6)
        ],
    ),
    "numbers as choices": closed("123", "(int(row.answer) - 1,)")._replace(
        rows=[{"question": f"{n}?", "options": [*"231"], "answer": "123"[n % 3]} for n in range(6)]
    ),
    "sentences of other scripts": LETTERS._replace(
        body=choose(
            '("ABC".index(row.answer),)', ', sentences=tuple(f"霜は{o}。" for o in row.options)'
        )
    ),
    "sentences in marks": LETTERS._replace(
        body=choose(
            '("ABC".index(row.answer),)',
            ', sentences=tuple(f"“It is {o},” she said." for o in row.options)',
        )
    ),
}
Plant = Callable[[Planted], list[Breach]]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """What the contract tells of the planted adapter, but for other processes."""
    monkeypatch.syspath_prepend(tmp_path)

    def told(planted: Planted) -> list[Breach]:
        package = tmp_path / f"uqa_planted_{next(NUMBERS)}"
        samples = package / "samples" / "frost" / "authors"
        samples.mkdir(parents=True)
        (package / "__init__.py").touch()
        module = HEAD + "".join(f"    {line}\n" for line in planted.fields)
        module += ADAPTER + "".join(f"        {line}\n" for line in planted.body)
        if not planted.hidden:
            module = module.replace(', "test": Split(labelled=False)', "")
        (package / "frost.py").write_text(module, encoding="utf-8")
        for name, rows in (("validation", planted.rows), ("test", planted.hidden)):
            lines = "".join(f"{json.dumps(row)}\n" for row in rows)
            if rows:
                (samples / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        importlib.invalidate_caches()
        adapter = importlib.import_module(f"{package.name}.frost").Frost()
        return told_once([*asked(adapter)])

    return told


def asked(adapter: Any) -> Iterator[Breach]:
    for case in cases(adapter):
        if case.promise != "another_process_agrees":
            yield from breaches(case)


@pytest.mark.parametrize("name", PLANTED)
def test_a_wrong_gold_is_told_once(plant: Plant, name: str) -> None:
    told = [f"{breach.promise}: {breach.message}" for breach in plant(PLANTED[name])]
    assert len(told) == 1, told
    assert told[0].startswith(PLANTED[name].told), told


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_adapter_is_left_alone(plant: Plant, name: str) -> None:
    assert not plant(RIGHT[name])


def test_labels_that_count_are_told_from_words() -> None:
    for labels in (
        *("ABC", "abc", "012", "①②③", "甲乙丙", "一二三", "АБВ"),
        *((0, 1, 2), (0.0, 1.0), ("(A)", "(B)"), ("1.", "2."), ("first", "second", "third")),
        *(("option1", "option2", "option10"), ("answerA", "answerB"), ("choice_1", "choice_2")),
    ):
        found = [counting(label) for label in labels]
        assert len({at.series for at in found}) == 1, labels
        assert [at.rank for at in found] == sorted({at.rank for at in found}), labels
    words = ("maybe", "yes", "rain", "是", True, 0.5, "the sun")
    assert {counting(label).series for label in words} == {"words"}
    assert {counting(label).series for label in (None, "", -1, "-1", -1.0)} == {"hidden"}


def test_another_shapes_field_is_told_with_the_first() -> None:
    found = [
        Breach("frost", MEAN, f"{field}: the labels are turned", f"frost/{sample}")
        for field, sample in (("label", "hub/train"), ("label", "hub/test"), ("key", "old/train"))
    ]
    assert [it.message for it in told_once(found)] == [
        "label: the labels are turned; in old, also key"
    ]
