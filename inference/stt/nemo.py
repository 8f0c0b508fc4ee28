"""Runs a streaming transducer with NeMo and torch: at home on GPUs."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference.audio import RATE_HZ
from inference.stt.engine import EngineFailed
from inference.stt.nemo_model import import_nemo, look_ahead, restore
from inference.stt.nemo_pipeline import Frame, Pipeline, Token
from inference.stt.nemotron_runtime import Handle, Piece, Samples, Told, Work

# Models write a word a little after it was said: so much silence follows the end, at least.
TAIL_S = 0.24
# Best first. On a CPU half precision is slower than single; on Apple's GPUs NeMo has only single.
PRECISIONS = {
    "cpu": ("int8", "float32"),
    "cuda": ("bfloat16", "float16", "float32"),
    "mps": ("float32",),
}
MAX_SYMBOLS = 10  # tokens in one step of the encoder: as NeMo's models are trained


@dataclass(slots=True, eq=False)
class _Reading:
    """How far a stream is."""

    begun: bool = False
    over: bool = False
    broken: bool = False


class Nemo:
    """The Runtime of a `.nemo` file. `device` is auto, cpu, cuda or mps; `precision` auto or one
    of PRECISIONS; `threads` are those of a step on a CPU, 0 for one a core.

    In int8 torch rounds by the loudest number of a batch: texts may differ with who shares a step.
    """

    def __init__(
        self,
        path: Path,
        *,
        chunk_ms: int,
        max_streams: int,
        device: str = "auto",
        precision: str = "auto",
        threads: int = 0,
    ) -> None:
        self.max_streams = max_streams
        self._path = path
        self._chunk_ms = chunk_ms
        self._device = device
        self._precision = precision
        self._threads = threads
        self._pipeline: Pipeline | None = None
        self._readings: dict[Handle, _Reading] = {}
        self._opened = 0

    @property
    def chunk_s(self) -> float:
        return self._loaded.chunk / RATE_HZ

    @property
    def slots_taken(self) -> int:
        """Of `max_streams`, inside NeMo: a stream has one from its first step until `drop`."""
        return self._loaded.slots_taken

    def load(self) -> None:
        nemo = import_nemo()
        import torch

        if self._threads:
            torch.set_num_threads(self._threads)
        device = _device(self._device)
        precision = _precision(self._precision, device)
        model = restore(self._path, device)
        context = look_ahead(model, self._chunk_ms)
        try:
            if precision == "int8":
                torch.ao.quantization.quantize_dynamic(
                    model.encoder, {torch.nn.Linear}, dtype=torch.qint8, inplace=True
                )
            dtype = "float32" if precision == "int8" else precision
            pipeline = _pipeline(model, context, device, dtype, self.max_streams)
        except Exception as exc:  # whatever torch and NeMo raise
            raise EngineFailed(
                f"NeMo {nemo.__version__} cannot stream {self._path}: {type(exc).__name__}: {exc}"
            ) from exc
        self._pipeline = Pipeline(pipeline, nemo.__version__)

    def close(self) -> None:
        self._readings.clear()
        if self._pipeline is None:
            return
        self._pipeline = None
        gc.collect()  # NeMo's objects know each other in circles
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def open(self, language: str | None) -> Handle:
        """`language` changes nothing: these models hear one."""
        _ = self._loaded
        if len(self._readings) >= self.max_streams:
            raise EngineFailed(f"{self.max_streams} streams are open: there is no room for more")
        self._opened += 1
        handle = Handle(self._opened)
        self._readings[handle] = _Reading()
        return handle

    def step(self, work: Sequence[Work]) -> list[Told]:
        pipeline = self._loaded
        readings = [self._reading(item, pipeline.chunk) for item in work]
        sounds = [_chunks(item, pipeline.chunk) for item in work]
        for item, reading in zip(work, readings, strict=True):
            reading.over = item.last
            reading.broken = True  # until the step is through
        written: list[list[Token]] = [[] for _ in work]
        for turn in range(max(map(len, sounds), default=0)):  # more than one only where one ends
            fed = [n for n, chunks in enumerate(sounds) if turn < len(chunks)]
            frames = [
                Frame(stream=work[n].handle, samples=sounds[n][turn], first=not readings[n].begun)
                for n in fed
            ]
            for n, tokens in zip(fed, pipeline.step(frames), strict=True):
                readings[n].begun = True
                written[n] += tokens
        for reading in readings:
            reading.broken = False
        return [self._told(tokens) for tokens in written]

    def drop(self, handle: Handle) -> None:
        if self._readings.pop(handle, None) and self._pipeline:
            self._pipeline.free(handle)

    @property
    def _loaded(self) -> Pipeline:
        if self._pipeline is None:
            raise EngineFailed("the model is not loaded")
        return self._pipeline

    def _reading(self, item: Work, chunk: int) -> _Reading:
        reading = self._readings.get(item.handle)
        if reading is None or reading.over or reading.broken:
            raise EngineFailed("a stream was fed that is dropped, over or broken")
        size = len(item.samples)
        if size > chunk or (size != chunk and not item.last):
            raise EngineFailed(f"a stream was fed {size} samples: a chunk has {chunk}")
        return reading

    def _told(self, tokens: list[Token]) -> Told:
        pipeline = self._loaded
        return Told(
            pieces=tuple(
                Piece(
                    text=pipeline.vocabulary[token.number],
                    token=token.number,
                    at_s=token.at * pipeline.stride_s,
                    logprob=None,  # NeMo's scores of tokens are 0 in these pipelines
                )
                for token in tokens
            )
        )


def _chunks(item: Work, chunk: int) -> list[Samples]:
    """What is fed of it: an end with silence to whole chunks, enough for what is yet to come."""
    if not item.last:
        return [item.samples]
    size = len(item.samples) + int(TAIL_S * RATE_HZ)
    whole = np.zeros(-(-size // chunk) * chunk, np.float32)
    whole[: len(item.samples)] = item.samples
    return list(whole.reshape(-1, chunk))


def _device(asked: str) -> str:
    import torch

    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if asked == "auto":
        return next((device for device, is_here in here.items() if is_here), "cpu")
    if not here.get(asked, asked == "cpu"):
        raise EngineFailed(f"torch finds no {asked} device here")
    return asked


def _precision(asked: str, device: str) -> str:
    offered = PRECISIONS[device]
    if asked == "auto":
        return offered[0]
    if asked not in offered:
        raise EngineFailed(f"{asked} on {device}: NeMo runs there in {', '.join(offered)}")
    return asked


def _pipeline(model: Any, context: list[int], device: str, dtype: str, slots: int) -> Any:
    """NeMo's own, around a model that is restored already."""
    from nemo.collections.asr.inference.factory.cache_aware_pipeline_builder import (
        CacheAwarePipelineBuilder,
    )
    from nemo.collections.asr.inference.model_wrappers.cache_aware_rnnt_inference_wrapper import (
        CacheAwareRNNTInferenceWrapper,
    )
    from nemo.collections.asr.inference.pipelines.cache_aware_rnnt_pipeline import (
        CacheAwareRNNTPipeline,
    )
    from omegaconf import OmegaConf

    class Restored(CacheAwareRNNTInferenceWrapper):  # type: ignore[misc]  # NeMo has no types
        @staticmethod
        def load_model(model_name: str, map_location: Any) -> Any:
            return model.to(map_location)

    config = OmegaConf.create(_config(context, device, slots))
    decoding = CacheAwarePipelineBuilder.get_rnnt_decoding_cfg(config)
    wrapped = Restored("restored", decoding, device, 0, dtype, use_amp=False)
    return CacheAwareRNNTPipeline(config, wrapped)


