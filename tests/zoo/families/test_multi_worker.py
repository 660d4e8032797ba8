"""Two processes under MultiWorkerMirroredStrategy train the same model as one process, through the same `model.fit`."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
from ganzoo.zoo import GAN

WORKER = """
import os, sys
import numpy as np, tensorflow as tf
strategy = tf.distribute.MultiWorkerMirroredStrategy()
from ganzoo.zoo import GAN
images = np.load(sys.argv[1])
with strategy.scope():
    network = {"network": "mlp", "width": 8}
    model = GAN.create((8, 8, 1), network, network, latent_dim=4, seed=3)
    model.compile()
history = model.fit(images, batch_size=8, epochs=2, steps_per_epoch=3, verbose=0).history
np.savez(sys.argv[2], *[weight.numpy() for weight in model.weights], d_loss=history["d_loss"])
"""


def free_ports(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def test_two_workers_equal_one_process(tmp_path, images):
    np.save(tmp_path / "images.npy", images)
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(2)]}
    processes = []
    for index in range(2):
        task = {"cluster": cluster, "task": {"type": "worker", "index": index}}
        arguments = [sys.executable, "-c", WORKER, str(tmp_path / "images.npy"), str(tmp_path / f"{index}.npz")]
        environment = os.environ | {"TF_CONFIG": json.dumps(task)}
        processes.append(subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True))
    for process in processes:
        _, errors = process.communicate(timeout=900)
        assert process.returncode == 0, errors[-2000:]

    network = {"network": "mlp", "width": 8}
    single = GAN.create((8, 8, 1), network, network, latent_dim=4, seed=3)
    single.compile()
    history = single.fit(images, batch_size=8, epochs=2, steps_per_epoch=3, verbose=0).history
    for index in range(2):
        with np.load(tmp_path / f"{index}.npz") as worker:
            np.testing.assert_allclose(worker["d_loss"], history["d_loss"], atol=1e-5)
            for number, weight in enumerate(single.weights):
                np.testing.assert_allclose(worker[f"arr_{number}"], weight.numpy(), atol=1e-6, err_msg=weight.path)
