"""The section of features: true to its frames, safe, and only where features are declared."""

from __future__ import annotations

import re
from html import unescape

from tests.report.shop import shop_frames
from tests.report.shop_features import feature_frames
from trailhouse.report import build_report
from trailhouse.report.features import QUERIES, features
from trailhouse.settings import Settings
from trailhouse.tables import TABLES


def plain(html: str) -> str:
    """The section as text with single spaces."""
    section = html.split('<section aria-labelledby="features">')[1].split("</section>")[0]
    section = re.sub(r"<script.*?</script>", " ", section, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", section)).split())


def test_the_section_tells_what_its_frames_hold() -> None:
    attack = "<script>alert(1)</script>"
    html = build_report({**shop_frames(), **feature_frames(attack)}, Settings())
    told = plain(html)
    assert attack not in html
    assert f"{attack} 130 127 5 14.4%" in told
    assert "24.6% of 2,481 people who were offered it tried it (22.9% to 26.3%)" in told
    assert "of these 33.6% adopted it" in told
    assert "Nobody was offered it." in told
    assert (
        "error could not save row # 17.1% 320 of 1,871 2.0% 12 of 610 8.69 5.10 to 14.80 more among" in told
    )
    # differences in points with a true minus sign; nothing is told where nobody could be matched
    assert "1 340 41.2% 2,002 30.1% +11.1 +6.1 to +16.1 +4.0 +1.0 to +9.0 association" in told
    assert "3 340 20.0% 2,002 24.1% −4.1 −9.1 to +0.9 – too few" in told
    assert "“I wish you came on Saturdays”" in told
    assert "checkout: /help/delivery 41 38 5 62.1%" in told
    assert "23.7% of 902 visits that search" in told
    assert '<a href="#features">Features</a>' in html
    assert html.index('aria-labelledby="tasks"') < html.index('aria-labelledby="features"')
    assert not re.search(r"\b(effects? of|impact)\b", told.lower())


def test_without_features_there_is_no_section() -> None:
    assert features({}) is None
    html = build_report({}, Settings())
    assert "#features" not in html
    assert 'aria-labelledby="features"' not in html


def test_the_queries_read_columns_that_the_tables_have() -> None:
    for _, _, table, columns, _, _ in QUERIES:
        assert set(columns.split()) <= {column.name for column in TABLES[table].columns}
