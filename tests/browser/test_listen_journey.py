"""Listen inside as a person uses it: a sound of one's own, a head by a click, text that is no sound, a clip by its link."""

import re

import numpy as np
import pytest
import soundfile
import torch

from core.checkpoint import save_checkpoint
from core.config import TrainConfig
from core.models import create_model

CLASSES = ("dog", "rain", "sea_waves", "crying_baby", "clock_tick", "sneezing", "helicopter", "chainsaw", "rooster",
           "crackling_fire")


@pytest.fixture(scope="module")
def listening_server(server):
    """Three untrained models, one of which sends the matrices of one layer at a time: what is tested is the way from a sound
    to its pictures."""
    from core.files import write_json

    for name, model, seconds in (("cnn1d", "cnn1d", 5), ("cnn_transformer_h4", "cnn_transformer_h4", 5),
                                 ("wide", "cnn_transformer_h4", 15)):
        config = TrainConfig(model=model, dataset="ESC-10", clip_seconds=seconds)
        folder = server.checkpoints / f"untrained-{name}"
        folder.mkdir()
        write_json(folder / "config.json", {"config": config.to_dict(), "class_names": CLASSES,
                                            "created": f"2026-11-20T1{len(model) % 10}:00:00+00:00"})
        torch.manual_seed(0)
        save_checkpoint(folder / "final.safetensors", create_model(model, 10), config, CLASSES)
    return server


@pytest.fixture
def own_sound(tmp_path):
    """Seven seconds of a rising tone, as a person would have it: an ogg file at 44.1 kHz."""
    time = np.arange(7 * 44_100) / 44_100
    soundfile.write(tmp_path / "my tone.ogg", 0.4 * np.sin(2 * np.pi * (200 + 100 * time) * time), 44_100)
    return tmp_path / "my tone.ogg"


DRAWN = ".inside[data-drawn]"
PIXELS = """canvas => { const { width, height } = canvas, at = canvas.getContext('2d').getImageData(0, 0, width, height).data;
  let sum = 0; for (let i = 0; i < at.length; i += 4) sum += at[i] * 3 + at[i + 1] * 5 + at[i + 2] * 7 + at[i + 3];
  return sum }"""


def picture(page, name: str) -> int:
    """A number that changes with what a canvas shows; 0 where it shows nothing."""
    return page.locator(f".inside .{name}").first.evaluate(PIXELS)


def time_axis(page) -> dict:
    return page.evaluate("() => JSON.parse(document.querySelector('.inside .sound').dataset.timeAxis)")


def test_text_is_refused_an_ogg_is_answered_and_its_heads_are_chosen_without_the_server(
        listening_server, page, own_sound, tmp_path):
    from playwright.sync_api import expect

    (tmp_path / "www.notes.wav").write_text("these are words, not sound")
    listening_server.open(page, "/listen?run=untrained-cnn_transformer_h4")
    page.get_by_role("radio", name="Upload").click()
    expect(page.get_by_text("Drop a sound here, and the model says what it hears in it.")).to_be_visible()
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(tmp_path / "www.notes.wav")
    expect(page.get_by_text("notes.wav is not a sound that can be read")).to_be_visible()
    expect(page.locator("[data-testid=stAlert] a")).to_have_count(0)  # no name is made a link of
    expect(page.get_by_text("Traceback")).to_have_count(0)
    expect(page.locator(DRAWN)).to_have_count(0)

    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(own_sound)
    expect(page.get_by_text("Listening to my tone.ogg, 7.00 s")).to_be_visible()
    expect(page.locator(".timeline[data-drawn]")).to_be_visible()
    expect(page.locator(DRAWN)).to_be_visible()
    bars = page.locator(".inside .bars .value").all_inner_texts()
    assert len(bars) == 10 and sum(float(text.split()[0]) for text in bars) == pytest.approx(100, abs=2)
    expect(page.get_by_text("What this shows: where the class token looks.")).to_be_visible()
    expect(page.get_by_role("heading", name="Layer 2, head 1")).to_be_visible()
    listening_server.settled(page)

    start = round(time_axis(page)["low"])  # 0 or 2: a click on the timeline's other end looks into the other window
    along = page.locator(".timeline canvas").bounding_box()
    page.mouse.click(along["x"] + (along["width"] * 0.95 if start == 0 else 150), along["y"] + 40)
    page.wait_for_function("start => Math.round(JSON.parse(document.querySelector('.inside .sound').dataset.timeAxis).low)"
                           " !== start", arg=start)
    listening_server.settled(page)

    runs = page.evaluate("() => { window.runs = 0; new MutationObserver(() => window.runs++).observe("
                         " document.querySelector('[data-testid=stApp]'), { attributeFilter: ['data-test-script-state'] });"
                         " return window.runs }")
    before = {name: picture(page, name) for name in ("stage", "matrix canvas")}
    page.get_by_role("radio", name="Layer 1, head 3").click()
    expect(page.get_by_role("heading", name="Layer 1, head 3")).to_be_visible()
    after = {name: picture(page, name) for name in before}
    assert all(before[name] != after[name] and after[name] for name in before)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Layer 1, head 4")).to_be_focused()
    expect(page.get_by_role("heading", name="Layer 1, head 4")).to_be_visible()
    page.get_by_label("Look through").select_option("Layer 2, head 2")
    expect(page.get_by_role("radio", name="Layer 2, head 2")).to_have_attribute("aria-checked", "true")
    veiled = picture(page, "stage")
    page.locator(".inside .veil").fill("0")
    assert picture(page, "stage") != veiled
    assert page.evaluate("() => window.runs") == runs == 0  # nobody asked the server

    page.get_by_label("Look through").select_option("Layer 1, head 2")
    shown(page, "Layer 1, head 2")
    page.locator("h1").click()  # a list that is opened while the page scrolls is closed by that
    page.get_by_role("combobox", name="Model").click()  # every matrix was here, so the server was never told of layer 1
    page.get_by_role("option", name="untrained-wide").click()
    page.wait_for_function("() => new URL(location).searchParams.get('run') === 'untrained-wide'")
    listening_server.settled(page)
    shown(page, "Layer 1, head 2")
    assert page.evaluate("() => document.querySelector('.inside').earshot.data.layers.map(layer => !!layer.heads[0].matrix)"
                         ) == [True, False], "of a wide model the server sends the matrices of one layer"


