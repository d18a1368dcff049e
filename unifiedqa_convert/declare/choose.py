"""The name a user gives → a question converter.

``rules``, ``none``; a preset's name or OWNER/NAME of the hub, as `uqa model fetch` brought it; a
folder, written ``./folder``, ``/folder`` or ``path:folder``.
"""

from unifiedqa_convert.declare import QuestionConverter
from unifiedqa_convert.declare.options import Options
from unifiedqa_convert.errors import UsageError

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
        return _remote(name)
    return _model(name, options)


def _rules() -> QuestionConverter:
    from unifiedqa_convert.declare.rules import Rules

    return Rules()


def _remote(url: str) -> QuestionConverter:
    """The place of a service's client: the one line that knows it."""
    raise UsageError(f"{url}: this version has no client for a question converter elsewhere")


def _model(name: str, options: Options) -> QuestionConverter:
    from unifiedqa_convert.declare import store
    from unifiedqa_convert.declare.cache import SentenceCache
    from unifiedqa_convert.declare.model import Generator, ModelConverter
    from unifiedqa_convert.declare.prompts import hub_id, prompt_for

    if store.is_path(name):
        if options.revision is not None:
            raise UsageError("--revision is for a hub repository; a folder is what it holds")
        checkpoint = store.at_path(name)
    else:
        checkpoint = store.fetched(hub_id(name), options.revision)
    prompt = prompt_for(options.prompt, checkpoint.hub)
    generator: Generator
    if options.backend == "ct2":
        from unifiedqa_convert.declare.ct2 import Ct2

        generator = Ct2(checkpoint, options)
    else:
        from unifiedqa_convert.declare.seq2seq import Seq2Seq

        generator = Seq2Seq(checkpoint, options)
    cache = SentenceCache(store.sentences())
    return ModelConverter(checkpoint, options.backend, prompt, generator, cache)
