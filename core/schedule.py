"""How the learning rate goes over a training: a rise, then a fall or none."""

import math


def rate_share(step: int, steps: int, warmup: float = 0.0, schedule: str = "cosine") -> float:
    """Share of the highest learning rate at update ``step`` of ``steps``.

    A straight rise over the share ``warmup`` of all updates, then half a cosine down to 0 (Loshchilov and Hutter 2017,
    https://arxiv.org/abs/1608.03983), or, with ``schedule`` "constant", no fall.
    """
    rise = max(1, round(warmup * steps))
    if step < rise:
        return (step + 1) / rise
    if schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))
