"""Whisper models with random weights, built on the spot: true shape and true files, no speech."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import WhisperSpec  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SENTENCES = [
    " turn on the kitchen light please and close both doors",
    " what is the weather like in London today or tomorrow",
    " set a timer for ten minutes then tell me when it rings",
    " play some quiet music until we leave at half past seven",
]
HOP, FFT, CHUNK_S, RATE_HZ = 160, 400, 30, 16_000
POSITIONS_HEARD, POSITIONS_SAID = 1500, 448
TIMESTAMPS = 1501  # from 0.00 to 30.00 s, each 0.02 s
# Nobody says it. CTranslate2 knows the vocabulary of many languages by an entry of no characters.
NEVER = -30.0
UNSAID = "\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How big a model is, and what it is inclined to say."""

    width: int = 32
    layers: int = 2
    heads: int = 2
    mels: int = 80
    languages: tuple[str, ...] = ("en",)
    entries: int = 0  # of the vocabulary, at least
    quantisation: str | None = None  # of the stored weights
    spread: float = 0.6  # of the weights
    stop: float = 1.0  # how soon it stops: added to the end's logit
    marks: float = -5.0  # how often it tells the time: added to the time marks' logits
    silence: float = -30.0  # how often it hears silence: added to its mark's logit
    seed: int = 5


# Of many languages: with these weights it says different things to every question.
MANY = Shape(languages=("en", "de", "fr"))
# The shape of the real small model, but for its languages and its vocabulary.
SMALL = Shape(
    width=768,
    layers=12,
    heads=12,
    languages=("en", "de", "fr"),
    entries=51_865,
    quantisation="int8",
    spread=0.02,
)


def build(folder: Path, shape: Shape = Shape()) -> Path:
    """Every file that a converted Whisper model has, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(shape)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(
        json.dumps(
            {
                "feature_size": shape.mels,
                "hop_length": HOP,
                "n_fft": FFT,
                "chunk_length": CHUNK_S,
                "sampling_rate": RATE_HZ,
            }
        )
    )
    spec = _spec(tokenizer, shape)
    spec.validate()
    spec.optimize(quantization=shape.quantisation)
    spec.save(str(folder))
    return folder


def _tokenizer(shape: Shape) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        SENTENCES * 50,
        trainers.BpeTrainer(
            vocab_size=600,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tasks = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
    special = [
        f"<|{name}|>" for name in ["endoftext", "startoftranscript", *shape.languages, *tasks]
    ]
    if len(shape.languages) > 1:
        tokenizer.add_tokens([UNSAID])
    missing = shape.entries - tokenizer.get_vocab_size() - len(special) - TIMESTAMPS
    tokenizer.add_tokens([f"{UNSAID}{i}" for i in range(missing)])
    tokenizer.add_special_tokens(special + [f"<|{i * 0.02:.2f}|>" for i in range(TIMESTAMPS)])
    return tokenizer


class _Weights:
    def __init__(self, shape: Shape) -> None:
        self._random = np.random.default_rng(shape.seed)
        self._spread = shape.spread

    def __call__(self, *sizes: int) -> NDArray[np.float32]:
        return (self._random.standard_normal(sizes) * self._spread).astype(np.float32)


def _spec(tokenizer: Tokenizer, shape: Shape) -> WhisperSpec:
    spec = WhisperSpec(shape.layers, shape.heads, shape.layers, shape.heads)
    weights, d = _Weights(shape), shape.width
    _fill_encoder(spec.encoder, weights, d, shape.mels)
    entries = tokenizer.get_vocab_size()
    _fill_decoder(spec.decoder, weights, d, entries)
    end = tokenizer.token_to_id("<|endoftext|>")
    bias = np.zeros(entries, np.float32)
    # It says whole words: no pieces, no task or language in the middle of a text.
    said = {f"Ġ{word}" for sentence in SENTENCES for word in sentence.split()}
    bias[[i for i in range(entries) if tokenizer.id_to_token(i) not in said]] = NEVER
    bias[end] = shape.stop
    bias[tokenizer.token_to_id("<|nospeech|>")] = shape.silence
    bias[tokenizer.token_to_id("<|0.00|>") :] = shape.marks
    spec.decoder.projection.bias = bias
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [end]
    spec.config.lang_ids = [tokenizer.token_to_id(f"<|{name}|>") for name in shape.languages]
    spec.config.alignment_heads = [[shape.layers - 1, head] for head in range(shape.heads)]
    names = [tokenizer.id_to_token(i) for i in range(entries)]
    spec.register_vocabulary(["" if name == UNSAID else name for name in names])
    return spec


def _fill_encoder(encoder: Any, weights: _Weights, d: int, mels: int) -> None:
    encoder.conv1.weight, encoder.conv1.bias = weights(d, mels, 3), _zeros(d)
    encoder.conv2.weight, encoder.conv2.bias = weights(d, d, 3), _zeros(d)
    encoder.position_encodings.encodings = weights(POSITIONS_HEARD, d)
    _fill_norm(encoder.layer_norm, d)
    for layer in encoder.layer:
        _fill_attention(layer.self_attention, weights, d, (3 * d, d))
        _fill_feed_forward(layer.ffn, weights, d)


def _fill_decoder(decoder: Any, weights: _Weights, d: int, entries: int) -> None:
    decoder.embeddings.weight = weights(entries, d)
    decoder.projection.weight = decoder.embeddings.weight
    decoder.position_encodings.encodings = weights(POSITIONS_SAID, d)
    _fill_norm(decoder.layer_norm, d)
    for layer in decoder.layer:
        _fill_attention(layer.self_attention, weights, d, (3 * d, d))
        _fill_attention(layer.attention, weights, d, (d, 2 * d, d))
        _fill_feed_forward(layer.ffn, weights, d)


def _fill_attention(attention: Any, weights: _Weights, d: int, outs: tuple[int, ...]) -> None:
    _fill_norm(attention.layer_norm, d)
    for linear, out in zip(attention.linear, outs, strict=True):
        linear.weight, linear.bias = weights(out, d), _zeros(out)


def _fill_feed_forward(ffn: Any, weights: _Weights, d: int) -> None:
    _fill_norm(ffn.layer_norm, d)
    ffn.linear_0.weight, ffn.linear_0.bias = weights(4 * d, d), _zeros(4 * d)
    ffn.linear_1.weight, ffn.linear_1.bias = weights(d, 4 * d), _zeros(d)


def _fill_norm(norm: Any, d: int) -> None:
    norm.gamma, norm.beta = np.ones(d, np.float32), _zeros(d)


def _zeros(size: int) -> NDArray[np.float32]:
    return np.zeros(size, np.float32)


def warble(seconds: float, hz: float) -> NDArray[np.int16]:
    """A tone that moves, in some noise: no two sound alike to the model."""
    at_s = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    noise = np.random.default_rng(int(hz)).normal(0, 300, at_s.size)
    tone = 3000 * np.sin(2 * np.pi * hz * at_s * (1 + 0.3 * np.sin(2 * np.pi * 1.5 * at_s)))
    return (tone + noise).astype(np.int16)


SOUNDS = [warble(2, 200), warble(3, 900), warble(5, 2500)]
