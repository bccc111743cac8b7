"""The page of a port that was verified: of data alone, everything escaped, read in a browser where there is one."""

import re
import shutil
import subprocess

import pytest

from compat.errors import CompatError
from compat.porting import findings
from compat.porting.findings import Cause, Command, Edit, Finding, Findings, Input, Op, Tensor, Weight
from compat.records import Numbers
from compat_reports import command, verify_page

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def numbers(share, **more):
    word = "agrees" if share <= 1 else "differs"
    return Numbers(word, "" if share <= 1 else f"at [0] 2, expected 1: {share:g} times", share=share, **more)


def tensor(name, share=0.5, **more):
    return Tensor(
        name, f"{name}:0", f"port/{name}:0", "Relu", "Elu", numbers=numbers(share), wrong=share > 1, **more
    )


def made(text="conv/Relu", count=3, **more):
    tensors = [tensor(f"layer_{n}") for n in range(count)] + [
        tensor(text, 1e5, source=f"{text}.py:12", port_source="port.py:7")
    ]
    edit = Edit(text, "epsilon", 0.01, 0.001)
    wrong = Finding(
        "first wrong: ...", count,
        [Cause(f"epsilon is 0.01, expected 0.001 {text}", True, edit), Cause(text, False)],
        [text], [Op(text, "Relu", source=f"{text}:12")], [Op(text, "Elu")],
    )  # fmt: skip
    found = Findings(
        Command(
            f"run of {text}",
            f"{text}.py:model",
            "/srv/a folder",
            text,
            text,
            pairs=[text],
            files={text: "ab"},
        ),
        "differs",
        text,
        weights=[Weight(text, [text], text, text)],
        notes=[text],
        unused=[text],
        inputs={text: Input("float32", [2, 3], "0")},
        paired={"name": 1, "structure": 2, "value": 3},
        tensors=tensors,
        wrong=[wrong],
        not_judged=[text],
        without_partner=[text],
    )
    for name, value in more.items():
        setattr(found, name, value)
    return found


def page(found, tmp_path):
    return verify_page.write(found, str(tmp_path)).read_text(encoding="utf-8")


def test_the_first_sentence_says_what_is_wrong_and_what_to_write(tmp_path):
    html = page(made(), tmp_path)
    assert "<h1>The port first differs at conv/Relu</h1>" in html
    assert '<p class="lede">Epsilon is 0.01, expected 0.001 conv/Relu.</p>' in html
    assert '<span class="gone">- epsilon=0.01</span><span class="new">+ epsilon=0.001</span>' in html
    assert "port.py:7" in html and "1e5 times" in html
    assert html.index("first wrong") < html.index("The graph in order") < html.index("Not judged")


def test_a_port_that_agrees(tmp_path):
    found = made(words="all agree", wrong=[], not_judged=[], tensors=[tensor("a"), tensor("b", 1e-3)])
    html = page(found, tmp_path)
    assert "The port agrees with the legacy graph: what differs is rounding" in html
    assert "wrong" not in re.sub(
        r"<style.*?</style>|<link[^>]*>", "", html.split("<main")[1].split("</main>")[0]
    )


def test_what_could_not_be_judged_is_no_agreement(tmp_path):
    found = made(words="not judged", wrong=[], tensors=[tensor("a")], not_judged=["b: NoRule"])
    html = page(found, tmp_path)
    assert "not everything could be judged" in html and "B: NoRule." in html


def test_weights_that_were_refused(tmp_path):
    found = made(words="not carried", wrong=[], tensors=[], refused=["left over: w"], not_judged=[])
    html = page(found, tmp_path)
    assert "The weights were not carried" in html and "<li>left over: w</li>" in html


def test_a_step_of_training(tmp_path):
    found = made(wrong=[], tensors=[tensor("a")], not_judged=[], training="training: the loss, 5 gradients")
    found.steps = ["fc/kernel after one step: at [0]; cause: the rate is 0.1, expected 0.01"]
    html = page(found, tmp_path)
    assert "<h1>A step of training differs: fc/kernel after one step</h1>" in html
    assert '<p class="lede">The rate is 0.1, expected 0.01.</p>' in html
    assert "compat verify" in html and "--training" in html


def test_everything_is_escaped(tmp_path):
    found = made(HOSTILE, training=HOSTILE, steps=[HOSTILE], refused=[HOSTILE])
    html = page(found, tmp_path)
    assert HOSTILE not in html and "<script" not in html and "<img" not in html
    assert html.count("&lt;script&gt;alert(1)") > 15


def test_nothing_comes_from_elsewhere(tmp_path):
    html = page(made(), tmp_path)
    links = re.findall(r'(?:src|href|srcset|action)="([^"]*)"', html)
    assert set(links) == {"#main", "data:,", "style.css"}
    style = (tmp_path / "style.css").read_text(encoding="utf-8")
    assert "url(" not in style and "@import" not in style


def test_a_large_graph_is_folded(tmp_path):
    html = page(made(count=5000), tmp_path)
    assert "<details><summary>5,001 pairs</summary>" in html
    assert len(html) < 3_000_000


def test_an_infinite_share_is_drawn(tmp_path):
    found = made(tensors=[tensor("a"), tensor("b", 1.7e308), tensor("c", 0.0)])
    found.wrong[0].tensor = 1
    assert '<svg class="plot"' in page(found, tmp_path)


def test_the_report_command_takes_the_folder(tmp_path, capsys):
    folder = str(tmp_path / "out")
    findings.write(folder, made(), {})
    assert command.main([folder]) == 0
    assert capsys.readouterr().out.strip().endswith("index.html")
    assert (tmp_path / "out" / "index.html").is_file()
    findings.check_folder(folder)


def test_a_damaged_file_is_one_line(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "verify.json").write_text("{")
    with pytest.raises(CompatError, match=r"verify\.json: cannot be read"):
        command.main([str(folder)])


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser_nothing_is_wider_than_the_window(tmp_path, width):
    found = made("a/very/long/name/of/a/tensor/" * 6)
    path = verify_page.write(found, str(tmp_path))
    measured = (
        "<script>document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script></body>"
    )
    path.write_text(path.read_text(encoding="utf-8").replace("</body>", measured), encoding="utf-8")
    # A window of headless Chromium is 500 wide at least: the page is put into a frame of that width.
    (tmp_path / "frame.html").write_text(
        f'<iframe src="index.html" width="{width}" height="900" style="border:0" onload="document.title ='
        ' this.contentDocument.title"></iframe>'
    )
    arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
        "--dump-dom",
    ]
    done = subprocess.run(
        [CHROMIUM, *arguments, "--window-size=1400,1000", "--virtual-time-budget=4000",
         (tmp_path / "frame.html").as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    told = re.search(r"<title>(\d+) of (\d+)</title>", done.stdout)
    assert told, done.stdout[:500] + done.stderr[-500:]
    assert int(told.group(1)) <= int(told.group(2)) == width
