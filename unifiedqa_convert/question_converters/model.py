"""A model as a question converter: prompts, batches, and nothing said twice.

Which prompts make a batch follows from the asks and the options alone: the batches of all asks are
laid out first, and those of their prompts that are in the cache are then left out. A batch goes to
the cache as a whole, so a run that was killed and is resumed meets the same cache before each batch
as a run that was not.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from unifiedqa_convert.errors import QuestionConverterError
from unifiedqa_convert.question_converters.base import Ask, Backend, Fact, Sentence
from unifiedqa_convert.question_converters.local_models import Checkpoint
from unifiedqa_convert.question_converters.prompts import Prompt
from unifiedqa_convert.question_converters.sentence_cache import Key, SentenceCache

# Prompts → batches for a model: of like length, within a budget of tokens. Pure.

SHORTEST = 32
"""What a prompt counts at least: its sentence costs memory too, however short the question."""


def token_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Places of ``lengths``, longest first, cut so that a padded batch stays within ``budget``.

    A padded batch costs its longest prompt times its size. A prompt longer than the budget is a
    batch of its own. The longest come first, so that what does not fit in memory fails at once.
    Equal lengths keep their order: the batches depend on the lengths and the budget only.
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
    """A loaded model: what transformers and CTranslate2 have in common."""

    device: str
    dtype: str
    batch_tokens: int
    library: str

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """Token ids of each prompt."""
        ...

    def generate(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """One batch → as many texts."""
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
        """Nothing is loaded yet: where every answer is in the cache, no model ever is."""
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
        """What the model says, as it says it."""
        prompts = [self._prompt.of(ask) for ask in asks]
        distinct = list(dict.fromkeys(prompts))
        said = self._cache.find(self._key, distinct)
        if len(said) < len(distinct):
            self._generate(distinct, said)
        return [said[prompt] for prompt in prompts]

    def _generate(self, prompts: Sequence[str], said: dict[str, str]) -> None:
        """Add to ``said`` what is not there, batch by batch, each kept before the next."""
        ids = self._generator.encode(prompts)
        for batch in token_batches([len(one) for one in ids], self._generator.batch_tokens):
            wanted = [place for place in batch if prompts[place] not in said]
            if not wanted:
                continue
            texts = self._generator.generate([ids[place] for place in wanted])
            if len(texts) != len(wanted):
                raise QuestionConverterError(
                    f"{self.name} gave {len(texts)} texts for {len(wanted)} prompts"
                )
            made = {prompts[place]: text for place, text in zip(wanted, texts, strict=True)}
            for prompt, text in made.items():
                if not text.strip():
                    raise QuestionConverterError(f"{self.name} said nothing to {prompt!r}")
            said.update(self._cache.add(self._key, made))
