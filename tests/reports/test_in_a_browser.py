"""The overview, the phrase book and what they lead to, as a reader has them: in a browser, by keyboard, by address."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from browser import HEIGHT, LOOKS, browser, faults, opened
from making import IMAGE, Made, Maker, response
from test_flow_page import judged_as, network, outputs
from test_graph_page import LINES
from test_pages import HOSTILE, report
from test_steps import SAMPLES, judged
from test_training_page import trained
from test_verify_page import made as made_findings

from compat.records import Known
from compat_reports import steps, verify_page, wording
from compat_reports.samples import JudgedSamples

VERSIONS = ("1.13.2", "1.15.5", "2.4.1", "2.11.1", "2.21.0")
SESSION = "@norm.on('tf1.session')\ndef _(tf, x, w):\n    return tf.layers.BatchNormalization()(x)\n"
EAGER = "@norm.on('tf2.eager')\ndef _(tf, x, w):\n    return tf.keras.layers.BatchNormalization()(x)\n"
EPSILON = Known("epsilon is another in TensorFlow 2.11", "https://example.org/epsilon", "write epsilon=1e-3")


def judged_runs(folder, versions=VERSIONS, samples=3):
    """Other bits in 2.4, a known difference since 2.11, what 2.21 cannot spell, and one error."""
    judged = []
    for version in versions:
        maker, release = (
            Maker(folder, "tf" + version.rpartition(".")[0], version),
            [int(n) for n in version.split(".")],
        )
        for place in range(samples):
            for operation in ("norm", "pool"):
                sample = f"{operation}[s{place}]"
                maker.sample(
                    sample, path=f"cases/{operation}.py", sources={"tf1.session": SESSION, "tf2.eager": EAGER}
                )
                change = 1e-5 if release >= [2, 4] and place else 0
                gone = release >= [2, 21] and operation == "norm" and place == 2
                if gone:
                    maker.row(sample, "tf1.session", "unsupported", message="tf.layers is gone")
                else:
                    maker.row(sample, "tf1.session", "agrees", response(change))
                known = EPSILON if release >= [2, 11] and operation == "norm" and not place else None
                if release >= [2]:
                    maker.row(
                        sample,
                        "tf2.eager",
                        "differs" if known else "agrees",
                        response(change),
                        "far" * bool(known),
                        known,
                    )
                maker.row(sample, "numpy", "agrees", response(2e-5))
        if version == VERSIONS[-1]:
            maker.sample("pool[lost]").row("pool[lost]", "keras3", "error", message="TypeError: no")
        judged.append(maker.save())
    return judged


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    report(judged_runs(folder / "runs"), folder / "report")
    return folder / "report"


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


PAGES = (
    "index.html",
    "phrasebook.html",
    "names/tf.layers.batch_normalization.html",
    "operations/norm.html",
    "environments.html",
)


@pytest.mark.parametrize("width, colours, forced", LOOKS)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_faults(made, chromium, page, width, colours, forced):
    with opened(chromium, made / page, "", width, colours, forced) as (there, seen):
        assert faults(there, seen) == []


@pytest.mark.parametrize("width, colours, forced", LOOKS)
def test_the_page_of_a_port_has_no_faults(tmp_path, chromium, width, colours, forced):
    path = verify_page.write(made_findings("a/long/name/of/a/tensor/" * 5), str(tmp_path))
    with opened(chromium, path, "", width, colours, forced) as (there, seen):
        assert faults(there, seen) == []


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A network that differs, a port with its graph, and a training whose dialects disagree."""
    folder = tmp_path_factory.mktemp("models")
    names = tuple(f"{'a_long_name_of_' * 4}layer_{place}" for place in range(9))
    maker = network(folder)
    for dialect, since in (("tf2.eager", None), ("keras3", names[7])):
        arrays = outputs(0.5 if since else 0, since or names[0], names)
        maker.row("net[deep]", dialect, "differs" if since else "agrees", arrays)
        judged_as(maker, dialect, since, "net[deep]", names)
    maker.sample("port[a]", against=["tf1.session", None])
    maker.row("port[a]", "keras3", "differs", response(1e-3), "far")
    maker.row("training[digits]", "keras2", "agrees", trained((1, 9, 3), (1, -1)))
    maker.row("training[digits]", "keras3", "agrees", trained((7, 2, 3), (0, -1)))
    with pytest.MonkeyPatch.context() as patch:
        lines = [replace(line, name=line.name + "/of_a_graph" * 9) for line in LINES * 40]
        patch.setattr(JudgedSamples, "graph", lambda self, sample_id, cell: lines)
        report(maker.save(), folder / "report")
    return folder / "report" / "samples"


