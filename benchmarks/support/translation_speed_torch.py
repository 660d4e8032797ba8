"""CycleGAN in PyTorch eager, channels last, in the usual style of PyTorch code, for `translation_speed.py`."""

import itertools
import random

import numpy as np
import torch
from torch import nn


def convolution(inputs, outputs, size, stride=1, reflect=0):
    """A convolution with instance normalization and ReLU."""
    padding = [nn.ReflectionPad2d(reflect)] if reflect else []
    own = 0 if reflect else size // 2
    normal = nn.InstanceNorm2d(outputs, affine=True)
    return [*padding, nn.Conv2d(inputs, outputs, size, stride, own, bias=False), normal, nn.ReLU()]


class Residual(nn.Module):
    """Two convolutions whose result is added to the input."""

    def __init__(self, maps):
        super().__init__()
        self.block = nn.Sequential(*convolution(maps, maps, 3, reflect=1), *convolution(maps, maps, 3, reflect=1)[:-1])

    def forward(self, maps):
        """Adds the output of the block to its input."""
        return maps + self.block(maps)


def generator(channels, width, blocks):
    """The generator of Zhu et al. 2017."""
    widths = [width, 2 * width, 4 * width]
    up = [
        layer
        for outputs in (2 * width, width)
        for layer in (
            nn.ConvTranspose2d(2 * outputs, outputs, 3, 2, 1, output_padding=1, bias=False),
            nn.InstanceNorm2d(outputs, affine=True),
            nn.ReLU(),
        )
    ]
    return nn.Sequential(
        *convolution(channels, width, 7, reflect=3),
        *convolution(widths[0], widths[1], 3, 2),
        *convolution(widths[1], widths[2], 3, 2),
        *(Residual(4 * width) for _ in range(blocks)),
        *up,
        nn.ReflectionPad2d(3),
        nn.Conv2d(width, channels, 7),
        nn.Tanh(),
    )


def discriminator(channels, width):
    """The patch discriminator with one strided convolution."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 1, 1, bias=False),
        nn.InstanceNorm2d(2 * width, affine=True),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * width, 1, 4, 1, 1),
    )


class ImagePool:
    """Image pool of fifty past fakes."""

    def __init__(self):
        self.fakes = []

    def query(self, fakes):
        """Returns a batch for the discriminator: each fake, or a past one that it replaces."""
        batch = []
        for fake in fakes.detach():
            if len(self.fakes) < 50:
                self.fakes.append(fake)
            elif random.random() < 0.5:
                slot = random.randrange(50)
                fake, self.fakes[slot] = self.fakes[slot], fake
            batch.append(fake)
        return torch.stack(batch)


class TorchCycleGAN:
    """Networks, optimizers and the step."""

    def __init__(self, channels, width, blocks):
        self.networks = [generator(channels, width, blocks) for _ in range(2)]
        self.networks += [discriminator(channels, width) for _ in range(2)]
        for network in self.networks:
            network.to(memory_format=torch.channels_last)
        self.generator_y, self.generator_x, self.discriminator_x, self.discriminator_y = self.networks
        self.pool_x, self.pool_y = ImagePool(), ImagePool()
        pairs = self.networks[:2], self.networks[2:]
        self.optimizers = [
            torch.optim.Adam(itertools.chain(*(n.parameters() for n in pair)), 2e-4, betas=(0.5, 0.999))
            for pair in pairs
        ]

    def parameters(self):
        """Returns the numbers of weights of the four networks."""
        return [sum(p.numel() for p in network.parameters()) for network in self.networks]

    def stream(self, x, y, batch_size):
        """Yields shuffled batches of both domains without end."""
        domains = [torch.from_numpy(np.ascontiguousarray(side.transpose(0, 3, 1, 2))) for side in (x, y)]
        while True:
            orders = [torch.randperm(len(side)).split(batch_size) for side in domains]
            for rows in zip(*orders, strict=True):
                yield [
                    (side[indices].float() / 127.5 - 1).to(memory_format=torch.channels_last)
                    for side, indices in zip(domains, rows, strict=True)
                ]

    def step(self, x, y):
        """Updates both generators together, then both discriminators; returns the generator loss as a float."""
        absolute, square = nn.functional.l1_loss, lambda logits, target: (logits - target).square().mean()
        for network in self.networks[2:]:
            network.requires_grad_(False)
        fake_y, fake_x = self.generator_y(x), self.generator_x(y)
        loss = square(self.discriminator_y(fake_y), 1) + square(self.discriminator_x(fake_x), 1)
        loss = loss + 10 * (absolute(self.generator_x(fake_y), x) + absolute(self.generator_y(fake_x), y))
        loss = loss + 5 * (absolute(self.generator_y(y), y) + absolute(self.generator_x(x), x))
        self.optimizers[0].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[0].step()
        for network in self.networks[2:]:
            network.requires_grad_(True)
        self.optimizers[1].zero_grad(set_to_none=True)
        for network, real, pool, fake in (
            (self.discriminator_x, x, self.pool_x, fake_x),
            (self.discriminator_y, y, self.pool_y, fake_y),
        ):
            d_loss = 0.5 * (square(network(real), 1) + square(network(pool.query(fake)), 0))
            d_loss.backward()
        self.optimizers[1].step()
        return float(loss.detach())
