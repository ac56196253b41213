"""Whose a shared identifier was, and when: `device_owners`.

1. A log-in is an account that takes over a shared identifier (`logins` of `identity_links`).
2. What belongs to the account's person belongs to that person until another person's log-in.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.identity.logins import is_login, sides
from trailhouse.identity.priority import rank_of
from trailhouse.identity.settle import settled_few
from trailhouse.settings import Settings
from trailhouse.tables import device_owners

_DEVICE = ("id_type", "id_value")


def owners(links: DataFrame, identities: DataFrame, settings: Settings, scratch: str) -> DataFrame:
    """`device_owners` of the shared identifiers among `identities`, from all of their `identity_links`.

    `scratch` is a folder URL to write to.
    """
    # Written down, so that Spark knows how few they are and looks at no log-in, nor person, of others.
    shared = settled_few(identities.where("status = 'shared'").select(*_DEVICE), scratch, "shared")
    person = identities.where("status = 'own'").select(
        F.col("id_type").alias("account_type"), F.col("id_value").alias("account_value"), "person_id"
    )
    # 1. Devices first: most log-ins are those of devices that are not shared.
    paired = sides(links.where(is_login(settings)), settings).withColumnsRenamed(
        {"device_type": "id_type", "device_value": "id_value"}
    )
    theirs = paired.join(shared, on=list(_DEVICE), how="left_semi").select(
        *_DEVICE, "account_type", "account_value", F.explode("logins").alias("from_time")
    )
    logins = settled_few(theirs, scratch, "logins").join(
        person, on=["account_type", "account_value"], how="inner"
    )
    # 2.
    by_time = Window.partitionBy(*_DEVICE).orderBy(
        "from_time", rank_of(F.col("account_type")), "account_value"
    )
    changed = logins.withColumn("_before", F.lag("person_id").over(by_time)).where(
        ~F.col("person_id").eqNullSafe(F.col("_before"))
    )
    taken = changed.withColumn("to_time", F.lead("from_time").over(by_time))
    return device_owners.TABLE.select(taken.drop("_before"))
