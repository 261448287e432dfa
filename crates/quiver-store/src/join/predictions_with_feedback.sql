-- Every prediction made in [{from}, {to}) with the label known of it before {feedback_until}, or without one.
--
-- A label names its prediction, or a decision that several predictions share. The latest known_at wins; labels known
-- at the same moment are told apart by id, value and class, never by their order of arrival, so that the same events
-- give the same rows. event_date is compared with a day to spare on either side: it only spares reading files.
WITH wanted AS (
    -- By name: a table may have thousands of columns.
    SELECT{additional_columns}
        "id", "at", "version", "arm", "decision_id", "score", "value", "class", "action", "model_action", "decided_by",
        "latency_ms", "error", "slices"
    FROM predictions
    WHERE "at" >= {from} AND "at" < {to}
      AND "event_date" >= {first_date} AND "event_date" <= {last_date}
),
label AS (
    SELECT "prediction_id", "decision_id", "id", "at", coalesce("known_at", "at") AS "known_at", "value", "class"
    FROM feedback
    WHERE "name" = {label}
      AND coalesce("known_at", "at") < {feedback_until}
      AND "event_date" >= {first_date} AND "event_date" <= {last_feedback_date}
),
of_prediction AS (
    SELECT * FROM (
        SELECT *, row_number() OVER (
            PARTITION BY "prediction_id"
            ORDER BY "known_at" DESC, "id" DESC, "value" DESC NULLS LAST, "class" DESC NULLS LAST
        ) AS "place"
        FROM label WHERE "prediction_id" IS NOT NULL
    ) ranked WHERE "place" = 1
),
of_decision AS (
    SELECT * FROM (
        SELECT *, row_number() OVER (
            PARTITION BY "decision_id"
            ORDER BY "known_at" DESC, "id" DESC, "value" DESC NULLS LAST, "class" DESC NULLS LAST
        ) AS "place"
        FROM label WHERE "prediction_id" IS NULL AND "decision_id" IS NOT NULL
    ) ranked WHERE "place" = 1
),
matched AS (
    SELECT
        p.*,
        l."id" AS "l_id", l."at" AS "l_at", l."known_at" AS "l_known_at", l."value" AS "l_value", l."class" AS "l_class",
        d."id" AS "d_id", d."at" AS "d_at", d."known_at" AS "d_known_at", d."value" AS "d_value", d."class" AS "d_class",
        d."id" IS NULL OR (l."id" IS NOT NULL AND (
            l."known_at" > d."known_at" OR (l."known_at" = d."known_at" AND l."id" >= d."id")
        )) AS "by_prediction"
    FROM wanted p
    LEFT JOIN of_prediction l ON p."id" = l."prediction_id"
    LEFT JOIN of_decision d ON p."decision_id" = d."decision_id"
)
SELECT
    "id", "at", "version", "arm", "decision_id", "score", "value", "class", "action", "model_action", "decided_by",
    "latency_ms", "error", "slices",{additional_columns}
    CASE WHEN "by_prediction" THEN "l_id" ELSE "d_id" END AS "label_id",
    CASE WHEN "by_prediction" THEN "l_at" ELSE "d_at" END AS "label_at",
    CASE WHEN "by_prediction" THEN "l_known_at" ELSE "d_known_at" END AS "label_known_at",
    CASE WHEN "by_prediction" THEN "l_value" ELSE "d_value" END AS "label_value",
    CASE WHEN "by_prediction" THEN "l_class" ELSE "d_class" END AS "label_class"
FROM matched
