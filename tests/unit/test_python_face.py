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
"""


def test_verbs_and_rooms_share_names() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
