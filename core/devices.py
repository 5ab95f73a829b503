"""What this machine computes on, found without importing torch where it is only a CPU."""

import os
import platform
import shutil
import sys
from functools import cache
from pathlib import Path


@cache
def describe_device() -> dict[str, str]:
    """``{"kind": "cuda" | "mps" | "cpu", "name": what a person calls it}`` for ``device="auto"``.

    torch is asked (and imported: seconds) only where there is a sign of a GPU.
    """
    if _sign_of_nvidia() or _is_apple():
        import torch

        if torch.cuda.is_available():
            return {"kind": "cuda", "name": device_name("cuda")}
        if torch.backends.mps.is_available():
            return {"kind": "mps", "name": device_name("mps")}
    return {"kind": "cpu", "name": device_name("cpu")}


def device_name(kind: str) -> str:
    """What a person calls a device that is here: ``"cuda"``, ``"mps"`` or ``"cpu"``."""
    if kind == "cuda":
        import torch

        return torch.cuda.get_device_name(0)
    if kind == "mps":
        return f"Apple {platform.machine()} GPU"
    count = cpu_count()
    return f"CPU · {count} core{'s' * (count != 1)}"


def cpu_count() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _sign_of_nvidia() -> bool:
    return os.environ.get("CUDA_VISIBLE_DEVICES") != "" and (
        Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists() or shutil.which("nvidia-smi") is not None)


def _is_apple() -> bool:
    return sys.platform == "darwin" and platform.machine() == "arm64"
