"""What Listen inside draws: arrays that stand at their time, under their name, and are light enough for a click."""

import base64
import dataclasses
import json
from dataclasses import replace

import numpy as np
import pytest

from app.charts.answer import answer_bars, percent_text
from app.charts.attention import CELLS_AT_ONCE, heads_view, matrix_view
from app.charts.palette import class_colours
from app.charts.parts import codes, colour_map, packed
from app.charts.stage import SPAN_DB, sound_view
from app.charts.timeline import timeline_view
from core.attention import AttentionMap
from core.attention_stats import TimeMatrix
from core.events import find_events
from core.models.tokens import TokenLayout
from core.predict import Explanation, Prediction, Window

NAMES = ("dog", "rain", "rooster <b>", "wind")
HERTZ = np.geomspace(40, 7800, 64)


def unpacked(text: str, kind: str = "<f4") -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=kind)


def layout(times: int, seconds: float, bands: int = 0, clip_time: bool = True) -> TokenLayout:
    """A class token, then ``times`` moments (of ``bands`` patches each, low frequencies first)."""
    start = np.repeat(np.arange(times) * seconds, max(1, bands))
    edges = np.linspace(0, 8000, bands + 1) if bands else None
    low = np.tile(edges[:-1], times) if bands else np.full(times, np.nan)
    high = np.tile(edges[1:], times) if bands else np.full(times, np.nan)
    nan = [np.nan]
    return TokenLayout(np.r_[nan, start], np.r_[nan, start + seconds], np.r_[nan, low], np.r_[nan, high], clip_time)


def attention(heads: int = 2, times: int = 5, layer: int = 1, peak: int = 2, bands: int = 0, **more) -> AttentionMap:
    place = layout(times, 0.5, bands, **more)
    tokens = len(place.start)
    weights = np.full((heads, tokens, tokens), 0.5 / (tokens - 1), dtype=np.float32)
    weights[:, :, 1 + peak] += 0.5
    return AttentionMap(layer, weights, place)


def heard(maps=(), frames: int = 26, seconds: float = 2.5, begins: float = 0.0) -> Explanation:
    log_mel = np.full((64, frames), -80.0, dtype=np.float32)
    log_mel[10, 13] = -3.4
    window = Window(begins, begins + seconds, np.array([0.7, 0.1, 0.1, 0.1]))
    return Explanation(window, tuple(maps), log_mel, begins + np.arange(frames) * 0.1, HERTZ)


OUTLINE = (np.linspace(0, 2.5, 50), -np.ones(50), 0.5 * np.ones(50))


def test_bars_are_every_class_best_first_in_its_colour_with_the_true_class_marked():
    bars = answer_bars([("rooster <b>", 0.7), ("dog", 0.2), ("wind", 0.06), ("rain", 0.04)], NAMES, truth="dog")
    assert [bar["percent"] for bar in bars] == [70, 20, 6, 4] and [bar["truth"] for bar in bars] == [False, True, False, False]
    assert [bar["label"] for bar in bars] == ["rooster <b>", "dog", "wind", "rain"]  # set as text content, tags and all
    assert [bar["colour"] for bar in bars] == [class_colours(NAMES)[bar["label"]] for bar in bars]
    assert [bar["text"] for bar in bars] == ["70 %", "20 %", "6.0 %", "4.0 %"]
    assert not any(bar["folded"] for bar in bars)


def test_of_many_classes_the_likeliest_and_the_true_one_are_in_sight_and_long_names_are_told_apart():
    names = [f"water dripping from a tap {number}" for number in range(30)]
    bars = answer_bars([(name, 1 / 30) for name in names], names, truth=names[20])
    assert [bar["label"] for bar in bars if not bar["folded"]] == [*names[:10], names[20]] and len(bars) == 30
    assert len({bar["short"] for bar in bars}) == 30


@pytest.mark.parametrize(("percent", "text"), [(0.0, "0 %"), (0.04, "0 %"), (3.14, "3.1 %"), (9.96, "10 %"),
                                               (91.2, "91 %"), (99.4, "99.4 %"), (99.999, "99.9 %")])
def test_percentages_are_short_and_never_claim_certainty(percent, text):
    assert percent_text(percent) == text


def test_codes_run_from_the_lowest_to_the_highest_value():
    assert list(codes(np.array([-5, 0, 0.5, 1, 9]), 0, 1)) == [0, 0, 128, 255, 255]
    assert list(unpacked(packed(np.array([[1.5, 2], [3, 4]])))) == [1.5, 2, 3, 4]
    assert len(unpacked(colour_map("Magma"), "u1")) == 768


