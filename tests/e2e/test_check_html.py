"""The HTML of `postern check`, looked at in a browser: on a phone, on a desk, on paper; and that it asks nobody."""

import pytest
from browser import Browser

# The content that sticks out to the right of the window; what may be scrolled by itself does not.
STICKS_OUT = """(wide => [...document.querySelectorAll('body *')].filter(element => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.right > wide + 1 &&
        !element.closest('pre, code, .wide') && getComputedStyle(element).position !== 'fixed';
}).map(element => element.tagName + '.' + element.className))"""

# Every text that is seen: its size in pixels, and the contrast (WCAG 2.1) with what is behind it.
TEXTS = """(() => {
    const numbers = color => (color.match(/[\\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = element => {
        for (; element; element = element.parentElement) {
            const color = numbers(getComputedStyle(element).backgroundColor);
            if (color.length === 3 || color[3] > 0) { return color; }
        }
        return [255, 255, 255];
    };
    const seen = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement, style = getComputedStyle(element);
        const box = element.getBoundingClientRect();
        if (!walker.currentNode.data.trim() || !box.width || !box.height || style.visibility === 'hidden') { continue; }
        const [a, b] = [light(numbers(style.color)), light(behind(element))];
        seen.push({text: walker.currentNode.data.trim().slice(0, 40), size: parseFloat(style.fontSize),
                   contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), paper: light(behind(element))});
    }
    return seen;
})()"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture
def report(postern, pki, dovecot, tmp_path):
    """The page of two services: one that is there, one that is not."""
    gone = "imaps://localhost:1"
    done = postern.run("check", f"--ca-file={pki.ca_file}", dovecot.url("imaps"), gone, "--format=html:out.html", "--fail-on=none")
    page = tmp_path / "report.html"
    page.write_bytes((done.home.written / "out.html").read_bytes())
    return page


def unreadable(page, least: int) -> list:
    return [text for text in page.evaluate(TEXTS) if text["size"] < least or text["contrast"] < 4.5]


@pytest.mark.parametrize("width, scheme", [(360, "light"), (360, "dark"), (1200, "light")])
def test_on_a_screen(browser, report, width, scheme):
    page = browser.open(report)
    page.width(width)
    page.shown_on("screen", scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("innerWidth") == width, "it is not made for phones: no viewport"
    assert page.evaluate(f"{STICKS_OUT}({width})") == []
    assert len(page.evaluate(TEXTS)) > 20
    assert unreadable(page, 11) == []
    assert page.asked == [report.as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_paper(browser, report, scheme):
    """Dark on white, whatever the screen has."""
    page = browser.open(report)
    page.width(700)
    page.shown_on("print", scheme)
    texts = page.evaluate(TEXTS)
    assert len(texts) > 20
    assert unreadable(page, 9) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
    assert page.asked == [report.as_uri()]


def test_the_look_sees_what_is_wrong(browser, report, tmp_path):
    """Else it would prove nothing: a page too wide, too pale, and one that asks for a picture."""
    text = report.read_text()
    broken = tmp_path / "broken.html"
    wide = '<div style="width:900px">wide</div><p style="color:#eee;background:#fff">pale</p><img src="http://mail.example.test/x.png">'
    broken.write_text(text.replace("</body>", f"{wide}</body>") if "</body>" in text else text + wide)
    page = browser.open(broken)
    page.width(360)
    assert page.evaluate("document.documentElement.scrollWidth") > 360
    assert page.evaluate(f"{STICKS_OUT}(360)")
    assert [text["text"] for text in unreadable(page, 11)] == ["pale"]
    assert "http://mail.example.test/x.png" in page.asked
