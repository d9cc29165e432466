"""Figures to SVG that a page can hold: real text, classes for colours, no style attributes, always the same.

The only module that loads the drawing library. It uses its objects alone and never `pyplot`, whose state all
threads share.
"""

import io
import re
import warnings
from collections.abc import Callable
from threading import Lock
from xml.etree import ElementTree

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from testing_engine.pictures.palette import GRID, INK, ROLES, SOFT

WIDTH = 8.0
SVG = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
REFERENCE = re.compile(r"url\(#([^)]+)\)")
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
NO_ROTATION = re.compile(r"rotate\(-?0 [^)]*\)")

# Browsers have fonts for letters that the library's own lacks; it only measures with that one.
warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)

# Once, before the first figure: threads share these settings, and nothing changes them later.
matplotlib.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "adaptive",
        "text.parse_math": False,  # a "$" in a name is a dollar
        "axes.edgecolor": SOFT,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "figure.facecolor": "none",
        "grid.color": GRID,
        "legend.facecolor": "none",
        "legend.edgecolor": "none",
        "legend.labelcolor": INK,
        "legend.framealpha": 1.0,
        "font.size": 9,
        "text.color": INK,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
    }
)


# The library changes the process's filters of warnings while it sets labels, and so it would for other
# threads.
_ONE_AT_A_TIME = Lock()


class ForeignColour(ValueError):
    """A drawing used a colour that is not in the palette, so the style sheet could not replace it."""


def svg_of(draw: Callable[[Figure], None], name: str, title: str, description: str, height: float) -> str:
    """What `draw` puts on an empty figure. `name` keeps ids apart on a page. Raises `ForeignColour`."""
    file = io.StringIO()
    with _ONE_AT_A_TIME:
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure)
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(file, format="svg", metadata=nothing)
    root = ElementTree.fromstring(file.getvalue())  # noqa: S314 (we wrote it ourselves)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    _rename_ids(root, name)
    for element in root.iter():
        _plain_attributes(element)
    _describe(root, name, title, description)
    ElementTree.indent(root, space="")
    return ElementTree.tostring(root, encoding="unicode")


def below(axes: Axes, columns: int = 4) -> None:
    """A legend under the axes, if there is anything to tell apart."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.figure.legend(
            handles, labels, loc="outside lower center", ncols=min(columns, len(handles)), fontsize=8.5
        )


def grid_of_axes(figure: Figure, count: int, columns: int, xlabel: str) -> list[Axes]:
    """`count` axes in rows of at most `columns`, with common scales; inner ones without tick labels."""
    columns = min(columns, count)
    rows = -(-count // columns)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel().tolist()
    for spare in axes[count:]:
        spare.remove()
    for lowest in axes[count - columns : count]:  # nothing stands below these that would carry the numbers
        lowest.tick_params(labelbottom=True)
        lowest.set_xlabel(xlabel)
    return axes[:count]


def _rename_ids(root: ElementTree.Element, name: str) -> None:
    """Only ids that something refers to stay, with the picture's name in front."""
    used = {
        reference
        for element in root.iter()
        for value in element.attrib.values()
        for reference in (REFERENCE.findall(value) + ([value[1:]] if value.startswith("#") else []))
    }
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in used:
            element.set("id", f"{name}-{own}")
        for key, value in list(element.attrib.items()):
            if key == LINK:
                element.set("href", f"#{name}-{element.attrib.pop(key)[1:]}")
            else:
                element.set(key, REFERENCE.sub(rf"url(#{name}-\1)", value))


def _plain_attributes(element: ElementTree.Element) -> None:
    """Style attributes become presentation attributes, colours also classes; numbers lose idle digits."""
    classes = []
    for declaration in filter(None, element.attrib.pop("style", "").split(";")):
        key, value = (part.strip() for part in declaration.split(":", 1))
        if key != "font-family":  # the page's own
            element.set(key, value)
    if NO_ROTATION.fullmatch(element.get("transform", "")):
        del element.attrib["transform"]
    for key in ("fill", "stroke"):
        colour = element.get(key)
        if colour not in (None, "none"):
            if colour not in ROLES:
                raise ForeignColour(f"{key} {colour}")
            classes.append(f"{key}-{ROLES[colour]}")
    if classes:
        element.set("class", " ".join(classes))
    for key in ("d", "x", "y", "transform", "points", "width", "height"):
        if key in element.attrib:
            element.set(key, LONG_NUMBER.sub(_short, " ".join(element.attrib[key].split())))


def _short(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _describe(root: ElementTree.Element, name: str, title: str, description: str) -> None:
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib |= {
        "class": "picture",
        "role": "img",
        "aria-label": title,
        "aria-describedby": f"{name}-description",
        "font-family": "sans-serif",
        "stroke-linejoin": "round",
    }
    heading = ElementTree.Element(f"{{{SVG}}}title")
    heading.text = title
    words = ElementTree.Element(f"{{{SVG}}}desc", {"id": f"{name}-description"})
    words.text = description
    root[:0] = [heading, words]


ElementTree.register_namespace("", SVG)
