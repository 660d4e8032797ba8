"""An evaluator of the shades."""

import pytest
from ganzoo.export.evaluation import ImageEvaluator

from .metric_inputs import FAST_METRICS, NUM


@pytest.fixture
def evaluator(source, shade_extractor, tmp_path):
    """Builds an evaluator of the shades: `evaluator(metrics=None)` has all metrics."""

    def build(data=source, metrics=FAST_METRICS, num_samples=NUM, knows_classes=True):
        return ImageEvaluator(data, shade_extractor(knows_classes), metrics, num_samples, cache_dir=str(tmp_path))

    return build
