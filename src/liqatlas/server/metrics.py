"""Counters of the server in Prometheus' text format."""

from __future__ import annotations

import resource
import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from liqatlas.server.service import Service

#: Upper edges of the latency histogram [s].
EDGES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)


@dataclass(slots=True)
class Metrics:
    """What was counted since the start."""

    began: float = field(default_factory=time.monotonic)
    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    seconds: dict[str, list[int]] = field(default_factory=dict)
    sums: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    bytes_sent: int = 0
    more: list[Callable[[], str]] = field(default_factory=list)

    def count(self, route: str, method: str, status: int, seconds: float, size: int) -> None:
        """Count one answered request."""
        self.requests[route, method, status] += 1
        histogram = self.seconds.setdefault(route, [0] * (len(EDGES) + 1))
        histogram[bisect_left(EDGES, seconds)] += 1
        self.sums[route] += seconds  # type: ignore[assignment]
        self.bytes_sent += size

    def text(self, service: Service) -> str:
        """Return everything as text."""
        out = ["# TYPE liqatlas_http_requests_total counter"]
        out += [
            f'liqatlas_http_requests_total{{route="{route}",method="{method}",status="{status}"}} {count}'
            for (route, method, status), count in sorted(self.requests.items())
        ]
        out.append("# TYPE liqatlas_http_request_seconds histogram")
        for route, histogram in sorted(self.seconds.items()):
            running = 0
            for edge, count in zip((*EDGES, "+Inf"), histogram, strict=True):
                running += count
                out.append(f'liqatlas_http_request_seconds_bucket{{route="{route}",le="{edge}"}} {running}')
            out.append(f'liqatlas_http_request_seconds_sum{{route="{route}"}} {self.sums[route]:.6f}')
            out.append(f'liqatlas_http_request_seconds_count{{route="{route}"}} {running}')
        out.append("# TYPE liqatlas_http_refused_total counter")
        out += [f'liqatlas_http_refused_total{{why="{why}"}} {n}' for why, n in sorted(self.refused.items())]
        answers = service.answers
        out += [
            f"liqatlas_http_sent_bytes_total {self.bytes_sent}",
            f"liqatlas_answers_kept {len(answers)}",
            f"liqatlas_answers_kept_bytes {answers.weighs}",
            f"liqatlas_answers_hits_total {answers.hits}",
            f"liqatlas_answers_stale_total {answers.stale}",
            f"liqatlas_answers_made_total {answers.misses}",
            f"liqatlas_answers_under_way {answers.under_way}",
            f"liqatlas_answers_refused_total {answers.refused}",
            f"liqatlas_ready {int(service.ready)}",
            f"liqatlas_uptime_seconds {time.monotonic() - self.began:.1f}",
            f"liqatlas_memory_peak_bytes {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}",
        ]
        now = service.source.now_ns()
        out += [
            f'liqatlas_feed_age_seconds{{venue="{m.venue}",symbol="{m.symbol}"}} {(now - m.last_ts_ns) / 1e9:.3f}'
            for m in service.source.markets()
        ]
        return "\n".join(out) + "\n" + "".join(one() for one in self.more)