@pytest.mark.parametrize("width, colours, forced", LOOKS)
@pytest.mark.parametrize("page", ["net.small", "net.deep", "port.a", "training.digits"])
def test_the_page_of_a_network_has_no_faults(models, chromium, page, width, colours, forced):
    with opened(chromium, models / f"{page}.html", "", width, colours, forced) as (there, seen):
        assert faults(there, seen) == []


def test_from_an_output_to_its_maps_by_keyboard(models, chromium):
    """Those of a later output are folded, and are opened by the way to them."""
    with opened(chromium, models / "net.deep.html") as (page, _):
        folded = page.locator("details.output:not([open])")
        assert folded.count() == 2 and page.locator("#flow").is_visible()
        page.locator("ol.flow a").nth(6).focus()
        page.keyboard.press("Enter")
        assert page.url.endswith("#maps-7") and folded.count() == 1
        assert page.locator("#out-7").is_visible()
        top = page.locator("#out-7").bounding_box()["y"]
        assert 0 <= top < 300
        page.locator("details.output").nth(8).locator("summary").focus()
        page.keyboard.press("Enter")
        assert folded.count() == 0


def test_a_long_graph_is_folded(models, chromium):
    with opened(chromium, models / "port.a.html") as (page, _):
        graph = page.locator("section[aria-labelledby=graph] details details")
        assert graph.get_attribute("open") is None
        graph.locator("summary").focus()
        page.keyboard.press("Enter")
        assert page.locator("ol.order li").nth(119).is_visible()


def sampled(folder):
    """Samples of every kind: maps, a known difference, one that differs, a line, numbers, a port, many outputs."""
    runs = []
    for name, version in (("tf1.15", "1.15.5"), ("tf2.21", "2.21.0")):
        maker, change = Maker(folder / "runs", name, version), 1e-5 * (name == "tf2.21")
        sources = {"tf1.session": SESSION, "keras3": EAGER + "# " + "very long " * 30 + "\n"}
        kinds = {
            "map": response(change),
            "line": np.sin(np.linspace(0, 9, 80, dtype=np.float32)) + np.float32(change),
            "numbers": np.linspace(-1e-9, 1.23456, 13, dtype=np.float32) + np.float32(change),
            "number": np.float32(0.5 + change),
            "complex": (response(change) * (1 + 2j)).astype(np.complex64)[..., 0],
            "texts": np.array([b"one", b"two"]),
        }
        for kind, result in kinds.items():
            maker.sample(f"kind[{kind}]", sources=sources, doc="What it is. " * 12)
            answers = (
                {"y": np.asarray(result, np.complex128 if result.dtype.kind == "c" else np.float64)}
                if kind != "texts"
                else None
            )
            for dialect, off in (("numpy", 0), ("tf1.session", 1e-4)):
                made = result * np.asarray(1 + off, result.dtype) if kind != "texts" else result
                maker.row(f"kind[{kind}]", dialect, "agrees", made, answers=answers, allowance=1e-3)
        for sample, known in (("known", EPSILON), ("differs", None)):
            maker.row(f"kind[{sample}]", "tf1.session", "agrees", response(change), allowance=1e-3)
            off = response(change) + (np.arange(IMAGE.size) % 50 == 0).reshape(IMAGE.shape).astype(np.float32)
            maker.row(
                f"kind[{sample}]", "keras3", "differs", off, "at [0] " + "far " * 40, known, allowance=2e-3
            )
        maker.sample("kind[port]", against=["tf1.session", "tf1.15"])
        maker.row("kind[port]", "tf1.session", "identical", response(), answers={"y": response()})
        maker.row("kind[port]", "keras3", "agrees", response(2e-5), answers={"y": response()}, allowance=1e-3)
        layers = {f"layer_{n}": response(change + n * 1e-6) for n in range(6)}
        maker.row("kind[net]", "tf1.session", "agrees", layers, allowance=1e-2)
        runs.append(maker.save())
    report(runs, folder / "report")
    return folder / "report" / "samples"


