"""Chromium without a window, led over its debugging pipe: what a page looks like at a width, on paper, and whom it asks."""

import json
import os
import subprocess
import time


class Browser:
    """`with Browser(scratch) as browser: page = browser.open(path)`; then page.look(...)."""

    def __init__(self, scratch):
        down, self._out = os.pipe()
        self._in, up = os.pipe()
        # Chromium reads 3 and writes 4.
        shell = f'exec chromium "$@" 3<&{down} 4>&{up}'
        self._child = subprocess.Popen(  # pylint: disable=consider-using-with
            ["bash", "-c", shell, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--disable-dev-shm-usage", f"--user-data-dir={scratch}/profile", "--host-resolver-rules=MAP * ~NOTFOUND"],
            pass_fds=(down, up), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(down)
        os.close(up)
        self._number, self._rest, self.events = 0, b"", []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.kill()
        self._child.wait()
        os.close(self._out)
        os.close(self._in)

    def _receive(self) -> dict:
        while b"\0" not in self._rest:
            piece = os.read(self._in, 1 << 20)
            assert piece, "the browser has ended"
            self._rest += piece
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method: str, session: str = None, **params) -> dict:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def open(self, path) -> "Page":
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session, path)


class Page:
    def __init__(self, browser: Browser, session: str, path):
        self._browser, self._session = browser, session
        self.call("Network.enable")
        self.call("Page.enable")
        self.call("Page.navigate", url=path.as_uri())
        deadline = time.monotonic() + 60
        while self.evaluate("document.readyState + location.protocol") != "completefile:":
            assert time.monotonic() < deadline, "the page does not load"
            time.sleep(0.05)

    def call(self, method: str, **params) -> dict:
        return self._browser.call(method, self._session, **params)

    def evaluate(self, expression: str):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def width(self, pixels: int):
        self.call("Emulation.setDeviceMetricsOverride", width=pixels, height=800, deviceScaleFactor=1, mobile=True)

    def shown_on(self, media: str, scheme: str):
        """media: "screen" or "print"; scheme: what the reader prefers, "light" or "dark"."""
        self.call("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])

    @property
    def asked(self) -> list:
        """The addresses it has asked for, its own first."""
        self.evaluate("0")
        return [
            event["params"]["request"]["url"]
            for event in self._browser.events
            if event["method"] == "Network.requestWillBeSent" and event.get("sessionId") == self._session
        ]
