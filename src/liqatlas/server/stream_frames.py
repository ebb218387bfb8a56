"""What a viewer may say, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from liqatlas.base.clock import format_window, parse_window
from liqatlas.flows.request import Request
from liqatlas.flows.serving_stream import make_topic
from liqatlas.server.problems import Refused

if TYPE_CHECKING:
    from liqatlas.flows.serving import Source
    from liqatlas.flows.serving_stream import Topic

Channel = Literal["price", "prints", "map", "heatmap", "alerts"]
_WANTED = 'wanted an object such as {"op":"subscribe","channel":"map","asset":"ETH","window":"7d"}'


@dataclass(frozen=True, slots=True)
class Subscription:
    """One channel of one asset; window and kind are empty where they mean nothing."""

    channel: Channel
    asset: str
    window: str = ""
    kind: Literal["", "modelled", "realised", "measured"] = ""

    def tree(self) -> dict[str, str]:
        """Return the parts that mean something."""
        parts = {"channel": self.channel, "asset": self.asset, "window": self.window, "kind": self.kind}
        return {name: value for name, value in parts.items() if value}

    def topic(self, source: Source) -> Topic:
        """Return the topic this means."""
        assert self.channel != "alerts"
        request = Request(asset=self.asset)
        if self.window:
            kind = self.kind or "modelled"
            request = Request(asset=self.asset, window_ns=parse_window(self.window), kind=kind)
        return make_topic(source, self.channel, request)


class Frame(msgspec.Struct, frozen=True):
    """One frame of a viewer; keys that mean nothing here are passed over."""

    op: Literal["subscribe", "unsubscribe", "ping", "pong"]
    channel: Channel = "map"
    asset: str = ""
    window: str = "7d"
    kind: Literal["modelled", "realised", "measured"] = "modelled"

    def subscription(self, source: Source) -> Subscription:
        """Return what is subscribed to.

        Raises
        ------
        UnknownSymbolError, TimeError
            If asset or window cannot be used.
        """
        if self.channel == "alerts":
            return Subscription("alerts", source.asset(self.asset) if self.asset not in {"", "*"} else "*")
        asset = source.asset(self.asset)
        if self.channel in {"price", "prints"}:
            return Subscription(self.channel, asset)
        window = format_window(parse_window(self.window))
        return Subscription(self.channel, asset, window, self.kind)


_DECODER = msgspec.json.Decoder(Frame)


def read_frame(raw: bytes) -> Frame:
    """Return a frame.

    Raises
    ------
    Refused
        If it is none.
    """
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, f"the frame cannot be read: {error}; {_WANTED}", kind="bad-frame") from None


__all__ = ["Channel", "Frame", "Subscription", "read_frame"]
