"""The numbers that tests on both sides are made of."""

import numpy as np


def uniform(n: int, seed: int) -> np.ndarray:
    """The numbers of `randomOf` (mulberry32), so that both sides have the same."""
    out, state = np.empty(n), seed & 0xFFFFFFFF
    imul = lambda a, b: (a * b) & 0xFFFFFFFF
    for i in range(n):
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = imul(state ^ (state >> 15), 1 | state)
        t = ((t + imul(t ^ (t >> 7), 61 | t)) & 0xFFFFFFFF) ^ t
        out[i] = (t ^ (t >> 14)) / 2**32
    return out
