"""Generative adversarial networks for Keras: models, training, evaluation, export.

    import ganzoo

    model = ganzoo.GAN.create((32, 32, 1))
    model.compile()
    model.fit(ganzoo.load("digits"), epochs=10)
    images = model.generate(64, seed=0)

Every name is imported on first use, so `import ganzoo` takes no time. `dir(ganzoo)` lists them.
"""

import os
import platform
import sys
import warnings
from importlib import metadata
from pathlib import Path

# By default TensorFlow uses oneDNN only on processors with AVX-512; with AVX2 alone convolutions take about twice as
# long without it. TensorFlow reads the variable at import; a value that the user set is kept.
_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"


def _choose_onednn(cpu_flags: Path = Path("/proc/cpuinfo")) -> None:
    if platform.machine().lower() not in ("x86_64", "amd64") or _ONEDNN in os.environ:
        return
    if "tensorflow" in sys.modules and not (cpu_flags.is_file() and "avx512" in cpu_flags.read_text()):
        warnings.warn(
            "TensorFlow was imported before ganzoo, so it does not use oneDNN on this processor and convolutions take "
            f"about twice as long: import ganzoo first, or set {_ONEDNN}=1",
            RuntimeWarning,
            stacklevel=3,
        )
    os.environ[_ONEDNN] = "1"


_choose_onednn()

from .export import __all__ as _export  # noqa: E402
from .export.evaluation import __all__ as _evaluation  # noqa: E402
from .training import __all__ as _training  # noqa: E402
from .training.callbacks import __all__ as _callbacks  # noqa: E402
from .zoo import __all__ as _zoo  # noqa: E402
from .zoo.core.lazy_loading import lazy_exports  # noqa: E402

__version__ = metadata.version("keras-ganzoo")
__getattr__, _list_names, __all__ = lazy_exports(
    __name__,
    {"ArgumentError": "zoo.errors", "UserError": "zoo.errors"}
    | dict.fromkeys(_zoo, "zoo")
    | dict.fromkeys(_training, "training")
    | dict.fromkeys(_callbacks, "training.callbacks")
    | dict.fromkeys(_export, "export")
    | dict.fromkeys(_evaluation, "export.evaluation"),
)


def __dir__() -> list[str]:
    return sorted({*_list_names(), "__version__"})
