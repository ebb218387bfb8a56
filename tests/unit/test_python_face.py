"""The Python face in a fresh interpreter: rooms and verbs share names and both work."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import liqatlas as lq
assert 'numpy' not in sys.modules, 'import liqatlas must cost nothing'
m = lq.liquidation_map('BTC', window='1d', source=lq.simulated(days=1.5))
import liqatlas.plot.theme
for _ in range(2):
    figure = lq.plot(m, by='leverage', theme='light')
    assert figure.to_bytes('png').startswith(bytes([137]) + b'PNG')
assert liqatlas.plot.theme.theme_of('dark')
h = lq.heatmap('BTC', window='12h', source=lq.simulated(days=1.5), columns=20, rows=30)
assert h.to_json().startswith(b'{')
assert m.cumulative().long_usd[0] > 0
assert m.to_polars().height > 0
for _ in range(2):
    c = lq.cascade(m, shock='-3%', depth_usd=5e6, runs=50)
    assert c.to_json().startswith(b'{') and not c.calibrated
market = lq.simulated(days=1.5)
c = lq.clusters(m)
assert not c.volatility_measured and any('nominal' in n for n in c.notes)
c = lq.clusters(m, source=market)
assert c.volatility_measured and c.all
assert {s.name for s in lq.signals(m, source=market)} >= {'magnet', 'post_liquidation', 'washout'}
r = lq.report('BTC', source=market, window='12h', depth_usd=5e6)
assert r.tree['simulated'] and r.tree['cascade']['engine']['down']['levels'] is not None
assert r.render('html').startswith(b'<!doctype html>')
again = lq.report('BTC', source=market, window='12h', past=[r.tree])
assert again.tree['changes']['reason']
row = dict(venue='binance', symbol='BTCUSDT', position='long', size=1, entry_price=m.head.price, leverage=10)
s = lq.stress([row], source=market)
assert s.tree['positions'][0]['touch_probability'] and 'Research, not advice' in str(s)
import liqatlas.signals.settings, liqatlas.report.blocks
assert callable(lq.signals) and callable(lq.report)
"""


def test_verbs_and_rooms_share_names() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
