"""A taxonomy: the sectors of a market, what else each is called, and which ticker belongs to which."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, TypeAlias

from pydantic import Field, ValidationError

from agent import data
from agent.section import Section, Text
from agent.source import Address, read

Language: TypeAlias = Annotated[str, Field(pattern="^[a-z]{2}$")]

_SHIPPED = ("vn", "international")
"""Of a sector that both have, the first says what it is called."""
_WORDS = re.compile(r"[^\s_/&,-]+")
LONGEST_NAME = 80
"""Of what a model wrote in place of a name, this much is compared."""
_JOINING = {"and", "và", "va"}
_LISTED_AT = re.compile(r"\A[A-Z]+:|\.[A-Z]{1,3}\Z")
"""What servers put around a ticker to say where it is listed: HOSE:VCB, VCB.VN."""
_CLASS = re.compile(r"\.[A-Z]\Z")
"""How a class of shares may end, too: BRK.B."""


class SectorSpec(Section):
    """A sector's own name is its key, which stands in figures and answers."""

    names: dict[Language, Text] = Field(default_factory=dict, json_schema_extra={"additionalProperties": False})
    """What it is called in other languages, by language: vi, en."""
    aliases: list[Text] = Field(default_factory=list)
    """Its other names, in any language; case, blanks and, where that is clear, accents do not matter."""
    tickers: list[Text] = Field(default_factory=list)
    """The securities whose figures are added up for it."""


Sectors: TypeAlias = Annotated[dict[Text, SectorSpec], Field(min_length=1)]
SectorKey: TypeAlias = Callable[[str], str]
"""Equal for all names of one sector: `Taxonomy.key` where there is a taxonomy, else `folded`."""


class Taxonomy:
    """Sectors by all of their names, and by ticker. What two sectors claim belongs to the first: see `conflicts`."""

    def __init__(self, sectors: Mapping[str, SectorSpec], *, customary: bool = False) -> None:
        self.sectors = sectors
        self.customary = customary
        """Whether the other names are the customary ones, which nobody gave for these sectors."""
        self.aliases = {sector: [*about.names.values(), *about.aliases] for sector, about in sectors.items()}
        """Sector → all of its other names."""
        self._names: dict[str, str] = {}
        self._without_accents: dict[str, set[str]] = {}
        self._tickers: dict[str, str] = {}
        for sector, others in self.aliases.items():
            for name in map(folded, (sector, *others)):
                self._names.setdefault(name, sector)
                self._without_accents.setdefault(_bare(name), set()).add(sector)
            for ticker in sectors[sector].tickers:
                self._tickers.setdefault(ticker.upper(), sector)

    @classmethod
    def logged(cls, sectors: Any) -> Taxonomy:
        """Of an agent file as a log has it; without sectors where it names none, and for what another version wrote and
        this one does not take.
        """
        try:
            known = dict(sectors) if isinstance(sectors, Mapping) else {}
            return cls({name: SectorSpec.model_validate(about) for name, about in known.items()})
        except ValidationError:
            return cls({})

    def key(self, name: str) -> str:
        """Equal for all names of one sector, whether an answer, a figure or another run has them."""
        return folded(self.canonical(name) or name)

    def canonical(self, name: str) -> str | None:
        """The sector's own name; None for what is no name of any sector, or without its accents of several."""
        own = folded(name)
        if sector := self._names.get(own):
            return sector
        found = self._without_accents.get(_bare(own), set())
        return next(iter(found)) if len(found) == 1 else None

    def sector_of(self, ticker: str) -> str | None:
        """The sector of a security, with or without the exchange before or after its ticker."""
        return self._tickers.get(self.security(ticker))

    def security(self, ticker: str) -> str:
        """One spelling for all of a ticker's: VCB for vcb, HOSE:VCB and VCB.VN."""
        said = ticker.strip().upper()
        bare = _LISTED_AT.sub("", said)
        if said in self._tickers or (bare not in self._tickers and _CLASS.search(said)):
            return said
        return bare

    def display(self, name: str, language: str) -> str:
        """What the sector of that name is called in a language; the name itself where no other is known. A taxonomy
        without sectors has what is customary.
        """
        if not self.sectors:
            return customary(language).get(folded(name), name)
        about = self.sectors.get(self.canonical(name) or "")
        return about.names.get(language, name) if about else name

    def nearest(self, name: str, count: int = 3) -> list[str]:
        """The sectors with a name that resembles `name`, the most alike first."""
        near = difflib.get_close_matches(folded(name)[:LONGEST_NAME], self._names, n=count * 3, cutoff=0.5)
        return list(dict.fromkeys(self._names[each] for each in near))[:count]


