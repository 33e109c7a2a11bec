"""What the words around a number say of it: its sector and metric, its sign, and what it is compared to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from agent.evidence import clues, words
from agent.evidence.lexicon import Cue
from agent.evidence.mentions import Mention
from agent.evidence.periods import said_of
from agent.evidence.sentence import Sentence

_WORDS = re.compile(r"(?<!\d)[^\W\d_]+")
_CONTINUES = re.compile(
    r"(?:\s|,|\([^()\n]{0,20}\)|(?:net|ròng|and|or|to|và|hoặc|đến|still|now|then|only|just|even|about|another|around|vẫn|chỉ"
    r"|khoảng|thêm|từ|from|between)\b)*",
    re.IGNORECASE,
)
_BOUNDS = {way: re.compile(rf"\b(?:{each})\s+$", re.IGNORECASE) for way, each in words.BOUNDS.items()}
_LIGHT = frozenset(words.LIGHT.split("|"))


@dataclass(frozen=True)
class Context:
    topics: frozenset[str] = frozenset()
    nearest: frozenset[str] = frozenset()
    """The topics of the metric word that stands nearest; where it is empty, none is named beside the number."""
    earlier: frozenset[str] = frozenset()
    """What was spoken of before, which the number may be about."""
    moved: bool = False
    """Its clause says that something rose or fell, and not what."""
    direction: int = 0
    allowed: int = 0
    """A direction that it may have as well."""
    subject: str | None = None
    """The one sector that the number is said of."""
    sectors: tuple[str, ...] = ()
    """Those named in the sentence, in order."""
    by: bool = False
    """It is said by how much one sector differs from another."""
    lookbacks: tuple[int, ...] = ()
    """Days of the periods that it may be over; none where nothing is said of it."""
    bound: int = 0
    """The figure may be a little more (1) or less (-1): it is said to be above or below a round number."""
    cues: frozenset[str] = frozenset()
    """Kinds of the sentence's cues: compare, sum, mean, change, whole, market."""
    compared: int | None = None
    """The direction of the nearest comparison; None without one."""
    norm: bool = False
    """It is said how far a figure is from its average, its trend or what is normal."""
    past: bool = False
    """It may be the reading before the newest."""
    changed: bool = False
    """It may be how much something changed."""
    dated: bool = False
    """Its sentence names a day or a year."""
    move: int = 0
    """The direction of what its clause says to have moved."""
    toward: int = 0
    """The direction in which something moved to it."""
    net: bool = False
    of_market: bool = False
    """It is said of the market, or the benchmark."""
    forecast: bool = False
    abroad: bool = False


def contexts(sentence: Sentence, mentions: Sequence[Mention]) -> Iterator[Context]:
    """For each number of one sentence that claims something, in order."""
    dated = any(each.why in ("date", "year") for each in mentions)
    mentions = [each for each in mentions if each.why is None]
    previous: Mention | None = None
    before = Context()
    respectively = words.RESPECTIVELY.search(sentence.text, sentence.start, sentence.end) is not None
    for at, mention in enumerate(mentions):
        following = mentions[at + 1].start if at + 1 < len(mentions) else sentence.end
        around = _Around(sentence, mention, previous.end if previous else sentence.start, following)
        context = replace(around.context(before, previous, respectively), dated=dated)
        yield context
        previous, before = mention, context


class _Comparison(NamedTuple):
    way: int = 0
    object: str | None = None
    """market or norm; None for what is not said."""


