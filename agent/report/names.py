"""What the sectors of a run are called for people: in the language of its agent file, where such names are known.

JSON and logs keep the names of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.result import RunResult
from agent.taxonomy import Taxonomy


@dataclass(frozen=True)
class SectorNames:
    """`names = SectorNames.of(result)`, then `names("Banks")` is `Ngân hàng` under `language: vi`."""

    taxonomy: Taxonomy
    language: str

    @classmethod
    def of(cls, result: RunResult) -> SectorNames:
        """By the sectors of the run's agent file."""
        return cls(result.taxonomy, result.language)

    def __call__(self, sector: str) -> str:
        """A sector's name in the language; as it was given where there is no other."""
        return self.taxonomy.display(sector, self.language)
