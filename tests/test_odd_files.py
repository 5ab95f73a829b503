"""Files as strangers have them, honest, odd, broken and hostile: each is a sound, or one sentence with its name."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio import audio_info, read_audio
from core.config import ROOT, data_dirs
from core.errors import UserError

RATE = 8_000
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 4_000).astype(np.float32)
ODD = next((path for folder in data_dirs() if (path := folder / "odd").is_dir()), None)
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000 1f15c489 0000000a49444154789c6300010000050001"
                    "0d0a2db4 0000000049454e44ae426082")


def answer(source, name: str, **part) -> np.ndarray | str:
    """The waveform, or the sentence; whatever it is, it is whole."""
    try:
        waveform, rate = read_audio(source, **part)
    except UserError as error:
        sentence = str(error)
        assert name in sentence and "\n" not in sentence and "Traceback" not in sentence and len(sentence) < 400
        return sentence
    assert waveform.dtype == np.float32 and waveform.ndim == 1 and len(waveform) and np.isfinite(waveform).all()
    assert 1_000 <= rate <= 768_000
    return waveform


def written(path: Path, samples=NOISE, rate=RATE, subtype=None, **more) -> Path:
    soundfile.write(path, samples, rate, subtype=subtype, **more)
    return path


@pytest.mark.parametrize(("samples", "expected"), [
    (np.zeros(0), "holds no samples"), (NOISE[:1], 1), (NOISE[:399], 399), (np.zeros(4_000), 4_000),
    (np.full(4_000, 0.25), 4_000), (np.append(NOISE, np.nan), "not finite"), (np.append(NOISE, -np.inf), "not finite"),
    (1e30 * NOISE, "between -1 and 1"),
], ids=["no sample", "one sample", "399 samples", "silent", "DC only", "NaN", "infinity", "huge"])
def test_every_length_and_content(tmp_path, samples, expected):
    found = answer(written(tmp_path / "odd.wav", samples, subtype="FLOAT"), "odd.wav")
    assert expected in found if isinstance(found, str) else len(found) == expected


@pytest.mark.parametrize(("subtype", "ending", "error"), [
    ("PCM_U8", "wav", 0.01), ("PCM_S8", "aiff", 0.01), ("PCM_16", "wav", 1e-4), ("PCM_24", "wav", 1e-6),
    ("PCM_32", "wav", 1e-6), ("FLOAT", "wav", 1e-7), ("DOUBLE", "wav", 1e-7), ("ULAW", "wav", 0.02), ("ALAW", "wav", 0.02),
    ("PCM_24", "flac", 1e-6), ("PCM_16", "rf64", 1e-4), ("PCM_16", "caf", 1e-4), ("PCM_16", "au", 1e-4),
])
def test_every_coding_gives_the_samples_back(tmp_path, subtype, ending, error):
    path = written(tmp_path / f"sound.{ending}", subtype=subtype)
    assert np.abs(answer(path, path.name) - NOISE).max() < error
    assert audio_info(path).subtype == subtype


@pytest.mark.parametrize("channels", [1, 2, 6, 20])
def test_every_number_of_channels_is_mixed_to_one(tmp_path, channels):
    samples = NOISE[:, None] * np.linspace(0.1, 1, channels)
    path = written(tmp_path / "many.wav", samples, subtype="FLOAT")
    assert np.allclose(answer(path, path.name), samples.mean(axis=1), atol=1e-6)
    assert audio_info(path).channels == channels


@pytest.mark.parametrize("rate", [1, 999, 1_000, 11_025, 768_000, 768_001, 2**31 - 1])
def test_every_sample_rate_a_header_can_name(tmp_path, rate):
    found = answer(written(tmp_path / "rate.wav", rate=rate), "rate.wav")
    if 1_000 <= rate <= 768_000:
        assert len(found) == len(NOISE)
    else:
        assert f"says its sample rate is {rate:,} Hz; expected 1,000 to 768,000 Hz" in found


def test_an_hour_is_read_and_more_is_refused_in_words(tmp_path, monkeypatch):
    hour = written(tmp_path / "hour.flac", np.zeros(3_600 * 1_000, dtype=np.int16), 1_000)
    assert len(answer(hour, hour.name)) == 3_600_000 and audio_info(hour).seconds == 3_600
    monkeypatch.setenv("EARSHOT_MAX_MINUTES", "59")
    assert answer(hour, hour.name) == ("hour.flac is longer than 59 minutes, the most that is read at once: cut it, or let "
                                       "EARSHOT_MAX_MINUTES allow more")
    assert len(answer(hour, hour.name, start=3_599, end=3_600)) == 1_000


def test_a_small_file_that_unfolds_to_much_is_read_within_the_limits(tmp_path, monkeypatch):
    bomb = tmp_path / "bomb.flac"
    with soundfile.SoundFile(bomb, "w", 48_000, 2, "PCM_16") as file:
        for _ in range(20):
            file.write(np.zeros((10**6, 2), dtype=np.int16))  # 160 MB as float32, in two channels
    assert bomb.stat().st_size < 200_000
    monkeypatch.setenv("EARSHOT_DECODER_MB", "256")  # block by block: the child needs none of it
    assert not answer(bomb, bomb.name).any() and audio_info(bomb).seconds == pytest.approx(416.67, abs=0.01)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3", "aiff", "opus"])
def test_cut_anywhere(tmp_path, ending):
    options = {"format": "OGG", "subtype": "OPUS"} if ending == "opus" else {}
    whole = written(tmp_path / f"whole.{ending}", np.tile(NOISE, 10), 48_000, **options).read_bytes()
    path, sounds = tmp_path / f"cut.{ending}", 0
    for length in {*range(0, 60, 5), *np.linspace(60, len(whole) - 1, 25).astype(int)}:
        path.write_bytes(whole[:length])
        sounds += not isinstance(answer(path, path.name), str)
    assert sounds or ending == "flac", "what is there of a cut sound is read; flac alone says that the rest is missing"


def patched(data: bytes, place: int, value: bytes) -> bytes:
    return data[:place] + value + data[place + len(value):]


def liars(folder: Path) -> dict[str, bytes]:
    """Files whose headers promise far more than there is."""
    wav, flac = written(folder / "a.wav").read_bytes(), written(folder / "a.flac").read_bytes()
    rf64, w64 = written(folder / "a.rf64").read_bytes(), written(folder / "a.w64").read_bytes()
    au, aiff, caf = (written(folder / f"a.{ending}").read_bytes() for ending in ("au", "aiff", "caf"))
    data, endless = wav.index(b"data") + 4, struct.pack("<Q", 2**63 - 1)
    return {
        "four gigabytes.wav": patched(wav, data, b"\xff\xff\xff\xff"),
        "nearly four gigabytes.wav": patched(wav, data, struct.pack("<I", 2**32 - 16)),
        "2 to the 63.wav": patched(rf64, rf64.index(b"ds64") + 16, endless + endless),
        "2 to the 63.w64": patched(w64, w64.index(b"data") + 16, endless),
        "2 to the 36.flac": patched(flac, 21, bytes([flac[21] | 0x0F]) + b"\xff\xff\xff\xff"),
        "length left open.flac": patched(flac, 21, bytes([flac[21] & 0xF0]) + b"\0\0\0\0"),
        "endless.au": patched(au, 8, b"\xff\xff\xff\xff"),
        "frames.aiff": patched(aiff, aiff.index(b"COMM") + 10, b"\xff\xff\xff\xff"),
        "packets.caf": patched(caf, caf.index(b"data") + 4, struct.pack(">q", 2**62)),
        "channels.wav": patched(wav, 22, struct.pack("<H", 65_535)),
        "block.wav": patched(wav, 32, b"\0\0"),
        "bits.wav": patched(wav, 34, struct.pack("<H", 65_535)),
    }


def test_a_header_that_lies_costs_nothing(tmp_path):
    for name, data in liars(tmp_path).items():
        path = tmp_path / name
        path.write_bytes(data)
        found = answer(path, name)
        assert isinstance(found, str) or len(found) <= 2 * len(NOISE), name
        try:
            assert 0 < audio_info(path).seconds < 2**37 / RATE, name
        except UserError as error:
            assert name in str(error)


def test_a_stream_that_leaves_its_length_open_is_counted(tmp_path):
    path = tmp_path / "open.flac"
    path.write_bytes(liars(tmp_path)["length left open.flac"])
    assert audio_info(path).seconds == 0.5 and len(answer(path, path.name)) == len(NOISE)
    assert len(answer(path, path.name, start=0.25)) == len(NOISE) // 2


@pytest.mark.parametrize("name", ["words.wav", "picture.wav", "random.mp3", "random.flac", "zeros.ogg", "page.html.wav"])
def test_what_is_no_sound_is_said_so(tmp_path, name):
    noise = np.random.default_rng(1).bytes(20_000)
    content = {"words.wav": b"these are words, whatever the name says", "picture.wav": PNG, "random.mp3": noise,
               "random.flac": b"fLaC" + noise, "zeros.ogg": bytes(20_000), "page.html.wav": b"<html>" + noise}[name]
    path = tmp_path / name
    path.write_bytes(content)
    assert "not a sound that can be read" in answer(path, name)
    assert name not in answer(content, "this sound")


def test_the_content_decides_not_the_name(tmp_path):
    for ending, name in (("mp3", "really mp3.wav"), ("wav", "really wav.mp3"), ("flac", "really flac.ogg"),
                         ("ogg", "no ending")):
        path = written(tmp_path / f"a.{ending}").rename(tmp_path / name)
        assert len(answer(path, name)) >= len(NOISE)


def test_a_name_cannot_break_the_sentence(tmp_path):
    mark = "\N{REPLACEMENT CHARACTER}"
    for name, shown in (("two\nlines.wav", f"two{mark}lines.wav"), ("<b>*x*<-b>.wav", "<b>*x*<-b>.wav"),
                        ("\u202egnp.wav", f"{mark}gnp.wav"), ("Ünï 音.wav", "Ünï 音.wav")):
        path = tmp_path / name
        path.write_bytes(b"text")
        assert "not a sound" in answer(path, shown)
        assert len(answer(written(path), shown)) == len(NOISE)


@pytest.mark.skipif(ODD is None, reason="the odd files of other projects are not on this machine: set EARSHOT_DATA")
@pytest.mark.parametrize("path", sorted(ODD.rglob("*.wav")) if ODD else [], ids=lambda path: path.name)
def test_odd_files_of_other_projects(path):
    found = answer(path, path.name)
    if isinstance(found, str):
        assert str(path) not in found and str(ROOT) not in found
