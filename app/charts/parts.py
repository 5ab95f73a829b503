"""Parts of figures: an axis on a piece of the figure, step lines over tokens, colours that let light through."""

import numpy as np

from core.attention_stats import TimeProfile

LEFT, RIGHT = 60, 12  # margins of figures with the clip's time axis


def steps(profile: TimeProfile) -> dict[str, np.ndarray]:
    """Points whose ``hvh`` line is flat over every token, from the start of the first to the end of the last."""
    middle = (profile.start + profile.end) / 2
    percent = 100 * profile.weight
    return dict(x=np.r_[profile.start[:1], middle, profile.end[-1:]].astype(np.float32),
                y=np.r_[percent[:1], percent, percent[-1:]].astype(np.float32))


def axis(domain: tuple[float, float], title: str = "", **more) -> dict:
    """An axis on a part of the figure, from 0 to 1, that cannot be zoomed."""
    return {"domain": list(domain), "title_text": title, "fixedrange": True, "showgrid": False} | more


def faded(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
