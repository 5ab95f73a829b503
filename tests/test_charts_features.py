"""Figures of the views by librosa: on the clip's time axis, with units, with a hover that speaks."""

import numpy as np
import pytest

from app.charts.clip import clip_figure
from app.charts.features import AXES, feature_figure
from app.explore.features import MEANING
from core.features import FEATURES, Feature
from core.glossary import GLOSSARY
from core.spectrogram import envelope, spectrogram

RATE, SECONDS = 16_000, 2.0
ROWS = {"MFCC": 20, "Chroma": 12, "Constant-Q": 84}
UNITS = {"Constant-Q": "dB", "RMS": "dB", "Centroid": "Hz", "Roll-off": "Hz", "Zero crossings": "per s",
         "Chroma": "of the strongest"}


def made_up(name: str, frames: int = 63) -> Feature:
    rows = ROWS.get(name, 1)
    values = np.random.default_rng(0).normal(-20, 5, (rows, frames)).astype(np.float32)
    return Feature(name, values, np.arange(frames) * 512 / RATE, tuple(f"{row} Hz" for row in range(rows)),
                   UNITS.get(name, ""))


@pytest.mark.parametrize("name", FEATURES)
def test_every_view_stands_under_the_clip_with_its_unit_and_speaks(name):
    waveform = np.zeros(round(RATE * SECONDS), np.float32)
    clip = clip_figure(envelope(waveform, RATE), spectrogram(waveform, RATE), seconds=SECONDS, region=(0.5, 1.0))
    figure = feature_figure(made_up(name), seconds=SECONDS, region=(0.5, 1.0))
    assert (figure.layout.margin.l, figure.layout.margin.r) == (clip.layout.margin.l, clip.layout.margin.r)
    assert figure.layout.xaxis.range == clip.layout.xaxis.range == (0.5, 1.0)
    assert figure.layout.xaxis.title.text == "Time (s)" and figure.layout.yaxis.title.text == AXES[name]
    hover = figure.data[0].hovertemplate
    assert hover.startswith("%{x:.4f} s · %{y") and UNITS.get(name, "") in hover
    assert MEANING[name] in GLOSSARY


@pytest.mark.parametrize("name", FEATURES)
def test_one_frame_is_drawn_too(name):
    assert len(feature_figure(made_up(name, frames=1), seconds=0.01, dark=True).data) == 1


def test_signed_values_have_their_zero_in_the_middle_of_the_colours():
    heat = feature_figure(made_up("MFCC"), seconds=SECONDS).data[0]
    assert heat.zmin == -heat.zmax and heat.zmax > 0
