"""Real training: what its judge catches, on made results; and its data, without any framework."""

import os

import numpy as np
import pytest
from support import record_of

from compat.case.files import find, select
from compat.judge.verdicts import judge

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SAMPLES = select(find([os.path.join(ROOT, "cases", folder) for folder in ("training", "models")]), [])


def judged(sample_id, outputs):
    """The verdict on outputs given as arrays."""
    record = record_of(outputs, name=None)
    return judge(record, SAMPLES[sample_id].refer(), outputs.__getitem__)


def chances(labels, wrong=(), classes=10):
    """Predictions that are sure of the labels, but for some rows."""
    rows = np.full((len(labels), classes), 0.1 / (classes - 1), np.float32)
    rows[np.arange(len(labels)), labels] = 0.9
    for row in wrong:
        rows[row] = np.roll(rows[row], 1)
    return rows


def evaluated(predictions, labels):
    right = predictions[np.arange(len(labels)), labels].astype(float)
    return np.float32([-np.log(right).mean(), np.mean(predictions.argmax(axis=1) == labels)])


def digits(wrong=()):
    sample = SAMPLES["digits_training[digits]"]
    epochs, labels = sample.parameters["epochs"], sample.arrays()["labels"]
    predictions = chances(labels, wrong)
    evaluation = evaluated(predictions, labels)
    return {
        "loss": np.linspace(1.5, 0.01, epochs).astype(np.float32),
        "accuracy": np.linspace(0.7, 0.99, epochs).astype(np.float32),
        "predictions": predictions,
        "evaluation": evaluation,
        "reached": evaluation[1],
    }


def mnist(wrong=range(0, 50, 2)):
    sample = SAMPLES["mnist_training[5000]"]
    images, labels = sample.arrays().values()
    held_out = np.random.RandomState(0).permutation(5000)[sample.parameters["trained"] :]
    labels, images = labels[held_out], images[held_out, ..., 0]
    predictions = chances(labels, wrong)
    evaluation = evaluated(predictions, labels)
    places = np.array(list(wrong))
    outputs = {
        name: np.full(sample.parameters["epochs"], 0.9 if "acc" in name else 0.2, np.float32)
        for name in ("loss", "accuracy", "val_loss", "val_accuracy")
    }
    outputs.update(predictions=predictions, reloaded=predictions.copy(), evaluation=evaluation)
    outputs["reached"] = evaluation[1]
    for name, values in (
        ("wrong", places),
        ("wrong_labels", labels[places]),
        ("wrong_predictions", (labels[places] + 1) % 10),
    ):
        outputs[name] = np.full(64, -1, np.int32)
        outputs[name][: len(places)] = values
    outputs["wrong_images"] = np.zeros((64, 28, 28), np.uint8)
    outputs["wrong_images"][: len(places)] = images[places]
    return outputs


def photos(best=5):
    sample = SAMPLES["photo_training[plain]"]
    epochs, labels = sample.parameters["epochs"], np.repeat([0, 1], 10)
    sure = np.linspace(0.55, 0.9, epochs)
    sure[best] = 0.95
    validated = np.where(labels == 1, sure[:, None], 1 - sure[:, None]).astype(np.float32)
    return {
        "loss": np.full(epochs, 0.5, np.float32),
        "accuracy": np.full(epochs, 0.9, np.float32),
        "val_loss": (-np.log(sure)).astype(np.float32),
        "val_accuracy": np.ones(epochs, np.float32),
        "validated": validated,
        "best": np.asarray(best, np.int32),
        "reloaded": validated[best],
        "reached": np.float32(1),
    }


MADE = {
    "digits_training[digits]": digits,
    "mnist_training[5000]": mnist,
    "photo_training[plain]": photos,
}


@pytest.mark.parametrize("sample_id", MADE)
def test_what_training_should_tell_agrees(sample_id):
    verdict = judged(sample_id, MADE[sample_id]())
    assert verdict.word == "agrees", verdict.message


def last_bit(array):
    array.ravel()[7] = np.nextafter(array.ravel()[7], np.float32(2))


def worse(array):
    array[...] -= np.float32(0.02)


def other(array):
    array.ravel()[3] += 1


@pytest.mark.parametrize(
    "sample_id, output, change",
    [
        ("digits_training[digits]", "predictions", lambda array: np.negative(array, out=array)),
        ("digits_training[digits]", "evaluation", worse),
        ("digits_training[digits]", "reached", worse),
        ("digits_training[digits]", "loss", lambda array: array.fill(2.4)),
        ("digits_training[digits]", "accuracy", lambda array: array.fill(0.1)),
        ("mnist_training[5000]", "reloaded", last_bit),
        ("mnist_training[5000]", "evaluation", worse),
        ("mnist_training[5000]", "reached", lambda array: array.fill(0.92)),
        ("mnist_training[5000]", "wrong", other),
        ("mnist_training[5000]", "wrong_labels", other),
        ("mnist_training[5000]", "wrong_predictions", other),
        ("mnist_training[5000]", "wrong_images", other),
        ("mnist_training[5000]", "val_accuracy", lambda array: array.fill(0.5)),
        ("mnist_training[5000]", "val_loss", lambda array: array.fill(2.4)),
        ("photo_training[plain]", "reloaded", last_bit),
        ("photo_training[plain]", "best", lambda array: array.fill(2)),
        ("photo_training[plain]", "val_loss", worse),
        ("photo_training[plain]", "val_accuracy", worse),
        ("photo_training[plain]", "reached", lambda array: array.fill(0.8)),
    ],
)
def test_what_is_told_wrongly_differs(sample_id, output, change):
    outputs = {name: np.array(array) for name, array in MADE[sample_id]().items()}
    change(outputs[output])
    verdict = judged(sample_id, outputs)
    assert verdict.word == "differs"
    assert verdict.outputs[output].word == "differs"


def test_weights_of_another_epoch_are_no_best_ones():
    outputs = photos()
    outputs["reloaded"] = outputs["validated"][0]
    assert judged("photo_training[plain]", outputs).message.startswith("first differs at reloaded")


def test_too_many_wrong_digits_are_too_little_training():
    assert judged("digits_training[digits]", digits(wrong=range(25))).word == "differs"
    assert judged("digits_training[digits]", digits(wrong=range(15))).word == "agrees"


def test_the_pictures_are_two_classes_of_their_own():
    pictures = SAMPLES["photo_training[plain]"].arrays()["pictures"]
    assert pictures.shape == (2, 40, 60, 80, 3) and pictures.min() >= 0 and pictures.max() <= 255
    assert len({picture.tobytes() for kind in pictures for picture in kind}) == 80


def test_all_of_it_is_slow():
    trainings = ("digits_training", "mnist_training", "photo_training", "model_files")
    mine = [sample for sample in SAMPLES.values() if sample.operation.name in trainings]
    assert len(mine) >= 8 and all(sample.slow for sample in mine)
