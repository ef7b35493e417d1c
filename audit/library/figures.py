"""The page's charts as plotly figures, made when asked for, and written as pictures."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import ConfigError, UnknownNameError
from audit.report.document import ReportDocument

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from audit.report.figures import Json

KINDS = (".pdf", ".png", ".svg")
"""Pictures that kaleido writes and a document can hold without loss."""

PAPER = {"paper_bgcolor": "#ffffff", "plot_bgcolor": "#ffffff"}
"""The page lends its figures its own background; elsewhere they bring one that their ink can be read on."""


class UnknownFigureError(UnknownNameError, KeyError):
    """A figure that this report does not have; a KeyError too, as of every mapping."""

    __str__ = Exception.__str__


class Figures(Mapping[str, "Figure"]):
    """The figures of one report by name."""

    def __init__(self, document: ReportDocument) -> None:
        """Draw nothing yet."""
        self._document = document

    @cached_property
    def _charts(self) -> "dict[str, Json]":
        from audit.report.charts import charts

        return charts(self._document)

    def __getitem__(self, name: str) -> "Figure":
        from plotly.graph_objects import Figure

        from audit.report.figures import templates

        if name not in self._charts:
            raise UnknownFigureError("figure", name, self._charts, f"This report has {', '.join(self) or 'none'}")
        figure = Figure(self._charts[name])
        figure.update_layout({"template": templates()["light"], **PAPER})  # pyright: ignore[reportUnknownMemberType]
        return figure

    def __contains__(self, name: object) -> bool:
        return name in self._charts

    def __iter__(self) -> Iterator[str]:
        return iter(self._charts)

    def __len__(self) -> int:
        return len(self._charts)

    def __repr__(self) -> str:
        return f"<Figures: {', '.join(self) or 'none'}>"


def save_figure(figure: "Figure", path: Path, *, width: int, scale: float) -> Path:
    """The path of the picture, drawn by kaleido in a browser of this machine and written there."""
    if path.suffix.lower() not in KINDS:
        raise ConfigError(f"{path}: {path.suffix or 'no ending'} is none of {', '.join(KINDS)}, which say the kind")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: the folder {path.parent} does not exist; make it, or name another")
    if find_spec("kaleido") is None:
        raise ConfigError(f"{path}: pictures need kaleido; pip install 'traffic-audit[figures]'")
    try:
        figure.write_image(path, width=width, scale=scale)  # pyright: ignore[reportUnknownMemberType]
    except RuntimeError as error:  # kaleido has no class of its own for a browser that is missing or does not start
        raise ConfigError(
            f"{path}: no browser to draw it with; install Chromium or Chrome, or name one as BROWSER_PATH in the "
            "environment"
        ) from error
    return path
