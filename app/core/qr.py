"""A text as a QR code: a piece of SVG for a page of our own, so that no other host learns what it says."""

from __future__ import annotations

QUIET = 4  # modules of white around the code, as the standard asks


def svg(text: str, label: str) -> str:
    """The code of ``text`` as an ``<svg>`` called ``label``; «» for a text that fits into none (about 2,900 bytes)."""
    import segno  # loaded when it is first needed
    from segno.encoder import DataOverflowError

    for error in ("m", "l"):
        try:
            code = segno.make(text, error=error, micro=False, boost_error=False)
        except DataOverflowError:
            continue
        return str(
            code.svg_inline(
                border=QUIET, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None, title=label
            )
        )
    return ""