KINDS = ("map", "line", "numbers", "number", "complex", "texts", "known", "differs", "port", "net")


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return sampled(tmp_path_factory.mktemp("samples"))


@pytest.mark.parametrize("width, colours, forced", LOOKS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_a_sample_has_no_faults(samples, chromium, kind, width, colours, forced):
    with opened(chromium, samples / f"kind.{kind}.html", "", width, colours, forced) as (there, seen):
        there.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert faults(there, seen) == []


def test_a_sample_is_copied_as_an_issue_and_its_command(samples, chromium):
    with opened(chromium, samples / "kind.differs.html") as (page, _):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator("details.issue summary").click()
        page.get_by_role("button", name="Copy as issue").click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == page.locator("#issue").input_value()
        assert page.locator("#issue").input_value().startswith("### `kind[differs]`\n")
        page.get_by_role("button", name="Copy", exact=True).click()
        page.get_by_role("button", name="Copied").first.wait_for()
        assert "--sample 'kind[differs]'" in page.evaluate("navigator.clipboard.readText()")


def test_two_results_are_wiped_over_each_other_by_keyboard(samples, chromium):
    with opened(chromium, samples / "kind.differs.html") as (page, seen):
        page.locator("summary", has_text="Compare two results").click()
        left, right = page.locator(".wipe select").all()
        told = [one.evaluate("(one) => one.selectedOptions[0].textContent") for one in (left, right)]
        assert told == ["reference", "result C"]  # what is beyond the allowance
        over, below = (
            page.locator(f".stage .pair:first-child img:{which}-child").first for which in ("last", "first")
        )
        assert below.get_attribute("alt").startswith("the reference") and "result C" in over.get_attribute(
            "alt"
        )
        page.get_by_label("wipe").focus()
        before = over.evaluate("(one) => getComputedStyle(one).clipPath")
        page.keyboard.press("ArrowRight")
        assert before == "inset(0px 0px 0px 50%)"
        assert over.evaluate("(one) => getComputedStyle(one).clipPath") == "inset(0px 0px 0px 51%)"
        assert (
            page.get_by_label("wipe").get_attribute("aria-valuetext")
            == "51 % of reference, the rest of result C"
        )
        right.select_option(label="result A")
        assert "result A" in page.locator(".stage img.over").first.get_attribute("alt")
        boxes = [one.bounding_box() for one in page.locator(".stage .pair").first.locator("img").all()]
        assert boxes[0] == boxes[1] and boxes[0]["width"] >= 100 and seen.told == []
    with opened(chromium, samples / "kind.port.html") as (
        page,
        _,
    ):  # what it is judged against is called what it is
        page.locator("summary", has_text="Compare two results").click()
        assert page.locator(".wipe select option").first.inner_text() == "tf1.session in tf1.15"
        text = page.locator("main").inner_text()
        assert "float64 answer" not in text and "the reference" not in text
    for kind in ("line", "numbers", "texts"):  # where there are no maps
        with opened(chromium, samples / f"kind.{kind}.html") as (page, _):
            assert page.locator(".wipe").count() == 0


def test_a_sample_without_a_script_has_its_texts_and_no_buttons(samples, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((samples / "kind.differs.html").as_uri())
    assert page.locator("button:visible, input:visible").count() == 0
    page.locator("details.issue summary").click()
    assert page.locator("#issue").is_visible() and page.locator(".command pre").is_visible()
    context.close()


def test_hostile_names_do_nothing(tmp_path, chromium):
    maker = Maker(tmp_path / "runs", "tf1.15", "1.15.5")
    for word in ("differs", "agrees"):
        sources = {"tf1.session": f"def _(tf):\n    return tf.{'x'}({HOSTILE!r})\n"}
        maker.sample(f"{word}[{HOSTILE}]", operation_doc=HOSTILE, sources=sources, path=HOSTILE)
        known = Known(HOSTILE, "javascript:alert(1)", HOSTILE) if word == "differs" else None
        maker.row(f"{word}[{HOSTILE}]", "tf1.session", word, response(), HOSTILE, known)
    report(maker.save(), tmp_path / "report")
    paths = sorted((tmp_path / "report").rglob("*.html"))
    assert len(paths) > 7
    for path in paths:
        with opened(chromium, path) as (there, seen):
            there.on("dialog", lambda dialog: seen.told.append("a dialog"))
            assert seen.told == [] and seen.foreign == []
            assert there.evaluate("[...document.querySelectorAll('[href^=javascript]')].length") == 0


# -- the grid


def rows(page):
    shown = "table.strips tbody:not([hidden]) tr:not(.op) .name a"
    return page.evaluate(
        "(shown) => [...document.querySelectorAll(shown)].map((a) => a.getAttribute('href'))", shown
    )


def test_by_keyboard_alone(made, chromium):
    """To a strip, along and down it, open an operation, follow a link."""
    with opened(chromium, made / "index.html") as (page, _):
        page.locator("tr.op button", has_text="norm").focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "false"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
        for _ in range(100):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('td')"):
                break
        said = [page.locator(".tip").inner_text()]
        for key in ("ArrowRight", "ArrowDown"):
            page.keyboard.press(key)
            said.append(page.locator(".tip").inner_text())
        assert said[0].startswith("tf1.13 · numpy") and said[1].startswith("tf1.15 · numpy")
        assert "result" in said[2] and said[2].startswith("tf1.15 · numpy")
        page.keyboard.press("Enter")
        page.wait_for_url("**/samples/norm.s0.html")


def test_a_view_is_in_the_address_and_comes_back(made, chromium):
    with opened(chromium, made / "index.html") as (page, _):
        everything = rows(page)
        page.select_option("[data-key=op]", "pool")
        page.select_option("[data-key=verdict]", "error")
        assert rows(page) == ["samples/pool.lost.html"]
        address = page.url
        page.fill("#filter", "nothing like it")
        assert rows(page) == [] and "q=nothing" in page.url
        page.go_back()
        assert page.input_value("[data-key=op]") == "pool" and page.input_value("[data-key=verdict]") == ""
        assert len(rows(page)) == 4
        page.go_back()
        assert rows(page) == everything
        page.go_forward()
        assert len(rows(page)) == 4
    with opened(chromium, made / "index.html", "#" + address.partition("#")[2]) as (page, seen):
        assert rows(page) == ["samples/pool.lost.html"] and seen.told == []
        assert page.input_value("[data-key=verdict]") == "error"


def test_filters_by_dialect_version_and_verdict_speak_of_one_square(made, chromium):
    for fragment, expected in {
        "#dialect=tf2.eager&version=2.11&verdict=known": ["norm.s0"],
        "#dialect=tf2.eager&version=2.4&verdict=known": [],
        "#dialect=tf1.session&verdict=known": [],
        "#version=2.21&verdict=unsupported": ["norm.s2"],
        "#verdict=look": ["pool.lost"],
        "#q=tf.layers.batch_normalization+s1": ["norm.s1", "pool.s1"],
        "#version=of%20no%20run&op=%3Cscript%3E": [],
    }.items():
        with opened(chromium, made / "index.html", fragment) as (page, seen):
            assert rows(page) == [f"samples/{name}.html" for name in expected], fragment
            assert seen.told == []


def test_the_step_between_two_versions_says_what_the_first_page_says(made, chromium, tmp_path):
    overview = Made(judged_runs(tmp_path / "runs")).overview
    step = overview.step()
    assert (step.compared, step.counts) == (6, {"look": 0, "otherwise": 2, "alike": 0, "same": 4})
    sentence = (
        "1.15 → 2.21: 4 of 6 samples compute the same up to rounding; 2 behave otherwise, all explained"
    )
    assert wording.stepped(step) == sentence
    with opened(chromium, made / "index.html") as (page, _):
        assert page.locator(".step-sentence").inner_text() == sentence + "."
        page.locator(".steps a").click()
        told = page.locator(".stepping output").inner_text()
        assert re.findall(r"\d+", told.partition(":")[2]) == ["6", "4", "2", "4"]  # and 4 with other bits
        assert "epsilon is another" in page.locator(".stepping ul").inner_text()
        assert "tf.layers is gone" in page.locator(".stepping ul").inner_text()
        page.select_option("[data-key=what]", "verdict")
        assert rows(page) == ["samples/norm.s0.html", "samples/norm.s2.html"]
        page.select_option("[data-key=from]", "2.4")
        page.select_option("[data-key=to]", "2.11")
        assert rows(page) == ["samples/norm.s0.html"]
        page.select_option("[data-key=from]", "1.13")
        page.select_option("[data-key=to]", "1.15")
        assert rows(page) == []


def test_every_step_is_counted_as_python_counts_it(tmp_path, chromium):
    """The page's script and steps.py hold the same rules twice."""
    runs = judged(tmp_path, {name: cells for name, (cells, _) in SAMPLES.items()})
    assert report(runs, tmp_path / "report") == 1
    overview = Made(runs).overview
    with opened(chromium, tmp_path / "report" / "index.html") as (page, _):
        for a in overview.environments:
            for b in overview.environments:
                if a is not b:
                    page.select_option("[data-key=from]", a.label)
                    page.select_option("[data-key=to]", b.label)
                    counts = steps.between(overview.lines, a, b).counts
                    told = page.locator(".stepping output").inner_text().partition(":")[2]
                    words = {"same": r"(\d+) compute", "alike": r"(\d+) keep", "look": r"\((\d+) to look"}
                    found = {name: int((re.findall(text, told) or [0])[0]) for name, text in words.items()}
                    found["otherwise"] = int(re.findall(r"(\d+) behave", told)[0]) - found["look"]
                    assert found == counts, (a.label, b.label)
                    assert int(re.findall(r"of (\d+) samples", told)[0]) == sum(counts.values())


def test_without_a_script_the_rest_is_there(made, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((made / "index.html").as_uri())
    assert page.locator(".known-cards .reason").first.is_visible()
    assert page.locator("tr.op a.title").count() == 2 and not page.locator(".stepping").is_visible()
    page.goto((made / "phrasebook.html").as_uri())
    assert page.get_by_role("link", name="tf.layers.batch_normalization").is_visible()
    context.close()


# -- the phrase book


def test_from_the_first_page_to_what_changed_in_three_clicks(made, chromium):
    with opened(chromium, made / "index.html") as (page, _):
        page.get_by_role("link", name="Phrase book", exact=True).click()
        page.get_by_role("link", name="tf.layers.batch_normalization").click()
        text = page.locator("main").inner_text()
        assert "1.15 → 2.21" in text and "epsilon is another in TensorFlow 2.11" in text
        assert "since 2.11 in tf2.eager" in text and "write epsilon=1e-3" in text
        assert "since 2.21 in tf1.session" in text and "tf.layers is gone" in text
        page.get_by_role("link", name="since 2.11 in tf2.eager").click()
        page.wait_for_url("**/index.html#from=2.4&to=2.11")
        assert rows(page) == ["samples/norm.s0.html"]


def test_a_name_is_found(made, chromium):
    with opened(chromium, made / "phrasebook.html") as (page, _):
        page.fill("#filter", "batch_norm")
        assert page.locator(".phrases li:visible").count() == 1
        address = page.url
        page.fill("#filter", "zzz")
        assert page.locator(".phrases li:visible").count() == 0
    with opened(chromium, made / "phrasebook.html", "#" + address.partition("#")[2]) as (page, _):
        assert page.locator(".phrases li:visible").count() == 1


# -- as large as it gets


@pytest.mark.parametrize("width", [1400, 390])
def test_twenty_five_environments_do_not_overflow(tmp_path_factory, chromium, width):
    folder = tmp_path_factory.mktemp("wide")
    versions = ["1.13.2", "1.14.0", "1.15.5", *(f"2.{minor}.0" for minor in range(22))]
    judged = judged_runs(folder / "runs", versions, 1)
    for one in judged:
        for sample in [name for name in one.run.records if "lost" not in name]:
            for dialect in ("scipy", "tf2.function", "keras2", "keras3"):
                one.run.records[sample][dialect] = one.run.records[sample]["numpy"]
                one.verdicts[sample][dialect] = one.verdicts[sample]["numpy"]
    report(judged, folder / "report")
    with opened(chromium, folder / "report" / "index.html", "", width) as (page, seen):
        assert faults(page, seen) == []


def test_of_ten_thousand_samples_few_rows_are_made_at_once(made, chromium):
    """What a key costs are the rows that it shows: so many are made as one looks at, the rest when asked for."""
    html = (made / "index.html").read_text(encoding="utf-8")
    before, data, after = re.split(r'(?<=id="rows">)|(?=</script>\n<div class="tip")', html)
    rows_of = json.loads(data)["rows"]
    found = json.loads(data)
    body = re.search(r'<tbody id="op-1">.*?</tbody>', before, re.S).group(0)
    bodies, found["rows"] = [], []
    for number in range(250):
        name = f"operation_{number}"
        lines = [[f"s{number}-{k}", f"x{number}-{k}", *rows_of[0][1][k % 3][2:]] for k in range(40)]
        found["rows"].append([name, lines, "tf.nn.conv2d"])
        bodies.append(body.replace("op-1", f"op-{number + 1}").replace(">norm<", f">{name}<"))
    head, rest = before.split('<tbody id="op-1">')[0], before.rsplit("</tbody>", 1)[1]
    path = made / "large.html"
    path.write_text(head + "".join(bodies) + rest + json.dumps(found) + after, encoding="utf-8")
    with opened(chromium, path) as (page, seen):
        page.locator("#filter").focus()
        for key in "s12-3 operation":
            page.keyboard.press(key)
            assert len(rows(page)) <= 40
        assert seen.told == [] and len(rows(page)) > 5
        count = page.locator(".filter output").inner_text()
        page.fill("#filter", "operation")
        assert len(rows(page)) == 40 and page.locator(".filter output").inner_text() != count
        page.locator("p.more button").click()
        assert len(rows(page)) > 40
        # of all operations a screen at once, the others soon; who follows an address waits for none
        there = "document.querySelectorAll('table.strips tbody:not([hidden])').length"
        clear = """() => { const box = document.querySelector('#filter'); box.value = '';
                   box.dispatchEvent(new Event('input')); return %s }"""
        assert page.evaluate(clear % there) < 100
        page.wait_for_function(f"{there} === 250")
        assert seen.told == []
        page.fill("#filter", "operation_3")
        page.evaluate("location.hash = 's-x249-39'")
        page.wait_for_selector("#s-x249-39")
        assert 0 < page.locator("#s-x249-39").bounding_box()["y"] < HEIGHT and seen.told == []
    path.unlink()
