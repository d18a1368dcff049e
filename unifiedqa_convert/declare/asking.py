"""The one door to a question converter: what was asked comes back answered, or an error."""

from collections.abc import Sequence

from unifiedqa_convert.declare import Ask, QuestionConverter, Sentence
from unifiedqa_convert.errors import QuestionConverterError


def answers(converter: QuestionConverter, asks: Sequence[Ask]) -> dict[Ask, Sentence]:
    """Each distinct ask, put to the converter once.

    Raises QuestionConverterError where the converter gives too few or too many sentences, or an
    empty one: a sentence out of place would be a false label.
    """
    distinct = list(dict.fromkeys(asks))
    if not distinct:
        return {}
    sentences = converter.convert(distinct)
    if len(sentences) != len(distinct):
        raise QuestionConverterError(
            f"question converter {converter.name} gave {len(sentences)} sentences "
            f"for {len(distinct)} asks"
        )
    for ask, sentence in zip(distinct, sentences, strict=True):
        if not sentence.text.strip():
            raise QuestionConverterError(
                f"question converter {converter.name} gave an empty sentence for {ask!r}"
            )
    return dict(zip(distinct, sentences, strict=True))
