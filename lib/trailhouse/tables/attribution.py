"""`attribution`: which visits brought the conversions, a row a model, period, touch, currency and
breakdown value."""

from trailhouse.contract import Column, Table
from trailhouse.settings.questions.attribution import MODELS
from trailhouse.tables._questions import ASKED, BREAKDOWN

TABLE = Table(
    name="attribution",
    sentence="Credit of conversions, given to the visits before them by a model.",
    grain=("question", "model", "breakdown_by", "breakdown", "period", "touch", "currency"),
    partition_by=("question",),
    optional=True,
    columns=(
        *ASKED,
        *BREAKDOWN,
        Column("model", "STRING", "The rule that gives credit.", True, values=MODELS),
        Column("period", "DATE", "First day of the period of the conversion.", True),
        Column("touch_by", "STRING", "What the touch is.", True, values=("channel", "source", "campaign")),
        Column("touch", "STRING", "Value of the touch; 'none' where no visit lies in the look-back.", True),
        Column("currency", "STRING", "Currency of the conversions; XXX where none is told.", True),
        Column("conversions", "DECIMAL(18,6)", "Conversions credited.", True, low=0),
        Column("value", "DECIMAL(28,4)", "Value credited; null where no conversion has a value."),
        Column("touches", "BIGINT", "Such visits in the look-backs of the conversions.", True, low=0),
        Column("total_conversions", "BIGINT", "Conversions of the period and currency.", True, low=1),
        Column("total_value", "DECIMAL(28,4)", "Their value; null where none has one."),
    ),
)
