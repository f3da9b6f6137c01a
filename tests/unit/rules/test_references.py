"""Every page leads to people who met the same thing."""

import re

import pytest

from edgecheck.rules.base import page
from edgecheck.rules.catalogue import RULES

THREAD = re.compile(
    r"https://(github\.com/[\w.-]+/[\w.-]+/(issues|pull|discussions)/\d+"
    r"|stackoverflow\.com/(questions|q)/\d+"
    r"|[\w.-]*(forum|discuss|community)[\w.-]*/\S+)"
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_page_refers_to_a_real_thread(rule):
    assert THREAD.search(page(rule).sections["References"])
