"""Recording what every attention head attends to, from outside the model.

>>> with record_attention(model) as record:          # doctest: +SKIP
...     logits = model(waveform)
>>> record.maps[0].weights.shape                      # (heads, queries, keys) of layer 1, first clip of the batch

A hook on each layer's softmax does the recording and is removed at the end; there is no global flag. Several threads may
share one model: a recorder listens only to its own thread, and the others' answers are the same numbers.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from torch import nn

from core.errors import UserError
from core.models.layers import attention_layers
from core.models.tokens import TokenLayout


@dataclass(frozen=True)
class AttentionMap:
    """One layer's attention for one clip."""

    layer: int  # 1 for the first encoder block
    weights: np.ndarray  # (heads, queries, keys) float32, every row sums to 1
    layout: TokenLayout  # which seconds (and Hz) each key covers


@dataclass
class AttentionRecord:
    maps: list[AttentionMap] = field(default_factory=list)


@contextmanager
def record_attention(model: nn.Module) -> Iterator[AttentionRecord]:
    """Record every layer's softmax while the block runs; the first clip of the last batch is kept.

    Raises :class:`UserError` for a model without attention, and RuntimeError when the block never ran the model:
    an empty record must not pass for "attends to nothing".
    """
    layers = attention_layers(model)
    if not layers:
        raise UserError(f"{type(model).__name__} has no attention to look at; choose a transformer model")
    thread = threading.get_ident()
    weights: dict[int, np.ndarray] = {}
    num_samples: list[int] = []

    def on_input(_module, args):
        if threading.get_ident() == thread:
            num_samples[:] = [args[0].shape[-1]]

    def on_softmax(layer):
        def hook(_module, _args, output):
            if threading.get_ident() == thread:
                weights[layer] = output[0].detach().float().cpu().numpy()
        return hook

    handles = [model.register_forward_pre_hook(on_input)]
    handles += [module.softmax.register_forward_hook(on_softmax(i)) for i, module in enumerate(layers)]
    record = AttentionRecord()
    try:
        yield record
    finally:
        for handle in handles:
            handle.remove()
    if not weights:
        raise RuntimeError("no attention was recorded: the model did not run inside `with record_attention(model)`")
    layouts = model.token_layouts(num_samples[0])
    record.maps = [AttentionMap(i + 1, weights[i], layouts[i]) for i in sorted(weights)]
