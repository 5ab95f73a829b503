"""Where the weights of a fine-tuned model come from, checked before anything starts. Imports neither torch nor transformers."""

import importlib.util
import os
from pathlib import Path

from core.config import TrainConfig, read_json
from core.errors import UserError

HUB = {"ast_finetune": "MIT/ast-finetuned-audioset-10-10-0.4593", "wav2vec2_finetune": "facebook/wav2vec2-base"}
MARKS = {"ast_finetune": "patch_embeddings", "wav2vec2_finetune": "conv_layers"}  # in the names of their first weights
KINDS = {"ast_finetune": "audio-spectrogram-transformer", "wav2vec2_finetune": "wav2vec2"}  # in a folder's config.json
RANDOM = "random"
FRAME_SHIFT, FRAME_LENGTH = 160, 400  # samples at 16 kHz, of the AST
WAYS = "give pretrained=FOLDER with a model saved by transformers, or pretrained=random to start without"


def missing_requirement(model: str) -> str:
    """Why a model cannot be used here, in a sentence; the empty text when it can."""
    if model in HUB and importlib.util.find_spec("transformers") is None:
        return (f"{model} needs the package transformers, which is not installed; "
                "`pip install -r requirements-finetune.txt` brings it")
    return ""


def source_of(config: TrainConfig) -> str:
    """What to load: a folder's path, a name on the Hugging Face hub, or ``random``."""
    return config.pretrained or HUB[config.model]


def check_pretrained(config: TrainConfig) -> None:
    """Raise :class:`UserError` where the settings of a fine-tuned model cannot work; nothing is loaded yet."""
    if config.model not in HUB:
        return
    if reason := missing_requirement(config.model):
        raise UserError(reason)
    if config.sample_rate != 16_000:
        raise UserError(f"{config.model} was trained on sound at 16,000 Hz; expected sample_rate=16000, found "
                        f"{config.sample_rate}")
    heard = 1 + (round(config.clip_seconds * config.sample_rate) - FRAME_LENGTH) // FRAME_SHIFT
    if config.model == "ast_finetune" and heard > config.frames:
        raise UserError(f"with frames={config.frames} {config.model} hears {config.frames / 100:.1f} s, and clips of "
                        f"{config.clip_seconds:g} s were asked for; set frames=1024 or a shorter clip_seconds")
    source, wanted = source_of(config), KINDS[config.model]
    folder = Path(source).expanduser()
    if source == RANDOM or not (os.path.isdir(folder) or _looks_like_path(source)):
        return
    if not (folder / "config.json").is_file():
        raise UserError(f"{folder} holds no model: expected a config.json as transformers saves it; {WAYS}")
    described = read_json(folder / "config.json")
    found = described.get("model_type") if isinstance(described, dict) else None
    if found != wanted:
        raise UserError(f"{folder} holds a model of the kind {found!r}, expected {wanted!r}; {WAYS}")
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise UserError(f"{folder} holds a config.json but no weights (.safetensors); {WAYS}")
    if not any(MARKS[config.model] in name for file in files for name in _weights_in(file)):
        raise UserError(f"the weights in {folder} are not those of the {wanted} that its config.json speaks of; {WAYS}")


def _weights_in(file: Path) -> list[str]:
    """The names of the weights in a file, read from its header. Raises :class:`UserError` for one that is no safetensors."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="np") as opened:
            return list(opened.keys())
    except (OSError, SafetensorError) as error:
        raise UserError(f"{file} cannot be read as safetensors ({error}); {WAYS}") from None


def _looks_like_path(source: str) -> bool:
    return source.startswith(("/", ".", "~", "\\")) or source.count("/") != 1
