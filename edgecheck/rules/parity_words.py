"""How each metric of parity is told."""

from collections.abc import Callable
from typing import Literal

from edgecheck.rules.wording import percent, points

Metric = Literal[
    "accuracy", "r2_loss", "iou_loss", "error_ratio", "agreement", "pixel_agreement", "mean_iou",
    "sqnr_db", "variation_sqnr_db", "cosine_p5", "embedding_cosine_p5", "kl_median",
]  # fmt: skip
"""What candidate and reference are compared by."""

SENTENCES: dict[Metric, str] = {
    "accuracy": "loses {value} of accuracy, at most {limit} allowed",
    "r2_loss": "loses {value} of explained variance (R2), at most {limit} allowed",
    "iou_loss": "loses {value} of mean IoU against the true maps, at most {limit} allowed",
    "error_ratio": (
        "reconstructs the input with {value} times the reference's squared error, at most {limit} "
        "times allowed"
    ),
    "agreement": "picks the reference's top class for {value}, at least {limit} expected",
    "pixel_agreement": "has the reference's class in {value} of the pixels, at least {limit} expected",
    "mean_iou": "overlaps the reference's regions by {value} (mean IoU), at least {limit} expected",
    "sqnr_db": "has a signal-to-error ratio of {value} dB, at least {limit} dB expected",
    "variation_sqnr_db": (
        "follows the variation of the reference with a signal-to-error ratio of {value} dB, at "
        "least {limit} dB expected"
    ),
    "cosine_p5": "has a cosine similarity of {value} at its worst 5%, at least {limit} expected",
    "embedding_cosine_p5": (
        "turns embeddings to a cosine of {value} at its worst 5%, at least {limit} expected"
    ),
    "kl_median": "has a median KL divergence of {value}, at most {limit} expected",
}
IN_WORDS: dict[Metric, Callable[[float], str]] = {
    "agreement": percent,
    "pixel_agreement": percent,
    "accuracy": points,
    "r2_loss": points,
    "iou_loss": points,
}
