"""Interactive figures in the report: plotly's JSON of each, and its library once, packed, as it is large.

library()            gzip in base64, 1.9 MB instead of 4.8; the page unpacks it at the first click
embedded(json_text)  safe inside a script element
"""

from __future__ import annotations

import base64
import gzip

__all__ = ["embedded", "library"]


def library() -> str:
    """plotly.min.js of the installed package, the same bytes each time."""
    from plotly.offline import get_plotlyjs  # only where there are such figures: the import takes a moment

    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), mtime=0)).decode()


def embedded(json_text: str) -> str:
    """`</script>` inside a string would end the element."""
    return json_text.replace("<", "\\u003c")
