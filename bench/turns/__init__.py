"""How long is the silence between a person's last word and the agent's first sound?"""

import math


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(round(len(ordered) * share, 6)) - 1)]
