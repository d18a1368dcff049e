"""Recipe ``vera``: a chunk's statements as upstream's prepare_data.py makes them of its records.

The record is written as a TSV line and read back as upstream reads it (declare/compat.py), defects
included; the context stays apart from the sentence, for whoever writes the two together.
"""

from collections import Counter
from dataclasses import replace

from unifiedqa_convert.chunk import Chunk, count
from unifiedqa_convert.declare import Ask, QuestionConverter, Sentence
from unifiedqa_convert.declare.asking import as_said
from unifiedqa_convert.declare.compat import TASKS, Draft, Line, SkippedLine, read_line
from unifiedqa_convert.encode import declarative_record
from unifiedqa_convert.profiles import Profile
from unifiedqa_convert.schema import Converted, MultipleChoice, Statement

UNLABELLED = "upstream has labelled rows only"


def is_upstreams(dataset: str) -> bool:
    """Whether upstream knows the dataset; of others recipe ``vera`` says what ``clean`` says."""
    return dataset in TASKS


def as_upstream(
    chunk: Chunk, dataset: str, profile: Profile, converter: QuestionConverter | None
) -> Chunk:
    """The chunk with upstream's statements in place of its own, counted anew."""
    lines = [_line(dataset, item, profile) for item in chunk.converted]
    drafts = [draft for line in lines if isinstance(line, Line) for draft in line.drafts()]
    asks = [draft.ask for draft in drafts if draft.ask is not None]
    said = {} if converter is None else as_said(converter, asks)
    counts = Counter({key: n for key, n in chunk.counts.items() if key.startswith("rows/")})
    counts["asks/asked"] = len(asks)
    counts["asks/distinct per chunk"] = len(set(asks)) if converter else 0
    if converter is None:
        counts["statements/not made/no question converter"] = len(asks)
    converted = []
    for item, line in zip(chunk.converted, lines, strict=True):
        if isinstance(line, str):
            counts[f"statements/not made/{line}"] += 1
        statements = _statements(item, line, said) if isinstance(line, Line) else ()
        pairs = [declarative_record(s, item.example.context, profile) for s in statements]
        converted.append(
            item._replace(statements=statements, declaratives=tuple(pairs), ambiguous=frozenset())
        )
    made = Chunk(converted, chunk.rejects, counts)
    count(made)
    return made


def _line(dataset: str, item: Converted, profile: Profile) -> Line | str:
    """The record as upstream reads it, or why it has no statement."""
    text, answer = item.question
    if answer is None:
        return UNLABELLED
    pad, end = profile.own.pad, profile.own.end
    try:
        return read_line(dataset, f"{text}{pad}\t{pad}{answer}{end}")
    except SkippedLine as error:
        return f"upstream skips the line: {error.kind}"


def _statements(item: Converted, line: Line, said: dict[Ask, Sentence]) -> tuple[Statement, ...]:
    """Golds first, as upstream has them; none is masked: upstream trains on all of them."""
    golds = item.example.golds if isinstance(item.example, MultipleChoice) else None
    places = (golds or (0,))[0], *line.places
    labelled = [*((d, True) for d in line.golds), *((d, False) for d in line.distractors)]
    if not line.golds:  # a false yes/no statement stands alone
        places = (0,)
    made = []
    for place, (draft, label) in zip(places, labelled, strict=True):
        sentence = _said(draft, said)
        if sentence is not None:
            made.append(Statement(sentence.text, label, place, sentence.via))
    return tuple(made)


def _said(draft: Draft, said: dict[Ask, Sentence]) -> Sentence | None:
    """The statement without its context; None where nobody answered what it asks."""
    apart = replace(draft, context=None)
    if draft.ask is None:
        return Sentence(apart.said(lambda ask: said[ask].text), "given")
    if draft.ask not in said:
        return None
    return Sentence(apart.said(lambda ask: said[ask].text), said[draft.ask].via)
