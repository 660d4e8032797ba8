"""The same networks and losses trained by other code: a keras.io-style `train_step`, and PyTorch eager.

Both are written for this comparison in the usual style of their communities: fresh noise for every network update, one
generator pass for the discriminator update and one for the generator update, no EMA.
"""

import keras
import numpy as np
import tensorflow as tf
from ganzoo.zoo import GAN, WGAN

LATENT_DIM, RESOLUTION, WIDTH, CLIP = 64, 32, 64, 0.01


class KerasStyle(keras.Model):
    """A GAN or WGAN with a `train_step` in the style of the keras.io examples."""

    def __init__(self, kind):
        super().__init__()
        pair = (GAN if kind == "gan" else WGAN).create((RESOLUTION, RESOLUTION, 1), latent_dim=LATENT_DIM)
        self.kind, self.generator, self.discriminator = kind, pair.generator, pair.discriminator
        self.noise = keras.random.SeedGenerator(0)
        self.d_tracker, self.g_tracker = keras.metrics.Mean("d_loss"), keras.metrics.Mean("g_loss")
        self.built = True

    def compile(self, make_optimizer):
        """Builds one optimizer per network with the given function."""
        super().compile(optimizer=None)
        self.g_optimizer, self.d_optimizer = make_optimizer(), make_optimizer()
        self.g_optimizer.build(self.generator.trainable_variables)
        self.d_optimizer.build(self.discriminator.trainable_variables)

    @property
    def metrics(self):
        """The two running means."""
        return [self.d_tracker, self.g_tracker]

    def train_step(self, images):
        """Updates the discriminator, then the generator."""
        latents = keras.random.normal((images.shape[0], LATENT_DIM), seed=self.noise)
        with tf.GradientTape() as tape:
            fake = self.discriminator(self.generator(latents, training=True), training=True)
            real = self.discriminator(images, training=True)
            if self.kind == "gan":
                d_loss = tf.reduce_mean(tf.nn.softplus(fake)) + tf.reduce_mean(tf.nn.softplus(-real))
            else:
                d_loss = tf.reduce_mean(fake) - tf.reduce_mean(real)
        gradients = tape.gradient(d_loss, self.discriminator.trainable_variables)
        # The clipping constraint is attached to the critic's variables.
        self.d_optimizer.apply_gradients(zip(gradients, self.discriminator.trainable_variables, strict=True))
        latents = keras.random.normal((images.shape[0], LATENT_DIM), seed=self.noise)
        with tf.GradientTape() as tape:
            fake = self.discriminator(self.generator(latents, training=True), training=True)
            g_loss = tf.reduce_mean(tf.nn.softplus(-fake)) if self.kind == "gan" else -tf.reduce_mean(fake)
        gradients = tape.gradient(g_loss, self.generator.trainable_variables)
        self.g_optimizer.apply_gradients(zip(gradients, self.generator.trainable_variables, strict=True))
        self.d_tracker.update_state(d_loss)
        self.g_tracker.update_state(g_loss)
        return {"d_loss": self.d_tracker.result(), "g_loss": self.g_tracker.result()}


class TorchStyle:
    """The same pair in PyTorch, eager, channels last, with its own training loop."""

    def __init__(self, kind):
        import torch
        from torch import nn

        self.torch, self.kind = torch, kind
        w = WIDTH

        def up(inputs, outputs, norm=True):
            layers = [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=not norm)]
            return [*layers, nn.BatchNorm2d(outputs), nn.ReLU()] if norm else layers

        def down(inputs, outputs, norm):
            layers = [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=not norm)]
            return [*layers, *([nn.BatchNorm2d(outputs)] if norm else []), nn.LeakyReLU(0.2)]

        norm = kind == "gan"
        head = [nn.Linear(LATENT_DIM, 16 * 4 * w, bias=False), nn.Unflatten(1, (4 * w, 4, 4))]
        self.generator = nn.Sequential(
            *head, nn.BatchNorm2d(4 * w), nn.ReLU(), *up(4 * w, 2 * w), *up(2 * w, w), *up(w, 1, norm=False), nn.Tanh()
        )
        self.discriminator = nn.Sequential(
            *down(1, w, False), *down(w, 2 * w, norm), *down(2 * w, 4 * w, norm), nn.Flatten(), nn.Linear(64 * w, 1)
        )
        for network in (self.generator, self.discriminator):
            network.to(memory_format=torch.channels_last)
        if kind == "gan":
            make = lambda network: torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999))  # noqa: E731
        else:
            make = lambda network: torch.optim.RMSprop(network.parameters(), 5e-5, alpha=0.9)  # noqa: E731
        self.g_optimizer, self.d_optimizer = make(self.generator), make(self.discriminator)

    def parameters(self):
        """Returns the numbers of trainable weights of the two networks."""
        return [sum(p.numel() for p in network.parameters()) for network in (self.generator, self.discriminator)]

    def stream(self, images, batch_size):
        """Yields shuffled batches without end from a tensor in memory."""
        torch = self.torch
        pixels = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
        while True:
            for indices in torch.randperm(len(pixels)).split(batch_size):
                if len(indices) == batch_size:
                    batch = pixels[indices].float() / 127.5 - 1
                    yield batch.to(memory_format=torch.channels_last)

    def step(self, images):
        """Updates the discriminator, then the generator; returns the generator loss as a float."""
        torch, softplus = self.torch, self.torch.nn.functional.softplus
        fakes = self.generator(torch.randn(len(images), LATENT_DIM))
        real, fake = self.discriminator(images), self.discriminator(fakes.detach())
        gan = self.kind == "gan"
        d_loss = softplus(fake).mean() + softplus(-real).mean() if gan else fake.mean() - real.mean()
        self.d_optimizer.zero_grad(set_to_none=True)
        d_loss.backward()
        self.d_optimizer.step()
        if not gan:
            with torch.no_grad():
                for parameter in self.discriminator.parameters():
                    parameter.clamp_(-CLIP, CLIP)
        # The same fakes serve the generator update, the fastest common style in PyTorch.
        fake = self.discriminator(fakes)
        g_loss = softplus(-fake).mean() if gan else -fake.mean()
        self.g_optimizer.zero_grad(set_to_none=True)
        g_loss.backward()
        self.g_optimizer.step()
        return float(g_loss.detach())
