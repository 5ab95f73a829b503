"""The page Explore on a small folder of real files, driven without a browser."""

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from streamlit.testing.v1 import AppTest

from app.explore.overview import classes_shown
from app.explore.selection import has_flaw, matching, typical_seconds
from app.explore.table import clip_rows
from core.datasets import load_dataset
from core.facts import clip_facts
from tests.conftest import nothing_ahead, until

ROOT = Path(__file__).resolve().parents[2]
RATE = 8_000
MARKUP = "<b>rain *loud*"


@pytest.fixture
def data(isolated):
    """Two classes, one with markup in its name: tones, a silent, a clipped, a short and a broken clip."""
    folder = isolated / "data" / "sounds"
    time = np.arange(RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    sounds = {"dog/a-1": tone, "dog/a-2": 0.5 * tone, "dog/b-1": np.zeros(RATE), f"{MARKUP}/c-1": tone[:2000],
              f"{MARKUP}/c-2": np.clip(4 * tone, -1, 1), f"{MARKUP}/d-1": 0.1 * tone}
    for name, waveform in sounds.items():
        path = folder / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, waveform, RATE)
    (folder / "dog" / "z-broken.wav").write_text("this is a text")
    return load_dataset("sounds")


@pytest.fixture
def page(data):
    """Opens the page with a query, as ``page(clip="dog/a-2.wav", scale="log")``."""
    def opened(**query):
        app = AppTest.from_file(str(ROOT / "app" / "views" / "explore.py"), default_timeout=60)
        app.query_params["dataset"] = "sounds"
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception
        return app
    return opened


def texts(app) -> str:
    return "\n".join(element.value for kind in (app.text, app.caption, app.markdown, app.error)
                     for element in kind).replace("\\", "")


def table(app):
    return app.dataframe[0].value


def test_the_page_lists_every_clip_and_opens_the_first(page):
    app = page()
    assert "7 of 7 clips" in texts(app)
    assert len(table(app)) == 7
    assert "8,000 Hz · mono · 0.25 s" in texts(app)
    assert "Health of this data set" in [element.value for element in app.subheader]


def test_the_link_restores_clip_filters_and_settings(page):
    app = page(clip="dog/a-2.wav", **{"class": "dog", "scale": "linear", "window": "80", "part": "0.2-0.6"})
    assert "a-2 · dog" in texts(app)
    assert "4 of 7 clips" in texts(app)
    assert app.multiselect(key="class").value == ["dog"]
    assert app.selectbox(key="window").value == 80
    assert app.slider(key="part_dog/a-2.wav").value == (0.2, 0.6)


def test_a_copied_address_opens_the_data_set_of_its_clip(page, voices, monkeypatch):
    monkeypatch.setattr("app.state.default_dataset", lambda: "sounds")
    app = AppTest.from_file(str(ROOT / "app" / "views" / "explore.py"), default_timeout=60)
    app.session_state["earshot_dataset"], app.session_state["earshot_label"] = "voices", "speaker"
    assert app.run().query_params["dataset"] == "voices", "before a clip was chosen"
    app.button(key="explore_next").click().run()
    link = {name: app.query_params[name] for name in ("dataset", "label", "clip")}
    assert (link["dataset"], link["label"]) == ("voices", "speaker") and "sources" not in app.query_params
    copied = page(**link)
    assert copied.multiselect(key="class").options == ["Ada", "Max"] and copied.query_params["clip"] == link["clip"]
    assert "dataset" not in page(clip="dog/a-2.wav").query_params, "it is the usual one"


def test_the_part_of_a_clip_that_is_filtered_away_is_not_that_of_the_next(page):
    app = page(clip="dog/a-2.wav", part="0.2-0.6")
    assert app.slider(key="part_dog/a-2.wav").value == (0.2, 0.6)
    app.text_input(key="search").set_value("b-").run()
    (slider,) = [slider for slider in app.slider if slider.key.startswith("part_")]
    assert slider.key != "part_dog/a-2.wav" and slider.value == (slider.min, slider.max)
    assert "part" not in app.query_params


@pytest.mark.parametrize("part", ["x", "-", "5-9", "nan-1", "0.5", "3-1", "-1-0.5"])
def test_a_part_that_is_none_shows_the_whole_clip(page, part):
    app = page(clip="dog/a-1.wav", part=part)
    assert app.slider(key="part_dog/a-1.wav").value == (0.0, 1.0)


def test_next_and_previous_go_round(page):
    app = page(clip="dog/a-1.wav")
    app.button(key="explore_next").click().run()
    assert "a-2 · dog" in texts(app)
    app.button(key="explore_previous").click().run()
    assert "a-1 · dog" in texts(app)
    assert "dog/a-1.wav" in app.query_params["clip"]


def test_a_sibling_opens(page):
    app = page(clip="dog/a-1.wav")
    app.button(key="sibling_dog/a-2.wav").click().run()
    assert "a-2 · dog" in texts(app)


def test_a_broken_clip_gets_its_sentence_and_the_page_goes_on(page):
    app = page(clip="dog/z-broken.wav")
    assert "is not a sound that can be read" in app.error[0].value.replace("\\", "")
    app.button(key="explore_next").click().run()
    assert not app.error and "Hz · mono" in texts(app)


