"""Figures of Listen inside: what they draw stands at its time, on one axis, under its name."""

import base64
import itertools
import json

import numpy as np
import pytest

from app.charts.answer import percent_text, probability_bars, window_lines
from app.charts.attention import attention_matrix, head_of_trace, head_strips
from app.charts.palette import INK, class_colours
from app.charts.stage import stage
from core.attention_stats import TimeMatrix, TimeProfile

NAMES = ("dog", "rain", "rooster <b>", "wind")


def profile(times: int = 5, peak: int = 2, seconds: float = 0.5) -> TimeProfile:
    weight = np.full(times, 0.1)
    weight[peak] = 0.5
    start = np.arange(times) * seconds
    return TimeProfile(start, start + seconds, weight)


def heard(frames: int = 26, bands: int = 64):
    log_mel = np.full((bands, frames), -80.0, dtype=np.float32)
    log_mel[10, 13] = -3.4
    return dict(outline=(np.linspace(0, 2.5, 50), -np.ones(50), np.ones(50)), log_mel=log_mel,
                times=np.arange(frames) * 0.1, frequencies=np.geomspace(40, 7800, bands), span=(0.0, 2.5))


def rows_of(figure):
    return {trace.yaxis or "y": trace for trace in figure.data}


def test_bars_are_every_class_best_first_with_the_true_class_named_and_text_kept_text():
    ranked = [("rooster <b>", 0.7), ("dog", 0.2), ("wind", 0.06), ("rain", 0.04)]
    figure = probability_bars(ranked, NAMES, truth="dog")
    bar = figure.data[0]
    assert list(bar.x) == pytest.approx([70, 20, 6, 4]) and figure.layout.yaxis.autorange == "reversed"
    assert list(figure.layout.yaxis.ticktext) == ["rooster &lt;b&gt;", "<b>dog</b> ✓", "wind", "rain"]
    assert list(bar.marker.color) == [class_colours(NAMES)[label] for label, _ in ranked]
    assert list(bar.text) == ["70 %", "20 %", "6.0 %", "4.0 %"]


@pytest.mark.parametrize(("percent", "text"), [(0.0, "0 %"), (0.04, "0 %"), (3.14, "3.1 %"), (9.96, "10 %"),
                                               (91.2, "91 %"), (99.4, "99.4 %"), (99.999, "99.9 %")])
def test_percentages_are_short_and_never_claim_certainty(percent, text):
    assert percent_text(percent) == text


def test_windows_stand_at_their_middle_and_the_chosen_one_is_shaded():
    probs = np.array([[0.9, 0.1, 0, 0], [0.2, 0.8, 0, 0], [0.5, 0.5, 0, 0]])
    figure = window_lines([0, 2.5, 5], [5, 7.5, 10], probs, NAMES, ["rain", "dog"], 1)
    assert [trace.name for trace in figure.data] == ["rain", "dog"]
    assert list(figure.data[0].x) == [2.5, 5, 7.5] and list(figure.data[0].y) == pytest.approx([10, 80, 50])
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].x1) == (2.5, 7.5)


def test_waveform_spectrogram_and_attention_share_one_time_axis():
    figure = stage(**heard(), profile=profile())
    assert {trace.xaxis or "x" for trace in figure.data} == {"x"}
    assert set(rows_of(figure)) == {"y", "y2", "y4"} and list(figure.layout.xaxis.range) == [0.0, 2.5]
    domains = sorted(tuple(figure.layout[name].domain) for name in ("yaxis", "yaxis2", "yaxis4"))
    assert all(low[1] <= high[0] for low, high in itertools.pairwise(domains))
    assert rows_of(figure)["y4"].x[np.argmax(rows_of(figure)["y4"].y)] == pytest.approx(1.25)


def test_the_spectrogram_is_whole_decibels_in_bytes_at_its_times_with_names_in_hertz():
    mel = rows_of(stage(**heard()))["y2"]
    assert mel.z.dtype == np.int8 and mel.z[10, 13] == mel.z.max() == -3 and mel.z.min() == mel.zmin == mel.zmax - 70
    assert mel.x0 + 13 * mel.dx == pytest.approx(1.3) and mel.y[0] == "40 Hz" and mel.y[-1] == "7,800 Hz"


def test_a_silent_clip_can_be_drawn():
    quiet = heard() | dict(log_mel=np.full((64, 26), -100.0, dtype=np.float32))
    assert rows_of(stage(**quiet))["y2"].z.max() <= rows_of(stage(**quiet))["y2"].zmax


def test_the_veil_is_clear_where_the_head_looks_most_and_thickest_where_it_does_not():
    plane = (np.array([0.0, 0.5, 1.0, 2.5]), np.empty(0), np.array([[0.0, 0.6, 0.3]]))
    figure = stage(**heard(), profile=profile(), plane=plane, veil=0.8)
    veil = rows_of(figure)["y3"]
    assert list(veil.z[0]) == pytest.approx([0, 1, 0.5]) and list(veil.x) == [0.0, 0.5, 1.0, 2.5]
    assert veil.colorscale[0][1].endswith(",0.8)") and veil.colorscale[1][1].endswith(",0)")
    assert list(veil.y) == [0, 64] and figure.layout.yaxis3.overlaying == "y2"
    assert "y3" not in rows_of(stage(**heard(), profile=profile(), plane=plane, veil=0.0))


