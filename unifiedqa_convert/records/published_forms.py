r"""How each dataset's published TSV is written: data, each with its proof.

A line in the proof is one of allenai/unifiedqa's encode_datasets.py at 0977478. ``\n`` in a
template is the two characters backslash and n.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import ascii_lowercase
from typing import Literal

from unifiedqa_convert.records.cleaning import (
    RAW,
    Clean,
    as_is,
    asked,
    asked_multiqa,
    before_bracket,
    joined_lines,
    lowered,
    lowered_stripped,
    mctest,
    mctest_question,
    multiqa,
    multiqa_passage,
    on_one_line,
    one_line,
    script,
    sections,
    spaced,
    squeezed,
    stripped,
    turns,
    unix_lines,
)
from unifiedqa_convert.records.published_rows import (
    has_empty_answer,
    is_first,
    is_of_first_passage,
    is_only_one,
    is_unanswerable,
    multiqa_order,
    says_neither,
)
from unifiedqa_convert.schema import Example


@dataclass(frozen=True)
class Quirk:
    """How one dataset's published TSV differs from ``input ⇥ output``."""

    proof: str
    """The published file whose sha256 is reproduced, or the upstream line."""
    folder: str = ""
    """The published folder's name, if it is not the dataset's or there are several."""
    tab: str = "\t"
    """Between input and output, with the spaces around it."""
    end: str = ""
    """Before the line end."""
    unlabelled: str = "-"
    """The output of a row without label."""
    no_answer: str | None = None
    """The output of a question that can't be answered; None: the profile's."""
    blank: str | None = None
    """The text in place of the blank ``_`` of a question."""
    each_choice: bool = False
    """In TSV one line per choice, ``question \\n choice`` and yes or no: several are gold."""
    answers: Literal["first", "each", "joined", "letter", "yes or no"] = "first"
    """Of free text the first reference, in TSV a line for each, or all with ``///`` between them;
    of multiple choice the gold's letter, or what the gold says (``golds_say``)."""
    merged: Mapping[str, str] = field(default_factory=dict)
    """Choices that are left out, each with the choice that becomes gold instead of it."""
    template: str = ""
    """The input, of ``{question}``, ``{choices}`` and ``{context}``; if empty, the parts that an
    example has, with the profile's separator between them."""
    letter: str = "({}) "
    """Before a choice, in a template."""
    letters: str = ""
    """The letters of the choices; if empty, the profile's."""
    clean: Clean | None = None
    """Applied to every field instead of the profile's ``clean``."""
    question: Clean | None = None
    """Applied to the question instead of ``clean``; so are the next ones."""
    choice: Clean | None = None
    context: Clean | None = None
    output: Clean | None = None
    with_context: bool = True
    """Whether a context is written."""
    as_paired: bool = False
    """True if rows have the order, and the numbers, of the file that pairs them."""
    leaves_out: Callable[[int, int, Sequence[Example]], bool] | None = None
    """Whether upstream leaves an example out, by the row's number, its place among the row's, and
    these."""
    order: Callable[[int], list[int]] | None = None
    """Of that many rows, the numbers in the order of the published TSV; empty: the file's order."""
    hidden: "Quirk | None" = None
    """The form of rows without label, if it is another one."""
    unknown: str = ""
    """What is not known of the published file, whose bytes are therefore not reproduced."""

    @property
    def raw(self) -> bool:
        """True if a line end or a tab of some field stays, and breaks its row, as upstream's."""
        cleans = (self.clean, self.question, self.choice, self.context, self.output)
        return any(getattr(it, "args", (it,))[0] in RAW for it in cleans if it is not None)

    @property
    def several_lines(self) -> bool:
        """True if an example may have more than one line in the TSV."""
        return self.each_choice or self.answers == "each"


