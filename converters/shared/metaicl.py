"""MetaICL's copies (Min et al. 2022): the input, its options, and the gold as a text."""

from pydantic import Field

from unifiedqa_convert.schema import FieldError, Row, Text


class MetaIclRow(Row):
    """A row of MetaICL's k-shot files, whose test is the dataset's validation split."""

    shape = "metaicl"
    text: Text = Field(alias="input", description="question")
    options: list[Text] = Field(min_length=2, description="choices, in the source's order")
    output: Text = Field(description="gold: the one option that is this text")

    @property
    def gold(self) -> int:
        """Position of the option that the output repeats; FieldError where it is not one."""
        places = [place for place, text in enumerate(self.options) if text == self.output]
        if len(places) != 1:
            raise FieldError("output", f"{self.output!r} is {len(places)} of the options")
        return places[0]
