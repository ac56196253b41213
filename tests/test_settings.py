"""Settings: where they come from, which one wins, and what is said of a wrong one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from trailhouse.errors import SettingsError
from trailhouse.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _no_variables_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.upper().startswith("TRAILHOUSE__"):
            monkeypatch.delenv(name)


def told(path: Path | None = None, *overrides: str) -> str:
    """What is said of settings that are wrong."""
    with pytest.raises(SettingsError) as caught:
        load_settings(path, overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def written(folder: Path, text: str, name: str = "local.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "override, sentence",
    [
        ("sessions.timeot=15m", "unknown setting sessions.timeot, did you mean sessions.timeout?"),
        ("session.timeout=15m", "unknown setting session, did you mean sessions?"),
        ("zzz=1", "unknown setting zzz; there are arrivals, catalog, conversions, elements,"),
        (
            "identity.types.email.limt=3",
            "unknown setting identity.types.email.limt, did you mean identity.types.email.limit?",
        ),
        (
            "conversions=[{event: order, vale: true}]",
            "unknown setting conversions.0.vale, did you mean conversions.0.value?",
        ),
        ("conversions=[{value: true}]", "conversions.0.event is missing"),
        ("raw.files_per_batch=many", "raw.files_per_batch = 'many': Input should be a valid integer"),
        ("raw.files_per_batch=0", "raw.files_per_batch = 0: Input should be greater than or equal to 1"),
        ("raw.format=csv", "raw.format = 'csv': Input should be 'auto', 'segment',"),
        ("sessions.timeout=soon", "sessions.timeout = 'soon' is no length of time, such as 30m, 24h or 7d"),
        ("sessions.timeout=-5", "sessions.timeout = -5: a length of time can not be negative"),
        ("project.timezone=Mars/North", "'Mars/North' is no time zone of the IANA database"),
        ("project.timezone=../secrets", "'../secrets' is no time zone of the IANA database"),
        ("sessions=15m", "sessions = '15m': this is a section with keys bounce, boundary,"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_found(override: str, sentence: str) -> None:
    assert sentence in told(None, override)


def test_all_wrong_settings_are_told_at_once() -> None:
    text = told(None, "raw.format=csv", "sessions.timeot=15m")
    assert "raw.format" in text
    assert "sessions.timeot" in text


@pytest.mark.parametrize("pair", ["sessions.timeout", "=15m", "sessions.=15m", ".timeout=15m", ""])
def test_an_override_of_another_form_is_refused(pair: str) -> None:
    assert told(None, pair) == f"--set {pair!r} is not of the form key=value, such as sessions.timeout=15m"


def test_an_override_that_is_no_yaml_is_refused() -> None:
    assert told(None, "lake.root=[1").startswith("--set lake.root: the value '[1' is not YAML: ")


def test_a_section_can_not_be_a_single_value_and_have_keys() -> None:
    text = told(None, "sessions=3", "sessions.timeout=3m")
    assert text == "--set sessions.timeout: sessions was set to a single value before"


@pytest.mark.parametrize(
    "override",
    [
        "spark.conf.spark.hadoop.fs.s3a.access.key=hunter2",
        "spark.conf.spark.hadoop.fs.s3a.bucket.one.secret.key=hunter2",
        "spark.conf={spark.hadoop.fs.s3a.session.token: hunter2}",
        "spark.conf.spark.driver.extraJavaOptions=-Daws.secretAccessKey=hunter2",
        "spark.conf.spark.hadoop.fs.azure.account.key.one=hunter2",
        "raw.path=s3a://someone:hunter2@bucket/raw",
        "lake.root=s3a://hunter2@bucket/lake",
    ],
)
def test_a_credential_in_the_settings_is_refused_and_not_shown(override: str) -> None:
    text = told(None, override)
    assert "holds a credential, and settings hold none: give it by the environment (AWS_ACCESS_KEY_ID" in text
    assert "hunter2" not in text


def test_a_credential_in_a_file_or_variable_is_refused_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = '{"spark.hadoop.fs.s3a.secret.key": "hunter2"}'
    in_file = told(written(tmp_path, f"spark: {{conf: {secret}}}\n"))
    monkeypatch.setenv("TRAILHOUSE__SPARK__CONF", secret)
    for text in (in_file, told()):
        assert "spark.hadoop.fs.s3a.secret.key holds a credential" in text
        assert "hunter2" not in text


def test_settings_of_spark_are_set_by_their_dotted_names_and_are_texts(tmp_path: Path) -> None:
    file = written(tmp_path, "spark: {conf: {spark.one: true, spark.two: 2, spark.three: kept}}\n")
    conf = load_settings(file, ["spark.conf.spark.hadoop.fs.s3a.endpoint=http://127.0.0.1:9"]).spark.conf
    assert conf == {
        "spark.one": "true",
        "spark.two": "2",
        "spark.three": "kept",
        "spark.hadoop.fs.s3a.endpoint": "http://127.0.0.1:9",
    }


def test_a_bucket_is_a_place_with_a_path_and_s3_is_called_s3a() -> None:
    assert load_settings(None, ["raw.path=s3a://bucket"]).raw.path == "s3a://bucket/"
    assert load_settings(None, ["raw.path=data/raw"]).raw.path == "data/raw"
    assert "Hadoop reads S3 as s3a: write s3a://bucket/" in told(None, "lake.root=s3://bucket/lake")


def test_questions_have_names_of_their_own() -> None:
    steps = "steps: [{event: a}, {event: b}]"
    funnels = f"questions.funnels=[{{name: buy, {steps}}}, {{name: buy, {steps}}}]"
    assert "question names must be unique, found twice: buy" in told(None, funnels)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.yaml"
    assert told(missing).startswith(f"settings file {missing} does not exist")


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    file = written(tmp_path, "lake:\n  root: here\n raw: [\n")
    assert told(file).startswith(f"settings file {file}, line 3: ")


def test_a_broken_base_file_is_named_and_not_the_one_beside_it(tmp_path: Path) -> None:
    base = written(tmp_path, "lake: {root: [}\n", "base.yaml")
    assert told(written(tmp_path, "lake: {root: here}\n")).startswith(f"settings file {base}, line 1: ")


def test_a_file_without_keys_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "- a\n- b\n")
    assert told(file) == f"settings file {file} holds a list, not keys with values"


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, "# nothing\n")) == load_settings()


def test_a_wrong_setting_of_a_file_is_told_with_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "sessions: {timeot: 15m}\n")
    text = told(file)
    assert str(file) in text
    assert "did you mean sessions.timeout?" in text


def test_the_later_source_wins_one_setting_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each source sets its own setting and all that the sources before it set.
    written(
        tmp_path, "sessions: {heartbeat_seconds: 1, min_visit_seconds: 1, gap_cap_seconds: 1}\n", "base.yaml"
    )
    file = written(tmp_path, "sessions: {min_visit_seconds: 2, gap_cap_seconds: 2, timeout: 2m}\n")
    monkeypatch.setenv("TRAILHOUSE__SESSIONS__GAP_CAP_SECONDS", "3")
    monkeypatch.setenv("TRAILHOUSE__SESSIONS__TIMEOUT", "3m")
    sessions = load_settings(file, ["sessions.timeout=4m"]).sessions
    assert sessions.heartbeat_seconds == 1
    assert sessions.min_visit_seconds == 2
    assert sessions.gap_cap_seconds == 3
    assert sessions.timeout == timedelta(minutes=4)
    assert sessions.max_length == timedelta(hours=24)


def test_a_variable_of_no_section_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAILHOUSE__SESSION__TIMEOUT", "15m")
    assert told() == (
        "environment variable TRAILHOUSE__SESSION__TIMEOUT: unknown setting session, did you mean sessions?"
    )


def test_a_variable_that_is_no_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAILHOUSE__EVENTS__INTERNAL_IDS", "[a")
    assert "write lists and mappings as JSON" in told()


def test_other_variables_are_none_of_our_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAILHOUSE_PYTHON", "python3.12")
    monkeypatch.setenv("SESSIONS__TIMEOUT", "1m")
    assert load_settings().sessions.timeout == timedelta(minutes=30)


@pytest.mark.parametrize(
    "text, length",
    [
        ("250ms", timedelta(milliseconds=250)),
        ("7s", timedelta(seconds=7)),
        ("1.5h", timedelta(minutes=90)),
        ("15 min", timedelta(minutes=15)),
        ("2w", timedelta(days=14)),
        ("90", timedelta(seconds=90)),
    ],
)
def test_lengths_of_time_are_written_with_their_unit(text: str, length: timedelta) -> None:
    assert load_settings(None, [f"sessions.timeout={text}"]).sessions.timeout == length


def test_a_preset_sets_what_the_user_did_not(tmp_path: Path) -> None:
    file = written(tmp_path, "sessions: {max_length: 1h}\n")
    sessions = load_settings(file, ["sessions.preset=snowplow"]).sessions
    assert (sessions.scope, sessions.boundary, sessions.engaged_rule) == ("device", "client", "heartbeats")
    assert sessions.max_length == timedelta(hours=1)


@pytest.mark.parametrize("preset, bounce", [("single_view", "single_view"), ("ga4", "not_engaged")])
def test_a_preset_changes_its_own_settings_alone(preset: str, bounce: str) -> None:
    sessions = load_settings(None, [f"sessions.preset={preset}"]).sessions
    assert sessions.bounce == bounce
    assert sessions.scope == "person"


def test_a_new_user_cuts_a_session_where_a_device_is_followed_unless_told_otherwise() -> None:
    assert not load_settings().sessions.cuts_on_user
    assert load_settings(None, ["sessions.scope=device"]).sessions.cuts_on_user
    told_not_to = ["sessions.scope=device", "sessions.cut_on_user=false"]
    assert not load_settings(None, told_not_to).sessions.cuts_on_user


def test_a_rule_for_one_identifier_type_leaves_the_others_as_they_are() -> None:
    # A lost `user_id: unique` would let two accounts become one person without a word.
    identity = load_settings(None, ["identity.types.email.limit=3", "identity.types.phone.limit=2"]).identity
    assert identity.of("user_id").unique
    assert (identity.of("email").limit, identity.of("email").lower) == (3, True)
    assert identity.of("phone").limit == 2
    assert identity.of("undeclared").limit == 5


def test_a_digest_changes_with_its_own_sections_alone() -> None:
    before, after = load_settings(), load_settings(None, ["sessions.timeout=15m"])
    assert before.digest(["sessions", "project"]) != after.digest(["sessions", "project"])
    assert before.digest(["project", "signals"]) == after.digest(["signals", "project"])
    assert before.digest(["sessions"]) == load_settings(None, ["sessions.timeout=30m"]).digest(["sessions"])


def test_a_digest_of_one_setting_does_not_see_the_others_of_its_section() -> None:
    plain, hubs = Settings(), Settings(identity={"hub_any": 7})
    assert plain.digest(["identity.types"]) == hubs.digest(["identity.types"])
    assert plain.digest(["identity.hub_any"]) != hubs.digest(["identity.hub_any"])
    with pytest.raises(ValueError, match=r"no section of the settings: identity\.hubs"):
        plain.digest(["identity.hubs"])


def test_a_digest_of_no_section_is_refused_as_it_would_never_change() -> None:
    with pytest.raises(ValueError, match="no section of the settings: sesions"):
        load_settings().digest(["sesions"])


@pytest.mark.parametrize("part, name", [("sessions", "timeout"), ("identity", "engine"), ("lake", "root")])
def test_settings_are_frozen(part: str, name: str) -> None:
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        setattr(getattr(settings, part), name, "other")
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, part, None)


def test_loaded_settings_are_plain_settings(tmp_path: Path) -> None:
    # Else they would read their files again when they are copied or unpickled elsewhere.
    assert type(load_settings(written(tmp_path, "lake: {root: here}\n"))) is Settings


@pytest.mark.parametrize(
    "override, path",
    [
        ("lake.root=s3a://bucket/lake/", "s3a://bucket/lake/report/index.html"),
        ("report.path=out.html", "out.html"),
    ],
)
def test_the_report_goes_below_the_lake_unless_told_otherwise(override: str, path: str) -> None:
    assert load_settings(None, [override]).report_path == path


@pytest.mark.parametrize("name", ["local.yaml", "cluster.yaml"])
def test_the_settings_files_that_are_shipped_can_be_loaded(name: str) -> None:
    file = Path(__file__).resolve().parent.parent / "conf" / name
    assert file.is_file()
    load_settings(file)


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("mixpanel", {"timeout": timedelta(minutes=30), "cut_at_midnight": True, "scope": "person"}),
        ("amplitude_mobile", {"timeout": timedelta(minutes=5), "scope": "device", "cuts_on_user": False}),
        ("posthog", {"boundary": "client", "scope": "device", "engaged_rule": "auto"}),
    ],
)
def test_presets_count_sessions_as_other_tools_do(preset: str, expected: dict[str, object]) -> None:
    sessions = load_settings(None, [f"sessions.preset={preset}"]).sessions
    assert {name: getattr(sessions, name) for name in expected} == expected