def test_the_spectrogram_keeps_its_decibels_and_hertz():
    view = sound_view(OUTLINE, heard(), 2.5)
    mel = view["mel"]
    cells = unpacked(mel["data"], "u1").reshape(64, 26)
    assert cells[10, 13] == 255 and mel["floor"] + SPAN_DB == pytest.approx(-3.4) and (cells == 0).sum() == 64 * 26 - 1
    assert mel["hertz"][10] == round(HERTZ[10]) and (mel["start"], mel["step"]) == (0.0, pytest.approx(0.1))
    for band, text in mel["ticks"]:
        assert HERTZ[band] == pytest.approx(float(text.replace(",", "")), rel=0.05)
    assert view["outline"]["peak"] == 1 and view["outline"]["step"] == pytest.approx(2.5 / 49)
    assert not view["looks"] and "attention" not in view["alt"]


def test_digital_silence_is_dark():
    silent = dataclasses.replace(heard(), log_mel=np.full((64, 26), -100.0, dtype=np.float32))
    assert not any(unpacked(sound_view(OUTLINE, silent, 2.5)["mel"]["data"], "u1"))


def test_silence_that_was_added_is_told_from_the_sound():
    view = sound_view(OUTLINE, heard([attention()], begins=-1.0), 0.5)
    assert view["span"] == (-1.0, 1.5) and view["heard"] == (0.0, 0.5) and view["looks"]
    assert (view["axis"]["low"], view["axis"]["high"]) == (-1.0, 1.5)


def test_times_that_are_no_places_in_the_clip_are_not_drawn_over_it():
    view = sound_view(OUTLINE, heard([attention(times=3, clip_time=False)]), 2.5)
    assert not view["looks"] and view["axis"] == {"low": 0.0, "high": 1.5, "title": "Time within a window"}


def test_every_head_has_its_moments_its_peak_and_its_numbers():
    layers = heads_view([attention(peak=1), attention(layer=2, peak=3)], HERTZ)
    assert [len(layer["heads"]) for layer in layers] == [2, 2]
    for layer, peak in zip(layers, (1, 3), strict=True):
        assert list(unpacked(layer["edges"])) == [0, 0.5, 1, 1.5, 2, 2.5] and layer["cls"] and layer["bands"] == []
        for head in layer["heads"]:
            profile = unpacked(head["profile"])
            assert profile.argmax() == peak and profile.max() == pytest.approx(60) and head["peak"] == "60 %"
            assert unpacked(head["grid"], "u1").argmax() == peak and unpacked(head["grid"], "u1").max() == 255
            assert head["entropy"].endswith(" bit") and head["reach"].endswith(" ms") and "2.6 bit" in head["entropyHelp"]


def test_the_veil_of_patches_stands_on_their_bands():
    layer = heads_view([attention(times=2, bands=2, peak=1)], HERTZ)[0]  # token 1: the first moment's upper band
    grid = unpacked(layer["heads"][0]["grid"], "u1").reshape(2, 2)
    assert grid[1, 0] == 255 and layer["bands"][0] == 0 and layer["bands"][-1] == 64
    assert (HERTZ < 4000).sum() == pytest.approx(layer["bands"][1], abs=1)


def test_the_matrix_has_the_class_token_first_and_keeps_faint_cells():
    among = np.eye(4) * 0.5 + 0.001
    view = matrix_view(TimeMatrix(np.arange(4.0), np.arange(1.0, 5.0), among, np.full(4, 0.2), np.full(4, 0.4), 0.3))
    cells = unpacked(view["matrix"], "u1").reshape(5, 5)
    percent = view["most"] * (cells / 255.0) ** 2
    assert percent[0] == pytest.approx([30, 20, 20, 20, 20], abs=0.3) and percent[1:, 0] == pytest.approx(40, abs=0.3)
    assert percent[1:, 1:] == pytest.approx(100 * among, abs=0.3) and percent[1, 2] == pytest.approx(0.1, abs=0.02)
    alone = matrix_view(TimeMatrix(np.arange(4.0), np.arange(1.0, 5.0), among, None, None, None))
    assert len(unpacked(alone["matrix"], "u1")) == 16


def test_matrices_of_a_large_model_are_sent_for_the_layer_in_sight():
    heads = CELLS_AT_ONCE // 200**2 // 2 + 1
    maps = [attention(heads=heads, times=200, layer=layer) for layer in (1, 2)]
    sent = [[head["matrix"] is not None for head in layer["heads"]] for layer in heads_view(maps, HERTZ)]
    assert sent == [[False] * heads, [True] * heads]
    sent = [[head["matrix"] is not None for head in layer["heads"]] for layer in heads_view(maps, HERTZ, 0)]
    assert sent == [[True] * heads, [False] * heads]


def test_more_moments_than_can_be_drawn_are_added_up():
    place, tokens = layout(700, 0.01), 701
    weights = np.full((1, tokens, tokens), 1 / tokens, dtype=np.float32)
    layer = heads_view([AttentionMap(1, weights, place)], HERTZ)[0]
    edges, head = unpacked(layer["edges"]), layer["heads"][0]
    assert len(edges) == 235 and edges[0] == 0 and edges[1] == pytest.approx(0.03) and edges[-1] == pytest.approx(7.0)
    profile, cells = unpacked(head["profile"]), unpacked(head["matrix"], "u1").reshape(235, 235)
    assert profile.sum() == pytest.approx(100 * 700 / 701) and profile[0] == pytest.approx(300 / 701)
    percent = head["most"] * (cells / 255.0) ** 2
    assert percent[5, 5] == pytest.approx(300 / 701, rel=0.02) and percent[5, 0] == pytest.approx(100 / 701, rel=0.02)


