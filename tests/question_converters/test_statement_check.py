"""Which texts of a language model are the statement of a question and an answer."""

from typing import Any

import pytest

from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.question_converters.prompts import CHAT_PROMPT
from unifiedqa_convert.question_converters.remote.statement_check import cleaned, fault

FITTING = [
    (Ask("What does a fox dig with?", "its paws"), "A fox digs with its paws."),
    (Ask("Who is Bo?", "He is a cook."), "Bo is a cook."),
    (Ask("Does moss have roots?", "no"), "Moss has no roots."),
    (Ask("Does moss have roots?", "No, it does not."), "Moss doesn\u2019t have roots."),
    (Ask("Does moss have roots?", "no"), "It is not true that moss has roots."),
    (Ask("Aren't whales fish?", "yes"), "Whales are fish."),
    (Ask("Aren't whales fish?", "no"), "Whales aren't fish."),
    (Ask("What isn't a mammal?", "a trout"), "A trout is not a mammal."),
    (Ask("Why is the oven off?", "it smoked"), "The oven is off because it smoked."),
    (Ask("What kind of animal is a shark?", "fish"), "A shark is a fish."),
    (Ask("Who was the U.S. envoy?", "Mr. Lee"), "Mr. Lee was the U.S. envoy."),
    (Ask("What can't a hen do?", "fly well"), "A hen cannot fly well."),
    (Ask("Which is taller, a pine or a bush?", "a pine"), "A pine is taller than a bush."),
    (Ask("How do you clean it?", "Use soap. Rinse it."), "You clean it: Use soap. Rinse it."),
    (Ask("What did Ann plan to do?", "She planned to leave"), "Ann planned to leave."),
    (Ask("Whose hat is red?", "Tom's"), "Tom's hat is red."),
]
UNFITTING = [
    (Ask("Does moss have roots?", "no"), "Moss has roots."),
    (Ask("Does moss have roots?", "yes"), "Moss does not have roots."),
    (Ask("Does moss have roots?", "yes"), "Moss may have roots."),
    (Ask("Does moss have roots?", "yes"), "Yes."),
    (Ask("Aren't whales fish?", "yes"), "Whales aren't fish."),
    (Ask("Aren't whales fish?", "no"), "Whales are fish."),
    (Ask("What isn't a mammal?", "a trout"), "A trout is a mammal."),
    (Ask("What can't a hen do?", "fly well"), "A hen can fly well."),
    (Ask("When did Al leave?", "before lunch"), "Al left after lunch."),
    (Ask("Who has a hat?", "Tom and Ann"), "Tom has a hat."),
    (Ask("How many hats are there?", "12"), "There are 13 hats."),
    (Ask("Is it so?", "they do"), "It is so."),
]


@pytest.mark.parametrize(("ask", "text"), FITTING)
def test_sentences_that_fit(ask: Ask, text: str) -> None:
    assert fault(ask, text) is None


@pytest.mark.parametrize(("ask", "text"), UNFITTING)
def test_sentences_that_do_not_fit(ask: Ask, text: str) -> None:
    assert fault(ask, text) is not None


@pytest.mark.parametrize("shown", CHAT_PROMPT.examples)
def test_each_example_of_the_prompt_passes_the_checks(shown: Any) -> None:
    assert fault(Ask(shown.question, shown.answer), shown.sentence) is None


def test_quotes_that_belong_to_the_sentence_stay() -> None:
    assert cleaned('"Yes" and "no" are words.') == '"Yes" and "no" are words.'
    assert cleaned('"A" is before "B"') == '"A" is before "B"'
