"""m4a, aac, mp4 and webm: read where PyAV is installed, else refused in a sentence that says how to get it."""

import os
from importlib.util import find_spec

import numpy as np
import pytest

from core import decoder_pool
from core.audio import UPLOAD_TYPES, audio_info, read_audio
from core.errors import UserError
from core.limits import decoder_mb

RATE, SECONDS = 48_000, 5.0
needs_av = pytest.mark.skipif(not find_spec("av"), reason="needs PyAV: pip install -r requirements-formats.txt")
CODINGS = {"m4a": ("ipod", "aac"), "mp4": ("mp4", "aac"), "aac": ("adts", "aac"), "webm": ("webm", "libopus")}
HEADS = {"m4a": b"\0\0\0\x20ftypM4A \0\0\0\0", "mp4": b"\0\0\0\x20ftypisom\0\0\0\0",
         "webm": b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7", "aac": b"\xff\xf1\x50\x80\x02\x1f\xfc\x21"}


def sweep() -> np.ndarray:
    """Rises from 200 to 4,200 Hz, so that a shifted part shows."""
    time = np.arange(round(RATE * SECONDS)) / RATE
    return (0.5 * np.sin(2 * np.pi * (200 * time + 400 * time**2))).astype(np.float32)


def encoded(path, ending: str, samples: np.ndarray, picture: bool = False, **options: str) -> bytes:
    import av

    container, coding = CODINGS[ending]
    with av.open(str(path), "w", format=container, options=options) as file:
        stream = file.add_stream("mpeg4" if picture else coding, rate=25 if picture else RATE)
        if picture:
            stream.width = stream.height = 16
            frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), dtype=np.uint8))
        else:
            stream.layout = "mono"
            frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return path.read_bytes()


def pitch_at(waveform: np.ndarray, seconds: float) -> float:
    stretch = waveform[round(seconds * RATE):][:4_800] * np.hanning(4_800)
    return float(np.argmax(np.abs(np.fft.rfft(stretch))) * 10)


@needs_av
@pytest.mark.parametrize("ending", CODINGS)
def test_the_sound_comes_back_whole_and_in_parts(tmp_path, monkeypatch, ending):
    monkeypatch.setenv("EARSHOT_DECODER_MB", str(decoder_mb.low))  # enough, even for FFmpeg
    path = tmp_path / f"sweep.{ending}"
    data = encoded(path, ending, sweep())
    waveform, rate = read_audio(path)
    assert rate == RATE and waveform.dtype == np.float32 and waveform.ndim == 1
    assert len(waveform) == pytest.approx(RATE * SECONDS, abs=3_000)
    for seconds in (0.5, 2.0, 4.0):
        assert pitch_at(waveform, seconds) == pytest.approx(200 + 800 * (seconds + 0.05), abs=25)
    assert np.array_equal(read_audio(data)[0], waveform)
    info = audio_info(path)
    assert (info.sample_rate, info.channels, info.subtype) == (RATE, 1, "OPUS" if ending == "webm" else "AAC")
    assert info.seconds == pytest.approx(SECONDS, abs=0.1 if ending != "aac" else 0.5)
    for start, end in ((0.0, 0.5), (0.25, 1.5), (3.0, 3.5)):
        part = read_audio(path, start, end)[0]
        whole = waveform[round(start * RATE):round(end * RATE)]
        assert len(part) == len(whole) and np.abs(part - whole).max() < 1e-3, (start, end)
    assert len(read_audio(path, 4.0)[0]) == len(waveform) - 4 * RATE
    with pytest.raises(UserError, match="has no sound after 90 s"):
        read_audio(path, 90)


@needs_av
def test_the_content_decides_for_these_too(tmp_path):
    path = tmp_path / "named.wav"
    encoded(path, "m4a", sweep())
    assert len(read_audio(path)[0]) > RATE


@needs_av
@pytest.mark.parametrize("ending", CODINGS)
def test_cut_or_changed_it_is_a_sound_or_a_sentence(tmp_path, ending):
    random = np.random.default_rng(0)
    path = tmp_path / f"hurt.{ending}"
    whole = encoded(path, ending, sweep()[:RATE // 2])
    hurt = [whole[:length] for length in np.linspace(8, len(whole) - 1, 15).astype(int)]
    for _ in range(25):
        data = bytearray(whole)
        for place in random.integers(8, len(data), 6):
            data[place] = random.integers(256)
        hurt.append(bytes(data))
    for data in hurt:
        path.write_bytes(data)
        for ask in (read_audio, audio_info):
            try:
                found = ask(path)
                assert ask is audio_info or np.isfinite(found[0]).all()
            except UserError as error:
                assert str(error).startswith(path.name) and "\n" not in str(error) and str(tmp_path) not in str(error)


@needs_av
def test_a_browsers_recording_says_not_how_long_it_is(tmp_path):
    encoded(tmp_path / "take.webm", "webm", sweep(), live="1")
    waveform, _ = read_audio(tmp_path / "take.webm")
    assert audio_info(tmp_path / "take.webm").seconds == pytest.approx(SECONDS, abs=0.1)
    assert len(waveform) == pytest.approx(RATE * SECONDS, abs=3_000)
    assert np.abs(read_audio(tmp_path / "take.webm", 3.0, 3.5)[0] - waveform[3 * RATE:round(3.5 * RATE)]).max() < 1e-3


@needs_av
def test_a_film_without_a_sound_track(tmp_path):
    encoded(tmp_path / "silent film.mp4", "mp4", sweep(), picture=True)
    with pytest.raises(UserError, match=r"silent film\.mp4 holds no sound track"):
        read_audio(tmp_path / "silent film.mp4")


@pytest.mark.parametrize("ending", HEADS)
def test_without_pyav_the_sentence_says_how(tmp_path, monkeypatch, ending):
    """The child cannot import it, whether it is installed or not."""
    (tmp_path / "av.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pool = decoder_pool.DecoderPool()
    monkeypatch.setattr(decoder_pool, "pool", pool)
    path = tmp_path / f"song.{ending}"
    path.write_bytes(HEADS[ending] + os.urandom(5_000))
    try:
        for ask in (read_audio, audio_info):
            with pytest.raises(UserError, match=rf"^song.{ending} is .*{ending}.*pip install -r requirements-formats.txt"):
                ask(path)
    finally:
        pool.close()


def test_what_may_be_dropped_is_listed():
    assert {*CODINGS, "wav", "flac", "ogg", "mp3"} <= set(UPLOAD_TYPES)
