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
        OSError: the file cannot be read.
        ValueError: a file of another kind, or a direction that it lacks.
    """

    def __init__(self, path, to="y", threads=None):
        # The runner needs the interpreter to stay alive.
        self._interpreter = open_interpreter(path, threads)
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


def open_interpreter(path, threads=None):
    """Returns the interpreter of a TFLite file; arguments as for `Translator`."""
    if threads is not None and threads < 1:
        raise ValueError(f"threads: received {threads}, expected at least 1")
    if pathlib.Path(path).read_bytes()[4:8] != b"TFL3":
        raise ValueError(f"{path}: received a file of another kind, expected a .tflite file exported by ganzoo")
    from ai_edge_litert.interpreter import Interpreter

    try:
        return Interpreter(str(path), num_threads=threads)
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"{path}: received a damaged file ({error}), expected one exported by ganzoo") from None


def read_image(path, shape):
    """Reads an image as uint8 (height, width, channels), scaled and cropped to a shape; alpha is dropped."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    height, width, channels = shape
    try:
        with Image.open(path) as file:
            image = file.convert({1: "L", 3: "RGB", 4: "RGBA"}[channels])
            return np.asarray(ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC)).reshape(shape)
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise ValueError(f"{path}: cannot be read as an image: {error}") from None


def save_png(pixels, path):
    """Saves uint8 pixels (height, width, channels) as a PNG file that names ganzoo as its software."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    origin = PngInfo()
    origin.add_text("Software", "ganzoo")
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path, pnginfo=origin)


def is_own(path):
    """Returns whether a file is a PNG that `save_png` or ganzoo wrote."""
    with open(path, "rb") as file:
        return b"tEXtSoftware\0ganzoo" in file.read(64)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message):
        """Exits with code 2."""
        self.exit(2, f"{self.prog}: error: {message}\n")


def main(arguments=None):
    """Translates and saves images."""
    parser = Parser(description="Translate images with a TFLite file exported by ganzoo.")
    parser.add_argument("file", help="a .tflite file")
    parser.add_argument("images", nargs="+", help="PNG or JPEG files")
    parser.add_argument("--to", choices=sorted(SIGNATURES), default="y", help="target domain (default: %(default)s)")
    parser.add_argument("--threads", type=int, help="threads of the interpreter")
    parser.add_argument("--out", default="translated", help="a folder of PNGs (default: %(default)s)")
    try:
        run(parser.parse_args(arguments))
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}" if error.strerror else str(error))
    except (ValueError, RuntimeError, ImportError, MemoryError) as error:
        parser.error((str(error) or type(error).__name__).splitlines()[0])


def run(options):
    """Translates as the command line options say."""
    paths = [pathlib.Path(path) for path in options.images]
    if len({path.stem for path in paths}) < len(paths):
        raise ValueError("received images of the same name, expected names that differ without their folder and suffix")
    translator, out = Translator(options.file, options.to, options.threads), pathlib.Path(options.out)
    outputs, inputs = sorted(out / f"{path.stem}.png" for path in paths), {path.resolve() for path in paths}
    kept = [path for path in outputs if path.exists() and (path.resolve() in inputs or not is_own(path))]
    if kept:
        raise ValueError(
            f"--out: received a folder with {kept[0]}, expected another: only translations are overwritten"
        )
    images = [read_image(path, translator.shape) for path in paths]
    out.mkdir(parents=True, exist_ok=True)
    for path, image in zip(paths, images, strict=True):
        (translated,) = translator(image[np.newaxis])
        pixels = np.rint(np.clip(translated, 0, 1) * 255).astype(np.uint8)
        save_png(pixels, out / f"{path.stem}.png")


if __name__ == "__main__":
    sys.exit(main())
