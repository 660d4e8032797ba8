"""The progress report of a training: a bar on a terminal, plain lines in a file or a job log."""

import io
import re
import sys

import pytest
from ganzoo.training.callbacks import ProgressBar
from ganzoo.training.cli.command_line import main
from ganzoo.zoo import GAN


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def small(tiny):
    return tiny(GAN, network="mlp")


def steps_of(text):
    return [int(step) for step in re.findall(r"^step (\d+)/", text, flags=re.MULTILINE)]


def test_a_terminal_shows_losses_speed_and_time_left_in_a_bar(small, images):
    stream = Terminal()
    bar = ProgressBar(20, 8, stream=stream)
    small.fit(images, batch_size=8, steps_per_epoch=20, callbacks=[bar], verbose=0)
    assert "20/20" in stream.getvalue()
    assert "\r" in stream.getvalue()
    assert bar.bar.n == 20


def test_a_log_has_a_plain_line_at_each_logged_step_and_at_the_end(small, images, capsys):
    bar = ProgressBar(20, 8, every_n_steps=8)
    small.fit(images, batch_size=8, steps_per_epoch=20, callbacks=[bar], verbose=0)
    text = capsys.readouterr().err
    assert bar.bar is None
    assert "\r" not in text
    assert steps_of(text) == [8, 16, 20]
    for line in text.splitlines():
        assert re.fullmatch(r"step \d+/20: d_loss \S+, g_loss \S+, [\d,]+ img/s(, about [\d:]+ left)?", line), line


def test_a_log_has_a_line_when_30_seconds_have_passed(small, images):
    """The clock advances by 7 s at each reading of the step, so 30 s have passed at every fifth step."""
    stream, seconds = io.StringIO(), [0.0]

    class Slow(ProgressBar):
        def on_step(self, step, previous, logs):
            seconds[0] += 7
            super().on_step(step, previous, logs)

    bar = Slow(20, 8, every_n_steps=1000, stream=stream, clock=lambda: seconds[0])
    small.fit(images, batch_size=8, steps_per_epoch=18, callbacks=[bar], verbose=0)
    assert steps_of(stream.getvalue()) == [5, 10, 15, 18]
    assert "about 01:45 left" in stream.getvalue().splitlines()[0]


def test_a_command_without_a_terminal_writes_lines_only(tiny_text_gan, tmp_path, capsys):
    """Pretraining and training of a text model."""
    assert not sys.stderr.isatty()
    options = ["--set=data.count=200", *tiny_text_gan, "--set=train.steps=5", "--set=train.log_every=2"]
    assert main(["train", "seqgan_oracle", "--out", str(tmp_path / "run"), *options]) == 0
    text = capsys.readouterr().err
    assert "\r" not in text
    assert "pretraining: 9/9 steps" in text
    assert steps_of(text) == [2, 4, 5]
