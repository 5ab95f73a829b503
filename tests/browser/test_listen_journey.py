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
    """One run with two untrained models: what is tested is the way from a sound to its pictures."""
    from core.files import write_json

    for model in ("cnn1d", "cnn_transformer_h4"):
        config = TrainConfig(model=model, dataset="ESC-10")
        folder = server.checkpoints / f"untrained-{model}"
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


def chart(page, key: str):
    return page.locator(f".st-key-{key} .js-plotly-plot")


def test_an_uploaded_ogg_is_answered_and_a_click_chooses_the_head(listening_server, page, own_sound):
    from playwright.sync_api import expect

    listening_server.open(page, "/listen?run=untrained-cnn_transformer_h4")
    page.get_by_role("radio", name="Upload").click()
    expect(page.get_by_text("Drop a sound here, and the model says what it hears in it.")).to_be_visible()
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(own_sound)
    expect(page.get_by_text("Listening to my tone.ogg, 7.00 s")).to_be_visible()

    for key in ("listen_bars", "listen_windows", "listen_stage", "listen_heads", "listen_matrix"):
        expect(chart(page, key)).to_be_visible()
    assert sum(chart(page, "listen_bars").evaluate("plot => Array.from(plot.data[0].x._inputArray || plot.data[0].x)"
                                                   )) == pytest.approx(100, abs=0.1)
    expect(page.get_by_text("What this shows: where the class token looks.")).to_be_visible()
    expect(page.get_by_role("heading", name="Layer 2, head 1")).to_be_visible()

    listening_server.settled(page)
    begins = "plot => Math.round(plot.layout.xaxis.range[0])"
    first = chart(page, "listen_stage").evaluate(begins)
    page.get_by_role("combobox", name=re.compile("Look into")).click()
    page.get_by_role("option", name="0.00 to 5.00 s" if first else "2.00 to 7.00 s").click()
    page.wait_for_function(
        "before => { const plots = document.querySelectorAll('.st-key-listen_stage .js-plotly-plot');"
        " return plots.length === 1 && Math.round(plots[0].layout.xaxis.range[0]) !== before }", arg=first)
    assert {first, chart(page, "listen_stage").evaluate(begins)} == {0, 2}

    listening_server.settled(page)
    third = chart(page, "listen_heads").locator(".nsewdrag[data-subplot=x3y3]")  # layer 1, head 3
    third.scroll_into_view_if_needed()
    box = third.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.6, steps=4)
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.6)
    expect(page.get_by_role("heading", name="Layer 1, head 3")).to_be_visible()


def test_text_named_wav_is_one_sentence_where_it_was_dropped(listening_server, page, tmp_path):
    from playwright.sync_api import expect

    (tmp_path / "notes.wav").write_text("these are words, not sound")
    listening_server.open(page, "/listen")
    page.get_by_role("radio", name="Upload").click()
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(tmp_path / "notes.wav")
    expect(page.get_by_text("notes.wav is not a sound that can be read")).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)
    expect(chart(page, "listen_stage")).to_have_count(0)


def test_a_clip_by_its_link_and_a_model_without_attention(listening_server, page, esc10):
    from playwright.sync_api import expect

    listening_server.open(page, "/listen?dataset=ESC-10&run=untrained-cnn_transformer_h4&clip=1-26806-A")
    expect(page.get_by_text("True class: rooster.")).to_be_visible()
    expect(page.get_by_text("This clip was in this model's training data")).to_be_visible()
    expect(chart(page, "listen_matrix")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("combobox", name=re.compile("Model")).click()
    page.get_by_role("option", name="untrained-cnn1d").click()
    expect(page.get_by_text("The model cnn1d has no attention")).to_be_visible()
    expect(chart(page, "listen_matrix")).to_have_count(0)
    expect(chart(page, "listen_stage")).to_be_visible()
    expect(page).to_have_url(re.compile("run=untrained-cnn1d"))
