"""Tables and numbers of the pages on images: Fashion-MNIST, class-conditional, captions, and translation."""

import statistics

from .record_reader import extractor_of
from .tables import Row, cell, comparison
from .template import require

UNCONDITIONAL = {
    "gan-non_saturating": "GAN, non-saturating",
    "gan-minimax": "GAN, minimax",
    "gan-least_squares": "LSGAN",
    "gan-hinge": "GAN, hinge",
    "wgan-clipping": "WGAN, clipping",
}
REGULARIZED = {
    "gan": "GAN, batch normalization",
    "wgan_gp": "WGAN-GP",
    "sngan": "SNGAN, hinge",
    "gan-r1": "GAN, R1",
    "gan-relativistic-r1-r2": "GAN, relativistic, R1 and R2",
}
CONDITIONAL = {
    "gan-non_saturating": "unconditional GAN",
    "cgan": "CGAN",
    "projection_gan": "ProjectionGAN",
    "acgan": "ACGAN",
    "acgan-concatenation": "ACGAN, generator of CGAN",
}
CAPTIONS = {
    "shapes": "shapes",
    "shapes-unmatched": "shapes, without wrong captions",
    "emoji-google": "emoji, one vendor",
    "emoji-twitter": "emoji, another vendor",
}
TRANSLATIONS = {
    "fill": "CycleGAN",
    "fill-without-cycle": "CycleGAN without the cycle loss",
    "light": "CycleGAN",
    "emoji": "CycleGAN",
    "emoji-pairs": "Pix2Pix with pairs, one direction",
}
BASELINES = {"copied": "copying the input", "colors": "matching colors"}


def watched_loss(name):
    """Returns the loss by which a user would follow a configuration."""
    return "wasserstein" if name.startswith("wgan") else "d_loss"


def missing_classes(row):
    """Returns the classes that any seed lacks."""
    names = {label for labels in row.values("missing") for label in labels}
    return ", ".join(sorted(names)) or "none"


def fashion_mnist_table(reader):
    """Returns the table of unconditional objectives."""
    rows = []
    for name, title in UNCONDITIONAL.items():
        records = reader.read(f"fashion_mnist/{name}-seed*")
        best = cell([record["numbers"]["best"]["fid"] for record in records], ".1f")
        rows.append(Row(title, records, cells=[str(len(records)), best]))
    rows.append(Row("held-out real images", rows[0].records, "numbers/held_out", ["", ""], once=True))

    def correlation(row):
        loss = watched_loss(row.records[0]["configuration"])
        values = [record["numbers"]["loss_against_fid"][loss] for record in row.records]
        cells = [missing_classes(row), "" if row.key.endswith("held_out") else f"`{loss}`: {cell(values, '.2f')}"]
        return " | ".join(cells)

    columns = {"fid": ".1f", "precision": ".2f", "recall": ".2f"}
    return comparison(rows, columns, ("", "seeds", "best fid"), ("missing classes | loss against FID", correlation))


def regularization_table(reader):
    """Returns the table of discriminators that are kept smooth in different ways."""
    rows = []
    for name, title in REGULARIZED.items():
        records = reader.read(f"regularization/{name}-seed*")
        minutes = cell([record["seconds_of_training"] / 60 for record in records], ".0f")
        rows.append(Row(title, records, cells=[str(len(records)), minutes]))
    rows.append(Row("held-out real images", rows[0].records, "numbers/held_out", ["", ""], once=True))
    columns = {"fid": ".1f", "precision": ".2f", "recall": ".2f"}
    return comparison(rows, columns, ("", "seeds", "minutes"))


def projection_table(reader):
    """Returns the table of projection discriminators."""
    rows = []
    for name in ("spectral_convolutions-flat", "spectral-flat", "spectral_convolutions-sum", "spectral-sum"):
        normalization, _, pooling = name.partition("-")
        records = reader.read(f"regularization/projection-{name}-seed*")
        rows.append(Row(f"`{normalization}`", records, cells=[f"`{pooling}`", str(len(records))]))
    columns = {"fid": ".1f", "gan_test": ".2f", "recall": ".2f"}
    return comparison(rows, columns, ("normalization", "pooling", "seeds"))


def training_time(reader):
    """Returns the number of unconditional runs and the minutes that they train for."""
    seconds = [s for name in UNCONDITIONAL for s in reader.values(f"fashion_mnist/{name}-seed*", "seconds_of_training")]
    return f"{len(seconds)} runs train for {sum(seconds) / 60:.0f} minutes"