@cache
def _shipped() -> Mapping[str, Taxonomy]:
    """The taxonomies that come with the package, whose own names are English."""
    folder = data.root() / "configs" / "taxonomies"
    read_all = {each: read(folder / f"{each}.yaml").value for each in _SHIPPED}
    return {
        each: Taxonomy({sector: SectorSpec.model_validate(about) for sector, about in sectors.items()})
        for each, sectors in read_all.items()
    }


@cache
def customary(language: str) -> Mapping[str, str]:
    """What sectors are called where no taxonomy is given: folded name → name in the language.

    Of aliases the English ones of the international taxonomy count: those of the Vietnamese one are often of a part of
    a sector (steel, ports), and two parts must not share one name.
    """
    if language == "en":
        return {}
    named = [each for taxonomy in _shipped().values() for each in taxonomy.sectors.items()]
    own = {folded(sector): about.names[language] for sector, about in reversed(named) if language in about.names}
    international = _shipped()["international"].sectors.items()
    others = ((alias, folded(sector)) for sector, about in international for alias in about.aliases if alias.isascii())
    return {folded(alias): own[sector] for alias, sector in others if sector in own} | own


def as_customary(sectors: Iterable[str]) -> Taxonomy:
    """These sectors where no taxonomy is given, each with the other names that the shipped ones have for it.

    Where several of them are parts of one sector there, only that of its very name has its other names.
    """
    known = {sector: _customary_names(sector) for sector in sectors}
    own, parts = set(map(folded, known)), Counter(map(tuple, known.values()))
    return Taxonomy(
        {
            sector: SectorSpec(aliases=[name for name in names if folded(name) not in own])
            if names and (parts[tuple(names)] == 1 or folded(names[0]) == folded(sector))
            else SectorSpec()
            for sector, names in known.items()
        },
        customary=True,
    )


def _customary_names(sector: str) -> list[str]:
    """All names of the shipped sector that has this one, at best as its own; its own is the first."""
    found = [
        [name, *taxonomy.aliases[name]] for taxonomy in _shipped().values() if (name := taxonomy.canonical(sector))
    ]
    return min(found, key=lambda names: folded(names[0]) != folded(sector), default=[])


class KnownSectors:
    """The sectors that an answer may be about: those of a universe, in its words, else those of a taxonomy.

    Without either, any text may name one.
    """

    def __init__(self, universe: Sequence[str], taxonomy: Taxonomy | None) -> None:
        self._taxonomy = taxonomy or Taxonomy({})
        self._names = {self._taxonomy.key(name): name for name in universe or self._taxonomy.sectors}

    def __bool__(self) -> bool:
        return bool(self._names)

    def own_name(self, name: str) -> str | None:
        """The name under which an answer has the sector; None for an unknown one."""
        return self._names.get(self._taxonomy.key(name))

    def nearest(self, name: str) -> list[str]:
        """Names that resemble it; all of them where none does."""
        near = self._taxonomy.nearest(name)
        return [own for each in near if (own := self.own_name(each))] or list(self._names.values())


def folded(name: str) -> str:
    """Equal for names that differ in case, in blanks and marks between words, in `&` for `and`, or in how accents are
    encoded. Empty for blanks alone.
    """
    text = unicodedata.normalize("NFC", name).casefold()
    words = _WORDS.findall(text)
    return " ".join(word for word in words if word not in _JOINING) or " ".join(words) or text.strip()


def _bare(name: str) -> str:
    """A folded name without accents: `ngân hàng` → `ngan hang`."""
    parts = unicodedata.normalize("NFD", name.replace("đ", "d"))
    return "".join(part for part in parts if not unicodedata.combining(part))


def conflicts(sectors: Mapping[str, SectorSpec]) -> Iterator[tuple[Address, Address, str]]:
    """What two sectors claim: where the second one does, where the first one does, and the claimed text."""
    names: dict[str, Address] = {}
    tickers: dict[str, Address] = {}
    for sector, about in sectors.items():
        claims: list[tuple[Address, str]] = [((sector,), sector)]
        claims += [((sector, "names", language), name) for language, name in about.names.items()]
        claims += [((sector, "aliases", at), alias) for at, alias in enumerate(about.aliases)]
        for kind, claimed in (
            (names, [(address, text, folded(text)) for address, text in claims]),
            (tickers, [((sector, "tickers", at), text, text.upper()) for at, text in enumerate(about.tickers)]),
        ):
            for address, text, key in claimed:
                first = kind.setdefault(key, address)
                if first[0] != sector:
                    yield address, first, text