def _config(context: list[int], device: str, slots: int) -> dict[str, Any]:
    """Utterances never end by themselves: who feeds the streams has a detector for that."""
    return {
        "asr": {
            "decoding": {
                "strategy": "greedy_batch",
                "preserve_alignments": False,
                "greedy": {
                    "use_cuda_graph_decoder": device == "cuda",
                    "max_symbols": MAX_SYMBOLS,
                    "loop_labels": True,
                    "preserve_frame_confidence": False,
                },
            }
        },
        "streaming": {
            "sample_rate": RATE_HZ,
            "batch_size": slots,
            "num_slots": slots,
            "att_context_size": context,
            "chunk_size_in_secs": None,
            "use_cache": True,
            "use_feat_cache": True,
            "word_boundary_tolerance": 4,
            "request_type": "frame",
        },
        "confidence": {
            "exclude_blank": True,
            "aggregation": "mean",
            "method_cfg": {
                "name": "entropy",
                "entropy_type": "tsallis",
                "alpha": 0.5,
                "entropy_norm": "exp",
            },
        },
        "endpointing": {"stop_history_eou": -1, "residue_tokens_at_end": 0},
        "enable_itn": False,
        "enable_nmt": False,
        "itn": {"batch_size": 1, "n_jobs": 1, "left_padding_size": 0},
        "asr_output_granularity": "word",
        "return_tail_result": False,
    }
