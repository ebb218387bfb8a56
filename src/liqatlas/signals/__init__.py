"""See README.md of this room."""

from liqatlas.base.room import make_callable

make_callable(__name__)
