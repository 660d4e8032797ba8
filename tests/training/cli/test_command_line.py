"""The command line as users and programs see it: messages, exit codes, JSON and the files of a run."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from ganzoo.training.cli.command_line import main

TINY = [
    "--set=data.resolution=8",
    "--set=model.generator.width=4",
    "--set=model.discriminator.width=4",
    "--set=train.batch_size=16",
    "--set=train.steps=4",
    "--set=train.log_every=2",
    "--set=evaluate.every=0",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of the demo recipe, made tiny."""
    folder = tmp_path_factory.mktemp("runs") / "demo"
    assert main(["train", "gan_digits", "--out", str(folder), "--quiet", *TINY]) == 0
    return folder


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["list", "--json"], ["train", "--help"]])
def test_help_and_list_import_nothing_heavy(arguments):
    script = (
        "import sys; from ganzoo.training.cli.command_line import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'PIL', 'pydantic', 'tqdm'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr


def test_list_names_variants_and_recipes(capsys):
    assert main(["list", "--json"]) == 0
    catalog = json.loads(capsys.readouterr().out)
    assert {"gan", "wgan"} <= set(catalog["variants"])
    assert {"gan_digits", "wgan_digits", "gan_mixture", "wgan_mixture"} <= set(catalog["recipes"])
    assert {"gan_fashion_mnist", "wgan_fashion_mnist"} <= set(catalog["recipes"])
    assert all(catalog["variants"].values())
    assert all(catalog["recipes"].values())


def test_a_run_folder_holds_the_documented_files(run):
    names = {path.name for path in run.iterdir()}
    documented = {"recipe.toml", "environment.json", "metrics.jsonl", "samples", "checkpoints", "tensorboard"}
    assert names == documented | {".ganzoo", ".ganzoo.lock"}
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4]
    assert rows[1]["kimg"] == 4 * 16 / 1000
    assert all(row["images_per_second"] > 0 for row in rows)
    assert {"d_loss", "g_loss", "real_logits", "fake_logits", "d_accuracy"} <= set(rows[0])
    assert {path.name for path in (run / "samples").iterdir()} == {"step-000000.png", "step-000004.png"}
    environment = json.loads((run / "environment.json").read_text())
    assert environment["packages"]["tensorflow"].startswith("2.")
    assert "steps = 4" in (run / "recipe.toml").read_text()


def test_tensorboard_has_scalars_and_images(run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "tensorboard" / "train"))
    events.Reload()
    tags = set(events.Tags()["tensors"])
    assert {"d_loss", "g_loss", "images_per_second", "samples"} <= tags
    assert [event.step for event in events.Tensors("d_loss")] == [2, 4]


def test_the_recipe_of_a_run_is_a_recipe(run, capsys):
    from ganzoo.training.config.recipe import load_recipe

    recipe = load_recipe(str(run / "recipe.toml"))
    assert recipe.train.steps == 4
    assert recipe.model["generator"] == {"network": "dcgan", "width": 4}


def test_a_second_run_into_the_folder_is_refused_and_names_both_options(run, capsys):
    assert main(["train", "gan_digits", "--out", str(run), *TINY]) == 2
    message = capsys.readouterr().err
    assert f"ganzoo train --resume {run}" in message
    assert "--overwrite" in message


def test_resuming_a_finished_run_says_so(run, capsys):
    assert main(["train", "--resume", str(run)]) == 0
    assert "nothing to do" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("model.label_smoothing=0.2", "model.label_smoothing: 0.1 -> 0.2"),
        ("optimizers.generator.learning_rate=1e-3", "optimizers.generator.learning_rate: 0.0005 -> 0.001"),
        ("train.batch_size=8", "train.batch_size: 16 -> 8"),
        ("train.steps=3", "train.steps 3, expected at least 4"),
    ],
)
def test_a_changed_recipe_is_refused_by_name(run, capsys, override, named):
    assert main(["train", "--resume", str(run), "--set", override]) == 2
    assert named in capsys.readouterr().err


def test_an_edited_recipe_file_is_a_changed_recipe(run, capsys):
    path = run / "recipe.toml"
    text = path.read_text()
    path.write_text(text.replace("seed = 0", "seed = 9"))
    try:
        assert main(["train", "--resume", str(run)]) == 2
        assert "train.seed: 0 -> 9" in capsys.readouterr().err
    finally:
        path.write_text(text)


