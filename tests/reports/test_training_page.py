"""Training on a page: curves of each dialect, wrong images sixteen to a page, nothing for other samples."""

import numpy as np
import pytest
from making import Made, Maker, response

from compat_reports import training_page
from compat_reports.arrays import Arrays

SAMPLE = "some_training[digits]"


class Kept:
    """A drawer that keeps what it is asked to draw."""

    def __init__(self):
        self.files = {}

    def file(self, name, make):
        self.files[name] = make()
        return f"figures/{name}"


def outputs(wrong, last=0.25):
    """What a training tells: two epochs, and that many wrong images among 40 rows."""
    images = np.zeros((40, 28, 28), np.uint8)
    images[:wrong, 3, :] = np.arange(wrong)[:, None] + 100
    labels, predictions = np.full(40, -1, np.int32), np.full(40, -1, np.int32)
    labels[:wrong], predictions[:wrong] = np.arange(wrong) % 10, (np.arange(wrong) + 1) % 10
    return {
        "loss": np.array([1.5, last], np.float32),
        "accuracy": np.array([0.5, 0.75], np.float32),
        "val_loss": np.array([1.25, 0.5], np.float32),
        "val_accuracy": np.array([0.625, 0.5], np.float32),
        "predictions": np.zeros((100, 10), np.float32),
        "reached": np.array(1 - wrong / 100, np.float32),
        "wrong_labels": labels,
        "wrong_predictions": predictions,
        "wrong_images": images,
    }


def composed(tmp_path, *rows):
    """The training of rows (version, dialect, outputs), and the drawer."""
    makers = {}
    for version, dialect, arrays in rows:
        maker = makers.setdefault(version, Maker(tmp_path / "runs", "tf" + version, version))
        maker.row(SAMPLE, dialect, "agrees", arrays)
    judged = [maker.save() for maker in makers.values()]
    drawer = Kept()
    (row,) = [row for row in Made(judged).rows if row.id == SAMPLE]
    return training_page.compose(row, Arrays([one.run for one in judged]), drawer), drawer


def test_wrong_images_stand_sixteen_to_a_page_with_label_and_prediction(tmp_path):
    (trained,), drawer = composed(tmp_path, ("2.15.1", "keras2", outputs(37)))
    assert [len(page) for page in trained.pages] == [16, 16, 5]
    shown = [wrong for page in trained.pages for wrong in page]
    assert [(w.label, w.predicted) for w in shown] == [(n % 10, (n + 1) % 10) for n in range(37)]
    assert len({w.source for w in shown}) == len(drawer.files) == 37
    assert all(data.startswith(b"\x89PNG") for data in drawer.files.values())
    assert trained.words == "0.63 recognised: 37 of 100 wrong"


def test_more_wrong_ones_than_are_kept_are_said(tmp_path):
    arrays = dict(outputs(40), reached=np.array(0.5, np.float32))
    (trained,), _ = composed(tmp_path, ("2.15.1", "keras2", arrays))
    assert trained.words.endswith("50 of 100 wrong, the first 40 shown")


def test_curves_of_training_and_of_what_is_held_out(tmp_path):
    (trained,), _ = composed(tmp_path, ("2.15.1", "keras2", outputs(1)))
    captions, plots = zip(*trained.plots, strict=True)
    assert captions[0] == "loss by epoch; at the end training 0.25, held out 0.5"
    assert all(plot.count('class="line ') == 2 for plot in plots)


def test_each_dialect_shows_its_newest_environment(tmp_path):
    trained, _ = composed(
        tmp_path,
        ("2.9.3", "tf2.eager", outputs(2, last=1.0)),
        ("2.15.1", "tf2.eager", outputs(3)),
        ("2.9.3", "tf1.session", outputs(4)),
    )
    told = [(t.dialect, t.environment, sum(map(len, t.pages))) for t in trained]
    assert told == [("tf1.session", "2.9.3", 4), ("tf2.eager", "2.15.1", 3)]


def test_curves_alone_have_no_wrong_images(tmp_path):
    arrays = {name: array for name, array in outputs(2).items() if name in ("loss", "accuracy", "reached")}
    (trained,), drawer = composed(tmp_path, ("2.15.1", "numpy", arrays))
    assert trained.pages == [] and not drawer.files and trained.words == "0.98 recognised"
    assert all(plot.count('class="line ') == 1 for _, plot in trained.plots)


@pytest.mark.parametrize(
    "arrays", [response(), {"loss": response()}, {"loss": np.zeros(()), "accuracy": np.zeros(())}]
)
def test_other_samples_have_no_training(tmp_path, arrays):
    assert composed(tmp_path, ("2.15.1", "numpy", arrays))[0] is None
