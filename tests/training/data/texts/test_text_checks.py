"""What is said about texts before anything is computed: lengths, units, unknown words."""

import numpy as np
import pytest
from ganzoo.training import load
from ganzoo.training.data import DataError
from ganzoo.training.data.text_source import from_texts
from ganzoo.zoo.models.conditional.text_to_image_gan import TextToImageGAN
from ganzoo.zoo.models.text.seqgan import SeqGAN
from ganzoo.zoo.sequences.tokenization import Tokenizer
from PIL import Image

CHINESE = ["我爱你，世界。", "你好！", "再见，朋友们。", "GAN 很好"] * 5


def test_texts_of_characters():
    source = from_texts("own", CHINESE, unit="character", keep_case=True, keep_punctuation=True)
    assert source.decode(source.tokens[:4]) == CHINESE[:4]
    assert source.length == 7
    words = from_texts("own", CHINESE)
    assert words.decode(words.tokens[:4]) == ["我爱你世界", "你好", "再见朋友们", "gan 很好"]
    assert len({words.fingerprint, source.fingerprint, from_texts("own", CHINESE, keep_case=True).fingerprint}) == 3


def test_the_options_are_those_of_the_model():
    source = from_texts("own", CHINESE, unit="character", keep_punctuation=True)
    model = SeqGAN.create(
        source.shape, {"units": 2}, {"filters": 2}, reward={"kind": "semantic", "topic": "，"},
        **SeqGAN.arguments_from_source(source),
    )  # fmt: skip
    assert model.vocabulary.tokenizer == source.vocabulary.tokenizer == Tokenizer("character", False, True)
    assert model.get_config()["tokenizer"] == source.vocabulary.tokenizer.get_config()
    assert model.decode(source.tokens) == source.decode(source.tokens)


def test_most_texts_longer_than_the_default_are_refused_with_the_length_that_keeps_them():
    texts = ["wort " * 400] * 15 + ["wort"] * 5
    with pytest.raises(DataError, match="15 of 20 texts with more than 20 words, .*data.length=400 to keep all texts"):
        from_texts("own", texts)
    assert len(from_texts("own", texts, length=400)) == 18
    chosen = from_texts("own", texts * 2, length=20)
    assert chosen.notes[:2] == [
        "most texts are left out: 30 of 40",
        "texts dropped, longer than 20 words: 30 (data.length=400 keeps all of them)",
    ]
    characters = from_texts("own", ["wort " * 15] * 20, unit="character")
    assert characters.length == 15 * 5 - 1
    with pytest.raises(DataError, match="more than 100 characters, .*data.length=149"):
        from_texts("own", ["wort " * 30] * 20, unit="character")


def test_texts_without_words_are_left_out_with_the_cure():
    with pytest.raises(DataError, match="no text to train on .*without a word: 20.*data.keep_punctuation"):
        from_texts("own", ["👍 !"] * 20)
    assert from_texts("own", ["👍 !"] * 20, keep_punctuation=True).decode([[2, 3]]) == ["! 👍"]


def test_words_without_spaces_are_noted():
    texts = ["ꦱꦼꦒꦮꦺꦲꦤꦏ꧀ꦧꦔꦼꦠ꧀" * 2] * 20
    assert any("on average: if the texts have no spaces" in note for note in from_texts("own", texts).notes)
    assert from_texts("own", ["plain English words"] * 20).notes == [
        "duplicate texts: 19; held-out texts that are also trained on: 2"
    ]


def test_a_vocabulary_that_hardly_covers_the_texts_is_noted():
    texts = [" ".join(f"w{number}x{word}" for word in range(6)) for number in range(100)]
    source = from_texts("own", texts)
    assert source.notes == [
        "100% of the words of held-out texts are unknown: set data.max_words higher, or data.unit=character for a "
        "vocabulary of characters"
    ]


@pytest.fixture
def folder(tmp_path):
    folder, rows = tmp_path / "images", ["file_name,text"]
    folder.mkdir()
    for number in range(20):
        Image.fromarray(np.full((8, 8), number * 9, np.uint8)).save(folder / f"{number}.png")
        rows.append(
            f"{number}.png,{'❤️' if number % 2 else 'Ünï Code'} {number % 3}".rstrip(" 012") + f"{'!' * (number % 3)}"
        )
    (folder / "metadata.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


def test_options_of_captions(folder, capsys):
    source = load(f"captions:{folder}", 8, cache_dir=str(folder.parent / "cache"))
    assert source.tokenizer == Tokenizer()
    assert any("captions without a word" in note and "data.keep_punctuation=true" in note for note in source.notes)
    assert "captions without a word" in capsys.readouterr().err
    options = {"unit": "character", "keep_case": True, "keep_punctuation": True}
    chosen = load(f"captions:{folder}", 8, cache_dir=str(folder.parent / "cache"), **options)
    assert (chosen.notes, chosen.tokenizer) == ([], Tokenizer(**options))
    assert chosen.fingerprint != source.fingerprint
    arguments = TextToImageGAN.arguments_from_source(chosen)
    small = {"width": 4}
    model = TextToImageGAN.create((8, 8, 1), small, small, latent_dim=4, **arguments)
    assert model.vocabulary.tokenizer == chosen.tokenizer
    assert set(model.vocabulary.words) == set("ÜnïCode! ") | {"❤️"}
    assert TextToImageGAN.from_config(model.get_config()).vocabulary.tokenizer == chosen.tokenizer
    with pytest.raises(DataError, match="data.unit: received 'letter'"):
        load(f"captions:{folder}", 8, unit="letter")
