"""Streaming NeMo transducers with random weights, built on the spot: true shape, no speech."""

import random
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sentencepiece
import torch
from nemo.collections.asr.models import EncDecRNNTBPEModel
from omegaconf import OmegaConf

RATE_HZ = 16_000
CONTEXTS = ((70, 13), (70, 6), (70, 1), (70, 0))  # 1120, 560, 160, 80 ms
ODD, EVEN = 0, 1  # units of the joint network
SHARP, NEVER = 20.0, 300.0  # scores, beside others around 1; survive rounding to 8 bits
MAX_SYMBOLS = 10  # tokens a frame, at most
HEARD = 20 * RATE_HZ  # samples of noise, to see how much a model says
SYLLABLES = [c + v + e for c in "bcdfghklmnprstw" for v in "aeiou" for e in ("", "n", "r", "st")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How big a model is, and how much it says."""

    mels: int = 80
    layers: int = 2
    width: int = 64
    heads: int = 4
    subsampling_channels: int = 32
    decoder_layers: int = 1
    decoder_width: int = 32
    vocabulary: int = 128
    contexts: tuple[tuple[int, int], ...] = CONTEXTS
    style: str = "chunked_limited"
    tokens_per_s: float = 4.0  # in speech or noise; people speak about so many
    seed: int = 0


TINY = Shape()
# As nvidia/nemotron-speech-streaming-en-0.6b: 618 million weights.
REAL = Shape(
    mels=128,
    layers=24,
    width=1024,
    heads=8,
    subsampling_channels=256,
    decoder_layers=2,
    decoder_width=640,
    vocabulary=1024,
)


def build(shape: Shape = TINY) -> EncDecRNNTBPEModel:
    """The model, ready to listen. Its tokenizer's file is gone: `save` writes it with the rest."""
    with TemporaryDirectory() as folder:
        return _model(shape, Path(folder))


def save(path: Path, shape: Shape = TINY) -> Path:
    """A `.nemo` file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        _model(shape, Path(folder)).save_to(str(path))
    return path


def _model(shape: Shape, tokenizer: Path) -> EncDecRNNTBPEModel:
    torch.manual_seed(shape.seed)
    _train_tokenizer(tokenizer, shape)
    model = EncDecRNNTBPEModel(OmegaConf.create(_config(shape, str(tokenizer)))).eval()
    with torch.no_grad():
        heard, length = model(input_signal=_noise(), input_signal_length=torch.tensor([HEARD]))
        _write_weights(model, heard)
        _quieten(model, heard, length, shape.tokens_per_s)
    return model


def _noise() -> torch.Tensor:
    """Steady at first; then loud and soft by turns, in bands that move."""
    times = torch.arange(HEARD) / RATE_HZ
    hiss = torch.randn(HEARD, generator=torch.Generator().manual_seed(0)) * 0.1
    swell = (1 + torch.sin(times * 7)) * (1 + torch.sin(times * 17)) / 4
    tone = torch.sin(times * 6.28 * (300 + 200 * torch.sin(times * 3)))
    return torch.where(times < times[-1] / 2, hiss, hiss * swell + 0.2 * tone * swell.flip(0))[None]


def _train_tokenizer(folder: Path, shape: Shape) -> None:
    words = random.Random(shape.seed)
    lines = [
        " ".join("".join(words.choices(SYLLABLES, k=words.randint(1, 3))) for _ in range(8))
        for _ in range(1000)
    ]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=shape.vocabulary,
        model_type="bpe",
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    vocabulary = (folder / "tokenizer.vocab").read_text().splitlines()
    (folder / "vocab.txt").write_text("\n".join(line.split("\t")[0] for line in vocabulary) + "\n")


def _config(shape: Shape, tokenizer: str) -> dict[str, Any]:
    return {
        "sample_rate": RATE_HZ,
        "model_defaults": {"enc_hidden": shape.width, "pred_hidden": shape.decoder_width},
        "tokenizer": {"dir": tokenizer, "type": "bpe"},
        "preprocessor": {
            "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
            "sample_rate": RATE_HZ,
            "normalize": "NA",
            "window_size": 0.025,
            "window_stride": 0.01,
            "window": "hann",
            "features": shape.mels,
            "n_fft": 512,
            "log": True,
            "dither": 0.0,
            "pad_to": 0,
        },
        "encoder": _encoder(shape),
        "decoder": {
            "_target_": "nemo.collections.asr.modules.RNNTDecoder",
            "normalization_mode": None,
            "random_state_sampling": False,
            "blank_as_pad": True,
            "prednet": {
                "pred_hidden": shape.decoder_width,
                "pred_rnn_layers": shape.decoder_layers,
                "t_max": None,
                "dropout": 0.0,
            },
        },
        "joint": {
            "_target_": "nemo.collections.asr.modules.RNNTJoint",
            "log_softmax": None,
            "preserve_memory": False,
            "fuse_loss_wer": False,
            "jointnet": {"joint_hidden": shape.decoder_width, "activation": "relu", "dropout": 0.0},
        },
        "decoding": {
            "strategy": "greedy_batch",
            "greedy": {
                "max_symbols": MAX_SYMBOLS,
                "loop_labels": True,
                "use_cuda_graph_decoder": False,
            },
        },
        "loss": {"loss_name": "default", "warprnnt_numba_kwargs": {"fastemit_lambda": 0.0}},
        "optim": {"name": "adamw", "lr": 0.001},
    }


def _encoder(shape: Shape) -> dict[str, Any]:
    return {
        "_target_": "nemo.collections.asr.modules.ConformerEncoder",
        "feat_in": shape.mels,
        "feat_out": -1,
        "n_layers": shape.layers,
        "d_model": shape.width,
        "use_bias": True,
        "subsampling": "dw_striding",
        "subsampling_factor": 8,
        "subsampling_conv_channels": shape.subsampling_channels,
        "causal_downsampling": True,
        "reduction": None,
        "reduction_factor": 1,
        "ff_expansion_factor": 4,
        "self_attention_model": "rel_pos",
        "n_heads": shape.heads,
        "att_context_size": [list(context) for context in shape.contexts],
        "att_context_style": shape.style,
        "xscaling": False,
        "untie_biases": True,
        "pos_emb_max_len": 5000,
        "conv_kernel_size": 9,
        "conv_norm_type": "layer_norm",
        "conv_context_size": "causal",
        "dropout": 0.0,
        "dropout_pre_encoder": 0.0,
        "dropout_emb": 0.0,
        "dropout_att": 0.0,
    }


def _write_weights(model: EncDecRNNTBPEModel, heard: torch.Tensor) -> None:
    """Make the model write a token whenever some quality of what it hears turns to its opposite.

    Odd tokens are written when it rises, even ones when it falls, each only after one of the
    other kind: so at most one a frame, as in speech, where weights as they come write the same
    token over and over. Which token it is depends on what is heard and on those before.
    """
    joint, last = model.joint, model.joint.joint_net[-1]
    tokens = torch.arange(joint.num_classes_with_blank - 1)
    _remember_the_kind(model, tokens)
    said = model.decoder.predict(tokens[:, None], state=None, add_sos=False)[0][:, 0]
    _project(joint.enc, heard[0].T, spread=2.0)
    _project(joint.pred, said, spread=0.5)
    quality = _liveliest(heard[0])
    was_odd = said[1::2, 0].mean()
    # Of the joint's units, 0 is for odd tokens, 1 for even ones; the rest is left to chance.
    for unit, sign in ((ODD, 1.0), (EVEN, -1.0)):
        joint.enc.weight[unit] = sign * SHARP * quality
        joint.enc.bias[unit] = -sign * SHARP * (quality @ heard[0]).mean()
        joint.pred.weight[unit] = 0.0
        joint.pred.weight[unit, 0] = -sign * NEVER / was_odd
        joint.pred.bias[unit] = 0.0 if sign > 0 else -NEVER
    last.weight.normal_(0.0, 0.2 * last.in_features**-0.5)
    last.weight[:, [ODD, EVEN]] = 0.0
    last.weight[1:-1:2, ODD] = 1.0
    last.weight[0:-1:2, EVEN] = 1.0
    last.weight[-1] = 0.0
    last.bias.zero_()


def _remember_the_kind(model: EncDecRNNTBPEModel, tokens: torch.Tensor) -> None:
    """Let the decoder's first number tell whether the token before was odd, and nothing else."""
    embedding = model.decoder.prediction["embed"].weight
    embedding[:, 0] = 0.0
    embedding[tokens[1::2], 0] = 1.0
    lstm = model.decoder.prediction["dec_rnn"].lstm
    for layer in range(lstm.num_layers):
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            weights = getattr(lstm, f"{name}_l{layer}")
            in_, forget, new, out = range(0, 4 * lstm.hidden_size, lstm.hidden_size)
            weights[[in_, forget, new, out]] = 0.0
            if name == "weight_ih":
                weights[new, 0] = 10.0
            elif name == "bias_ih":
                weights[in_] = weights[out] = 10.0
                weights[forget] = -10.0


def _project(layer: torch.nn.Linear, seen: torch.Tensor, *, spread: float) -> None:
    """What comes out is spread around zero, whatever the spread of what goes in."""
    layer.weight.normal_(0.0, 1.0)
    layer.weight *= spread / (seen @ layer.weight.T).std(0).mean()
    layer.bias.copy_(-(seen @ layer.weight.T).mean(0))


def _liveliest(heard: torch.Tensor) -> torch.Tensor:
    """Of some directions through what is heard, the one that turns most in its quieter half."""
    directions = torch.randn(256, heard.shape[0])
    seen = directions @ heard
    seen -= seen.mean(1, keepdim=True)
    turns = (seen[:, 1:].sign() != seen[:, :-1].sign()).float()
    best = int(torch.stack([half.sum(1) for half in turns.chunk(2, dim=1)]).amin(0).argmax())
    return directions[best] / seen[best].std()


def _quieten(
    model: EncDecRNNTBPEModel, heard: torch.Tensor, length: torch.Tensor, tokens_per_s: float
) -> None:
    """Add to the score of saying nothing, until no more than so much is said."""
    bias = model.joint.joint_net[-1].bias
    low, high = 0.0, 4 * SHARP
    for _ in range(10):
        bias[-1] = (low + high) / 2
        said = model.decoding.rnnt_decoder_predictions_tensor(heard, length, return_hypotheses=True)
        if len(said[0].y_sequence) > tokens_per_s * HEARD / RATE_HZ:
            low = bias[-1].item()
        else:
            high = bias[-1].item()
    bias[-1] = high
