"""A small sheet to draw on: SVG elements in the report's colours, axes with round numbers. All text is escaped here."""

import math
from collections.abc import Sequence
from html import escape

WIDTH = 420  # units of every drawing; the page makes it as wide as its column


class Canvas:
    """``left, right, top, bottom`` are the margins around the plot, whose axes go from ``x[0]`` to ``x[1]`` and ``y``."""

    def __init__(self, height: float, *, x: tuple[float, float], y: tuple[float, float], left: float = 48, right: float = 12,
                 top: float = 30, bottom: float = 40, log: bool = False):
        self.height, self.left, self.right = height, left, WIDTH - right
        self.top, self.bottom, self.log = top, height - bottom, log
        self.x_range, self.y_range = [self._scaled(end) for end in x], y
        self.parts: list[str] = []

    def x(self, value: float) -> float:
        low, high = self.x_range
        return self.left + (self.right - self.left) * (self._scaled(value) - low) / ((high - low) or 1)

    def y(self, value: float) -> float:
        low, high = self.y_range
        return self.bottom - (self.bottom - self.top) * (value - low) / ((high - low) or 1)

    def title(self, text: str) -> None:
        self.text(0, 14, text, cls="title")

    def x_axis(self, title: str, ticks: Sequence[float], names: Sequence[str] | None = None, grid: bool = False) -> None:
        for tick, name in zip(ticks, names or [f"{tick:g}" for tick in ticks], strict=True):
            if grid:
                self.line(self.x(tick), self.top, self.x(tick), self.bottom, cls="grid")
            self.text(self.x(tick), self.bottom + 16, name, anchor="middle")
        self.text((self.left + self.right) / 2, self.bottom + 34, title, anchor="middle")

    def y_axis(self, ticks: Sequence[float], names: Sequence[str] | None = None) -> None:
        for tick, name in zip(ticks, names or [f"{tick:g}" for tick in ticks], strict=True):
            self.line(self.left, self.y(tick), self.right, self.y(tick), cls="grid")
            self.text(self.left - 6, self.y(tick) + 4, name, anchor="end")

    def line(self, x1: float, y1: float, x2: float, y2: float, *, cls: str = "", colour: str = "", width: float = 1,
             opacity: float = 1, dash: str = "") -> None:
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
                          + _look(cls, "stroke", colour, opacity) + f' stroke-width="{width:g}"'
                          + (f' stroke-dasharray="{dash}"' if dash else "") + "/>")

    def curve(self, points: Sequence[tuple[float, float]], colour: str, *, width: float = 1.5, opacity: float = 1,
              dash: str = "") -> None:
        """A line through points in the units of the axes."""
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke-linejoin="round" stroke-width="{width:g}"'
                          + _look("", "stroke", colour, opacity) + (f' stroke-dasharray="{dash}"' if dash else "") + "/>")

    def box(self, x: float, y: float, width: float, height: float, colour: str, opacity: float = 1) -> None:
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0, width):.1f}" height="{height:.1f}"'
                          + _look("", "fill", colour, opacity) + "/>")

    def dot(self, x: float, y: float, colour: str, radius: float = 4) -> None:
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"' + _look("", "fill", colour, 1) + "/>")

    def text(self, x: float, y: float, text: object, *, anchor: str = "start", cls: str = "", turn: float = 0,
             size: float = 0) -> None:
        turned = f' transform="rotate({turn:g} {x:.1f} {y:.1f})"' if turn else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"' + (f' class="{cls}"' if cls else "")
                          + (f' font-size="{size:g}"' if size else "") + f"{turned}>{escape(str(text))}</text>")

    def svg(self) -> str:
        return (f'<svg viewBox="0 0 {WIDTH} {self.height:g}">' + "".join(self.parts)
                + "</svg>")

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.log else value


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Multiples of 1, 2 or 5 between two ends, ``most`` at the most."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough - 1e-12)
    first = math.ceil(low / step - 1e-9)
    return [round((first + i) * step, 10) for i in range(int((high - first * step) / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5, 10 … between two ends; round steps where that would be fewer than three."""
    ticks = [factor * 10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
             for factor in (1, 2, 5) if low <= factor * 10.0**power <= high]
    if len(ticks) < 3:
        return round_ticks(low, high, 4)
    return ticks if len(ticks) <= 7 else [tick for tick in ticks if f"{tick:e}"[0] == "1"]


def _look(cls: str, property: str, colour: str, opacity: float) -> str:
    style = f' style="{property}:{colour}"' if colour else ""
    return (f' class="{cls}"' if cls else "") + style + (f' {property}-opacity="{opacity:.2g}"' if opacity < 1 else "")