WINOGRANDE = Quirk(
    "winogrande_l/dev.tsv, winogrande_s/test.tsv", tab=" \t ", end=" ", unlabelled=""
)
_PASSAGE = r"{question} \n {context}"
_CHOICES = r"{question} \n {choices}"
_ALL = r"{question} \n {choices} \n {context}"
_NO_SPACE = r"{question} \n{choices} \n {context}"
"""The list of choices follows its separator without a space."""
_DOUBLE_SPACE = r"{question} \n  {choices} \n {context}"
_LATER = Quirk("", template=_NO_SPACE, clean=stripped, question=asked(stripped), choice=as_is)
"""What the later datasets share: whose options are not cleaned."""
_MULTIQA = Quirk(
    ":1874, the second definition, which wins over :348; from the files of the project MultiQA",
    template=_PASSAGE,
    clean=multiqa,
    question=asked_multiqa,
    context=multiqa_passage,
)
_ORDER = (
    "the rows have the source's order: the project MultiQA shuffled them, and wrote them in parts "
    "by chance"
)
_AGAIN = "upstream squeezes a passage again for each further question about it, as five spaces show"
_SHUFFLED = replace(_MULTIQA, unknown=f"{_ORDER}; {_AGAIN}")
_RACE = Quirk(
    ":448",
    template=_DOUBLE_SPACE,
    clean=on_one_line,
    context=spaced,
    end=" ",
    unknown="the order of upstream's rows is that of its folder's listing, which nobody knows",
)
_MCTEST = Quirk(
    "mctest_corrected_the_separator/{dev,train}.tsv, which have mc160, then mc500",
    folder="mctest_corrected_the_separator",
    template=_ALL,
    clean=mctest,
    question=mctest_question,
)
_MCSCRIPT = replace(
    _LATER, proof=":1723", template=_ALL, context=script, output=as_is, tab=" \t ", end=" "
)
_EACH = Quirk("", template=_PASSAGE, clean=spaced, answers="each")
_PUBMEDQA = Quirk(
    ":1318",
    folder="pubmedqa/short_answer",
    template=r"{question}\n {context}",
    clean=stripped,
    question=asked(stripped),
    context=sections,
    tab=" \t",
)
_WITH_IR = Quirk(
    ":700, with :683; sha256 known of arc_easy_with_ir/{dev,test}.tsv, arc_hard_with_ir/dev.tsv",
    template=r"{question} \n {choices}\n{context}",
    context=spaced,
    unknown="upstream's rows are those of the dataset's own files, and only the retrieved "
    "sentences came from these; nobody has compared the two",
)
_MMLU = Quirk(":2171", template=r"{question} \n {choices}", clean=stripped, tab=" \t", end=" ")


def _race(grade: str) -> tuple[Quirk, ...]:
    return (
        replace(_RACE, folder=f"race_string_{grade}"),
        replace(_RACE, folder=f"race_idx_{grade}", proof=":446", answers="letter"),
        replace(
            _RACE,
            proof=":450",
            folder=f"race_string_no_candidates_{grade}",
            template=_PASSAGE,
            tab=" \t ",
        ),
    )


