"""Trains a classifier and puts it to work, recorded from the first epoch to the last prediction.

The data is scikit-learn's digits: 1,797 pictures of 8 by 8 pixels, which ship inside the package. Run it, then look:

    python demo/train_and_classify.py
    otel-distro show

Nothing is configured: what is recorded goes to the local store on this machine. To send the same records somewhere
else as well, name the destinations in ``OTEL_DISTRO_DESTINATIONS`` and change nothing here.

Copy from it what you need. Each concept is used once, where a program would use it:

    run            a training, with folder, tags, metadata, metrics at each step, events, alert rules and artifacts
    arc, sub_arc   one prediction, and one part of it
    export         what tells how well a prediction went (KAPIs), and what to group predictions by (dimensions)
    annotate       inputs, outputs and labels of one prediction
    incident       something that a person should look at, with a file
    timer          how long a block takes, as a metric
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

if __name__ == "__main__":  # the libraries below take some seconds when they are loaded for the first time
    print("loading scikit-learn and matplotlib", file=sys.stderr, flush=True)

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import confusion_matrix, log_loss

from otel_distro import annotate, arc, configure, export, incident, run, sub_arc, timer

if TYPE_CHECKING:
    from otel_distro.api.run import Run

T = TypeVar("T")
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SEED = 20
EPOCHS = 20
MINIBATCH = 50
LEARNING_RATE = 0.02
LEARNING_RATE_LOWERED_AT = (10, 15)  # epochs; each time to a fifth
TRAINING_SAMPLES, VALIDATION_SAMPLES = 1_000, 397
BATCH = 20
WRONG_TOLERATED = 0.1  # of a batch
BRIGHTEST = 16.0


@dataclass(frozen=True)
class Samples:
    """Pictures and what they show.

    Attributes:
        pixels: One row a picture, 64 values from 0 to 1.
        digits: What each shows, 0 to 9.
    """

    pixels: Floats
    digits: Integers

    def __getitem__(self, chosen: slice | NDArray[np.generic]) -> Samples:
        """Returns some of them."""
        return Samples(self.pixels[chosen], self.digits[chosen])

    def __len__(self) -> int:
        """Returns how many there are."""
        return len(self.digits)


def load() -> tuple[Samples, Samples, Samples]:
    """Returns samples to train with, to validate with, and held back for the end; the same ones each time."""
    pictures = load_digits()
    shuffled = np.random.default_rng(SEED).permutation(len(pictures.target))
    samples = Samples(pictures.data / BRIGHTEST, pictures.target)[shuffled]
    validation_ends = TRAINING_SAMPLES + VALIDATION_SAMPLES
    return samples[:TRAINING_SAMPLES], samples[TRAINING_SAMPLES:validation_ends], samples[validation_ends:]


# --- training ---------------------------------------------------------------------------------------------------------


def train(record: Run, training: Samples, validation: Samples) -> SGDClassifier:
    """Trains a linear classifier by stochastic gradient descent, and records how it comes along.

    Args:
        record: The run that it is recorded to.
        training: What it learns from.
        validation: What it is judged by after each epoch.

    Returns:
        The trained classifier.
    """
    # Rules are checked each minute and once more when the run ends, on the mean over the window.
    # The first one is ambitious: a linear classifier does not get there, so it fires.
    record.alert(
        "accuracy too low",
        metric="validation.accuracy",
        rule="is below",
        threshold=0.99,
        frequency_minutes=1,
        window_minutes=5,
    )
    record.alert("training diverges", metric="train.loss", rule="is above", threshold=10.0, window_minutes=5)

    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=LEARNING_RATE, random_state=SEED)
    order = np.random.default_rng(SEED)
    for epoch in tracked("training", range(EPOCHS)):
        if epoch in LEARNING_RATE_LOWERED_AT:
            model.set_params(eta0=model.eta0 / 5)
            record.event(f"epoch {epoch}: learning rate lowered to {model.eta0:g}")
        with timer("demo.epoch"):
            for chosen in np.split(order.permutation(len(training)), len(training) // MINIBATCH):
                minibatch = training[chosen]
                model.partial_fit(minibatch.pixels, minibatch.digits, classes=range(10))
        record.log(
            {
                "train.loss": loss(model, training),
                "train.accuracy": float(model.score(training.pixels, training.digits)),
                "validation.loss": loss(model, validation),
                "validation.accuracy": float(model.score(validation.pixels, validation.digits)),
                "learning_rate": model.eta0,
            },
            step=epoch,
        )
    return model


def loss(model: SGDClassifier, samples: Samples) -> float:
    """Returns the mean cross-entropy of a classifier's probabilities, in nats."""
    return float(log_loss(samples.digits, model.predict_proba(samples.pixels), labels=range(10)))


def save_results(record: Run, model: SGDClassifier, validation: Samples, directory: Path) -> None:
    """Keeps what came out of the training: the model, a picture of what it confuses, and the program itself."""
    weights = directory / "digits-linear.npz"
    np.savez(weights, coefficients=model.coef_, intercepts=model.intercept_, classes=model.classes_)
    record.save(weights, "output")

    # Objects need no file: figures, arrays, data frames, and whatever JSON can hold
    confusion = confusion_matrix(validation.digits, model.predict(validation.pixels))
    record.artifact(confusion_figure(confusion), "output", name="confusion-matrix.png")

    record.save(__file__, "code")


