"""``report --daily`` against public sources played on loopback, in the shapes their documentation states."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from liqatlas.cli.main import run
from tests.e2e.test_bad_markets import TERMS, told, waves, write_market

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = 1_767_830_400  # 2026-01-08T00:00Z


def coin(name: str, symbol: str, day: float, month: float, price: float = 50.0) -> dict[str, Any]:
    return {
        "id": name.lower(), "symbol": symbol, "name": name, "current_price": price, "market_cap": 1e9, "last_updated": "2026-01-08T00:03:07.000Z",
        "price_change_percentage_24h_in_currency": day, "price_change_percentage_30d_in_currency": month,
    }  # fmt: skip


#: Shapes as docs.coingecko.com (crypto-global, coins-markets), alternative.me (fear-and-greed-index), api-docs.defillama.com
#: (stablecoincharts) and ethereum.org (eth_getBlockByNumber) name the fields; checked on 2026-11-22 against answers kept by public clients.
ANSWERS: dict[str, Any] = {
    "/api/v3/global": {
        "data": {
            "active_cryptocurrencies": 17411, "total_market_cap": {"btc": 1.0, "usd": 3.754e12}, "total_volume": {"usd": 1.4018e11},
            "market_cap_percentage": {"btc": 61.0, "eth": 9.4}, "market_cap_change_percentage_24h_usd": -1.7, "updated_at": AT,
        }
    },
    "/api/v3/coins/markets": [
        coin("Bitcoin", "btc", -1.0, 5.0, 90_000.0), coin("Ethereum", "eth", 2.5, 9.0), coin("Tether", "usdt", 0.01, 0.02, 1.0),
        coin("Wrapped Bitcoin", "wbtc", -1.0, 5.1), coin("Solana", "sol", 23.4, 4.0), coin("Dogecoin", "doge", -7.7, -20.0),
    ],
    "/fng/": {
        "name": "Fear and Greed Index", "metadata": {"error": None},
        "data": [
            {"value": "68", "value_classification": "Greed", "timestamp": str(AT), "time_until_update": "3600"},
            {"value": "55", "value_classification": "Greed", "timestamp": str(AT - 86_400)},
        ],
    },
    "/stablecoincharts/all": [
        {"date": str(AT - 7 * 86_400), "totalCirculatingUSD": {"peggedUSD": 2.5e11, "peggedEUR": 5e8}},
        {"date": str(AT), "totalCirculatingUSD": {"peggedUSD": 2.544e11, "peggedEUR": 5e8}},
    ],
    "/": {"jsonrpc": "2.0", "id": 1, "result": {"number": "0x1", "baseFeePerGas": hex(1_620_000_000), "timestamp": hex(AT)}},
}  # fmt: skip
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Some desk</title>
<item><title>Ether tokens see broad gains</title><link>https://example.org/1</link><pubDate>Thu, 08 Jan 2026 07:00:00 GMT</pubDate></item>
</channel></rss>"""