UNIFIEDQA: dict[str, tuple[Quirk, ...]] = {
    **{
        name: (Quirk(f"{name}/dev.tsv", tab=" \t ", clean=spaced),)
        for name in ("social_iqa", "physical_iqa")
    },
    **{f"winogrande_{size}": (WINOGRANDE,) for size in ("xs", "s", "m", "l", "xl", "debiased")},
    **{
        f"adversarialqa_{model}": (
            Quirk(
                ":1762",
                template=_PASSAGE,
                clean=lowered,
                tab=" \t ",
                end=" ",
                unlabelled="",
            ),
        )
        for model in ("dbert", "dbidaf", "droberta")
    },
    "ambigqa": (
        Quirk(
            ":1005",
            template="{question}",
            clean=spaced,
            answers="each",
            unknown="upstream drew up to three orders of several meanings' answers, and wrote a "
            "row for each; these rows have the source's order, once",
        ),
    ),
    "aqua_rat": (
        Quirk(
            ":1792",
            template=r"{question}\n{choices}",
            letter="({})",
            letters=ascii_lowercase,
            clean=lowered,
            output=before_bracket,
            end=" ",
        ),
    ),
    "arc_easy_with_ir": (_WITH_IR,),
    "arc_hard_with_ir": (_WITH_IR,),
    "boolq": (
        replace(
            _MULTIQA,
            proof="boolq/{dev,train}.tsv",
            order=multiqa_order,
            unknown="the published rows have the page's title, which is in the authors' files "
            "(train.jsonl, dev.jsonl), but not in the hub's",
        ),
    ),
    **dict.fromkeys("searchqa squad1_1 squad2 triviaqa".split(), (_SHUFFLED,)),
    "newsqa": (replace(_SHUFFLED, leaves_out=is_unanswerable),),
    "hotpotqa": (
        replace(
            _SHUFFLED,
            unknown=f"{_ORDER}; whether its paragraphs have the source's order isn't known either",
        ),
    ),
    "duorc_self": (replace(_SHUFFLED, folder="duo_rc_self"),),
    "duorc_paraphrase": (replace(_SHUFFLED, folder="duo_rc_paraphrase"),),
    "boolq_np": (Quirk(":968", template=r"{question}\n{context}", clean=as_is),),
    "codah": (Quirk(":1831", template=_CHOICES, letters=ascii_lowercase, clean=spaced, end=" "),),
    "contrast_sets_boolq": (
        Quirk(
            "contrast_sets_boolq/dev.tsv",
            template=_PASSAGE,
            clean=as_is,
            question=asked(as_is),
        ),
    ),
    "contrast_sets_drop": (
        Quirk(
            "contrast_sets_drop/dev.tsv",
            template=_PASSAGE,
            clean=as_is,
            leaves_out=has_empty_answer,
        ),
    ),
    "contrast_sets_quoref": (
        Quirk(
            "contrast_sets_quoref/dev.tsv",
            template=r"{question}\n{context}",
            clean=as_is,
            context=spaced,
            answers="joined",
        ),
    ),
    "contrast_sets_ropes": (replace(_EACH, proof="contrast_sets_ropes/dev.tsv"),),
    "cosmosqa": (replace(_LATER, proof=":2103", template=_ALL, choice=stripped, end=" "),),
    "covidqa": (
        replace(_EACH, proof=":1861", folder="covid_qa_deepset", leaves_out=is_unanswerable),
    ),
    "csqa2": (
        Quirk(":1267", template="{question}", clean=stripped, question=asked(stripped), tab=" \t"),
    ),
    "dream": (replace(_LATER, proof=":2204", question=stripped, context=turns, end=" "),),
    "drop": (Quirk(":569", template=_PASSAGE, clean=spaced, leaves_out=has_empty_answer),),
    "head_qa": (
        Quirk(
            ":1949",
            folder="head_qa_en_test",
            template=r"{question} \n  {choices}",
            letters=ascii_lowercase,
            clean=lowered,
            tab=" \t ",
            end=" ",
        ),
    ),
    "mcscript": (_MCSCRIPT,),
    "mcscript2": (
        replace(
            _MCSCRIPT,
            folder="mcscript 2.0",
            unknown="upstream's folder mcscript 2.0 has the rows of mcscript, read twice",
        ),
    ),
    **{
        f"mctest_{stories}": (
            _MCTEST,
            replace(
                _MCTEST,
                proof="mctest/{dev,train}.tsv, without the last line end",
                folder="mctest",
                template="{question} {choices} {context}",
            ),
        )
        for stories in ("mc160", "mc500")
    },
    "mmlu": (replace(_MMLU, folder="measuring_massive_multitask_language_understanding"),),
    "multirc": (
        Quirk(
            ":877",
            template=_PASSAGE,
            clean=spaced,
            answers="yes or no",
            leaves_out=says_neither,
            unknown="upstream read a file of questions that ask for yes or no, made by a program "
            "that nobody has; these are those of which a right answer is just yes or no, and it "
            "wrote dev, then train, into both files",
        ),
    ),
    "narrativeqa": (
        Quirk(
            ":846",
            template=_PASSAGE,
            clean=unix_lines,
            context=joined_lines,
            answers="each",
            tab=" \t ",
            end=" ",
        ),
    ),
    "natural_questions": (
        Quirk(
            ":1059",
            folder="natural_questions_direct_ans",
            template="{question}",
            clean=spaced,
            question=asked(spaced),
            answers="each",
        ),
    ),
    "onestopqa": (
        replace(
            _LATER,
            proof=":1684",
            template=_ALL,
            choice=one_line,
            context=one_line,
            output=one_line,
            tab=" \t ",
            end=" ",
            unknown="the order of upstream's rows is that of its folder's listing, which nobody "
            "knows, and it wrote a file for each level",
        ),
    ),
    "openbookqa_with_ir": (replace(_WITH_IR, proof=":920"),),
    "processbank": (
        Quirk(
            ":2053",
            template=_ALL,
            letters=ascii_lowercase,
            clean=lowered_stripped,
            tab=" \t ",
            end=" ",
            leaves_out=is_only_one,
        ),
    ),
    "prost": (
        Quirk(
            ":2239",
            folder="prost_open_domain_with_context",
            template=_PASSAGE,
            clean=stripped,
            output=as_is,
            end=" ",
        ),
        Quirk(
            ":2239",
            folder="prost_open_domain_with_no_context",
            template="{question}",
            clean=stripped,
            output=as_is,
            end=" ",
        ),
    ),
    **dict.fromkeys(("pubmedqa", "pubmedqa_artificial"), (_PUBMEDQA,)),
    "pubmedqa_unlabeled": (
        replace(_PUBMEDQA, unknown="upstream wrote these with their long answers, not yet read"),
    ),
    "qaconv": (
        Quirk(
            "encode_datasets.py at c3f223c, :2283; the last row has no line end",
            template=_PASSAGE,
            clean=stripped,
            context=turns,
            tab=" \t ",
            no_answer="unanswerable",
        ),
    ),
    "qasc_with_ir": (
        replace(
            _WITH_IR,
            proof=":105, with :66; sha256 known of qasc_with_ir/{dev,test}.tsv",
            unknown="upstream wrote the last four sentences found for each choice, as spaCy cut "
            "them, in the order of a set, which differs each time; these rows have all of them, in "
            "the choices' order",
        ),
    ),
    "quail": (
        replace(
            _LATER,
            proof=":1627",
            template=_ALL,
            question=squeezed,
            tab=" \t ",
            end=" ",
            leaves_out=is_first,
        ),
    ),
    "quoref": (replace(_EACH, proof=":789"),),
    "race_c": (replace(_LATER, proof=":1512", folder="race-c", end=" ", unknown=_RACE.unknown),),
    "race_high": _race("high"),
    "race_middle": _race("middle"),
    "reclor": (
        replace(
            _LATER,
            proof=":1458",
            hidden=replace(_LATER, proof=":1481", template=_ALL, choice=stripped),
        ),
    ),
    "record": (
        replace(
            _LATER,
            proof=":1597",
            template=_ALL,
            question=asked(squeezed, "."),
            choice=stripped,
            tab=" \t ",
            end=" ",
            leaves_out=is_of_first_passage,
            unknown="upstream joins a passage and its highlights without the stops that these "
            "rows have, and lists the entities in the source's order, without the other answers",
        ),
    ),
    "ropes": (replace(_EACH, proof=":814"),),
    "strategyqa": (
        Quirk(
            ":1384",
            template="{question}",
            clean=stripped,
            question=asked(stripped),
            tab=" \t",
            unknown=r"upstream writes `\n (term) ` and retrieved sentences, which are not in the "
            "rows, after the question",
        ),
    ),
    "tweetqa": (
        Quirk(":2137", template=_PASSAGE, clean=stripped, question=asked(stripped), end=" "),
    ),
}
