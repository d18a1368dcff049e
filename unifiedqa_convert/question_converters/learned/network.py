"""The network that judges a statement, with numpy alone, and the same bits on every machine.

All numbers are multiples of small powers of two and far from the limit of a float64, so that sums
are exact in any order, whatever the library or processor that adds them up. The last step compares
with stored limits and computes no exponential. ``tools/train_confidence.py`` makes the weights.
"""

import zlib
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from unifiedqa_convert.errors import ModelError
from unifiedqa_convert.question_converters.learned.alignment import Pair

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]

FILE = "confidence.npz"
WEIGHT = 1024.0
"""Weights are stored as whole numbers, this many to one."""
VALUE = 256.0
"""Values between layers are rounded to whole numbers, this many to one."""
AT_ONCE = 512
"""Statements in one pass."""


def rule_key(derived: Sequence[str]) -> str:
    """The rule's name among the features of how a sentence was made: its pattern and template."""
    return "\t".join(derived[:2])


class Network:
    """Sums of feature vectors, two convolutions over each text, their maxima, a hidden layer."""

    def __init__(self, stored: Any) -> None:
        import numpy as np  # here, so that `uqa --help` does not load it

        def weights(name: str) -> "Floats":
            made: Floats = stored[name].astype(np.float64) / WEIGHT
            return made

        self._words = stored["words"]  # int16; row 0 is no feature
        self._whole = stored["whole"]
        self._layers = {
            name: (weights(f"{name}_weight"), weights(f"{name}_bias"))
            for name in ("said1", "said2", "asked1", "asked2", "hidden", "out")
        }
        names = bytes(stored["names"]).decode().split("\n")
        self._numbers = {name: number for number, name in enumerate(names, 1)}
        derived = bytes(stored["derived_names"]).decode().split("\n")
        self._derived = {name: number for number, name in enumerate(derived, 1)}
        self._limits = stored["limits"]  # ascending; a score from the nth on has (n + 1) / 100
        self.doubt, self.margin = stored["choice"].tolist()
        """Below which score other candidates are compared, and by how much one must be better."""

        known = zip(bytes(stored["known_names"]).decode().split("\n"), stored["known"], strict=True)
        self.known = {name: int(share) / 100 for name, share in known if name}
        """Rules whose sentences need no judgement → the share that was right, two digits."""

    def calibrated(self, scores: Sequence[float]) -> list[float]:
        """Per score, the probability that a person would have written it, two digits."""
        import numpy as np

        places = np.searchsorted(self._limits, scores, side="right")
        found: list[float] = (places / 100).tolist()
        return found

    def scores(self, pairs: Sequence[Pair]) -> list[float]:
        """Per pair, the score before calibration."""
        found: list[float] = []
        for start in range(0, len(pairs), AT_ONCE):
            found += self._scores(pairs[start : start + AT_ONCE]).tolist()
        return found

    def _scores(self, pairs: Sequence[Pair]) -> "Floats":
        import numpy as np

        said = self._read([pair.said for pair in pairs], "said1", "said2")
        asked = self._read([pair.asked for pair in pairs], "asked1", "asked2")
        derived = self._sums(self._whole, self._derived, [pair.derived for pair in pairs])
        weight, bias = self._layers["hidden"]
        hidden = _rounded(np.concatenate((said, asked), 1) @ weight + bias + derived)
        weight, bias = self._layers["out"]
        scores: Floats = (hidden @ weight + bias)[:, 0]
        return scores

    def _sums(
        self, table: Any, numbers: dict[str, int], texts: Sequence[Sequence[str]]
    ) -> "Floats":
        """Per text, the sum of its features' vectors; (texts, width)."""
        import numpy as np

        wide = max(map(len, texts), default=1)
        get = numbers.get
        ids = np.array(
            [[*[get(n, 0) for n in names], *[0] * (wide - len(names))] for names in texts]
        )
        summed: Floats = table[ids].sum(1, dtype=np.int64) / WEIGHT
        return summed

    def _read(self, texts: Sequence[Sequence[Sequence[str]]], one: str, two: str) -> "Floats":
        """Per text of feature names per word, the maximum over its words; (texts, width)."""
        import numpy as np

        flat: list[Sequence[str]] = [()]
        starts = []
        for words in texts:
            starts.append(len(flat))
            flat.extend(words)
            flat.append(())  # an empty word between two texts
        inside = np.array([bool(names) for names in flat], np.float64)[:, None]
        values = self._sums(self._words, self._numbers, flat)
        first = _rounded(_windows(values, *self._layers[one])) * inside
        second = _rounded(_windows(first, *self._layers[two])) * inside + first
        found: Floats = np.maximum.reduceat(second, starts)
        return found


def _windows(values: "Floats", weight: "Floats", bias: "Floats") -> "Floats":
    """A convolution over three words; ``weight`` is (3, before, after)."""
    made: Floats = values @ weight[1] + bias
    made[1:] += values[:-1] @ weight[0]
    made[:-1] += values[1:] @ weight[2]
    return made


def _rounded(values: "Floats") -> "Floats":
    import numpy as np

    return np.rint(np.maximum(values, 0) * VALUE) / VALUE


@cache
def network() -> Network:
    """The stored network, read once. Raises ModelError if its file is damaged."""
    import numpy as np

    try:
        with _file().open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return Network(dict(stored))
    except (BadZipFile, zlib.error, OSError, EOFError, KeyError, ValueError) as error:
        raise ModelError(
            f"{FILE} of the installed unifiedqa-convert is damaged ({error}): install the package "
            "again, or use --question-converter rules-only"
        ) from None


@cache
def digest() -> str:
    """Of the stored network: another one tells other confidences."""
    return sha256(_file().read_bytes()).hexdigest()[:12]


def _file() -> Traversable:
    return resources.files("unifiedqa_convert.question_converters.learned").joinpath(FILE)