def lowest_loss(reader):
    """Returns by which checkpoint the GANs' lowest `d_loss` was logged, and by what factor the FID fell afterwards."""
    ranks, factors = [], []
    for name in UNCONDITIONAL:
        if watched_loss(name) == "d_loss":
            series = reader.values(f"fashion_mnist/{name}-seed*", "numbers/losses/d_loss")
            curves = reader.values(f"fashion_mnist/{name}-seed*", "numbers/curve")
            for losses, curve in zip(series, curves, strict=True):
                # The series of losses is younger than the first records.
                if losses is None:
                    continue
                kimg, _ = min(losses, key=lambda entry: entry[1])
                ranks.append([entry[0] for entry in losses].index(kimg) + 1)
                checkpoints = len(losses)
                factors.append(dict(map(tuple, curve))[kimg] / curve[-1][1])
    return (
        f"in all {len(ranks)} runs whose losses are recorded, the lowest `d_loss` was logged by checkpoint "
        f"{max(ranks)} of {checkpoints}, when "
        f"the FID was still {min(factors):.0f} to {max(factors):.0f} times its final value"
    )


def wasserstein_course(reader):
    """Returns the WGAN's estimate over the run: first checkpoint, minimum, later maximum, and end."""
    runs = reader.values("fashion_mnist/wgan-clipping-seed*", "numbers/losses/wasserstein")
    runs = [[estimate for _, estimate in run] for run in runs if run is not None]
    lows = [min(range(len(run) // 2), key=run.__getitem__) for run in runs]
    peaks = [max(range(low, len(run)), key=run.__getitem__) for run, low in zip(runs, lows, strict=True)]
    rises = all(low < peak and run[-1] < run[peak] for run, low, peak in zip(runs, lows, peaks, strict=True))
    require(rises, "the WGAN's estimate falls at first, rises, and falls again")

    def at(positions):
        def span(values, form):
            low, high = f"{min(values):{form}}", f"{max(values):{form}}"
            return low if low == high else f"{low} to {high}"

        values = [run[position] for run, position in zip(runs, positions, strict=True)]
        return span(values, "z.2f"), span([position + 1 for position in positions], "d")

    (first, _), (low, low_at), (peak, peak_at), (last, _) = map(at, ([0] * len(runs), lows, peaks, [-1] * len(runs)))
    return (
        f"from {first} at the first checkpoint it falls to {low} at checkpoint {low_at}, rises to {peak} at checkpoint "
        f"{peak_at}, and ends at {last}"
    )


def g_loss_correlation(reader, name):
    """Returns the mean rank correlation of a configuration's `g_loss` with its FID, which has to be high."""
    values = reader.values(f"fashion_mnist/{name}-seed*", "numbers/loss_against_fid/g_loss")
    require(min(values) > 0.8, f"g_loss of {name} follows the FID")
    return f"{statistics.fmean(values):.2f}"


def tuning_table(reader):
    """Returns the table of settings that were compared with one seed."""
    rows = [Row(f"`{record['setting']}`", [record]) for record in reader.read("fashion_mnist_tuning/*")]
    rows.sort(key=lambda row: (row.title.split("-")[0], row.values("fid")))
    columns = {"fid": ",.1f", "precision": ".2f", "recall": ".2f"}
    return comparison(rows, columns, ("setting",), ("missing classes", missing_classes))


def full_run(reader, name, kimg, form=".0f"):
    """Returns the FID of a complete recipe at an evaluation.

    Two of these records have only the name of their extractor. All three name one extractor nevertheless: the untrained
    generators are the same, and so are their FIDs.
    """
    starts = {record["evaluations"][0]["fid"] for record in reader.read("fashion_mnist_full/*")}
    require(len(starts) == 1, "the complete runs were scored with one extractor")
    (record,) = reader.read(f"fashion_mnist_full/{name}")
    (fid,) = [row["fid"] for row in record["evaluations"] if row["kimg"] == float(kimg)]
    return f"{fid:{form}}"


def conditional_rows(reader):
    """Returns (rows of one extractor, titles of configurations that were scored with another)."""
    rows, others = [], []
    extractor = extractor_of(reader.read("fashion_mnist/cgan-seed*")[0])
    for name, title in CONDITIONAL.items():
        if name == "acgan-concatenation" and not list(reader.folder.glob("fashion_mnist/acgan-concatenation-*")):
            continue
        records = reader.read(f"fashion_mnist/{name}-seed*")
        if {extractor_of(record) for record in records} == {extractor}:
            rows.append(Row(title, records, cells=[str(len(records))]))
        else:
            others.append(title)
    return rows, others


def conditional_table(reader):
    """Returns the table of class-conditional models; rows of another extractor are named below it."""
    rows, others = conditional_rows(reader)
    real = reader.read("fashion_mnist/cgan-seed*")
    rows.append(Row("held-out real images", real, "numbers/held_out", [""], once=True))
    columns = {"fid": ".1f", "precision": ".2f", "recall": ".2f"}
    columns |= {"gan_test": ".3f", "gan_train": ".3f", "intra_fid": ".1f"}
    note = f"\n\nNot shown, because other features scored it: {', '.join(others)}." if others else ""
    return comparison(rows, columns, last=("missing classes", missing_classes)) + note


def conditional_ranking(reader):
    """Returns a sentence on which model leads by which result."""
    rows = [row for row in conditional_rows(reader)[0] if row.values("gan_test")]
    means = {
        column: {row.title: statistics.fmean(row.values(column)) for row in rows}
        for column in ("fid", "recall", "intra_fid", "gan_test", "gan_train")
    }
    real = reader.read("fashion_mnist/cgan-seed*")[0]["numbers"]["held_out"]
    require(min(means["fid"], key=means["fid"].get) == "CGAN", "CGAN has the lowest FID")
    require(max(means["recall"], key=means["recall"].get) == "CGAN", "CGAN has the highest recall")
    require(means["gan_test"]["ACGAN"] > real["gan_test"], "ACGAN's labels are recognized more often than real ones")
    shipped = {title: means["intra_fid"][title] for title in ("CGAN", "ProjectionGAN", "ACGAN")}
    require(max(shipped, key=shipped.get) == "ACGAN", "ACGAN has the highest intra FID of the shipped recipes")
    trained = {title: means["gan_train"][title] for title in shipped}
    require(min(trained, key=trained.get) == "ACGAN", "a classifier learns least from ACGAN's samples")
    return "of the conditional models, `cgan` has the lowest FID and the highest recall"


def captions_table(reader, data):
    """Returns the table of one dataset of captions, "shapes" or "emoji"."""
    columns = {"attributes_seen": ".3f", "attributes_unseen": ".3f"} if data == "shapes" else {}
    columns |= {"r_precision": ".3f", "fid": ".1f", "duplicates": ".3f"}
    rows = []
    for name, title in CAPTIONS.items():
        if name.startswith(data) and list(reader.folder.glob(f"text_to_image/{name}-seed*.json")):
            records = reader.read(f"text_to_image/{name}-seed*")
            rows.append(Row(title, records, cells=[str(len(records))]))
    real = rows[0].records
    rows.append(Row("held-out real images", real, "numbers/held_out", [""], once=True))
    return comparison(rows, columns)


def weakest_factor(reader):
    """Returns the factor that the shapes model renders worst, with its accuracy."""
    each = reader.values("text_to_image/shapes-seed*", "numbers/last/attributes_each")
    means = {factor: statistics.fmean(scores[factor] for scores in each) for factor in each[0]}
    weakest = min(means, key=means.get)
    require(weakest == "fill", "the fill is the weakest attribute")
    return f"{means[weakest]:.3f}"


def translation_table(reader, *names):
    """Returns the table of one pair of domains: means over both directions."""
    rows = []
    for name in names:
        records = [both_directions(record) for record in reader.read(f"translation/{name}-seed*")]
        rows.append(Row(TRANSLATIONS[name], records, "model", [str(len(records))]))
    rows += [Row(title, rows[0].records, key, [""], once=True) for key, title in BASELINES.items()]
    columns = {"content": ".3f", "style": ".3f", "psnr": ".1f", "ssim": ".3f", "distance": ".1f", "fid": ".1f"}
    computed = {column: form for column, form in columns.items() if any(row.values(column) for row in rows)}
    return comparison(rows, computed)


def both_directions(record):
    """Returns a record with the means of its results over the directions that it has."""
    means = {}
    for key in ("model", *BASELINES):
        results = record["numbers"][key]
        names = {name.removesuffix("_xy").removesuffix("_yx") for name in results}
        directions = {
            name: [results[f"{name}_{to}"] for to in ("xy", "yx") if f"{name}_{to}" in results] for name in names
        }
        means[key] = {name: statistics.fmean(values) for name, values in directions.items() if values}
    return {"evaluation": record["evaluation"]} | means


def emoji_gain(reader):
    """Returns a phrase, after checking that the emoji translation is slightly closer to the target than copying."""
    (record,) = (both_directions(each) for each in reader.read("translation/emoji-seed*"))
    model, copied = record["model"], record["copied"]
    closer = model["psnr"] > copied["psnr"] and model["distance"] < copied["distance"] and model["fid"] < copied["fid"]
    require(closer and model["ssim"] < copied["ssim"], "emoji: better than copying, but not in SSIM")
    return "in PSNR, feature distance and FID (means over both directions), but only slightly, and not in SSIM"
