"""Tables and numbers of the page on the lecture's claims."""

import math
import statistics

from .record_reader import lookup
from .tables import cell, table
from .template import require

NAMES = {
    "data": "the data itself",
    "minimax": "minimax GAN",
    "non_saturating": "non-saturating GAN",
    "non_saturating_5": "non-saturating, 5 updates",
    "wgan": "WGAN, clipping",
    "wasserstein": "WGAN, clipping",
}
MODES_VARIANTS = ("data", "minimax", "non_saturating", "non_saturating_5", "wgan")
SATURATION_VARIANTS = ("minimax", "non_saturating", "wasserstein")
CRITIC, DISCRIMINATOR = "lecture/supports-critic-segments-seed*", "lecture/supports-discriminator-segments-seed*"


def numbers(reader, claim, variant, layout):
    """Returns the numbers of all seeds."""
    return [record["numbers"] for record in reader.read(f"lecture/{claim}-{variant}-{layout}-seed*")]


def supports_table(reader):
    """Returns the table of claim 1: one row per distance."""
    head = [
        "distance",
        "JS of the discriminator",
        "E[D(x)] - E[D(G(z))] of the critic",
        "divided by its steepest slope",
    ]
    rows = [
        [
            distance,
            cell(reader.values(DISCRIMINATOR, f"numbers/{distance}/estimate"), "z.4f"),
            cell(reader.values(CRITIC, f"numbers/{distance}/estimate"), "z.2f"),
            cell(reader.values(CRITIC, f"numbers/{distance}/over_slope"), "z.3f"),
        ]
        for distance in reader.read(DISCRIMINATOR)[0]["numbers"]
    ]
    return table(head, rows)


def constant_divergence(reader):
    """Returns the discriminator's estimate, the same to four digits at all distances but 0."""
    estimates = [
        f"{each['estimate']:.4f}"
        for record in reader.read(DISCRIMINATOR)
        for distance, each in record["numbers"].items()
        if float(distance) > 0
    ]
    require(set(estimates) == {f"{math.log(2):.4f}"}, "the divergence is log 2 at every distance but 0")
    return estimates[0]


def critic_fall(reader):
    """Returns the factor by which the critic's estimate falls from distance 2 to 0.1."""
    for record in reader.read(CRITIC):
        estimates = [each["estimate"] for each in record["numbers"].values()]
        require(estimates == sorted(estimates, reverse=True), "the critic's estimate falls with the distance")
    first, last = (statistics.fmean(reader.values(CRITIC, f"numbers/{d}/estimate")) for d in ("2.0", "0.1"))
    return f"{first / last:.0f}"


def slope_error(reader):
    """Returns the largest relative error of the estimate divided by the slope, up to distance 0.5."""
    errors = [
        abs(statistics.fmean(reader.values(CRITIC, f"numbers/{distance}/over_slope")) / float(distance) - 1)
        for distance in ("0.5", "0.25", "0.1")
    ]
    return f"{max(errors):.1%}"


def modes_table(reader):
    """Returns the table of claim 2: one row per layout and objective."""
    rows = []
    for layout in ("grid", "ring"):
        for variant in MODES_VARIANTS:
            runs = numbers(reader, "modes", variant, layout)
            divergences = [run["kl"] for run in runs if run["kl"] is not None]
            rows.append([
                layout,
                NAMES[variant],
                f"{cell([run['modes'] for run in runs], '.1f')} of {runs[0]['modes_of']}",
                cell([run["high_quality"] for run in runs], ".3f"),
                cell(divergences, ".3f") or "none",
            ])  # fmt: skip
    return table(["layout", "objective", "modes covered", "high quality", "KL, nats"], rows)


def ring_misses(reader):
    """Returns a sentence on the runs that do not cover the ring."""
    missed = [
        (record["variant"], record["seed"], record["numbers"]["modes"])
        for variant in MODES_VARIANTS
        for record in reader.read(f"lecture/modes-{variant}-ring-seed*")
        if record["numbers"]["modes"] < record["numbers"]["modes_of"]
    ]
    expected = [("non_saturating", 0, 7), ("non_saturating_5", 0, 7)]
    require(missed == expected, "only the non-saturating GAN with seed 0 misses a mode of the ring")
    return "the non-saturating GAN with seed 0, which covers seven, with one discriminator update and with five"


def saturation_table(reader):
    """Returns the table of claim 3: one row per pair of networks and objective, one column per number of updates."""
    checks = list(numbers(reader, "saturation", "minimax", "mlp")[0])
    shown = [check for check in checks if check in ("0", "10", "100", checks[-1])]
    rows = []
    for layout in ("mlp", "dcgan"):
        for variant in SATURATION_VARIANTS:
            runs = numbers(reader, "saturation", variant, layout)
            cells = [cell([run[check]["weights"] for run in runs], ".3g") for check in shown]
            changes = [run[checks[-1]]["weights"] / run[checks[0]]["weights"] for run in runs]
            rows.append([layout, NAMES[variant], *cells, cell(changes, ",.0f" if min(changes) > 100 else ".2g")])
    return table(["networks", "objective", *(f"after {check}" for check in shown), "last / first"], rows)


def gradient_change(reader, variant, layout, direction="growth"):
    """Returns the mean factor by which the gradient grows, or with "decay" shrinks, over the updates."""
    runs = numbers(reader, "saturation", variant, layout)
    last = list(runs[0])[-1]
    change = statistics.fmean(run[last]["weights"] / run["0"]["weights"] for run in runs)
    require((change < 1) == (direction == "decay"), f"{direction} of the {variant} gradient, {layout}")
    factor = 1 / change if direction == "decay" else change
    return f"{float(f'{factor:.1g}'):,.0f}" if factor >= 100 else f"{factor:.0f}"


def at_bound(reader, updates):
    """Returns the range of the share of the critic's weights at the clipping bound."""
    shares = reader.values("lecture/saturation-wasserstein-*", f"numbers/{updates}/at_bound")
    return f"{min(shares):.0%} to {max(shares):.0%}"


def minimax_peak(reader):
    """Returns the number of updates after which the minimax gradient of the DCGAN pair is largest."""
    runs = numbers(reader, "saturation", "minimax", "dcgan")
    peaks = {max(run, key=lambda check, run=run: lookup(run, f"{check}/weights")) for run in runs}
    require(peaks == {"30"}, "the minimax gradient of the DCGAN pair peaks after 30 updates in every seed")
    return peaks.pop()
