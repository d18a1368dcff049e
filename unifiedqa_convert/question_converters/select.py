"""The name of ``--question-converter`` → a question converter.

``rules``, ``rules-only``, ``none``; a preset or OWNER/NAME on the hub, after `uqa model fetch`; a
folder, written ``./folder``, ``/folder`` or ``path:folder``; the ``http://`` address of a
`uqa serve`; a language model behind an OpenAI-compatible address,
``openai:MODEL@http://HOST:PORT/v1``.
"""

from unifiedqa_convert.errors import UsageError, missing_library
from unifiedqa_convert.question_converters.base import Options, QuestionConverter
from unifiedqa_convert.storage import is_path


def check_tells(name: str, min_confidence: float | None) -> None:
    """UsageError for a least confidence with a converter that tells no confidence."""
    if min_confidence is not None and not (name == "rules" or name.startswith("http")):
        raise UsageError(
            f"--min-confidence: the question converter {name} tells no confidence; use rules, or "
            "leave out --min-confidence"
        )


DEFAULTS = Options()


def question_converter(name: str, options: Options = DEFAULTS) -> QuestionConverter | None:
    """The converter of that name; None for ``none``, which makes no sentences.

    Raises UsageError if the name is unknown or the options don't apply to it, ModelError if the
    weights are not on this machine or not safe to read.
    """
    if name in ("rules", "rules-only", "none"):
        if options.given():
            raise UsageError(
                f"{', '.join(options.given())}: options of a model, but the question converter is "
                f"{name}; leave them out or choose a model with --question-converter"
            )
        return None if name == "none" else _rules(judged=name == "rules")
    if name.startswith(("http://", "https://", "openai:")):
        if of_a_model := [flag for flag in options.given() if flag != "--patience"]:
            raise UsageError(
                f"{', '.join(of_a_model)}: options of a local model; leave them out, the "
                f"service at {name.rpartition('@')[2]} has its own"
            )
        return _remote(name, options.patience)
    if "--patience" in options.given():
        raise UsageError(
            f"--patience is for a service (--question-converter http://… or openai:…), not for "
            f"{name}: leave it out"
        )
    return _model(name, options)


def _rules(judged: bool) -> QuestionConverter:
    from unifiedqa_convert.question_converters.learned.judged_rules import JudgedRules
    from unifiedqa_convert.question_converters.rules.converter import Rules

    return JudgedRules() if judged else Rules()


def _remote(url: str, patience: float) -> QuestionConverter:
    if url.startswith("openai:"):
        from unifiedqa_convert.question_converters.remote.chat import Chat

        return Chat(url, patience, _rules(judged=True))
    from unifiedqa_convert.question_converters.remote.uqa_serve import Remote

    return Remote(url, patience)


def _model(name: str, options: Options) -> QuestionConverter:
    from unifiedqa_convert.question_converters import local_models
    from unifiedqa_convert.question_converters.model import Generator, ModelConverter
    from unifiedqa_convert.question_converters.prompts import hub_id, prompt_for
    from unifiedqa_convert.question_converters.sentence_cache import SentenceCache

    if is_path(name):
        if options.revision is not None:
            raise UsageError("--revision is for a hub repository, not for a folder: leave it out")
        checkpoint = local_models.at_path(name)
    else:
        try:
            hub = hub_id(name)
        except UsageError as error:
            raise UsageError(
                f"--question-converter takes rules, rules-only, none or a model: {error}"
            ) from None
        checkpoint = local_models.fetched_model(hub, options.revision)
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
