"""What ganzoo wrote among the images is not read as data, and does not change what is read."""

import json

import numpy as np
import pytest
from ganzoo.export.visualization import save_png
from ganzoo.training.data import DataError, load
from ganzoo.zoo.core.cache import building
from ganzoo.zoo.core.ownership import mark

from ..image_folders import write_images

PIXELS = np.full((8, 8, 3), 77, np.uint8)


def write_folder(path, kind, files=("a.png",)):
    """Writes a folder with pictures as ganzoo does."""
    path.mkdir(parents=True)
    for name in files:
        (path / name).parent.mkdir(exist_ok=True)
        save_png(path / name, PIXELS)
    mark(path, kind)


def test_output_below_and_beside_the_images_is_named_and_changes_nothing(home, read, capfd):
    write_images(home, 20)
    before = read()
    assert "ganzoo wrote" not in capfd.readouterr().err
    write_folder(home / "demo", "run", ["samples/step-000000.png"])
    write_folder(home / "deep" / "out", "samples")
    save_png(home / "data.png", PIXELS)
    save_png(home / "GRID.PNG", PIXELS)
    for _ in range(2):
        source = read()
        assert (source.fingerprint, len(source), source.class_names) == (before.fingerprint, 18, None)
        assert source.facts["skipped"] == 0
        message = capfd.readouterr().err
        assert "2 folders that ganzoo wrote, not read as data: deep/out, demo" in message
        assert "2 files that ganzoo wrote, not read as data: GRID.PNG, data.png" in message
    read(strict=True)


@pytest.mark.parametrize("kind", ["export", "translations", "evaluation", "run"])
def test_every_kind_of_folder_is_left_out(home, read, kind):
    write_images(home, 20)
    write_folder(home / "out", kind)
    assert len(read()) == 18


def test_a_grid_beside_class_folders_takes_no_labels_away(home, read):
    for name in ("cats", "dogs"):
        (home / name).mkdir()
        write_images(home / name, 10)
    save_png(home / "data.png", PIXELS)
    write_folder(home / "out", "samples")
    assert read().class_names == ["cats", "dogs"]


def test_a_cache_is_recognized_by_its_manifest(home, read):
    write_images(home, 20)
    with building(home / "cache" / "entry", "inputs") as (part, _):
        save_png(part / "a.png", PIXELS)
    assert len(read()) == 18
    # The user's own file of this name is no manifest.
    (home / "mine").mkdir()
    write_images(home / "mine", 10)
    (home / "mine" / "cache.json").write_text(json.dumps({"version": 1}))
    assert len(read()) == 27


def test_a_marker_that_ganzoo_did_not_write_hides_nothing(home, read):
    write_images(home, 10)
    (home / ".ganzoo").write_text("mine")
    (home / "sub").mkdir()
    (home / "sub" / ".ganzoo").mkdir()
    write_images(home / "sub", 10)
    assert len(read()) == 18


@pytest.mark.parametrize("kind", ["samples", "translations"])
def test_a_folder_of_samples_is_read_if_it_is_named(tmp_path, kind):
    write_folder(tmp_path / "out", kind, [f"sub/{number}.png" for number in range(20)])
    assert len(load(f"folder:{tmp_path / 'out'}", 8)) == 18
    # Also with pictures of the user among them.
    write_images(tmp_path / "out", 10)
    assert len(load(f"folder:{tmp_path / 'out'}", 8)) == 27


def test_copies_of_samples_in_a_folder_of_their_own_are_read(home, read):
    for number in range(20):
        save_png(home / f"{number}.png", PIXELS)
    (home / "notes.txt").write_text("copied")
    assert len(read()) == 18


def test_a_run_is_no_data(tmp_path):
    write_folder(tmp_path / "run", "run")
    with pytest.raises(DataError, match=r"a folder that ganzoo wrote \(run\), expected data"):
        load(f"folder:{tmp_path / 'run'}", 8)


def test_a_folder_with_nothing_but_output_says_so(home, read):
    write_folder(home / "demo", "run")
    with pytest.raises(DataError, match="received no files, .*; 1 folder that ganzoo wrote, not read as data: demo"):
        read()


def test_unpaired_domains_leave_output_out(tmp_path, capfd):
    for domain in "AB":
        (tmp_path / f"train{domain}").mkdir()
        write_images(tmp_path / f"train{domain}", 20)
    before = load(f"unpaired:{tmp_path}", 8)
    save_png(tmp_path / "trainA" / "data.png", PIXELS)
    write_folder(tmp_path / "trainB" / "out", "translations")
    source = load(f"unpaired:{tmp_path}", 8)
    assert (len(source.x), len(source.y)) == (18, 18)
    assert source.fingerprint == before.fingerprint
    message = capfd.readouterr().err
    assert "data.png: a picture that ganzoo wrote" in message
    assert "out: a folder that ganzoo wrote (translations)" in message


def test_pairs_leave_output_out_but_may_have_translations_as_a_domain(tmp_path):
    for domain in "AB":
        (tmp_path / domain).mkdir()
        write_images(tmp_path / domain, 20)
    save_png(tmp_path / "A" / "021.png", PIXELS)
    save_png(tmp_path / "B" / "021.png", PIXELS)
    assert len(load(f"paired:{tmp_path}", 8).x) == 18
    mark(tmp_path / "A", "translations")
    mark(tmp_path / "B", "translations")
    (tmp_path / "A" / "021.png").touch()
    assert len(load(f"paired:{tmp_path}", 8).x) == 19
