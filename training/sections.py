"""The sections of a recipe that belong to the run rather than to a constructor."""

from typing import Annotated, Literal

import pydantic
from pydantic import Field

STRATEGY = r"^(auto|none|mirrored|cpu:[1-9][0-9]*)$"

Steps = Annotated[int, Field(ge=1)]


class Train(pydantic.BaseModel):
    """The `[train]` section.

    Attributes:
        steps: generator updates.
        batch_size: rows of one discriminator turn, over all replicas.
        seed: of weights, latents and data order.
        log_every: steps between rows of metrics.
        sample_every: steps between pictures.
        save_every: steps between checkpoints.
        linear_decay: share of the steps, at the end, over which the learning rates fall linearly to 0; 0 keeps them
            constant.
        strategy: "auto", "none", "mirrored" or "cpu:N".
        precision: another spelling of `model.precision`.
        jit_compile: "auto" or bool, XLA.
        deterministic: bool, bit-identical runs on GPUs too, at a cost in speed.
    """

    model_config = pydantic.ConfigDict(extra="forbid")

    steps: Steps
    batch_size: Steps = 64
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    log_every: Steps = 100
    sample_every: Steps = 500
    save_every: Steps = 1000
    linear_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    strategy: Annotated[str, Field(pattern=STRATEGY)] = "auto"
    precision: Literal["float32", "bfloat16", "float16"] | None = None
    jit_compile: bool | Literal["auto"] = "auto"
    deterministic: bool = False


class Evaluate(pydantic.BaseModel):
    """The `[evaluate]` section: scores while the model learns, and the checkpoint `best`. Without it there are none.

    Attributes:
        every: steps between evaluations; the first and the last step have one too. 0 for none at all.
        num: samples, and training images in the reference.
        extractor: "auto", "classifier", "rotation", "inception", "inception:DIR" or "model:PATH".
        metrics: names of metrics, "fid" among them.
        patience: evaluations without a better FID after which training ends, or None for never.
    """

    model_config = pydantic.ConfigDict(extra="forbid")

    every: Annotated[int, Field(ge=0)]
    num: Annotated[int, Field(ge=100)] = 5000
    extractor: str = "auto"
    metrics: list[str] = ["fid", "precision_recall"]
    patience: Steps | None = None

    @pydantic.field_validator("metrics")
    @classmethod
    def _known_metrics(cls, names):
        from ..export.evaluation.metrics import metric_names

        unknown = [name for name in names if name not in metric_names()]
        if unknown or "fid" not in names:
            raise ValueError(f"some of {metric_names()}, 'fid' among them: it tells which checkpoint is the best")
        return names

    @pydantic.field_validator("extractor")
    @classmethod
    def _known_extractor(cls, spec):
        from ..export.evaluation.extractors import kinds

        if spec != "auto" and spec.partition(":")[0] not in kinds():
            raise ValueError(f"'auto' or one of {kinds()}")
        return spec


class Export(pydantic.BaseModel):
    """The `[export]` section: what `ganzoo export` writes unless it is told otherwise. Without it: the defaults.

    Attributes:
        formats: of "saved_model", "tflite" and "onnx".
        precisions: of the TFLite files: of "float32", "float16", "int8" and "dynamic".
        batch_sizes: of the TFLite files; one file each.
        int8_io: bool, whether int8 files take int8 latents and give int8 images.
    """

    model_config = pydantic.ConfigDict(extra="forbid")

    formats: Annotated[list[Literal["saved_model", "tflite", "onnx"]], Field(min_length=1)] = ["saved_model", "tflite"]
    precisions: Annotated[list[Literal["float32", "float16", "int8", "dynamic"]], Field(min_length=1)] = [
        "float32",
        "float16",
        "int8",
        "dynamic",
    ]
    batch_sizes: Annotated[list[Steps], Field(min_length=1)] = [1]
    int8_io: bool = False
