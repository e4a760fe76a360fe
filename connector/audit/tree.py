"""The RFC 6962 Merkle tree: hashes, compact frontier, inclusion and consistency proofs. Pure; touches no store."""

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    """Hash of one leaf; the prefix 0x00 keeps a leaf from being taken for a node."""
    return sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """The roots of the full subtrees of the first `size` leaves, largest first: all that appending needs."""

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(hashes) != size.bit_count():
            raise ValueError(f"a frontier of {size} leaves has {size.bit_count()} hashes, not {len(hashes)}")
        self.size = size
        self.hashes = list(hashes)

    @classmethod
    def from_bytes(cls, size: int, packed: bytes) -> "Frontier":
        """The frontier stored by `to_bytes`. Raises ValueError when the length does not fit the size."""
        if len(packed) % HASH_BYTES:
            raise ValueError("a frontier is made of hashes of 32 bytes")
        return cls(size, [packed[i : i + HASH_BYTES] for i in range(0, len(packed), HASH_BYTES)])

    def to_bytes(self) -> bytes:
        return b"".join(self.hashes)

    def append(self, leaf: bytes) -> None:
        """Adds one leaf hash; amortised two hashes."""
        self.size += 1
        full = self.size
        while not full & 1:
            leaf = node_hash(self.hashes.pop(), leaf)
            full >>= 1
        self.hashes.append(leaf)

    def root(self) -> bytes:
        """Root over the leaves so far; of none, the hash of the empty string."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root


def root_of(leaves: Sequence[bytes], low: int = 0, high: int | None = None) -> bytes:
    """Root over the leaf hashes from `low` up to, without, `high`."""
    frontier = Frontier()
    for index in range(low, len(leaves) if high is None else high):
        frontier.append(leaves[index])
    return frontier.root()


def _split(size: int) -> int:
    """The largest power of two below `size` (RFC 6962 2.1), for `size` of two or more."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Audit path of leaf `index` in the tree of all `leaves` (RFC 6962 2.1.1), from the leaf up."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} among {len(leaves)}")
    low, high, path = 0, len(leaves), []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(root_of(leaves, middle, high))
            high = middle
        else:
            path.append(root_of(leaves, low, middle))
            low = middle
    return path[::-1]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows `leaf` to be leaf `index` of the tree with this size and root (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, computed = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            computed = node_hash(step, computed)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            computed = node_hash(computed, step)
        place, last = place >> 1, last >> 1
    return last == 0 and computed == root


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Proof that the tree of all `leaves` continues the tree of the first `old_size` (RFC 6962 2.1.2)."""
    if not 0 <= old_size <= len(leaves):
        raise IndexError(f"no earlier tree of {old_size} leaves among {len(leaves)}")
    if old_size in (0, len(leaves)):
        return []
    low, high, proof = 0, len(leaves), []
    while high != old_size:
        middle = low + _split(high - low)
        if old_size <= middle:
            proof.append(root_of(leaves, middle, high))
            high = middle
        else:
            proof.append(root_of(leaves, low, middle))
            low = middle
    if low:
        proof.append(root_of(leaves, low, high))
    return proof[::-1]


def is_consistent(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the newer tree continues the older one (RFC 9162 2.1.4.2)."""
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    return bool(path) and _roots_along(old_size, new_size, path) == (old_root, new_root)


def _roots_along(old_size: int, new_size: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Both roots as the path implies them; None when its length does not fit the two sizes."""
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for step in path[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, step)
        place, last = place >> 1, last >> 1
    return (old, new) if last == 0 else None
