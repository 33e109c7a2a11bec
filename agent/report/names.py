"""What the sectors of a run are called for people: in the language of its agent file, where such names are known.

JSON and logs keep the names of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.result import RunResult
from agent.taxonomy import SectorSpec, Taxonomy, folded


@dataclass(frozen=True)
class SectorNames:
    """`names = SectorNames.of(result)`, then `names("Banks")` is `Ngân hàng` under `language: vi`."""

    taxonomy: Taxonomy
    language: str

    @classmethod
    def of(cls, result: RunResult) -> SectorNames:
        """By the sectors of the run's agent file. What another version wrote and this one does not take names none."""
        given = result.spec.get("sectors")
        try:
            sectors = {name: SectorSpec.model_validate(about) for name, about in dict(given).items()} if given else {}
        except (TypeError, ValueError):
            sectors = {}
        return cls(Taxonomy(sectors), result.language)

    def __call__(self, sector: str) -> str:
        """A sector's name in the language; as it was given where there is no other."""
        return self.taxonomy.display(sector, self.language)

    def key(self, sector: str) -> str:
        """Equal for all names of one sector, whether an answer, a figure or another run has them."""
        return self.taxonomy.canonical(sector) or folded(sector)