def test_the_veil_of_patches_stands_on_their_bands():
    plane = (np.array([0.0, 1.0, 2.5]), np.array([0.0, 1000.0, 8000.0]), np.array([[0.1, 0.2], [0.3, 0.0]]))
    veil = rows_of(stage(**heard(), plane=plane, veil=0.5))["y3"]
    frequencies = heard()["frequencies"]
    assert veil.z.shape == (2, 2) and veil.y[0] == 0 and veil.y[-1] == 64
    assert (frequencies < 1000).sum() == pytest.approx(veil.y[1], abs=1)


def test_padding_is_marked_where_there_is_no_clip():
    padded = heard() | dict(span=(-1.0, 1.5))
    shapes = stage(**padded, heard=(0.0, 0.5)).layout.shapes
    assert [(shape.x0, shape.x1) for shape in shapes] == [(-1.0, 0.0), (0.5, 1.5)]
    assert not stage(**heard(), heard=(0.0, 2.5)).layout.shapes


def test_heads_stand_side_by_side_on_one_time_axis_and_a_trace_tells_its_head():
    profiles = [[profile(peak=p) for p in (0, 1, 2, 3)], [profile(peak=p) for p in (1, 2, 3, 4)]]
    figure = head_strips(profiles, (0.0, 2.5), (1, 2))
    assert len(figure.data) == 8
    for number, trace in enumerate(figure.data):
        layer, head = head_of_trace(number, 4)
        expected = profiles[layer][head]
        assert trace.x[1:-1][np.argmax(trace.y[1:-1])] == pytest.approx(0.5 * expected.weight.argmax() + 0.25)
        assert trace.hovertemplate.startswith(f"layer {layer + 1}, head {head + 1}<br>")
        axis = figure.layout["xaxis" + trace.xaxis[1:]]
        assert list(axis.range) == [0.0, 2.5]
    texts = [note.text for note in figure.layout.annotations]
    assert texts == ["head 1", "50 %", "head 2", "50 %", "head 3", "50 %", "head 4", "50 %", "head 1", "50 %",
                     "head 2", "50 %", "<b>head 3</b>", "50 %", "head 4", "50 %"]
    accents = [trace.line.color == INK[False].accent for trace in figure.data]
    assert accents.index(True) == 6 and sum(accents) == 1


def test_the_matrix_has_the_class_tokens_row_first_and_reads_downwards():
    among = np.eye(4) * 0.5
    matrix = TimeMatrix(np.arange(4.0), np.arange(1.0, 5.0), among, np.full(4, 0.2), np.full(4, 0.5), 0.2)
    figure = attention_matrix(matrix)
    body, of_cls, to_cls, corner = figure.data
    assert body.z == pytest.approx(100 * among) and list(body.x) == [0, 1, 2, 3, 4] == list(body.y)
    assert list(figure.layout.yaxis.range) == [4.0, 0.0] and list(figure.layout.xaxis.range) == [0.0, 4.0]
    assert of_cls.z.shape == (1, 4) and to_cls.z.shape == (4, 1) and corner.z == pytest.approx(20)
    assert figure.layout.yaxis2.domain[0] > figure.layout.yaxis.domain[1]  # above
    assert figure.layout.xaxis2.domain[1] < figure.layout.xaxis.domain[0]  # to the left
    alone = attention_matrix(TimeMatrix(matrix.start, matrix.end, among, None, None, None))
    assert len(alone.data) == 1 and list(alone.layout.yaxis.domain) == [0.0, 1.0]


@pytest.mark.parametrize("dark", [False, True])
def test_no_colour_is_one_that_streamlit_replaces(dark):
    """Streamlit's page paints #000001 to #000016 over with its theme's colours, whoever asked for them."""
    figures = [stage(**heard(), profile=profile(), dark=dark), head_strips([[profile()]], (0, 2.5), (0, 0), dark=dark)]
    for figure in figures:
        assert not [number for number in range(1, 17) if f"#0000{number:02d}" in figure.to_json()]


def test_a_whole_view_of_five_seconds_is_light():
    """Arrays travel as bytes, and the spectrogram as one byte per cell: under 250 KB for what one click sends."""
    frames = 501
    sound = heard() | dict(log_mel=np.random.default_rng(0).uniform(-90, 0, (64, frames)).astype(np.float32),
                           times=np.arange(frames) * 0.01, span=(0.0, 5.0),
                           outline=tuple(np.zeros((3, 1200), dtype=np.float32)))
    strip = profile(125, seconds=0.04)
    matrix = TimeMatrix(strip.start, strip.end, np.ones((125, 125)) / 126, strip.weight, strip.weight, 0.1)
    figures = [stage(**sound, profile=strip), head_strips([[strip] * 4] * 2, (0, 5), (0, 0)), attention_matrix(matrix)]
    assert sum(len(figure.to_json()) for figure in figures) < 250_000
    body = json.loads(figures[2].to_json())["data"][0]["z"]
    assert body["dtype"] == "f4" and len(base64.b64decode(body["bdata"])) == 125 * 125 * 4