def test_more_views_are_computed_when_they_are_asked_for(page):
    from app.explore import features

    assert "Computed by librosa" not in texts(page(clip="dog/a-1.wav"))
    app = page(clip="dog/a-1.wav", view="RMS")
    deadline = time.monotonic() + 60
    while "Computed by librosa" not in texts(app) and time.monotonic() < deadline:
        app.run()  # a browser looks again by itself; the page can be used meanwhile
    assert "Root mean square" in texts(app) and "64.0 ms" in texts(app)
    assert features.MEANING.keys() == features.FEATURES.keys()


def test_of_many_classes_the_gallery_shows_one_part_after_the_other(page, monkeypatch):
    assert classes_shown(10, turn=3) == (range(10), 3)
    assert [classes_shown(50, turn) for turn in range(4)] == [
        (range(20), 0), (range(20, 40), 0), (range(40, 50), 0), (range(20), 1)], "in full rows"
    monkeypatch.setattr("app.explore.overview.MOST_CLASSES", 1)
    app = page()
    assert "One clip of every class (1 to 1 of 2)" in [title.value for title in app.subheader]
    assert app.button(key="explore_others").label == "Next 1"
    app.button(key="explore_others").click().run()
    assert "One clip of every class (2 to 2 of 2)" in [title.value for title in app.subheader]
    assert app.button(key="explore_others").label == "First 1"
    assert "0 to 4 kHz upwards" in texts(app), "as high as these sounds go"


def test_the_clips_beside_the_open_one_and_those_of_the_gallery_are_made_ready(page, monkeypatch, made_ready_at_once):
    from app.explore import clip as panel
    from app.explore import pictures

    until(nothing_ahead, "the end of what other tests' pages began")
    pictures._kept.clear()  # the clips of another test's folder may be at hand still
    drawn, spectrogram = [], pictures.spectrogram
    monkeypatch.setattr(pictures, "spectrogram",
                        lambda *given, **how: drawn.append(how["hop_ms"]) or spectrogram(*given, **how))
    loaded, really = [], panel.clip_bytes
    monkeypatch.setattr(panel, "clip_bytes", lambda dataset, clip: loaded.append(clip.name) or really(dataset, clip))
    app = page(clip="dog/a-2.wav")
    until(nothing_ahead, "all that is made ready")
    assert loaded[:3] == ["a-2", "b-1", "a-1"], "the open one, the next, the one before"
    assert set(loaded[3:]) == {"a-1", "c-1"}, "the first of each class"
    assert drawn == [10] * 4, "each of them once"
    monkeypatch.setattr(panel, "ahead", lambda *works: None)
    app.button("explore_next").click().run()
    assert app.query_params["clip"] != "dog/a-2.wav" and len(drawn) == 4, "its picture is there already"
    app.selectbox("hop").set_value(20).run()
    assert drawn[4:] == [20]


def test_filters_that_leave_nothing_say_so(page):
    app = page(search="no such clip")
    assert "0 of 7 clips" in texts(app)
    assert "No clip meets these filters" in texts(app)
    assert "Health of this data set" in [title.value for title in app.subheader], "that is of all clips, whatever is listed"
    app.button(key="explore_none").click().run()
    assert "7 of 7 clips" in texts(app) and not app.exception


def test_a_clip_that_is_not_there_opens_the_first(page):
    app = page(clip="gone/away.wav")
    assert "Hz · mono" in texts(app) and not app.error


def test_an_unknown_data_set_is_a_sentence(data, monkeypatch):
    monkeypatch.setattr("app.state.default_dataset", lambda: "sounds")
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    app.switch_page("views/explore.py")
    app.query_params["dataset"] = "nonsense"
    app.run()
    assert not app.exception
    assert "There is no data set called 'nonsense'" in app.error[0].value.replace("\\", "")
    assert app.button(key="explore_next"), "the usual one takes its place"
    app.run()
    assert not app.error  # the next look falls back to what is there


def test_names_from_outside_are_text(page):
    app = page(**{"clip": f"{MARKUP}/c-1.wav"})
    assert any(element.value.startswith(f"c-1 · {MARKUP}") for element in app.text)
    assert all(MARKUP not in element.value for element in app.markdown)


def test_flaws_are_found_by_what_was_heard(data):
    facts = clip_facts(data)
    found = {flaw: [data.clips[i].name for i in matching(data, facts, flaws=[flaw])]
             for flaw in ("silent", "clipped", "short", "unreadable")}
    assert found == {"silent": ["b-1"], "clipped": ["c-2"], "short": ["c-1"], "unreadable": ["z-broken"]}
    assert typical_seconds(facts) == 1.0
    assert has_flaw(facts[0], "short", 1.0) and not has_flaw(facts[0], "short", 0.5)


def test_filters_narrow_together(data):
    facts = clip_facts(data)
    assert [data.clips[i].name for i in matching(data, facts, classes=["dog"], search="A-")] == ["a-1", "a-2"]
    assert len(matching(data, None, flaws=["silent"])) == 7  # nothing is measured yet


def test_the_table_leaves_empty_what_cannot_be_measured(data):
    rows = clip_rows(data, clip_facts(data), range(len(data.clips)))
    broken = rows[rows["Clip"] == "z-broken"].iloc[0]
    silent = rows[rows["Clip"] == "b-1"].iloc[0]
    assert np.isnan(broken["s"]) and np.isnan(silent["dB"])
    assert silent["Silent %"] == 100 and rows["s"].max() == 1.0
    assert clip_rows(data, None, [0, 1])["s"].isna().all()
