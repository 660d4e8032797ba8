"""CycleGAN in PyTorch eager, channels last, after the customs of its community, for `translation_speed.py`."""

import itertools
import random

import numpy as np
import torch
from torch import nn


def convolution(inputs, outputs, size, stride=1, reflect=0):
    """A convolution with instance normalisation and ReLU."""
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
        """Adds what the block makes."""
        return maps + self.block(maps)


def generator(channels, width, blocks):
    """The generator of Zhu et al. 2017."""
    ways = [width, 2 * width, 4 * width]
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
        *convolution(ways[0], ways[1], 3, 2),
        *convolution(ways[1], ways[2], 3, 2),
        *(Residual(4 * width) for _ in range(blocks)),
        *up,
        nn.ReflectionPad2d(3),
        nn.Conv2d(width, channels, 7),
        nn.Tanh(),
    )


def discriminator(channels, width):
    """The discriminator of patches, one halving."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 1, 1, bias=False),
        nn.InstanceNorm2d(2 * width, affine=True),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * width, 1, 4, 1, 1),
    )


class Pool:
    """Fifty past fakes, exchanged one by one."""

    def __init__(self):
        self.fakes = []

    def exchange(self, fakes):
        """Returns what the discriminator sees."""
        shown = []
        for fake in fakes.detach():
            if len(self.fakes) < 50:
                self.fakes.append(fake)
            elif random.random() < 0.5:
                slot = random.randrange(50)
                fake, self.fakes[slot] = self.fakes[slot], fake
            shown.append(fake)
        return torch.stack(shown)


class TorchCycleGAN:
    """Networks, optimisers and the step."""

    def __init__(self, channels, width, blocks):
        self.networks = [generator(channels, width, blocks) for _ in range(2)]
        self.networks += [discriminator(channels, width) for _ in range(2)]
        for network in self.networks:
            network.to(memory_format=torch.channels_last)
        self.there, self.back, self.judge_x, self.judge_y = self.networks
        self.pool_x, self.pool_y = Pool(), Pool()
        pairs = self.networks[:2], self.networks[2:]
        self.optimizers = [
            torch.optim.Adam(itertools.chain(*(n.parameters() for n in pair)), 2e-4, betas=(0.5, 0.999))
            for pair in pairs
        ]

    def parameters(self):
        """Returns the numbers of weights of the four networks."""
        return [sum(p.numel() for p in network.parameters()) for network in self.networks]

    def stream(self, x, y, batch_size):
        """Yields shuffled batches of both domains for ever."""
        sides = [torch.from_numpy(np.ascontiguousarray(side.transpose(0, 3, 1, 2))) for side in (x, y)]
        while True:
            orders = [torch.randperm(len(side)).split(batch_size) for side in sides]
            for rows in zip(*orders, strict=True):
                yield [
                    (side[chosen].float() / 127.5 - 1).to(memory_format=torch.channels_last)
                    for side, chosen in zip(sides, rows, strict=True)
                ]

    def step(self, x, y):
        """Both generators together, then both discriminators; returns the generators' loss as a Python number."""
        absolute, square = nn.functional.l1_loss, lambda logits, target: (logits - target).square().mean()
        for network in self.networks[2:]:
            network.requires_grad_(False)
        fake_y, fake_x = self.there(x), self.back(y)
        loss = square(self.judge_y(fake_y), 1) + square(self.judge_x(fake_x), 1)
        loss = loss + 10 * (absolute(self.back(fake_y), x) + absolute(self.there(fake_x), y))
        loss = loss + 5 * (absolute(self.there(y), y) + absolute(self.back(x), x))
        self.optimizers[0].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[0].step()
        for network in self.networks[2:]:
            network.requires_grad_(True)
        self.optimizers[1].zero_grad(set_to_none=True)
        for judge, real, pool, fake in ((self.judge_x, x, self.pool_x, fake_x), (self.judge_y, y, self.pool_y, fake_y)):
            judged = 0.5 * (square(judge(real), 1) + square(judge(pool.exchange(fake)), 0))
            judged.backward()
        self.optimizers[1].step()
        return float(loss.detach())
