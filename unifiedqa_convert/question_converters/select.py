"""The name a user gives → a question converter.

``rules``, ``none``; a preset's name or OWNER/NAME of the hub, as `uqa model fetch` brought it; a
folder, written ``./folder``, ``/folder`` or ``path:folder``; a ``uqa serve`` elsewhere, by its
``http://`` address.
"""

from collections.abc import Sequence

from unifiedqa_convert.errors import QuestionConverterError, UsageError, missing_library
from unifiedqa_convert.question_converters.base import Ask, Options, QuestionConverter, Sentence

# The one door to a question converter: what was asked comes back answered, or an error.


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


DEFAULTS = Options()


def question_converter(name: str, options: Options = DEFAULTS) -> QuestionConverter | None:
    """The converter of that name; None for ``none``, which leaves what must be asked unsaid.

    UsageError where there is none of that name, or the options don't fit; ModelError where its
    weights are not on this machine or not safe to read.
    """
    if name in ("rules", "none"):
        if options.given():
            raise UsageError(
                f"{', '.join(options.given())}: options of a model; the question converter is "
                f"{name} (--question-converter chooses another)"
            )
        return _rules() if name == "rules" else None
    if name.startswith(("http://", "https://")):
        if options.given():
            raise UsageError(
                f"{', '.join(options.given())}: options of a model here; the service at {name} "
                "has its own"
            )
        return _remote(name)
    return _model(name, options)


def _rules() -> QuestionConverter:
    from unifiedqa_convert.question_converters.rules.converter import Rules

    return Rules()


def _remote(url: str) -> QuestionConverter:
    from unifiedqa_convert.question_converters.remote import Remote

    return Remote(url)


def _model(name: str, options: Options) -> QuestionConverter:
    from unifiedqa_convert.question_converters import local_models
    from unifiedqa_convert.question_converters.model import Generator, ModelConverter
    from unifiedqa_convert.question_converters.prompts import hub_id, prompt_for
    from unifiedqa_convert.question_converters.sentence_cache import SentenceCache

    if local_models.is_path(name):
        if options.revision is not None:
            raise UsageError("--revision is for a hub repository; a folder is what it holds")
        checkpoint = local_models.at_path(name)
    else:
        checkpoint = local_models.fetched_model(hub_id(name), options.revision)
    prompt = prompt_for(options.prompt, checkpoint.hub)
    generator: Generator
    try:
        if options.backend == "ct2":
            from unifiedqa_convert.question_converters.ctranslate2_backend import Ct2

            generator = Ct2(checkpoint, options)
        else:
            from unifiedqa_convert.question_converters.transformers_backend import Seq2Seq

            generator = Seq2Seq(checkpoint, options)
    except ModuleNotFoundError as error:
        extra = "ct2" if options.backend == "ct2" else "model"
        raise missing_library(error.name, extra) from error
    cache = SentenceCache(local_models.sentences_file())
    return ModelConverter(checkpoint, options.backend, prompt, generator, cache)
