"""Make Grafana's JSON of a board, with Grafana's own builders."""

from typing import Any

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from generate.dashboards.boards import Board, Panel

_HEIGHT = 8
_LAST = common.ReduceDataOptions().calcs(["lastNotNull"])
_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


def render(board: Board) -> str:
    """Return a board as Grafana imports it."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .tags(["c2c-stream"])
        .refresh("30s")
        .time("now-6h", "now")
        .timezone("browser")
        .with_variable(dashboard.DatasourceVariable("datasource").type("prometheus"))
    )
    for title, panels in board.rows:
        made = made.with_row(dashboard.Row(title))
        for panel in panels:
            made = made.with_panel(_panel(panel))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _panel(panel: Panel) -> Any:
    made = _picture(panel).title(panel.title).unit(panel.unit).datasource(_SOURCE)
    made = made.span(panel.width).height(_HEIGHT)
    if panel.about:
        made = made.description(panel.about)
    for number, query in enumerate(panel.queries):
        target = prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + number))
        target = target.legend_format(query.legend).exemplar("_bucket" in query.expr)
        made = made.with_target(target)
    return made


def _picture(panel: Panel) -> Any:
    match panel.kind:
        case "number":
            return stat.Panel().reduce_options(_LAST)
        case "bars":
            return (
                bargauge.Panel().orientation(VizOrientation.HORIZONTAL).min(0).reduce_options(_LAST)
            )
        case kind:
            legend = common.VizLegendOptions().show_legend(True)
            legend = legend.display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
            lines = timeseries.Panel().fill_opacity(10).legend(legend)
            if kind == "stack":
                stacked = common.StackingConfig().mode(StackingMode.NORMAL).group("A")
                lines = lines.stacking(stacked).fill_opacity(40)
            return lines
