"""Figures of a clip: what is where, in which units, and that nothing from outside is read as markup."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from app.charts.clip import band_axis, class_bars, clip_figure, spectrogram_png
from app.charts.palette import CLASS_COLOURS, COLOUR_MAPS, INK, class_colours, fold_colour, new_figure, plain
from core.spectrogram import SCALES, envelope, spectrogram

RATE = 44_100


@pytest.fixture(scope="module")
def tone():
    return (0.5 * np.sin(2 * np.pi * 1000 * np.arange(5 * RATE) / RATE)).astype(np.float32)


def figure_of(waveform, **options):
    spectrum = spectrogram(waveform, RATE, scale=options.pop("scale", "mel"))
    return clip_figure(envelope(waveform, RATE, 1200), spectrum, seconds=len(waveform) / RATE, **options), spectrum


@pytest.mark.parametrize("scale", SCALES)
def test_the_pictures_rows_and_columns_are_the_bands_and_seconds(tone, scale):
    figure, spectrum = figure_of(tone, scale=scale)
    heat = figure.data[-1]
    row = int(np.argmax(np.asarray(heat.z)[:, 200]))
    assert figure.layout.yaxis2.labelalias[str(row)] == f"{spectrum.frequencies[row]:,.0f} Hz"
    assert abs(spectrum.frequencies[row] - 1000) < np.diff(spectrum.frequencies).max()
    assert heat.x0 + 100 * heat.dx == pytest.approx(spectrum.times[100])
    assert np.abs(np.asarray(heat.z, dtype=float) - spectrum.db).max() <= 0.5


@pytest.mark.parametrize("scale", SCALES)
def test_ticks_stand_at_the_frequency_they_name(tone, scale):
    spectrum = spectrogram(tone, RATE, scale=scale)
    axis = band_axis(spectrum)
    named = [float(text.replace(",", "")) for text in axis["ticktext"]]
    assert len(named) >= 4
    np.testing.assert_allclose(np.interp(axis["tickvals"], np.arange(128), spectrum.frequencies), named, rtol=1e-6)


def test_axes_say_their_units_and_hover_speaks(tone):
    figure, _ = figure_of(tone)
    assert figure.layout.xaxis.title.text == "Time (s)"
    assert figure.layout.yaxis2.title.text == "Frequency (Hz)"
    assert figure.data[-1].hovertemplate == "%{x:.2f} s · %{y} · %{z} dB<extra></extra>"


def test_a_five_second_clip_weighs_less_than_half_a_megabyte(tone):
    spectrum = spectrogram(tone, RATE, hop_ms=1, n_mels=160, max_frames=800)
    figure = clip_figure(envelope(tone, RATE, 1200), spectrum, seconds=5.0)
    assert len(figure.to_json()) < 500_000


def test_a_region_is_shown_with_its_samples(tone):
    part = envelope(tone, RATE, 1200, 1.0, 1.005)
    figure = clip_figure(part, spectrogram(tone, RATE, start=1.0, end=1.005), seconds=5.0, region=(1.0, 1.005))
    assert figure.layout.xaxis.range == (1.0, 1.005)
    assert len(figure.data) == 2 and figure.data[0].mode == "lines+markers"


def test_the_envelope_is_drawn_between_its_extremes(tone):
    figure, _ = figure_of(tone)
    low, high = figure.data[:2]
    assert np.all(np.asarray(low.y) <= np.asarray(high.y)) and high.fill == "tonexty"
    assert figure.layout.yaxis.range[1] == pytest.approx(1.05 * np.abs(tone).max(), rel=1e-3)


def test_ink_follows_the_theme(tone):
    for dark in (False, True):
        figure, _ = figure_of(tone, dark=dark)
        assert figure.layout.font.color == INK[dark].text
        assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_class_names_are_text_in_figures():
    name = '<b>loud</b> & <a href="x">y</a>'
    figure = class_bars({name: 3, "dog": 2}, class_colours([name, "dog"]), chosen=["dog"])
    assert "<b>" not in json.dumps([figure.layout.yaxis.ticktext, list(figure.data[0].customdata)])
    assert plain(name).startswith("&lt;b&gt;loud")
    assert list(figure.data[0].marker.opacity) == [0.25, 1.0]


def test_no_map_uses_colours_that_streamlit_takes_for_its_own():
    for colours in COLOUR_MAPS.values():
        assert all(colour.startswith("rgb") for _, colour in colours)


def test_the_small_picture_has_low_frequencies_at_the_bottom(tone):
    spectrum = spectrogram(tone, RATE, n_mels=32)
    picture = np.asarray(Image.open(io.BytesIO(spectrogram_png(spectrum, colours="Viridis"))).convert("L"))
    assert picture.shape == spectrum.db.shape
    brightest = picture.shape[0] - 1 - int(np.argmax(picture[:, 100]))
    assert abs(brightest - int(np.argmax(spectrum.db[:, 100]))) <= 1


def test_what_a_page_adds_to_a_figure_wins_and_the_rest_stays():
    figure = new_figure(dark=True, height=200, x_title="Epoch", y_title="%", yaxis=dict(range=[0, 1]),
                        yaxis2=dict(title_text="Hz"))
    assert figure.layout.yaxis.range == (0, 1) and figure.layout.yaxis.title.text == "%"
    assert figure.layout.yaxis2.title.text == "Hz"
    assert figure.layout.yaxis2.gridcolor == figure.layout.xaxis.gridcolor == INK[True].grid


# Ten colours that a colour-blind reader can tell apart. Viénot, Brettel & Mollon 1999, in linear RGB:
# https://doi.org/10.1002/(SICI)1520-6378(199908)24:4<243::AID-COL5>3.0.CO;2-3
VISION = {
    "all cones": np.eye(3),
    "no red cones": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "no green cones": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
}


def linear_rgb(colour: str) -> np.ndarray:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson's perceptual space, https://bottosson.github.io/posts/oklab/"""
    cones = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                      [0.0883024619, 0.2817188376, 0.6299787005]]) @ rgb
    return np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                     [0.0259040371, 0.7827717662, -0.8086757660]]) @ np.cbrt(np.clip(cones, 0, None))


def contrast(one: str, other: str) -> float:
    light = sorted(float(linear_rgb(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("vision", VISION)
def test_ten_classes_can_be_told_apart_by_every_reader(dark, vision):
    places = [oklab(np.clip(VISION[vision] @ linear_rgb(colour), 0, 1)) for colour in CLASS_COLOURS[dark]]
    distances = [np.linalg.norm(a - b) for i, a in enumerate(places) for b in places[:i]]
    assert min(distances) > 0.07


@pytest.mark.parametrize("dark", [False, True])
def test_class_colours_stand_out_from_the_page(dark):
    assert min(contrast(colour, INK[dark].surface) for colour in CLASS_COLOURS[dark]) > 2


def test_an_eleventh_class_and_a_sixth_fold_have_a_colour():
    names = [f"class {i}" for i in range(12)]
    assert class_colours(names)["class 10"] == class_colours(names)["class 0"]
    assert fold_colour(6) == fold_colour(1)
