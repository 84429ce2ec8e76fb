"""From what Asterisk wrote to one sealed wav with both sides."""

import io
import subprocess
import wave
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_core.kernel.crypto import FileKey, SealReader
from recordings.errors import CorruptAudioError
from recordings.files import BLOCK_FRAMES, HEADER_BYTES, PEAKS, RATE_HZ, Samples, Sealed, Track, read_track, seal
from telephony.provision.tools import tool

pytestmark = pytest.mark.unit

KEY = FileKey(b"k" * 32)


def write_wav(path: Path, samples: Samples, *, rate: int = RATE_HZ, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def ramp(frames: int) -> Samples:
    return np.asarray(np.arange(frames) % 3000, dtype=np.int16)


def opened(*tracks: Track | None) -> tuple[Sealed, bytes]:
    target = io.BytesIO()
    sealed = seal(tracks, target, KEY)
    return sealed, SealReader(io.BytesIO(target.getvalue()), KEY).read()


def channels_of(plain: bytes) -> Samples:
    with wave.open(io.BytesIO(plain), "rb") as file:
        assert (file.getsampwidth(), file.getframerate()) == (2, RATE_HZ)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, file.getnchannels())


def test_the_patient_is_left_and_the_hospital_right(tmp_path: Path) -> None:
    patient = read_track(write_wav(tmp_path / "rx.wav", ramp(1000)))
    hospital = read_track(write_wav(tmp_path / "tx.wav", -ramp(1000)))
    sealed, plain = opened(patient, hospital)
    heard = channels_of(plain)
    assert (heard[:, 0] == ramp(1000)).all()
    assert (heard[:, 1] == -ramp(1000)).all()
    assert (sealed.duration_ms, sealed.size_bytes, sealed.channels) == (125, len(plain), 2)
    assert sealed.sha256 == sha256(plain).digest()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, BLOCK_FRAMES * 2 + 17), st.integers(1, BLOCK_FRAMES * 2 + 17))
def test_the_shorter_side_ends_in_silence(tmp_path: Path, left: int, right: int) -> None:
    _, plain = opened(
        read_track(write_wav(tmp_path / "rx.wav", ramp(left))), read_track(write_wav(tmp_path / "tx.wav", ramp(right)))
    )
    heard = channels_of(plain)
    assert heard.shape == (max(left, right), 2)
    assert (heard[:left, 0] == ramp(left)).all()
    assert (heard[:right, 1] == ramp(right)).all()
    assert not heard[left:, 0].any()
    assert not heard[right:, 1].any()


def test_a_side_that_was_never_written_is_silent(tmp_path: Path) -> None:
    _, plain = opened(None, read_track(write_wav(tmp_path / "tx.wav", ramp(500))))
    heard = channels_of(plain)
    assert not heard[:, 0].any()
    assert (heard[:, 1] == ramp(500)).all()


def test_a_voicemail_has_one_channel(tmp_path: Path) -> None:
    sealed, plain = opened(read_track(write_wav(tmp_path / "voicemail.wav", ramp(800))))
    assert sealed.channels == 1
    assert channels_of(plain).shape == (800, 1)


def test_a_file_that_asterisk_could_not_close_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "rx.wav"
    for length in (0, 10_000_000):
        whole = bytearray(write_wav(path, ramp(1000)).read_bytes())
        whole[40:44] = length.to_bytes(4, "little")
        path.write_bytes(bytes(whole) + b"\x01")  # and half a sample
        assert read_track(path).frames == 1000


def test_other_chunks_before_the_samples_are_passed_over(tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "rx.wav", ramp(1000)).read_bytes()
    path = tmp_path / "listed.wav"
    path.write_bytes(whole[:36] + b"LIST" + (5).to_bytes(4, "little") + b"abcde\0" + whole[36:])
    assert (channels_of(opened(read_track(path))[1])[:, 0] == ramp(1000)).all()


@pytest.mark.parametrize("size", [0, 10, HEADER_BYTES])
def test_a_file_without_samples_is_called_empty(tmp_path: Path, size: int) -> None:
    path = tmp_path / "rx.wav"
    path.write_bytes(write_wav(tmp_path / "full.wav", ramp(10)).read_bytes()[:size])
    with pytest.raises(CorruptAudioError) as caught:
        read_track(path)
    assert caught.value.reason == "empty"


def test_what_is_no_wav_of_ours_is_called_corrupt(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_bytes(b"this is not audio " * 20)
    (tmp_path / "nodata.wav").write_bytes(b"RIFF\0\0\0\0WAVE" + b"junk\x04\0\0\0abcd" * 20)
    write_wav(tmp_path / "fast.wav", ramp(100), rate=16_000)
    write_wav(tmp_path / "stereo.wav", ramp(100), channels=2)
    for name in ("text", "nodata", "fast", "stereo"):
        with pytest.raises(CorruptAudioError) as caught:
            read_track(tmp_path / f"{name}.wav")
        assert caught.value.reason == "corrupt"


@given(st.binary(min_size=45, max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_is_refused_in_one_way(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "rx.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVE" + garbage)
    with pytest.raises(CorruptAudioError):
        read_track(path)


def test_the_waveform_shows_where_somebody_speaks(tmp_path: Path) -> None:
    speech = np.zeros(RATE_HZ * 30, dtype=np.int16)
    speech[RATE_HZ * 10 : RATE_HZ * 20] = -16384
    sealed, _ = opened(read_track(write_wav(tmp_path / "rx.wav", speech)), None)
    peaks = np.array(sealed.peaks).reshape(-1, 2)
    assert peaks.shape == (PEAKS, 2)
    assert peaks[PEAKS // 2, 0] == 0.5
    assert not peaks[: PEAKS // 3 - 1, 0].any()
    assert not peaks[:, 1].any()


def test_sox_and_a_voice_agree_with_us(tmp_path: Path) -> None:
    spoken, rx, out = tmp_path / "spoken.wav", tmp_path / "rx.wav", tmp_path / "out.wav"
    subprocess.run([tool("espeak-ng"), "-v", "cmn", "-w", spoken, "您的预约已经确认"], check=True, timeout=60)
    subprocess.run([tool("sox"), spoken, "-r", "8000", "-b", "16", "-c", "1", rx], check=True, timeout=60)
    sealed, plain = opened(read_track(rx), None)
    out.write_bytes(plain)
    told = subprocess.run([tool("sox"), "--info", out], check=True, timeout=60, capture_output=True, text=True).stdout
    assert "Channels       : 2" in told
    assert "Sample Rate    : 8000" in told
    assert sealed.duration_ms > 1000
    assert max(sealed.peaks) > 0.2
