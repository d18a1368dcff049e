"""MetaICL's copies of datasets (Min et al. 2022): input, options, and the gold as text."""

from pydantic import Field

from unifiedqa_convert.schema import FieldError, Row, Text


class MetaIclRow(Row):
    """A row of MetaICL's k-shot files, whose test is the dataset's validation split."""

    shape = "metaicl"
    text: Text = Field(alias="input", description="question")
    options: list[Text] = Field(min_length=2, description="choices, in the source's order")
    output: Text = Field(description="gold: the one option with this text")

    @property
    def gold(self) -> int:
        """Position of the option that equals the output; FieldError unless exactly one does."""
        positions = [number for number, text in enumerate(self.options) if text == self.output]
        if len(positions) != 1:
            raise FieldError("output", f"{self.output!r} equals {len(positions)} of the options")
        return positions[0]
