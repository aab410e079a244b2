"""The demo products' pictures, drawn: flat shapes on a soft ground."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image, ImageDraw

from app.core import files

SIZE = 480
GROUNDS = ("#e8eef4", "#f4ede4", "#e6f2ea", "#f3e9ee", "#ecebf5")
INK, STEEL, WOOD, RED, YELLOW, GREEN, WHITE = (
    "#2f3b4a",
    "#8a97a6",
    "#b9804b",
    "#c8503c",
    "#e3b23c",
    "#4c8c6b",
    "#fbfbf8",
)
SHADOW = "#d5dbe1"
Drawing = ImageDraw.ImageDraw


def draw(shape: str, index: int) -> str:
    """Draw and keep the picture called ``shape``; its digest.  ``index`` chooses the ground."""
    picture = Image.new("RGB", (SIZE, SIZE), GROUNDS[index % len(GROUNDS)])
    pen = ImageDraw.Draw(picture)
    pen.ellipse((90, 388, 390, 420), fill=SHADOW)
    SHAPES[shape](pen, index)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    out.seek(0)
    return files.store_picture("pictures", out)


def _hammer(pen: Drawing, _index: int) -> None:
    pen.rounded_rectangle((222, 160, 262, 400), 14, fill=WOOD)
    pen.rounded_rectangle((150, 100, 300, 170), 12, fill=STEEL)
    pen.polygon([(300, 100), (366, 84), (350, 128), (366, 176), (300, 170)], fill=INK)


def _wrench(pen: Drawing, index: int) -> None:
    pen.line((150, 360, 318, 168), fill=STEEL, width=44)
    pen.ellipse((268, 84, 388, 204), fill=STEEL)
    pen.polygon([(330, 144), (410, 70), (420, 128)], fill=GROUNDS[index % len(GROUNDS)])
    pen.ellipse((126, 338, 186, 398), fill=INK)


def _screwdriver(pen: Drawing, _index: int) -> None:
    for place, colour in enumerate((RED, YELLOW, GREEN)):
        left = 128 + place * 84
        pen.rounded_rectangle((left, 80, left + 56, 230), 22, fill=colour)
        pen.rectangle((left + 20, 230, left + 36, 372), fill=STEEL)
        pen.polygon([(left + 14, 372), (left + 42, 372), (left + 32, 400), (left + 24, 400)], fill=INK)


def _drill(pen: Drawing, _index: int) -> None:
    pen.rounded_rectangle((120, 120, 320, 210), 26, fill=YELLOW)
    pen.rectangle((320, 146, 356, 186), fill=INK)
    pen.rectangle((356, 160, 420, 172), fill=STEEL)
    pen.polygon([(160, 205), (236, 205), (216, 340), (140, 340)], fill=INK)
    pen.rounded_rectangle((118, 336, 248, 398), 12, fill=YELLOW)


def _grinder(pen: Drawing, _index: int) -> None:
    pen.rounded_rectangle((90, 200, 330, 270), 30, fill=GREEN)
    pen.rectangle((318, 190, 372, 280), fill=INK)
    pen.ellipse((300, 270, 420, 390), fill=STEEL)
    pen.ellipse((346, 316, 374, 344), fill=INK)


def _laser(pen: Drawing, _index: int) -> None:
    pen.rounded_rectangle((180, 90, 300, 390), 24, fill=INK)
    pen.rounded_rectangle((200, 118, 280, 210), 8, fill="#cfe3d2")
    pen.ellipse((216, 240, 264, 288), fill=RED)
    pen.line((240, 90, 240, 20), fill=RED, width=4)


def _helmet(pen: Drawing, index: int) -> None:
    colour = WHITE if index % 2 == 0 else YELLOW
    pen.pieslice((110, 120, 370, 420), 180, 360, fill=colour, outline=STEEL, width=3)
    pen.rounded_rectangle((84, 262, 396, 300), 18, fill=colour, outline=STEEL, width=3)
    pen.rounded_rectangle((218, 112, 262, 264), 16, fill=colour, outline=STEEL, width=3)


def _glove(pen: Drawing, _index: int) -> None:
    for place, top in enumerate((120, 90, 84, 104)):
        left = 160 + place * 44
        pen.rounded_rectangle((left, top, left + 38, 260), 18, fill=GREEN)
    pen.rounded_rectangle((160, 200, 330, 350), 24, fill=GREEN)
    pen.rounded_rectangle((104, 210, 176, 262), 24, fill=GREEN)
    pen.rectangle((176, 350, 316, 398), fill=INK)


def _goggles(pen: Drawing, _index: int) -> None:
    pen.line((60, 220, 420, 220), fill=INK, width=22)
    for left in (100, 250):
        pen.rounded_rectangle((left, 170, left + 130, 290), 44, fill="#bcd7e8", outline=INK, width=12)


def _lamp(pen: Drawing, _index: int) -> None:
    pen.rounded_rectangle((120, 120, 360, 270), 16, fill=INK)
    pen.rounded_rectangle((140, 140, 340, 250), 8, fill="#fff3c4")
    pen.line((160, 270, 120, 398), fill=YELLOW, width=16)
    pen.line((320, 270, 360, 398), fill=YELLOW, width=16)


def _cable(pen: Drawing, _index: int) -> None:
    for ring in range(6):
        pen.ellipse(
            (100 + ring * 14, 100 + ring * 14, 380 - ring * 14, 380 - ring * 14),
            outline=INK if ring % 2 else RED,
            width=11,
        )


def _paper(pen: Drawing, _index: int) -> None:
    for place in range(5):
        pen.rectangle(
            (130 + place * 6, 90 + place * 8, 330 + place * 6, 360 + place * 8), fill=WHITE, outline=STEEL, width=2
        )
    for line in range(6):
        pen.line((180, 180 + line * 30, 326, 180 + line * 30), fill="#cdd5dd", width=5)


def _bottle(pen: Drawing, index: int) -> None:
    pen.rounded_rectangle((170, 190, 310, 400), 26, fill=GREEN if index % 2 else "#5b8fb9")
    pen.rectangle((214, 130, 266, 196), fill=WHITE)
    pen.rounded_rectangle((196, 96, 310, 136), 10, fill=INK)
    pen.rectangle((184, 258, 296, 330), fill=WHITE)


def _box(pen: Drawing, _index: int) -> None:
    pen.polygon([(240, 110), (400, 180), (240, 250), (80, 180)], fill="#d6a871")
    pen.polygon([(80, 180), (240, 250), (240, 400), (80, 320)], fill=WOOD)
    pen.polygon([(400, 180), (240, 250), (240, 400), (400, 320)], fill="#a36f3e")
    pen.line((160, 145, 320, 215), fill="#efe0c5", width=18)


def _tape(pen: Drawing, index: int) -> None:
    pen.ellipse((110, 110, 370, 370), fill="#d9b87a")
    pen.ellipse((180, 180, 300, 300), fill=GROUNDS[index % len(GROUNDS)], outline=WOOD, width=10)
    pen.rectangle((240, 340, 400, 370), fill="#d9b87a")


SHAPES: dict[str, Callable[[Drawing, int], None]] = {
    "hammer": _hammer,
    "wrench": _wrench,
    "screwdriver": _screwdriver,
    "drill": _drill,
    "grinder": _grinder,
    "laser": _laser,
    "helmet": _helmet,
    "glove": _glove,
    "goggles": _goggles,
    "lamp": _lamp,
    "cable": _cable,
    "paper": _paper,
    "bottle": _bottle,
    "box": _box,
    "tape": _tape,
}
