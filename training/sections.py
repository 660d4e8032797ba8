"""The sections of a recipe that belong to the run rather than to a constructor."""

from typing import Annotated, Literal

import pydantic
from pydantic import Field

STRATEGY = r"^(auto|none|mirrored|cpu:[1-9][0-9]*)$"

# What images are judged by, unless something is said.
IMAGE_METRICS = ("fid", "precision_recall")

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


class Pretrain(pydantic.BaseModel):
    """The `[pretrain]` section of text variants: maximum likelihood before the first step. Without it there is none.

    Attributes:
        steps: updates of the generator.
        learning_rate: of Adam.
        batch_size: texts of an update, over all replicas.
    """

    model_config = pydantic.ConfigDict(extra="forbid")

    steps: Steps
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    batch_size: Steps = 64


class Evaluate(pydantic.BaseModel):
    """The `[evaluate]` section: scores while the model learns, and the checkpoint `best`. Without it there are none.

    Attributes:
        every: steps between evaluations; the first and the last step have one too. 0 for none at all.
        num: samples, and training rows in the reference; by default 5000 images or 2000 texts.
        extractor: "auto", "classifier", "rotation", "inception", "inception:DIR" or "model:PATH"; texts have none.
        metrics: names of metrics of the variant's family, with the one that tells which model is the best: of images
            "fid", by default with "precision_recall"; of texts "frechet_local", by default with all that can be
            computed.
        patience: evaluations without a better score after which training ends, or None for never.
    """

    model_config = pydantic.ConfigDict(extra="forbid", validate_default=True)

    every: Annotated[int, Field(ge=0)]
    num: Annotated[int, Field(ge=100)] | None = None
    extractor: str | None = None
    metrics: list[str] | None = None
    patience: Steps | None = None

    @pydantic.field_validator("num")
    @classmethod
    def _usual_num(cls, num, info):
        return num or (2000 if _of_texts(info) else 5000)

    @pydantic.field_validator("metrics")
    @classmethod
    def _known_metrics(cls, names, info):
        if _of_texts(info):
            from ..export.evaluation.text_judge import TextJudge as Judge
            from ..export.evaluation.texts import metric_names
        else:
            from ..export.evaluation.judge import Judge
            from ..export.evaluation.metrics import metric_names
        if names is None:
            return None if _of_texts(info) else list(IMAGE_METRICS)
        if not {Judge.criterion} <= set(names) <= set(metric_names()):
            raise ValueError(
                f"some of {metric_names()}, {Judge.criterion!r} among them: it tells which checkpoint is the best"
            )
        return names

    @pydantic.field_validator("extractor")
    @classmethod
    def _known_extractor(cls, spec, info):
        if _of_texts(info):
            if spec is not None:
                raise ValueError("none: texts are judged without one")
            return None
        from ..export.evaluation.extractors import kinds

        spec = "auto" if spec is None else spec
        if spec != "auto" and spec.partition(":")[0] not in kinds():
            raise ValueError(f"'auto' or one of {kinds()}")
        return spec


def _of_texts(info):
    """Whether the recipe's variant generates texts."""
    return bool(info.context and info.context["texts"])


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
