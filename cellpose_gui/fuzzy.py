"""How well a few typed letters fit a name."""

from __future__ import annotations

_AT_START, _RUNNING, _LATER = 8, 5, 1


def score(typed: str, text: str) -> int | None:
    """The higher the better; None if the letters do not all come in `text` in this order.

    Letters at the start of words and letters in a row count more, wherever the best fit lies, and most where
    the text begins with them. Words typed apart may come in any order.
    """
    words = typed.casefold().split()
    scores = [_word_score(word, text.casefold()) for word in words]
    if any(found is None for found in scores):
        return None
    begins = text.casefold().startswith(typed.casefold().strip())
    return sum(found for found in scores if found is not None) + _AT_START * begins


def _word_score(word: str, text: str) -> int | None:
    """Dynamic programming over the letters of `word`: the best sum that ends at each letter of `text`."""
    best: list[int | None] = [0] * (len(text) + 1)  # best[i]: letters so far found in text[:i]
    ended: list[int | None] = [None] * (len(text) + 1)  # the same, with the last of them at text[i - 1]
    for letter in word:
        next_best: list[int | None] = [None] * (len(text) + 1)
        next_ended: list[int | None] = [None] * (len(text) + 1)
        for i, here in enumerate(text):
            if here == letter:
                starts = i == 0 or not text[i - 1].isalnum()
                ways = []
                if (before := best[i]) is not None:
                    ways.append(before + (_AT_START if starts else _LATER))
                if (before := ended[i]) is not None:
                    ways.append(before + _RUNNING)
                next_ended[i + 1] = max(ways, default=None)
            options = [value for value in (next_best[i], next_ended[i + 1]) if value is not None]
            next_best[i + 1] = max(options, default=None)
        best, ended = next_best, next_ended
    return best[len(text)]
