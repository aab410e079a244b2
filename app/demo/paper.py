"""Small files as other programs make them, for the demo company: a PDF, a Word document, a photo."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DOCUMENT = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
PHOTO = (960, 720)  # pixels


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """A page of A4 with a title and lines of Latin letters, in a font that every reader has."""
    said = " ".join(f"({_literal(line)}) Tj T*" for line in lines)
    stream = f"BT /F1 20 Tf 72 760 Td ({_literal(title)}) Tj /F1 11 Tf 18 TL 0 -36 Td {said} ET".encode("latin-1")
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    out, at = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, start=1):
        at.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % each for each in at)
    out += b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % table
    return bytes(out)


def docx(lines: Sequence[str]) -> bytes:
    """A Word document with a paragraph for each line."""
    said = "".join(f'<w:p><w:r><w:t xml:space="preserve">{escape(line)}</w:t></w:r></w:p>' for line in lines)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{DOCUMENT}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{said}</w:body></w:document>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            # The same day gives the same company: no time of its own.
            archive.writestr(zipfile.ZipInfo(name), f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return out.getvalue()


def photo(ground: str, wall: str) -> bytes:
    """A shop front, drawn, as a JPEG."""
    width, height = PHOTO
    picture = Image.new("RGB", PHOTO, ground)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, height * 3 // 4, width, height), fill="#9aa1a9")
    pen.rectangle((120, 180, width - 120, height * 3 // 4), fill=wall)
    pen.rectangle((120, 180, width - 120, 270), fill="#2f3b4a")
    for left in range(180, width - 260, 200):
        pen.rectangle((left, 320, left + 140, 520), fill="#cfe0ea", outline="#2f3b4a", width=6)
    pen.rectangle((width - 300, 320, width - 190, height * 3 // 4), fill="#6b4a2f")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
