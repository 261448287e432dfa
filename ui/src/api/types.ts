// The answers of Quiver's read API, as the pages use them.
// The read API of Quiver, as the UI uses it. Field names are exact. All GET, all JSON, all under /v1.
// Errors are RFC 9457 problems: {type,title,status,detail,errors?[]} with content type application/problem+json.
// Every answer has an ETag; send If-None-Match and get 304 (browser cache does it: Cache-Control: private, no-cache).
// Query parameters shared by the model routes (all optional):
//   from, to : RFC 3339 instants ("2013-02-01T05:00:00Z") or dates ("2013-02-01", midnight in the model's zone). Half open.
//   by       : "window" (the spec's own window), "day", "week", "month". Default: the server picks (<= ~120 periods) and says so in scope.by.
//   arm      : default the live arm ("control").
// Values: shares are 0..1, latencies ms, delays seconds, times RFC 3339 UTC.

export type Verdict = "broken"|"drifted"|"healthy"|"insufficient_sample"|"labels_pending"|"not_observed"|"unjudged"|"no_data";
export type Arrow = "features"|"inference"|"decision"|"feedback";
export type By = "window"|"day"|"week"|"month";
export type Monitor = "type"|"range"|"category"|"shape"|"missing"|"defaulted"|"stale"|"drift"|"personal_data"
  |"latency"|"errors"|"invalid_input"|"refused"|"clock_skew"|"score_drift"|"decision_rate"|"fallback"|"override"
  |"label_delay"|"label_share"|"orphan_feedback"|"quality";
export interface Window { start: string; end: string }
export interface Period { start: string; end: string; label: string }       // label in the model's zone: "2013-07", "2013-07-01"
export interface Scope { model: string; arm: string; from: string; to: string; by: By; timezone: string;
  as_of_offset: number;                 // the journal offset below which every event is counted
  latest_event_at: string|null;         // the watermark: latest event time seen
  known: Window|null }                  // first to last period that holds anything at all (to reset the range to)
export type Limit = {at_least:number}|{at_most:number}|{within:[number,number]};
export interface Slice { name: string; value: string }
export interface Finding { arm: string; window: Window; arrow: Arrow; monitor: Monitor; subject: string; slice: Slice|null;
  value: number|null; interval: [number,number]|null; noise_floor: number|null; limit: Limit|null; reference_value: number|null;
  rows: number; reference_rows: number; convention: string; verdict: Verdict; evidence: string }
export interface Series { arm: string; arrow: Arrow; monitor: Monitor; subject: string; slice: Slice|null; convention: string;
  limit: Limit|null; values: (number|null)[]; low: (number|null)[]; high: (number|null)[]; noise_floor: (number|null)[];
  reference_value: number|null; rows: number[]; reference_rows: number; verdicts: Verdict[] }
export type BinLabel = {under:number}|{value:number}|{range:{above:number|null;up_to:number|null}}|{over:number}|"null"|{category:string}|"unseen"|"true"|"false";

// GET /v1/session
export interface Session { requires_key: boolean; scopes: string[]; refused: string|null /* why the key that was sent allows nothing */; version: string; clock: "wall"|"replay"; now: string }  // scopes of the key sent; anybody may ask (no key: scopes [])

// GET /v1/overview?from&to&by
export interface Overview { models: OverviewModel[] }
export interface OverviewModel { model: string; task: string; owner: string|null; timezone: string; purpose: string|null; by: By;
  known: Window|null; latest_event_at: string|null; periods: Period[];
  arms: string[]; versions: string[];
  rows: number[];                       // predictions of the live arm per period
  arrows: OverviewArrow[];              // 4, in order
  cost_per_1k: number|null; currency: string|null;   // of the range, priced by the spec
  first_broken: { arrow: Arrow; since: Period; evidence: string }|null;   // the arrow that broke first in the range, still broken at the end
  attention: number }                   // the list is sorted by this, descending
export interface OverviewArrow { arrow: Arrow; verdict: Verdict /* of the latest period that says anything */; verdicts: Verdict[];
  broken_since: Period|null; lead: { monitor: Monitor; subject: string; values: (number|null)[]; limit: Limit|null }|null }  // the series that tells most

// GET /v1/models/{model}/windows
export interface Windows { scope: Scope; periods: Period[]; arms: ArmWindows[]; markers: Marker[]; reference: Window|null }
export interface ArmWindows { arm: string; is_live: boolean; versions: string[]; rows: number[]; labelled: number[];
  arrows: { arrow: Arrow; verdict: Verdict; verdicts: Verdict[] }[] }
export interface Marker { at: string; kind: "change"|"version"; what: string; reference: string|null; arm: string|null }

// GET /v1/models/{model}/diagnosis  (all arms)
export interface Diagnoses { scope: Scope; arms: ArmDiagnosis[] }
export interface ArmDiagnosis { arm: string; is_live: boolean; onsets: Onset[]; causes: Cause[]; mean_output: [number,number]|null;
  infrastructure: Finding[]; harmless_drift: string[]; still_green: string[] /* quality metrics that held in every period */;
  decisions_touched: number|null /* predictions in the broken periods from the first onset on */ }