def confusion_figure(counts: Integers) -> Figure:
    """Draws which digits are taken for which.

    Args:
        counts: How often each digit (row) was taken for each (column), 10 by 10.
    """
    figure = Figure(figsize=(5, 5), dpi=80)
    axes = figure.subplots()
    axes.imshow(np.log1p(counts), cmap="Blues")
    axes.set(xlabel="taken for", ylabel="digit", xticks=range(10), yticks=range(10))
    for digit, taken_for in np.argwhere(counts):
        colour = "white" if digit == taken_for else "black"
        axes.text(taken_for, digit, counts[digit, taken_for], ha="center", va="center", color=colour)
    return figure


# --- at work ----------------------------------------------------------------------------------------------------------


def classify_batches(model: SGDClassifier, samples: Samples, directory: Path) -> float:
    """Classifies samples batch by batch, and reports each batch that went wrong as an incident.

    Args:
        model: The trained classifier.
        samples: What it has never seen.
        directory: Where pictures for incidents are drawn.

    Returns:
        Which share of the samples it judged right, 0 to 1.
    """
    right = 0
    for start in tracked("classifying", range(0, len(samples), BATCH)):
        batch = samples[start : start + BATCH]
        with timer("demo.batch"):
            taken_for = np.array([classify(model, *sample) for sample in zip(batch.pixels, batch.digits, strict=True)])
        wrong = taken_for != batch.digits
        if wrong.mean() > WRONG_TOLERATED:
            picture = directory / f"misjudged-{start // BATCH + 1:02}.png"
            draw_misjudged(batch[wrong], taken_for[wrong], picture)
            incident(
                f"batch {start // BATCH + 1} misjudged",
                f"{wrong.sum()} of {len(batch)} digits were taken for others",
                files=[picture],
            )
        right += len(batch) - wrong.sum()
    return float(right / len(samples))


def classify(model: SGDClassifier, pixels: Floats, digit: int) -> int:
    """Judges one picture; this is one ARC.

    Args:
        model: The trained classifier.
        pixels: The picture, 64 values from 0 to 1.
        digit: What it really shows.

    Returns:
        What the classifier takes it for.
    """
    with arc("classify"):
        with sub_arc("features"):
            ink = float(pixels.mean())
            export({"ink": ink, "empty_columns": int((pixels.reshape(8, 8).max(axis=0) == 0).sum())})
        probabilities = model.predict_proba(pixels.reshape(1, -1))[0]
        second, first = np.sort(probabilities)[-2:]
        predicted = int(probabilities.argmax())
        # confidence, margin and correct are KAPIs; predicted and stroke are dimensions to group them by
        export(
            {
                "confidence": float(first),
                "margin": float(first - second),
                "correct": bool(predicted == digit),
                "predicted": predicted,
                "stroke": "bold" if ink > 0.35 else "fine" if ink < 0.25 else "medium",
            }
        )
        annotate(
            inputs={"pixels": (pixels * BRIGHTEST).astype(int).tolist()},
            outputs={"digit": predicted, "confidence": round(float(first), 4)},
            metadata={"actual": int(digit)},
            labels=["correct" if predicted == digit else "wrong", f"digit-{predicted}"],
        )
    return predicted


def draw_misjudged(samples: Samples, taken_for: Integers, picture: Path) -> None:
    """Draws samples side by side, each with what it shows and what it was taken for, into a PNG file."""
    figure = Figure(figsize=(1.6 * len(samples), 2), dpi=80)
    for position, axes in enumerate(figure.subplots(1, len(samples), squeeze=False)[0]):
        axes.imshow(samples.pixels[position].reshape(8, 8), cmap="gray_r")
        axes.set_title(f"{samples.digits[position]}, taken for {taken_for[position]}", fontsize=8)
        axes.set_axis_off()
    figure.savefig(picture)


# --- the whole --------------------------------------------------------------------------------------------------------


def tracked(title: str, items: Sequence[T]) -> Iterator[T]:
    """Yields items and shows on stderr how far it is: a bar in a terminal, a few plain lines elsewhere."""
    if sys.stderr.isatty():
        yield from track(items, title.ljust(12), console=Console(stderr=True))
        return
    for number, item in enumerate(items, start=1):
        yield item
        if number % 5 == 0 or number == len(items):
            print(f"{title} {number} of {len(items)}", file=sys.stderr, flush=True)


def main() -> None:
    """Trains, saves, classifies; all of it is one run."""
    configure()
    training, validation, held_back = load()
    with (
        TemporaryDirectory() as name,
        run(
            "digits-linear",
            folder="/demo/digits",
            tags=["demo", "digits", "linear"],
            metadata={"optimizer": "sgd", "epochs": EPOCHS, "minibatch": MINIBATCH, "training_samples": len(training)},
            description="A linear classifier of handwritten digits, trained and put to work",
        ) as record,
    ):
        record.folder("/demo/digits", description="Handwritten digits, 8 by 8 pixels", tags=["demo"])
        directory = Path(name)
        model = train(record, training, validation)
        save_results(record, model, validation, directory)
        accuracy = classify_batches(model, held_back, directory)
        record.update(metadata={"held_back_accuracy": accuracy})
    print(f"{accuracy:.1%} of {len(held_back)} held-back digits were read right")


if __name__ == "__main__":
    main()
