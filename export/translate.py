"""Translates pictures by a TFLite file made by ganzoo. It needs ai-edge-litert, NumPy and Pillow.

    python translate.py horses-int8.tflite one.jpg two.png --out translated/
    python translate.py horses-int8.tflite zebra.png --to x --out horses/

The file takes pictures of one size: others are brought to it, and what does not fit its shape is cut off at the sides.
"""

import argparse
import pathlib
import sys

import numpy as np

SIGNATURES = {"y": "translate_xy", "x": "translate_yx"}


class Translator:
    """A TFLite file that translates pictures.

    Attributes:
        batch_size: int, pictures of one call of the interpreter.
        shape: (height, width, channels) of the pictures that it takes.

    Args:
        path: of the file.
        to: "y", or "x" where the file goes both ways.
        threads: int >= 1, or None for the interpreter's default.
    """

    def __init__(self, path, to="y", threads=None):
        from ai_edge_litert.interpreter import Interpreter

        # The runner uses it for as long as it lives.
        self._interpreter = Interpreter(str(path), num_threads=threads)
        known = [side for side, name in SIGNATURES.items() if name in self._interpreter.get_signature_list()]
        if to not in known:
            raise ValueError(f"to: received {to!r}, expected one of {known}: {path} has no other translations")
        self._runner = self._interpreter.get_signature_runner(SIGNATURES[to])
        (self._input,) = self._runner.get_input_details().values()
        (self._output,) = self._runner.get_output_details().values()
        self.batch_size, *shape = map(int, self._input["shape"])
        self.shape = tuple(shape)

    def __call__(self, images):
        """Translates pictures.

        Args:
            images: uint8 array (num, height, width, channels), or float in [0, 1].

        Returns:
            float32 array (num, height, width, channels of the other domain) in [0, 1].
        """
        images = np.asarray(images)
        if not len(images) or images.shape[1:] != self.shape:
            raise ValueError(f"images: received an array of shape {images.shape}, expected (num, *{self.shape})")
        images = images.astype(np.float32) / (255 if images.dtype == np.uint8 else 1)
        if self._input["dtype"] == np.int8:
            scale, zero_point = self._input["quantization"]
            images = np.clip(np.rint(images / scale + zero_point), -128, 127).astype(np.int8)
        parts = []
        for start in range(0, len(images), self.batch_size):
            # The file takes exactly its own batch size: the last picture stands in for those that are missing.
            rows = np.minimum(np.arange(start, start + self.batch_size), len(images) - 1)
            parts.append(np.array(self._runner(images=images[rows])["images"]))
        translated = np.concatenate(parts)[: len(images)]
        if translated.dtype == np.int8:
            scale, zero_point = self._output["quantization"]
            translated = (translated.astype(np.float32) - zero_point) * np.float32(scale)
        return translated


def read_picture(path, shape):
    """Reads a picture as uint8 (height, width, channels), scaled and cut to a shape; alpha is dropped."""
    from PIL import Image, ImageOps

    height, width, channels = shape
    with Image.open(path) as file:
        picture = file.convert({1: "L", 3: "RGB", 4: "RGBA"}[channels])
        return np.asarray(ImageOps.fit(picture, (width, height), Image.Resampling.BICUBIC)).reshape(shape)


def main(arguments=None):
    """Translates and saves pictures."""
    parser = argparse.ArgumentParser(description="Translate pictures by a TFLite file made by ganzoo.")
    parser.add_argument("file", help="a .tflite file")
    parser.add_argument("pictures", nargs="+", help="PNG or JPEG files")
    parser.add_argument("--to", choices=sorted(SIGNATURES), default="y", help="the domain (default: %(default)s)")
    parser.add_argument("--threads", type=int, help="of the interpreter")
    parser.add_argument("--out", default="translated", help="a folder of PNGs (default: %(default)s)")
    options = parser.parse_args(arguments)
    paths = [pathlib.Path(path) for path in options.pictures]
    if len({path.stem for path in paths}) < len(paths):
        parser.error("received pictures of one name, expected names that differ without their folder and ending")
    from PIL import Image

    translator, out = Translator(options.file, options.to, options.threads), pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    for path in paths:
        (image,) = translator(read_picture(path, translator.shape)[np.newaxis])
        pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
        Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(out / f"{path.stem}.png")


if __name__ == "__main__":
    sys.exit(main())