def shown(page, title: str) -> None:
    """The matrix is of the chosen head, which the browser remembers longer than the server."""
    from playwright.sync_api import expect

    expect(page.locator(".inside .numbers h3")).to_have_text(title)
    page.wait_for_function("() => { const { chosen, matrix } = document.querySelector('.inside').earshot;"
                           " return chosen.matrix && matrix.head === chosen }")


def test_an_event_of_a_long_sound_is_played_and_looked_into(listening_server, page, tmp_path):
    from playwright.sync_api import expect

    rate = 16_000
    noise = np.random.default_rng(0).standard_normal(75 * rate).astype(np.float32)
    soundfile.write(tmp_path / "long.flac", 0.1 * noise, rate)
    listening_server.open(page, "/listen?run=untrained-cnn_transformer_h4")
    page.get_by_role("radio", name="Upload").click()
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(tmp_path / "long.flac")
    expect(page.locator(".timeline[data-drawn]")).to_be_visible()
    listening_server.settled(page)
    light = page.locator(".timeline canvas").evaluate(PIXELS)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"before => ({PIXELS})(document.querySelector('.timeline canvas')) !== before", arg=light)
    listening_server.settled(page)
    threshold = page.get_by_role("slider", name=re.compile("An event begins"))
    threshold.press("Home")
    expect(page.get_by_text("Click one to play it and to look inside.")).to_be_visible()
    listening_server.settled(page)
    table = page.locator("[data-testid=stDataFrame]").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    page.mouse.click(box["x"] + 90, box["y"] + 52)  # anywhere in the first row
    page.wait_for_function("() => { const audio = document.querySelector('.st-key-player_listen audio');"
                           " return audio && !audio.paused && audio.currentTime > 0.05 }")
    assert page.evaluate("() => performance.getEntriesByType('resource').filter(entry => entry.name.includes('/media/'))"
                         ".reduce((sum, entry) => sum + entry.encodedBodySize, 0)") < 1.6e6  # of 2.4 MB as WAV


def test_a_clip_by_its_link_the_next_by_the_arrow_and_a_model_without_attention(listening_server, page, esc10):
    from playwright.sync_api import expect

    listening_server.open(page, "/listen?dataset=ESC-10&run=untrained-cnn_transformer_h4&clip=1-26806-A")
    expect(page.get_by_text("True class: rooster.")).to_be_visible()
    expect(page.get_by_text("This clip was in this model's training data")).to_be_visible()
    expect(page.locator(DRAWN)).to_be_visible()
    assert picture(page, "matrix canvas")
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    listening_server.settled(page)
    first = page.locator(".inside").get_attribute("data-drawn")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".inside")).not_to_have_attribute("data-drawn", first)
    listening_server.settled(page)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".inside")).to_have_attribute("data-drawn", first)
    listening_server.settled(page)
    page.get_by_role("combobox", name=re.compile("Model")).click()
    page.get_by_role("option", name="untrained-cnn1d").click()
    expect(page.get_by_text("The model cnn1d has no attention")).to_be_visible()
    expect(page.locator(".inside .matrix")).to_be_hidden()
    assert picture(page, "stage")
    expect(page).to_have_url(re.compile("run=untrained-cnn1d"))
