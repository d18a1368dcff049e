"""A model as a question converter: prompts, batches and the sentence cache.

The batches depend on the asks and the options only: they are made from all asks, and prompts that
are in the cache are left out afterwards. A batch is written to the cache as a whole, so a run that
was killed and resumed finds the same cache before each batch as a run that was not.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from unifiedqa_convert.errors import QuestionConverterError
from unifiedqa_convert.question_converters.base import Ask, Backend, Fact, Sentence
from unifiedqa_convert.question_converters.local_models import Checkpoint
from unifiedqa_convert.question_converters.prompts import Prompt
from unifiedqa_convert.question_converters.sentence_cache import Key, SentenceCache

SHORTEST = 32
"""Minimum length that a prompt counts: the sentence to generate takes memory too."""


def token_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Batches of positions in ``lengths``, each within ``budget`` tokens when padded.

    A padded batch costs its longest prompt times its size; a prompt longer than the budget is a
    batch of its own. The longest come first, so that a batch that does not fit in memory fails at
    once. Equal lengths keep their order: the batches depend on the lengths and the budget only.
    """
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    batches: list[list[int]] = []
    width = 0
    for place in order:
        if not batches or (len(batches[-1]) + 1) * width > budget:
            batches.append([])
            width = max(lengths[place], SHORTEST)
        batches[-1].append(place)
    return batches


class Generator(Protocol):
    """A model under transformers or CTranslate2."""

    device: str
    dtype: str
    batch_tokens: int
    library: str

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """Token ids of each prompt."""
        ...

    def generate(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """One batch → as many texts, in order."""
        ...


class ModelConverter:
    """Asks → sentences through a prompt, a cache and a generator."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        backend: Backend,
        prompt: Prompt,
        generator: Generator,
        cache: SentenceCache,
    ) -> None:
        """Loads nothing: if all sentences are in the cache, the model is never loaded."""
        self.name = checkpoint.name
        self.version = checkpoint.revision
        self.facts: Mapping[str, Fact] = {
            "backend": backend,
            "device": generator.device.partition(":")[0],
            "dtype": generator.dtype,
            "batch_tokens": generator.batch_tokens,
            "prompt": prompt.template,
            "lower": prompt.lower,
            "library": generator.library,
        }
        self._via = checkpoint.short
        self._key = Key(self.name, self.version, f"{backend} {generator.dtype}")
        self._prompt = prompt
        self._generator = generator
        self._cache = cache

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """One finished sentence per ask, in order."""
        return [Sentence(self._prompt.finished(text), self._via) for text in self.texts(asks)]

    def texts(self, asks: Sequence[Ask]) -> list[str]:
        """The raw model output for each ask, without adding a full stop."""
        prompts = [self._prompt.of(ask) for ask in asks]
        distinct = list(dict.fromkeys(prompts))
        texts = self._cache.find(self._key, distinct)
        if len(texts) < len(distinct):
            self._generate(distinct, texts)
        return [texts[prompt] for prompt in prompts]

    def _generate(self, prompts: Sequence[str], known: dict[str, str]) -> None:
        """Add the missing texts to ``known``; each batch is in the cache before the next starts."""
        ids = self._generator.encode(prompts)
        for batch in token_batches([len(one) for one in ids], self._generator.batch_tokens):
            missing = [place for place in batch if prompts[place] not in known]
            if not missing:
                continue
            texts = self._generator.generate([ids[place] for place in missing])
            if len(texts) != len(missing):
                raise QuestionConverterError(
                    f"{self.name} returned {len(texts)} texts for {len(missing)} prompts"
                )
            made = {prompts[place]: text for place, text in zip(missing, texts, strict=True)}
            for prompt, text in made.items():
                if not text.strip():
                    raise QuestionConverterError(
                        f"{self.name} returned an empty text for {prompt!r}"
                    )
            known.update(self._cache.add(self._key, made))
