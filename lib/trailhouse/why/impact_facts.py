"""What a case's estimates need, counted from a lake's tables: small frames of whole numbers.

1. **Affected**: a person on a project day, by the case's signal, failed task, event or segment. A customer
   (the case's unit) is affected on a day on which one of its persons is. On days on which no event names the
   account a person counts for the one named before, else for the next.
2. **At risk**: a stay as a customer is cut into periods from its first day. At the begin of each period but
   the first a customer is asked two things: was it affected in the period before, and does it leave within
   so many days? So what is taken for a cause lies before what is taken for its result. A customer is asked
   once a period (persons by periods, as in R. B. D'Agostino et al., 1990, Statistics in Medicine 9).
3. **Alike** are customers of equal tenure (periods), plan, days of activity in the period before, and
   device of the last of these days.
4. What is not known yet is not counted: a period counts when the time for leaving is over.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.questions.asked import rows
from trailhouse.questions.fields import matches
from trailhouse.questions.trials import each_trial
from trailhouse.settings import Trials
from trailhouse.why.impact_affected import affected_days
from trailhouse.why.impact_given import Given, as_facts, over, row
from trailhouse.why.impact_release import around_release
from trailhouse.why.impact_risks import left, risks, stays_of, strata


def facts(given: Given) -> DataFrame:
    """All counts of a case, in one long frame of COLUMNS. What x1 to x4 are depends on `kind`:

    - reach: persons affected, customers affected, first day with any event (days since 1970); a row a month;
    - risk: a, n, b, m of evidence.matched; a row a month and stratum (`key`);
    - left: who left, of these gave a reason, of these named the pain; a row a month;
    - churned_value, customer_value: money of a month, and its customers;
    - link: trials that ended, completed, converted, both; a row a month of their start;
    - pain, gone: hits and customers before and after the release, by group (`key`); x3: its first day.

    `complete` says whether the month, or the window, is over.
    """
    days = given.settle(affected_days(given))
    found = [_reach(given, days)]
    question = given.churn
    if question is not None:
        stays = given.settle(stays_of(given, question))
        asked_at = risks(given, question, stays, days)
        found += [strata(given, asked_at), left(given, question, stays, days)]
    else:
        asked_at = None
    found += _values(given)
    if given.case.link is not None:
        found.append(_link(given))
    if given.case.release is not None:
        found += around_release(given, given.case.release, days, asked_at)
    return reduce(DataFrame.unionByName, found)


def _reach(given: Given, days: DataFrame) -> DataFrame:
    month = F.trunc("day", "month")
    struck = F.col("affected")
    by_month = days.groupBy(month.alias("month")).agg(
        F.count_distinct(F.when(struck, F.col("person_id"))).alias("persons"),
        F.count_distinct(F.when(struck, F.col("unit"))).alias("units"),
        F.min("day").alias("first"),
    )
    return as_facts(
        given,
        "reach",
        by_month,
        month=F.col("month"),
        x1=F.col("persons"),
        x2=F.col("units"),
        x3=F.unix_date("first"),
        complete=over(given, F.col("month")),
    )


def _values(given: Given) -> list[DataFrame]:
    """What those who left paid a month, and what all pay, from `revenue`, of the case's currency alone."""
    case, found = given.case, []
    table = given.inputs.get("revenue")
    if table is None:
        return []
    whole = (F.col("breakdown_by") == "all") & (F.col("currency") == case.currency)
    for kind, of, money, units in (
        ("churned_value", case.churned_value, "churn", "churn_units"),
        ("customer_value", case.of_customer, "mrr", "units"),
    ):
        if of is not None and of.revenue is not None:
            own = table.where(whole & (F.col("question") == of.revenue))
            found.append(
                own.select(
                    *row(
                        given,
                        kind,
                        month=F.col("period"),
                        money=F.col(money),
                        x1=F.col(units),
                        complete=F.col("complete"),
                    )
                )
            )
    return found


def _link(given: Given) -> DataFrame:
    link = given.case.link
    assert link is not None
    question: Trials = next(one for one in given.settings.questions.trials if one.name == link.trials)
    trials = each_trial(question, given.asked).where("ended")
    keep = {"does": matches(link.completed)}
    did = rows(question, given.asked, (link.completed,), keep, link.completed.fields).where("does")
    did = did.select("unit", F.col("t").alias("done"))
    # What is done after the conversion cannot have brought it.
    until = F.coalesce(F.col("t") + F.col("us"), F.col("over"))
    in_time = F.col("done").between(F.col("t"), until)
    each = (
        trials.join(did, on="unit", how="left")
        .groupBy("unit", "t", "cohort")
        .agg(
            F.bool_or(F.coalesce(in_time, F.lit(False))).alias("done"),
            F.bool_or(F.col("us").isNotNull()).alias("converts"),
        )
    )
    counted = each.groupBy("cohort").agg(
        F.count("*").alias("ended"),
        F.count_if("done").alias("completed"),
        F.count_if("converts").alias("converted"),
        F.count_if(F.col("done") & F.col("converts")).alias("both"),
    )
    return as_facts(
        given,
        "link",
        counted,
        month=F.col("cohort"),
        x1=F.col("ended"),
        x2=F.col("completed"),
        x3=F.col("converted"),
        x4=F.col("both"),
        complete=over(given, F.col("cohort")),
    )
