"""Running `postern check` and reading its report, for the tests of single probes."""

import json


class Report:
    """The JSON of one run."""

    def __init__(self, result):
        self.result = result
        self.data = json.loads(result.out)

    @property
    def service(self):
        assert len(self.data["services"]) == 1, self.data["services"]
        return self.data["services"][0]

    @property
    def domain(self):
        assert len(self.data["domains"]) == 1, self.data["domains"]
        return self.data["domains"][0]

    def known(self, name: str) -> str:
        return self.service["facts"][name]["known"]

    def why(self, name: str) -> str:
        return self.service["facts"][name]["why"] or ""

    def verdicts(self, check: str) -> list:
        return [found["verdict"] for found in self.data["findings"] if found["id"] == check]

    def evidence(self, check: str) -> str:
        return " ".join(found["evidence"] or "" for found in self.data["findings"] if found["id"] == check)


def check(postern, pki, url, *options, connections=3, statuses=(0, 1)) -> Report:
    """One service, with no more connections than its ordinary sessions need, so that nothing else is looked at."""
    result = postern.run(
        "check",
        "--format=json",
        f"--ca-file={pki.ca_file}",
        "-4",
        "--ehlo=check.example.test",
        f"--max-connections={connections}",
        *options,
        url,
    )
    assert result.status in statuses, result
    return Report(result)