def test_a_pool_looks_once_and_has_no_matrix():
    place = layout(5, 0.5)
    place = TokenLayout(*(edge[1:] for edge in (place.start, place.end, place.low, place.high)), True, None, "Attentive pool")
    weights = np.array([[[0.1, 0.6, 0.1, 0.1, 0.1]]], dtype=np.float32)
    layer = heads_view([attention(), AttentionMap(2, weights, place)], HERTZ)[1]
    assert layer["names"] == ["Attentive pool"] and layer["once"] and layer["heads"][0]["matrix"] is None
    assert unpacked(layer["heads"][0]["profile"]).argmax() == 1 and layer["heads"][0]["reach"] == "not defined"
    assert "no matrix" in layer["words"]["matrix"] and "the pool" in layer["words"]["caveat"]


def test_the_words_are_true_of_the_layer():
    usual, within = (heads_view([attention(clip_time=clip_time)], HERTZ)[0] for clip_time in (True, False))
    assert usual["names"] == ["Layer 1, head 1", "Layer 1, head 2"] and "over the clip, in seconds" in usual["words"]["strips"]
    assert usual["words"]["caveat"] == ("What this shows: where the class token looks. It is not by itself the reason for the "
                                        "answer.")
    assert "within its one-second windows" in within["words"]["strips"]
    place = layout(5, 0.5)
    free = TokenLayout(*(edge[1:] for edge in (place.start, place.end, place.low, place.high)), True, None)
    layer = heads_view([AttentionMap(1, np.full((2, 5, 5), 0.2, dtype=np.float32), free)], HERTZ)[0]
    assert "class token" not in " ".join(layer["words"].values()) and not layer["cls"]


def test_a_head_of_a_model_that_reads_the_mean_is_the_mean_of_its_rows():
    weights = np.array([[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]], dtype=np.float32)
    by_cls = heads_view([AttentionMap(1, weights, layout(2, 0.5))], HERTZ)[0]
    by_mean = heads_view([AttentionMap(1, weights, replace(layout(2, 0.5), read=()))], HERTZ)[0]
    assert unpacked(by_cls["heads"][0]["profile"]).tolist() == [100, 0]
    np.testing.assert_allclose(unpacked(by_mean["heads"][0]["profile"]), [100 / 3, 200 / 3], rtol=1e-5)
    assert "from which the answer is read" in by_cls["words"]["matrix"]
    assert "read from the mean of all rows" in by_mean["words"]["matrix"] and "an average moment" in by_mean["words"]["strips"]


def test_a_whole_view_of_five_seconds_is_light():
    """Under 300 KB for what one click sends: all heads of the largest model here, so that the next head costs nothing."""
    maps = [attention(heads=4, times=125, layer=layer) for layer in (1, 2)]
    outline = tuple(np.zeros((3, 1200)))
    view = {"sound": sound_view(outline, heard(maps, frames=501), 5.0), "layers": heads_view(maps, HERTZ)}
    assert len(json.dumps(view, allow_nan=False)) < 300_000


def long_answer(windows: int, classes: int = 4) -> Prediction:
    probs = np.random.default_rng(0).dirichlet(np.full(classes, 0.1), windows)
    names = tuple(f"class {number}" for number in range(classes))
    parts = tuple(Window(2.5 * i, 2.5 * i + 5, p) for i, p in enumerate(probs))
    return Prediction("m", names, parts[-1].end, probs.mean(axis=0), parts, False)


def test_a_timeline_has_every_windows_probabilities_at_its_own_stretch():
    answer = long_answer(9)
    events = find_events(answer)
    view = timeline_view(answer, OUTLINE, events, 3, name="x")
    cells = unpacked(view["codes"], "u1").reshape(4, 9)
    assert cells == pytest.approx(255 * np.stack([w.probs for w in answer.windows]).T, abs=0.6)
    edges = unpacked(view["edges"])
    assert len(edges) == 10 and edges[0] == 0 and edges[-1] == 25 and view["window"] == [7.5, 12.5]
    assert [row["label"] for row in view["rows"]] == list(answer.class_names)
    for drawn, event in zip(view["events"], events, strict=True):
        assert view["rows"][drawn["row"]]["label"] == event.label and drawn["start"] == event.start


def test_the_timeline_of_an_hour_with_fifty_classes_is_light_and_shows_the_surest():
    answer = long_answer(1439, 50)
    view = timeline_view(answer, tuple(np.zeros((3, 2000))), find_events(answer), 0, name="x")
    assert len(view["rows"]) == 12 and len(json.dumps(view, allow_nan=False)) < 250_000
    assert {event["row"] for event in view["events"]} <= set(range(12))
