"""Elements of pages by what was clicked: selector, text, exact link; and the page as a whole."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.questions.map_views import PAGE, VIEW

TEXT_LENGTH = 200
_OF_VIEW = (*VIEW, *PAGE, "person_id", "left", "converted")
_COUNTS = ("clicks", "inert_clicks", "unplaced_clicks", "moves", "unplaced_moves")


def clicked_elements(points: DataFrame, views: DataFrame) -> DataFrame:
    """Rows of `elements` from those of `pointer` and of `views_of_people`.

    A click counts for its selector, for its text and for its link, where it has them, and for the page; a
    page without a click has its row, too.
    """
    is_click = F.col("kind") != "move"
    names = [
        _name("page", F.col("page_group")),
        *[
            _name(by, F.when(is_click & (value != ""), value))
            for by, value in (
                ("selector", F.col("selector")),
                ("text", F.substring(F.trim("text"), 1, TEXT_LENGTH)),
                ("link", F.col("link")),
            )
        ],
    ]
    by_view = (
        # Without a name is left out only now: filtering an array is not compiled.
        points.select("*", F.inline(F.array(*names)))
        .where(F.col("element").isNotNull())
        .groupBy(*_OF_VIEW, "named_by", "element")
        .agg(
            F.count_if(is_click).alias("clicks"),
            F.count_if(F.col("kind") == "click_inert").alias("inert_clicks"),
            F.count_if(is_click & ~F.col("placed")).alias("unplaced_clicks"),
            F.count_if(~is_click).alias("moves"),
            F.count_if(~is_click & ~F.col("placed")).alias("unplaced_moves"),
            F.min("click_number").alias("place"),
        )
        .select(*_OF_VIEW, "named_by", "element", *_COUNTS, "place", F.lit(0).alias("seen"))
    )
    none = F.lit(0).cast("BIGINT")
    every = views.select(
        *_OF_VIEW,
        F.lit("page").alias("named_by"),
        F.col("page_group").alias("element"),
        *[none.alias(name) for name in _COUNTS],
        F.lit(None).cast("BIGINT").alias("place"),
        F.lit(1).alias("seen"),
    )
    clicked = F.col("place").isNotNull()
    of_page = F.col("named_by") == "page"

    def page_alone(total: Column) -> Column:
        return F.when(of_page, total)

    return (
        by_view.unionByName(every)
        .groupBy(*PAGE, "named_by", "element")
        .agg(
            page_alone(F.sum("seen")).alias("page_views"),
            *[F.sum(name).alias(name) for name in _COUNTS[:3]],
            F.count_if(clicked).alias("views"),
            F.count_distinct(F.when(clicked, F.col("person_id"))).alias("persons"),
            F.count_if(F.col("place") == 1).alias("first_clicks"),
            F.coalesce(F.sum("place"), F.lit(0)).alias("order_sum"),
            F.count_if(clicked & F.col("left")).alias("views_left"),
            F.count_if(clicked & F.col("converted")).alias("views_converted"),
            *[page_alone(F.sum(name)).alias(name) for name in _COUNTS[3:]],
        )
    )


def _name(by: str, element: Column) -> Column:
    return F.struct(F.lit(by).alias("named_by"), element.alias("element"))
