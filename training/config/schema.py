"""The sections of a recipe that configure the run rather than a constructor."""

from typing import Annotated, Literal

import pydantic
from pydantic import Field

STRATEGY = r"^(auto|none|mirrored|cpu:[1-9][0-9]*)$"
DEFAULT_IMAGE_METRICS = ("fid", "precision_recall")

PositiveInt = Annotated[int, Field(ge=1)]


class Train(pydantic.BaseModel):
    """The `[train]` section.

    Attributes:
        steps: int >= 1, generator updates.
        batch_size: int >= 1, rows of one discriminator update over all replicas. Default 64.
        seed: int >= 0, of weights, latents and data order. Default 0.
        log_every: int >= 1, steps between rows of metrics. Default 100.
        sample_every: int >= 1, steps between files of samples. Default 500.
        save_every: int >= 1, steps between checkpoints. Default 1000.
        linear_decay: float in [0, 1], fraction of the steps, at the end, over which the learning rates decay linearly
            to 0; 0 keeps them constant. Default 0.
        strategy: "auto", "none", "mirrored" or "cpu:N". Default "auto".
        precision: same as `model.precision`, or None.
        jit_compile: "auto" or bool, whether XLA compiles the step. Default "auto".
        deterministic: bool, bit-identical runs on GPUs as well, at a cost in speed. Default False.
    """

    model_config = pydantic.ConfigDict(extra="forbid")

    steps: PositiveInt
    batch_size: PositiveInt = 64
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    log_every: PositiveInt = 100
    sample_every: PositiveInt = 500
    save_every: PositiveInt = 1000
    linear_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    strategy: Annotated[str, Field(pattern=STRATEGY)] = "auto"
    precision: Literal["float32", "bfloat16", "float16"] | None = None
    jit_compile: bool | Literal["auto"] = "auto"
    deterministic: bool = False


class Pretrain(pydantic.BaseModel):
    """The `[pretrain]` section of text variants: maximum likelihood before the first step. Without it there is none.

    Attributes:
        steps: int >= 1, updates of the generator.
        learning_rate: float > 0, of Adam. Default 1e-3.
        batch_size: int >= 1, texts of an update over all replicas. Default 64.
    """

    model_config = pydantic.ConfigDict(extra="forbid")

    steps: PositiveInt
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    batch_size: PositiveInt = 64


class Evaluate(pydantic.BaseModel):
    """The `[evaluate]` section: scores during training, and the checkpoint `best`. Without it there are none.

    Attributes:
        every: int >= 0, steps between evaluations, in addition to the first and the last step; 0 for none at all.
        num_samples: int >= 100, samples, and training rows in the reference. Default 5000 images or 2000 texts.
        extractor: "auto", "classifier", "rotation", "inception", "inception:DIR" or "model:PATH". Default "auto".
            Texts have none.
        metrics: list of metric names of the variant's family, including the one that decides which model is the best:
            "fid" of images, by default with "precision_recall"; "frechet_local" of texts, by default with all that
            can be computed.
        patience: int >= 1, evaluations without a better score after which training ends, or None for never.
    """

    model_config = pydantic.ConfigDict(extra="forbid", validate_default=True)

    every: Annotated[int, Field(ge=0)]
    num_samples: Annotated[int, Field(ge=100)] | None = None
    extractor: str | None = None
    metrics: list[str] | None = None
    patience: PositiveInt | None = None

    @pydantic.field_validator("num_samples")
    @classmethod
    def _default_num_samples(cls, num_samples, info):
        return num_samples or (2000 if _is_text(info) else 5000)

    @pydantic.field_validator("metrics")
    @classmethod
    def _check_metrics(cls, names, info):
        if _is_text(info):
            from ...export.evaluation.text.metrics import metric_names
            from ...export.evaluation.text.text_evaluator import TextEvaluator as Evaluator
        else:
            from ...export.evaluation.image.image_evaluator import ImageEvaluator as Evaluator
            from ...export.evaluation.image.metrics import metric_names
        if names is None:
            return None if _is_text(info) else list(DEFAULT_IMAGE_METRICS)
        if not {Evaluator.criterion} <= set(names) <= set(metric_names()):
            raise ValueError(
                f"some of {metric_names()}, {Evaluator.criterion!r} among them: it decides which checkpoint is the best"
            )
        return names

    @pydantic.field_validator("extractor")
    @classmethod
    def _check_extractor(cls, spec, info):
        if _is_text(info):
            if spec is not None:
                raise ValueError("none: texts are evaluated without one")
            return None
        from ...export.evaluation.features.extractors import kinds

        spec = "auto" if spec is None else spec
        if spec != "auto" and spec.partition(":")[0] not in kinds():
            raise ValueError(f"'auto' or one of {kinds()}")
        return spec


def _is_text(info):
    """Returns whether the recipe's variant generates texts."""
    return bool(info.context and info.context["family"] == "text")


class Export(pydantic.BaseModel):
    """The `[export]` section: the defaults of `ganzoo export` for this run.

    Attributes:
        formats: list of "saved_model", "tflite" and "onnx". Default: the first two.
        precisions: list of "float32", "float16", "int8" and "dynamic", of the TFLite files. Default: all.
        batch_sizes: list of int >= 1, of the TFLite files; one file each. Default [1].
        int8_io: bool, whether int8 files have int8 inputs and outputs. Default False.
    """

    model_config = pydantic.ConfigDict(extra="forbid")

    formats: Annotated[list[Literal["saved_model", "tflite", "onnx"]], Field(min_length=1)] = ["saved_model", "tflite"]
    precisions: Annotated[list[Literal["float32", "float16", "int8", "dynamic"]], Field(min_length=1)] = [
        "float32",
        "float16",
        "int8",
        "dynamic",
    ]
    batch_sizes: Annotated[list[PositiveInt], Field(min_length=1)] = [1]
    int8_io: bool = False
