"""How sure the model is of every class, as rows of a drawing."""

from collections.abc import Sequence

from app.charts.palette import LONGEST_LABEL, class_colours
from core.wording import cut

FEW = 10  # likeliest classes that are in sight where there are many more


def answer_bars(ranked: Sequence[tuple[str, float]], class_names: Sequence[str], *, truth: str | None = None,
                dark: bool = False) -> list[dict]:
    """Every class as a bar, best first, in its own colour; the true class, when it is known, is marked. Of many classes all but
    the likeliest and the true one are ``folded``."""
    colours, many = class_colours(class_names, dark), len(ranked) > FEW + 2
    return [{"label": label, "short": cut(label, LONGEST_LABEL), "percent": round(100 * probability, 2),
             "text": percent_text(100 * probability), "colour": colours[label], "truth": label == truth,
             "folded": many and place >= FEW and label != truth} for place, (label, probability) in enumerate(ranked)]


def percent_text(percent: float) -> str:
    """``"91 %"``; below ten with one digit, and never a rounded-up certainty."""
    if percent < 0.05:
        return "0 %"
    if percent < 9.95:
        return f"{percent:.1f} %"
    return f"{min(percent, 99.9):.1f} %" if percent > 99 else f"{percent:.0f} %"
