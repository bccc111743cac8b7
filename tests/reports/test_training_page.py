"""Training on a page: all curves on one plot, those of each dialect, wrong images, nothing for other samples."""

import re

import numpy as np
import pytest
from making import Made, Maker, response
from test_pages import report

from compat_reports import curves, training_page
from compat_reports.arrays import Arrays
from compat_reports.disputed import Disputed, disputed

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
    """The dialects of the training of rows (version, dialect, outputs), and the drawer."""
    training, drawer = whole(tmp_path, *rows)
    return training and training.dialects, drawer


def whole(tmp_path, *rows):
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


# -- all on one plot


def curve(last):
    return {name: np.array([2.0, last], np.float32) for name in ("loss", "accuracy")}


def test_all_curves_are_on_one_plot_a_line_for_each_distinct_result(tmp_path):
    training, _ = whole(
        tmp_path,
        ("1.15.5", "tf1.session", curve(0.5)),
        ("2.15.1", "tf1.session", curve(0.5)),
        ("2.15.1", "tf2.eager", curve(0.5)),
        ("2.15.1", "keras2", curve(0.25)),
    )
    together = training.together
    assert [caption for caption, _ in together.plots] == ["loss by epoch", "accuracy by epoch"]
    (_, loss), _ = together.plots
    titles = re.findall("<title>([^<]*)</title>", loss)
    assert titles == ["tf1.session 1.15.5, 2.15.1; tf2.eager 2.15.1", "keras2 2.15.1"]
    assert together.legend == [
        ("tf1.session, 1 curve", "line-a"),
        ("tf2.eager, 1 curve", "line-a"),
        ("keras2, 1 curve", "line-c"),
    ]


def test_one_curve_alone_needs_no_plot_of_all(tmp_path):
    training, _ = whole(tmp_path, ("2.15.1", "keras2", curve(0.5)), ("2.15.1", "keras3", curve(0.5)))
    assert training.together is None


def test_a_loss_that_falls_far_is_on_a_logarithmic_scale(tmp_path):
    (_, far), _ = whole(tmp_path, ("2.1.0", "a", curve(0.01)), ("2.1.0", "b", curve(0.02)))[0].together.plots
    assert re.findall(r">([^<>]+)</text>", far)[:8] == ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"]
    (_, zero), _ = whole(tmp_path / "b", ("2.1.0", "a", curve(0.0)), ("2.1.0", "b", curve(0.1)))[
        0
    ].together.plots
    assert ">0</text>" in zero


def test_of_many_curves_those_to_look_at_and_the_newest_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(curves, "_MOST", 3)
    makers = []
    for minor in range(6):
        maker = Maker(tmp_path / "runs", f"tf2.{minor}", f"2.{minor}.0")
        word = "agrees" if minor else "differs"
        makers.append(maker.row(SAMPLE, "keras2", word, curve(0.5 + minor / 64)))
    judged = [maker.save() for maker in makers]
    (row,) = Made(judged).rows
    together = training_page.compose(row, Arrays([one.run for one in judged]), Kept()).together
    titles = re.findall("<title>([^<]*)</title>", together.plots[0][1])
    assert titles == ["keras2 2.0", "keras2 2.4", "keras2 2.5"] and together.hidden == 3
    assert ("to look at", "islook") in together.legend


# -- images about which dialects disagree


def trained(guesses, wrong=(), labels=(1, 2, 3)):
    """What a dialect keeps that takes the images for these; ``wrong``: the places that it keeps."""
    images = np.arange(len(wrong), dtype=np.uint8)[:, None, None] + np.zeros((1, 28, 28), np.uint8)
    return {
        **curve(0.5),
        "predictions": np.eye(10, dtype=np.float32)[list(guesses)],
        "wrong": np.array(wrong, np.int32),
        "wrong_labels": np.array([-1 if place < 0 else labels[place] for place in wrong], np.int32),
        "wrong_predictions": np.array([-1 if place < 0 else guesses[place] for place in wrong], np.int32),
        "wrong_images": images,
    }


def test_who_alone_is_wrong_and_who_alone_is_right():
    found = disputed(
        {
            "numpy": trained((1, 9, 3), (1, -1)),
            "keras2": trained((1, 9, 3), (1, -1)),
            "keras3": trained((7, 2, 3), (0, -1)),
        }
    )
    assert [(one.label, one.words) for one in found] == [
        (1, "wrong in keras3 only, as 7"),
        (2, "right in keras3 only, elsewhere 9"),
    ]


def test_two_dialects_that_take_it_for_two_things():
    one = Disputed(0, 4, ("a", 0), {"a": 9, "b": 9, "c": 7}, ("d", "e"))
    assert one.words == "wrong in a and b, as 9; in c, as 7"


def test_an_image_that_all_get_wrong_is_not_disputed():
    assert disputed({"a": trained((9, 2, 3), (0,)), "b": trained((8, 2, 3), (0,))}) == []


def test_a_dialect_without_predictions_says_nothing():
    lacking = {name: array for name, array in trained((9, 2, 3), (0,)).items() if name != "predictions"}
    assert disputed({"a": lacking, "b": trained((1, 2, 3))}) == []


def test_an_image_that_is_right_beyond_those_kept_is_known_by_its_prediction():
    """Of many wrong ones a dialect keeps the first: what it says of the others is in its predictions."""
    found = disputed({"a": trained((9, 9, 9), (0,)), "b": trained((1, 2, 9), (2,))})
    assert [(one.place, tuple(one.wrong)) for one in found] == [(0, ("a",))]


def test_an_image_that_one_of_them_never_saw_is_not_disputed():
    shorter = dict(trained((1, 2, 3)), predictions=np.eye(10, dtype=np.float32)[[1, 2]])
    assert disputed({"a": trained((1, 2, 9), (2,)), "b": shorter}) == []
    assert [one.place for one in disputed({"a": trained((1, 2, 9), (2,)), "b": trained((1, 2, 3))})] == [2]


def test_disputed_images_are_on_the_page(tmp_path):
    maker = Maker(tmp_path / "runs", "tf2.21", "2.21.0")
    maker.row(SAMPLE, "keras2", "agrees", trained((1, 9, 3), (1, -1)))
    maker.row(SAMPLE, "keras3", "agrees", trained((7, 2, 3), (0, -1)))
    report(maker.save(), tmp_path / "report")
    html = (tmp_path / "report" / "samples" / "some_training.digits.html").read_text(encoding="utf-8")
    assert "<b>1</b> wrong in keras3 only, as 7" in html and 'alt="A 2, wrong in keras2 only, as 9"' in html
    assert "Along the network" not in html
