"""What may change when a run is resumed: the spelling of its data, and settings that change no update."""

import pytest
from ganzoo.training.config.recipe import Recipe, resolve_recipe
from ganzoo.training.data.absolute_paths import absolute_source
from ganzoo.training.run.run_changes import allowed_changes, refused_changes, replicas_note

CONTENT = {
    "data": {"source": "folder:photos", "resolution": 16, "crop": "stretch", "strict": True},
    "model": {"variant": "gan"},
    "train": {"steps": 5},
    "evaluate": {"every": 5, "extractor": "model:extractor.keras"},
}


def recipe(**sections):
    return Recipe({name: CONTENT.get(name, {}) | sections.get(name, {}) for name in {**CONTENT, **sections}})


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("train", "steps", 6), ("train", "log_every", 7), ("train", "sample_every", 8), ("train", "save_every", 9),
        ("train", "strategy", "none"), ("data", "source", "folder:elsewhere"), ("data", "cache_dir", "cache"),
        ("data", "strict", False), ("data", "resolution", 32),
    ],
)  # fmt: skip
def test_allowed_changes_are_noted_one_by_one(section, key, value):
    """Whether other options of the data change the rows is decided by the fingerprint."""
    other = recipe(**{section: {key: value}})
    assert refused_changes(recipe(), other) == []
    (note,) = allowed_changes(recipe(), other)
    assert note.startswith(f"{section}.{key}: ")
    assert str(value).rpartition(":")[2] in note


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("train", "seed", 6), ("train", "batch_size", 7), ("train", "precision", "float16"),
        ("train", "linear_decay", 0.5), ("train", "jit_compile", False), ("train", "deterministic", True),
        ("model", "latent_dim", 6), ("evaluate", "every", 6), ("evaluate", "extractor", "rotation"),
        ("optimizers", "generator", {"name": "sgd"}),
    ],
)  # fmt: skip
def test_what_changes_an_update_or_a_score_is_refused(section, key, value):
    (line,) = refused_changes(recipe(), recipe(**{section: {key: value}}))
    assert line.startswith("model.precision" if key == "precision" else f"{section}.{key}: ")


def test_no_change_is_no_note_and_no_refusal():
    export = Recipe(CONTENT | {"export": {"formats": ["tflite"]}, "description": "other"})
    assert refused_changes(recipe(), export) == allowed_changes(recipe(), export) == []


def test_the_spelling_of_paths_is_no_change(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for source in ("folder:./photos/", "folder:~/photos", f"folder:{tmp_path}/photos", "folder:x/../photos"):
        other = recipe(data={"source": source}, evaluate={"extractor": f"model:{tmp_path}/extractor.keras"})
        assert refused_changes(recipe(), other) == allowed_changes(recipe(), other) == []


def test_sources_get_absolute_paths_where_they_have_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind in ("folder", "captions", "paired", "unpaired", "idx", "lines"):
        assert absolute_source(f"{kind}:a b/c") == f"{kind}:{tmp_path}/a b/c"
    pair = absolute_source("unpaired:folder:a,b,digits")
    assert pair == f"unpaired:folder:{tmp_path}/a,b,digits"
    for source in ("digits", "mixture:grid", "oracle:markov", "unpaired:tfds:cycle_gan/maps", "tfds:mnist", "folder:"):
        assert absolute_source(source) == source


def test_a_recipe_with_absolute_paths_means_the_same_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    absolute = recipe(data={"cache_dir": "~/cache"}).with_absolute_paths()
    content = absolute.content()
    assert content["data"]["source"] == f"folder:{tmp_path}/photos"
    assert content["evaluate"]["extractor"] == f"model:{tmp_path}/extractor.keras"
    assert content["data"]["cache_dir"].startswith("/")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert absolute.with_absolute_paths().content() == content


def test_data_that_moved_keep_the_options_that_their_source_has():
    moved = resolve_recipe(CONTENT, "run", source="folder:elsewhere", same_data=True)
    assert moved.data == CONTENT["data"] | {"source": "folder:elsewhere"}
    other = resolve_recipe(CONTENT, "run", source="captions:elsewhere", same_data=True)
    assert other.data == {"source": "captions:elsewhere", "resolution": 16, "crop": "stretch"}
    new = resolve_recipe(CONTENT, "run", source="folder:elsewhere")
    assert new.data == {"source": "folder:elsewhere", "resolution": 16}


def test_another_number_of_replicas_is_noted():
    assert replicas_note(2, 2) == replicas_note(None, 2) == []
    (note,) = replicas_note(1, 2)
    assert note.startswith("replicas: 1 -> 2; the global batch, its order and its latents stay the same")
