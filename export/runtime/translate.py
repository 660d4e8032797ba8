"""Translates images with a TFLite file exported by ganzoo. Requires ai-edge-litert, NumPy and Pillow.

    python translate.py horses-int8.tflite one.jpg two.png --out translated/
    python translate.py horses-int8.tflite zebra.png --to x --out horses/

The file takes images of one size: others are scaled to it, and cropped at the sides if their aspect ratio differs.
"""

import argparse
import pathlib
import sys

import numpy as np

SIGNATURES = {"y": "translate_xy", "x": "translate_yx"}


class Translator:
    """A TFLite file that translates images.

    Attributes:
        batch_size: int, images per call of the interpreter.
        shape: (height, width, channels) of the images that the file takes.

    Args:
        path: str or path of the file.
        to: "y", or "x" where the file has both directions. Default "y".
        threads: int >= 1, or None for the interpreter's default.

    Raises:
        ValueError: a direction that the file lacks.
    """

    def __init__(self, path, to="y", threads=None):
        from ai_edge_litert.interpreter import Interpreter

        # The runner needs the interpreter to stay alive.
        self._interpreter = Interpreter(str(path), num_threads=threads)
        available = [domain for domain, name in SIGNATURES.items() if name in self._interpreter.get_signature_list()]
        if to not in available:
            raise ValueError(f"to: received {to!r}, expected one of {available}: {path} has no other directions")
        self._runner = self._interpreter.get_signature_runner(SIGNATURES[to])
        (self._input,) = self._runner.get_input_details().values()
        (self._output,) = self._runner.get_output_details().values()
        self.batch_size, *shape = map(int, self._input["shape"])
        self.shape = tuple(shape)

    def __call__(self, images):
        """Translates images.

        Args:
            images: uint8 array (num_samples, height, width, channels), or float in [0, 1].

        Returns:
            float32 array (num_samples, height, width, channels of the target domain) in [0, 1].

        Raises:
            ValueError: images of another shape, or none.
        """
        images = np.asarray(images)
        if not len(images) or images.shape[1:] != self.shape:
            raise ValueError(
                f"images: received an array of shape {images.shape}, expected (num_samples, *{self.shape})"
            )
        images = images.astype(np.float32) / (255 if images.dtype == np.uint8 else 1)
        if self._input["dtype"] == np.int8:
            scale, zero_point = self._input["quantization"]
            images = np.clip(np.rint(images / scale + zero_point), -128, 127).astype(np.int8)
        parts = []
        for start in range(0, len(images), self.batch_size):
            # The batch size is fixed: the last batch is filled up with copies of the last image.
            rows = np.minimum(np.arange(start, start + self.batch_size), len(images) - 1)
            parts.append(np.array(self._runner(images=images[rows])["images"]))
        translated = np.concatenate(parts)[: len(images)]
        if translated.dtype == np.int8:
            scale, zero_point = self._output["quantization"]
            translated = (translated.astype(np.float32) - zero_point) * np.float32(scale)
        return translated


def read_image(path, shape):
    """Reads an image as uint8 (height, width, channels), scaled and cropped to a shape; alpha is dropped."""
    from PIL import Image, ImageOps

    height, width, channels = shape
    with Image.open(path) as file:
        image = file.convert({1: "L", 3: "RGB", 4: "RGBA"}[channels])
        return np.asarray(ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC)).reshape(shape)


def main(arguments=None):
    """Translates and saves images."""
    parser = argparse.ArgumentParser(description="Translate images with a TFLite file exported by ganzoo.")
    parser.add_argument("file", help="a .tflite file")
    parser.add_argument("images", nargs="+", help="PNG or JPEG files")
    parser.add_argument("--to", choices=sorted(SIGNATURES), default="y", help="target domain (default: %(default)s)")
    parser.add_argument("--threads", type=int, help="threads of the interpreter")
    parser.add_argument("--out", default="translated", help="a folder of PNGs (default: %(default)s)")
    options = parser.parse_args(arguments)
    paths = [pathlib.Path(path) for path in options.images]
    if len({path.stem for path in paths}) < len(paths):
        parser.error("received images of the same name, expected names that differ without their folder and suffix")
    from PIL import Image

    translator, out = Translator(options.file, options.to, options.threads), pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    for path in paths:
        (image,) = translator(read_image(path, translator.shape)[np.newaxis])
        pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
        Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(out / f"{path.stem}.png")


if __name__ == "__main__":
    sys.exit(main())