@contextmanager
def sources(
    broken: dict[str, tuple[int, bytes]] | None = None,
) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Play the sources on a free port; ``broken`` paths answer with that status and body."""
    asked: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            asked.append((self.path, self.rfile.read(int(self.headers.get("Content-Length") or 0))))
            status, body = (broken or {}).get(path, (200, json.dumps(ANSWERS[path]).encode()))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  (the base class names it)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def hosts(url: str) -> list[str]:
    names = ("market", "movers", "fear", "stablecoins", "gas")
    return [text for name in names for text in ("--public-host", f"{name}={url}")]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_market(tmp_path_factory.mktemp("market"), waves(100))


def test_all_sources_with_their_moments(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rss, flows = tmp_path / "desk.xml", tmp_path / "flows.csv"
    rss.write_text(RSS)
    flows.write_text("ts,name,value,unit,source\n2026-01-07,BTC ETF net flow,-120,M USD,issuer\n")
    with sources() as (url, asked):
        text = told(capsys, "report", "--daily", "ABC", "--from", source, *TERMS, "--public", "all", *hosts(url),
                    "--facts", rss, flows, "--format", "md")  # fmt: skip
    for said in (
        "| Total market cap | $3.75T | 2026-01-08 00:00 UTC | CoinGecko /global |",
        "| Dominance | BTC 61.0 %, ETH 9.4 % |",
        "| Fear and greed | 68 (Greed), 55 the day before | 2026-01-08 00:00 UTC |",
        "| Stablecoins pegged to USD | $254B, +1.8 % in 7 days | 2026-01-08 00:00 UTC |",
        "| Gas (base fee) | 1.62 gwei | 2026-01-08 00:00 UTC | an Ethereum node |",
        "| Altcoin season, 30 days | 33 of 100 (1 of 3 coins beat BTC) | 2026-01-08 00:03 UTC |",
        "| Top gainers, 24 h | SOL +23.4 %, ETH +2.5 %, BTC −1.0 % |",
        "| Top losers, 24 h | DOGE −7.7 %, BTC −1.0 %, ETH +2.5 % |",
        "| BTC ETF net flow | -120 M USD | 2026-01-07 00:00 UTC | issuer |",
        "| 2026-01-08 07:00 UTC | Ether tokens see broad gains | Some desk |",
        "Some of these figures are of an earlier day than this brief.",
    ):
        assert said in text, said
    body = next(body for path, body in asked if path == "/")
    assert json.loads(body)["method"] == "eth_getBlockByNumber"
    assert any(
        "price_change_percentage=24h%2C30d" in path or "price_change_percentage=24h,30d" in path
        for path, _ in asked
    )


def test_sources_that_fail_cost_their_own_lines_only(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = {
        "/fng/": (500, b"oops"),
        "/": (200, b'{"result": {"baseFeePerGas": "0x1"}}'),
        "/api/v3/global": (404, b"{}"),
    }
    with sources(broken) as (url, _):
        text = told(
            capsys,
            "report",
            "--daily",
            "ABC",
            "--from",
            source,
            *TERMS,
            "--public",
            "all",
            *hosts(url),
            "--format",
            "md",
        )
    assert "- fear: alternative.me /fng did not answer /fng/ in 2 attempts; last: HTTP 500." in text
    assert "- gas: gas: lacks a field of that source's answer: 'timestamp'." in text
    assert "- market: CoinGecko /global refused /api/v3/global: HTTP 404" in text
    assert "Stablecoins pegged to USD" in text
    assert "Fear and greed |" not in text


def test_nothing_is_asked_unless_it_is_named(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sources() as (url, asked):
        text = told(
            capsys, "report", "--daily", "ABC", "--from", source, *TERMS, "--public", "gas,fear", *hosts(url)
        )
    assert sorted(path.partition("?")[0] for path, _ in asked) == ["/", "/fng/"]
    assert "Total market cap" not in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--daily", "--public", "weather"), "wanted market, movers, fear, stablecoins, gas or all"),
        (("--daily", "--public", "gas", "--public-host", "gas=nowhere"), "SOURCE=http"),
        (("--public", "gas"), "belong to a brief: give --daily"),
        (("--daily", "--previous", "x.json"), "compares with --archive"),
    ],
)
def test_wrong_choices_are_one_sentence(
    source: Path, arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["report", "ABC", "--from", str(source), *TERMS, *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_brief_in_every_format_with_its_archive(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = {"html": b"<!doctype html>", "pdf": b"%PDF", "json": b"{"}
    archive = ("--archive", str(tmp_path / "archive"))
    early = [
        "report",
        "--daily",
        "ABC",
        "--from",
        str(source),
        *TERMS,
        *archive,
        "--as-of",
        "2026-01-08T00:00Z",
        "-o",
        str(tmp_path / "a.md"),
    ]
    assert run(early) == 0
    for ending, start in starts.items():
        path = tmp_path / f"brief.{ending}"
        assert run(["report", "--daily", "ABC", "--from", str(source), *TERMS, "-o", str(path)]) == 0
        assert path.read_bytes().startswith(start)
    assert b"data:image/png;base64," in (tmp_path / "brief.html").read_bytes()
    capsys.readouterr()
    text = told(capsys, "report", "--daily", "ABC", "--from", source, *TERMS, *archive)
    assert "What we said, what happened" in text
    assert len(list((tmp_path / "archive").iterdir())) == 2
