"""ccxt's object of one exchange: its addresses led where we want, its questions asked by our transport, its work measured.

ccxt parses, our transport asks: budgets, waits, proxies, size caps and errors are the same as for every other venue.
"""

from __future__ import annotations

import contextvars
import difflib
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from liqatlas.base.errors import FormatError, InputError
from liqatlas.venues.through_ccxt import consts
from liqatlas.venues.transport import Question, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liqatlas.venues.subscriptions import Hosts
    from liqatlas.venues.transport import Answer, Transport

#: What ccxt says the question now being asked weighs.
_weight: contextvars.ContextVar[float] = contextvars.ContextVar("ccxt_weight", default=1.0)


#: What tells a trade from another: ccxt's id, moment, price, size.
TradeKey = tuple[Any, Any, Any, Any]


@dataclass(slots=True)
class Meter:
    """What ccxt's stream cost and lost, counted while it runs.

    Attributes
    ----------
    messages, busy_s
        Stream messages ccxt parsed, and how long this process was busy with them [s].
    parsed, handed
        Trades ccxt's parser made of them, and trades its ``watchTrades`` handed on, by ccxt's symbol.
    dropped
        Trades parsed and not handed on.
    unreadable
        Stream messages whose parser failed.
    """

    messages: int = 0
    busy_s: float = 0.0
    parsed: Counter[str] = field(default_factory=Counter)
    handed: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    _waiting: dict[str, dict[TradeKey, None]] = field(default_factory=dict)

    def take(self, trade: Mapping[str, Any]) -> None:
        """Note a trade the parser made."""
        name = trade["symbol"]
        self.parsed[name] += 1
        self._waiting.setdefault(name, {})[_key(trade)] = None

    def hand(self, name: str, trades: Sequence[Mapping[str, Any]]) -> int:
        """Note trades handed on, in the parser's order; return how many before the last of them never came and now never will."""
        self.handed[name] += len(trades)
        waiting, keys, lost = self._waiting.get(name, {}), {_key(trade) for trade in trades}, 0
        last = _key(trades[-1]) if trades else None
        for key in list(waiting) if last in waiting else ():
            del waiting[key]
            lost += key not in keys
            if key == last:
                break
        self.dropped[name] += lost
        return lost

    @property
    def microseconds_per_message(self) -> float:
        """The parse cost; NaN before the first message."""
        return 1e6 * self.busy_s / self.messages if self.messages else float("nan")


def _key(trade: Mapping[str, Any]) -> TradeKey:
    return trade.get("id"), trade["timestamp"], trade["price"], trade["amount"]


def ccxt_class(exchange: str) -> Any:
    """Return ccxt's class of an exchange.

    Raises
    ------
    InputError
        If ccxt is not installed or knows no such exchange.
    """
    try:
        import ccxt.pro
    except ImportError:
        raise InputError(
            f"{consts.PREFIX}{exchange} needs ccxt, an extra with a lock of its own: pip install 'liqatlas[ccxt]' in a separate "
            "environment (requirements-ccxt.lock), or choose a venue with its own client"
        ) from None
    if exchange not in ccxt.pro.exchanges:
        near = ", ".join(difflib.get_close_matches(exchange, ccxt.pro.exchanges)) or "see ccxt.pro.exchanges"
        raise InputError(f"ccxt {ccxt.__version__} streams no exchange {exchange!r}; similar: {near}")
    return getattr(ccxt.pro, exchange)


def make_exchange(name: str, hosts: Hosts | None, proxy: str | None) -> Any:
    """Return ccxt's object, its addresses led to ``hosts`` where given; asks nothing yet."""
    options = {"tradesLimit": consts.STREAM_CACHE} | consts.OPTIONS.get(name, {})
    made = ccxt_class(name)({"enableRateLimit": True, "options": options})
    made.has = made.has | {"fetchCurrencies": False}  # deposits and chains: none of ours
    made.timeout_on_exit = 0
    if proxy is not None:
        made.wssProxy = proxy
    if hosts is not None:
        made.urls["api"] = _led_to(made.urls["api"], hosts, made)
    return made


def _led_to(addresses: Any, hosts: Hosts, exchange: Any) -> Any:
    """Return a tree of addresses with other hosts and the same paths."""
    if isinstance(addresses, dict):
        return {name: _led_to(inner, hosts, exchange) for name, inner in addresses.items()}
    parts = urlsplit(exchange.implode_hostname(addresses))
    return (hosts.stream if parts.scheme in {"ws", "wss"} else hosts.rest) + parts.path


def ask_through(exchange: Any, transport: Transport) -> None:
    """Let our transport ask what ccxt wants to know."""

    async def throttle(cost: float | None = None) -> None:
        _weight.set(float(cost or 1))

    async def fetch(
        url: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> Any:
        del headers
        if (method == "GET") != (body is None):
            raise InputError(f"{exchange.id} wants {method} of {url}: only public GET and POST are asked")
        question = Question(url, _weight.get(), "requests", {}, None if body is None else body.encode())
        return await transport.ask(question, read)

    def read(answer: Answer) -> Any:
        found = exchange.parse_json(answer.body.decode("utf-8", "replace"))
        if found is None:
            raise FormatError(f"{exchange.id}:answer", f"is no JSON: it begins {answer.body[:80]!r}")
        return found

    exchange.throttle, exchange.fetch = throttle, fetch


def refusal_of(exchange: Any, body: bytes) -> Refusal | None:
    """Return why ccxt holds a body for a failure: its own table of the exchange's error codes decides."""
    import ccxt

    text = body.decode("utf-8", "replace")
    found = exchange.parse_json(text)
    if found is None:
        return Refusal("retry", "the body is empty or cut short")
    try:
        exchange.handle_errors(200, "", "", "GET", {}, text, found, {}, None)
    except ccxt.BadSymbol as error:
        return Refusal("symbol", str(error))
    except (ccxt.RateLimitExceeded, ccxt.DDoSProtection) as error:
        return Refusal("limit", str(error))
    except ccxt.OperationFailed as error:  # what ccxt holds for passing: maintenance, overload, time-outs
        return Refusal("retry", str(error))
    except ccxt.BaseError as error:
        # a bare ExchangeError is a code ccxt does not tell apart: it may pass, and attempts are few
        return Refusal("retry" if type(error) is ccxt.ExchangeError else "final", str(error))
    return None


def measure(exchange: Any) -> Meter:
    """Count what the stream's parser makes of its messages and how long it takes."""
    meter, plain_message, plain_trade = Meter(), exchange.handle_message, exchange.safe_trade
    in_stream = False

    def handle_message(client: Any, message: Any) -> Any:
        nonlocal in_stream
        meter.messages += 1
        in_stream, begun = True, time.perf_counter()
        try:
            return plain_message(client, message)
        except Exception:
            meter.unreadable += 1
            raise
        finally:
            in_stream = False
            meter.busy_s += time.perf_counter() - begun

    def safe_trade(trade: Any, market: Any = None) -> Any:
        made = plain_trade(trade, market)
        if in_stream:
            meter.take(made)
        return made

    exchange.handle_message, exchange.safe_trade = handle_message, safe_trade
    return meter
