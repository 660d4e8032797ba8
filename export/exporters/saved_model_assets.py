"""Extra assets of a SavedModel: warm-up requests for TF Serving, and the vocabulary of text models.

The server replays `assets.extra/tf_serving_warmup_requests` when it loads a version, so that no client waits for the
graphs to be initialized. Requests are protocol buffers of the package tensorflow-serving-api, of the extra `serving`.
"""

import importlib.util
import json

import numpy as np

FOLDER = "assets.extra"
FILE = "tf_serving_warmup_requests"
VOCABULARY = "vocabulary.json"
NO_WARMUP = (
    "no warm-up requests, so the first request of each signature is slow on a server: pip install "
    "'keras-ganzoo[serving]' and export again"
)


def write_warmup(signatures, folder, name):
    """Writes the warm-up requests of a SavedModel.

    Args:
        signatures: `ModelSignatures` of the model.
        folder: path of the SavedModel.
        name: str, under which the model is served.

    Returns:
        list of str, notes for the report: that there are none without the extra `serving`.
    """
    if importlib.util.find_spec("tensorflow_serving") is None:
        return [NO_WARMUP]
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    path = folder / FOLDER / FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature in signatures.names:
            request = predict_pb2.PredictRequest()
            request.model_spec.name = name
            request.model_spec.signature_name = signature
            for key, value in signatures.inputs(signature, np.zeros(1, np.int32)).items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())
    return []


def write_vocabulary(vocabulary, folder):
    """Writes the vocabulary file, by which clients convert between words and tokens.

    Args:
        vocabulary: dict with `length` and `words`, from token 2 on, or None where tokens are numbers.
        folder: path of the SavedModel.
    """
    path = folder / FOLDER / VOCABULARY
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
