"""Decoding, resampling and fitting, on files as people have them."""

import io
import os

import numpy as np
import pytest
import soundfile

from core.audio import (
    audio_info,
    clipped_share,
    fit_length,
    peak_db,
    read_audio,
    resample,
    rms_db,
    silence_share,
)
from core.errors import UserError

RATE = 16_000


def tone(rate=RATE, seconds=1.0, pitch=440.0):
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(rate * seconds)) / rate).astype(np.float32)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_every_promised_format_gives_the_sound_back(tmp_path, ending):
    path = tmp_path / f"tone.{ending}"
    soundfile.write(path, tone(), RATE)
    waveform, rate = read_audio(path)
    assert rate == RATE and waveform.dtype == np.float32 and waveform.ndim == 1
    assert abs(rms_db(waveform) - rms_db(tone())) < 0.5
    for source in (str(path), path.read_bytes(), io.BytesIO(path.read_bytes()), path.open("rb")):
        assert np.array_equal(read_audio(source)[0], waveform)


def test_channels_are_averaged(tmp_path):
    soundfile.write(tmp_path / "two.wav", np.stack([tone(), np.zeros(RATE)], axis=1), RATE, subtype="FLOAT")
    assert np.allclose(read_audio(tmp_path / "two.wav")[0], tone() / 2, atol=1e-7)
    assert audio_info(tmp_path / "two.wav").channels == 2


def test_a_part_is_cut_at_its_seconds(tmp_path):
    soundfile.write(tmp_path / "ramp.wav", np.arange(RATE) / RATE, RATE, subtype="FLOAT")
    part, _ = read_audio(tmp_path / "ramp.wav", start=0.25, end=0.5)
    assert len(part) == RATE // 4 and part[0] == 0.25
    assert len(read_audio(tmp_path / "ramp.wav", start=0.75, end=9)[0]) == RATE // 4
    for start, end in ((2, None), (0.5, 0.5), (-1, None), (float("nan"), 1)):
        with pytest.raises(UserError):
            read_audio(tmp_path / "ramp.wav", start=start, end=end)


@pytest.mark.parametrize(("content", "words"), [
    (b"", "empty"), (b"this is a text, whatever its name says", "not a sound"), (b"RIFF\x00\x00\x00\x00WAVE", "not a sound"),
    (b"\x00" * 5000, "not a sound"), (b"ID3\x03\x00\x00\x00\x00\x00\x00" + b"\xff" * 200, "not a sound"),
])
def test_what_is_no_sound_is_refused_in_a_sentence(tmp_path, content, words):
    path = tmp_path / "upload.wav"
    path.write_bytes(content)
    for source in (path, content):
        with pytest.raises(UserError, match=words) as caught:
            read_audio(source)
        assert "\n" not in str(caught.value)


def test_files_without_usable_samples_are_refused(tmp_path):
    cases = {"none.wav": (np.zeros(0), "no samples"), "nan.wav": (np.array([0, np.nan]), "not finite"),
             "inf.wav": (np.array([np.inf, 0]), "not finite"), "huge.wav": (np.array([1e30, 0]), "between -1 and 1")}
    for name, (samples, words) in cases.items():
        soundfile.write(tmp_path / name, samples.astype(np.float32), RATE, subtype="FLOAT")
        with pytest.raises(UserError, match=words):
            read_audio(tmp_path / name)
    for rate in (500, 900_000):
        soundfile.write(tmp_path / "rate.wav", np.zeros(10), rate)
        with pytest.raises(UserError, match="sample rate"):
            read_audio(tmp_path / "rate.wav")
    with pytest.raises(UserError, match="not there"):
        read_audio(tmp_path)
    with pytest.raises(UserError, match="not there"):
        read_audio(tmp_path / "missing.wav")


