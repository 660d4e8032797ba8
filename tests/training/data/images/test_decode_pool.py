"""Worker processes that decode images."""

import os

from ganzoo.training.data.images import decode_pool

from ..image_folders import write_bad_files, write_images


def test_workers_return_the_results_of_one_process(home, monkeypatch):
    write_images(home, 70, (20, 12))
    write_bad_files(home)
    files = [("path", os.fsencode(path)) for path in sorted(home.iterdir())]
    expected = list(decode_pool.decode_all(files, 8, png=True))
    monkeypatch.setattr(decode_pool, "MIN_FILES_FOR_WORKERS", 10)
    assert list(decode_pool.decode_all(iter(files), 8, png=True, processes=2)) == expected
    # A generator that is abandoned early ends its workers.
    assert next(decode_pool.decode_all(files, 8, png=True, processes=2)) == expected[0]


def test_a_file_that_kills_its_worker_is_identified(home):
    write_images(home, 2)
    files = [("path", os.fsencode(path)) for path in sorted(home.iterdir())]
    with decode_pool._Worker((8, "center", None, False, None)) as worker:
        worker.process.kill()
        worker.process.wait()
        assert [type(answer) for answer in worker.decode(files)] == [tuple, tuple]
        worker.process.kill()
        worker.process.wait()
        assert worker.decode(files[:1]) == ["it crashed the decoder (exit code -9)"]
        assert isinstance(worker.decode(files[:1])[0], tuple)
