"""torchaudio beside a CPU-only torch, in the one place that knows the difficulty.

The Linux wheel of torchaudio 2.11 links against CUDA's libraries, so next to a CPU build of torch ``import torchaudio``
raises OSError and leaves a half-imported package behind, which then breaks whatever finds it. Nearly all of torchaudio
is pure torch and needs none of that library: without it everything works but RNN-T loss and forced alignment, and
``lfilter`` with what stands on it (biquads, loudness) is slow.

Call :func:`import_torchaudio` instead of ``import torchaudio``, and before anything that imports it on its own account
(transformers does).
"""

import importlib
import sys
import threading
import types

_lock = threading.Lock()


def import_torchaudio() -> types.ModuleType:
    """The torchaudio package, with its compiled extension where that loads and without it where it does not.

    Safe to call from several threads and as often as wanted. Raises ImportError when torchaudio is not installed.
    """
    with _lock:
        try:
            return importlib.import_module("torchaudio")
        except (OSError, RuntimeError):
            _forget_half_imported()
            sys.modules["torchaudio._extension"] = _without_extension()
            return importlib.import_module("torchaudio")


def _forget_half_imported() -> None:
    for name in list(sys.modules):
        if name == "torchaudio" or name.startswith("torchaudio."):
            del sys.modules[name]


def _without_extension() -> types.ModuleType:
    """A stand-in for ``torchaudio._extension`` that says truthfully that nothing compiled is there."""
    module = types.ModuleType("torchaudio._extension")
    module._IS_TORCHAUDIO_EXT_AVAILABLE = False
    module._IS_ALIGN_AVAILABLE = False
    module._check_cuda_version = lambda: None
    module.fail_if_no_align = _fail_if_no_align
    return module


def _fail_if_no_align(function):
    def refuse(*args, **kwargs):
        raise RuntimeError(f"{function.__name__} needs torchaudio's compiled extension, which does not load beside "
                           "this build of torch; install torch and torchaudio for the same CUDA version")

    return refuse
