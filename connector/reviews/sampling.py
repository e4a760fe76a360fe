"""The draw of a sampling inspection, "sha256-rank/1": anybody can repeat it with the seed and the list. Pure.

1. The population is a list of keys, "account:USER_NAME" and "post:UNIT/POST", sorted as bytes; its hash is the
   SHA-256 of the keys, each followed by a newline, in UTF-8.
2. The seed is the SHA-256 of three lines: the name of the algorithm, the population's hash, the inspection's number,
   each with a newline; then the signed note of the checkpoint, as it is. The checkpoint is the first one signed over
   the record's entry of the commitment: nobody knows its signature before, and nobody may choose another.
3. Every key has the rank SHA-256(seed in hex, a newline, the key). Of each kind, the keys with the smallest ranks are
   drawn: the share of their number, rounded up, at least and at most so many as the rule says.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256

ALGORITHM = "sha256-rank/1"


def hash_population(keys: Iterable[str]) -> str:
    """Hex SHA-256 of the sorted keys."""
    return sha256("".join(f"{key}\n" for key in sorted(keys)).encode()).hexdigest()


def make_seed(population_hash: str, number: str, note: str) -> str:
    """Hex seed from the commitment and the signed note of its checkpoint."""
    return sha256(f"{ALGORITHM}\n{population_hash}\n{number}\n{note}".encode()).hexdigest()


def sample_size(count: int, share_percent: int, least: int, most: int) -> int:
    """How many of `count` are drawn."""
    share = -(-count * share_percent // 100)
    return min(count, most, max(least, share))


def draw(keys: Iterable[str], seed: str, *, share_percent: int, least: int, most: int) -> list[str]:
    """The sample, sorted; each kind of key (what stands before its colon) is drawn from on its own."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        kinds[key.partition(":")[0]].append(key)
    drawn = [
        key
        for members in kinds.values()
        for key in _smallest(members, seed, sample_size(len(members), share_percent, least, most))
    ]
    return sorted(drawn)


def _smallest(keys: Sequence[str], seed: str, count: int) -> list[str]:
    return sorted(keys, key=lambda key: (sha256(f"{seed}\n{key}".encode()).hexdigest(), key))[:count]
