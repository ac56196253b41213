"""Signals of every kind by the default presets, as one query of DuckDB's."""

from __future__ import annotations

IN_DUCKDB = """
WITH seen AS (
    SELECT session_id, view_id, anonymous_id, person_id, page_group, page_path, is_bot, internal, event_id,
        event_name AS name, event_number AS n, app_id, platform, event_date AS day, epoch_us(event_time) AS t,
        element.x AS x, element.y AS y, element.selector AS selector, element.text AS element_text,
        lower(element.tag) AS tag, coalesce(NOT element.interactive, false) AS inert, form.id AS form_id
    FROM activity WHERE session_id IS NOT NULL AND view_id IS NOT NULL
        AND event_name NOT IN ('heartbeat', 'media_progress', 'web_vital')
        AND (event_name <> 'mouse_move' OR (element.x IS NOT NULL AND element.y IS NOT NULL))
),
sent AS (
    SELECT app_id, platform, day, mutations > 0 AS mutations, form_outcomes > 0 AS outcomes FROM capabilities
),
answered AS (
    SELECT *, min(CASE WHEN name NOT IN ('click', 'mouse_move') THEN t END) OVER later AS answer_at,
        min(CASE WHEN name = 'error' THEN t END) OVER later AS error_at
    FROM seen WHERE name <> 'mouse_move'
    WINDOW later AS (PARTITION BY session_id, view_id ORDER BY t DESC
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
clicks AS (SELECT * FROM answered WHERE name = 'click'),
linked AS (
    SELECT *, t - lag(t) OVER w <= 1000000
        AND coalesce(abs(x - lag(x) OVER w) + abs(y - lag(y) OVER w) <= 30, selector = lag(selector) OVER w)
        AS linked
    FROM clicks WINDOW w AS (PARTITION BY session_id, view_id ORDER BY t, n)
),
bursts AS (
    SELECT *, sum(CASE WHEN linked THEN 0 ELSE 1 END) OVER (PARTITION BY session_id, view_id ORDER BY t, n
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS burst FROM linked
),
rage AS (
    SELECT 'rage_click' AS kind, session_id, view_id, arg_min(person_id, n), arg_min(page_group, n),
        arg_min(page_path, n), bool_or(is_bot), bool_or(internal), arg_min(selector, n),
        arg_min(element_text, n), min(t), max(t), count(*), arg_min(event_id, n)
    FROM bursts GROUP BY session_id, view_id, burst HAVING count(*) >= 3
),
unanswered AS (
    SELECT CASE WHEN inert THEN 'inert_click' ELSE 'dead_click' END, session_id, view_id, person_id,
        page_group, page_path, is_bot, internal, selector, element_text, t, t, 1, event_id
    FROM clicks c JOIN sent USING (app_id, platform, day)
    WHERE mutations AND coalesce(answer_at - t > 2750000, true)
        AND coalesce(tag NOT IN ('input', 'textarea', 'select'), true)
        AND NOT EXISTS (
            SELECT 1 FROM page_views v WHERE v.session_id = c.session_id
                AND v.anonymous_id IS NOT DISTINCT FROM c.anonymous_id AND v.view_id <> c.view_id
                AND v.page_view_events > 0 AND epoch_us(v.start_time) BETWEEN c.t AND c.t + 2750000)
),
errors AS (
    SELECT 'error_click', session_id, view_id, person_id, page_group, page_path, is_bot, internal, selector,
        element_text, t, error_at, 1, event_id
    FROM clicks WHERE error_at - t <= 1000000
),
steps AS (
    SELECT *, lead(x) OVER w - x AS dx, lead(y) OVER w - y AS dy, lead(t) OVER w AS turn_at,
        lead(event_id) OVER w AS turn_id
    FROM seen WHERE name = 'mouse_move' WINDOW w AS (PARTITION BY session_id, view_id ORDER BY t, n)
),
ways AS (
    SELECT *, lead(dx) OVER w * dx + lead(dy) OVER w * dy < 0 AS turns,
        lead(turn_at) OVER w AS then_at, lead(turn_id) OVER w AS then_id
    FROM steps WHERE dx <> 0 OR dy <> 0 WINDOW w AS (PARTITION BY session_id, view_id ORDER BY t, n)
),
five AS (
    SELECT *, coalesce(lead(turn_at, 4) OVER w - turn_at <= 2000000, false) AS begins
    FROM ways WHERE turns WINDOW w AS (PARTITION BY session_id, view_id ORDER BY t, n)
),
close_turns AS (
    SELECT *, bool_or(begins) OVER (PARTITION BY session_id, view_id ORDER BY t, n
        ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS close FROM five
),
turn_bursts AS (
    SELECT *, coalesce(sum(CASE WHEN close THEN 0 ELSE 1 END) OVER (PARTITION BY session_id, view_id
        ORDER BY t, n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS burst FROM close_turns
),
thrashed AS (
    SELECT 'thrashed_cursor', session_id, view_id, arg_min(person_id, n), arg_min(page_group, n),
        arg_min(page_path, n), bool_or(is_bot), bool_or(internal), NULL, NULL, min(turn_at), max(turn_at),
        count(*), arg_min(turn_id, n)
    FROM turn_bursts GROUP BY session_id, view_id, burst HAVING count(*) >= 5
),
firsts AS (
    SELECT session_id, view_id, arg_min(event_id, n) AS first_id FROM answered GROUP BY session_id, view_id
),
in_tabs AS (
    SELECT session_id, view_id, anonymous_id, tab_id, view_number AS n, person_id, page_group, page_path,
        is_bot, internal, epoch_us(start_time) AS t, coalesce(page_path, page_title) AS path,
        navigation_type AS way, lag(path) OVER w AS path_before, lead(path) OVER w AS path_after,
        lead(way) OVER w AS left_by, lead(t) OVER w AS left_at
    FROM page_views WINDOW w AS (PARTITION BY session_id, anonymous_id, tab_id ORDER BY t, view_number)
),
u_turns AS (
    SELECT 'u_turn', session_id, view_id, person_id, page_group, page_path, is_bot, internal, NULL, NULL, t,
        left_at, 2, first_id
    FROM in_tabs JOIN firsts USING (session_id, view_id)
    WHERE path_after = path_before AND path <> path_before AND coalesce(left_by = 'back_forward', true)
        AND left_at - t <= 7000000
),
quick_backs AS (
    SELECT 'quick_back', session_id, view_id, person_id, page_group, page_path, is_bot, internal, NULL, NULL,
        t, left_at, 2, first_id
    FROM in_tabs JOIN firsts USING (session_id, view_id)
    WHERE way = 'link' AND left_by = 'back_forward' AND left_at - t <= 5000000
),
reloads AS (
    SELECT *, coalesce(way = 'reload' AND path IS NOT DISTINCT FROM path_before, false) AS fits FROM in_tabs
),
three AS (
    SELECT *, coalesce(fits AND lead(fits) OVER w AND lead(fits, 2) OVER w
        AND lead(t, 2) OVER w - t <= 10000000, false) AS begins
    FROM reloads WINDOW w AS (PARTITION BY session_id, anonymous_id, tab_id ORDER BY t, n)
),
close_reloads AS (
    SELECT *, bool_or(begins) OVER (PARTITION BY session_id, anonymous_id, tab_id ORDER BY t, n
        ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS close FROM three
),
reload_bursts AS (
    SELECT *, coalesce(sum(CASE WHEN close THEN 0 ELSE 1 END) OVER (PARTITION BY session_id, anonymous_id,
        tab_id ORDER BY t, n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS burst FROM close_reloads
),
refreshes AS (
    SELECT 'rapid_refresh', session_id, arg_min(view_id, n), arg_min(person_id, n), arg_min(page_group, n),
        arg_min(page_path, n), bool_or(is_bot), bool_or(internal), NULL, NULL, min(t), max(t), count(*),
        arg_min(first_id, n)
    FROM reload_bursts LEFT JOIN firsts USING (session_id, view_id)
    GROUP BY session_id, anonymous_id, tab_id, burst HAVING count(*) >= 3 AND arg_min(first_id, n) IS NOT NULL
),
begun AS (
    SELECT session_id, view_id, min(t) AS t, arg_min(event_id, n) AS event_id, arg_min(form_id, n) AS form_id,
        arg_min(app_id, n) AS app_id, arg_min(platform, n) AS platform, arg_min(day, n) AS day
    FROM seen WHERE name IN ('form_start', 'form_change', 'form_abandon', 'form_submit')
    GROUP BY session_id, view_id
),
unsent AS (
    SELECT 'form_abandonment', session_id, view_id, person_id, page_group, page_path, is_bot, internal,
        form_id, NULL, t, epoch_us(end_time), 1, event_id
    FROM page_views JOIN begun USING (session_id, view_id) LEFT JOIN sent USING (app_id, platform, day)
    WHERE form_outcome = 'abandoned' OR (form_outcome = 'started' AND outcomes)
),
usual AS (
    SELECT *, direction_changes AS turns, count_if(NOT is_bot AND NOT internal) OVER w AS views,
        CAST(sum(turns) FILTER (NOT is_bot AND NOT internal) OVER w AS HUGEINT) AS total,
        CAST(sum(turns * turns) FILTER (NOT is_bot AND NOT internal) OVER w AS HUGEINT) AS squares
    FROM page_views WHERE page_group IS NOT NULL AND max_scroll_pct IS NOT NULL
    WINDOW w AS (PARTITION BY page_group, date_trunc('week', start_time))
),
scrolled AS (
    SELECT 'excessive_scrolling', session_id, view_id, person_id, page_group, page_path, is_bot, internal,
        NULL, NULL, epoch_us(start_time), epoch_us(end_time), turns, NULL
    FROM usual WHERE views >= 30 AND views * turns > total
        AND (views * turns - total) * (views * turns - total) > 9 * (views * squares - total * total)
),
found (kind, session_id, view_id, person_id, page_group, page_path, is_bot, internal, selector, element_text,
    start_us, end_us, size, first_event_id) AS (
    SELECT * FROM rage UNION ALL SELECT * FROM unanswered UNION ALL SELECT * FROM errors
    UNION ALL SELECT * FROM thrashed UNION ALL SELECT * FROM u_turns UNION ALL SELECT * FROM quick_backs
    UNION ALL SELECT * FROM refreshes UNION ALL SELECT * FROM unsent UNION ALL SELECT * FROM scrolled
)
SELECT * EXCLUDE (start_us, end_us), make_timestamp(start_us) AS start_time,
    make_timestamp(end_us) AS end_time FROM found
"""
"""Over views of activity, page_views and capabilities. Of the rules it leaves out what the made-up data has
nothing of: text that is selected, links off the site, elements made for quick clicking, devices unknown.
"""

COMPARED = (
    "kind, session_id, view_id, person_id, page_group, page_path, is_bot, internal, selector, element_text, "
    "epoch_us(start_time), epoch_us(end_time), size, first_event_id"
)
"""What both sides must tell alike of each signal."""
