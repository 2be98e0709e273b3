"""How many objects that nobody has looked at are wrong, told from a random sample of them."""

from __future__ import annotations

from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """Of `unseen` objects the share `share` is wrong, with 95 % confidence from `low` to `high`; 0..1.

    Told from `wrong` wrong ones among `sampled` that were picked at random and looked at. `places` of the
    unseen ones are no objects but may be ones that were left out: wrong means there that one was.
    """

    unseen: int
    sampled: int
    wrong: int
    share: float
    low: float
    high: float
    places: int = 0

    @property
    def words(self) -> str:
        """For people."""
        unseen, wrong = f"{self.unseen - self.places:,} cells", "wrong"
        if self.places:
            unseen += f" and {self.places:,} possible cells"
            wrong = "wrong or missed"
        if not self.sampled:
            return f"{unseen} do not come up; how many of them are {wrong} is not known yet."
        low, share, high = (round(self.unseen * part) for part in (self.low, self.share, self.high))
        found = f"{self.wrong or 'None'} of {self.sampled} picked at random {_was(self.wrong)} {wrong}: "
        rest = f"of the {unseen} that do not come up "
        if not self.wrong:
            return f"{found}{rest}at most {high:,} are ({CONFIDENCE:.0%} confidence)."
        return f"{found}{rest}about {share:,} are ({low:,} to {high:,} at {CONFIDENCE:.0%} confidence)."


def _was(count: int) -> str:
    return "was" if count < 2 else "were"


def estimate(unseen: int, sampled: int, wrong: int, places: int = 0) -> Estimate:
    """The share of wrong ones and its exact binomial interval.

    C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated in the case of the
    binomial, Biometrika 26, 1934: for k of n the limits are the alpha/2 quantile of Beta(k, n - k + 1) and
    the 1 - alpha/2 quantile of Beta(k + 1, n - k). At least 95 % of such intervals hold the true share. The
    sample is drawn without putting back, which only makes the interval wider than it need be.

    Raises:
        ValueError: counts that cannot be.
    """
    if not 0 <= wrong <= sampled or unseen < 0:
        raise ValueError(f"{wrong} wrong of {sampled} sampled, {unseen} unseen")
    if sampled == 0:
        return Estimate(unseen, 0, 0, 0.0, 0.0, 1.0, places)
    from scipy.stats import beta

    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, wrong, sampled - wrong + 1)) if wrong else 0.0
    high = float(beta.ppf(1 - tail, wrong + 1, sampled - wrong)) if wrong < sampled else 1.0
    return Estimate(unseen, sampled, wrong, wrong / sampled, low, high, places)
