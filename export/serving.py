"""What TF Serving finds beside a SavedModel: a request for each signature, to be answered before the first user's.

The server reads `assets.extra/tf_serving_warmup_requests` when it loads a version, so that no client waits for the
graphs to be prepared. Requests are protocol buffers of the server's own package, tensorflow-serving-api.
"""

import numpy as np

FOLDER = "assets.extra"
FILE = "tf_serving_warmup_requests"


def write_warmup(signatures, folder, name):
    """Writes the warm-up requests of a SavedModel.

    Args:
        signatures: `Signatures` or `TranslationSignatures`, what the model answers to.
        folder: path of the SavedModel.
        name: str, under which the model is served.
    """
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