export interface Onset { arrow: Arrow; since: Period; broken_windows: number; judged_windows: number; findings: Finding[] }
export interface Cause { arrow: Arrow; subject: string; share: number|null; distance: number|null; convention: string|null; since: Window; unseen_share: number }

// GET /v1/models/{model}/findings?…&arrow&monitor&subject&verdict=broken,drifted&slice_name&slice_value&limit(100,≤1000)&offset     newest first
export interface Findings { scope: Scope; total: number; findings: Finding[] }
// GET /v1/models/{model}/series?…&arrow&monitor&subject&slices=true     (at most 500 series; slices only when asked)
export interface SeriesAnswer { scope: Scope; periods: Period[]; series: Series[]; truncated: boolean }

// GET /v1/models/{model}/features?…&search&verdict&sort=attention|name|drift|harm|missing|stale|defaulted|invalid&order=asc|desc&limit(100,≤500)&offset
export interface Features { scope: Scope; total: number; periods: Period[]; features: FeatureRow[] }
export interface FeatureRow { feature: string; type: "number"|"category"|"boolean"|"text"|"timestamp"|"embedding"; unit: string|null; privacy: string;
  source: string|null; is_required: boolean; verdict: Verdict; verdicts: Verdict[]; broken_since: Period|null;
  drift: number|null /* of the latest period */; drift_peak: number|null; drift_limit: number|null; drift_convention: string|null; drifts: (number|null)[];
  harm: number|null /* share of the mean output's move that goes with it, where the model broke */;
  missing_share: number|null; defaulted_share: number|null; stale_share: number|null; invalid_share: number|null;   // of the range
  rows: number }
// GET /v1/models/{model}/features/{feature}?…
export interface FeatureDetail { scope: Scope; feature: { name: string; type: FeatureRow["type"]; unit: string|null; privacy: string; source: string|null;
    is_required: boolean; range: [number,number]|null; values: string[]|null; max_age_seconds: number|null };
  verdict: Verdict; periods: Period[]; bins: BinLabel[]; reference: ColumnFigures|null; current: ColumnFigures /* of the whole range; deviation, quantiles and distinct only where that is one period */;
  windows: (ColumnFigures|null)[]; series: Series[] }
export interface ColumnFigures { rows: number; missing: number; defaulted: number; stale: number; invalid: Record<string,number>;
  bins: number[]; mean: number|null; standard_deviation: number|null; quantiles: {p05:number;p25:number;p50:number;p75:number;p95:number}|null; distinct: number|null }
// GET /v1/models/{model}/features/{feature}/slices?…
export interface FeatureSlices { scope: Scope; slices: { name: string; values: { value: string; rows: number; missing_share: number|null; mean: number|null }[] }[] }
// GET /v1/models/{model}/slices?…    quality and rows by slice, over the range
export interface Slices { scope: Scope; slices: { name: string; values: { value: string; rows: number; labelled: number;
   verdict: Verdict; metrics: { subject: string; value: number|null; interval: [number,number]|null; rows: number; limit: Limit|null }[] }[] }[] }

// GET /v1/models/{model}/inference?…&group=version|arm|request_type    (series p50/p95/p99 latency, error_rate, invalid_input come from /series?arrow=inference)
export interface Inference { scope: Scope; periods: Period[]; group: string;
  groups: { group: string /* "" where the events do not tell */; rows: number; failed: number; timed: number /* of these, with a latency */; convention: string|null; p50_ms: number|null; p95_ms: number|null; p99_ms: number|null }[];
  invalid: { feature: string; reason: string; rows: number }[];
  calls: { service: string; calls_per_request: number; ms_per_call: number|null }[];
  cost: { cpu_ms: number|null; gpu_ms: number|null; memory_mb: number|null; bytes: number|null; tokens_in: number|null; tokens_out: number|null;   // means per request
          per_1k: number|null; currency: string|null; at_most_per_1k: number|null; parts: { name: string; per_1k: number }[]; unpriced: string[] /* prices of the spec that are in no part */ };
  observed: { latency: boolean; errors: boolean; cost: boolean; calls: boolean };
  targets: { p50_latency_ms: number|null; p95_latency_ms: number|null; p99_latency_ms: number|null; error_rate: number|null; availability: number|null } }

// GET /v1/models/{model}/decision?…
export interface Decision { scope: Scope; periods: Period[]; threshold: number|null; actions: { action: string; rows: number }[];
  deciders: { by: string; rows: number }[]; rules: { rule: string; rows: number; overridden: number }[];
  score: { bins: BinLabel[]; reference: number[]|null; windows: number[][]; mean: (number|null)[]; reference_mean: number|null; quantiles: (ColumnFigures["quantiles"])[] };
  thresholds: ThresholdPoint[] }        // labelled predictions of the range, at up to 101 thresholds; empty unless binary with labels