def test_resume_requires_a_run_and_no_other_options(tmp_path, run, capsys):
    assert main(["train", "--resume", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert main(["train", "--resume", str(run), "--overwrite"]) == 2
    assert main(["train"]) == 2


def test_samples_are_those_of_the_model_and_named_by_seed(run, tmp_path, capsys, read_png):
    from ganzoo.export.visualization import tile_scale
    from ganzoo.training import load_run
    from ganzoo.zoo.core.image_scaling import to_uint8

    assert (
        main(["sample", str(run), "--num-samples", "5", "--seed", "7", "--out", str(tmp_path / "grid.png"), "--json"])
        == 0
    )
    assert json.loads(capsys.readouterr().out) == {"num_samples": 5, "seed": 7, "out": str(tmp_path / "grid.png")}
    assert main(["sample", str(run), "--num-samples", "5", "--seed", "7", "--out", str(tmp_path / "many")]) == 0
    assert main(["sample", str(run), "--num-samples", "5", "--seed", "7", "--out", str(tmp_path / "a.npz")]) == 0
    expected = to_uint8(load_run(run).generate(5, seed=7))[..., 0]
    single = read_png(tmp_path / "many" / "seed-0000000007.png")
    np.testing.assert_array_equal(single, expected[0])
    grid = read_png(tmp_path / "grid.png")
    scale = tile_scale(8)
    np.testing.assert_array_equal(grid[2 : 2 + 8 * scale : scale, 2 : 2 + 8 * scale : scale], expected[0])
    with np.load(tmp_path / "a.npz") as saved:
        np.testing.assert_array_equal(to_uint8(saved["samples"])[..., 0], expected)
    assert main(["sample", str(run), "--out", str(tmp_path / "x.jpg")]) == 2


def test_another_run_may_start_from_the_weights_of_a_run(run, tmp_path, capsys):
    from ganzoo.training import load_run

    folder = tmp_path / "next"
    frozen = ["--set=optimizers.generator.learning_rate=1e-30", "--set=train.steps=1"]
    arguments = ["train", "gan_digits", "--out", str(folder), "--init-from", str(run), "--quiet", *TINY, *frozen]
    assert main(arguments) == 0
    first, second = load_run(run).generator, load_run(folder).generator
    for a, b in zip(first.trainable_variables, second.trainable_variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-7)
    wider = ["--set=model.generator.width=5"]
    assert main(["train", "gan_digits", "--out", str(tmp_path / "w"), "--init-from", str(run), *TINY, *wider]) == 2
    assert "use the same networks" in capsys.readouterr().err
    assert not (tmp_path / "w").exists()


def test_dry_run_prints_the_resolved_recipe_and_writes_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "wgan_digits", "--dry-run", "--json", "--set", "train.steps=7"]) == 0
    resolved = json.loads(capsys.readouterr().out)
    assert resolved["train"]["steps"] == 7
    assert resolved["train"]["log_every"] == 100
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "gan_digit"], "did you mean 'gan_digits'"),
        (["train", "nowhere.toml"], "expected an existing .toml file"),
        (["train", "gan_digits", "--set", "train.stepz=3"], "train.stepz: unknown key.*did you mean 'steps'"),
        (["train", "gan_digits", "--set", "train.steps"], "expected section.key=value"),
        (["train", "gan_digits", "--set", "train.batch_size=5000"], "received 5000 for 1618 images"),
        (["train", "gan_digits", "--data", "idx:/nowhere"], "expected an existing folder of IDX files"),
        (["train", "gan_digits", "--data", "mixture:ring"], "expected none"),
        (["data", "didgits"], "did you mean 'digits'"),
        (["data", "digits", "--resolution", "4"], "received 4, expected 8 to 128"),
        (["data", "digits", "--set", "color=red"], "data.color: unknown option"),
        (["sample", "runs/nowhere"], "expected a run folder"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_two(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    text = capsys.readouterr().err
    line = text.strip().splitlines()[-1]
    assert re.search(message, line), text
    assert "Traceback" not in text
    assert not list(tmp_path.glob("runs/*"))


def test_a_run_that_diverges_names_the_loss_the_step_and_the_checkpoint(tmp_path, capsys):
    folder = tmp_path / "run"
    diverging = ["--set=optimizers.generator.name=sgd", "--set=optimizers.generator.learning_rate=1e20"]
    recipe = tmp_path / "diverging.toml"
    recipe.write_text(
        '[data]\nsource = "digits"\n[model]\nvariant = "gan"\ngenerator = "mlp"\ndiscriminator = "mlp"\n'
        '[optimizers.generator]\nname = "sgd"\n[train]\nsteps = 40\nbatch_size = 16\nsave_every = 2\n'
    )
    assert main(["train", str(recipe), "--out", str(folder), "--quiet", *diverging]) == 1
    message = capsys.readouterr().err.strip()
    assert re.search(r"ganzoo: (\w+ is (nan|inf|-inf) at step \d+|.* training diverged at step \d+)", message), message
    assert "the last good checkpoint is step " in message
    assert str(folder / "checkpoints") in message
    assert "Traceback" not in message
    from ganzoo.training import load_run

    assert all(np.isfinite(weight.numpy()).all() for weight in load_run(folder).weights)


def test_two_logical_devices_train_the_weights_of_one(tmp_path):
    """In separate processes: devices are configured before TensorFlow starts."""
    from ganzoo.training import load_run

    plain = ["--set=model.generator.normalization=none", "--set=model.discriminator.normalization=none"]
    for strategy in ("none", "cpu:2"):
        out = tmp_path / strategy[:3]
        arguments = ["train", "gan_digits", "--out", str(out), *TINY, *plain, f"--set=train.strategy={strategy}"]
        command = [sys.executable, "-m", "ganzoo.training.cli", *arguments]
        process = subprocess.run(command, capture_output=True, text=True)
        assert process.returncode == 0, process.stderr
        assert ("batch 16 global = 8 x 2" in process.stderr) == (strategy == "cpu:2")
    one, two = load_run(tmp_path / "non"), load_run(tmp_path / "cpu")
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)


def test_unknown_flags_are_errors(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["train", "gan_digits", "--learning-rate", "3"])
    assert caught.value.code == 2


def test_data_describes_a_source_and_writes_a_grid(tmp_path, capsys, read_png):
    grid = tmp_path / "digits.png"
    assert main(["data", "digits", "--resolution", "16", "--out", str(grid), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["train"], facts["held_out"], facts["shape"], facts["range"]) == (1618, 179, [16, 16, 1], [0, 255])
    assert sum(facts["images_per_class"].values()) == 1618
    assert read_png(grid).shape[0] > 300
    assert main(["data", "mixture:grid", "--out", str(tmp_path / "m.png"), "--set", "std=0.1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["shape"] == [2]