def test_a_nameless_raw_file_is_refused(tmp_path):
    (tmp_path / "x.raw").write_bytes(b"1234" * 100)
    with pytest.raises(UserError):
        read_audio(tmp_path / "x.raw")
    with (tmp_path / "x.raw").open("rb") as file, pytest.raises(UserError):
        read_audio(file)


def test_too_long_is_refused_and_a_part_of_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("core.audio.MAX_FRAMES", RATE)
    soundfile.write(tmp_path / "long.flac", np.zeros(3 * RATE), RATE)
    with pytest.raises(UserError, match="longer than"):
        read_audio(tmp_path / "long.flac")
    assert len(read_audio(tmp_path / "long.flac", 1.0, 1.5)[0]) == RATE // 2


def test_a_header_that_promises_too_much_allocates_nothing(tmp_path):
    path = tmp_path / "liar.wav"
    soundfile.write(path, tone(), RATE)
    data = bytearray(path.read_bytes())
    place = data.index(b"data") + 4
    data[place:place + 4] = (0xFFFFFFF0).to_bytes(4, "little")
    path.write_bytes(data)
    assert len(read_audio(path)[0]) == RATE


def test_damaged_files_never_crash(tmp_path):
    random = np.random.default_rng(0)
    for ending in ("wav", "flac", "ogg", "mp3"):
        path = tmp_path / f"tone.{ending}"
        soundfile.write(path, tone(seconds=0.3), RATE)
        whole = path.read_bytes()
        for _ in range(20):
            data = bytearray(whole[: random.integers(1, len(whole))])
            for place in random.integers(0, len(data), 8):
                data[place] = random.integers(256)
            path.write_bytes(data)
            try:
                waveform, _ = read_audio(path)
                assert np.isfinite(waveform).all()
            except UserError as error:
                assert "\n" not in str(error)


@pytest.mark.parametrize(("from_rate", "to_rate"), [(44_100, 16_000), (8_000, 16_000), (16_000, 16_000), (1234, 96_000)])
def test_resampling_keeps_pitch_level_and_length(from_rate, to_rate):
    waveform = tone(from_rate, pitch=200.0)
    resampled = resample(waveform, from_rate, to_rate)
    assert len(resampled) == to_rate and resampled.dtype == np.float32
    assert np.argmax(np.abs(np.fft.rfft(resampled))) == 200
    assert abs(rms_db(resampled) - rms_db(waveform)) < 0.1
    assert len(resample(waveform[:1], from_rate, to_rate)) >= 1


def test_resampling_does_not_alias():
    assert rms_db(resample(tone(44_100, pitch=12_000), 44_100, 16_000)[200:-200]) < -80


def test_fit_length_keeps_the_middle():
    assert fit_length(np.arange(10), 4).tolist() == [3, 4, 5, 6]
    assert fit_length(np.array([1, 2, 3]), 6).tolist() == [0, 1, 2, 3, 0, 0]
    assert fit_length(np.array([1, 2]), 2).tolist() == [1, 2]


def test_levels():
    assert rms_db(tone()) == pytest.approx(-9.03, abs=0.01) and peak_db(tone()) == pytest.approx(-6.02, abs=0.01)
    assert rms_db(np.zeros(5)) == peak_db(np.zeros(0)) == float("-inf")
    half = np.concatenate([tone(), np.zeros(RATE, np.float32)])
    assert silence_share(half, RATE) == pytest.approx(0.5, abs=0.02)
    assert silence_share(np.zeros(0), RATE) == 1.0
    assert clipped_share(np.clip(4 * tone(), -1, 1)) > 0.3 and clipped_share(tone()) == 0.0


def test_no_file_stays_open(tmp_path):
    soundfile.write(tmp_path / "tone.wav", tone(), RATE)
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("needs /proc")
    read_audio(tmp_path / "tone.wav")  # starts a decoder, if none runs yet
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        read_audio(tmp_path / "tone.wav")
        audio_info(tmp_path / "tone.wav")
    assert len(os.listdir("/proc/self/fd")) == before