export interface ThresholdPoint { threshold: number; decided_share: number; precision: number|null; recall: number|null; f1: number|null;
  true_positives: number; false_positives: number; true_negatives: number; false_negatives: number }

// GET /v1/models/{model}/performance?…
export interface Performance { scope: Scope; periods: Period[]; task: string; predictions: number[]; labelled: number[];
  calibration: { from: number; to: number; rows: number; positives: number; mean_score: number|null; positive_share: number|null; interval: [number,number]|null }[];
  confusion: { threshold: number; true_positives: number; false_positives: number; true_negatives: number; false_negatives: number }[];
  roc: { false_positive_rate: number; true_positive_rate: number }[]; roc_auc: number|null;
  deciles: ErrorGroup[];                // by prediction: tenths of the labelled ones, or the reference's bins of a regression
  delay: { rows: number; quantiles: { share: number; seconds: number }[]; bars: { from_seconds: number; to_seconds: number; rows: number }[];
    expected_p50_seconds: number|null; expected_p95_seconds: number|null };
  metrics: Series[]; feedback: { label: string; source: string|null; horizon_seconds: number }|null }
export interface ErrorGroup { decile: number; from: number|null; to: number|null; bin: BinLabel|null; rows: number;
  mean_prediction: number|null; mean_label: number|null; error: number|null /* prediction minus label */; absolute_error: number|null }

// GET /v1/models/{model}/compare?left_arm&left_version&left_from&left_to&right_arm&right_version&right_from&right_to
export interface Comparison { model: string; timezone: string; left: Side; right: Side;
  columns: { arrow: Arrow; subject: string; unit: string|null; distance: number|null; convention: string|null; bins: BinLabel[] /* empty where the sides stand on different ones */; left: ColumnFigures; right: ColumnFigures }[];
  metrics: { metric: string; left: number|null; right: number|null; left_interval: [number,number]|null; right_interval: [number,number]|null; left_rows: number; right_rows: number }[];
  paired: { threshold: number; decisions: number; cells: { left: boolean; right: boolean; rows: number }[] }|null }  // decisions that both sides answered (two arms)
export interface Side { arm: string; version: string|null; from: string; to: string; rows: number; labelled: number }

// GET /v1/models/{model}/events?from&to&arm&version&kind=prediction|feedback|heartbeat|change&id&decision_id&action&failed=true&min_score&max_score&slice_name&slice_value&limit(50,≤500)&cursor     newest first
export interface Events { scope: Scope; kind: string; events: EventRow[]; next: string|null }
export interface EventRow { kind: string; id: string; at: string; received_at: string; arm: string|null; version: string|null; request_type: string|null; decision_id: string|null;
  output: string|null /* as text */; score: number|null; action: string|null; decided_by: string|null; latency_ms: number|null; error: string|null; slices: Record<string,string>;
  name: string|null; value: string|null; prediction_id: string|null; source: string|null; what: string|null; reference: string|null }
// GET /v1/models/{model}/events/{id}
export interface EventDetail { event: EventRow; offset: number; features: { feature: string; value: string|number|boolean|null; reason_invalid: string|null; status: string|null; event_at: string|null; source: string|null }[];
  capture: { reason: string|null; probability: number|null }; everything: Record<string, unknown>; feedback: { name: string; value: string|null; at: string; known_at: string|null; received_at: string }[];
  siblings: EventRow[] /* same decision_id */; redacted: string[] /* keys whose value is a stand-in or was not kept, with words */ }

// GET /v1/models/{model}/specs     newest first;   GET /v1/models/{model}/specs/{number}
export interface Specs { model: string; versions: { number: number; created_at: string; content_hash: string; is_current: boolean }[] }
export interface SpecDetail { model: string; number: number; created_at: string; content_hash: string; is_current: boolean; yaml: string; spec: Record<string, unknown>|null /* null where it can no longer be read */ }

// GET /v1/status
export interface Status { version: string; ready: boolean; reason: string|null; models: string[]; acknowledged_offset: number; journal_first_offset: number; journal_bytes: number;
  segment_offset: number; deduplication_reach_seconds: number; buffer_bytes: number; free_disk_bytes: number; stage_errors: Record<string,string>;
  counted: { model: string; what: string; subject: string; count: number }[];
  damage: { files: number; lost_rows: number; newest: { table: string; file: string; lost_rows: number|null; reason: string; found_at: string }[] }|null;
  clock: string; now: string; read_only: boolean; uptime_seconds: number;
  storage: { table: string; files: number; bytes: number }[]; retention: { last_run_at: string|null; report: string|null };
  stages: { stage: string; lag_rows: number; last_run_seconds: number|null; last_run_at: string|null }[] }
// GET /v1/keys   (scope admin when keys are on)
export interface Keys { keys: { id: string; name: string; scopes: string; created_at: string; expires_at: string|null; revoked_at: string|null; last_used_at: string|null }[] }