class _Around:
    """The clauses before a number, the nearest first, and what follows it: `tail` to the end of its clause, `noun` to
    the first verb."""

    def __init__(self, sentence: Sentence, mention: Mention, begins: int, ends: int) -> None:
        self.text, self.sentence, self.mention, self.begins = sentence.text, sentence, mention, begins
        edges = [begins, *(each for cut in sentence.breaks(begins, mention.start) for each in cut), mention.start]
        clauses = list(zip(edges[::2], edges[1::2], strict=True))[::-1]
        # What stands in a clause of no weight, as `, +3.5 %` and `(3.1 %)` do, is said by the clause before it.
        empty = next((at for at, each in enumerate(clauses[:-1]) if not self._is_light(*each)), len(clauses) - 1)
        self.extended = empty > 0
        clauses = [(clauses[empty][0], mention.start), *clauses[empty + 1 :]]
        self.span = clauses[0]
        self.clauses = [sentence.cues(*clause) for clause in clauses]
        tail_end = min(sentence.clause_end(mention.end), ends)
        verb = words.PREDICATE.search(self.text, mention.end, tail_end)
        self.behind, self.ends = (mention.end, tail_end), ends
        self.tail = sentence.cues(mention.end, tail_end)
        self.noun = sentence.cues(mention.end, verb.start()) if verb else self.tail
        self.comparison = self._comparison()

    def _is_light(self, start: int, end: int) -> bool:
        return all(word.casefold() in _LIGHT for word in _WORDS.findall(self.text[start:end]))

    def context(self, before: Context, previous: Mention | None, respectively: bool) -> Context:
        own, sentence = self.clauses[0], self.sentence
        continues = (
            previous is not None and _CONTINUES.fullmatch(self.text, previous.end, self.mention.start) is not None
        )
        alike = previous is not None and (
            previous.unit.kind == self.mention.unit.kind or (continues and self._is_level() is not None)
        )
        topics, nearest, earlier = self._topics(before, alike)
        moved = not nearest and any(cue.kind == "move" for cue in own) and self._is_of(own, "topic") is None
        direction, allowed = self._direction(before, continues, bool(nearest))
        compares = [cue for clause in self.clauses for cue in reversed(clause) if cue.kind == "compare"]
        compares += [cue for cue in self.tail if cue.kind == "compare"]
        move = self._is_of(own, "move")
        way = int(move.value) if move else before.move if continues else 0
        topics, nearest = (self._with_kindred(each) for each in (topics, nearest))
        return Context(
            topics=frozenset() if respectively else topics,
            nearest=frozenset() if respectively else nearest,
            earlier=earlier,
            moved=moved,
            direction=direction,
            allowed=allowed,
            subject=self._subject() or (before.subject if continues else None),
            sectors=sentence.sectors,
            by=self._is_difference(own) or self.comparison.object == "market",
            lookbacks=() if respectively else self._lookbacks(),
            bound=self._bound(),
            cues=sentence.kinds,
            compared=int(compares[0].value) if compares else None,
            norm=self.comparison.object == "norm",
            past=self._is_past(),
            changed=self._is_changed(),
            move=way,
            toward=way if self._is_level() in words.TOWARDS else 0,
            net=clues.is_net(self.text, self.span, self.mention.end),
            of_market=self._is_of_market() or (continues and before.of_market),
            forecast=clues.is_forecast(self.text, self.span, self.behind),
            abroad=clues.is_abroad(self.text, self.span),
        )

    def _lookbacks(self) -> tuple[int, ...]:
        place, between = (self.mention.start, self.mention.end), (self.begins, self.ends)
        return said_of(self.text, place, between, self.sentence.start)

    def _comparison(self) -> _Comparison:
        """With the market, or with what is normal, directly behind the number or before it; of sectors, none."""
        ahead = next((cue for cue in self.noun if cue.kind == "compare"), None)
        if ahead is not None and self._follows(ahead):
            compare, after = ahead, [cue for cue in self.tail if cue.start >= ahead.end]
        elif (last := self._is_of(self.clauses[0], "compare")) is not None and not self.extended:
            compare, after = last, [cue for cue in self.clauses[0] if cue.start >= last.end]
        else:
            return _Comparison()
        kinds = [cue.kind for cue in after]
        if "entity" in kinds:
            return _Comparison()
        known = next((kind for kind in kinds if kind in ("market", "norm")), None)
        if known is None and compare is ahead:
            is_open = self.text[compare.start : compare.end].casefold() in words.AGAINST_MARKET
            return _Comparison(int(compare.value), "market" if is_open else None)
        return _Comparison(int(compare.value), known) if known else _Comparison()

    def _is_past(self) -> bool:
        """Words of an earlier reading stand beside the number; or elsewhere, and it is what another is compared to."""
        kinds = {cue.kind for cue in self.clauses[0]}
        near = self.sentence.cues(self.sentence.start, self.sentence.end) if "compare" in kinds else self.tail
        return "past" in kinds or not words.PAST_BEHIND.isdisjoint(map(self._spelled, near))

    def _is_changed(self) -> bool:
        if self._is_level() is not None:
            return False
        own = any(cue.kind == "move" or self._spelled(cue) in words.CHANGED for cue in self.clauses[0])
        return own or any(cue.kind in ("after", "move") and self._follows(cue) for cue in self.tail)

    def _is_of_market(self) -> bool:
        named = any(cue.kind in ("entity", "compare") for cue in self.clauses[0])
        return not named and clues.is_of_market(self.text, self.span)

    def _spelled(self, cue: Cue) -> str:
        return self.text[cue.start : cue.end].casefold()

    def _topics(self, before: Context, alike: bool) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        """Topics, the nearest and earlier ones. `alike`: the number before it has the same kind of unit."""
        of_clauses = [[cue for cue in clause if cue.kind == "topic"] for clause in self.clauses]
        after = [cue for cue in self.noun if cue.kind == "topic"]
        own, older = of_clauses[0], next((cues for cues in of_clauses[1:] if cues), [])
        unit = next((cue for cue in after if cue.value in words.MEASURED_IN and self._follows(cue)), None)
        own = [unit] if unit else [cue for cue in own if not self._is_verb(cue)]
        earlier = frozenset(str(cue.value) for cues in of_clauses[1:] for cue in cues) | before.topics | before.earlier
        moved = any(cue.kind == "move" for cue in self.clauses[0])
        if own:
            last = own[-1].start
            nearest = frozenset(str(cue.value) for cue in own if cue.start == last)
            return frozenset(str(cue.value) for cue in own), nearest, earlier
        if after:
            first = after[0].start
            nearest = frozenset(str(cue.value) for cue in after if cue.start == first)
            return nearest, nearest, earlier
        if alike and not older and not moved:
            return before.topics, before.nearest, earlier
        if older and not moved:
            last = older[-1].start
            nearest = frozenset(str(cue.value) for cue in older if cue.start == last)
            if nearest & words.PARTS_OF_FLOW:
                return frozenset({"flow"}), frozenset({"flow"}), earlier
            return frozenset(str(cue.value) for cue in older), nearest, earlier
        return frozenset(), frozenset(), earlier

    def _is_verb(self, cue: Cue) -> bool:
        """`trades 16.6 % below`: no trades are in percent."""
        return self._spelled(cue) == "trades" and self.mention.unit.kind == "percent"

    def _with_kindred(self, topics: frozenset[str]) -> frozenset[str]:
        """Prices in percent are performance; returns that are compared to the market are relative strength."""
        if "price" in topics and self.mention.unit.kind == "percent":
            topics |= {"performance"}
        if self.comparison.object == "market" and topics and topics <= words.MOVED | {"price"}:
            topics |= {"relative_strength"}
        return topics

    def _direction(self, before: Context, continues: bool, named: bool) -> tuple[int, int]:
        """What its own clause says; and what older words say, which it may have."""
        level = self._is_level() is not None
        own = self._way(self.clauses[0], level)
        if self.mention.signed:
            return (own if self._is_said_before() else 0), 0
        if self.comparison.way:
            return self.comparison.way, 0
        after = [cue for cue in self.tail if cue.kind in ("after", "side", "move")]
        follows = bool(after) and (after[0].kind == "after" or (after[0].kind == "side" and self._follows(after[0])))
        if own and not (self.extended and follows):
            return own, 0
        if follows:
            return int(after[0].value), 0
        if continues and before.direction and not level:
            return (0, before.direction) if named else (before.direction, 0)
        if self._is_of(self.clauses[0], "topic"):
            return 0, int(after[0].value) if after else 0
        older = next((way for clause in self.clauses[1:] if (way := self._way(clause, False))), 0)
        older = older or before.direction or before.allowed
        return 0, int(after[0].value) if after else older

    def _way(self, clause: Sequence[Cue], level: bool) -> int:
        """Of the last side in the clause, else of its last move unless what follows is a level."""
        if (side := self._is_of(clause, "side")) is not None:
            return int(side.value)
        move = self._is_of(clause, "move")
        return int(move.value) if move is not None and not level else 0

    @staticmethod
    def _is_of(clause: Sequence[Cue], kind: str) -> Cue | None:
        return next((cue for cue in reversed(clause) if cue.kind == kind), None)

    def _is_level(self) -> str | None:
        """`to`, `at` or `from`, where it stands before the number with nothing of weight between."""
        levels = [cue for cue in self.sentence.cues(self.begins, self.mention.start) if cue.kind == "level"]
        is_level = bool(levels) and self._is_light(levels[-1].end, self.mention.start)
        return self._spelled(levels[-1]) if is_level else None

    def _bound(self) -> int:
        if self.mention.decimals:
            return 0
        before = self.text[max(self.begins, self.mention.start - 14) : self.mention.start]
        return next((way for way, pattern in _BOUNDS.items() if pattern.search(before)), 0)

    def _is_said_before(self) -> bool:
        """A word of direction stands directly before the number."""
        ways = [cue for cue in self.clauses[0] if cue.kind in ("side", "move")]
        return not self.extended and bool(ways) and self._is_light(ways[-1].end, self.mention.start)

    def _follows(self, cue: Cue) -> bool:
        return self._is_light(self.mention.end, cue.start)

    def _subject(self) -> str | None:
        """The sector directly after the number (`of banks`), else the only one in its clause that is no object of a
        comparison, else the one whose genitive stands last. In ordinary case it is a word like others."""
        after = [cue for cue in self.noun if cue.kind in ("subject", "entity")][:2]
        if [cue.kind for cue in after] == ["subject", "entity"]:
            between = self.text[self.mention.end : after[0].start] + self.text[after[0].end : after[1].start]
            if between.strip().casefold() in ("", "the", "ngành"):
                return self._name(after[1])
        own = [cue for cue in self.clauses[0] if cue.kind in ("entity", "compare")]
        named = [cue for cue in own if cue.kind == "entity"]
        if not named:
            return None
        last = named[-1]
        if self.text[last.end : last.end + 1] in ("'", "’"):
            return self._name(last)
        compared = any(cue.kind == "compare" and cue.start < last.start for cue in own)
        return None if compared or len({cue.value for cue in named}) > 1 else self._name(last)

    def _name(self, cue: Cue) -> str | None:
        return str(cue.value) if not self.text[cue.start].islower() else None

    def _is_difference(self, own: Sequence[Cue]) -> bool:
        """`outperformed Banks by` and `cao hơn Ngân hàng` before the number, not `ahead of Banks, at`."""
        if self.extended:
            return False
        kinds = [cue for cue in own if cue.kind in ("compare", "entity", "market")]
        compare = next((at for at, cue in enumerate(kinds) if cue.kind == "compare"), None)
        if compare is None:
            return False
        objects = [cue for cue in kinds[compare + 1 :] if cue.kind != "compare"]
        if not objects:
            return False
        return self.text[objects[-1].end : objects[-1].end + 1] not in ("'", "’")
