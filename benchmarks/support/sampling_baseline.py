"""The DCGAN generator in PyTorch, with the weights of a Keras generator."""

import numpy as np


def torch_generator(generator, width, latent_dim, latents, channels_last):
    """Returns a function that generates one batch of images (batch, height, width, 1) in [0, 1] from latents.

    Args:
        generator: Keras network of `dcgan_generator` for 32x32 gray images.
        width, latent_dim: its arguments.
        latents: float32 array (batch, latent_dim).
        channels_last: bool, the memory format.
    """
    import torch
    from torch import nn

    def up(inputs, outputs, norm=True):
        layers = [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=not norm)]
        return [*layers, nn.BatchNorm2d(outputs, eps=1e-5), nn.ReLU()] if norm else layers

    network = nn.Sequential(
        nn.Linear(latent_dim, 64 * width, bias=False),
        nn.Unflatten(1, (4 * width, 4, 4)),
        nn.BatchNorm2d(4 * width, eps=1e-5),
        nn.ReLU(),
        *up(4 * width, 2 * width),
        *up(2 * width, width),
        *up(width, 1, norm=False),
        nn.Tanh(),
    )
    keras_weights = [layer.get_weights() for layer in generator.layers if layer.get_weights()]
    modules = [module for module in network if list(module.parameters())]
    for weights, module in zip(keras_weights, modules, strict=True):
        _copy(weights, module, torch, width)
    network.eval()
    if channels_last:
        network.to(memory_format=torch.channels_last)
    inputs = torch.from_numpy(latents)

    def generate():
        with torch.inference_mode():
            images = network(inputs)
            # The exported files scale to [0, 1] too.
            return ((images + 1) * 0.5).permute(0, 2, 3, 1).numpy()

    return generate


def _copy(weights, module, torch, width):
    from torch import nn

    if isinstance(module, nn.Linear):
        # Keras reshapes to (height, width, channels), PyTorch to (channels, height, width).
        kernel = weights[0].reshape(-1, 4, 4, 4 * width).transpose(3, 1, 2, 0).reshape(-1, weights[0].shape[0])
        arrays = {"weight": kernel}
    elif isinstance(module, nn.BatchNorm2d):
        arrays = dict(zip(("weight", "bias", "running_mean", "running_var"), weights, strict=True))
    else:
        arrays = {"weight": weights[0].transpose(3, 2, 0, 1)} | ({"bias": weights[1]} if len(weights) > 1 else {})
    for name, array in arrays.items():
        getattr(module, name).data = torch.from_numpy(np.ascontiguousarray(array))
