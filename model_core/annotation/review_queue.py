"""The order in which a person looks at doubtful objects of many images, and what was said of them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from model_core.annotation.audit import Estimate, estimate
from model_core.annotation.doubt import Doubt

AUDITS = 40  # picked at random among the less doubtful ones, at most half as many as doubtful ones


class Answer(str, Enum):
    """What a person did with an object."""

    ACCEPTED = "accepted"
    DELETED = "deleted"
    SPLIT = "split"
    MERGED = "merged"
    EDITED = "edited"
    ADDED = "added"  # there was a cell that had been left out
    NONE = "none"  # there was none
    SKIPPED = "skipped"
    GONE = "gone"  # it was changed before its turn came


_RIGHT = (Answer.ACCEPTED, Answer.NONE)
_NOTHING_SAID = (Answer.SKIPPED, Answer.GONE)


@dataclass(frozen=True)
class Item:
    """An object to look at, or a place where one may have been left out.

    `sample`: it was picked at random and tells of those that nobody looks at.
    """

    image: Path
    doubt: Doubt
    sample: bool = False


class ReviewQueue:
    """The worst of all objects and places, image by image, the image with the worst first; samples mixed in.

    An image is opened once: what is in it comes together, and so do the samples in it.
    """

    def __init__(
        self, doubts: Mapping[Path, Sequence[Doubt]], share: float, audits: int = AUDITS, seed: int = 0
    ) -> None:
        """`doubts`: by image. `share`: 0..1, so much is looked at, of the number of all objects."""
        everything = [Item(image, doubt) for image, found in doubts.items() for doubt in found]
        everything.sort(key=lambda item: -item.doubt.doubt)
        places = sum(map(_is_place, everything))
        self.total = len(everything)
        count = min(self.total, max(1, round(share * max(self.total - places, places))))
        worst, rest = everything[:count], everything[count:]
        chance = random.Random(seed)
        picked = chance.sample(rest, min(audits, -(-count // 2), len(rest)))
        sample = [Item(item.image, item.doubt, True) for item in picked]
        self._unseen = len(rest) - len(sample)
        self._unseen_places = sum(map(_is_place, rest)) - sum(map(_is_place, sample))
        self.items = self._by_image(worst, sample, chance)
        self.answers: list[Answer | None] = [None] * len(self.items)
        self.position = 0

    @staticmethod
    def _by_image(worst: list[Item], sample: list[Item], chance: random.Random) -> list[Item]:
        ordered: list[Item] = []
        for image in dict.fromkeys(item.image for item in [*worst, *sample]):
            mine = [item for item in worst if item.image == image]
            for item in sample:
                if item.image == image:
                    mine.insert(chance.randint(min(1, len(mine)), len(mine)), item)
            ordered += mine
        return ordered

    @property
    def current(self) -> Item | None:
        """What is to be looked at now; None at the end."""
        return self.items[self.position] if self.position < len(self.items) else None

    @property
    def done(self) -> int:
        """How many have an answer."""
        return sum(answer is not None for answer in self.answers)

    def answer(self, answer: Answer) -> None:
        """Says it of the current one and goes on to the next without an answer."""
        self.answers[self.position] = answer
        self.position += 1
        while self.position < len(self.items) and self.answers[self.position] is not None:
            self.position += 1

    def later(self) -> None:
        """Puts the current one at the end of those of its image."""
        item = self.items.pop(self.position)
        self.answers.pop(self.position)
        place = self.position
        while place < len(self.items) and self.items[place].image == item.image:
            place += 1
        self.items.insert(place, item)
        self.answers.insert(place, None)

    def back(self) -> bool:
        """Takes the last answer back and goes there; False at the beginning."""
        place = self.position - 1
        while place >= 0 and self.answers[place] in (None, Answer.GONE):
            place -= 1
        if place < 0:
            return False
        self.answers[place] = None
        self.position = place
        return True

    @property
    def wrong(self) -> int:
        """How many of the objects that were looked at were not right as they were."""
        passed = (None, Answer.ADDED, *_RIGHT, *_NOTHING_SAID)
        return sum(answer not in passed for answer in self.answers)

    @property
    def added(self) -> int:
        """At how many places there was a cell that had been left out."""
        return sum(answer is Answer.ADDED for answer in self.answers)

    @property
    def estimate(self) -> Estimate:
        """Of the objects and places that nobody is going to look at."""
        said = [
            answer
            for item, answer in zip(self.items, self.answers, strict=True)
            if item.sample and answer is not None and answer not in _NOTHING_SAID
        ]
        wrong = sum(answer not in _RIGHT for answer in said)
        return estimate(self._unseen, len(said), wrong, self._unseen_places)


def _is_place(item: Item) -> bool:
    return item.doubt.candidate is not None
