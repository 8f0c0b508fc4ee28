"""Builds Kokoro with random weights, in the files that its makers publish. Needs torch.

Tiny, it is made and run in a moment; full-size, it does the work of the real one: what takes how
long is the same. Every phoneme lasts about FRAMES frames; it hums rather than speaks.
"""

import json
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

FRAMES = 3.0  # of a phoneme at speed 1: what the real one takes for fluent English
ROWS, STYLE_SIZE = 510, 256
VOICES = ("af_heart", "af_bella", "am_adam", "bm_george", "ff_siwis")
WIDTH, RESIDUAL = 32, 8
PHONEMES = (
    ';:,.!?—…"()“” \u0303ʣʥʦʨᵝꭧAIOQSTWYᵊabcdefhijklmnopqrstuvwxyz'
    "ɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴøɸθœɹɾɻʁɽʂʃʈʧʊʋʌɣɤχʎʒʔˈˌːʰʲ↓→↗↘ᵻ"
)
PARTS = ("bert", "bert_encoder", "predictor", "text_encoder", "decoder")


def make_kokoro(folder: Path, *, full_size: bool = False, voices: tuple[str, ...] = VOICES) -> None:
    """A folder that Kokoro loads: config.json, kokoro-v1_0.pth, voices/*.pt.

    Tiny, the network has other layers than kokoro makes: what loads it must be inside `tiny()`.
    """
    import torch

    (folder / "voices").mkdir(parents=True, exist_ok=True)
    config = _config(full_size)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    torch.manual_seed(7)
    empty = folder / "empty.tmp"
    torch.save({}, empty)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what torch is to do otherwise one day
        network = import_module("kokoro.model").KModel(
            repo_id="local/random", config=config, model=str(empty)
        )
    empty.unlink()
    duration = network.predictor.duration_proj.linear_layer
    with torch.no_grad():  # its sum over max_dur sigmoids, each about the same
        duration.weight.mul_(0.05)
        duration.bias.fill_(math.log(FRAMES / (config["max_dur"] - FRAMES)))
    torch.save(
        {part: getattr(network, part).state_dict() for part in PARTS}, folder / "kokoro-v1_0.pth"
    )
    for name in voices:
        torch.save(torch.randn(ROWS, 1, STYLE_SIZE) * 0.1, folder / "voices" / f"{name}.pt")


@contextmanager
def tiny() -> Iterator[None]:
    """Inside, kokoro makes small decoders: their widths are in its code, not in a config."""
    with mock.patch.object(import_module("kokoro.model"), "Decoder", _small_decoder()):
        yield


def _small_decoder() -> type:
    import torch
    from torch.nn.utils import weight_norm

    layers = import_module("kokoro.istftnet")
    block = layers.AdainResBlk1d

    class SmallDecoder(torch.nn.Module):  # type: ignore[misc]  # torch is not in every environment
        """What kokoro.istftnet.Decoder does, narrow and short."""

        def __init__(
            self,
            dim_in: int,
            style_dim: int,
            dim_out: int,
            *,
            disable_complex: bool = False,
            upsample_initial_channel: int,
            **rest: Any,
        ) -> None:
            super().__init__()
            wide, residual = WIDTH + 2 + RESIDUAL, upsample_initial_channel
            self.encode = block(dim_in + 2, WIDTH, style_dim)
            self.decode = torch.nn.ModuleList(
                [block(wide, WIDTH, style_dim), block(wide, residual, style_dim, upsample=True)]
            )
            self.F0_conv, self.N_conv = (
                weight_norm(torch.nn.Conv1d(1, 1, 3, stride=2, padding=1)) for _ in range(2)
            )
            self.asr_res = weight_norm(torch.nn.Conv1d(dim_in, RESIDUAL, 1))
            self.generator = layers.Generator(
                style_dim,
                upsample_initial_channel=upsample_initial_channel,
                disable_complex=disable_complex,
                **rest,
            )

        def forward(self, asr: Any, pitch: Any, energy: Any, style: Any) -> Any:
            curves = [self.F0_conv(pitch.unsqueeze(1)), self.N_conv(energy.unsqueeze(1))]
            made, residual = self.encode(torch.cat([asr, *curves], 1), style), self.asr_res(asr)
            for each in self.decode:
                made = each(torch.cat([made, residual, *curves], 1), style)
            return self.generator(made, style, pitch)

    return SmallDecoder


def _config(full_size: bool) -> dict[str, Any]:
    """As published, which kokoro-onnx has a copy of; or with everything as small as can be."""
    config: dict[str, Any] = {
        "dim_in": 64,
        "dropout": 0.2,
        "hidden_dim": 512,
        "max_conv_dim": 512,
        "max_dur": 50,
        "multispeaker": True,
        "n_layer": 3,
        "n_mels": 80,
        "n_token": 178,
        "style_dim": 128,
        "text_encoder_kernel_size": 5,
        "istftnet": {
            "upsample_kernel_sizes": [20, 12],
            "upsample_rates": [10, 6],
            "gen_istft_hop_size": 5,
            "gen_istft_n_fft": 20,
            "resblock_dilation_sizes": [[1, 3, 5]] * 3,
            "resblock_kernel_sizes": [3, 7, 11],
            "upsample_initial_channel": 512,
        },
        "plbert": {
            "hidden_size": 768,
            "num_attention_heads": 12,
            "intermediate_size": 2048,
            "max_position_embeddings": 512,
            "num_hidden_layers": 12,
            "dropout": 0.1,
        },
        "vocab": {phoneme: number for number, phoneme in enumerate(PHONEMES, start=1)},
    }
    if not full_size:
        config |= {"hidden_dim": WIDTH, "n_layer": 1, "max_dur": 6}
        config["istftnet"] |= {
            "resblock_dilation_sizes": [[1, 3, 5]],
            "resblock_kernel_sizes": [3],
            "upsample_initial_channel": WIDTH,
        }
        config["plbert"] |= {
            "hidden_size": WIDTH,
            "num_attention_heads": 2,
            "intermediate_size": 2 * WIDTH,
            "num_hidden_layers": 1,
            "embedding_size": WIDTH,
        }
    return config
